// This module is browser compatible.

/**
 * Game-state synchronisation: snapshots, deltas, prediction and lag compensation.
 *
 * A world is declared once, by {@linkcode defineWorld}, and kept on both ends as tables
 * of integers; what goes over the network is the difference to what the other end has.
 *
 * @module
 */

export type { Quat, Vec2, Vec3 } from "../core/mod.ts";
export type {
  ByteWriter,
  Contract,
  Field,
  Fields,
  FieldValues,
  ProtocolError,
  ProtocolErrorCode,
} from "../protocol/mod.ts";

export type { Column, ColumnKind } from "./schema/column.ts";
export {
  defineEntity,
  type EntityOptions,
  type EntitySchema,
  type EntityValues,
  MAX_COLUMNS,
  MAX_ENTITIES,
} from "./schema/define_entity.ts";
export * from "./schema/define_world.ts";
export {
  INPUT_BUFFER_CAPACITY,
  InputBuffer,
  type TickedInput,
} from "./input/input_buffer.ts";
export * from "./input/input_queue.ts";
export {
  InputSender,
  type InputSenderOptions,
  MAX_REPORT_INPUTS,
} from "./input/input_sender.ts";
export * from "./input/player_input.ts";
export * from "./input/server_inputs.ts";
export * from "./input/view_stamp.ts";
export type {
  BoxShape,
  CapsuleShape,
  HitShape,
  SphereShape,
} from "./lag/hit_shape.ts";
export * from "./lag/hit_tests.ts";
export * from "./lag/lag_compensation.ts";
export * from "./lag/rewind.ts";
export * from "./lag/view_guard.ts";
export * from "./prediction/client_prediction.ts";
export * from "./prediction/predicted_state.ts";
export * from "./prediction/predictor.ts";
export type { EntityId } from "./world/entity_id.ts";
export { EntityStore, type ValuesOf } from "./world/entity_store.ts";
export {
  EntityTable,
  type TableContent,
  type TableForm,
} from "./snapshot/entity_table.ts";
export * from "./interpolation/extrapolate.ts";
export { Frame } from "./interpolation/frame.ts";
export {
  type FrameLanes,
  type FrameLayout,
  frameLayout,
  type FrameLayoutOptions,
  type LaneKind,
} from "./interpolation/frame_layout.ts";
export {
  interpolate,
  type RotationBlend,
} from "./interpolation/interpolate.ts";
export * from "./interpolation/interpolate_curve.ts";
export * from "./interpolation/snapshot_player.ts";
export * from "./state/authority_model.ts";
export * from "./state/delta_snapshot.ts";
export type { DeserializeFault } from "./state/deserialize_fault.ts";
export type { EntityDelta } from "./state/entity_delta.ts";
export * from "./state/entity_snapshot.ts";
export * from "./state/game_state_snapshot.ts";
export * from "./state/snapshot_buffer.ts";
export * from "./state/state_interpolator.ts";
export { FastCoder } from "./coder/fast/fast_coder.ts";
export {
  StrongCoder,
  type StrongCoderOptions,
} from "./coder/strong/strong_coder.ts";
export type {
  CoderFault,
  CoderState,
  TableCoder,
} from "./coder/table_coder.ts";
export type { WorldHistory } from "./world/world_history.ts";
export type { SyncCoders } from "./coder/sync_coders.ts";
export type { InputFeedback } from "./wire/input_feedback.ts";
export type { InterestFilter } from "./server/interest.ts";
export type { PeerInputs, SyncPeer } from "./server/sync_peer.ts";
export { SyncServer } from "./server/sync_server.ts";
export type { SyncServerEvent } from "./server/sync_server_event.ts";
export type {
  SyncPeerOptions,
  SyncServerOptions,
} from "./server/sync_server_options.ts";
export { SyncClient } from "./client/sync_client.ts";
export type { SyncClientEvent } from "./client/sync_client_event.ts";
export type {
  InputSource,
  SyncClientOptions,
  TimeSample,
} from "./client/sync_client_options.ts";
export type { WorldSnapshot } from "./client/world_snapshot.ts";
export {
  AreaInterest,
  type AreaInterestOptions,
} from "./server/area_interest.ts";
export * from "./clock/input_lead_meter.ts";
export * from "./clock/network_clock.ts";
export * from "./clock/stamp.ts";
export * from "./clock/timelines.ts";
export { type MatchEnding, MatchPlayer } from "./recording/match_player.ts";
export {
  MatchRecorder,
  type MatchRecorderOptions,
} from "./recording/match_recorder.ts";
