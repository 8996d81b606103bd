// This module is browser compatible.
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";
import type { Field, FieldValue } from "./field.ts";

/** The most elements that any list may have. */
const LARGEST_MAX_LENGTH = 65_535;
const MAX_OPTIONS = 65_536;
const MAX_FIELDS = 256;
/** Names are ASCII, so that they sort and compare alike in every language. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * A field for one of several words.
 *
 * @typeParam T The words.
 */
export interface ChoiceField<T extends string> extends Field<T> {
  /** Tells this kind of field from others. */
  readonly type: "choice";
  /** The words, in the order of their numbers. */
  readonly options: readonly T[];
}

/**
 * Describes one of several words, as its number in as few bits as there are words.
 *
 * @typeParam T The words.
 * @param options The words, in the order of their numbers: 2 to 65536 different
 * ones, each a letter and up to 63 further letters, digits and underscores.
 * @returns The field.
 * @throws {RangeError} If there are fewer or more, two are equal, or one is another
 * kind of word.
 *
 * @example A team in two bits
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { choice } from "@tickwire/net/protocol";
 *
 * const team = choice("red", "green", "blue");
 * assertEquals([team.maxBits, team.descriptor], [2, "choice(red,green,blue)"]);
 * ```
 */
export function choice<const T extends readonly string[]>(
  ...options: T
): ChoiceField<T[number]> {
  const numbers = new Map(options.map((option, i) => [option, i]));
  const last = options.length - 1;
  if (last < 1 || last >= MAX_OPTIONS || numbers.size !== options.length) {
    throw new RangeError(
      `Cannot describe a choice as there must be 2 to ${MAX_OPTIONS} different options: current value is ${options.length} options, ${numbers.size} of them different`,
    );
  }
  for (const option of options) checkName(option, "a choice", "an option");
  const width = 32 - Math.clz32(last);
  return Object.freeze({
    type: "choice",
    descriptor: `choice(${options.join(",")})`,
    options: Object.freeze(options),
    minBits: width,
    maxBits: width,
    write: (writer: BitWriter, value: T[number]): void => {
      const number = numbers.get(value);
      if (number === undefined) writer.fail("range");
      else writer.bits(number, width);
    },
    read: (reader: BitReader): T[number] => options[reader.ranged(0, last)]!,
  });
}

/**
 * A field for a value that may be missing.
 *
 * @typeParam T The type of the value.
 */
export interface OptionalField<T> extends Field<T | undefined> {
  /** Tells this kind of field from others. */
  readonly type: "optional";
  /** What the value is if it is there. */
  readonly field: Field<T>;
}

/**
 * Describes a value that may be missing: a bit that tells, then the value.
 *
 * @typeParam T The type of the value.
 * @param field What it is if it is there; not itself optional, as its absence could
 * not be told from that of the whole.
 * @returns The field.
 * @throws {RangeError} If `field` is optional.
 *
 * @example A target, if there is one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { int, optional } from "@tickwire/net/protocol";
 *
 * const target = optional(int({ min: 0, max: 255 }));
 * assertEquals([target.minBits, target.maxBits], [1, 9]);
 * ```
 */
export function optional<T>(field: Field<T>): OptionalField<T> {
  if (field.type === "optional") {
    throw new RangeError(
      `Cannot describe an optional value as it must not be optional already: current value is ${field.descriptor}`,
    );
  }
  return Object.freeze({
    type: "optional",
    descriptor: `optional(${field.descriptor})`,
    field,
    minBits: 1,
    maxBits: 1 + field.maxBits,
    write: (writer: BitWriter, value: T | undefined): void => {
      writer.bool(value !== undefined);
      if (value !== undefined) field.write(writer, value);
    },
    read: (reader: BitReader): T | undefined =>
      reader.bool() ? field.read(reader) : undefined,
  });
}

/** The options of {@linkcode list}. */
export interface ListOptions {
  /** The most elements: an integer from 1 to 65535. */
  readonly maxLength: number;
}

/**
 * A field for several values of one kind.
 *
 * @typeParam T The type of a value.
 */
export interface ListField<T> extends Field<readonly T[]>, ListOptions {
  /** Tells this kind of field from others. */
  readonly type: "list";
  /** What each of the values is. */
  readonly element: Field<T>;
}

/**
 * Describes values of one kind, one after another: their number in as few bits as
 * `maxLength` takes, then the values.
 *
 * In memory, lists of small things are much larger than on the wire: a byte may
 * become eight flags, or an object of optional values. Keep `maxLength` small.
 *
 * @typeParam T The type of a value.
 * @param element What each of them is. It must take at least one bit, or a few bytes
 * could ask for 65535 elements.
 * @param options How many they may be.
 * @returns The field.
 * @throws {RangeError} If `maxLength` is not an integer from 1 to 65535, or an
 * element may take no bits.
 *
 * @example Up to fifteen items
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { list, u16 } from "@tickwire/net/protocol";
 *
 * assertEquals(list(u16, { maxLength: 15 }).descriptor, "list(u16,15)");
 * ```
 */
