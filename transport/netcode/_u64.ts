// This module is browser compatible.

/** How many numbers 32 bits hold: what one in the upper half of 64 bits counts for. */
export const U32 = 0x1_0000_0000;

/** Writes 32 bits, little-endian. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Reads 32 bits, little-endian: 0 to 2^32 - 1. */
export function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 |
    bytes[at + 3]! << 24) >>> 0;
}

/** Writes 64 bits, little-endian; not for hot paths. */
export function putU64(bytes: Uint8Array, at: number, value: bigint): void {
  putU32(bytes, at, Number(value & 0xffff_ffffn));
  putU32(bytes, at + 4, Number(value >> 32n & 0xffff_ffffn));
}

/** Reads 64 bits, little-endian; not for hot paths. */
export function getU64(bytes: Uint8Array, at: number): bigint {
  return BigInt(getU32(bytes, at + 4)) << 32n | BigInt(getU32(bytes, at));
}

/** Reads 64 bits, little-endian, as a number: exact below 2^53, and above it never less than that. */
export function getU64Number(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at + 4) * U32 + getU32(bytes, at);
}
