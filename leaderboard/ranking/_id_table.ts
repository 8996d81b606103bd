// This module is browser compatible.
import type { PlayerId, Random } from "../../core/mod.ts";
import { StringHash } from "./_string_hash.ts";

/** Cells of a segment at first, and when it is split rather than doubled. Powers of 2. */
const FIRST_CELLS = 8;
const MOST_CELLS = 4096;
/** Words before a segment's cells: how many are taken, and how many bits of a hash lead to the segment. */
const HEADER = 2;
/** Bits of a hash that lead to a segment, at most: beyond, segments are doubled. */
const MOST_BITS = 20;
const PAGE_BITS = 14;
const PAGE = 1 << PAGE_BITS;

/**
 * Gives players small numbers (slots), in about 25 bytes each. No call takes longer than splitting one segment: a table
 * that is rehashed as a whole, such as a `Map`, stops for a tenth of a second at a million.
 *
 * The cells are pairs of a hash and a slot plus one, in segments with linear probing; the first bits of a hash choose the
 * segment (extendible hashing: Ronald Fagin, Jürg Nievergelt, Nicholas Pippenger and H. Raymond Strong, "Extendible
 * Hashing", 1979). Each slot has a number with it, which is the user's.
 */
export class IdTable {
  readonly #hash: StringHash;
  #segments: Int32Array[] = [new Int32Array(HEADER + 2 * FIRST_CELLS)];
  /** Bits of a hash that choose in `#segments`. */
  #bits = 0;
  readonly #ids: PlayerId[][] = [[]];
  /** The slot's number; of one that is free, the next free one plus one. */
  readonly #numbers: Int32Array[] = [new Int32Array(FIRST_CELLS)];
  #freeSlot = 0;
  #slots = 0;

  constructor(random: Random) {
    this.#hash = new StringHash(random);
  }

  /** A player's slot, or -1. */
  find(id: PlayerId): number {
    const hash = this.#hash.hash(id);
    const segment = this.#segmentOf(hash);
    const cell = this.#cellOf(segment, hash, id);
    return segment[cell + 1]! - 1;
  }

  /** A player's slot, or, if he was not there and has got one, its complement. */
  ensure(id: PlayerId): number {
    const hash = this.#hash.hash(id);
    let segment = this.#segmentOf(hash);
    let cell = this.#cellOf(segment, hash, id);
    if (segment[cell + 1]! > 0) return segment[cell + 1]! - 1;
    const cells = (segment.length - HEADER) >>> 1;
    if (segment[0]! >= cells - (cells >>> 2)) {
      this.#enlarge(segment, hash);
      segment = this.#segmentOf(hash);
      cell = this.#cellOf(segment, hash, id);
    }
    const slot = this.#takeSlot(id);
    segment[0]!++;
    segment[cell] = hash;
    segment[cell + 1] = slot + 1;
    return ~slot;
  }

  /** Takes a player out. */
  remove(id: PlayerId): void {
    const hash = this.#hash.hash(id);
    const segment = this.#segmentOf(hash);
    const cell = this.#cellOf(segment, hash, id);
    const slot = segment[cell + 1]! - 1;
    if (slot < 0) return;
    segment[0]!--;
    closeGap(segment, cell);
    this.#ids[slot >>> PAGE_BITS]![slot & (PAGE - 1)] = "" as PlayerId;
    this.setNumber(slot, this.#freeSlot);
    this.#freeSlot = slot + 1;
  }

  idOf(slot: number): PlayerId {
    return this.#ids[slot >>> PAGE_BITS]![slot & (PAGE - 1)]!;
  }

  number(slot: number): number {
    return this.#numbers[slot >>> PAGE_BITS]![slot & (PAGE - 1)]!;
  }

  setNumber(slot: number, number: number): void {
    this.#numbers[slot >>> PAGE_BITS]![slot & (PAGE - 1)] = number;
  }

  #segmentOf(hash: number): Int32Array {
    // Two shifts, as one by 32 would be one by 0.
    return this.#segments[(hash >>> 1) >>> (31 - this.#bits)]!;
  }

