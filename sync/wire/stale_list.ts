// This module is browser compatible.
import { BitReader, BitWriter } from "../../protocol/mod.ts";
import type { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import { popCount } from "../world/bit_set.ts";
import type { SyncFault } from "./packet_kind.ts";
import { faultOf } from "./snapshot_header.ts";

/** What is known of one type when its stale places are told. All are sets of places. */
export interface StalePart {
  /** Those that hold an entity after the message. */
  readonly alive: Uint32Array;
  /** Those that the message has written. */
  readonly written: Uint32Array;
  /** Those that are stale in the base. */
  readonly before: Uint32Array;
  /** Those that are stale after the message; the reader sets it, the writer may add. */
  readonly stale: Uint32Array;
}

/**
 * Writes which places turn stale, or fresh, without being written themselves: what is
 * written is fresh, and of the rest nothing is told that stays as it is in the base.
 *
 * @param parts What is known of each type. If it takes too much to tell what is stale of
 * one, everything that is not written is told to be, and added to `stale`.
 * @param maxBits How much it may take, but for some bits of each type.
 * @param writer Where to; without an error.
 */
export function writeStale(
  parts: readonly StalePart[],
  maxBits: number,
  writer: ByteWriter,
): void {
  const bits = new BitWriter(writer);
  let left = maxBits;
  for (const part of parts) {
    const start = bits.bitLength;
    writeTurns(part, 0, bits);
    writeTurns(part, -1, bits);
    if (bits.bitLength - start > left) {
      bits.rewind(start);
      const { alive, written, stale } = part;
      for (let i = 0; i < stale.length; i++) {
        stale[i] = alive[i]! & ~written[i]!;
      }
      writeTurns(part, 0, bits);
      writeTurns(part, -1, bits);
    }
    left -= bits.bitLength - start;
  }
  bits.align();
}

/**
 * Reads what {@linkcode writeStale} writes, once the entities are read.
 *
 * @param parts What is known of each type; `stale` is another set than `before`.
 * @param reader Where from.
 * @returns What is wrong, if anything.
 */
export function readStale(
  parts: readonly StalePart[],
  reader: ByteReader,
): SyncFault | undefined {
  const bits = new BitReader(reader);
  for (const part of parts) {
    const { alive, written, before, stale } = part;
    for (let i = 0; i < stale.length; i++) {
      stale[i] = alive[i]! & before[i]! & ~written[i]!;
    }
    const fault = readTurns(part, 0, bits) ?? readTurns(part, -1, bits);
    if (fault !== undefined) return bits.ok ? fault : faultOf(reader);
  }
  bits.align();
  return reader.ok ? undefined : faultOf(reader);
}

/**
 * The places of a word that may turn.
 *
 * @param from What they turn from: 0 for fresh, -1 for stale.
 */
function candidates(
  { alive, written, before }: StalePart,
  from: number,
  word: number,
): number {
  return alive[word]! & ~written[word]! & ~(before[word]! ^ from);
}

function countCandidates(part: StalePart, from: number): number {
  let count = 0;
  for (let i = 0; i < part.alive.length; i++) {
    count += popCount(candidates(part, from, i));
  }
  return count;
}

function writeTurns(part: StalePart, from: number, bits: BitWriter): void {
  const { stale } = part;
  let count = 0;
  let turned = 0;
  for (let i = 0; i < stale.length; i++) {
    const may = candidates(part, from, i);
    count += popCount(may);
    turned += popCount(may & (stale[i]! ^ from));
  }
  if (count === 0) return;
  bits.bool(turned > 0);
  if (turned === 0) return;
  const isMost = turned * 2 > count;
  const listed = isMost ? count - turned : turned;
  bits.bool(isMost);
  writeCount(listed, isMost, count, bits);
  const width = gapWidth(count, listed);
  // Of most, those are listed that do not turn.
  const not = isMost ? -1 : 0;
  let gap = 0;
  for (let i = 0; i < stale.length; i++) {
    const may = candidates(part, from, i);
    let left = may & (stale[i]! ^ from ^ not);
    let passed = 0;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const below = popCount(may & bit - 1);
      writeGap(gap + below - passed, width, bits);
      gap = 0;
      passed = below + 1;
    }
    gap += popCount(may) - passed;
  }
}

function readTurns(
  part: StalePart,
  from: number,
  bits: BitReader,
): SyncFault | undefined {
  const { stale } = part;
  const count = countCandidates(part, from);
  if (count === 0 || !bits.bool()) return undefined;
  const isMost = bits.bool();
  if (!isMost && count < 2) return "notCanonical";
  const listed = readCount(isMost, count, bits);
  const width = gapWidth(count, listed);
  if (isMost) {
    for (let i = 0; i < stale.length; i++) {
      stale[i]! ^= candidates(part, from, i);
    }
  }
  let word = -1;
  let left = 0;
  let rest = count;
  for (let i = 0; i < listed; i++) {
    let gap = readGap(rest, width, bits);
    if (!bits.ok || gap >= rest) return "range";
    rest -= gap + 1;
    for (let here = popCount(left); here <= gap; here = popCount(left)) {
      gap -= here;
      left = candidates(part, from, ++word);
    }
    for (; gap > 0; gap--) left &= left - 1;
    const bit = left & -left;
    left ^= bit;
    stale[word]! ^= bit;
  }
  return undefined;
}

function writeCount(
  listed: number,
  isMost: boolean,
  count: number,
  bits: BitWriter,
): void {
  if (isMost) bits.ranged(listed, 0, (count - 1) >>> 1);
  else bits.ranged(listed, 1, count >>> 1);
}

function readCount(isMost: boolean, count: number, bits: BitReader): number {
  return isMost
    ? bits.ranged(0, (count - 1) >>> 1)
    : bits.ranged(1, count >>> 1);
}

/**
 * The parameter of the Rice code of the gaps: the best, or one beside it, for places that
 * are spread at random (Aaron Kiely, "Selecting the Golomb Parameter in Rice Coding",
 * 2004), by integers alone.
 */
function gapWidth(count: number, listed: number): number {
  let width = 0;
  while (listed > 0 && listed * 2 ** (width + 2) <= 2 * count - listed) width++;
  return width;
}

function writeGap(gap: number, width: number, bits: BitWriter): void {
  let left = gap >>> width;
  for (; left >= 24; left -= 24) bits.bits(0xff_ffff, 24);
  bits.bits((1 << left) - 1, left + 1);
  if (width > 0) bits.bits(gap & (1 << width) - 1, width);
}

/** Reads a gap, or any number from `end` on if it is none below. */
function readGap(end: number, width: number, bits: BitReader): number {
  let gap = 0;
  while (bits.bool()) {
    gap += 1 << width;
    if (gap >= end) return end;
  }
  return width > 0 ? gap + bits.bits(width) : gap;
}
