// This module is browser compatible.
import type {
  AngleQuantizer,
  AnyField,
  FloatQuantizer,
  QuatQuantizer,
} from "../../protocol/mod.ts";

/**
 * Turns the columns of a field into lanes, just as `FieldColumns.read` would, but
 * without an object for each place.
 */
export interface LaneFiller {
  /**
   * Fills places from `from` to `to - 1`.
   *
   * @param columns The values of a table with as many places as the frame.
   * @param lanes The values of the frame.
   */
  fill(
    columns: Int32Array,
    lanes: Float64Array,
    capacity: number,
    from: number,
    to: number,
  ): void;
}

/**
 * Makes what fills the lanes of a field.
 *
 * @param field One that can be blended.
 * @param column Its first column.
 * @param lane Its first lane.
 */
export function laneFiller(
  field: AnyField,
  column: number,
  lane: number,
): LaneFiller {
  switch (field.type) {
    case "vec2":
    case "vec3":
      if ("quantizers" in field) {
        return all(
          field.quantizers.map((it, i) =>
            new StepFiller(it, column + i, lane + i)
          ),
        );
      }
      return all(
        (field.type === "vec2" ? [0, 1] : [0, 1, 2]).map((i) =>
          new F32Filler(column + i, lane + i)
        ),
      );
    case "quat":
      return new RotationFiller(field.quantizer, column, lane);
    case "angle":
    case "float":
      return new StepFiller(field.quantizer, column, lane);
    case "f64":
      return new F64Filler(column, lane);
    default:
      return new F32Filler(column, lane);
  }
}

class StepFiller implements LaneFiller {
  readonly #quantizer: FloatQuantizer | AngleQuantizer;
  readonly #column: number;
  readonly #lane: number;

  constructor(
    quantizer: FloatQuantizer | AngleQuantizer,
    column: number,
    lane: number,
  ) {
    this.#quantizer = quantizer;
    this.#column = column;
    this.#lane = lane;
  }

  fill(
    columns: Int32Array,
    lanes: Float64Array,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const quantizer = this.#quantizer;
    const column = this.#column * capacity;
    const lane = this.#lane * capacity;
    for (let i = from; i < to; i++) {
      lanes[lane + i] = quantizer.fromIndex(columns[column + i]! >>> 0);
    }
  }
}

class F32Filler implements LaneFiller {
  readonly #column: number;
  readonly #lane: number;
  readonly #float = new Float32Array(1);
  readonly #word = new Int32Array(this.#float.buffer);

  constructor(column: number, lane: number) {
    this.#column = column;
    this.#lane = lane;
  }

  fill(
    columns: Int32Array,
    lanes: Float64Array,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const column = this.#column * capacity;
    const lane = this.#lane * capacity;
    for (let i = from; i < to; i++) {
      this.#word[0] = columns[column + i]!;
      lanes[lane + i] = this.#float[0]!;
    }
  }
}

class F64Filler implements LaneFiller {
  readonly #column: number;
  readonly #lane: number;
  readonly #float = new Float64Array(1);
  readonly #words = new Int32Array(this.#float.buffer);

  constructor(column: number, lane: number) {
    this.#column = column;
    this.#lane = lane;
  }

  fill(
    columns: Int32Array,
    lanes: Float64Array,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const column = this.#column * capacity;
    const lane = this.#lane * capacity;
    for (let i = from; i < to; i++) {
      this.#words[0] = columns[column + i]!;
      this.#words[1] = columns[column + capacity + i]!;
      lanes[lane + i] = this.#float[0]!;
    }
  }
}

class RotationFiller implements LaneFiller {
  readonly #quantizer: QuatQuantizer;
  readonly #column: number;
  readonly #lane: number;
  readonly #parts = new Uint32Array(4);
  readonly #rotation = { x: 0, y: 0, z: 0, w: 1 };

  constructor(quantizer: QuatQuantizer, column: number, lane: number) {
    this.#quantizer = quantizer;
    this.#column = column;
    this.#lane = lane;
  }

  fill(
    columns: Int32Array,
    lanes: Float64Array,
    capacity: number,
    from: number,
    to: number,
  ): void {
    const parts = this.#parts;
    const rotation = this.#rotation;
    for (let i = from; i < to; i++) {
      let column = this.#column * capacity + i;
      for (let part = 0; part < 4; part++, column += capacity) {
        parts[part] = columns[column]!;
      }
      this.#quantizer.fromParts(parts, rotation);
      let lane = this.#lane * capacity + i;
      lanes[lane] = rotation.x;
      lanes[lane += capacity] = rotation.y;
      lanes[lane += capacity] = rotation.z;
      lanes[lane + capacity] = rotation.w;
    }
  }
}

function all(fillers: readonly LaneFiller[]): LaneFiller {
  return {
    fill(columns, lanes, capacity, from, to): void {
      for (let i = 0; i < fillers.length; i++) {
        fillers[i]!.fill(columns, lanes, capacity, from, to);
      }
    },
  };
}