export function list<T>(
  element: Field<T>,
  options: ListOptions,
): ListField<T> {
  const { maxLength } = options;
  if (
    !Number.isInteger(maxLength) || maxLength < 1 ||
    maxLength > LARGEST_MAX_LENGTH
  ) {
    throw new RangeError(
      `Cannot describe a list as maxLength must be an integer from 1 to ${LARGEST_MAX_LENGTH}: current value is ${maxLength}`,
    );
  }
  if (element.minBits < 1) {
    throw new RangeError(
      `Cannot describe a list as its elements must take at least a bit: current value is ${element.descriptor}`,
    );
  }
  const width = 32 - Math.clz32(maxLength);
  return Object.freeze({
    type: "list",
    descriptor: `list(${element.descriptor},${maxLength})`,
    element,
    maxLength,
    minBits: width,
    maxBits: width + maxLength * element.maxBits,
    write: (writer: BitWriter, values: readonly T[]): void => {
      if (!Array.isArray(values)) return writer.fail("range");
      writer.ranged(values.length, 0, maxLength);
      // Of a list that is too long, nothing more is written.
      for (let i = 0; i < values.length && writer.ok; i++) {
        element.write(writer, values[i]!);
      }
    },
    read: (reader: BitReader): readonly T[] => {
      const length = reader.ranged(0, maxLength);
      const values: T[] = [];
      // It ends at the first error: the bytes bound what a false number costs.
      for (let i = 0; i < length && reader.ok; i++) {
        values.push(element.read(reader));
      }
      return values;
    },
  });
}

/** Fields by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/**
 * The values of fields by name; those of optional fields may be left out.
 *
 * @typeParam F The fields.
 */
export type FieldValues<F extends Fields> = Flat<
  & { -readonly [K in Exclude<keyof F, OptionalKey<F>>]: FieldValue<F[K]> }
  & { -readonly [K in OptionalKey<F>]?: FieldValue<F[K]> }
>;

/**
 * An intersection of objects as one object, which is how editors show it.
 *
 * @typeParam T The intersection.
 */
// With `{}` TypeScript forgets the name of the type, and shows its properties.
// deno-lint-ignore ban-types
export type Flat<T> = { [K in keyof T]: T[K] } & {};

/**
 * The names of the fields whose value may be missing.
 *
 * @typeParam F The fields.
 */
export type OptionalKey<F extends Fields> = {
  [K in keyof F]: undefined extends FieldValue<F[K]> ? K : never;
}[keyof F];

/**
 * A field of named fields.
 *
 * @typeParam F The fields.
 */
export interface StructField<F extends Fields> extends Field<FieldValues<F>> {
  /** Tells this kind of field from others. */
  readonly type: "struct";
  /** The fields by name, in the order of their bits. */
  readonly fields: F;
}

/**
 * Describes an object: its properties one behind the other, in the order given.
 *
 * @typeParam F The fields.
 * @param fields The properties, at most 256. A name is a letter and up to 63 further
 * letters, digits and underscores.
 * @returns The field.
 * @throws {RangeError} If there are more, or one has another kind of name.
 *
 * @example A hit, typed on both ends
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BitReader, BitWriter, bool, f32, struct, vec3 } from "@tickwire/net/protocol";
 *
 * const hit = struct({ amount: f32, at: vec3, crit: bool });
 * const writer = new BitWriter();
 * hit.write(writer, { amount: 12.5, at: { x: 1, y: 2, z: 3 }, crit: true });
 * const bytes = writer.toBytes();
 * assertEquals(bytes.length, 17);
 *
 * const reader = new BitReader(bytes);
 * const { at } = hit.read(reader);
 * assertEquals([reader.atEnd, at.z], [true, 3]);
 * ```
 */
export function struct<const F extends Fields>(fields: F): StructField<F> {
  const own = Object.freeze({ ...fields });
  const entries = Object.entries(own);
  if (entries.length > MAX_FIELDS) {
    throw new RangeError(
      `Cannot describe a struct as it must have at most ${MAX_FIELDS} fields: current value is ${entries.length}`,
    );
  }
  const described: string[] = [];
  let minBits = 0;
  let maxBits = 0;
  for (const [name, field] of entries) {
    checkName(name, "a struct", "a name");
    described.push(`${name}:${field.descriptor}`);
    minBits += field.minBits;
    maxBits += field.maxBits;
  }
  const names = entries.map(([name]) => name);
  const parts = entries.map(([, field]) => field);
  // Left out, such a value would be a method that all objects have.
  const hasInherited = entries.map(([name, { type }]) =>
    type === "optional" && name in Object.prototype
  );
  return Object.freeze({
    type: "struct",
    descriptor: `struct(${described.join(",")})`,
    fields: own,
    minBits,
    maxBits,
    write: (writer: BitWriter, value: FieldValues<F>): void => {
      const values: Record<string, unknown> = value ?? {};
      for (let i = 0; i < parts.length; i++) {
        const name = names[i]!;
        const isThere = !hasInherited[i] || Object.hasOwn(values, name);
        parts[i]!.write(writer, isThere ? values[name] : undefined);
      }
    },
    read: (reader: BitReader): FieldValues<F> => {
      const value: Record<string, unknown> = {};
      for (let i = 0; i < parts.length; i++) {
        value[names[i]!] = parts[i]!.read(reader);
      }
      return value as FieldValues<F>;
    },
  });
}

function checkName(name: string, what: string, part: string): void {
  if (NAME.test(name)) return;
  throw new RangeError(
    `Cannot describe ${what} as ${part} must be a letter and up to 63 letters, digits and underscores: current value is "${name}"`,
  );
}
