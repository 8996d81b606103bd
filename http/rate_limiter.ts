// This module is browser compatible.

import { type Clock, SystemClock, TokenBucket } from "../core/mod.ts";

/** Options for {@linkcode RateLimiter}. */
export interface RateLimiterOptions {
  /** Requests per window, and the most that may be made at once: a whole number, 1 or more. */
  readonly limit: number;
  /** Length of the window in seconds: more than 0, a fraction allowed. */
  readonly windowSecs: number;
  /**
   * Where the time comes from.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

/**
 * A limit on the rate of requests: a token bucket that starts with `limit` tokens,
 * holds no more than these and gets a new one every `windowSecs / limit` seconds.
 *
 * So a burst of `limit` requests goes through at once, and in the long run no more than
 * `limit` in a window. Within one window right after a pause it can be up to twice
 * `limit`: the burst, and what flows in meanwhile.
 *
 * @example Two requests per second
 * ```ts
 * import { ManualClock } from "@tickwire/net/core";
 * import { RateLimiter } from "@tickwire/net/http";
 * import { assert, assertEquals, assertFalse } from "@std/assert";
 *
 * const clock = new ManualClock();
 * const limiter = new RateLimiter({ limit: 2, windowSecs: 1, clock });
 * assert(limiter.tryConsume());
 * assert(limiter.tryConsume());
 * assertFalse(limiter.tryConsume());
 * assertEquals(limiter.waitTime(), 500);
 * clock.advance(500);
 * assert(limiter.tryConsume());
 * ```
 */
export class RateLimiter {
  readonly #bucket: TokenBucket;
  readonly #clock: Clock;

  /**
   * Makes a limiter with all its tokens.
   *
   * @param options The limit, its window, and where the time comes from.
   * @throws {RangeError} If `limit` is not a whole number of 1 or more, or `windowSecs` is not finite and above 0.
   */
  constructor(options: RateLimiterOptions) {
    const { limit, windowSecs, clock = new SystemClock() } = options;
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RangeError(
        `Cannot create rate limiter as limit must be a whole number >= 1: current value is ${limit}`,
      );
    }
    if (!(windowSecs > 0 && windowSecs < Infinity)) {
      throw new RangeError(
        `Cannot create rate limiter as windowSecs must be a finite number > 0: current value is ${windowSecs}`,
      );
    }
    this.#bucket = new TokenBucket({
      capacity: limit,
      refillPerSecond: limit / windowSecs,
    });
    this.#clock = clock;
  }

  /**
   * Takes a token for one request.
   *
   * @returns `true` if there was one: the request may be made now.
   */
  tryConsume(): boolean {
    return this.#bucket.tryTake(1, this.#clock.nowMs());
  }

  /**
   * Tells how long it will be until there is a token.
   *
   * @returns The time in milliseconds: 0 if there is one now.
   */
  waitTime(): number {
    return this.#bucket.waitMs(1, this.#clock.nowMs());
  }
}
