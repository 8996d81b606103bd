// This module is browser compatible.
import type { FrameLanes } from "./frame_layout.ts";
import type { Frame } from "./frame.ts";
import { blendAngles, blendLine } from "./_lanes.ts";
import { checkFrames, mendPlaces } from "./_places.ts";
import {
  blendRotations,
  fillWeights,
  slerpRotations,
  WEIGHT_COUNT,
} from "./_rotations.ts";

/**
 * How rotations are blended: `"corrected"` without sines, at most 0.04 mrad from slerp
 * and of length 1 to 4e-8; `"exact"` by slerp, which takes more than ten times as long.
 */
export type RotationBlend = "corrected" | "exact";

// What one call needs.
const weights = new Float64Array(WEIGHT_COUNT);
const part = new Float64Array(1);

/**
 * Tells where everything was between two snapshots: points and floats on a line, angles
 * and rotations the short way round. No object is made.
 *
 * The entities are those of `before`. One that is not in `after`, is another one there,
 * or has jumped (the layout's `teleport`), is as it was in `before`. At `blend` 0 all
 * numbers are those of `before`, and at 1 entities and numbers are those of `after`, to
 * the bit.
 *
 * @param before A frame.
 * @param after A later one of the same layout.
 * @param blend How far it is from one to the other: 0 to 1.
 * @param out Takes the result: another frame of the same layout.
 * @param rotations How rotations are blended.
 * @throws {RangeError} If `blend` is out of its range.
 * @throws {TypeError} If the layouts differ, or `out` is one of the others.
 *
 * @example Half way
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { angle } from "@tickwire/net/protocol";
 * import { defineEntity, EntityTable, Frame, frameLayout, interpolate } from "@tickwire/net/sync";
 *
 * const gun = defineEntity({ heading: angle({ bits: 8 }) }, { maxEntities: 1 });
 * const table = new EntityTable(gun);
 * table.place(0, 0);
 * const layout = frameLayout(gun);
 * const frames = [224, 32].map((heading) => {
 *   table.values[0] = heading;
 *   const frame = new Frame(layout);
 *   frame.fill(table);
 *   return frame;
 * });
 * const drawn = new Frame(layout);
 * interpolate(frames[0]!, frames[1]!, 0.75, drawn);
 * assertAlmostEquals(drawn.values[0]!, Math.PI / 8); // through 0
 * ```
 */
export function interpolate(
  before: Frame,
  after: Frame,
  blend: number,
  out: Frame,
  rotations: RotationBlend = "corrected",
): void {
  checkFrames("interpolate", out, before, after);
  checkBlend(blend);
  if (blendEnds(before, after, blend, out)) return;
  const extent = Math.min(before.extent, after.extent);
  const { fields } = out.layout;
  beginBlend(blend);
  for (let i = 0; i < fields.length; i++) {
    blendField(fields[i]!, before, after, out, extent, rotations);
  }
  mendPlaces(before, after, out);
}

/** Refuses a blend that is out of range. */
export function checkBlend(blend: number): void {
  if (!(blend >= 0 && blend <= 1)) {
    throw new RangeError(
      `Cannot interpolate frames as blend must be from 0 to 1: current value is ${blend}`,
    );
  }
}

/** Does it all if the moment is that of one of the two. */
export function blendEnds(
  before: Frame,
  after: Frame,
  blend: number,
  out: Frame,
): boolean {
  out.tick = before.tick + (after.tick - before.tick) * blend;
  if (blend !== 0 && blend !== 1) return false;
  out.copyFrom(blend === 0 ? before : after);
  out.blended.set(out.alive);
  return true;
}

/** Computes what {@linkcode blendField} needs. */
export function beginBlend(blend: number): void {
  part[0] = blend;
  fillWeights(part, weights);
}

/** Blends a field of all places below `extent`. */
export function blendField(
  { kind, first, count }: FrameLanes,
  before: Frame,
  after: Frame,
  out: Frame,
  extent: number,
  rotations: RotationBlend,
): void {
  const { capacity } = out;
  const a = before.values;
  const b = after.values;
  const start = first * capacity;
  if (kind === "rotation") {
    if (rotations === "corrected") {
      blendRotations(a, b, out.values, start, capacity, extent, weights);
    } else {
      slerpRotations(a, b, out.values, start, capacity, extent, part);
    }
  } else if (kind === "angle") {
    blendAngles(a, b, out.values, start, start + extent, part);
  } else {
    for (let lane = 0; lane < count; lane++) {
      const from = start + lane * capacity;
      blendLine(a, b, out.values, from, from + extent, part);
    }
  }
}
