// This module is browser compatible.
import type { Frame } from "./frame.ts";
import { blendAngles, blendLine, moveOn } from "./_lanes.ts";
import { checkFrames, mendPlaces } from "./_places.ts";
import { fillWeights, turnRotations, WEIGHT_COUNT } from "./_rotations.ts";

/** Beyond so many times the distance of the two snapshots, rotations stop to turn. */
const MAX_TURNS = 64;

// What one call needs.
const weights = new Float64Array(WEIGHT_COUNT);
const fraction = new Float64Array(1);
const onward = new Float64Array(1);
const backward = new Float64Array(1);
const seconds = new Float64Array(1);
const zero = new Float64Array(1);

/**
 * Tells where everything would be if it moved on as it did (dead reckoning): points by
 * the field of their velocities, if the layout has one, or else as far as from the
 * snapshot before; angles and rotations as fast as they turned, the short way. Scalars,
 * such as health, stay. No object is made.
 *
 * The entities are those of `last`. One that is not in `earlier`, was another one there,
 * or has jumped, moves by its velocity alone.
 *
 * @param earlier The snapshot before the last; `last` itself if there is none.
 * @param last The last snapshot, of the same layout.
 * @param ticks How long after the last: 0 or more, a fraction too.
 * @param out Takes the result: another frame of the same layout.
 * @throws {RangeError} If `ticks` is negative or not finite, or `last` is before
 * `earlier`.
 * @throws {TypeError} If the layouts differ, or `out` is one of the others.
 *
 * @example On and on
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec2 } from "@tickwire/net/protocol";
 * import { defineEntity, EntityTable, extrapolate, Frame, frameLayout } from "@tickwire/net/sync";
 *
 * const ship = defineEntity({ at: vec2({ min: 0, max: 99, step: 1 }) }, { maxEntities: 1 });
 * const layout = frameLayout(ship);
 * const [a, b, drawn] = [10, 12, 0].map((tick) => {
 *   const table = new EntityTable(ship);
 *   table.place(0, 0);
 *   table.values.set([tick, 2 * tick]);
 *   const frame = new Frame(layout);
 *   frame.fill(table);
 *   frame.tick = tick;
 *   return frame;
 * }) as [Frame, Frame, Frame];
 * extrapolate(a, b, 1.5, drawn);
 * assertEquals([...drawn.values], [13.5, 27]);
 * ```
 */
export function extrapolate(
  earlier: Frame,
  last: Frame,
  ticks: number,
  out: Frame,
): void {
  checkFrames("extrapolate", out, earlier, last);
  if (!(ticks >= 0 && ticks < Infinity)) {
    throw new RangeError(
      `Cannot extrapolate frames as ticks must be 0 or more and finite: current value is ${ticks}`,
    );
  }
  const gap = last.tick - earlier.tick;
  if (!(gap > 0 || earlier === last)) {
    throw new RangeError(
      `Cannot extrapolate frames as their ticks must rise: current value is ${earlier.tick} before ${last.tick}`,
    );
  }
  const { fields, tickRate } = out.layout;
  const { capacity } = out;
  const extent = last.extent;
  const turns = earlier === last ? 0 : Math.min(ticks / gap, MAX_TURNS);
  const steps = Math.floor(turns);
  fraction[0] = turns - steps;
  fillWeights(fraction, weights);
  onward[0] = 1 + turns;
  backward[0] = earlier === last ? 0 : -ticks / gap;
  seconds[0] = ticks / tickRate;
  const a = earlier.values;
  const b = last.values;
  for (let i = 0; i < fields.length; i++) {
    const { kind, first, count } = fields[i]!;
    const start = first * capacity;
    if (kind === "rotation") {
      turnRotations(a, b, out.values, start, capacity, extent, steps, weights);
    } else if (kind === "angle") {
      blendAngles(a, b, out.values, start, start + extent, onward);
    } else {
      for (let lane = 0; lane < count; lane++) {
        const from = start + lane * capacity;
        if (kind === "point") {
          blendLine(b, a, out.values, from, from + extent, backward);
        } else {
          blendLine(b, b, out.values, from, from + extent, zero);
        }
      }
    }
  }
  mendPlaces(last, earlier, out);
  for (let i = 0; i < fields.length; i++) {
    const { first, count, velocity } = fields[i]!;
    if (velocity < 0) continue;
    for (let lane = first; lane < first + count; lane++) {
      const from = lane * capacity;
      const away = (velocity - first) * capacity;
      moveOn(b, out.values, from, from + extent, away, seconds);
    }
  }
  out.tick = last.tick + ticks;
}
