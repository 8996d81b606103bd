// This module is browser compatible.

/**
 * Game-state synchronisation: snapshots, deltas, prediction and lag compensation.
 *
 * A world of entities is declared once, by {@linkcode defineWorld}. {@linkcode SyncServer}
 * keeps it and sends each client the difference to what that is known to have;
 * {@linkcode SyncClient} has it. A game that moves adds {@linkcode Timelines} (what time it
 * is), {@linkcode SnapshotPlayer} (draws others between two snapshots),
 * {@linkcode InputSender} and {@linkcode Predictor} (move a player at once), and on the
 * server {@linkcode ServerInputs}, {@linkcode ViewGuard} and {@linkcode Rewind} (shots that
 * hit what was aimed at). {@linkcode GameStateSnapshot} and its like do parts of this with
 * plain objects.
 *
 * Nothing here knows sockets or loops: it is ticked, and speaks over a `MessageLink`.
 *
 * `wire/WIRE.md` beside this file says what lies on the wire.
 *
 * @example A door that both ends see
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bool, MemoryLinkPair } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld, SyncClient, SyncServer } from "@tickwire/net/sync";
 *
 * const world = defineWorld({ door: defineEntity({ open: bool }) });
 * const links = new MemoryLinkPair(); // UDP or a WebSocket in a game
 * const server = new SyncServer(world);
 * server.connect(links.a);
 * const client = new SyncClient(world, links.b);
 *
 * const id = server.entities.spawn("door", { open: true })!;
 * for (let frame = 0; frame < 10; frame++) {
 *   server.tick(1 / 60);
 *   client.tick(1 / 60);
 * }
 * assertEquals(client.get(id, "door"), { open: true });
 * ```
 *
 * @module
 */

// What signatures name.
export type { Clock, Metric, Quat, Vec2, Vec3 } from "../core/mod.ts";
export type {
  ByteWriter,
  Channel,
  Contract,
  ContractDifference,
  Field,
  Fields,
  FieldValues,
  LinkState,
  MessageLink,
  MessageSink,
  ProtocolError,
  ProtocolErrorCode,
} from "../protocol/mod.ts";

// What there is.
export type { Column, ColumnKind } from "./schema/column.ts";
export {
  defineEntity,
  type EntityOptions,
  type EntitySchema,
  type EntityValues,
} from "./schema/define_entity.ts";
export {
  defineWorld,
  type EntitySchemas,
  type EntityType,
  type WorldSchema,
} from "./schema/define_world.ts";
export type { EntityId } from "./world/entity_id.ts";
export { EntityStore, type ValuesOf } from "./world/entity_store.ts";
export type { WorldHistory } from "./world/world_history.ts";
export {
  EntityTable,
  type TableContent,
  type TableForm,
} from "./snapshot/entity_table.ts";

// Both ends.
export type { InterestFilter } from "./server/interest.ts";
export type { PeerInputs, SyncPeer } from "./server/sync_peer.ts";
export { SyncServer } from "./server/sync_server.ts";
export type { SyncServerEvent } from "./server/sync_server_event.ts";
export type {
  SyncPeerOptions,
  SyncServerOptions,
} from "./server/sync_server_options.ts";
export {
  AreaInterest,
  type AreaInterestOptions,
} from "./server/area_interest.ts";
export { SyncClient } from "./client/sync_client.ts";
export type { SyncClientEvent } from "./client/sync_client_event.ts";
export type {
  InputSource,
  SyncClientOptions,
  TimeSample,
} from "./client/sync_client_options.ts";
export type { WorldSnapshot } from "./client/world_snapshot.ts";
export type { SyncCoders } from "./coder/sync_coders.ts";
export type {
  CoderFault,
  CoderState,
  TableCoder,
} from "./coder/table_coder.ts";
export { FastCoder } from "./coder/fast/fast_coder.ts";
export {
  StrongCoder,
  type StrongCoderOptions,
} from "./coder/strong/strong_coder.ts";

// Time.
export { InputLeadMeter } from "./clock/input_lead_meter.ts";
export * from "./clock/network_clock.ts";
export { toStamp, unwrapStamp } from "./clock/stamp.ts";
export * from "./clock/timelines.ts";

// What is drawn.
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

// Inputs, prediction and lag compensation.
export * from "./input/input_queue.ts";
export { InputSender, type InputSenderOptions } from "./input/input_sender.ts";
export * from "./input/server_inputs.ts";
export type { InputFeedback } from "./wire/input_feedback.ts";
export { viewBlend, type ViewStamp, viewStamp } from "./input/view_stamp.ts";
export * from "./prediction/predicted_state.ts";
export {
  type FieldErrors,
  Predictor,
  type PredictorCounts,
  type PredictorOptions,
} from "./prediction/predictor.ts";
export type {
  BoxShape,
  CapsuleShape,
  HitShape,
  SphereShape,
} from "./lag/hit_shape.ts";
export * from "./lag/hit_tests.ts";
export * from "./lag/rewind.ts";
export * from "./lag/view_guard.ts";

// Recordings.
export { type MatchEnding, MatchPlayer } from "./recording/match_player.ts";
export {
  MatchRecorder,
  type MatchRecorderOptions,
} from "./recording/match_recorder.ts";

// Without a schema.
export * from "./state/authority_model.ts";
export * from "./state/delta_snapshot.ts";
export type { DeserializeFault } from "./state/deserialize_fault.ts";
export type { EntityDelta } from "./state/entity_delta.ts";
export {
  EntitySnapshot,
  type EntitySnapshotInit,
  StateFlag,
} from "./state/entity_snapshot.ts";
export { GameStateSnapshot } from "./state/game_state_snapshot.ts";
export * from "./state/snapshot_buffer.ts";
export * from "./state/state_interpolator.ts";
export {
  INPUT_BUFFER_CAPACITY,
  InputBuffer,
  type TickedInput,
} from "./input/input_buffer.ts";
export * from "./input/player_input.ts";
export * from "./prediction/client_prediction.ts";
export * from "./lag/lag_compensation.ts";
