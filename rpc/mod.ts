// This module is browser compatible.

/**
 * Typed remote procedure calls for game events: declared once, inferred on both ends,
 * bytes in and bytes out over any `MessageLink`.
 *
 * @module
 */
export * from "./contract/define_rpc.ts";
export * from "./contract/rpc_definition.ts";
export * from "./contract/rpc_types.ts";
export * from "./security/rpc_limits.ts";
export * from "./security/rpc_offence.ts";
export * from "./target/client_id.ts";
export * from "./target/rpc_target.ts";
