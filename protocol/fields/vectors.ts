// This module is browser compatible.
import type { Quat, Vec2, Vec3 } from "../../core/mod.ts";
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";
import { FloatQuantizer, type FloatRange } from "../float_quantizer.ts";
import { QuatQuantizer } from "../quat_quantizer.ts";
import { type Field, wholeBytes, withOptions } from "./field.ts";
import { describeRange, readFiniteF32, writeFiniteF32 } from "./floats.ts";

/**
 * A field for vectors in steps.
 *
 * @typeParam T `Vec2` or `Vec3`.
 */
export interface QuantizedVecField<T> extends Field<T> {
  /** The steps of each axis, in the order x, y, z. */
  readonly quantizers: readonly FloatQuantizer[];
}

/**
 * A point or direction in the plane: as it stands two finite floats, 8 bytes; with
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
  & Field<Vec2>
  & ((x: FloatRange, y?: FloatRange) => QuantizedVecField<Vec2>) = withOptions(
    wholeBytes<Vec2>(
      "vec2",
      "vec2",
      8,
      8,
      (writer, { x, y }) => {
        writeFiniteF32(writer, x);
        writeFiniteF32(writer, y);
      },
      (reader) => ({ x: readFiniteF32(reader), y: readFiniteF32(reader) }),
    ),
    quantizedVec2,
  );

/**
 * A point or direction in space: as it stands three finite floats, 12 bytes; with
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
  & Field<Vec3>
  & ((x: FloatRange, y?: FloatRange, z?: FloatRange) => QuantizedVecField<
    Vec3
  >) = withOptions(
    wholeBytes<Vec3>(
      "vec3",
      "vec3",
      12,
      12,
      (writer, { x, y, z }) => {
        writeFiniteF32(writer, x);
        writeFiniteF32(writer, y);
        writeFiniteF32(writer, z);
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
 * A rotation as its smallest three components: as it stands 10 bits each, 32 bits
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
export const quat: QuatField & ((options: QuatOptions) => QuatField) = Object
  .freeze(
    Object.assign(
      (options: QuatOptions): QuatField => quatField(options.bits),
      quatField(10),
    ),
  );

function quantizedVec2(
  x: FloatRange,
  y: FloatRange = x,
): QuantizedVecField<Vec2> {
  const qx = new FloatQuantizer(x);
  const qy = new FloatQuantizer(y);
  const bits = qx.bits + qy.bits;
  return Object.freeze({
    type: "vec2",
    descriptor: `vec2(${describeRange(x)};${describeRange(y)})`,
    quantizers: [qx, qy],
    minBits: bits,
    maxBits: bits,
    write: (writer: BitWriter, value: Vec2): void => {
      writer.float(value.x, qx);
      writer.float(value.y, qy);
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
): QuantizedVecField<Vec3> {
  const qx = new FloatQuantizer(x);
  const qy = new FloatQuantizer(y);
  const qz = new FloatQuantizer(z);
  const bits = qx.bits + qy.bits + qz.bits;
  return Object.freeze({
    type: "vec3",
    descriptor: `vec3(${describeRange(x)};${describeRange(y)};${
      describeRange(z)
    })`,
    quantizers: [qx, qy, qz],
    minBits: bits,
    maxBits: bits,
    write: (writer: BitWriter, value: Vec3): void => {
      writer.float(value.x, qx);
      writer.float(value.y, qy);
      writer.float(value.z, qz);
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
      writer.quat(value, quantizer),
    read: (reader: BitReader): Quat =>
      reader.quat(quantizer, { x: 0, y: 0, z: 0, w: 1 }),
  });
}
