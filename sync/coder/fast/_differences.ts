// This module is browser compatible.

// The arithmetic of differences; all numbers are integers of 32 bits, with or without
// their sign.

/** How many bits a difference of a width takes with its sign. */
export function differenceBits(width: number): number {
  return width < 32 ? width + 1 : 32;
}

/** A difference without a sign: 0 to 2^(width + 1) - 2. */
export function biased(difference: number, width: number): number {
  return width < 31 ? difference + (1 << width) - 1 : difference;
}

/** What was given to `biased`. */
export function unbiased(value: number, width: number): number {
  return width < 31 ? value - (1 << width) + 1 : value;
}

/** How far it is from 0; 2^31, of which there is no integer with a sign, as -2^31. */
export function magnitude(difference: number): number {
  const sign = difference >> 31;
  return (difference ^ sign) - sign | 0;
}

/** How many bits a number has, its sign not counted. */
export function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** A difference of angles, the short way round. */
export function wrapped(difference: number, bits: number): number {
  return difference << (32 - bits) >> (32 - bits);
}
