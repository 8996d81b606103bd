// This module is browser compatible.
import type { AnyField, FloatQuantizer } from "../../protocol/mod.ts";

const MAX_I32 = 0x7fff_ffff;

/** Reads one coordinate of places from columns, and blends it. */
export interface LaneReader {
  /** What one place has between two tables. */
  blend(
    before: Int32Array,
    after: Int32Array,
    slot: number,
    capacity: number,
    blend: number,
  ): number;
  /** Puts all places below `end` of a table into a lane. */
  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    end: number,
  ): void;
  /** Puts what all places below `end` have between two tables into a lane. */
  blendAll(
    before: Int32Array,
    after: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    end: number,
    blend: number,
  ): void;
}

/** Makes the readers of a `vec2` or `vec3` that begins at a column. */
export function laneReaders(
  field: AnyField,
  first: number,
): readonly LaneReader[] {
  if ("quantizers" in field) {
    return field.quantizers.map((it, i) => new StepReader(it, first + i));
  }
  const count = field.type === "vec2" ? 2 : 3;
  return Array.from({ length: count }, (_, i) => new F32Reader(first + i));
}

class StepReader implements LaneReader {
  readonly #column: number;
  readonly #first: number;
  readonly #step: number;
  /** Whether all multiples of the step are integers of 32 bits, which are added faster. */
  readonly #isSmall: boolean;

  constructor(quantizer: FloatQuantizer, column: number) {
    this.#column = column;
    // The float of an index is (index + first) × step: to the bit what clients have.
    this.#first = Math.round(quantizer.min / quantizer.step);
    this.#step = quantizer.step;
    const last = quantizer.maxIndex + this.#first;
    this.#isSmall = this.#first >= -MAX_I32 && last <= MAX_I32;
  }

  blend(
    before: Int32Array,
    after: Int32Array,
    slot: number,
    capacity: number,
    blend: number,
  ): number {
    const at = this.#column * capacity + slot;
    const a = ((before[at]! >>> 0) + this.#first) * this.#step;
    const b = ((after[at]! >>> 0) + this.#first) * this.#step;
    return a + (b - a) * blend;
  }

  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    end: number,
  ): void {
    const at = this.#column * capacity;
    const first = this.#first;
    const step = this.#step;
    for (let i = 0; i < end; i++) {
      lanes[lane + i] = ((values[at + i]! >>> 0) + first) * step;
    }
  }

  blendAll(
    before: Int32Array,
    after: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    end: number,
    blend: number,
  ): void {
    const at = this.#column * capacity;
    const step = this.#step;
    if (this.#isSmall) {
      const first = this.#first | 0;
      for (let i = 0; i < end; i++) {
        const a = (before[at + i]! + first | 0) * step;
        const b = (after[at + i]! + first | 0) * step;
        lanes[lane + i] = a + (b - a) * blend;
      }
      return;
    }
    const first = this.#first;
    for (let i = 0; i < end; i++) {
      const a = ((before[at + i]! >>> 0) + first) * step;
      const b = ((after[at + i]! >>> 0) + first) * step;
      lanes[lane + i] = a + (b - a) * blend;
    }
  }
}

class F32Reader implements LaneReader {
  readonly #column: number;
  readonly #floats = new Float32Array(2);
  readonly #words = new Int32Array(this.#floats.buffer);

  constructor(column: number) {
    this.#column = column;
  }

  blend(
    before: Int32Array,
    after: Int32Array,
    slot: number,
    capacity: number,
    blend: number,
  ): number {
    const at = this.#column * capacity + slot;
    this.#words[0] = before[at]!;
    this.#words[1] = after[at]!;
    const a = this.#floats[0]!;
    return a + (this.#floats[1]! - a) * blend;
  }

  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    end: number,
  ): void {
    const at = this.#column * capacity;
    const floats = this.#floats;
    const words = this.#words;
    for (let i = 0; i < end; i++) {
      words[0] = values[at + i]!;
      lanes[lane + i] = floats[0]!;
    }
  }

  blendAll(
    before: Int32Array,
    after: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    end: number,
    blend: number,
  ): void {
    const at = this.#column * capacity;
    const floats = this.#floats;
    const words = this.#words;
    for (let i = 0; i < end; i++) {
      words[0] = before[at + i]!;
      words[1] = after[at + i]!;
      const a = floats[0]!;
      lanes[lane + i] = a + (floats[1]! - a) * blend;
    }
  }
}
