// This module is browser compatible.
import { bitSet } from "../world/bit_set.ts";
import type { FrameRing, SampledFrame } from "./_frame_ring.ts";
import { blendAngles, moveOn } from "./_lanes.ts";
import { copyPlace, steadyWord } from "./_places.ts";
import {
  blendRotations,
  fillWeights,
  turnRotations,
  WEIGHT_COUNT,
} from "./_rotations.ts";
import type { FrameLayout } from "./frame_layout.ts";

/** Beyond so many times the distance of two samples, rotations stop to turn. */
const MAX_TURNS = 64;

/**
 * Fills the places of which snapshots had nothing new: between two samples on a line, and
 * behind the last one as it moved before.
 *
 * It goes frame by frame with sets of places, as those that were sent together have their
 * samples in the same frames.
 */
export class Gaps {
  readonly #layout: FrameLayout;
  readonly #maxTicks: number;
  readonly #weights = new Float64Array(WEIGHT_COUNT);
  readonly #part = new Float64Array(1);
  readonly #seconds = new Float64Array(1);
  readonly #slots: Uint16Array;
  // Places, each set by one function alone.
  readonly #places: Uint32Array;
  readonly #rest: Uint32Array;
  readonly #from: Uint32Array;
  readonly #ahead: Uint32Array;
  readonly #onward: Uint32Array;
  readonly #here: Uint32Array;

  /**
   * @param layout What frames hold.
   * @param maxTicks How long a place moves on behind its last sample.
   */
  constructor(layout: FrameLayout, maxTicks: number) {
    const { capacity } = layout;
    this.#layout = layout;
    this.#maxTicks = maxTicks;
    this.#slots = new Uint16Array(capacity);
    this.#places = bitSet(capacity);
    this.#rest = bitSet(capacity);
    this.#from = bitSet(capacity);
    this.#ahead = bitSet(capacity);
    this.#onward = bitSet(capacity);
    this.#here = bitSet(capacity);
  }

  /**
   * Fills what a new frame lacks, and what others lack that it has.
   *
   * @param ring The frames.
   * @param index Where the new one is.
   * @returns Whether another frame has changed.
   */
  mend(ring: FrameRing, index: number): boolean {
    const { alive, guessed } = ring.at(index);
    const places = this.#places;
    places.set(guessed);
    this.#fill(ring, index, places);
    let isMended = false;
    for (const step of [-1, 1]) {
      for (let i = 0; i < places.length; i++) {
        places[i] = alive[i]! & ~guessed[i]!;
      }
      for (let at = index + step; at >= 0 && at < ring.size; at += step) {
        if (!keep(places, ring.at(at).guessed)) break;
        this.#fill(ring, at, places);
        isMended = true;
      }
    }
    return isMended;
  }

  /** Fills places of a frame that has no samples of them. */
  #fill(ring: FrameRing, index: number, places: Uint32Array): void {
    const rest = this.#rest;
    rest.set(places);
    for (let at = index - 1; at >= 0; at--) {
      const { alive, guessed } = ring.at(at);
      if (!keep(rest, alive)) return;
      // The samples of the oldest may have gone: what it has is the best there is.
      if (split(rest, guessed, this.#from, at === 0)) {
        this.#fillFrom(ring, index, at, this.#from);
      }
    }
  }

