// This module is browser compatible.
import { shortWay, wrapAngle } from "./_lanes.ts";
import { Frame } from "./frame.ts";
import type { FrameLayout } from "./frame_layout.ts";
import { steadyWord } from "./_places.ts";

/** Below this part of what it was, an error counts as gone. */
const GONE = 1 / 1024;
/** What is off by less is not off. */
const NOTHING = 1e-12;

/**
 * How far what was drawn is from what should have been, which fades: what is drawn next
 * is moved by it, so that nothing jumps. Scalars are not: they are no places.
 */
export class Correction {
  readonly #layout: FrameLayout;
  /** Differences of points and angles; rotations from what should be to what was. */
  readonly #offset: Frame;
  #strength = 0;

  constructor(layout: FrameLayout) {
    this.#layout = layout;
    this.#offset = new Frame(layout);
  }

  clear(): void {
    this.#strength = 0;
  }

  /**
   * Takes the difference of two frames of one moment, in place of the one before.
   *
   * @param drawn What was drawn, with the rest of the difference before.
   * @param truth What should have been.
   */
  take(drawn: Frame, truth: Frame): void {
    const { values, alive, marks } = this.#offset;
    const { capacity } = drawn;
    const { fields } = this.#layout;
    for (let word = 0; word < alive.length; word++) {
      alive[word] = steadyWord(drawn, truth, word);
    }
    marks.set(truth.marks);
    const extent = this.#offset.extent;
    const a = truth.values;
    const b = drawn.values;
    for (let i = 0; i < fields.length; i++) {
      const { kind, first, count } = fields[i]!;
      const from = first * capacity;
      if (kind === "rotation") {
        takeRotations(a, b, values, from, capacity, extent);
      } else if (kind === "angle") {
        for (let at = from; at < from + extent; at++) {
          values[at] = shortWay(b[at]! - a[at]!);
        }
      } else if (kind === "point") {
        for (
          let lane = from;
          lane < from + count * capacity;
          lane += capacity
        ) {
          for (let at = lane; at < lane + extent; at++) {
            values[at] = b[at]! - a[at]!;
          }
        }
      }
    }
    for (let word = 0; word < alive.length; word++) {
      let left = alive[word]!;
      while (left !== 0) {
        const bit = left & -left;
        left ^= bit;
        const slot = (word << 5) + 31 - Math.clz32(bit);
        if (!this.#isOff(slot)) alive[word]! &= ~bit;
      }
    }
    this.#strength = this.#offset.extent === 0 ? 0 : 1;
  }

  /** Whether a place is off by more than rounding makes. */
  #isOff(slot: number): boolean {
    const { values, capacity } = this.#offset;
    const { fields } = this.#layout;
    for (let i = 0; i < fields.length; i++) {
      const { kind, first, count } = fields[i]!;
      if (kind === "scalar") continue;
      // The w of a rotation is 1 when it is none.
      const end = first + (kind === "rotation" ? 3 : count);
      for (let lane = first; lane < end; lane++) {
        if (Math.abs(values[lane * capacity + slot]!) > NOTHING) return true;
      }
    }
    return false;
  }

  /**
   * Moves a frame by what is left of the difference.
   *
   * @param constants How many time constants have passed since the last call.
   */
  apply(frame: Frame, constants: number): void {
    if (this.#strength === 0) return;
    const strength = this.#strength * Math.exp(-constants);
    this.#strength = strength < GONE ? 0 : strength;
    if (this.#strength === 0) return;
    const { values, alive } = this.#offset;
    for (let word = 0; word < alive.length; word++) {
      // Another entity, or one that has jumped, has nothing to make good.
      alive[word] = steadyWord(this.#offset, frame, word);
    }
    const { capacity } = frame;
    const { fields } = this.#layout;
    for (let word = 0; word < alive.length; word++) {
      let left = alive[word]!;
      while (left !== 0) {
        const bit = left & -left;
        left ^= bit;
        const slot = (word << 5) + 31 - Math.clz32(bit);
        for (let i = 0; i < fields.length; i++) {
          const { kind, first, count } = fields[i]!;
          const at = first * capacity + slot;
          if (kind === "rotation") {
            turn(frame.values, values, at, capacity, strength);
          } else if (kind === "angle") {
            frame.values[at] = wrapAngle(
              frame.values[at]! + strength * values[at]!,
            );
          } else if (kind === "point") {
            for (let lane = 0; lane < count; lane++) {
              frame.values[at + lane * capacity]! += strength *
                values[at + lane * capacity]!;
            }
          }
        }
      }
    }
  }
}

/** The rotations that lead from `a` to `b`: b times the inverse of a. */
function takeRotations(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  lane: number,
  capacity: number,
  extent: number,
): void {
  const y = capacity;
  const z = 2 * capacity;
  const w = 3 * capacity;
  for (let i = lane; i < lane + extent; i++) {
    const ax = a[i]!, ay = a[i + y]!, az = a[i + z]!, aw = a[i + w]!;
    const bx = b[i]!, by = b[i + y]!, bz = b[i + z]!, bw = b[i + w]!;
    const dot = ax * bx + ay * by + az * bz + aw * bw;
    const sign = dot < 0 ? -1 : 1;
    out[i] = sign * (bx * aw - bw * ax - by * az + bz * ay);
    out[i + y] = sign * (by * aw - bw * ay - bz * ax + bx * az);
    out[i + z] = sign * (bz * aw - bw * az - bx * ay + by * ax);
    out[i + w] = sign * dot;
  }
}

/** Turns a rotation by a part of another. */
function turn(
  values: Float64Array,
  by: Float64Array,
  at: number,
  capacity: number,
  part: number,
): void {
  const y = at + capacity;
  const z = y + capacity;
  const w = z + capacity;
  let bx = by[at]! * part;
  let by_ = by[y]! * part;
  let bz = by[z]! * part;
  let bw = by[w]! * part + 1 - part;
  const scale = 1 / Math.sqrt(bx * bx + by_ * by_ + bz * bz + bw * bw);
  bx *= scale;
  by_ *= scale;
  bz *= scale;
  bw *= scale;
  const ax = values[at]!, ay = values[y]!, az = values[z]!, aw = values[w]!;
  values[at] = bw * ax + bx * aw + by_ * az - bz * ay;
  values[y] = bw * ay + by_ * aw + bz * ax - bx * az;
  values[z] = bw * az + bz * aw + bx * ay - by_ * ax;
  values[w] = bw * aw - bx * ax - by_ * ay - bz * az;
}
