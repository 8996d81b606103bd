// This module is browser compatible.
import { checkWidth, rangeWidth } from "../_bit_width.ts";
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";
import type { U64 } from "../byte_reader.ts";
import { wholeBytes } from "./_whole_bytes.ts";
import type { Field, PlainField } from "./field.ts";

/** True or false, in one bit. */
export const bool: PlainField<"bool", boolean> = Object.freeze({
  type: "bool",
  descriptor: "bool",
  minBits: 1,
  maxBits: 1,
  write: (writer: BitWriter, value: boolean): void => writer.bool(value),
  read: (reader: BitReader): boolean => reader.bool(),
});

/** 0 to 255, in 1 byte. */
export const u8: PlainField<"u8", number> = wholeBytes(
  "u8",
  "u8",
  1,
  1,
  (writer, value) => writer.u8(value),
  (reader) => reader.u8(),
);

/** 0 to 65535, in 2 bytes. */
export const u16: PlainField<"u16", number> = wholeBytes(
  "u16",
  "u16",
  2,
  2,
  (writer, value) => writer.u16(value),
  (reader) => reader.u16(),
);

/** 0 to 4294967295, in 4 bytes. */
export const u32: PlainField<"u32", number> = wholeBytes(
  "u32",
  "u32",
  4,
  4,
  (writer, value) => writer.u32(value),
  (reader) => reader.u32(),
);

/** -128 to 127, in 1 byte. */
export const i8: PlainField<"i8", number> = wholeBytes(
  "i8",
  "i8",
  1,
  1,
  (writer, value) => writer.i8(value),
  (reader) => reader.i8(),
);

/** -32768 to 32767, in 2 bytes. */
export const i16: PlainField<"i16", number> = wholeBytes(
  "i16",
  "i16",
  2,
  2,
  (writer, value) => writer.i16(value),
  (reader) => reader.i16(),
);

/** -2147483648 to 2147483647, in 4 bytes. */
export const i32: PlainField<"i32", number> = wholeBytes(
  "i32",
  "i32",
  4,
  4,
  (writer, value) => writer.i32(value),
  (reader) => reader.i32(),
);

/** An unsigned integer of 64 bits as two halves, in 8 bytes. */
export const u64: PlainField<"u64", U64> = wholeBytes<U64, "u64">(
  "u64",
  "u64",
  8,
  8,
  (writer, value) => writer.u64(value?.low ?? -1, value?.high ?? -1),
  (reader) => reader.u64({ low: 0, high: 0 }),
);

/** 0 to 2^53 - 1, in 1 to 8 bytes: small numbers are short. */
export const varint: PlainField<"varint", number> = wholeBytes(
  "varint",
  "varint",
  1,
  8,
  (writer, value) => writer.varint(value),
  (reader) => reader.varint(),
);

/** -(2^53 - 1) to 2^53 - 1, in 1 to 8 bytes: numbers near 0 are short. */
export const zigzag: PlainField<"zigzag", number> = wholeBytes(
  "zigzag",
  "zigzag",
  1,
  8,
  (writer, value) => writer.zigzag(value),
  (reader) => reader.zigzag(),
);

/** The limits of {@linkcode int}. */
export interface IntRange {
  /** The smallest: a safe integer. */
  readonly min: number;
  /** The largest: a safe integer, 1 to 2^32 - 1 above `min`. */
  readonly max: number;
}

/** A field for integers of a range. */
export interface IntField extends Field<number>, IntRange {
  /** Tells this kind of field from others. */
  readonly type: "int";
}

/**
 * Describes an integer of a range, in as few bits as the range needs.
 *
 * @param range Its limits.
 * @returns The field.
 * @throws {RangeError} If the limits are not safe integers, or not 1 to 2^32 - 1
 * apart.
 *
 * @example A level in seven bits
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { int } from "@tickwire/net/protocol";
 *
 * assertEquals(int({ min: 1, max: 100 }).maxBits, 7);
 * ```
 */
export function int(range: IntRange): IntField {
  const { min, max } = range;
  const width = rangeWidth(min, max);
  if (width === 0) {
    throw new RangeError(
      `Cannot describe an integer as max must be above min: current values are ${min} and ${max}`,
    );
  }
  return Object.freeze({
    type: "int",
    descriptor: `int(${min},${max})`,
    min,
    max,
    minBits: width,
    maxBits: width,
    write: (writer: BitWriter, value: number): void =>
      writer.ranged(value, min, max),
    read: (reader: BitReader): number => reader.ranged(min, max),
  });
}

/** A field for a number of bits. */
export interface BitsField extends Field<number> {
  /** Tells this kind of field from others. */
  readonly type: "bits";
  /** How many bits: 1 to 32. */
  readonly width: number;
}

/**
 * Describes a number of bits, such as flags, as an unsigned integer.
 *
 * @param width How many: an integer from 1 to 32.
 * @returns The field.
 * @throws {RangeError} If `width` is no such integer.
 *
 * @example Eight flags
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bits } from "@tickwire/net/protocol";
 *
 * assertEquals(bits(8).descriptor, "bits(8)");
 * ```
 */
export function bits(width: number): BitsField {
  checkWidth(width);
  return Object.freeze({
    type: "bits",
    descriptor: `bits(${width})`,
    width,
    minBits: width,
    maxBits: width,
    write: (writer: BitWriter, value: number): void =>
      writer.bits(value, width),
    read: (reader: BitReader): number => reader.bits(width),
  });
}
