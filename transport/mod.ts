// This module is browser compatible.

/**
 * Reliable UDP: datagram sockets that never wait, a link that proves addresses, connections with channels, and one
 * manager for native and browser clients.
 *
 * `PROTOCOL.md` beside this file says what lies on the wire.
 *
 * @module
 */

export { Channel, isOrdered, isReliable } from "../protocol/mod.ts";
export * from "./congestion/congestion_control.ts";
export * from "./constants.ts";
export * from "./link/datagram_link.ts";
export * from "./link/peer_id.ts";
export * from "./message/channel_config.ts";
export * from "./message/channel_stats.ts";
export * from "./message/inbox_channel_stats.ts";
export * from "./message/message_limits.ts";
export * from "./redundancy/redundancy_policy.ts";
export * from "./socket/datagram_address.ts";
export * from "./socket/datagram_socket.ts";
