// This module is browser compatible.
import type { Random } from "./random.ts";

/**
 * Picks how long to wait before a retry: exponential back-off with full jitter,
 * a random time from 0 to `baseMs` doubled once per attempt, but to no more than
 * `maxMs`. Clients that failed together come back spread evenly over that time.
 *
 * After Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
 * 2015.
 *
 * @param attempt How many attempts went before, 0 or more: 0 for the first
 * retry. There is no upper limit.
 * @param baseMs The upper end of the first wait: 0 or more.
 * @param maxMs The upper end that later waits never exceed: `baseMs` or more.
 * @param random Where the jitter comes from; one double is drawn.
 * @returns The wait in milliseconds, with a fraction: 0 (included) to
 * min(`maxMs`, `baseMs` × 2^`attempt`) (excluded).
 * @throws {RangeError} If `attempt` is not an integer of 0 or more, `baseMs` is
 * negative, or `maxMs` is not finite or less than `baseMs`.
 *
 * @example Wait before the third retry
 * ```ts
 * import { assert } from "@std/assert";
 * import { fullJitter, SecureRandom } from "@tickwire/net/core";
 *
 * const waitMs = fullJitter(2, 100, 30_000, new SecureRandom());
 * assert(waitMs >= 0 && waitMs < 400);
 * ```
 */
export function fullJitter(
  attempt: number,
  baseMs: number,
  maxMs: number,
  random: Random,
): number {
  if (!(Number.isInteger(attempt) && attempt >= 0)) {
    throw new RangeError(
      `Cannot pick a wait as attempt must be an integer >= 0: current value is ${attempt}`,
    );
  }
  checkRange(baseMs, maxMs);
  // 2^1023 is the largest power a double holds; beyond it 0 × Infinity is NaN.
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 1023));
  return random.nextFloat() * ceilingMs;
}

/** Options for {@linkcode Backoff}. */
export interface BackoffOptions {
  /** The upper end of the first wait in milliseconds: 0 or more. */
  readonly baseMs: number;
  /** The upper end that no wait exceeds, in milliseconds: `baseMs` or more. */
  readonly maxMs: number;
  /** Where the jitter comes from. */
  readonly random: Random;
}

/**
 * The waits between the attempts of one task: each call of
 * {@linkcode Backoff.next} is one more failure, and
 * {@linkcode Backoff.reset} follows a success. See {@linkcode fullJitter}.
 *
 * @example Reconnect with growing waits
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Backoff, SeededRandom } from "@tickwire/net/core";
 *
 * const random = new SeededRandom(1);
 * const backoff = new Backoff({ baseMs: 100, maxMs: 5_000, random });
 * assert(backoff.next() < 100);
 * assert(backoff.next() < 200);
 * assertEquals(backoff.attempt, 2);
 * backoff.reset();
 * assert(backoff.next() < 100);
 * ```
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #attempt = 0;

  /**
   * Creates a back-off before its first wait.
   *
   * @param options The range of the waits and the source of the jitter.
   * @throws {RangeError} If `baseMs` is negative, or `maxMs` is not finite or
   * less than `baseMs`.
   */
  constructor(options: BackoffOptions) {
    const { baseMs, maxMs, random } = options;
    checkRange(baseMs, maxMs);
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /**
   * How many waits were picked since the start or the last reset.
   *
   * @returns 0 or more.
   */
  get attempt(): number {
    return this.#attempt;
  }

  /**
   * Picks the next wait.
   *
   * @returns The wait in milliseconds, with a fraction: 0 (included) to
   * min(`maxMs`, `baseMs` × 2^`attempt`) (excluded).
   */
  next(): number {
    return fullJitter(
      this.#attempt++,
      this.#baseMs,
      this.#maxMs,
      this.#random,
    );
  }

  /** Starts over, after a success. */
  reset(): void {
    this.#attempt = 0;
  }
}

function checkRange(baseMs: number, maxMs: number): void {
  if (!(baseMs >= 0)) {
    throw new RangeError(
      `Cannot pick a wait as baseMs must be >= 0: current value is ${baseMs}`,
    );
  }
  if (!(maxMs >= baseMs && maxMs < Infinity)) {
    throw new RangeError(
      `Cannot pick a wait as maxMs must be finite and >= ${baseMs}, the baseMs: current value is ${maxMs}`,
    );
  }
}
