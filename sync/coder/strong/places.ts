// This module is browser compatible.
import { hasBit } from "../../world/bit_set.ts";
import { GOES_ON, MODE_SHIFT, NEWCOMER, NEWCOMERS } from "./layout.ts";
import type { Pass } from "./pass.ts";

/**
 * Codes which of 32 places differ: first of those that have a record in the base, then of
 * the others, if any of them does.
 *
 * @param mask Those that differ; not looked at while reading.
 * @param first The first of the places.
 * @param at The first record of these places or beyond.
 * @param end Where the records end.
 * @param recordWords How long they are.
 * @param isBusy 1 if any of the 32 places before differ, otherwise 0.
 * @returns Those that differ.
 */
export function codePlaces(
  pass: Pass,
  mask: number,
  first: number,
  at: number,
  end: number,
  recordWords: number,
  isBusy: number,
): number {
  const { coder, old, capacity } = pass;
  let known = 0;
  let found = 0;
  let last = 0;
  for (; at < end && old[at]! < first + 32; at += recordWords) {
    const i = old[at]! - first;
    const moved = old[at + 1]!;
    const size = (moved & 255) >> 4;
    const kind = (size > 6 ? 6 : size) * 4 + (moved >> MODE_SHIFT);
    const differs = coder.bit(mask >>> i & 1, GOES_ON + kind * 4 + last);
    last = (last << 1 | differs) & 3;
    known |= 1 << i;
    found |= differs << i;
  }
  const count = capacity - first < 32 ? capacity - first : 32;
  const all = count === 32 ? -1 : (1 << count) - 1;
  let others = all & ~known;
  if (others === 0) return found;
  const context = (found === 0 ? 0 : 1) + isBusy * 2 + (known === 0 ? 0 : 4);
  const isAny = (mask & others) === 0 ? 0 : 1;
  if (coder.bit(isAny, NEWCOMERS + context) === 0) return found;
  let newcomers = 0;
  last = 0;
  while (others !== 0) {
    const bit = others & -others;
    others ^= bit;
    last = coder.bit((mask & bit) === 0 ? 0 : 1, NEWCOMER + last);
    if (last === 1) newcomers |= bit;
  }
  if (newcomers === 0) pass.fault = "notCanonical";
  return found | newcomers;
}

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
  return false;
}

/** Whether an entity is still there. */
export function isKept(pass: Pass, slot: number): boolean {
  const { base, current } = pass;
  return hasBit(base.alive, slot) && hasBit(current.alive, slot) &&
    base.generations[slot] === current.generations[slot];
}
