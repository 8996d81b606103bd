// This module is browser compatible.
import type { Frame } from "./frame.ts";

/** Refuses frames that do not go together. */
export function checkFrames(
  action: string,
  out: Frame,
  before: Frame,
  after: Frame,
): void {
  const { layout } = out;
  if (before.layout !== layout || after.layout !== layout) {
    throw new TypeError(
      `Cannot ${action} frames as all of them must have one layout: current value has another`,
    );
  }
  if (before === out || after === out) {
    throw new TypeError(
      `Cannot ${action} frames as the result must be a frame of its own: current value is one of the given ones`,
    );
  }
}

/**
 * Tells which of the 32 places of a word hold the same entity in two frames, which has
 * not jumped in between.
 */
export function steadyWord(a: Frame, b: Frame, word: number): number {
  const both = a.alive[word]! & b.alive[word]!;
  if (both === 0) return 0;
  const from = a.marks;
  const to = b.marks;
  const start = word << 5;
  const end = Math.min(start + 32, from.length);
  // Mostly none does, which is told without a branch for each.
  let any = 0;
  for (let i = start; i < end; i++) any |= from[i]! ^ to[i]!;
  if (any === 0) return both;
  let differ = 0;
  for (let i = start; i < end; i++) {
    if (from[i] !== to[i]) differ |= 1 << (i & 31);
  }
  return both & ~differ;
}

/**
 * Makes a frame that has been blended without regard of its places one of the entities
 * of `shown`: those that are not the same one in `other` are as they are in `shown`.
 */
export function mendPlaces(shown: Frame, other: Frame, out: Frame): void {
  out.alive.set(shown.alive);
  out.marks.set(shown.marks);
  const { blended } = out;
  for (let word = 0; word < blended.length; word++) {
    blended[word] = steadyWord(shown, other, word);
    let held = shown.alive[word]! & ~blended[word]!;
    while (held !== 0) {
      const bit = held & -held;
      held ^= bit;
      copyPlace(shown, out, (word << 5) + 31 - Math.clz32(bit));
    }
  }
}

/** Copies the numbers of a place. */
export function copyPlace(from: Frame, to: Frame, slot: number): void {
  const a = from.values;
  const b = to.values;
  for (let i = slot; i < a.length; i += from.capacity) b[i] = a[i]!;
}
