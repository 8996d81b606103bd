// This module is browser compatible.
import { utf8Length } from "../../protocol/mod.ts";
import type { LobbyRequest } from "../wire/lobby_request.ts";

const MAX_REGIONS = 64;
const MAX_REGION_BYTES = 64;
/** How long it is waited before a server that did not take it is told again. */
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 30_000;

/** What a player's game has measured, and whether a server is yet to be told. */
export class LatencyReport {
  #latencies: Readonly<Record<string, number>> | undefined;
  /** Until it is told; `Infinity` if it has been. */
  #waitMs = Infinity;

  /** Throws a `RangeError` if these are none, and is as it was. */
  set(latencies: Readonly<Record<string, number>>): void {
    this.#latencies = check(latencies);
    this.#waitMs = 0;
  }

  /** Whoever is told next knows nothing of it. */
  renew(): void {
    if (this.#latencies !== undefined) this.#waitMs = 0;
  }

  /** It was not taken. */
  retryAfter(ms: number): void {
    // Whatever a server says.
    this.#waitMs = ms >= MIN_RETRY_MS
      ? Math.min(ms, MAX_RETRY_MS)
      : MIN_RETRY_MS;
  }

  tick(dt: number): void {
    this.#waitMs -= dt * 1_000;
  }

  /** Takes what is to be told now, if anything is. */
  take(): LobbyRequest & { do: "setLatencies" } | undefined {
    if (this.#latencies === undefined || this.#waitMs > 0) return undefined;
    this.#waitMs = Infinity;
    return { do: "setLatencies", latencies: this.#latencies };
  }
}

function check(
  latencies: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(latencies);
  if (entries.length > MAX_REGIONS) {
    throw wrong(
      "there must be",
      `${MAX_REGIONS} regions at most`,
      entries.length,
    );
  }
  for (const [region, ms] of entries) {
    const bytes = region.isWellFormed() ? utf8Length(region) : 0;
    if (bytes < 1 || bytes > MAX_REGION_BYTES) {
      throw wrong(
        "a region must have",
        `1 to ${MAX_REGION_BYTES} bytes of UTF-8`,
        JSON.stringify(region),
      );
    }
    if (!(ms >= 0 && ms < Infinity)) {
      throw wrong(`that of "${region}" must be`, "finite and 0 or more", ms);
    }
  }
  return Object.fromEntries(entries);
}

function wrong(what: string, wanted: string, value: unknown): RangeError {
  return new RangeError(
    `Cannot set latencies as ${what} ${wanted}: current value is ${value}`,
  );
}
