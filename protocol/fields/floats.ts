// This module is browser compatible.
import { AngleQuantizer } from "../angle_quantizer.ts";
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";
import { FloatQuantizer, type FloatRange } from "../float_quantizer.ts";
import { describeRange } from "./_describe_range.ts";
import { readFiniteF32, writeFiniteF32 } from "./_finite_f32.ts";
import { wholeBytes } from "./_whole_bytes.ts";
import type { Field, PlainField } from "./field.ts";

/**
 * A finite number in 4 bytes, rounded to the nearest float. NaN, infinities and
 * what would be rounded to one are refused: nobody's input makes the numbers of a
 * game infinite.
 */
export const f32: PlainField<"f32", number> = wholeBytes(
  "f32",
  "f32",
  4,
  4,
  writeFiniteF32,
  readFiniteF32,
);

/** A finite number in 8 bytes. NaN and infinities are refused. */
export const f64: PlainField<"f64", number> = wholeBytes(
  "f64",
  "f64",
  8,
  8,
  (writer, value) =>
    Number.isFinite(value) ? writer.f64(value) : writer.fail("range"),
  (reader) => {
    const value = reader.f64();
    if (Number.isFinite(value)) return value;
    reader.fail("range");
    return 0;
  },
);

/** A field for floats of a range. */
export interface FloatField extends Field<number> {
  /** Tells this kind of field from others. */
  readonly type: "float";
  /** Its steps. */
  readonly quantizer: FloatQuantizer;
}

/**
 * Describes a float of a range in steps, in as few bits as the number of steps
 * needs. What is out of the range is sent as its nearest limit, NaN is refused.
 *
 * @param range The range and its step.
 * @returns The field.
 * @throws {RangeError} As `new FloatQuantizer(range)`.
 *
 * @example Health in eight bits
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { float } from "@tickwire/net/protocol";
 *
 * const health = float({ min: 0, max: 100, step: 0.5 });
 * assertEquals([health.maxBits, health.descriptor], [8, "float(0,100,0.5)"]);
 * ```
 */
export function float(range: FloatRange): FloatField {
  const quantizer = new FloatQuantizer(range);
  return Object.freeze({
    type: "float",
    descriptor: `float(${describeRange(range)})`,
    quantizer,
    minBits: quantizer.bits,
    maxBits: quantizer.bits,
    write: (writer: BitWriter, value: number): void =>
      writer.float(value, quantizer),
    read: (reader: BitReader): number => reader.float(quantizer),
  });
}

/** The options of {@linkcode angle}. */
export interface AngleOptions {
  /** Bits: an integer from 1 to 32. A turn has 2^bits steps. */
  readonly bits: number;
}

/** A field for angles. */
export interface AngleField extends Field<number> {
  /** Tells this kind of field from others. */
  readonly type: "angle";
  /** Its steps. */
  readonly quantizer: AngleQuantizer;
}

/**
 * Describes an angle in radians, which wraps.
 *
 * @param options How exactly.
 * @returns The field.
 * @throws {RangeError} If `bits` is not an integer from 1 to 32.
 *
 * @example A heading to a third of a degree
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { angle } from "@tickwire/net/protocol";
 *
 * assertEquals(angle({ bits: 10 }).descriptor, "angle(10)");
 * ```
 */
export function angle(options: AngleOptions): AngleField {
  const quantizer = new AngleQuantizer(options.bits);
  return Object.freeze({
    type: "angle",
    descriptor: `angle(${quantizer.bits})`,
    quantizer,
    minBits: quantizer.bits,
    maxBits: quantizer.bits,
    write: (writer: BitWriter, value: number): void =>
      writer.angle(value, quantizer),
    read: (reader: BitReader): number => reader.angle(quantizer),
  });
}
