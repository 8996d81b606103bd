// This module is browser compatible.
import type { Frame } from "./frame.ts";
import {
  beginBlend,
  blendEnds,
  blendField,
  checkBlend,
  type RotationBlend,
} from "./interpolate.ts";
import { blendCurve, blendVelocities } from "./_lanes.ts";
import { checkFrames, mendPlaces, steadyWord } from "./_places.ts";

/**
 * A neighbour counts if the gap in the middle is at most so many times the gap to it:
 * after a long loss, the speed before it says little.
 */
const MAX_GAP_RATIO = 4;

// Which neighbours are known, as the sum of these.
const EARLIER = 1;
const LATER = 2;
/** Weights of each of the four cases. */
const CASE_LENGTH = 3;

// What one call needs.
const cases = new Float64Array(4 * CASE_LENGTH);
const hermite = new Float64Array(3);

/**
 * Tells where everything was between two snapshots as `interpolate` does, but with points
 * (`vec2` and `vec3`) on a smooth curve: a cubic of Hermite's, of which the speed is the
 * same on both sides of each snapshot. No object is made.
 *
 * Speeds at the two snapshots come from their neighbours (the derivative of the parabola
 * through three snapshots, whatever their distances), or from a field of velocities, if
 * the layout has one: then neighbours are not looked at. Where a neighbour is missing,
 * lacks the entity or is far away, the curve is the parabola through the three others, or
 * with neither a line. It may leave the range of the field a little.
 *
 * @param earlier The snapshot before `before`, if there is one.
 * @param before A frame, whose `tick` says when it was.
 * @param after A later one of the same layout.
 * @param later The snapshot after `after`, if it is there yet.
 * @param blend How far it is from `before` to `after`: 0 to 1.
 * @param out Takes the result: another frame of the same layout.
 * @param rotations How rotations are blended.
 * @throws {RangeError} If `blend` is out of its range, or ticks do not rise.
 * @throws {TypeError} If the layouts differ, or `out` is one of the others.
 *
 * @example A thrown stone
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec2 } from "@tickwire/net/protocol";
 * import { defineEntity, EntityTable, Frame, frameLayout, interpolateCurve } from "@tickwire/net/sync";
 *
 * const at = vec2({ min: -64, max: 64, step: 1 });
 * const stone = defineEntity({ at }, { maxEntities: 1 });
 * const layout = frameLayout(stone);
 * const [a, b, c, drawn] = [0, 2, 4, 0].map((tick) => {
 *   const table = new EntityTable(stone);
 *   table.place(0, 0);
 *   table.values.set([tick + 64, tick * tick + 64]);
 *   const frame = new Frame(layout);
 *   frame.fill(table);
 *   frame.tick = tick;
 *   return frame;
 * }) as [Frame, Frame, Frame, Frame];
 * interpolateCurve(a, b, c, undefined, 0.5, drawn);
 * assertEquals([...drawn.values], [3, 9]);
 * ```
 */
export function interpolateCurve(
  earlier: Frame | undefined,
  before: Frame,
  after: Frame,
  later: Frame | undefined,
  blend: number,
  out: Frame,
  rotations: RotationBlend = "corrected",
): void {
  checkFrames("interpolate", out, before, after);
  checkFrames("interpolate", out, earlier ?? before, later ?? after);
  checkBlend(blend);
  checkOrder(earlier, before);
  checkOrder(before, after);
  checkOrder(after, later);
  if (blendEnds(before, after, blend, out)) return;
  const extent = Math.min(before.extent, after.extent);
  const { fields, tickRate } = out.layout;
  const { capacity } = out;
  fillCases(earlier, before, after, later, blend);
  fillHermite(blend, (after.tick - before.tick) / tickRate);
  const first = earlier ?? before;
  const last = later ?? after;
  const best = (earlier === undefined ? 0 : EARLIER) +
    (later === undefined ? 0 : LATER);
  beginBlend(blend);
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    if (field.kind !== "point") {
      blendField(field, before, after, out, extent, rotations);
      continue;
    }
    for (let lane = 0; lane < field.count; lane++) {
      const from = (field.first + lane) * capacity;
      if (field.velocity >= 0) {
        blendVelocities(
          before.values,
          after.values,
          out.values,
          from,
          from + extent,
          (field.velocity - field.first) * capacity,
          hermite,
        );
      } else {
        blendCurve(
          first.values,
          before.values,
          after.values,
          last.values,
          out.values,
          from,
          from + extent,
          cases,
          best * CASE_LENGTH,
        );
      }
    }
  }
  mendPlaces(before, after, out);
  mendCurves(earlier, before, after, later, best, out);
}

