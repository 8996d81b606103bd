// This module is browser compatible.
import type { CoderFault } from "../table_coder.ts";
import type { BitUnpacker } from "./_bit_unpacker.ts";
import type { Comparison } from "./_classify.ts";
import type { ColumnGroup } from "./_column_group.ts";
import {
  bitLength,
  differenceBits,
  magnitude,
  unbiased,
  wrapped,
} from "./_differences.ts";
import type { PrefixCode } from "./_prefix_code.ts";
import { MAX_PACKED_CLASS } from "./_write_group.ts";

/**
 * Reads the differences of one group, of all places where there is one.
 *
 * @param code The code of the classes, already read; unused if there is one class.
 * @param masks By place: which groups have a difference.
 * @param bit The bit of this one.
 */
export function readGroup(
  unpacker: BitUnpacker,
  code: PrefixCode,
  group: ColumnGroup,
  comparison: Comparison,
  masks: Uint8Array,
  bit: number,
): CoderFault | undefined {
  if (group.isTriple) {
    return readTriples(unpacker, code, group, comparison, masks, bit);
  }
  const { before, after, capacity, slots, count } = comparison;
  for (let i = 0; i < count; i++) {
    if ((masks[i]! & bit) === 0) continue;
    const it = group.classes > 1 ? code.take(unpacker) + 1 : 1;
    if (it === 0) return "notCanonical";
    const fault = readNumbers(
      unpacker,
      group,
      it,
      before,
      after,
      group.first * capacity + slots[i]!,
      capacity,
    );
    if (fault !== undefined) return fault;
    if (unpacker.isPastEnd) return "truncated";
  }
  return undefined;
}

function readTriples(
  unpacker: BitUnpacker,
  code: PrefixCode,
  { kind, first, bits, max, classes: whole }: ColumnGroup,
  { before, after, capacity, slots, count }: Comparison,
  masks: Uint8Array,
  bit: number,
): CoderFault | undefined {
  const isRotation = kind === "rotation";
  const skipped = isRotation ? 1 : 0;
  const from = (first + skipped) * capacity;
  const maxX = max[skipped]!;
  const maxY = max[skipped + 1]!;
  const maxZ = max[skipped + 2]!;
  for (let i = 0; i < count; i++) {
    if ((masks[i]! & bit) === 0) continue;
    const it = code.take(unpacker) + 1;
    if (it === 0) return "notCanonical";
    const x = from + slots[i]!;
    const y = x + capacity;
    const z = y + capacity;
    let a: number;
    let b: number;
    let c: number;
    if (isRotation && it === whole) {
      const largest = unpacker.take(bits[0]!);
      if (largest > max[0]!) return "range";
      if (largest === before[x - capacity]) return "notCanonical";
      after[x - capacity] = largest;
      a = unpacker.take(bits[1]!);
      b = unpacker.take(bits[2]!);
      c = unpacker.take(bits[3]!);
    } else {
      const width = it + 1;
      if (it <= MAX_PACKED_CLASS) {
        const mask = (1 << width) - 1;
        const all = unpacker.take(3 * width);
        a = all & mask;
        b = all >>> width & mask;
        c = all >>> 2 * width & mask;
      } else {
        a = unpacker.take(width);
        b = unpacker.take(width);
        c = unpacker.take(width);
      }
      const bias = (1 << it) - 1;
      a -= bias;
      b -= bias;
      c -= bias;
      if (bitLength(magnitude(a) | magnitude(b) | magnitude(c)) !== it) {
        return "notCanonical";
      }
      a += before[x]!;
      b += before[y]!;
      c += before[z]!;
    }
    if (a >>> 0 > maxX || b >>> 0 > maxY || c >>> 0 > maxZ) return "range";
    after[x] = a;
    after[y] = b;
    after[z] = c;
    if (unpacker.isPastEnd) return "truncated";
  }
  return undefined;
}

function readNumbers(
  unpacker: BitUnpacker,
  { kind, count, bits, max, classes }: ColumnGroup,
  it: number,
  before: Int32Array,
  after: Int32Array,
  first: number,
  stride: number,
): CoderFault | undefined {
  let at = first;
  let from = 0;
  switch (kind) {
    case "plain": {
      const value = bits[0] === 1 ? before[at]! ^ 1 : unpacker.take(bits[0]!);
      if (value >>> 0 > max[0]!) return "range";
      after[at] = value;
      return value === before[at] ? "notCanonical" : undefined;
    }
    case "angle": {
      const difference = unbiased(unpacker.take(differenceBits(it)), it);
      // Half a turn goes one way only.
      const isShort = wrapped(difference, bits[0]!) === difference;
      if (!isShort || bitLength(magnitude(difference)) !== it) {
        return "notCanonical";
      }
      const mask = bits[0] === 32 ? -1 : (1 << bits[0]!) - 1;
      after[at] = (before[at]! + difference) & mask;
      return undefined;
    }
    case "words": {
      let all = 0;
      for (let c = 0; c < count; c++, at += stride) {
        const difference = unpacker.take(it);
        after[at] = before[at]! ^ difference;
        all |= difference;
      }
      return bitLength(all) === it ? undefined : "notCanonical";
    }
    case "rotation":
      if (it === classes) {
        for (let c = 0; c < count; c++, at += stride) {
          const value = unpacker.take(bits[c]!);
          if (value > max[c]!) return "range";
          if (c === 0 && value === before[at]) return "notCanonical";
          after[at] = value;
        }
        return undefined;
      }
      at += stride;
      from = 1;
  }
  const width = differenceBits(it);
  let all = 0;
  for (let c = from; c < count; c++, at += stride) {
    const difference = unbiased(unpacker.take(width), it);
    const value = before[at]! + difference | 0;
    if (value >>> 0 > max[c]!) return "range";
    after[at] = value;
    all |= magnitude(difference);
  }
  return bitLength(all) === it ? undefined : "notCanonical";
}
