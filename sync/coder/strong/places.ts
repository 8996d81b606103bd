// This module is browser compatible.
import { hasBit } from "../../world/bit_set.ts";
import { areSame } from "./words.ts";
import type { Pass } from "./pass.ts";

/**
 * Tells which of 32 places do differ, of those that may.
 *
 * @param mask Those that may, by bits.
 * @param first The first of the places.
 */
export function differing(pass: Pass, mask: number, first: number): number {
  const { capacity, base, current } = pass;
  if (capacity - first < 32) mask &= (1 << (capacity - first)) - 1;
  const word = first >>> 5;
  const was = base.alive[word]!;
  const is = current.alive[word]!;
  // Where there is no entity at either end of the step, nothing counts.
  mask &= was | is;
  let left = mask & was & is;
  while (left !== 0) {
    const bit = left & -left;
    left ^= bit;
    if (!differs(pass, first + 31 - Math.clz32(bit))) mask ^= bit;
  }
  return mask;
}

/** Whether an entity that is there at both ends of the step is another, or otherwise. */
function differs(pass: Pass, slot: number): boolean {
  const { base, current, before, after, capacity } = pass;
  if (base.generations[slot] !== current.generations[slot]) return true;
  for (let i = slot; i < after.length; i += capacity) {
    if (before[i] !== after[i]) return true;
  }
  const { blobs } = current;
  for (let i = slot; i < blobs.length; i += capacity) {
    if (!areSame(blobs[i]!, base.blobs[i]!)) return true;
  }
  return false;
}

/** Whether an entity is still there. */
export function isKept(pass: Pass, slot: number): boolean {
  const { base, current } = pass;
  return hasBit(base.alive, slot) && hasBit(current.alive, slot) &&
    base.generations[slot] === current.generations[slot];
}
