// This module is browser compatible.

import { lg, MOST_SIZE } from "./numbers.ts";

/** How many entities are kept at most. */
export const MOST_NEIGHBOURS = 128;
const MOST_WEIGHT = 60;
// What a row holds: a place, how far off it was, by how much it turned away, and how far in all.
const ROW = 10;

/** Of the last entities that were coded: where they were, and what was not expected. */
export class Neighbours {
  /** Mean miss of neighbours, faded with distance. */
  readonly miss: Float64Array = new Float64Array(3);
  /** The same of changes of the way. */
  readonly bend: Float64Array = new Float64Array(3);
  /** How far off what was expected is; to be set before `add`. */
  readonly missed: Float64Array = new Float64Array(3);
  /** By how much it changed its way; to be set before `add`. */
  readonly bent: Float64Array = new Float64Array(3);
  /** How near they are, by {@linkcode lg}. */
  lgWeight = 0;
  /** Mean size of their misses, by {@linkcode lg}. */
  lgSize = 0;
  /** How many are kept. */
  most: number = MOST_NEIGHBOURS;
  /** How far off they count an eighth. */
  reach = 0;
  readonly #rows = new Float64Array(MOST_NEIGHBOURS * ROW);
  #count = 0;
  #next = 0;
  #balance = 0;

  /**
   * Begins a message, without any.
   *
   * @param most How many are kept: none, or at most {@linkcode MOST_NEIGHBOURS}.
   * @param reach How far off they count an eighth.
   */
  begin(most: number, reach: number): void {
    this.most = most;
    this.#count = 0;
    this.#next = 0;
    this.#balance = 0;
    this.reach = reach;
  }

  /** Looks for those near a place of the base. */
  look(base: Int32Array, from: number, capacity: number, count: number): void {
    const rows = this.#rows;
    const x = base[from]! >>> 0;
    const y = base[from + capacity | 0]! >>> 0;
    const z = count > 2 ? base[from + 2 * capacity | 0]! >>> 0 : 0;
    const square = this.reach * this.reach;
    let sum = 0, mx = 0, my = 0, mz = 0, size = 0, bx = 0, by = 0, bz = 0;
    let nearest = Infinity;
    const far = 4 * this.reach;
    const end = this.#count * ROW | 0;
    for (let i = 0; i < end; i = i + ROW | 0) {
      const dx = rows[i]! - x;
      if (dx > far || dx < -far) continue;
      const dy = rows[i + 1 | 0]! - y;
      if (dy > far || dy < -far) continue;
      const dz = rows[i + 2 | 0]! - z;
      const distance = dx * dx + dy * dy + dz * dz;
      if (distance < nearest) nearest = distance;
      const w = square / (distance + square);
      const w2 = w * w * w;
      sum += w2;
      mx += w2 * rows[i + 3 | 0]!;
      my += w2 * rows[i + 4 | 0]!;
      mz += w2 * rows[i + 5 | 0]!;
      bx += w2 * rows[i + 7 | 0]!;
      by += w2 * rows[i + 8 | 0]!;
      bz += w2 * rows[i + 9 | 0]!;
      size += w2 * rows[i + 6 | 0]!;
    }
    if (end > 0) this.#balance += nearest > square * 2 ? 1 : -1;
    this.lgWeight = lg(sum * 100 | 0);
    if (this.lgWeight > MOST_WEIGHT) this.lgWeight = MOST_WEIGHT;
    this.lgSize = sum === 0 ? 0 : lg(Math.min(size / sum, MOST_SIZE) | 0);
    const k = 1 / (sum + 0.02);
    this.miss[0] = mx * k;
    this.miss[1] = my * k;
    this.miss[2] = mz * k;
    this.bend[0] = bx * k;
    this.bend[1] = by * k;
    this.bend[2] = bz * k;
  }

  /** The reach to go on with. */
  get nextReach(): number {
    const { reach } = this;
    const step = Math.trunc(reach * this.#balance / 2048);
    const next = reach + (step !== 0 ? step : Math.sign(this.#balance));
    return next < 1 ? 1 : next > 65535 ? 65535 : next;
  }

  /** Keeps an entity whose `missed` and `bent` are set. */
  add(base: Int32Array, from: number, capacity: number, count: number): void {
    const rows = this.#rows;
    const i = this.#next * ROW;
    this.#next = this.#next + 1 === this.most ? 0 : this.#next + 1;
    if (this.#count < this.most) this.#count += 1;
    rows[i] = base[from]! >>> 0;
    rows[i + 1 | 0] = base[from + capacity | 0]! >>> 0;
    rows[i + 2 | 0] = count > 2 ? base[from + 2 * capacity | 0]! >>> 0 : 0;
    const x = this.missed[0]!;
    const y = this.missed[1]!;
    const z = count > 2 ? this.missed[2]! : 0;
    rows[i + 3 | 0] = x;
    rows[i + 4 | 0] = y;
    rows[i + 5 | 0] = z;
    rows[i + 7 | 0] = this.bent[0]!;
    rows[i + 8 | 0] = this.bent[1]!;
    rows[i + 9 | 0] = count > 2 ? this.bent[2]! : 0;
    rows[i + 6 | 0] = Math.abs(x) + Math.abs(y) + Math.abs(z);
  }
}
