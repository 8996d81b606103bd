// This module is browser compatible.
import type { BitPacker } from "./_bit_packer.ts";
import type { Comparison } from "./_classify.ts";
import type { ColumnGroup } from "./_column_group.ts";
import { biased, differenceBits, wrapped } from "./_differences.ts";
import type { PrefixCode } from "./_prefix_code.ts";

/** A difference of three with its signs fits one word up to this class. */
export const MAX_PACKED_CLASS = 9;

/**
 * Writes the differences of one group, of all places where there is one.
 *
 * @param code The code of the classes, already written; unused if there is one class.
 * @param classes The class of each place: 0 for none.
 */
export function writeGroup(
  packer: BitPacker,
  code: PrefixCode,
  group: ColumnGroup,
  comparison: Comparison,
  classes: Uint8Array,
): void {
  if (group.isTriple) {
    writeTriples(packer, code, group, comparison, classes);
    return;
  }
  const { before, after, capacity, slots, count } = comparison;
  for (let i = 0; i < count; i++) {
    const it = classes[i]!;
    if (it === 0) continue;
    if (group.classes > 1) code.put(packer, it - 1);
    writeNumbers(
      packer,
      group,
      it,
      before,
      after,
      group.first * capacity + slots[i]!,
      capacity,
    );
  }
}

function writeTriples(
  packer: BitPacker,
  code: PrefixCode,
  { kind, first, bits, classes: whole }: ColumnGroup,
  { before, after, capacity, slots, count }: Comparison,
  classes: Uint8Array,
): void {
  const isRotation = kind === "rotation";
  const from = (isRotation ? first + 1 : first) * capacity;
  for (let i = 0; i < count; i++) {
    const it = classes[i]!;
    if (it === 0) continue;
    code.put(packer, it - 1);
    const x = from + slots[i]!;
    const y = x + capacity;
    const z = y + capacity;
    if (isRotation && it === whole) {
      packer.put(after[x - capacity]!, bits[0]!);
      packer.put(after[x]!, bits[1]!);
      packer.put(after[y]!, bits[2]!);
      packer.put(after[z]!, bits[3]!);
      continue;
    }
    const bias = (1 << it) - 1;
    const width = it + 1;
    const a = after[x]! - before[x]! + bias;
    const b = after[y]! - before[y]! + bias;
    const c = after[z]! - before[z]! + bias;
    if (it <= MAX_PACKED_CLASS) {
      packer.put(a | b << width | c << 2 * width, 3 * width);
    } else {
      packer.put(a, width);
      packer.put(b, width);
      packer.put(c, width);
    }
  }
}

function writeNumbers(
  packer: BitPacker,
  { kind, count, bits, classes }: ColumnGroup,
  it: number,
  before: Int32Array,
  after: Int32Array,
  first: number,
  stride: number,
): void {
  let at = first;
  let left = count;
  switch (kind) {
    case "plain":
      // A flag that has changed is the other one.
      if (bits[0] !== 1) packer.put(after[at]!, bits[0]!);
      return;
    case "angle": {
      const difference = wrapped(after[at]! - before[at]!, bits[0]!);
      packer.put(biased(difference, it), differenceBits(it));
      return;
    }
    case "words":
      for (; left > 0; left--, at += stride) {
        packer.put(before[at]! ^ after[at]!, it);
      }
      return;
    case "rotation":
      if (it === classes) {
        for (let c = 0; c < count; c++, at += stride) {
          packer.put(after[at]!, bits[c]!);
        }
        return;
      }
      at += stride;
      left--;
  }
  const width = differenceBits(it);
  for (; left > 0; left--, at += stride) {
    packer.put(biased(after[at]! - before[at]! | 0, it), width);
  }
}
