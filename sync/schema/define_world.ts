// This module is browser compatible.
import { Contract } from "../../protocol/mod.ts";
import type { EntitySchema } from "./define_entity.ts";

/** The most types of entities in a world. */
const MAX_ENTITY_TYPES = 64;

/** Types of entities by name. */
export type EntitySchemas = Readonly<Record<string, EntitySchema>>;

/** A type of entities in its world. */
export interface EntityType {
  /** Its number: its place among the names of the world, sorted. */
  readonly number: number;
  /** What it is called. */
  readonly name: string;
  /** What its entities are. */
  readonly schema: EntitySchema;
}

/**
 * All that is kept the same on both ends.
 *
 * @typeParam W The types of entities.
 */
export interface WorldSchema<W extends EntitySchemas = EntitySchemas> {
  /** What it was made of. */
  readonly schemas: W;
  /** What the handshake compares. */
  readonly contract: Contract;
  /** The types, by their number. */
  readonly types: readonly EntityType[];
  /** The types by name. */
  readonly byName: ReadonlyMap<string, EntityType>;
}

/**
 * Defines a world of entities, once for both ends.
 *
 * @typeParam W The types of entities.
 * @param schemas The types of entities by name, 1 to 64. A name is a letter and up to
 * 63 further letters, digits, underscores and dots.
 * @returns The world, which cannot be changed.
 * @throws {RangeError} If there are none or more, a name is another text, or a type has
 * so many fields that its descriptor exceeds 8192 bytes.
 *
 * @example Players and cubes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { angle, bool, vec3 } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld } from "@tickwire/net/sync";
 *
 * const position = vec3({ min: -32, max: 32, step: 1 / 512 });
 * const world = defineWorld({
 *   player: defineEntity({ position, heading: angle({ bits: 10 }) }, { maxEntities: 64 }),
 *   cube: defineEntity({ position, held: bool }),
 * });
 * assertEquals(world.types.map(({ name }) => name), ["cube", "player"]);
 * ```
 */
export function defineWorld<const W extends EntitySchemas>(
  schemas: W,
): WorldSchema<W> {
  const entries = Object.entries(schemas);
  if (entries.length < 1 || entries.length > MAX_ENTITY_TYPES) {
    throw new RangeError(
      `Cannot define a world as it must have 1 to ${MAX_ENTITY_TYPES} types of entities: current value has ${entries.length}`,
    );
  }
  const contract = new Contract(
    "sync",
    Object.fromEntries(
      entries.map(([name, { descriptor }]) => [name, descriptor]),
    ),
  );
  const types = contract.entries.map(({ name }, number): EntityType =>
    Object.freeze({ number, name, schema: schemas[name]! })
  );
  return Object.freeze({
    schemas: Object.freeze({ ...schemas }),
    contract,
    types: Object.freeze(types),
    byName: new Map(types.map((type) => [type.name, type])),
  });
}
