// This module is browser compatible.
import { BitReader } from "../../protocol/mod.ts";
import { fieldColumnsOf } from "../schema/define_entity.ts";
import type { EntityType, WorldSchema } from "../schema/define_world.ts";
import type { TableContent } from "../snapshot/entity_table.ts";
import { hasBit, nextBit } from "./bit_set.ts";
import {
  type EntityId,
  entityIdOf,
  isGenerationOfId,
  slotOfId,
  typeOfId,
} from "./entity_id.ts";

/**
 * Finds a type of entities.
 *
 * @param world The world.
 * @param name What it is called.
 * @returns The type.
 * @throws {RangeError} If there is no such type.
 */
export function typeNamed(world: WorldSchema, name: string): EntityType {
  const type = world.byName.get(name);
  if (type !== undefined) return type;
  throw new RangeError(
    `Cannot find a type of entities as its name must be one of ${
      [...world.byName.keys()].join(", ")
    }: current value is "${name}"`,
  );
}

/** Whether a table of a type, told by its number, holds an entity. */
export function holdsEntity(
  table: TableContent,
  type: number,
  id: EntityId,
): boolean {
  const slot = slotOfId(id);
  return slot < table.capacity && typeOfId(id) === type &&
    hasBit(table.alive, slot) && isGenerationOfId(id, table.generations[slot]!);
}

/**
 * Tells the entities of a table, in the order of their places. They may be removed
 * meanwhile.
 */
export function* idsOf(
  table: TableContent,
  type: number,
): IterableIterator<EntityId> {
  const { alive, generations } = table;
  for (
    let slot = nextBit(alive, 0);
    slot >= 0;
    slot = nextBit(alive, slot + 1)
  ) yield entityIdOf(type, slot, generations[slot]!);
}

/**
 * Tells the values of an entity of a table.
 *
 * @param type What the table holds.
 * @param table The table.
 * @param slot A place that holds an entity.
 * @returns Values that belong to the caller.
 */
export function readEntity(
  type: EntityType,
  table: TableContent,
  slot: number,
): Record<string, unknown> {
  const { fields, blobs } = type.schema;
  const values: Record<string, unknown> = {};
  const { capacity } = table;
  for (const [name, columns] of fieldColumnsOf(type.schema)) {
    const at = columns.first * capacity + slot;
    values[name] = columns.read(table.values, at, capacity);
  }
  for (let i = 0; i < blobs.length; i++) {
    const reader = new BitReader(table.blobs[i * capacity + slot]!);
    values[blobs[i]!] = fields[blobs[i]!]!.read(reader);
  }
  return values;
}
