// This module is browser compatible.
import type {
  AngleQuantizer,
  AnyField,
  FloatQuantizer,
  QuatQuantizer,
} from "../../protocol/mod.ts";
import { angleBetween } from "../state/blend_entities.ts";

/** How what is drawn of a field comes back to what is predicted. */
export type CorrectionKind = "linear" | "angle" | "rotation" | "none";

/** How one field lies in lanes of doubles, against the columns that the server sends. */
export interface PredictedCodec {
  /** How many lanes it takes. */
  readonly laneCount: number;
  /** How it is corrected. */
  readonly correction: CorrectionKind;
  /** Whether another value is always a divergence. */
  readonly isExact: boolean;
  /** Whether its values are steps. */
  readonly hasSteps: boolean;
  /**
   * What a step is, in the field's unit; for what has no steps, what is let pass.
   */
  readonly step: number;
  /** Puts what a column of the server has into the lanes of a place. */
  load(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): void;
  /** How many steps apart a column of the server and the lanes of a place are. */
  distance(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): number;
  /** Rounds the lanes of places from `from` to `end - 1` to what a column can hold. */
  round(
    lanes: Float64Array,
    from: number,
    end: number,
    capacity: number,
  ): void;
}

/** What floats without steps may differ by, unless the game says so. */
const FLOAT_STEP = 1e-4;

/**
 * Makes the codec of a field.
 *
 * @param field The field.
 * @param step What to let pass, in the field's unit; its own step if left out.
 * @returns The codec; `undefined` if the field's values are no doubles.
 */
export function predictedCodec(
  field: AnyField,
  step: number | undefined,
): PredictedCodec | undefined {
  switch (field.type) {
    case "float":
      return new Steps([field.quantizer], step);
    case "vec2":
    case "vec3":
      if ("quantizers" in field) return new Steps(field.quantizers, step);
      return new Floats(field.type === "vec2" ? 2 : 3, step ?? FLOAT_STEP);
    case "f32":
      return new Floats(1, step ?? FLOAT_STEP);
    case "f64":
      return new Doubles(step ?? FLOAT_STEP);
    case "angle":
      return new Angles(field.quantizer, step);
    case "quat":
      return new Rotations(field.quantizer, step);
    case "int":
      return new Integers(field.min, field.max);
    case "bits":
      return new Integers(0, 2 ** field.width - 1);
    case "choice":
      return new Integers(0, field.options.length - 1);
    case "bool":
      return new Integers(0, 1);
    case "u8":
      return new Integers(0, 0xff);
    case "u16":
      return new Integers(0, 0xffff);
    case "u32":
      return new Integers(0, 0xffff_ffff);
    case "i8":
      return new Integers(-0x80, 0x7f);
    case "i16":
      return new Integers(-0x8000, 0x7fff);
    case "i32":
      return new Integers(-0x8000_0000, 0x7fff_ffff);
    default:
      return undefined;
  }
}

class Steps implements PredictedCodec {
  readonly laneCount: number;
  readonly correction = "linear";
  readonly isExact = false;
  readonly hasSteps = true;
  readonly step: number;
  readonly #quantizers: readonly FloatQuantizer[];
  /** What counts as a step, of each lane. */
  readonly #steps: readonly number[];

  constructor(
    quantizers: readonly FloatQuantizer[],
    step: number | undefined,
  ) {
    this.laneCount = quantizers.length;
    this.#quantizers = quantizers;
    this.#steps = quantizers.map((it) => step ?? it.step);
    this.step = Math.max(...this.#steps);
  }

  load(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): void {
    for (let i = 0; i < this.laneCount; i++) {
      lanes[to + i * capacity] = this.#quantizers[i]!.fromIndex(
        columns[at + i * stride]! >>> 0,
      );
    }
  }

  distance(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): number {
    let most = 0;
    for (let i = 0; i < this.laneCount; i++) {
      const server = this.#quantizers[i]!.fromIndex(
        columns[at + i * stride]! >>> 0,
      );
      const off = Math.abs(server - lanes[to + i * capacity]!);
      most = larger(most, off / this.#steps[i]!);
    }
    return most;
  }

