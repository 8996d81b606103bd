// This module is browser compatible.
import type { Quat } from "../core/mod.ts";

/**
 * Turns rotations into four small integers, and back: "smallest three" (Glenn
 * Fiedler, "Snapshot Compression", 2015). As `q` and `-q` are one rotation, the
 * largest component is made positive and left out; its number is sent, and the
 * other three, none of which is beyond ±√½.
 *
 * Parts are the number of the largest component (0 to 3 for x, y, z, w; the first
 * of equal ones) and the others in their order, each 0 to 2^bits - 2, with
 * 2^(bits - 1) - 1 for 0. Every rotation that is read gives its parts again, and
 * parts that do not come from a rotation are refused.
 *
 * @example A rotation in 32 bits
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { QuatQuantizer } from "@tickwire/net/protocol";
 *
 * const quantizer = new QuatQuantizer(10);
 * const parts = new Uint32Array(4);
 * quantizer.toParts({ x: 0, y: 0.6, z: 0, w: -0.8 }, parts);
 * const rotation = { x: 0, y: 0, z: 0, w: 0 };
 * quantizer.fromParts(parts, rotation);
 * assertAlmostEquals(rotation.y, -0.6, 0.001);
 * assertAlmostEquals(rotation.w, 0.8, 0.001);
 * ```
 */
export class QuatQuantizer {
  /** Bits of each of the three parts: 4 to 16. With the first, 2 + 3 × bits. */
  readonly bits: number;
  /** What stands for 0, and the distance to what stands for √½. */
  readonly #half: number;

  /**
   * Creates a quantizer.
   *
   * @param bits Bits of each of the three: an integer from 4 to 16. With 10, a
   * component is at most 0.0007 off, and 0.0021 the largest and those about as large.
   * @throws {RangeError} If `bits` is no such integer.
   */
  constructor(bits: number) {
    if (!Number.isInteger(bits) || bits < 4 || bits > 16) {
      throw new RangeError(
        `Cannot quantize rotations as bits must be an integer from 4 to 16: current value is ${bits}`,
      );
    }
    this.bits = bits;
    this.#half = 2 ** (bits - 1) - 1;
  }

  /**
   * Tells the parts of a rotation.
   *
   * @param rotation A quaternion of any length but 0, which is made 1.
   * @param parts What takes the four parts.
   * @returns `false` for what is no rotation: NaN, or a length that is 0 or infinite
   * (its square, as doubles go).
   */
  toParts(rotation: Readonly<Quat>, parts: Uint32Array): boolean {
    const { x, y, z, w } = rotation;
    const length = Math.sqrt(x * x + y * y + z * z + w * w);
    if (!(length > 0 && length < Infinity)) return false;
    let largest = Math.abs(y) > Math.abs(x) ? 1 : 0;
    let value = largest === 1 ? y : x;
    if (Math.abs(z) > Math.abs(value)) {
      largest = 2;
      value = z;
    }
    if (Math.abs(w) > Math.abs(value)) {
      largest = 3;
      value = w;
    }
    const half = this.#half;
    const scale = (value < 0 ? -half : half) * Math.SQRT2 / length;
    let a = Math.round((largest === 0 ? y : x) * scale);
    let b = Math.round((largest <= 1 ? z : y) * scale);
    let c = Math.round((largest <= 2 ? w : z) * scale);
    // Where two or more are about equal, rounding up can make another one the
    // largest. It gives way by a step.
    while (!isLargest(largest, a, b, c, half)) {
      const most = Math.max(Math.abs(a), Math.abs(b), Math.abs(c));
      if (Math.abs(a) === most) a -= Math.sign(a);
      else if (Math.abs(b) === most) b -= Math.sign(b);
      else c -= Math.sign(c);
    }
    parts[0] = largest;
    parts[1] = a + half;
    parts[2] = b + half;
    parts[3] = c + half;
    return true;
  }

  /**
   * Tells the rotation of parts.
   *
   * @param parts The four parts.
   * @param into What takes the rotation, of length 1.
   * @returns `false`, with `into` as it was, for parts that `toParts` never gives.
   */
  fromParts(parts: Uint32Array, into: Quat): boolean {
    const half = this.#half;
    const largest = parts[0]!;
    const a = parts[1]! - half;
    const b = parts[2]! - half;
    const c = parts[3]! - half;
    // A part beyond ±half is larger than what it leaves, too.
    if (largest > 3 || !isLargest(largest, a, b, c, half)) return false;
    const unit = Math.SQRT1_2 / half;
    const value = Math.sqrt(2 * half * half - a * a - b * b - c * c) * unit;
    into.x = largest === 0 ? value : a * unit;
    into.y = largest === 1 ? value : (largest === 0 ? a : b) * unit;
    into.z = largest === 2 ? value : (largest <= 1 ? b : c) * unit;
    into.w = largest === 3 ? value : c * unit;
    return true;
  }
}

/**
 * Whether the component left out is the largest, and the first of equal ones. All
 * in integers, whose squares stay below 2^32: a component is its part × √½ / half,
 * so that the square left over is 2 half² - a² - b² - c².
 */
function isLargest(
  largest: number,
  a: number,
  b: number,
  c: number,
  half: number,
): boolean {
  const left = 2 * half * half - a * a - b * b - c * c;
  // Those before it in order must be smaller, those behind at most equal.
  return left > 0 &&
    (largest > 0 ? left > a * a : left >= a * a) &&
    (largest > 1 ? left > b * b : left >= b * b) &&
    (largest > 2 ? left > c * c : left >= c * c);
}
