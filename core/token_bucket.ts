// This module is browser compatible.

/** Options for {@linkcode TokenBucket}. */
export interface TokenBucketOptions {
  /** How many tokens the full bucket holds: an integer, 1 or more. */
  readonly capacity: number;
  /** How many tokens flow in per second: above 0, a fraction allowed. */
  readonly refillPerSecond: number;
}

/**
 * A token bucket: bursts of up to `capacity`, `refillPerSecond` in the long run.
 * It starts full and has no clock of its own: each call says what time it is.
 *
 * Nothing drifts, however many tokens are taken. The bucket stores no fill level
 * to which small refills would be added with a rounding error each; it stores
 * when it was last full and the whole number of tokens taken since, which is
 * exact up to 2^53, and computes everything anew from these two.
 *
 * Time that goes backwards counts as standing still: no token is ever granted
 * twice for the same stretch of time.
 *
 * @example Ten at once, then five per second
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { TokenBucket } from "@tickwire/net/core";
 *
 * const bucket = new TokenBucket({ capacity: 10, refillPerSecond: 5 });
 * assert(bucket.tryTake(10, 0));
 * assertEquals(bucket.tryTake(1, 0), false);
 * assertEquals(bucket.waitMs(1, 0), 200);
 * assert(bucket.tryTake(1, 200));
 * ```
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #refillPerSecond: number;
  #fullAtMs = -Infinity;
  #taken = 0;
  #latestMs = -Infinity;

  /**
   * Creates a full bucket.
   *
   * @param options The size of the bucket and of the inflow.
   * @throws {RangeError} If `capacity` is not an integer of 1 or more, or
   * `refillPerSecond` is not finite and above 0.
   */
  constructor(options: TokenBucketOptions) {
    const { capacity, refillPerSecond } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(
        `Cannot create a TokenBucket as capacity must be an integer >= 1: current value is ${capacity}`,
      );
    }
    if (!(refillPerSecond > 0 && refillPerSecond < Infinity)) {
      throw new RangeError(
        `Cannot create a TokenBucket as refillPerSecond must be finite and > 0: current value is ${refillPerSecond}`,
      );
    }
    this.#capacity = capacity;
    this.#refillPerSecond = refillPerSecond;
  }

  /**
   * Takes tokens if there are enough of them.
   *
   * @param count How many tokens: an integer, 0 or more.
   * @param nowMs The time in milliseconds, on any finite scale that stays the
   * same for this bucket.
   * @returns `true` if the tokens were taken; `false` if there are too few, and
   * then none is taken.
   * @throws {RangeError} If `count` is not an integer of 0 or more, or `nowMs`
   * is not finite.
   */
  tryTake(count: number, nowMs: number): boolean {
    const timeMs = this.#advance(count, nowMs);
    if (timeMs < this.#readyAtMs(count)) return false;
    this.#taken += count;
    return true;
  }

  /**
   * Tells when {@linkcode TokenBucket.tryTake} will succeed. It takes nothing.
   *
   * @param count How many tokens: an integer, 0 or more.
   * @param nowMs The time in milliseconds.
   * @returns The wait in milliseconds: 0 if the tokens are there, `Infinity` if
   * `count` is above `capacity`. Unless others take tokens meanwhile,
   * `tryTake(count, nowMs + wait)` succeeds.
   * @throws {RangeError} If `count` is not an integer of 0 or more, or `nowMs`
   * is not finite.
   */
  waitMs(count: number, nowMs: number): number {
    const timeMs = this.#advance(count, nowMs);
    const readyAtMs = this.#readyAtMs(count);
    if (timeMs >= readyAtMs) return 0;
    const waitMs = readyAtMs - nowMs;
    // The difference may have been rounded down. A caller that waits exactly
    // that long and is refused would come back with a wait of almost nothing.
    return nowMs + waitMs >= readyAtMs
      ? waitMs
      : waitMs + Number.EPSILON * Math.abs(readyAtMs);
  }

  /**
   * Tells how full the bucket is.
   *
   * @param nowMs The time in milliseconds.
   * @returns The tokens there are, 0 to `capacity`, with the fraction of the one
   * that is flowing in.
   * @throws {RangeError} If `nowMs` is not finite.
   */
  available(nowMs: number): number {
    const timeMs = this.#advance(0, nowMs);
    const inflow = (timeMs - this.#fullAtMs) * this.#refillPerSecond / 1000;
    const missing = this.#taken - inflow;
    return Math.min(this.#capacity, Math.max(0, this.#capacity - missing));
  }

  /** When `count` tokens are there, given what was taken. */
  #readyAtMs(count: number): number {
    if (count > this.#capacity) return Infinity;
    return this.#fullAtMs +
      this.#durationMs(this.#taken + count - this.#capacity);
  }

  /**
   * How long so many tokens take to flow in. Divided last, as it is rounded once
   * then: the duration of one token is seldom exact, and 30 of them at 30 per second
   * would take a little more than 1000 ms.
   */
  #durationMs(tokens: number): number {
    return tokens * 1000 / this.#refillPerSecond;
  }

  /** Moves on to `nowMs`, and starts counting anew where the bucket is full. */
  #advance(count: number, nowMs: number): number {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(
        `Cannot take tokens as count must be an integer >= 0: current value is ${count}`,
      );
    }
    if (!Number.isFinite(nowMs)) {
      throw new RangeError(
        `Cannot take tokens as nowMs must be finite: current value is ${nowMs}`,
      );
    }
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    const timeMs = this.#latestMs;
    if (timeMs >= this.#fullAtMs + this.#durationMs(this.#taken)) {
      this.#fullAtMs = timeMs;
      this.#taken = 0;
    }
    return timeMs;
  }
}
