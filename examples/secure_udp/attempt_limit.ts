import { TokenBucket } from "../../core/mod.ts";

/** Options for {@linkcode AttemptLimit}. */
export interface AttemptLimitOptions {
  /** How many attempts may come at once. */
  readonly capacity: number;
  /** How many are allowed per second after those. */
  readonly perSecond: number;
  /** Of how many it keeps count; whoever was not seen for longest is forgotten. @default {10_000} */
  readonly maxKeys?: number;
}

/** How often somebody may try, by address or by account. */
export class AttemptLimit {
  readonly #options: AttemptLimitOptions;
  readonly #maxKeys: number;
  /** In the order in which they were seen last. */
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param options How often, and of how many it keeps count. */
  constructor(options: AttemptLimitOptions) {
    this.#options = options;
    this.#maxKeys = options.maxKeys ?? 10_000;
  }

  /**
   * Takes an attempt.
   *
   * @param key Whose.
   * @param nowMs The time.
   * @returns 0, or after how many milliseconds the next one is allowed.
   */
  take(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key) ?? new TokenBucket({
      capacity: this.#options.capacity,
      refillPerSecond: this.#options.perSecond,
    });
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#maxKeys) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket.tryTake(1, nowMs) ? 0 : bucket.waitMs(1, nowMs);
  }

  /**
   * Forgets somebody's attempts.
   *
   * @param key Whose.
   */
  forget(key: string): void {
    this.#buckets.delete(key);
  }
}
