// This module is browser compatible.

/**
 * A WebSocket client that a game ticks, which connects again by itself; a mux protocol of channels whose sessions
 * outlive their sockets; and the hub that it talks to.
 *
 * `PROTOCOL.md` beside this file says what lies on the wire.
 *
 * @module
 */

// What signatures name.
export type {
  Clock,
  Identity,
  Metric,
  PlayerId,
  Random,
  RedisLike,
} from "../core/mod.ts";
export type {
  ByteWriter,
  ByteWriterOptions,
  Channel,
  LinkState,
  MessageLink,
  MessageSink,
  WriteError,
} from "../protocol/mod.ts";
export * from "./client.ts";
export * from "./client_options.ts";
export * from "./client_stats.ts";
export * from "./event.ts";
export * from "./hub/backplane.ts";
export * from "./hub/broadcast_channel_backplane.ts";
export * from "./hub/hub.ts";
export * from "./hub/hub_event.ts";
export * from "./hub/hub_options.ts";
export * from "./hub/redis_backplane.ts";
export * from "./message.ts";
export type { Member } from "./mux/control_message.ts";
export * from "./mux/deflater.ts";
export * from "./mux/frame_from_text.ts";
export * from "./mux/inlet.ts";
export * from "./mux/out_message.ts";
export * from "./mux/record.ts";
export * from "./mux/record_reader.ts";
export * from "./mux/record_writer.ts";
export * from "./mux/session.ts";
export * from "./mux/session_error.ts";
export * from "./mux/session_event.ts";
export * from "./mux/session_options.ts";
export * from "./mux/texts_from_frame.ts";
export * from "./state.ts";
export * from "./web_socket_like.ts";
