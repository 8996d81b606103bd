// This module is browser compatible.

// Sets of places, as words of 32 bits: place `slot` is bit `slot & 31` of word
// `slot >>> 5`. Plain functions over typed arrays, as tables share them.

/** Makes a set for places from 0 to `capacity - 1`, empty. */
export function bitSet(capacity: number): Uint32Array {
  return new Uint32Array((capacity + 31) >>> 5);
}

/** Whether a place is in a set. */
export function hasBit(set: Uint32Array, slot: number): boolean {
  return (set[slot >>> 5]! >>> (slot & 31) & 1) === 1;
}

/** Puts a place into a set. */
export function setBit(set: Uint32Array, slot: number): void {
  set[slot >>> 5]! |= 1 << (slot & 31);
}

/** Takes a place out of a set. */
export function clearBit(set: Uint32Array, slot: number): void {
  set[slot >>> 5]! &= ~(1 << (slot & 31));
}

/** How many places are in a set. */
export function countBits(set: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < set.length; i++) count += popCount(set[i]!);
  return count;
}

/** How many bits of a word are set (Warren, Hacker's Delight, section 5-1). */
export function popCount(word: number): number {
  word -= word >>> 1 & 0x5555_5555;
  word = (word & 0x3333_3333) + (word >>> 2 & 0x3333_3333);
  return Math.imul(word + (word >>> 4) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/**
 * Tells the next place of a set, for loops.
 *
 * @param from The first place that counts; 0 or more.
 * @returns The place, or -1 if there is none.
 */
export function nextBit(set: Uint32Array, from: number): number {
  let at = from >>> 5;
  if (at >= set.length) return -1;
  let word = set[at]! >>> (from & 31) << (from & 31);
  while (word === 0) {
    if (++at === set.length) return -1;
    word = set[at]!;
  }
  return (at << 5) + 31 - Math.clz32(word & -word);
}

/** Adds the places of `other` to `set`. */
export function addBits(set: Uint32Array, other: Uint32Array): void {
  for (let i = 0; i < set.length; i++) set[i]! |= other[i]!;
}
