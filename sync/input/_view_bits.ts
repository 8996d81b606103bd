// This module is browser compatible.
import type { BitReader, BitWriter } from "../../protocol/mod.ts";
import { MAX_VIEW_SPAN, VIEW_STEPS, type ViewStamp } from "./view_stamp.ts";

/** How far before its input a view may be, and how far behind it, in ticks. */
const MAX_VIEW_AGE = 1_791;
const MIN_VIEW_AGE = -256;
const MAX_STEP = 127;

// A view beside that of the input one later is mostly as far on as the input, or nearly
// so, as the picture's time runs a little faster or slower than the game's: that takes
// 3 or 11 bits. Else it is written as a whole, against the tick of its input.

/** Whether a view is near enough to its input to be written. */
export function isNearView(view: ViewStamp, inputTick: number): boolean {
  const age = inputTick - view.fromTick;
  return age <= MAX_VIEW_AGE && age >= MIN_VIEW_AGE;
}

/** Writes a view. */
export function writeView(
  writer: BitWriter,
  view: ViewStamp | undefined,
  inputTick: number,
  later: ViewStamp | undefined,
  laterTick: number,
): void {
  writer.bool(view !== undefined);
  if (view === undefined) return;
  if (later !== undefined) {
    const steps = stepsOf(view) - stepsOf(later) +
      (laterTick - inputTick) * VIEW_STEPS;
    const isNear = Math.abs(steps) <= MAX_STEP &&
      fromTickOf(later, stepsOf(view)) === view.fromTick &&
      view.toTick - view.fromTick === later.toTick - later.fromTick;
    writer.bool(isNear);
    if (isNear) {
      writer.bool(steps !== 0);
      if (steps !== 0) writer.ranged(steps, -MAX_STEP - 1, MAX_STEP);
      return;
    }
  }
  const span = view.toTick - view.fromTick;
  writer.ranged(inputTick - view.fromTick, MIN_VIEW_AGE, MAX_VIEW_AGE);
  writer.ranged(span, 0, MAX_VIEW_SPAN);
  writer.ranged(
    stepsOf(view) - view.fromTick * VIEW_STEPS,
    0,
    span * VIEW_STEPS,
  );
}

/** Reads a view. One before the first tick sets the reader's error. */
export function readView(
  reader: BitReader,
  inputTick: number,
  later: ViewStamp | undefined,
  laterTick: number,
): ViewStamp | undefined {
  if (!reader.bool()) return undefined;
  let fromTick: number;
  let span: number;
  let steps: number;
  if (later !== undefined && reader.bool()) {
    steps = stepsOf(later) - (laterTick - inputTick) * VIEW_STEPS;
    if (reader.bool()) {
      const more = reader.ranged(-MAX_STEP - 1, MAX_STEP);
      // The same view has shorter bits, or none of these.
      if (more === 0 || more === -MAX_STEP - 1) reader.fail("range");
      steps += more;
    }
    span = later.toTick - later.fromTick;
    fromTick = fromTickOf(later, steps);
  } else {
    fromTick = inputTick - reader.ranged(MIN_VIEW_AGE, MAX_VIEW_AGE);
    span = reader.ranged(0, MAX_VIEW_SPAN);
    steps = fromTick * VIEW_STEPS + reader.ranged(0, span * VIEW_STEPS);
  }
  const toTick = fromTick + span;
  const viewTick = steps / VIEW_STEPS;
  const isView = fromTick >= 0 && toTick <= 0xffff_ffff &&
    viewTick >= fromTick && viewTick <= toTick;
  if (!isView) reader.fail("range");
  return { fromTick, toTick, viewTick };
}

function stepsOf(view: ViewStamp): number {
  return view.viewTick * VIEW_STEPS;
}

/** The first snapshot of an earlier view, if snapshots are sent at equal distances. */
function fromTickOf(later: ViewStamp, steps: number): number {
  const span = later.toTick - later.fromTick;
  if (span === 0) return Math.floor(steps / VIEW_STEPS);
  const spans = Math.floor(
    (steps - later.fromTick * VIEW_STEPS) / (span * VIEW_STEPS),
  );
  return later.fromTick + spans * span;
}
