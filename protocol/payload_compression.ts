// This module is browser compatible.
import { deflateRaw, inflateRaw } from "./deflate.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { Packet } from "./packet.ts";
import { COMPRESSION_SHIFT } from "./_compact_header.ts";
import {
  checkThreshold,
  DEFAULT_COMPRESSION_THRESHOLD_BYTES,
} from "./_compression_threshold.ts";
import {
  CompressionHint,
  compressionOf,
  MAX_PAYLOAD_LEN,
  PacketFlags,
} from "./packet_header.ts";
import { ProtocolError } from "./protocol_error.ts";

/** Options for {@linkcode deflatePayload}. */
export interface DeflatePayloadOptions {
  /**
   * Payloads of fewer bytes are left as they are: an integer, 0 to 65535.
   *
   * @default {256}
   */
  readonly thresholdBytes?: number;
}

/** Options for {@linkcode inflatePayload}. */
export interface InflatePayloadOptions {
  /**
   * The most bytes that a payload may inflate to: an integer, 0 to 65535.
   *
   * @default {MAX_PAYLOAD_LEN}
   */
  readonly maxBytes?: number;
}

/**
 * Deflates the payload of a packet (RFC 1951), which a `PacketEncoder` then sends
 * as it is. The runtime's deflate is asynchronous; what is to leave in this frame
 * uses LZ4.
 *
 * @param packet A packet with a plain payload.
 * @param options From which size on.
 * @returns A packet with the payload deflated, or `packet` itself if it is
 * compressed already, small, or would not become smaller.
 * @throws {RangeError} If `thresholdBytes` is not an integer from 0 to 65535.
 * @throws {ProtocolError} `payloadTooLarge` if the payload has more than 65535
 * bytes.
 *
 * @example A large payload there and back
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { deflatePayload, inflatePayload, Packet, PacketKind } from "@tickwire/net/protocol";
 *
 * const packet = new Packet({
 *   kind: PacketKind.FileChunk,
 *   sequence: 1,
 *   payload: new Uint8Array(10_000),
 * });
 * const deflated = await deflatePayload(packet);
 * assert(deflated.payload.length < 100);
 * assertEquals((await inflatePayload(deflated)).payload, packet.payload);
 * ```
 */
export async function deflatePayload(
  packet: Packet,
  options: DeflatePayloadOptions = {},
): Promise<Packet> {
  const { thresholdBytes = DEFAULT_COMPRESSION_THRESHOLD_BYTES } = options;
  checkThreshold(thresholdBytes, "deflate a payload");
  const { header, payload } = packet;
  if (payload.length > MAX_PAYLOAD_LEN) {
    throw new ProtocolError(
      "payloadTooLarge",
      `Cannot deflate a payload as it must be at most ${MAX_PAYLOAD_LEN} bytes: current value is ${payload.length}`,
    );
  }
  if (
    compressionOf(header.flags) !== CompressionHint.None ||
    payload.length < thresholdBytes
  ) return packet;
  const deflated = await deflateRaw(payload);
  const writer = new ByteWriter({ maxBytes: MAX_PAYLOAD_LEN });
  writer.varint(payload.length);
  writer.raw(deflated);
  if (!writer.ok || writer.length >= payload.length) return packet;
  return new Packet({
    ...header,
    flags: header.flags | (CompressionHint.Zlib << COMPRESSION_SHIFT),
    payload: writer.toBytes(),
  });
}

/**
 * Inflates the payload of a packet that was deflated. No more is ever inflated
 * than the packet says, nor more than `maxBytes`.
 *
 * It takes a quarter of a millisecond for 64 KiB of text, and up to a millisecond
 * for a stream that is made to be slow. Leave what comes in every frame to LZ4.
 *
 * @param packet A packet from a `PacketDecoder`.
 * @param options How much to accept.
 * @returns A packet with a plain payload of its own, or `packet` itself if it is
 * not deflated.
 * @throws {RangeError} If `maxBytes` is not an integer from 0 to 65535.
 * @throws {ProtocolError} `payloadTooLarge` if it would be more than `maxBytes`;
 * `invalidCompression` if it is corrupt, or not as long as it says.
 *
 * @example A deflated packet that lies about its size
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { inflatePayload, Packet, PacketKind, ProtocolError } from "@tickwire/net/protocol";
 *
 * const packet = new Packet({
 *   kind: PacketKind.FileChunk,
 *   sequence: 1,
 *   flags: 0x08,
 *   payload: new Uint8Array([100, 1, 2, 3]),
 * });
 * await assertRejects(() => inflatePayload(packet), ProtocolError);
 * ```
 */
// Asynchronous as its counterpart is, which leaves it open who inflates.
// deno-lint-ignore require-await
export async function inflatePayload(
  packet: Packet,
  options: InflatePayloadOptions = {},
): Promise<Packet> {
  const { maxBytes = MAX_PAYLOAD_LEN } = options;
  if ((maxBytes & MAX_PAYLOAD_LEN) !== maxBytes) {
    throw new RangeError(
      `Cannot inflate a payload as maxBytes must be an integer from 0 to ${MAX_PAYLOAD_LEN}: current value is ${maxBytes}`,
    );
  }
  const { header } = packet;
  if (compressionOf(header.flags) !== CompressionHint.Zlib) return packet;
  const reader = new ByteReader(packet.payload);
  const originalLength = reader.varint();
  if (!reader.ok || originalLength <= packet.payload.length) {
    throw invalid("it does not begin with a length above its own");
  }
  if (originalLength > maxBytes) {
    throw new ProtocolError(
      "payloadTooLarge",
      `Cannot inflate a payload as it must be at most ${maxBytes} bytes: current value is ${originalLength}`,
    );
  }
  const payload = new Uint8Array(originalLength);
  if (inflateRaw(reader.raw(reader.remaining), payload) !== originalLength) {
    throw invalid(
      `it does not inflate to the ${originalLength} bytes it names`,
    );
  }
  return new Packet({
    ...header,
    flags: header.flags & ~PacketFlags.COMPRESSION,
    payload,
  });
}

function invalid(reason: string): ProtocolError {
  return new ProtocolError(
    "invalidCompression",
    `Cannot inflate a payload as ${reason}`,
  );
}
