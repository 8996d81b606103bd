// This module is browser compatible.

/** How many units of a stamp make a millisecond. */
export const STAMPS_PER_MS = 64;

/** What a stamp counts to before it starts again, in milliseconds: 18.6 hours. */
const WRAP_MS = 0x1_0000_0000 / STAMPS_PER_MS;

/**
 * Writes a time as a stamp: a u32 of 1/64 ms that starts again every 18.6 hours.
 *
 * @param timeMs A time in milliseconds, on whatever clock; negative ones wrap, too.
 * @returns An integer from 0 to 4294967295; 0 for what is not finite.
 *
 * @example There and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { toStamp, unwrapStamp } from "@tickwire/net/sync";
 *
 * // A server that has been up for three days.
 * const sentMs = 259_200_000.5;
 * const stamp = toStamp(sentMs);
 * assertEquals(unwrapStamp(stamp, 259_201_234), sentMs);
 * ```
 */
export function toStamp(timeMs: number): number {
  if (!Number.isFinite(timeMs)) return 0;
  const wrapped = timeMs % WRAP_MS;
  return Math.round(wrapped * STAMPS_PER_MS) >>> 0;
}

/**
 * Reads a stamp: the time that is nearest to one that is known about.
 *
 * @param stamp A stamp; what is no u32 is taken modulo 2^32.
 * @param nearMs A time on the clock of the stamp, within 9.3 hours of it: that of the
 * tick that came beside it, or the local one for a stamp of one's own that comes back.
 * @returns The time in milliseconds.
 */
export function unwrapStamp(stamp: number, nearMs: number): number {
  const near = Number.isFinite(nearMs) ? nearMs : 0;
  const away = ((stamp >>> 0) - toStamp(near)) | 0;
  // From the rounded one, so that what comes out is a multiple of 1/64 ms.
  return (Math.round(near * STAMPS_PER_MS) + away) / STAMPS_PER_MS;
}
