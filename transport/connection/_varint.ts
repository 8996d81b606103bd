// This module is browser compatible.

/** Writes the varint of an unsigned 32-bit integer; there is room for it. Returns where it ends. */
export function putVarint(
  out: Uint8Array,
  offset: number,
  value: number,
): number {
  let rest = value;
  while (rest > 0x7f) {
    out[offset++] = rest | 0x80;
    rest >>>= 7;
  }
  out[offset] = rest;
  return offset + 1;
}

/**
 * How many bytes the varint at `offset` takes: 1 to 5; 0 if it is cut, longer than
 * need be, or more than 32 bits.
 */
export function varintBytes(
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const last = end - offset < 5 ? end : offset + 5;
  for (let at = offset; at < last; at++) {
    const byte = bytes[at]!;
    if (byte > 0x7f) continue;
    const length = at - offset + 1;
    if (byte === 0 && length > 1) return 0;
    return length === 5 && byte > 0x0f ? 0 : length;
  }
  return 0;
}

/** The value of a varint of `length` bytes: 0 to 2^32 - 1. */
export function varintValue(
  bytes: Uint8Array,
  offset: number,
  length: number,
): number {
  let value = bytes[offset]! & 0x7f;
  for (let i = 1; i < length; i++) {
    value |= (bytes[offset + i]! & 0x7f) << (7 * i);
  }
  return value >>> 0;
}
