// This module is browser compatible.
import { angleBetween } from "../state/blend_entities.ts";
import { bitSet, clearBit, hasBit, nextBit, setBit } from "../world/bit_set.ts";
import type { CorrectionKind } from "./_predicted_field.ts";

/** A field whose corrections are smoothed. */
export interface SmoothedField {
  /** Its first lane. */
  readonly first: number;
  /** How many it has. */
  readonly count: number;
  /** How it is corrected. */
  readonly kind: CorrectionKind;
  /** The largest correction that is smoothed, in the field's unit. */
  readonly limit: number;
  /** What nobody sees, in the field's unit. */
  readonly least: number;
}

/**
 * How far what is drawn is from what is predicted, place by place: it shrinks with time.
 */
export class Corrections {
  readonly #fields: readonly SmoothedField[];
  readonly #capacity: number;
  readonly #correctionMs: number;
  readonly #offsets: Float64Array;
  readonly #places: Uint32Array;
  #count = 0;

  constructor(
    fields: readonly SmoothedField[],
    laneCount: number,
    capacity: number,
    correctionMs: number,
  ) {
    this.#fields = fields;
    this.#capacity = capacity;
    this.#correctionMs = correctionMs;
    this.#offsets = new Float64Array(laneCount * capacity);
    this.#places = bitSet(capacity);
  }

  /** How many places are not drawn where they are. */
  get count(): number {
    return this.#count;
  }

  /** Whether a place is not drawn where it is. */
  has(place: number): boolean {
    return hasBit(this.#places, place);
  }

  /** Draws a place where it is. */
  end(place: number): void {
    if (!hasBit(this.#places, place)) return;
    clearBit(this.#places, place);
    this.#count--;
  }

  /**
   * Draws a place on from where it was drawn.
   *
   * @param shown What was drawn.
   * @param values Where it is now.
   * @returns `false` if it is too far away.
   */
  begin(place: number, shown: Float64Array, values: Float64Array): boolean {
    this.end(place);
    let isOff = false;
    for (const field of this.#fields) {
      const off = this.#measure(field, place, shown, values);
      if (!(off <= field.limit)) return false;
      if (off >= field.least) isOff = true;
    }
    if (!isOff) return true;
    setBit(this.#places, place);
    this.#count++;
    return true;
  }

  /** Comes nearer by a frame's time. */
  tick(dt: number): void {
    if (this.#count === 0) return;
    const factor = Math.exp(-dt * 1_000 / this.#correctionMs);
    const places = this.#places;
    for (let at = nextBit(places, 0); at >= 0; at = nextBit(places, at + 1)) {
      let isOff = false;
      for (const field of this.#fields) {
        if (this.#shrink(field, at, factor) >= field.least) isOff = true;
      }
      if (!isOff) this.end(at);
    }
  }

  /** Puts what is drawn of a place into lanes that hold where it is. */
  apply(place: number, into: Float64Array): void {
    const capacity = this.#capacity;
    const offsets = this.#offsets;
    for (const { first, count, kind } of this.#fields) {
      const at = first * capacity + place;
      if (kind === "rotation") {
        multiply(offsets, into, at, capacity, into);
        continue;
      }
      for (let i = 0; i < count; i++) {
        into[at + i * capacity]! += offsets[at + i * capacity]!;
      }
    }
  }

  /** Takes the offset of a field, and returns its size. */
  #measure(
    { first, count, kind }: SmoothedField,
    place: number,
    shown: Float64Array,
    values: Float64Array,
  ): number {
    const capacity = this.#capacity;
    const offsets = this.#offsets;
    const at = first * capacity + place;
    if (kind === "angle") {
      offsets[at] = angleBetween(values[at]!, shown[at]!);
      return Math.abs(offsets[at]!);
    }
    if (kind === "rotation") {
      const y = at + capacity;
      const z = y + capacity;
      const w = z + capacity;
      // shown = offset × value, so that the offset is shown × the inverse.
      conjugate[0] = -values[at]!;
      conjugate[1] = -values[y]!;
      conjugate[2] = -values[z]!;
      conjugate[3] = values[w]!;
      product(
        shown[at]!,
        shown[y]!,
        shown[z]!,
        shown[w]!,
        conjugate[0]!,
        conjugate[1]!,
        conjugate[2]!,
        conjugate[3]!,
      );
      // The short way round.
      const sign = result[3]! < 0 ? -1 : 1;
      for (let i = 0; i < 4; i++) {
        offsets[at + i * capacity] = result[i]! * sign;
      }
      return this.#turnOf(at);
    }
    let square = 0;
    for (let i = at, n = 0; n < count; n++, i += capacity) {
      offsets[i] = shown[i]! - values[i]!;
      square += offsets[i]! * offsets[i]!;
    }
    return Math.sqrt(square);
  }

  #shrink(
    { first, count, kind }: SmoothedField,
    place: number,
    factor: number,
  ): number {
    const capacity = this.#capacity;
    const offsets = this.#offsets;
    const at = first * capacity + place;
    let square = 0;
    if (kind !== "rotation") {
      for (let i = at, n = 0; n < count; n++, i += capacity) {
        offsets[i]! *= factor;
        square += offsets[i]! * offsets[i]!;
      }
      return Math.sqrt(square);
    }
    // Towards no turn at all, along the chord.
    const w = at + 3 * capacity;
    for (let i = at; i < w; i += capacity) {
      offsets[i]! *= factor;
      square += offsets[i]! * offsets[i]!;
    }
    offsets[w] = 1 + (offsets[w]! - 1) * factor;
    const length = Math.sqrt(square + offsets[w]! * offsets[w]!);
    for (let i = at; i <= w; i += capacity) offsets[i]! /= length;
    return this.#turnOf(at);
  }

  /** About the angle of an offset: twice the length of its vector part. */
  #turnOf(at: number): number {
    const capacity = this.#capacity;
    const x = this.#offsets[at]!;
    const y = this.#offsets[at + capacity]!;
    const z = this.#offsets[at + 2 * capacity]!;
    return 2 * Math.sqrt(x * x + y * y + z * z);
  }
}

const conjugate = new Float64Array(4);
const result = new Float64Array(4);

/** Puts the product of two rotations at the same place into a third. */
function multiply(
  a: Float64Array,
  b: Float64Array,
  at: number,
  capacity: number,
  into: Float64Array,
): void {
  const y = at + capacity;
  const z = y + capacity;
  const w = z + capacity;
  product(a[at]!, a[y]!, a[z]!, a[w]!, b[at]!, b[y]!, b[z]!, b[w]!);
  into[at] = result[0]!;
  into[y] = result[1]!;
  into[z] = result[2]!;
  into[w] = result[3]!;
}

function product(
  ax: number,
  ay: number,
  az: number,
  aw: number,
  bx: number,
  by: number,
  bz: number,
  bw: number,
): void {
  result[0] = aw * bx + ax * bw + ay * bz - az * by;
  result[1] = aw * by - ax * bz + ay * bw + az * bx;
  result[2] = aw * bz + ax * by - ay * bx + az * bw;
  result[3] = aw * bw - ax * bx - ay * by - az * bz;
}
