// This module is browser compatible.
import { COMPRESSION_SHIFT } from "./_compact_header.ts";

/** The version of the wire format that this library writes. */
export const PROTOCOL_VERSION = 1;

/** What a packet in the full form begins with: 50 45 4D 50, "PEMP". */
export const MAGIC: readonly [number, number, number, number] = [
  0x50,
  0x45,
  0x4d,
  0x50,
];

/** The most bytes that a packet's payload may have, on the wire and inflated. */
export const MAX_PAYLOAD_LEN = 65_535;

/** Bytes of the header in the full form. */
export const FULL_HEADER_BYTES = 22;

/**
 * The most bytes that a header in the compact form may have: 1 of flags, 1 of
 * version, 3 of kind, 5 each of sequence, ack and ack bits, 3 of length.
 */
export const MAX_COMPACT_HEADER_BYTES = 23;

/** How a payload is, or is to be, compressed. */
export const CompressionHint = {
  /** Not at all. */
  None: 0,
  /** Raw deflate, RFC 1951: smaller, for `deflatePayload` and `inflatePayload` alone. */
  Zlib: 1,
  /** The LZ4 block format: fast, and done while the packet is en- or decoded. */
  Lz4: 2,
} as const;

/** One of the ways of compression. */
export type CompressionHint =
  typeof CompressionHint[keyof typeof CompressionHint];

/** The bits of a packet's `flags`. The remaining three are 0. */
export const PacketFlags = {
  /** To be delivered, and sent again until it is. */
  RELIABLE: 0x01,
  /** To be delivered in the order of sending. */
  ORDERED: 0x02,
  /** The payload is a part of a larger one. */
  FRAGMENTED: 0x04,
  /** Two bits: how the payload is compressed, a {@linkcode CompressionHint}. */
  COMPRESSION: 0x18,
} as const;

/** What a packet says of itself. */
export interface PacketHeader {
  /** The version of the protocol: 0 to 255, usually {@linkcode PROTOCOL_VERSION}. */
  readonly version: number;
  /** Bits of {@linkcode PacketFlags}. */
  readonly flags: number;
  /** A `PacketKind`, or one of the game's own. */
  readonly kind: number;
  /** The packet's number: 0 to 4294967295, wraps. */
  readonly sequence: number;
  /** The newest number received from the other side: 0 to 4294967295, wraps. */
  readonly ack: number;
  /** Bit i says that the number `ack - 1 - i` was received too. */
  readonly ackBits: number;
  /** Bytes of the payload: 0 to {@linkcode MAX_PAYLOAD_LEN}. */
  readonly payloadLen: number;
}

/**
 * Tells how the payload of a packet with these flags stands.
 *
 * @param flags Bits of {@linkcode PacketFlags}.
 * @returns 0 to 2 as in {@linkcode CompressionHint}; 3 is refused everywhere.
 *
 * @example Reading the two bits
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressionOf, CompressionHint } from "@tickwire/net/protocol";
 *
 * assertEquals(compressionOf(0x11), CompressionHint.Lz4);
 * ```
 */
export function compressionOf(flags: number): number {
  return (flags & PacketFlags.COMPRESSION) >>> COMPRESSION_SHIFT;
}
