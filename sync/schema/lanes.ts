// This module is browser compatible.
import type {
  AngleQuantizer,
  AnyField,
  FloatQuantizer,
  QuatQuantizer,
} from "../../protocol/mod.ts";

// How columns of integers become lanes of floats, just as `FieldColumns.read` would have
// it to the bit, but without an object for each place. Numbers of tables are valid.
// Sums that are indices are said to be integers, which spares a check of each.

const MAX_I32 = 0x7fff_ffff;

/** Turns the columns of a field into lanes. */
export interface LaneFiller {
  /**
   * Fills places from `from` to `to - 1`.
   *
   * @param values The values of a table.
   * @param lanes Takes the floats: those of the first lane from `lane` on, of others at
   * distances of `capacity`.
   * @param capacity How many places the table has.
   */
  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    from: number,
    to: number,
  ): void;
}

/** Fills a lane by one column, and blends. */
export interface LaneReader extends LaneFiller {
  /** What one place has between two tables. */
  blend(
    before: Int32Array,
    after: Int32Array,
    slot: number,
    capacity: number,
    blend: number,
  ): number;
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

/**
 * Makes what fills the lanes of a field.
 *
 * @param field One that can be blended.
 * @param first Its first column.
 */
export function laneFiller(field: AnyField, first: number): LaneFiller {
  switch (field.type) {
    case "vec2":
    case "vec3":
      return new PointFiller(laneReaders(field, first));
    case "quat":
      return new RotationFiller(field.quantizer, first);
    case "angle":
      return new AngleFiller(field.quantizer, first);
    case "float":
      return new StepReader(field.quantizer, first);
    case "f64":
      return new F64Filler(first);
    default:
      return new F32Reader(first);
  }
}

/** Makes the readers of the coordinates of a `vec2` or `vec3` that begins at a column. */
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

class PointFiller implements LaneFiller {
  readonly #readers: readonly LaneReader[];

  constructor(readers: readonly LaneReader[]) {
    this.#readers = readers;
  }

  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const readers = this.#readers;
    for (let i = 0; i < readers.length; i++) {
      const at = lane + i * capacity;
      readers[i]!.fill(values, lanes, at, capacity, from, to);
    }
  }
}

class RotationFiller implements LaneFiller {
  readonly #column: number;
  readonly #half: number;

  constructor({ bits }: QuatQuantizer, column: number) {
    this.#column = column;
    // What stands for 0, as `QuatQuantizer` has it.
    this.#half = 2 ** (bits - 1) - 1;
  }

  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const half = this.#half;
    const unit = Math.SQRT1_2 / half;
    const whole = 2 * half * half;
    const column = this.#column * capacity;
    const second = column + capacity;
    const third = second + capacity;
    const fourth = third + capacity;
    for (let i = from | 0; i < to; i = i + 1 | 0) {
      const largest = values[column + i | 0]!;
      const a = values[second + i | 0]! - half | 0;
      const b = values[third + i | 0]! - half | 0;
      const c = values[fourth + i | 0]! - half | 0;
      const left = whole - Math.imul(a, a) - Math.imul(b, b) - Math.imul(c, c);
      const at = lane + i | 0;
      // The others go into the three lanes that are left, without a branch.
      const last = largest - 3 >>> 31;
      const middle = largest - 2 >>> 31;
      const start = largest - 1 >>> 31;
      lanes[at + Math.imul(largest, capacity) | 0] = Math.sqrt(left | 0) * unit;
      lanes[at + Math.imul(start, capacity) | 0] = a * unit;
      lanes[at + Math.imul(1 + middle | 0, capacity) | 0] = b * unit;
      lanes[at + Math.imul(2 + last | 0, capacity) | 0] = c * unit;
    }
  }
}

class AngleFiller implements LaneFiller {
  readonly #quantizer: AngleQuantizer;
  readonly #column: number;

  constructor(quantizer: AngleQuantizer, column: number) {
    this.#quantizer = quantizer;
    this.#column = column;
  }

  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const quantizer = this.#quantizer;
    const column = this.#column * capacity;
    for (let i = from | 0; i < to; i = i + 1 | 0) {
      lanes[lane + i | 0] = quantizer.fromIndex(values[column + i | 0]! >>> 0);
    }
  }
}

class F64Filler implements LaneFiller {
  readonly #column: number;
  readonly #float = new Float64Array(1);
  readonly #words = new Int32Array(this.#float.buffer);

  constructor(column: number) {
    this.#column = column;
  }

  fill(
    values: Int32Array,
    lanes: Float64Array,
    lane: number,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const column = this.#column * capacity;
    for (let i = from | 0; i < to; i = i + 1 | 0) {
      this.#words[0] = values[column + i | 0]!;
      this.#words[1] = values[column + capacity + i | 0]!;
      lanes[lane + i | 0] = this.#float[0]!;
    }
  }
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
    from: number,
    to: number,
  ): void {
    const at = this.#column * capacity;
    const step = this.#step;
    if (this.#isSmall) {
      const first = this.#first | 0;
      for (let i = from | 0; i < to; i = i + 1 | 0) {
        lanes[lane + i | 0] = (values[at + i | 0]! + first | 0) * step;
      }
      return;
    }
    const first = this.#first;
    for (let i = from | 0; i < to; i = i + 1 | 0) {
      lanes[lane + i | 0] = ((values[at + i | 0]! >>> 0) + first) * step;
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
      for (let i = 0; i < end; i = i + 1 | 0) {
        const a = (before[at + i | 0]! + first | 0) * step;
        const b = (after[at + i | 0]! + first | 0) * step;
        lanes[lane + i | 0] = a + (b - a) * blend;
      }
      return;
    }
    const first = this.#first;
    for (let i = 0; i < end; i = i + 1 | 0) {
      const a = ((before[at + i | 0]! >>> 0) + first) * step;
      const b = ((after[at + i | 0]! >>> 0) + first) * step;
      lanes[lane + i | 0] = a + (b - a) * blend;
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
    from: number,
    to: number,
  ): void {
    const at = this.#column * capacity;
    const floats = this.#floats;
    const words = this.#words;
    for (let i = from | 0; i < to; i = i + 1 | 0) {
      words[0] = values[at + i | 0]!;
      lanes[lane + i | 0] = floats[0]!;
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
    for (let i = 0; i < end; i = i + 1 | 0) {
      words[0] = before[at + i | 0]!;
      words[1] = after[at + i | 0]!;
      const a = floats[0]!;
      lanes[lane + i | 0] = a + (floats[1]! - a) * blend;
    }
  }
}
