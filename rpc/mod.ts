// This module is browser compatible.

/**
 * Typed remote procedure calls for game events: declared once, inferred on both ends,
 * bytes in and bytes out over any `MessageLink`.
 *
 * @module
 */
export * from "./call/fixed_events.ts";
export * from "./call/game_event.ts";
export * from "./call/game_events.ts";
export * from "./call/rpc_batcher.ts";
export * from "./call/rpc_call.ts";
export * from "./call/rpc_id.ts";
export * from "./call/rpc_param.ts";
export * from "./call/rpc_queue.ts";
export * from "./call/rpc_registry.ts";
export * from "./contract/define_rpc.ts";
export * from "./contract/rpc_definition.ts";
export type { RpcDifference } from "./contract/rpc_difference.ts";
export * from "./contract/rpc_types.ts";
export * from "./contract/rpc_version_map.ts";
export * from "./rpc_error.ts";
export * from "./security/rpc_security.ts";
export * from "./security/rpc_limits.ts";
export * from "./security/rpc_offence.ts";
export * from "./target/client_id.ts";
export * from "./target/explain_target.ts";
export {
  checkTarget,
  type ConnectedClients,
  resolveTarget,
  type TargetHooks,
} from "./target/resolve_target.ts";
export * from "./target/rpc_target.ts";
export * from "./target/server_target.ts";
export * from "./endpoint/deferred_reply.ts";
export * from "./endpoint/rpc_client.ts";
export * from "./endpoint/rpc_event.ts";
export { RpcFailure } from "./endpoint/rpc_failure.ts";
export * from "./endpoint/rpc_handler.ts";
export * from "./endpoint/rpc_observer.ts";
export * from "./endpoint/rpc_options.ts";
export * from "./endpoint/rpc_peer.ts";
export * from "./endpoint/rpc_promises.ts";
export * from "./endpoint/rpc_server.ts";
export * from "./endpoint/rpc_ticket.ts";
export type { CallFault } from "./wire/call_fault.ts";
export type { IsOwner } from "./security/call_guard.ts";
export type {
  Recorded,
  RecordingEnding,
  RecordingHeader,
  RecordingSubject,
} from "./replay/recorded.ts";
export * from "./replay/recording.ts";
export * from "./replay/recording_printer.ts";
export * from "./replay/recording_reader.ts";
export * from "./replay/recording_writer.ts";
export * from "./replay/rpc_player.ts";
export * from "./replay/rpc_recorder.ts";
export * from "./replay/rpc_replay.ts";