  round(
    lanes: Float64Array,
    from: number,
    end: number,
    capacity: number,
  ): void {
    for (let i = 0; i < this.laneCount; i++) {
      const quantizer = this.#quantizers[i]!;
      const shift = i * capacity;
      for (let at = from + shift; at < end + shift; at++) {
        const index = quantizer.toIndex(lanes[at]!);
        if (index >= 0) lanes[at] = quantizer.fromIndex(index);
      }
    }
  }
}

class Floats implements PredictedCodec {
  readonly laneCount: number;
  readonly correction = "linear";
  readonly isExact = false;
  readonly hasSteps = false;
  readonly step: number;
  readonly #float = new Float32Array(1);
  readonly #word = new Int32Array(this.#float.buffer);

  constructor(laneCount: number, step: number) {
    this.laneCount = laneCount;
    this.step = step;
  }

  load(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): void {
    for (let i = 0; i < this.laneCount; i++) {
      this.#word[0] = columns[at + i * stride]!;
      lanes[to + i * capacity] = this.#float[0]!;
    }
  }

  distance(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): number {
    let most = 0;
    for (let i = 0; i < this.laneCount; i++) {
      this.#word[0] = columns[at + i * stride]!;
      const off = Math.abs(this.#float[0]! - lanes[to + i * capacity]!);
      most = larger(most, off / this.step);
    }
    return most;
  }

  round(
    lanes: Float64Array,
    from: number,
    end: number,
    capacity: number,
  ): void {
    for (let i = 0; i < this.laneCount; i++) {
      const shift = i * capacity;
      for (let at = from + shift; at < end + shift; at++) {
        lanes[at] = Math.fround(lanes[at]!);
      }
    }
  }
}

class Doubles implements PredictedCodec {
  readonly laneCount = 1;
  readonly correction = "linear";
  readonly isExact = false;
  readonly hasSteps = false;
  readonly step: number;
  readonly #double = new Float64Array(1);
  readonly #words = new Int32Array(this.#double.buffer);

  constructor(step: number) {
    this.step = step;
  }

  load(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
  ): void {
    this.#words[0] = columns[at]!;
    this.#words[1] = columns[at + stride]!;
    lanes[to] = this.#double[0]!;
  }

