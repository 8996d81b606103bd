// This module is browser compatible.
import { BitWriter, type Field, type FieldValues } from "../../protocol/mod.ts";
import { fieldColumnsOf, type PlacedColumns } from "../schema/define_entity.ts";
import type {
  EntitySchemas,
  EntityType,
  WorldSchema,
} from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { isSameBytes } from "../snapshot/same_bytes.ts";
import { bitSet, setBit } from "./bit_set.ts";
import { type EntityId, entityIdOf, slotOfId, typeOfId } from "./entity_id.ts";
import { holdsEntity, idsOf, readEntity, typeNamed } from "./table_entities.ts";

/**
 * The values of an entity of a world.
 *
 * @typeParam W The types of entities.
 * @typeParam N The name of its type.
 */
export type ValuesOf<W extends EntitySchemas, N extends keyof W> = FieldValues<
  W[N]["fields"]
>;

/**
 * The state of a game that its server is the authority of: entities in tables, rounded
 * as they are sent, and which of them have changed since the last tick.
 *
 * @typeParam W The types of entities.
 *
 * @example A cube that moves
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bool, vec3 } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld, EntityStore } from "@tickwire/net/sync";
 *
 * const position = vec3({ min: -32, max: 32, step: 1 / 4 });
 * const world = defineWorld({ cube: defineEntity({ position, held: bool }) });
 * const entities = new EntityStore(world);
 * const id = entities.spawn("cube", { position: { x: 1, y: 2, z: 3 }, held: false })!;
 * entities.set(id, "cube", { position: { x: 1.1, y: 2, z: 3 } });
 * assertEquals(entities.get(id, "cube")?.position, { x: 1, y: 2, z: 3 });
 * ```
 */
export class EntityStore<W extends EntitySchemas = EntitySchemas> {
  /** What the entities are. */
  readonly world: WorldSchema<W>;
  readonly #types: readonly TypeStore[];

  /**
   * Creates a store without entities.
   *
   * @param world What the entities are.
   */
  constructor(world: WorldSchema<W>) {
    this.world = world;
    this.#types = world.types.map((type) => new TypeStore(type));
  }

  /** How many entities there are, of all types. */
  get size(): number {
    let size = 0;
    for (const { count } of this.#types) size += count;
    return size;
  }

  /** The tables, by the numbers of the types: to be read, and written through `set`. */
  get tables(): readonly EntityTable[] {
    return this.#types.map(({ table }) => table);
  }

  /**
   * Adds an entity.
   *
   * @param type The name of its type.
   * @param values All its fields.
   * @returns Its id; `undefined` if there are as many of the type as there can be.
   * @throws {TypeError} If a value is missing, or not what its field allows.
   * @throws {RangeError} If there is no such type.
   */
  spawn<N extends keyof W & string>(
    type: N,
    values: ValuesOf<W, N>,
  ): EntityId | undefined {
    return this.#typeStore(type).spawn(values as Record<string, unknown>);
  }

  /**
   * Changes some fields of an entity. What is the same after rounding is no change.
   *
   * @param id The entity.
   * @param type The name of its type, which tells what it has.
   * @param values The fields that change, or may have.
   * @returns `false` if there is no such entity of that type (any more).
   * @throws {TypeError} If a value is not what its field allows; those before it in
   * `values` have changed.
   * @throws {RangeError} If there is no such type.
   */
  set<N extends keyof W & string>(
    id: EntityId,
    type: N,
    values: Partial<ValuesOf<W, N>>,
  ): boolean {
    return this.#typeStore(type).set(id, values as Record<string, unknown>);
  }

  /**
   * Tells the values of an entity, as the other end sees them: rounded.
   *
   * @param id The entity.
   * @param type The name of its type.
   * @returns Values that belong to the caller; `undefined` if there is no such entity of
   * that type (any more).
   * @throws {RangeError} If there is no such type.
   */
  get<N extends keyof W & string>(
    id: EntityId,
    type: N,
  ): ValuesOf<W, N> | undefined {
    return this.#typeStore(type).get(id) as ValuesOf<W, N> | undefined;
  }

  /**
   * Removes an entity. Its place is taken again as late as possible.
   *
   * @param id The entity.
   * @returns `false` if there is no such entity (any more).
   */
  despawn(id: EntityId): boolean {
    return this.#types[typeOfId(id)]?.despawn(id) ?? false;
  }

  /** Whether there is such an entity. */
  has(id: EntityId): boolean {
    return this.#types[typeOfId(id)]?.has(id) ?? false;
  }

  /**
   * Tells what type an entity is of.
   *
   * @param id The entity.
   * @returns The name of its type; `undefined` if there is no such entity (any more).
   */
  typeOf(id: EntityId): (keyof W & string) | undefined {
    const store = this.#types[typeOfId(id)];
    return store?.has(id) ? store.type.name : undefined;
  }

  /**
   * Tells the entities of a type, in the order of their places. Entities may be removed
   * meanwhile.
   *
   * @param type The name of the type.
   * @returns Their ids.
   * @throws {RangeError} If there is no such type.
   */
  ids<N extends keyof W & string>(type: N): IterableIterator<EntityId> {
    return this.#typeStore(type).ids();
  }

  /**
   * Tells which places of a type have changed since the last call, and begins anew.
   *
   * @param type The number of the type.
   * @param into Takes the places, whatever it held.
   */
  takeChanged(type: number, into: Uint32Array): void {
    const { changed } = this.#types[type]!;
    into.set(changed);
    changed.fill(0);
  }

  #typeStore(name: string): TypeStore {
    return this.#types[typeNamed(this.world, name).number]!;
  }
}

