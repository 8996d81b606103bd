// This module is browser compatible.

/** How many bytes the varint of an unsigned 32-bit integer takes: 1 to 5. */
export function varintLength32(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/**
 * Writes the varint of an unsigned 32-bit integer where there is room for it;
 * returns where it ends.
 */
export function putVarint32(
  buffer: Uint8Array,
  at: number,
  value: number,
): number {
  let rest = value;
  while (rest > 0x7f) {
    buffer[at++] = rest | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}