  /** Fills places whose last samples are in one frame. */
  #fillFrom(
    ring: FrameRing,
    index: number,
    from: number,
    places: Uint32Array,
  ): void {
    const ahead = this.#ahead;
    const onward = this.#onward;
    ahead.set(places);
    onward.fill(0);
    for (let at = index + 1; at < ring.size; at++) {
      const frame = ring.at(at);
      for (let i = 0; i < ahead.length; i++) {
        onward[i]! |= ahead[i]! & ~frame.alive[i]!;
      }
      if (!keep(ahead, frame.alive)) break;
      if (split(ahead, frame.guessed, this.#here, false)) {
        this.#blend(ring.at(from), frame, ring.at(index), this.#here);
      }
    }
    for (let i = 0; i < onward.length; i++) onward[i]! |= ahead[i]!;
    this.#fillOnward(ring, index, from, onward);
  }

  /** Fills places that have no later samples. */
  #fillOnward(
    ring: FrameRing,
    index: number,
    from: number,
    places: Uint32Array,
  ): void {
    const last = ring.at(from);
    const out = ring.at(index);
    const here = this.#here;
    for (let at = from - 1; at >= 0 && isAny(places); at--) {
      const earlier = ring.at(at);
      for (let i = 0; i < places.length; i++) {
        const samples = places[i]! & ~earlier.guessed[i]!;
        here[i] = samples === 0 ? 0 : samples & steadyWord(earlier, last, i);
      }
      this.#moveOn(earlier, last, out, here);
      // One that has come, or jumped, has no way behind it.
      for (let i = 0; i < places.length; i++) {
        here[i] = places[i]! & ~earlier.guessed[i]! & ~here[i]!;
        places[i]! &= earlier.guessed[i]!;
      }
      this.#moveOn(last, last, out, here);
    }
    this.#moveOn(last, last, out, places);
  }

  /** Blends places between two samples. */
  #blend(
    before: SampledFrame,
    after: SampledFrame,
    out: SampledFrame,
    places: Uint32Array,
  ): void {
    const { fields } = this.#layout;
    const { capacity } = out;
    const slots = this.#slots;
    const a = before.values;
    const b = after.values;
    const part = this.#part;
    part[0] = (out.tick - before.tick) / (after.tick - before.tick);
    fillWeights(part, this.#weights);
    for (let i = 0; i < places.length; i++) {
      if (places[i] === 0) continue;
      const steady = steadyWord(before, after, i);
      this.#hold(before, out, places[i]! & ~steady, i);
      places[i]! &= steady;
    }
    const count = listPlaces(places, slots);
    for (let k = 0; k < count; k++) {
      out.marks[slots[k]!] = before.marks[slots[k]!]!;
    }
    for (let i = 0; i < fields.length; i++) {
      const { kind, first, count: lanes } = fields[i]!;
      for (let lane = first; lane < first + lanes; lane++) {
        const from = lane * capacity;
        if (kind === "rotation") {
          for (let k = 0; k < count; k++) {
            const at = from + slots[k]!;
            blendRotations(a, b, out.values, at, capacity, 1, this.#weights);
          }
          break;
        }
        if (kind === "angle") {
          for (let k = 0; k < count; k++) {
            const at = from + slots[k]!;
            blendAngles(a, b, out.values, at, at + 1, part);
          }
        } else blendPlaces(a, b, out.values, from, slots, count, part);
      }
    }
  }

  /** Moves places on from two samples, or by their velocities alone from one. */
  #moveOn(
    earlier: SampledFrame,
    last: SampledFrame,
    out: SampledFrame,
    places: Uint32Array,
  ): void {
    const { fields, tickRate } = this.#layout;
    const { capacity } = out;
    const slots = this.#slots;
    const a = earlier.values;
    const b = last.values;
    const count = listPlaces(places, slots);
    if (count === 0) return;
    for (let i = 0; i < places.length; i++) {
      this.#hold(last, out, places[i]!, i);
    }
    const ticks = Math.min(out.tick - last.tick, this.#maxTicks);
    const gap = last.tick - earlier.tick;
    const turns = gap > 0 ? Math.min(ticks / gap, MAX_TURNS) : 0;
    const steps = Math.floor(turns);
    const part = this.#part;
    part[0] = turns - steps;
    if (gap > 0) fillWeights(part, this.#weights);
    part[0] = gap > 0 ? 1 + ticks / gap : 1;
    this.#seconds[0] = ticks / tickRate;
    for (let i = 0; i < fields.length; i++) {
      const { kind, first, count: lanes, velocity } = fields[i]!;
      if (gap === 0 && velocity < 0) continue;
      for (let lane = first; lane < first + lanes; lane++) {
        const from = lane * capacity;
        if (kind === "rotation") {
          for (let k = 0; k < count; k++) {
            turnRotations(
              a,
              b,
              out.values,
              from + slots[k]!,
              capacity,
              1,
              steps,
              this.#weights,
            );
          }
          break;
        }
        if (kind === "angle") {
          for (let k = 0; k < count; k++) {
            const at = from + slots[k]!;
            blendAngles(a, b, out.values, at, at + 1, part);
          }
        } else if (velocity >= 0) {
          const away = (velocity - first) * capacity;
          for (let k = 0; k < count; k++) {
            const at = from + slots[k]!;
            moveOn(b, out.values, at, at + 1, away, this.#seconds);
          }
        } else if (kind === "point") {
          blendPlaces(a, b, out.values, from, slots, count, part);
        }
      }
    }
  }

  /** Leaves places of a word as they were. */
  #hold(
    from: SampledFrame,
    out: SampledFrame,
    places: number,
    i: number,
  ): void {
    for (let left = places; left !== 0; left &= left - 1) {
      const slot = (i << 5) + 31 - Math.clz32(left & -left);
      out.marks[slot] = from.marks[slot]!;
      copyPlace(from, out, slot);
    }
  }
}

/** Lists the places of a set; returns how many. */
function listPlaces(places: Uint32Array, into: Uint16Array): number {
  let count = 0;
  for (let i = 0; i < places.length; i++) {
    for (let left: number = places[i]!; left !== 0; left &= left - 1) {
      into[count++] = (i << 5) + 31 - Math.clz32(left & -left);
    }
  }
  return count;
}

/** Blends places of a lane along a line; `part` may be beyond 1. */
function blendPlaces(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  from: number,
  slots: Uint16Array,
  count: number,
  part: Float64Array,
): void {
  const t = part[0]!;
  for (let k = 0; k < count; k++) {
    const at = from + slots[k]!;
    const start = a[at]!;
    out[at] = start + (b[at]! - start) * t;
  }
}

function isAny(places: Uint32Array): boolean {
  for (let i = 0; i < places.length; i++) if (places[i] !== 0) return true;
  return false;
}

/** Keeps those places of a set that are in another one; returns whether there are any. */
function keep(places: Uint32Array, others: Uint32Array): boolean {
  let any = 0;
  for (let i = 0; i < places.length; i++) any |= places[i]! &= others[i]!;
  return any !== 0;
}

/**
 * Takes out of a set those places of which a frame has samples.
 *
 * @param isAll Whether it takes the others too.
 * @returns Whether there are any.
 */
function split(
  places: Uint32Array,
  guessed: Uint32Array,
  samples: Uint32Array,
  isAll: boolean,
): boolean {
  let any = 0;
  for (let i = 0; i < places.length; i++) {
    const here = isAll ? places[i]! : places[i]! & ~guessed[i]!;
    samples[i] = here;
    places[i]! &= ~here;
    any |= here;
  }
  return any !== 0;
}
