// This module is browser compatible.
import type { EntityId } from "../world/entity_id.ts";
import { hasBit } from "../world/bit_set.ts";

/** Where a field lies in a {@linkcode PredictedState}. */
export interface PredictedLanes {
  /** The name of the field. */
  readonly field: string;
  /**
   * Its first lane: number `n` of the field (x, y, z, w) at place `place` is
   * `values[(first + n) * capacity + place]`.
   */
  readonly first: number;
  /** How many lanes it takes. */
  readonly count: number;
}

/**
 * The entities that a client predicts, as a structure of arrays of doubles: what a
 * `Predictor`'s `step` reads and writes.
 *
 * Vectors have a lane for each coordinate, rotations four, other fields one: radians,
 * numbers, 0 or 1 for `bool`, and the number of the option for `choice`.
 */
export class PredictedState {
  /** How many places there are. */
  readonly capacity: number;
  /** The numbers, lane by lane. */
  readonly values: Float64Array;
  /**
   * Which places hold an entity: place `place` is bit `place & 31` of `place >>> 5`. A
   * `step` does not change it.
   */
  readonly alive: Uint32Array;
  /** The fields, in the order of their lanes. */
  readonly fields: readonly PredictedLanes[];
  readonly #ids: Float64Array;

  /** Made by a `Predictor`. */
  constructor(
    fields: readonly PredictedLanes[],
    capacity: number,
    ids: Float64Array,
  ) {
    const last = fields[fields.length - 1]!;
    this.fields = fields;
    this.capacity = capacity;
    this.values = new Float64Array((last.first + last.count) * capacity);
    this.alive = new Uint32Array((capacity + 31) >>> 5);
    this.#ids = ids;
  }

  /** Whether a place holds an entity. */
  isAlive(place: number): boolean {
    return place >= 0 && place < this.capacity && hasBit(this.alive, place);
  }

  /**
   * Tells which entity is in a place.
   *
   * @param place A place.
   * @returns Its id; `undefined` if there is none, or the server has not spawned it yet.
   */
  idOf(place: number): EntityId | undefined {
    const id = this.isAlive(place) ? this.#ids[place]! : -1;
    return id < 0 ? undefined : id as EntityId;
  }

  /**
   * Finds the place of an entity.
   *
   * @param id The entity.
   * @returns Its place, or -1.
   */
  placeOf(id: EntityId): number {
    const ids = this.#ids;
    for (let place = 0; place < ids.length; place++) {
      if (ids[place] === id && hasBit(this.alive, place)) return place;
    }
    return -1;
  }

  /**
   * Finds where a field begins: `state.values[state.at("position") + place]`.
   *
   * @param field Its name.
   * @returns Where its first lane begins in `values`; the next one is `capacity` further.
   * @throws {RangeError} If it is not predicted.
   */
  at(field: string): number {
    const lanes = this.fields.find((it) => it.field === field);
    if (lanes !== undefined) return lanes.first * this.capacity;
    throw new RangeError(
      `Cannot find a field as it must be one of ${
        this.fields.map((it) => it.field).join(", ")
      }: current value is "${field}"`,
    );
  }
}
