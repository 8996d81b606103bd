// This module is browser compatible.

/**
 * The number of an entity: a u32, the same on server and clients.
 *
 * It is made of the entity's place in its table (the low 16 bits), its type (6 bits),
 * and the low 10 bits of its generation: an id that was kept after its entity went
 * means nobody, until its place has been taken 1,024 times.
 */
export type EntityId = number & { readonly __brand: "EntityId" };

const SLOT_MASK = 0xffff;
const TYPE_MASK = 0x3f;
const TYPE_SHIFT = 16;
const GENERATION_SHIFT = 22;
const GENERATION_MASK = 0x3ff;

/** Makes the id of the entity in a place. */
export function entityIdOf(
  type: number,
  slot: number,
  generation: number,
): EntityId {
  return ((generation << GENERATION_SHIFT | type << TYPE_SHIFT | slot) >>>
    0) as EntityId;
}

/** The place of an id. */
export function slotOfId(id: EntityId): number {
  return id & SLOT_MASK;
}

/** The number of an id's type. */
export function typeOfId(id: EntityId): number {
  return id >>> TYPE_SHIFT & TYPE_MASK;
}

/**
 * Whether a place's generation is that of an id. What is no u32 has none: shifted, an
 * `undefined` that `spawn` gave, or `NaN`, would be the first entity of all.
 */
export function isGenerationOfId(id: EntityId, generation: number): boolean {
  return id >>> 0 === id &&
    id >>> GENERATION_SHIFT === (generation & GENERATION_MASK);
}
