// This module is browser compatible.

const TWO_28 = 2 ** 28;

/**
 * Writes a varint where there is room for it.
 *
 * @param bytes Where to.
 * @param at The place of its first byte.
 * @param value An integer from 0 to 2^53 - 1.
 * @returns Where it ends.
 */
export function putVarint(
  bytes: Uint8Array,
  at: number,
  value: number,
): number {
  let rest = value;
  if (rest >= TWO_28) {
    // The low 28 bits first: what is above them is a number of 32 bits again.
    const high = Math.floor(value / TWO_28);
    const low = value - high * TWO_28;
    bytes[at] = low | 0x80;
    bytes[at + 1] = (low >>> 7) | 0x80;
    bytes[at + 2] = (low >>> 14) | 0x80;
    bytes[at + 3] = (low >>> 21) | 0x80;
    at += 4;
    rest = high;
  }
  while (rest > 0x7f) {
    bytes[at++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Tells how many bytes a varint takes.
 *
 * @param value An integer from 0 to 2^53 - 1.
 * @returns 1 to 8.
 */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < TWO_28) return 4;
  return 4 + varintBytes(Math.floor(value / TWO_28));
}
