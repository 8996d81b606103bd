// This module is browser compatible.

import type { Random } from "../core/mod.ts";

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

/**
 * Decides when to try again. The attempts of a row lie in stretches of time that follow on
 * each other, each twice as long as the one before, and have the same place in all of them:
 * drawn at random, so that the clients of a server that went away come back evenly spread.
 * Full jitter would let those that were refused draw their next wait from 0 on, into the
 * first attempts of the others: 190 of 1,000 came within 100 ms, instead of 140.
 */
export class Reconnect {
  readonly #maxReconnects: number;
  readonly #firstRetryMaxMs: number;
  readonly #maxBackoffMs: number;
  readonly #minUptimeMs: number;
  readonly #terminalCodes: ReadonlySet<number>;
  readonly #random: Random;
  #attempt = 0;
  /** Where in each stretch its attempt lies: 0 to 1. */
  #place = 0;
  #uptimeMs = 0;
  #retryAfterMs = 0;
  #waitMs = 0;

  constructor(options: ReconnectOptions) {
    const { firstRetryMaxMs, maxBackoffMs, random } = options;
    this.#maxBackoffMs = maxBackoffMs;
    this.#maxReconnects = options.maxReconnects;
    this.#firstRetryMaxMs = firstRetryMaxMs;
    this.#minUptimeMs = options.minUptimeMs;
    this.#terminalCodes = new Set(options.terminalCodes);
    this.#random = random;
  }

  /** Attempts announced since the last connection that lasted. */
  get attempt(): number {
    return this.#attempt;
  }

  /** How long the present connection stands; 0 without one. */
  get uptimeMs(): number {
    return this.#uptimeMs;
  }

  /** Begins anew, at the wish of the game. */
  reset(): void {
    this.#attempt = 0;
    this.#uptimeMs = 0;
    this.#waitMs = 0;
  }

  isTerminal(code: number): boolean {
    return this.#terminalCodes.has(code);
  }

  /** Notes that the connection stood for a step. Only one that lasts makes good for the failures before it. */
  connected(stepMs: number): void {
    this.#uptimeMs += stepMs;
    if (this.#uptimeMs >= this.#minUptimeMs) this.#attempt = 0;
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
    const attempt = this.#attempt;
    if (this.#maxReconnects > 0 && attempt >= this.#maxReconnects) {
      return undefined;
    }
    this.#attempt += 1;
    if (attempt === 0) {
      this.#place = this.#random.nextFloat();
      // The server has spread its clients: jitter would bring some of them together.
      if (retryAfterMs > 0) return this.#waitMs = retryAfterMs;
    }
    // What is left of the stretch before, and the way into the next.
    const leftMs = attempt === 0
      ? 0
      : (1 - this.#place) * this.#stretchMs(attempt - 1);
    const waitMs = leftMs + this.#place * this.#stretchMs(attempt);
    return this.#waitMs = Math.max(retryAfterMs, waitMs);
  }

  /** Forgets the connection that is over for good. */
  stop(): void {
    this.#uptimeMs = 0;
  }

  /** Picks a short wait, as what was in the way may be gone; spread, for it may be gone for many. */
  hurry(): void {
    const waitMs = this.#random.nextFloat() * this.#firstRetryMaxMs;
    // One that is over has waited for the network.
    if (this.#waitMs <= 0 || waitMs < this.#waitMs) this.#waitMs = waitMs;
  }

  /** Waits on, and tells whether the wait is over. */
  wait(stepMs: number): boolean {
    this.#waitMs -= stepMs;
    return this.#waitMs <= 0;
  }

  #stretchMs(attempt: number): number {
    return Math.min(this.#maxBackoffMs, this.#firstRetryMaxMs * 2 ** attempt);
  }
}
