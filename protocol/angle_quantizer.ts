// This module is browser compatible.

const TURN = 2 * Math.PI;

/**
 * Turns angles into the numbers of equal steps of a turn, and back. What is a whole
 * number of turns apart is the same angle.
 *
 * @example A heading in a byte
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AngleQuantizer } from "@tickwire/net/protocol";
 *
 * const heading = new AngleQuantizer(8);
 * assertEquals(heading.toIndex(-Math.PI / 2), 192);
 * assertEquals(heading.fromIndex(192), 1.5 * Math.PI);
 * ```
 */
export class AngleQuantizer {
  /** Bits that the number of a step takes: 1 to 32. */
  readonly bits: number;
  readonly #steps: number;

  /**
   * Creates a quantizer.
   *
   * @param bits Bits: an integer from 1 to 32. A turn has 2^bits steps.
   * @throws {RangeError} If `bits` is no such integer.
   */
  constructor(bits: number) {
    if (!Number.isInteger(bits) || bits < 1 || bits > 32) {
      throw new RangeError(
        `Cannot quantize angles as bits must be an integer from 1 to 32: current value is ${bits}`,
      );
    }
    this.bits = bits;
    this.#steps = 2 ** bits;
  }

  /**
   * Tells which step is nearest; of two equally near ones, the upper.
   *
   * @param radians Any number.
   * @returns 0 to 2^bits - 1, or -1 for NaN and infinities.
   */
  toIndex(radians: number): number {
    const steps = this.#steps;
    // The part of a turn first: 2^32 steps of many turns would leave a double.
    const index = Math.round((radians % TURN) / TURN * steps);
    if (index < 0) return index + steps;
    if (index < steps) return index + 0;
    return index === steps ? 0 : -1;
  }

  /**
   * Tells the angle of a step.
   *
   * @param index 0 to 2^bits - 1.
   * @returns Radians, from 0 (included) to 2π (excluded).
   */
  fromIndex(index: number): number {
    return index / this.#steps * TURN;
  }
}
