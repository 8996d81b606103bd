// This module is browser compatible.

/** A range of floats, and the step between those that can be sent. */
export interface FloatRange {
  /** The smallest: a whole number of steps. */
  readonly min: number;
  /** The largest: a whole number of steps, above `min`. */
  readonly max: number;
  /** The distance from one to the next: above 0. */
  readonly step: number;
}

/** How far from a whole number of steps a limit may be, as decimal steps are not exact. */
const TOLERANCE = 1e-6;
/** And for each step, as a double is only so exact. */
const RELATIVE_TOLERANCE = 2 ** -50;
/** Beyond this, the rounding of doubles could change a step's number. */
const MAX_STEPS_FROM_ZERO = 2 ** 48;

/**
 * Turns floats of a range into the numbers of its steps, and back. Each step is a
 * multiple of `step`, so that 0 is exact where it lies in the range; the number of
 * every step comes back from its float. `min` and `max` are such multiples too, and
 * so may be a rounding error away from those that were given.
 *
 * @example Percent in half steps
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FloatQuantizer } from "@tickwire/net/protocol";
 *
 * const percent = new FloatQuantizer({ min: 0, max: 100, step: 0.5 });
 * assertEquals([percent.maxIndex, percent.bits], [200, 8]);
 * assertEquals(percent.toIndex(33.3), 67);
 * assertEquals(percent.fromIndex(67), 33.5);
 * ```
 */
export class FloatQuantizer {
  /** The smallest float. */
  readonly min: number;
  /** The largest float. */
  readonly max: number;
  /** The distance from one to the next. */
  readonly step: number;
  /** The number of the last step: 1 to 2^32 - 1. */
  readonly maxIndex: number;
  /** Bits that the number of a step takes: 1 to 32. */
  readonly bits: number;
  readonly #first: number;

  /**
   * Creates a quantizer.
   *
   * @param range The range and its step.
   * @throws {RangeError} If `step` is not finite and above 0, `min` is not below
   * `max`, either is no whole number of steps or more than 2^48 steps away from 0,
   * or the range has more than 2^32 steps.
   */
  constructor(range: FloatRange) {
    const { min, max, step } = range;
    const first = wholeSteps(min, step, "min");
    const last = wholeSteps(max, step, "max");
    if (!(first < last && last - first <= 0xffff_ffff)) {
      throw new RangeError(
        `Cannot quantize floats as max must be 1 to 2^32 - 1 steps above min: current values are ${min} and ${max} with step ${step}`,
      );
    }
    this.step = step;
    this.min = first * step;
    this.max = last * step;
    this.maxIndex = last - first;
    this.bits = 32 - Math.clz32(this.maxIndex);
    this.#first = first;
  }

  /**
   * Tells which step is nearest; of two equally near ones, the upper.
   *
   * @param value Any number. One out of the range gives its first or last step.
   * @returns 0 to `maxIndex`, or -1 for NaN.
   */
  toIndex(value: number): number {
    const index = Math.round(value / this.step) - this.#first;
    if (index >= 0) return index <= this.maxIndex ? index : this.maxIndex;
    return index < 0 ? 0 : -1;
  }

  /**
   * Tells the float of a step.
   *
   * @param index 0 to `maxIndex`.
   * @returns A number from `min` to `max`.
   */
  fromIndex(index: number): number {
    return (index + this.#first) * this.step;
  }
}

function wholeSteps(value: number, step: number, name: string): number {
  const steps = Math.round(value / step);
  const isWhole = Math.abs(value / step - steps) <=
    TOLERANCE + Math.abs(steps) * RELATIVE_TOLERANCE;
  if (
    step > 0 && step < Infinity && isWhole &&
    Math.abs(steps) <= MAX_STEPS_FROM_ZERO && Number.isFinite(steps * step)
  ) {
    // No -0, which would make 0 steps a float of another sign.
    return steps + 0;
  }
  throw new RangeError(
    `Cannot quantize floats as step must be above 0 and ${name} a whole number of steps, at most 2^48: current value is ${value} with step ${step}`,
  );
}
