// This module is browser compatible.

/**
 * The binary wire format: packets, varints, bit packing and field descriptors.
 *
 * @module
 */
export * from "./byte_reader.ts";
export * from "./byte_writer.ts";
export * from "./protocol_error.ts";