/** The entities of one type. */
class TypeStore {
  readonly type: EntityType;
  readonly table: EntityTable;
  readonly changed: Uint32Array;
  count = 0;
  readonly #columns: ReadonlyMap<string, PlacedColumns>;
  readonly #writer = new BitWriter();
  /** Places whose entity has gone, in that order: a ring as large as the table. */
  readonly #free: Uint16Array;
  #freeAt = 0;
  #freeCount = 0;
  /** Places below have had an entity. */
  #used = 0;
  // What one call rounds, so that a refused value changes nothing.
  readonly #rounded: Int32Array;

  constructor(type: EntityType) {
    const { schema } = type;
    this.type = type;
    this.table = new EntityTable(schema);
    this.changed = bitSet(schema.maxEntities);
    this.#columns = fieldColumnsOf(schema);
    this.#free = new Uint16Array(schema.maxEntities);
    this.#rounded = new Int32Array(schema.columns.length);
  }

  has(id: EntityId): boolean {
    return holdsEntity(this.table, this.type.number, id);
  }

  spawn(values: Readonly<Record<string, unknown>>): EntityId | undefined {
    const { table } = this;
    const isFresh = this.#used < table.capacity;
    if (!isFresh && this.#freeCount === 0) return undefined;
    const slot = isFresh ? this.#used : this.#free[this.#freeAt]!;
    const generation = isFresh ? 0 : table.generations[slot]! + 1 & 0xffff;
    const before = table.generations[slot]!;
    table.place(slot, generation);
    try {
      for (const name of Object.keys(this.type.schema.fields)) {
        this.#write(slot, name, values?.[name]);
      }
    } catch (error) {
      table.clear(slot);
      table.generations[slot] = before;
      throw error;
    }
    if (isFresh) this.#used++;
    else {
      this.#freeAt = (this.#freeAt + 1) % table.capacity;
      this.#freeCount--;
    }
    this.count++;
    setBit(this.changed, slot);
    return entityIdOf(this.type.number, slot, generation);
  }

  set(id: EntityId, values: Readonly<Record<string, unknown>>): boolean {
    if (!this.has(id)) return false;
    const slot = slotOfId(id);
    for (const name in values) {
      if (this.#write(slot, name, values[name])) setBit(this.changed, slot);
    }
    return true;
  }

  get(id: EntityId): Record<string, unknown> | undefined {
    if (!this.has(id)) return undefined;
    return readEntity(this.type, this.table, slotOfId(id));
  }

  despawn(id: EntityId): boolean {
    if (!this.has(id)) return false;
    const slot = slotOfId(id);
    const { capacity } = this.table;
    this.table.clear(slot);
    this.#free[(this.#freeAt + this.#freeCount++) % capacity] = slot;
    this.count--;
    setBit(this.changed, slot);
    return true;
  }

  ids(): IterableIterator<EntityId> {
    return idsOf(this.table, this.type.number);
  }

  /** Returns whether the value is another one than before. */
  #write(slot: number, name: string, value: unknown): boolean {
    const columns = this.#columns.get(name);
    if (columns === undefined) return this.#writeBlob(slot, name, value);
    const rounded = this.#rounded;
    if (!columns.write(value, rounded, 0, 1)) this.#refuse(name);
    const { values, capacity } = this.table;
    const { length } = columns.forms;
    let at = columns.first * capacity + slot;
    let isOther = false;
    for (let i = 0; i < length; i++, at += capacity) {
      if (values[at] === rounded[i]) continue;
      values[at] = rounded[i]!;
      isOther = true;
    }
    return isOther;
  }

  #writeBlob(slot: number, name: string, value: unknown): boolean {
    const { fields, blobs } = this.type.schema;
    const number = blobs.indexOf(name);
    if (number < 0) this.#refuse(name);
    const writer = this.#writer;
    writer.reset();
    fields[name]!.write(writer, value as never);
    if (!writer.ok) this.#refuse(name);
    const bytes = writer.align().view();
    const { table } = this;
    const at = number * table.capacity + slot;
    if (isSameBytes(table.blobs[at]!, bytes)) return false;
    table.blobs[at] = bytes.slice();
    return true;
  }

  #refuse(name: string): never {
    const { name: type, schema } = this.type;
    const field: Field<unknown> | undefined = Object.hasOwn(schema.fields, name)
      ? schema.fields[name]
      : undefined;
    throw new TypeError(
      field === undefined
        ? `Cannot write an entity as "${type}" has no field "${name}"`
        : `Cannot write an entity as "${name}" of "${type}" must be ${field.descriptor}`,
    );
  }
}
