// This module is browser compatible.

// Section 3.2 of WIRE.md: the bits of the first byte, and the numbers of kinds.
export const COMPACT = 0x80;
export const HAS_VERSION = 0x40;
export const HAS_ACK = 0x20;
export const FLAGS = 0x1f;
/** How far the compression lies from the lowest bit of the flags. */
export const COMPRESSION_SHIFT = 3;

/** Where the numbers of the game's own kinds begin. */
export const FIRST_CUSTOM_KIND = 0x8000;

/** Named and custom kinds in turns, so that the first of either take one byte. */
export function kindCode(kind: number): number {
  return kind < FIRST_CUSTOM_KIND
    ? kind << 1
    : ((kind - FIRST_CUSTOM_KIND) << 1) | 1;
}

/** The kind of a code up to FFFF. */
export function kindOf(code: number): number {
  return (code & 1) === 0 ? code >>> 1 : (code >>> 1) + FIRST_CUSTOM_KIND;
}
