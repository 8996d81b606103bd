// This module is browser compatible.

/**
 * Tells how far one sequence number lies after another, the short way round.
 *
 * Sequence numbers are 32 bits and wrap from 4294967295 to 0; which of two is
 * newer follows RFC 1982, section 3. Two that are exactly half way round apart
 * (2^31) have no order there; here each lies 2^31 before the other.
 *
 * @param from A sequence number: 0 to 4294967295.
 * @param to Another one.
 * @returns An integer from -2^31 to 2^31 - 1: above 0 if `to` is newer, below 0
 * if it is older.
 *
 * @example Across the wrap
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sequenceDistance } from "@tickwire/net/protocol";
 *
 * assertEquals(sequenceDistance(0xffff_fffe, 3), 5);
 * assertEquals(sequenceDistance(3, 0xffff_fffe), -5);
 * ```
 */
export function sequenceDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/**
 * Tells whether one sequence number is newer than another (RFC 1982, section
 * 3.2). Of two that are exactly half way round apart (2^31), for which the RFC
 * gives no order, neither is newer.
 *
 * @param sequence A sequence number: 0 to 4294967295.
 * @param than The number that it is compared with.
 * @returns Whether `sequence` comes 1 to 2^31 - 1 after `than`.
 *
 * @example Across the wrap
 * ```ts
 * import { assert } from "@std/assert";
 * import { isNewerSequence } from "@tickwire/net/protocol";
 *
 * assert(isNewerSequence(0, 0xffff_ffff));
 * assert(!isNewerSequence(7, 7));
 * ```
 */
export function isNewerSequence(sequence: number, than: number): boolean {
  return ((sequence - than) | 0) > 0;
}

/**
 * Tells the sequence number that comes after another one.
 *
 * @param sequence A sequence number: 0 to 4294967295.
 * @returns The next one; 0 after 4294967295.
 *
 * @example Across the wrap
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nextSequence } from "@tickwire/net/protocol";
 *
 * assertEquals(nextSequence(1), 2);
 * assertEquals(nextSequence(0xffff_ffff), 0);
 * ```
 */
export function nextSequence(sequence: number): number {
  return (sequence + 1) >>> 0;
}
