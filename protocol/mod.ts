// This module is browser compatible.

/**
 * The binary wire format: packets, varints, bit packing and field descriptors.
 *
 * @module
 */
export * from "./byte_reader.ts";
export * from "./byte_writer.ts";
export * from "./packet.ts";
export * from "./packet_header.ts";
export * from "./packet_kind.ts";
export * from "./packet_view.ts";
export * from "./protocol_error.ts";
export * from "./lz4.ts";
export * from "./payload_compression.ts";
export type { Quat, Vec2, Vec3 } from "../core/mod.ts";
export * from "./angle_quantizer.ts";
export * from "./bit_reader.ts";
export * from "./bit_writer.ts";
export * from "./fields.ts";
export * from "./float_quantizer.ts";
export * from "./quat_quantizer.ts";
export {
  Contract,
  type ContractEntry,
  MAX_CONTRACT_ENTRIES,
  MAX_DESCRIPTOR_BYTES,
} from "./contract.ts";
export * from "./contract_handshake.ts";
export type { PlayerId } from "../core/mod.ts";
export * from "./connection_token.ts";
export * from "./token_guard.ts";
export * from "./ack_window.ts";
export * from "./bandwidth_tracker.ts";
export * from "./packet_filter.ts";
export * from "./sequence.ts";
