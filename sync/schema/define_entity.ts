// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import type { Fields, FieldValues } from "../../protocol/mod.ts";
import { type Column, type ColumnForm, columnsOf } from "./column.ts";
import {
  type FieldColumns,
  fieldColumns,
  isBlobField,
} from "./_field_columns.ts";

/** The most entities of a type. */
export const MAX_ENTITIES = 65_536;
/** The most columns of a type. */
export const MAX_COLUMNS = 256;

/** The options of {@linkcode defineEntity}. */
export interface EntityOptions {
  /**
   * How many entities of the type there can be at a time: an integer from 1 to 65536.
   * Both ends hold as many places.
   *
   * @default {1024}
   */
  readonly maxEntities?: number;
}

/**
 * A type of entities: its fields, and the columns of integers that they are kept and
 * sent in.
 *
 * @typeParam F The fields.
 */
export interface EntitySchema<F extends Fields = Fields> {
  /** The fields, as they were defined. */
  readonly fields: F;
  /** How many entities of the type there can be at a time. */
  readonly maxEntities: number;
  /** The numbers of each entity, in the order of the fields. */
  readonly columns: readonly Column[];
  /** The names of the fields whose values are bytes or text, which lie beside them. */
  readonly blobs: readonly string[];
  /** All that both ends must agree on, as text. */
  readonly descriptor: string;
}

/**
 * The state of an entity, as objects.
 *
 * @typeParam S The type of entities: `typeof cube`.
 */
export type EntityValues<S extends EntitySchema> = FieldValues<S["fields"]>;

const columnsOfFields = new WeakMap<
  EntitySchema,
  ReadonlyMap<string, FieldColumns>
>();

/**
 * Defines a type of entities, once for both ends. What is rounded here is all that the
 * other end sees: a coordinate to its step, a rotation to its bits.
 *
 * @typeParam F The fields.
 * @param fields What each entity has, by name: numbers, `bool`, `bits`, `choice`,
 * `angle`, vectors, `quat`, and `bytes` or `string`. Up to 256 columns in all.
 * @param options How many there can be.
 * @returns The type, which cannot be changed.
 * @throws {TypeError} If a field is of another kind, such as a list or `varint`.
 * @throws {RangeError} If there are no fields, too many columns, or `maxEntities` is
 * out of its range.
 *
 * @example Cubes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bool, quat, vec3 } from "@tickwire/net/protocol";
 * import { defineEntity } from "@tickwire/net/sync";
 *
 * const cube = defineEntity({
 *   position: vec3({ min: -32, max: 32, step: 1 / 512 }),
 *   rotation: quat({ bits: 9 }),
 *   held: bool,
 * });
 * assertEquals(cube.columns.length, 3 + 4 + 1);
 * ```
 */
export function defineEntity<const F extends Fields>(
  fields: F,
  options: EntityOptions = {},
): EntitySchema<F> {
  const { maxEntities = 1024 } = options;
  checkInteger("maxEntities", maxEntities, 1, MAX_ENTITIES);
  const columns = new Map<string, FieldColumns>();
  const forms = new Map<string, readonly ColumnForm[]>();
  const blobs: string[] = [];
  const descriptors: string[] = [];
  const own = { ...fields };
  for (const [name, field] of Object.entries(own)) {
    descriptors.push(`${name}:${field.descriptor}`);
    if (isBlobField(field)) {
      blobs.push(name);
      continue;
    }
    const codec = fieldColumns(name, field);
    columns.set(name, codec);
    forms.set(name, codec.forms);
  }
  const all = columnsOf(forms);
  if (descriptors.length === 0 || all.length > MAX_COLUMNS) {
    throw new RangeError(
      `Cannot define an entity as it must have fields, of at most ${MAX_COLUMNS} columns: current value has ${all.length}`,
    );
  }
  const schema: EntitySchema<F> = Object.freeze({
    fields: Object.freeze(own),
    maxEntities,
    columns: all,
    blobs: Object.freeze(blobs),
    descriptor: `entity(${maxEntities};${descriptors.join(";")})`,
  });
  columnsOfFields.set(schema, columns);
  return schema;
}

/** How the fields of a type lie in its columns, by name; without bytes and text. */
export function fieldColumnsOf(
  schema: EntitySchema,
): ReadonlyMap<string, FieldColumns> {
  return columnsOfFields.get(schema)!;
}
