// This module is browser compatible.
import { TokenBucket } from "../../core/mod.ts";
import type { RateLimit } from "../../http/server/mod.ts";
import { rateLimited } from "./_problems.ts";

/** How many events each title may send. There are as many titles as the collector has keys for. */
export class TitleLimits {
  readonly #limit: RateLimit | undefined;
  readonly #buckets = new Map<string, TokenBucket>();
  #refused = 0;

  /** Takes a limit, or `undefined` for none. */
  constructor(limit: RateLimit | undefined) {
    this.#limit = limit;
  }

  /** How many batches were refused. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Takes what a title may send.
   *
   * @throws {HttpProblem} `rateLimited`, with when to send it again.
   */
  take(title: string, events: number, nowMs: number): void {
    if (this.#limit === undefined || events === 0) return;
    let bucket = this.#buckets.get(title);
    if (bucket === undefined) {
      const { perSecond, burst } = this.#limit;
      bucket = new TokenBucket({ capacity: burst, refillPerSecond: perSecond });
      this.#buckets.set(title, bucket);
    }
    if (bucket.tryTake(events, nowMs)) return;
    this.#refused += 1;
    throw rateLimited(Math.ceil(bucket.waitMs(events, nowMs)));
  }
}
