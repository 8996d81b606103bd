// This module is browser compatible.

/**
 * A source of time. State machines never read the time themselves: they take a
 * `Clock`, so that a test can drive it.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes backwards. For latency. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. For freshness, expiry and stamps. */
  epochMs(): number;
}

/**
 * The time of the machine: `performance.now()` for {@linkcode Clock.nowMs} and
 * `Date.now()` for {@linkcode Clock.epochMs}.
 *
 * @example Measure how long something takes
 * ```ts
 * import { assert } from "@std/assert";
 * import { SystemClock } from "@tickwire/net/core";
 *
 * const clock = new SystemClock();
 * const start = clock.nowMs();
 * JSON.stringify({ score: 12 });
 * assert(clock.nowMs() - start >= 0);
 * ```
 */
export class SystemClock implements Clock {
  /**
   * Reads the monotonic time.
   *
   * @returns Milliseconds since the runtime started, with a fraction as fine as
   * the runtime allows (browsers round it to 0.005 or 0.1 ms).
   */
  nowMs(): number {
    return performance.now();
  }

  /**
   * Reads the wall clock, which jumps when somebody sets it.
   *
   * @returns Whole milliseconds since 1970-01-01T00:00:00Z.
   */
  epochMs(): number {
    return Date.now();
  }
}

/** Options for {@linkcode ManualClock}. */
export interface ManualClockOptions {
  /**
   * The monotonic time at the start, in milliseconds.
   *
   * @default {0}
   */
  readonly nowMs?: number;
  /**
   * The wall clock at the start, in milliseconds since 1970-01-01T00:00:00Z.
   *
   * @default {0}
   */
  readonly epochMs?: number;
}

/**
 * A clock that stands still until it is told to move, for tests, replays and
 * simulations.
 *
 * @example Let an hour pass at once
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock } from "@tickwire/net/core";
 *
 * const clock = new ManualClock({ epochMs: Date.UTC(2030, 0, 1) });
 * clock.advance(3_600_000);
 * assertEquals(clock.nowMs(), 3_600_000);
 * assertEquals(new Date(clock.epochMs()).toISOString(), "2030-01-01T01:00:00.000Z");
 *
 * // Somebody sets the wall clock back; the monotonic time does not care.
 * clock.setEpochMs(Date.UTC(2029, 0, 1));
 * assertEquals(clock.nowMs(), 3_600_000);
 * ```
 */
export class ManualClock implements Clock {
  #nowMs: number;
  #epochMs: number;

  /**
   * Creates a clock that stands at the given times.
   *
   * @param options Where the clock starts.
   * @throws {RangeError} If a time is not finite.
   */
  constructor(options: ManualClockOptions = {}) {
    const { nowMs = 0, epochMs = 0 } = options;
    checkFinite("create a ManualClock", "nowMs", nowMs);
    checkFinite("create a ManualClock", "epochMs", epochMs);
    this.#nowMs = nowMs;
    this.#epochMs = epochMs;
  }

  /**
   * Reads the monotonic time.
   *
   * @returns The time set by the constructor, {@linkcode ManualClock.advance}
   * and {@linkcode ManualClock.setNowMs}, in milliseconds.
   */
  nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Reads the wall clock.
   *
   * @returns Milliseconds since 1970-01-01T00:00:00Z.
   */
  epochMs(): number {
    return this.#epochMs;
  }

  /**
   * Lets time pass: the monotonic time and the wall clock both move on.
   *
   * @param ms How many milliseconds pass: 0 or more.
   * @throws {RangeError} If `ms` is negative or not finite.
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(
        `Cannot advance the clock as ms must be finite and >= 0: current value is ${ms}`,
      );
    }
    this.#nowMs += ms;
    this.#epochMs += ms;
  }

  /**
   * Lets time pass until the monotonic time is `nowMs`. The wall clock moves on
   * by the same amount.
   *
   * @param nowMs The monotonic time to reach, in milliseconds.
   * @throws {RangeError} If `nowMs` is not finite or lies in the past: a
   * monotonic time never goes backwards.
   */
  setNowMs(nowMs: number): void {
    if (!(nowMs >= this.#nowMs && nowMs < Infinity)) {
      throw new RangeError(
        `Cannot set the clock as nowMs must be finite and >= ${this.#nowMs}: current value is ${nowMs}`,
      );
    }
    this.#epochMs += nowMs - this.#nowMs;
    this.#nowMs = nowMs;
  }

  /**
   * Sets the wall clock, forwards or backwards. No time passes.
   *
   * @param epochMs Milliseconds since 1970-01-01T00:00:00Z.
   * @throws {RangeError} If `epochMs` is not finite.
   */
  setEpochMs(epochMs: number): void {
    checkFinite("set the clock", "epochMs", epochMs);
    this.#epochMs = epochMs;
  }
}

function checkFinite(action: string, name: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new RangeError(
      `Cannot ${action} as ${name} must be finite: current value is ${value}`,
    );
  }
}
