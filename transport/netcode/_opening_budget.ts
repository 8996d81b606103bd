// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import { shareOf } from "./_host_share.ts";

const WINDOW_MS = 100;
/** Keys tried in vain within a window: some 4 ms of it. */
const MAX_FAILURES = 400;
/** Of which one host has so many at most, or it would keep all others out. */
const MAX_FAILURES_OF_HOST = 100;

/**
 * Bounds the work that tokens which do not open can cause: it is the dearest that somebody
 * without a token can ask for. Those that open cost nothing of it.
 */
export class OpeningBudget {
  readonly #random: Random;
  readonly #ofHost = new Map<string, number>();
  #failures = 0;
  #endMs = -Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether a token from a host may be tried. */
  mayOpen(host: string, nowMs: number): boolean {
    if (nowMs >= this.#endMs) {
      // Of random length, or a client that asks ten times a second would always meet the
      // same part of a window, which may be the one where nothing is left.
      this.#endMs = nowMs + WINDOW_MS * (0.5 + this.#random.nextFloat());
      this.#failures = 0;
      this.#ofHost.clear();
    }
    if (this.#failures === 0) return true;
    return this.#failures < MAX_FAILURES &&
      (this.#ofHost.get(shareOf(host)) ?? 0) < MAX_FAILURES_OF_HOST;
  }

  /** Notes that so many keys did not open one. */
  fail(host: string, keys: number): void {
    const share = shareOf(host);
    this.#failures += keys;
    this.#ofHost.set(share, (this.#ofHost.get(share) ?? 0) + keys);
  }
}
