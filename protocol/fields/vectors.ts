// This module is browser compatible.
import type { Quat, Vec2, Vec3 } from "../../core/mod.ts";
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";
import { FloatQuantizer, type FloatRange } from "../float_quantizer.ts";
import { QuatQuantizer } from "../quat_quantizer.ts";
import { describeRange } from "./_describe_range.ts";
import { readFiniteF32, writeFiniteF32 } from "./_finite_f32.ts";
import { wholeBytes } from "./_whole_bytes.ts";
import { withOptions } from "./_with_options.ts";
import type { Field, PlainField } from "./field.ts";

/** A field for points of the plane in steps. */
export interface QuantizedVec2Field extends Field<Vec2> {
  /** Tells this kind of field from others; `quantizers` tells it from plain ones. */
  readonly type: "vec2";
  /** The steps of x and y. */
  readonly quantizers: readonly [FloatQuantizer, FloatQuantizer];
}

/** A field for points of space in steps. */
export interface QuantizedVec3Field extends Field<Vec3> {
  /** Tells this kind of field from others; `quantizers` tells it from plain ones. */
  readonly type: "vec3";
  /** The steps of x, y and z. */
  readonly quantizers: readonly [
    FloatQuantizer,
    FloatQuantizer,
    FloatQuantizer,
  ];
}

/**
 * A point or direction in the plane: without options two finite floats, 8 bytes; with
 * ranges as two `float`s.
 *
 * @param x The range of x, and of what has none of its own.
 * @param y The range of y.
 * @returns The field.
 * @throws {RangeError} As `new FloatQuantizer(range)`.
 *
 * @example A point on a map
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec2 } from "@tickwire/net/protocol";
 *
 * assertEquals(vec2.minBits, 64);
 * assertEquals(vec2({ min: 0, max: 1000, step: 1 }).maxBits, 20);
 * ```
 */
export const vec2:
  & PlainField<"vec2", Vec2>
  & ((x: FloatRange, y?: FloatRange) => QuantizedVec2Field) = withOptions(
    wholeBytes<Vec2, "vec2">(
      "vec2",
      "vec2",
      8,
      8,
      (writer, value) => {
        writeFiniteF32(writer, value?.x);
        writeFiniteF32(writer, value?.y);
      },
      (reader) => ({ x: readFiniteF32(reader), y: readFiniteF32(reader) }),
    ),
    quantizedVec2,
  );

/**
 * A point or direction in space: without options three finite floats, 12 bytes; with
 * ranges as three `float`s.
 *
 * @param x The range of x, and of what has none of its own.
 * @param y The range of y.
 * @param z The range of z.
 * @returns The field.
 * @throws {RangeError} As `new FloatQuantizer(range)`.
 *
 * @example A point of a level, to the centimetre
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec3 } from "@tickwire/net/protocol";
 *
 * assertEquals(vec3.minBits, 96);
 * const position = vec3({ min: -500, max: 500, step: 0.01 }, { min: 0, max: 100, step: 0.01 });
 * assertEquals(position.maxBits, 17 + 14 + 17);
 * ```
 */
export const vec3:
  & PlainField<"vec3", Vec3>
  & ((x: FloatRange, y?: FloatRange, z?: FloatRange) => QuantizedVec3Field) =
    withOptions(
      wholeBytes<Vec3, "vec3">(
        "vec3",
        "vec3",
        12,
        12,
        (writer, value) => {
          writeFiniteF32(writer, value?.x);
          writeFiniteF32(writer, value?.y);
          writeFiniteF32(writer, value?.z);
        },
        (reader) => ({
          x: readFiniteF32(reader),
          y: readFiniteF32(reader),
          z: readFiniteF32(reader),
        }),
      ),
      quantizedVec3,
    );

/** The options of {@linkcode quat}. */
export interface QuatOptions {
  /** Bits of each of the three components that are sent: an integer from 4 to 16. */
  readonly bits: number;
}

/** A field for rotations. */
export interface QuatField extends Field<Quat> {
  /** Tells this kind of field from others. */
  readonly type: "quat";
  /** Its steps. */
  readonly quantizer: QuatQuantizer;
}

/**
 * A rotation as its smallest three components: without options 10 bits each, 32 bits
 * in all. It is read with length 1, and possibly with all signs changed, which is
 * the same rotation.
 *
 * @param options How exactly.
 * @returns The field.
 * @throws {RangeError} If `bits` is not an integer from 4 to 16.
 *
 * @example Rotations, rough and fine
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quat } from "@tickwire/net/protocol";
 *
 * assertEquals([quat.maxBits, quat({ bits: 15 }).maxBits], [32, 47]);
 * ```
 */
export const quat: QuatField & ((options: QuatOptions) => QuatField) =
  withOptions(
    quatField(10),
    (options: QuatOptions): QuatField => quatField(options.bits),
  );

function quantizedVec2(
  x: FloatRange,
  y: FloatRange = x,
): QuantizedVec2Field {
  const qx = new FloatQuantizer(x);
  const qy = new FloatQuantizer(y);
  const bits = qx.bits + qy.bits;
  return Object.freeze({
    type: "vec2",
    descriptor: `vec2(${describeRange(x)};${describeRange(y)})`,
    quantizers: Object.freeze([qx, qy] as const),
    minBits: bits,
    maxBits: bits,
    write: (writer: BitWriter, value: Vec2): void => {
      writer.float(value?.x, qx);
      writer.float(value?.y, qy);
    },
    read: (reader: BitReader): Vec2 => ({
      x: reader.float(qx),
      y: reader.float(qy),
    }),
  });
}

function quantizedVec3(
  x: FloatRange,
  y: FloatRange = x,
  z: FloatRange = x,
): QuantizedVec3Field {
  const qx = new FloatQuantizer(x);
  const qy = new FloatQuantizer(y);
  const qz = new FloatQuantizer(z);
  const bits = qx.bits + qy.bits + qz.bits;
  return Object.freeze({
    type: "vec3",
    descriptor: `vec3(${describeRange(x)};${describeRange(y)};${
      describeRange(z)
    })`,
    quantizers: Object.freeze([qx, qy, qz] as const),
    minBits: bits,
    maxBits: bits,
    write: (writer: BitWriter, value: Vec3): void => {
      writer.float(value?.x, qx);
      writer.float(value?.y, qy);
      writer.float(value?.z, qz);
    },
    read: (reader: BitReader): Vec3 => ({
      x: reader.float(qx),
      y: reader.float(qy),
      z: reader.float(qz),
    }),
  });
}

function quatField(bits: number): QuatField {
  const quantizer = new QuatQuantizer(bits);
  return Object.freeze({
    type: "quat",
    descriptor: `quat(${bits})`,
    quantizer,
    minBits: 2 + 3 * bits,
    maxBits: 2 + 3 * bits,
    write: (writer: BitWriter, value: Quat): void =>
      value ? writer.quat(value, quantizer) : writer.fail("range"),
    read: (reader: BitReader): Quat =>
      reader.quat(quantizer, { x: 0, y: 0, z: 0, w: 1 }),
  });
}
