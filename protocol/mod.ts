// This module is browser compatible.

/**
 * The binary wire format: byte and bit writers and readers that never throw in the middle of a packet, packets,
 * compression, field descriptors and the contracts made of them, replay windows, signed connection tokens, and the
 * message link that rpc, sync and lobby speak over.
 *
 * `WIRE.md` beside this file says what lies on the wire, to the bit.
 *
 * @example A packet there and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   ByteReader,
 *   ByteWriter,
 *   Packet,
 *   PacketDecoder,
 *   PacketEncoder,
 *   PacketKind,
 *   PacketView,
 * } from "@tickwire/net/protocol";
 *
 * const message = new ByteWriter();
 * message.varint(7);
 * message.string("gg");
 *
 * const datagram = new PacketEncoder().encode(
 *   new Packet({ kind: PacketKind.ChatMessage, sequence: 1, payload: message.view() }),
 * );
 *
 * const decoder = new PacketDecoder();
 * const packet = new PacketView();
 * assertEquals(decoder.tryDecode(datagram, packet), undefined); // or why it was refused
 * const reader = new ByteReader(packet.payload());
 * assertEquals([reader.varint(), reader.string(), reader.atEnd], [7, "gg", true]);
 * ```
 *
 * @module
 */

// What signatures name.
export type { PlayerId, Quat, Random, Vec2, Vec3 } from "../core/mod.ts";
export * from "./ack_window.ts";
export * from "./angle_quantizer.ts";
export * from "./bandwidth_tracker.ts";
export * from "./bit_reader.ts";
export * from "./bit_writer.ts";
export * from "./byte_reader.ts";
export * from "./byte_writer.ts";
export * from "./channel.ts";
export * from "./connection_token.ts";
export * from "./contract.ts";
export * from "./contract_handshake.ts";
export * from "./deflate.ts";
export * from "./fields.ts";
export * from "./float_quantizer.ts";
export * from "./lz4.ts";
export * from "./memory_link.ts";
export * from "./message_link.ts";
export * from "./packet.ts";
export * from "./packet_decoder.ts";
export * from "./packet_encoder.ts";
export * from "./packet_filter.ts";
export * from "./packet_header.ts";
export * from "./packet_kind.ts";
export * from "./packet_view.ts";
export * from "./payload_compression.ts";
export * from "./protocol_error.ts";
export * from "./quat_quantizer.ts";
export * from "./sequence.ts";
export * from "./token_guard.ts";
export { isUtf8, utf8Length } from "./utf8.ts";
