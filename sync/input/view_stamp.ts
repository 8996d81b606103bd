// This module is browser compatible.

/** How many steps of a tick a {@linkcode ViewStamp} tells apart. */
export const VIEW_STEPS = 1024;
/** The most ticks between the two snapshots of a {@linkcode ViewStamp}. */
export const MAX_VIEW_SPAN = 63;

const MAX_TICK = 0xffff_ffff;

/**
 * What a player saw when an input was made: two snapshots, and the moment between them.
 *
 * How far the picture was on the way from one to the other is computed from these
 * numbers by both ends alike: `viewBlend`.
 */
export interface ViewStamp {
  /** The tick of the snapshot before: 0 to 2^32 - 1. */
  readonly fromTick: number;
  /** The tick of the snapshot after: up to 63 later, or the same one. */
  readonly toTick: number;
  /** The moment, in ticks: a multiple of 1/1024 from `fromTick` to `toTick`. */
  readonly viewTick: number;
}

/**
 * Rounds what is drawn to what an input can tell of it.
 *
 * Draw at {@linkcode viewBlend} of the result, not at the moment that was asked for: the
 * server then rewinds to just what the player saw. A step is a sixteenth of a
 * millisecond at 60 ticks a second.
 *
 * @param fromTick The tick of the snapshot before: an integer from 0 to 2^32 - 1.
 * @param toTick The tick of the snapshot after: an integer from `fromTick` to 63 later.
 * @param viewTick The moment, in ticks. One outside of the two is moved to the nearer:
 * what is guessed beyond the last snapshot, a server does not rewind to.
 * @returns The stamp.
 * @throws {RangeError} If a number is outside its limits.
 *
 * @example Between two snapshots
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { viewBlend, viewStamp } from "@tickwire/net/sync";
 *
 * const view = viewStamp(120, 124, 121.00001);
 * assertEquals([view.viewTick, viewBlend(view)], [121, 0.25]);
 * ```
 */
export function viewStamp(
  fromTick: number,
  toTick: number,
  viewTick: number,
): ViewStamp {
  const isView = Number.isInteger(fromTick) && Number.isInteger(toTick) &&
    fromTick >= 0 && fromTick <= toTick && toTick <= MAX_TICK &&
    toTick - fromTick <= MAX_VIEW_SPAN && !Number.isNaN(viewTick);
  if (!isView) {
    throw new RangeError(
      `Cannot stamp a view as its ticks must be integers from 0 to ${MAX_TICK}, the second 0 to ${MAX_VIEW_SPAN} later: current values are ${fromTick}, ${toTick} and ${viewTick}`,
    );
  }
  const inside = Math.min(Math.max(viewTick, fromTick), toTick);
  return {
    fromTick,
    toTick,
    viewTick: Math.round(inside * VIEW_STEPS) / VIEW_STEPS,
  };
}

/**
 * Tells how far a view is on the way from one snapshot to the other.
 *
 * @param view The view.
 * @returns 0 to 1; 0 if both are the same one.
 */
export function viewBlend(view: ViewStamp): number {
  const span = view.toTick - view.fromTick;
  return span === 0 ? 0 : (view.viewTick - view.fromTick) / span;
}
