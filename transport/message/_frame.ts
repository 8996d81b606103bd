// This module is browser compatible.

/** First byte of a FRAGMENT frame. */
export const FRAGMENT_FRAME = 0x03;
/** Set in the first byte of a MESSAGE frame, and of no other. */
export const MESSAGE_FRAME = 0x80;
/** In a MESSAGE's first byte: its number is the one after the last on this channel in this packet. */
export const FOLLOWS = 0x40;
/** The channel's index in a MESSAGE's first byte; this one says that a byte with the rest follows. */
export const MORE_CHANNEL = 0x3f;

/** How many bytes each fragment of a message has but the last; no message of one frame is longer. */
export const FRAGMENT_BYTES = 1100;
/** How many numbers of a channel may be under way: a quarter of what 16 bits tell apart. */
export const NUMBER_WINDOW = 16_384;
/** How far back an unreliable channel knows which numbers it has had. */
export const UNRELIABLE_WINDOW = 1024;

/** How many bytes of a varint an integer from 0 to 2^28 - 1 takes. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Writes a varint of an integer from 0 to 2^28 - 1, and returns the offset after it. */
export function writeVarint(
  out: Uint8Array,
  at: number,
  value: number,
): number {
  while (value >= 0x80) {
    out[at++] = value | 0x80;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

/**
 * Copies `from` to `to` of one array into another. Below some 40 bytes a loop is faster
 * than making the view that `set()` wants.
 */
export function copyBytes(
  source: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): void {
  if (to - from > 40) {
    out.set(source.subarray(from, to), at);
    return;
  }
  while (from < to) out[at++] = source[from++]!;
}

/** Time in sixteenths of a millisecond, modulo 2^32: differences up to 37 hours are right. */
export function toTicks(nowMs: number): number {
  return (nowMs * TICKS_PER_MS) | 0;
}

/** How many ticks are a millisecond. */
export const TICKS_PER_MS = 16;
