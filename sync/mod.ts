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
export type { Contract, Fields, FieldValues } from "../protocol/mod.ts";

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
export type { EntityId } from "./world/entity_id.ts";
export { EntityStore, type ValuesOf } from "./world/entity_store.ts";
export {
  EntityTable,
  type TableContent,
  type TableForm,
} from "./snapshot/entity_table.ts";
export * from "./state/authority_model.ts";
export * from "./state/delta_snapshot.ts";
export type { EntityDelta } from "./state/entity_delta.ts";
export * from "./state/entity_snapshot.ts";
export * from "./state/game_state_snapshot.ts";
export * from "./state/snapshot_buffer.ts";
export * from "./state/state_interpolator.ts";
export * from "./clock/input_lead_meter.ts";
export * from "./clock/network_clock.ts";
export * from "./clock/stamp.ts";
export * from "./clock/timelines.ts";