  /** Where a player is in a segment, or the empty cell where he would be. */
  #cellOf(segment: Int32Array, hash: number, id: PlayerId): number {
    const mask = segment.length - HEADER - 1;
    let at = (hash << 1) & mask;
    while (true) {
      const slot = segment[HEADER + at + 1]! - 1;
      if (slot < 0) return HEADER + at;
      if (segment[HEADER + at] === hash && this.idOf(slot) === id) {
        return HEADER + at;
      }
      at = (at + 2) & mask;
    }
  }

  #takeSlot(id: PlayerId): number {
    if (this.#freeSlot > 0) {
      const slot = this.#freeSlot - 1;
      this.#freeSlot = this.number(slot);
      this.#ids[slot >>> PAGE_BITS]![slot & (PAGE - 1)] = id;
      return slot;
    }
    const slot = this.#slots++;
    const page = slot >>> PAGE_BITS;
    if (page === this.#ids.length) {
      this.#ids.push([]);
      this.#numbers.push(new Int32Array(PAGE));
    }
    this.#ids[page]!.push(id);
    const numbers = this.#numbers[page]!;
    if ((slot & (PAGE - 1)) === numbers.length) {
      const larger = new Int32Array(numbers.length * 2);
      larger.set(numbers);
      this.#numbers[page] = larger;
    }
    return slot;
  }

  #enlarge(segment: Int32Array, hash: number): void {
    const ownBits = segment[1]!;
    const { length } = segment;
    if (length < HEADER + 2 * MOST_CELLS || ownBits === MOST_BITS) {
      const larger = new Int32Array(HEADER + 2 * (length - HEADER));
      larger[1] = ownBits;
      for (let i = HEADER; i < length; i += 2) {
        if (segment[i + 1]! > 0) insert(larger, segment[i]!, segment[i + 1]!);
      }
      this.#replace(segment, hash, larger, larger);
      return;
    }
    if (ownBits === this.#bits) {
      this.#segments = this.#segments.flatMap((it) => [it, it]);
      this.#bits++;
    }
    const low = new Int32Array(length);
    const high = new Int32Array(length);
    low[1] = high[1] = ownBits + 1;
    for (let i = HEADER; i < length; i += 2) {
      if (segment[i + 1]! === 0) continue;
      const isHigh = (segment[i]! >>> (31 - ownBits)) & 1;
      insert(isHigh ? high : low, segment[i]!, segment[i + 1]!);
    }
    this.#replace(segment, hash, low, high);
  }

  /** Puts two segments where one was, which may be one and the same. */
  #replace(
    segment: Int32Array,
    hash: number,
    low: Int32Array,
    high: Int32Array,
  ): void {
    const ownBits = segment[1]!;
    const span = 1 << (this.#bits - ownBits);
    const first = ((hash >>> 1) >>> (31 - ownBits)) * span;
    this.#segments.fill(low, first, first + (span >>> 1 || 1));
    if (high !== low) {
      this.#segments.fill(high, first + (span >>> 1), first + span);
    } else this.#segments.fill(low, first, first + span);
  }
}

function insert(segment: Int32Array, hash: number, slotPlusOne: number): void {
  const mask = segment.length - HEADER - 1;
  let at = (hash << 1) & mask;
  while (segment[HEADER + at + 1]! > 0) at = (at + 2) & mask;
  segment[HEADER + at] = hash;
  segment[HEADER + at + 1] = slotPlusOne;
  segment[0]!++;
}

/** Empties a cell, and moves into it what was only further on as it was taken: Donald Knuth, algorithm 6.4R. */
function closeGap(segment: Int32Array, cell: number): void {
  const mask = segment.length - HEADER - 1;
  let gap = cell - HEADER;
  for (let at = (gap + 2) & mask;; at = (at + 2) & mask) {
    const slotPlusOne = segment[HEADER + at + 1]!;
    if (slotPlusOne === 0) break;
    const hash = segment[HEADER + at]!;
    const home = (hash << 1) & mask;
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    segment[HEADER + gap] = hash;
    segment[HEADER + gap + 1] = slotPlusOne;
    gap = at;
  }
  segment[HEADER + gap + 1] = 0;
}
