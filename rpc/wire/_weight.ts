// This module is browser compatible.
import type { AnyField, Field } from "../../protocol/mod.ts";

/** What a value may weigh for each byte that it was sent as, without counting as excess. */
export const WEIGHT_PER_BYTE = 16;

/**
 * The most excess of a packet: of each of its values, what it weighs beyond 16 times its
 * bytes. Of a packet of 1,200 bytes a list of flags never has as much.
 */
export const MAX_EXCESS = 65_536;

// What V8 takes, without compressed pointers, in bytes.
const SMALL_OBJECT = 56;
const SMALL_PROPERTIES = 4;
const OBJECT = 56;
const PROPERTY = 8;
/** With more properties an object becomes a table. */
const MAX_PROPERTIES = 16;
const TABLE = 88;
const TABLE_PLACE = 24;
const LIST = 48;
const NUMBER = 16;
const BYTES = 200;
const PAIR = 72;
const TRIPLE = 96;
const QUADRUPLE = 120;
const MAX_SMALL_INTEGER = 2 ** 31 - 1;

/** The slot of each element of a list. */
export const SLOT_WEIGHT = 8;

/**
 * Tells what a value of a field weighs, about the bytes that it takes in memory beyond
 * what it was sent as: without the elements of lists, as if all that is optional were
 * there.
 *
 * @param anything The field.
 * @returns The weight.
 */
export function weightOf(anything: Field<unknown>): number {
  const field = anything as AnyField;
  switch (field.type) {
    case "f32":
    case "f64":
    case "float":
    case "angle":
      return NUMBER;
    case "int":
      return field.min >= -MAX_SMALL_INTEGER - 1 &&
          field.max <= MAX_SMALL_INTEGER
        ? 0
        : NUMBER;
    case "u64":
    case "vec2":
      return PAIR;
    case "vec3":
      return TRIPLE;
    case "quat":
      return QUADRUPLE;
    case "bytes":
      return BYTES;
    case "list":
      return LIST;
    case "optional":
      return weightOf(field.field);
    case "struct": {
      const fields = Object.values(field.fields);
      return fields.reduce(
        (sum, part) => sum + weightOf(part),
        objectWeight(fields.length),
      );
    }
    default:
      // Flags, small integers, words; and what is sent as more bytes than it gains.
      return 0;
  }
}

/**
 * Tells whether no value of a field weighs more than 16 times its bytes, whatever the
 * lengths of its lists, once `weight` and `minBits` of the whole are compared.
 */
export function hasLightLists(anything: Field<unknown>): boolean {
  const field = anything as AnyField;
  switch (field.type) {
    case "optional":
      return hasLightLists(field.field);
    case "struct":
      return Object.values(field.fields).every(hasLightLists);
    case "list":
      return hasLightLists(field.element) &&
        8 * (SLOT_WEIGHT + weightOf(field.element)) <=
          WEIGHT_PER_BYTE * field.element.minBits;
    default:
      return true;
  }
}

/**
 * Tells whether no value of a field has excess.
 *
 * @param field The field.
 * @returns Whether it need not be weighed.
 */
export function isLight(field: Field<unknown>): boolean {
  return hasLightLists(field) &&
    8 * weightOf(field) <= WEIGHT_PER_BYTE * field.minBits;
}

/**
 * Tells by how much a value exceeds what its bytes allow for.
 *
 * @param weight What it weighs.
 * @param bytes How many bytes it was sent as.
 * @returns The excess, 0 or more.
 */
export function excessOf(weight: number, bytes: number): number {
  const excess = weight - WEIGHT_PER_BYTE * bytes;
  return excess > 0 ? excess : 0;
}

/** Without properties it is one that is there already. */
function objectWeight(properties: number): number {
  if (properties === 0) return 0;
  if (properties <= SMALL_PROPERTIES) return SMALL_OBJECT;
  if (properties <= MAX_PROPERTIES) return OBJECT + PROPERTY * properties;
  let places = 32;
  while (2 * places < 3 * properties) places *= 2;
  return TABLE + TABLE_PLACE * places;
}
