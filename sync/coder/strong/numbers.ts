// This module is browser compatible.
import { LEVELS } from "./layout.ts";

/** The largest size that is told from others: what is above counts as it. */
export const MOST_SIZE = 0x3fff_fffe;
// From sixteenths of an eighth of an octave to levels of half an octave.
const SHIFT = 6;

// The engine inlines what is as short as these wherever it is called.

/**
 * Eight times the binary logarithm of an integer and one more, the fraction by a chord,
 * rounded down.
 *
 * @param value 0 to {@linkcode MOST_SIZE}.
 */
export function lg(value: number): number {
  const v = value + 1 | 0;
  const zeros = Math.clz32(v);
  // The highest bit and the three behind it, without a branch.
  return 240 - (zeros << 3) + (v << zeros >>> 28);
}

/** The level, 0 to `LEVELS` - 1, of a weighted sum of what {@linkcode lg} gave. */
export function levelOf(sum: number): number {
  const level = sum >> SHIFT;
  return level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
}

/** The sum of two sizes, kept small enough for whatever it is used for. */
export function addSize(a: number, b: number): number {
  const sum = a + b;
  return sum > MOST_SIZE ? MOST_SIZE : sum;
}

/** What 16 bits with a sign can hold. */
export function toShort(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
}
