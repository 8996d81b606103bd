// This module is browser compatible.
import { type Layout, PACE, RECORDS } from "./layout.ts";
import type { Pass } from "./pass.ts";
import { isKept } from "./places.ts";

// Both ends of a step longer than these are not looked at.
const LONG = 4096;
// The pace of steps as long as the base's own.
const SAME = 4;
const MOST = 16;

/**
 * Tells how much longer than the base's own step this one is, in quarters: 1 to 16.
 *
 * @param changed Which places differ, and maybe others.
 */
export function findPace(
  pass: Pass,
  layout: Layout,
  changed: Uint32Array,
): number {
  const { place, modelWords, recordWords } = layout;
  if (place === undefined) return SAME;
  const { before, after, capacity, old } = pass;
  const { first, count, record } = place;
  const end = modelWords + recordWords * old[RECORDS]!;
  let dot = 0;
  let square = 0;
  for (let a = modelWords; a < end; a += recordWords) {
    const slot = old[a]!;
    if ((changed[slot >>> 5]! >>> (slot & 31) & 1) === 0) continue;
    if (!isKept(pass, slot)) continue;
    let ways = 0;
    let squares = 0;
    let differ = 0;
    for (let c = 0; c < count; c++) {
      const v = old[a + record + c]! << 16 >> 16;
      const at = (first + c) * capacity + slot;
      const d = after[at]! - before[at]! | 0;
      if (d !== 0) differ = 1;
      if (d > LONG || d < -LONG) continue;
      ways += d * v;
      squares += v * v;
    }
    if (differ === 0) continue;
    dot += ways;
    square += squares;
  }
  if (square === 0 || dot <= 0) return SAME;
  const ratio = dot / square;
  if (ratio > 0.6 && ratio < 1.6) return SAME;
  const pace = Math.floor(ratio * 4 + 0.5);
  return pace < 1 ? 1 : pace > MOST ? MOST : pace;
}

/** Codes what {@linkcode findPace} tells. */
export function codePace(pass: Pass, pace: number): number {
  const { coder } = pass;
  let node = 1;
  for (let b = 3; b >= 0; b--) {
    node = node << 1 | coder.bit(pace - 1 >> b & 1, PACE + node);
  }
  return node - MOST + 1;
}
