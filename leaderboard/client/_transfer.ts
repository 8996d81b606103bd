// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import { Backoff } from "../../core/mod.ts";
import type { HttpEvent, HttpRequest } from "../../http/mod.ts";
import type { ClientContext } from "./client_part.ts";
import type { FailureDetails } from "./_failure.ts";
import type { LeaderboardCallId } from "./event.ts";

/** Failures in a row, without a byte of progress between them, that end a transfer: with the waits, two minutes. */
const MAX_FAILURES = 8;
const BACKOFF_BASE_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
/** What a server may ask to wait for at most. */
const MAX_RETRY_AFTER_MS = 60_000;
/** Of what a server refuses: what it may not refuse later. */
const PASSING_STATUS: ReadonlySet<number | undefined> = new Set([
  408,
  425,
  429,
]);

/** An event of a request. */
export type RequestEvent = Exclude<HttpEvent, { type: "circuitChanged" }>;

/** What transfers share. */
export interface TransferContext {
  readonly client: ClientContext;
  readonly random: Random;
  /** The most bytes of a replay, decompressed. */
  readonly maxReplayBytes: number;
  /** Sends a request whose events are the transfer's. */
  readonly send: (request: HttpRequest, transfer: Transfer) => void;
  /** Cancels the transfer's request, if one is under way. */
  readonly abort: (transfer: Transfer) => void;
}

/** An upload or a download: one request at a time. */
export interface Transfer {
  readonly id: LeaderboardCallId;
  /** Bytes that are kept for it. */
  readonly heldBytes: number;
  /** Moves on by a frame, in seconds. The first one begins it. */
  tick(dt: number): void;
  /** Takes in an event of the request under way. */
  handle(event: RequestEvent): void;
  /** Gives back what it holds; nothing is told. */
  stop(): void;
}

/** When a transfer tries again, and when no more. */
export class TransferRetry {
  readonly #backoff: Backoff;
  #failures = 0;
  #waitMs = 0;

  constructor(random: Random) {
    this.#backoff = new Backoff({
      baseMs: BACKOFF_BASE_MS,
      maxMs: BACKOFF_MAX_MS,
      random,
    });
  }

  /** It has come further than ever. */
  onProgress(): void {
    this.#failures = 0;
    this.#backoff.reset();
  }

  /** Returns whether to try again, after a wait. */
  onFailure(failure: FailureDetails): boolean {
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES || !mayPass(failure)) return false;
    this.#waitMs = Math.max(
      this.#backoff.next(),
      Math.min(failure.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS),
    );
    return true;
  }

  /** Lets time pass, in seconds; returns whether the wait is over. */
  tick(dt: number): boolean {
    this.#waitMs -= dt * 1_000;
    return this.#waitMs <= 0;
  }
}

function mayPass({ reason, status }: FailureDetails): boolean {
  switch (reason) {
    case "serverFailed":
    case "unreachable":
    case "timeout":
    case "queueFull":
    // A portal's page, until somebody logs in.
    case "malformedResponse":
      return true;
    case "refused":
      return PASSING_STATUS.has(status);
    default:
      return false;
  }
}