/** Gives those places their curves that lack an entity in a neighbour. */
function mendCurves(
  earlier: Frame | undefined,
  before: Frame,
  after: Frame,
  later: Frame | undefined,
  best: number,
  out: Frame,
): void {
  if (best === 0) return;
  const { blended } = out;
  for (let word = 0; word < blended.length; word++) {
    const from = earlier === undefined ? 0 : steadyWord(earlier, before, word);
    const to = later === undefined ? 0 : steadyWord(after, later, word);
    const hasAll = (earlier === undefined ? -1 : from) &
      (later === undefined ? -1 : to);
    let left = blended[word]! & ~hasAll;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const known = ((from & bit) === 0 ? 0 : EARLIER) +
        ((to & bit) === 0 ? 0 : LATER);
      const slot = (word << 5) + 31 - Math.clz32(bit);
      mendCurve(earlier, before, after, later, known, slot, out);
    }
  }
}

function mendCurve(
  earlier: Frame | undefined,
  before: Frame,
  after: Frame,
  later: Frame | undefined,
  known: number,
  slot: number,
  out: Frame,
): void {
  const { fields } = out.layout;
  for (let i = 0; i < fields.length; i++) {
    const { kind, first, count, velocity } = fields[i]!;
    if (kind !== "point" || velocity >= 0) continue;
    for (let lane = 0; lane < count; lane++) {
      const at = (first + lane) * out.capacity + slot;
      blendCurve(
        (known & EARLIER) === 0 ? before.values : earlier!.values,
        before.values,
        after.values,
        (known & LATER) === 0 ? after.values : later!.values,
        out.values,
        at,
        at + 1,
        cases,
        known * CASE_LENGTH,
      );
    }
  }
}

function checkOrder(a: Frame | undefined, b: Frame | undefined): void {
  if (a === undefined || b === undefined || a.tick < b.tick) return;
  throw new RangeError(
    `Cannot interpolate frames as their ticks must rise: current value is ${a.tick} before ${b.tick}`,
  );
}

/**
 * Computes what the steps from `earlier` to `before`, on to `after` and on to `later`
 * count in a point of the curve, in each case of what is known.
 */
function fillCases(
  earlier: Frame | undefined,
  before: Frame,
  after: Frame,
  later: Frame | undefined,
  u: number,
): void {
  const way = u * u * (3 - 2 * u);
  const start = u * (1 - u) * (1 - u);
  const end = u * u * (u - 1);
  const gap = after.tick - before.tick;
  const gapBefore = earlier === undefined ? 0 : before.tick - earlier.tick;
  const gapAfter = later === undefined ? 0 : later.tick - after.tick;
  const hasEarlier = gap <= MAX_GAP_RATIO * gapBefore;
  const hasLater = gap <= MAX_GAP_RATIO * gapAfter;
  // The speeds at the ends, times the gap, as sums of steps of the three.
  const startEarlier = gap * gap / (gapBefore * (gapBefore + gap));
  const startMiddle = gapBefore / (gapBefore + gap);
  const endMiddle = gapAfter / (gapAfter + gap);
  const endLater = gap * gap / (gapAfter * (gapAfter + gap));
  for (let at = 0; at < cases.length; at += CASE_LENGTH) {
    const known = at / CASE_LENGTH;
    const isStart = (known & EARLIER) !== 0 && hasEarlier;
    const isEnd = (known & LATER) !== 0 && hasLater;
    // A parabola's speed in the middle is the mean of those at its ends.
    const first = isStart ? isEnd ? start : start - end : 0;
    const last = isEnd ? isStart ? end : end - start : 0;
    cases[at] = isStart ? first * startEarlier : 0;
    cases[at + 2] = isEnd ? last * endLater : 0;
    cases[at + 1] = !isStart && !isEnd
      ? u
      : way + (isStart ? first * startMiddle : 2 * start) +
        (isEnd ? last * endMiddle : 2 * end);
  }
}

function fillHermite(u: number, seconds: number): void {
  hermite[0] = u * u * (3 - 2 * u);
  hermite[1] = u * (1 - u) * (1 - u) * seconds;
  hermite[2] = u * u * (u - 1) * seconds;
}
