// This module is browser compatible.

import { Backoff, fullJitter, type Random } from "../core/mod.ts";

/** A server may say 24 days; nobody waits for that in front of a game. */
const MAX_RETRY_AFTER_MS = 600_000;

/** When to try again. See the options of the client. */
export interface ReconnectOptions {
  readonly maxReconnects: number;
  readonly firstRetryMaxMs: number;
  readonly maxBackoffMs: number;
  readonly minUptimeMs: number;
  readonly terminalCodes: readonly number[];
  readonly random: Random;
}

/** Decides when to try again. */
export class Reconnect {
  readonly #maxReconnects: number;
  readonly #firstRetryMaxMs: number;
  readonly #minUptimeMs: number;
  readonly #terminalCodes: ReadonlySet<number>;
  readonly #random: Random;
  // The first wait is spread as the others are: all clients of a server that went away come back at once otherwise.
  readonly #backoff: Backoff;
  #uptimeMs = 0;
  #retryAfterMs = 0;
  #waitMs = 0;

  constructor(options: ReconnectOptions) {
    const { firstRetryMaxMs, maxBackoffMs, random } = options;
    this.#maxReconnects = options.maxReconnects;
    this.#firstRetryMaxMs = firstRetryMaxMs;
    this.#minUptimeMs = options.minUptimeMs;
    this.#terminalCodes = new Set(options.terminalCodes);
    this.#random = random;
    this.#backoff = new Backoff({
      baseMs: firstRetryMaxMs,
      maxMs: maxBackoffMs,
      random,
    });
  }

  /** Attempts announced since the last connection that lasted. */
  get attempt(): number {
    return this.#backoff.attempt;
  }

  /** How long the present connection stands; 0 without one. */
  get uptimeMs(): number {
    return this.#uptimeMs;
  }

  /** Begins anew, at the wish of the game. */
  reset(): void {
    this.#backoff.reset();
    this.#uptimeMs = 0;
    this.#waitMs = 0;
  }

  isTerminal(code: number): boolean {
    return this.#terminalCodes.has(code);
  }

  /** Notes that the connection stood for a step. Only one that lasts makes good for the failures before it. */
  connected(stepMs: number): void {
    this.#uptimeMs += stepMs;
    if (this.#uptimeMs >= this.#minUptimeMs) this.#backoff.reset();
  }

  /** The next wait is no shorter than what the server asked for, within ten minutes. */
  retryAfter(ms: number): void {
    this.#retryAfterMs = Math.min(ms, MAX_RETRY_AFTER_MS);
  }

  /** Picks the wait before the next attempt; `undefined` if there were too many. */
  next(): number | undefined {
    const retryAfterMs = this.#retryAfterMs;
    this.#retryAfterMs = 0;
    this.#uptimeMs = 0;
    if (
      this.#maxReconnects > 0 && this.#backoff.attempt >= this.#maxReconnects
    ) {
      return undefined;
    }
    // The server has spread its clients: jitter would bring some of them together.
    const isFirst = this.#backoff.attempt === 0;
    const waitMs = this.#backoff.next();
    return this.#waitMs = isFirst && retryAfterMs > 0
      ? retryAfterMs
      : Math.max(retryAfterMs, waitMs);
  }

  /** Forgets the connection that is over for good. */
  stop(): void {
    this.#uptimeMs = 0;
  }

  /** Picks a short wait, as what was in the way may be gone; spread, for it may be gone for many. */
  hurry(): void {
    const waitMs = fullJitter(
      0,
      this.#firstRetryMaxMs,
      this.#firstRetryMaxMs,
      this.#random,
    );
    // One that is over has waited for the network.
    if (this.#waitMs <= 0 || waitMs < this.#waitMs) this.#waitMs = waitMs;
  }

  /** Waits on, and tells whether the wait is over. */
  wait(stepMs: number): boolean {
    this.#waitMs -= stepMs;
    return this.#waitMs <= 0;
  }
}
