// This module is browser compatible.
import { LEVELS } from "./layout.ts";

const MOST = 0x3fff_ffff;
// From sixteenths of an eighth of an octave to levels of half an octave.
const SHIFT = 6;

/**
 * Eight times the binary logarithm of an integer and one more, the fraction by a chord,
 * rounded down.
 *
 * @param value 0 or more; what is above 2^30 - 2 counts as that.
 */
export function lg(value: number): number {
  const v = value >= MOST ? MOST : value + 1;
  const zeros = Math.clz32(v);
  // The three bits behind the highest, without a branch that nobody could foretell.
  return (31 - zeros) * 8 + (v << zeros >>> 28 & 7);
}

/** The level, 0 to `LEVELS` - 1, of a weighted sum of what {@linkcode lg} gave. */
export function levelOf(sum: number): number {
  const level = sum >> SHIFT;
  return level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
}

/** The sum of two sizes, kept small enough for whatever it is used for. */
export function addSize(a: number, b: number): number {
  const sum = a + b;
  return sum > MOST ? MOST : sum;
}

/** What 16 bits with a sign can hold. */
export function toShort(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
}
