// This module is browser compatible.
import { TokenBucket } from "../../core/mod.ts";
import { HttpProblem } from "./http_problem.ts";

/** How often somebody may do something, on the average and at once. */
export interface RateLimit {
  /** How many a second: above 0. */
  readonly perSecond: number;
  /** How many at once: an integer of 1 or more. */
  readonly burst: number;
}

/**
 * Refuses a limit that is none.
 *
 * @param rate The limit.
 * @returns The same.
 * @throws {RangeError} If a number is out of its range.
 */
export function checkRateLimit(rate: RateLimit): RateLimit {
  new TokenBucket({ capacity: rate.burst, refillPerSecond: rate.perSecond });
  return rate;
}

/** How many are told apart; each takes some 200 bytes. */
const MAX_BUCKETS = 65_536;
/** What a refused one is told to wait at least, as nobody comes back within a millisecond. */
const MIN_RETRY_MS = 50;

/**
 * A rate limit for each address, or for each player. The number of buckets is bounded: beyond it, the one that was not
 * used for the longest time is forgotten, and its owner begins with a full one. Who has more addresses than that has
 * their limits anyhow.
 */
export class RateLimits {
  readonly #limit: RateLimit;
  /** Those that were used last come last. */
  readonly #buckets = new Map<string, TokenBucket>();
  #refused = 0;

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** How many have a bucket. */
  get size(): number {
    return this.#buckets.size;
  }

  /** How often somebody was refused. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Takes one of what somebody may do.
   *
   * @throws {HttpProblem} `rateLimited`, with when to ask again.
   */
  take(who: string, nowMs: number): void {
    let bucket = this.#buckets.get(who);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) {
        for (const first of this.#buckets.keys()) {
          this.#buckets.delete(first);
          break;
        }
      }
      const { perSecond, burst } = this.#limit;
      bucket = new TokenBucket({ capacity: burst, refillPerSecond: perSecond });
    } else this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    if (bucket.tryTake(1, nowMs)) return;
    this.#refused += 1;
    const retryAfterMs = Math.ceil(
      Math.max(MIN_RETRY_MS, bucket.waitMs(1, nowMs)),
    );
    throw new HttpProblem(
      "rateLimited",
      429,
      `Cannot answer as there were too many requests: ask again in ${retryAfterMs} ms`,
      { retryAfterMs },
    );
  }

  /** Forgets those whose bucket is full, and so the same as a new one. */
  sweep(nowMs: number): void {
    const { burst } = this.#limit;
    for (const [who, bucket] of this.#buckets) {
      if (bucket.available(nowMs) >= burst) this.#buckets.delete(who);
    }
  }
}
