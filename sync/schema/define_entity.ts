// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import type { Fields, FieldValues } from "../../protocol/mod.ts";
import { type Column, type ColumnForm, columnsOf } from "./column.ts";
import { type FieldColumns, fieldColumns } from "./_field_columns.ts";

/** The most entities of a type. */
const MAX_ENTITIES = 65_536;
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
  /**
   * The names of the fields whose values are of any length, such as text and lists. They
   * lie beside the columns, as the field writes them, and are sent as a whole.
   */
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
  ReadonlyMap<string, PlacedColumns>
>();

/** How a field lies in the columns of its type. */
export interface PlacedColumns extends FieldColumns {
  /** Its first column. */
  readonly first: number;
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * Defines a type of entities, once for both ends. What is rounded here is all that the
 * other end sees: a coordinate to its step, a rotation to its bits.
 *
 * @typeParam F The fields.
 * @param fields What each entity has, by name. Numbers, `bool`, `bits`, `choice`,
 * `angle`, vectors and `quat` are kept in columns, up to 256 in all, and sent as
 * differences. Anything else (`bytes`, `string`, lists, structures, `varint`) is sent as
 * a whole when it has changed.
 * @param options How many there can be.
 * @returns The type, which cannot be changed.
 * @throws {RangeError} If there are no fields, too many columns, `maxEntities` is out of
 * its range, or a name is not a letter and up to 63 letters, digits and underscores.
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
  const columns = new Map<string, PlacedColumns>();
  const forms = new Map<string, readonly ColumnForm[]>();
  const blobs: string[] = [];
  const descriptors: string[] = [];
  const own = { ...fields };
  let width = 0;
  for (const [name, field] of Object.entries(own)) {
    if (!NAME.test(name)) {
      throw new RangeError(
        `Cannot define an entity as names must be a letter and up to 63 letters, digits and underscores: current value is "${name}"`,
      );
    }
    descriptors.push(`${name}:${field.descriptor}`);
    const codec = fieldColumns(field);
    if (codec === undefined) {
      blobs.push(name);
      continue;
    }
    columns.set(name, { ...codec, first: width });
    width += codec.forms.length;
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

/** How the fields of a type lie in its columns, by name; without blobs. */
export function fieldColumnsOf(
  schema: EntitySchema,
): ReadonlyMap<string, PlacedColumns> {
  return columnsOfFields.get(schema)!;
}