  distance(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
  ): number {
    this.#words[0] = columns[at]!;
    this.#words[1] = columns[at + stride]!;
    return larger(0, Math.abs(this.#double[0]! - lanes[to]!) / this.step);
  }

  round(): void {}
}

class Angles implements PredictedCodec {
  readonly laneCount = 1;
  readonly correction = "angle";
  readonly isExact = false;
  readonly hasSteps = true;
  readonly step: number;
  readonly #quantizer: AngleQuantizer;

  constructor(quantizer: AngleQuantizer, step: number | undefined) {
    this.#quantizer = quantizer;
    this.step = step ?? 2 * Math.PI / 2 ** quantizer.bits;
  }

  load(
    columns: Int32Array,
    at: number,
    _stride: number,
    lanes: Float64Array,
    to: number,
  ): void {
    lanes[to] = this.#quantizer.fromIndex(columns[at]! >>> 0);
  }

  distance(
    columns: Int32Array,
    at: number,
    _stride: number,
    lanes: Float64Array,
    to: number,
  ): number {
    const server = this.#quantizer.fromIndex(columns[at]! >>> 0);
    return larger(0, Math.abs(angleBetween(server, lanes[to]!)) / this.step);
  }

  round(lanes: Float64Array, from: number, end: number): void {
    const quantizer = this.#quantizer;
    for (let at = from; at < end; at++) {
      const index = quantizer.toIndex(lanes[at]!);
      if (index >= 0) lanes[at] = quantizer.fromIndex(index);
    }
  }
}

class Rotations implements PredictedCodec {
  readonly laneCount = 4;
  readonly correction = "rotation";
  readonly isExact = false;
  readonly hasSteps = true;
  readonly step: number;
  readonly #quantizer: QuatQuantizer;
  readonly #parts = new Uint32Array(4);
  readonly #rotation = { x: 0, y: 0, z: 0, w: 1 };

  constructor(quantizer: QuatQuantizer, step: number | undefined) {
    this.#quantizer = quantizer;
    // Three parts are off by half of this each, and the fourth by up to three times as
    // much; an angle is twice what its quaternion is off.
    const part = Math.SQRT1_2 / (2 ** (quantizer.bits - 1) - 1);
    this.step = step ?? 2 * Math.sqrt(3) * part;
  }

  load(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): void {
    const { x, y, z, w } = this.#read(columns, at, stride);
    lanes[to] = x;
    lanes[to + capacity] = y;
    lanes[to + 2 * capacity] = z;
    lanes[to + 3 * capacity] = w;
  }

  distance(
    columns: Int32Array,
    at: number,
    stride: number,
    lanes: Float64Array,
    to: number,
    capacity: number,
  ): number {
    const a = this.#read(columns, at, stride);
    const x = lanes[to]!;
    const y = lanes[to + capacity]!;
    const z = lanes[to + 2 * capacity]!;
    const w = lanes[to + 3 * capacity]!;
    // q and -q are one rotation.
    const sign = a.x * x + a.y * y + a.z * z + a.w * w < 0 ? -1 : 1;
    const dx = a.x - sign * x;
    const dy = a.y - sign * y;
    const dz = a.z - sign * z;
    const dw = a.w - sign * w;
    const chord = Math.sqrt(dx * dx + dy * dy + dz * dz + dw * dw);
    return larger(0, 2 * chord / this.step);
  }

  round(
    lanes: Float64Array,
    from: number,
    end: number,
    capacity: number,
  ): void {
    const rotation = this.#rotation;
    for (let at = from; at < end; at++) {
      rotation.x = lanes[at]!;
      rotation.y = lanes[at + capacity]!;
      rotation.z = lanes[at + 2 * capacity]!;
      rotation.w = lanes[at + 3 * capacity]!;
      if (!this.#quantizer.toParts(rotation, this.#parts)) continue;
      this.#quantizer.fromParts(this.#parts, rotation);
      lanes[at] = rotation.x;
      lanes[at + capacity] = rotation.y;
      lanes[at + 2 * capacity] = rotation.z;
      lanes[at + 3 * capacity] = rotation.w;
    }
  }

  #read(
    columns: Int32Array,
    at: number,
    stride: number,
  ): { x: number; y: number; z: number; w: number } {
    const parts = this.#parts;
    for (let i = 0; i < 4; i++) parts[i] = columns[at + i * stride]!;
    this.#quantizer.fromParts(parts, this.#rotation);
    return this.#rotation;
  }
}

class Integers implements PredictedCodec {
  readonly laneCount = 1;
  readonly correction = "none";
  readonly isExact = true;
  readonly hasSteps = false;
  readonly step = 1;
  readonly #min: number;
  readonly #max: number;

  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
  }

  load(
    columns: Int32Array,
    at: number,
    _stride: number,
    lanes: Float64Array,
    to: number,
  ): void {
    lanes[to] = (columns[at]! >>> 0) + this.#min;
  }

  distance(
    columns: Int32Array,
    at: number,
    _stride: number,
    lanes: Float64Array,
    to: number,
  ): number {
    return larger(
      0,
      Math.abs((columns[at]! >>> 0) + this.#min - lanes[to]!),
    );
  }

  round(lanes: Float64Array, from: number, end: number): void {
    const min = this.#min;
    const max = this.#max;
    for (let at = from; at < end; at++) {
      const whole = Math.round(lanes[at]!);
      lanes[at] = whole < min ? min : whole > max ? max : whole;
    }
  }
}

/** The larger one; what is no number is off by any measure. */
function larger(a: number, b: number): number {
  return b <= a ? a : b >= a ? b : Infinity;
}
