// This module is browser compatible.
import type { ColumnGroup } from "./_column_group.ts";
import { bitLength, magnitude, wrapped } from "./_differences.ts";

/** Two tables of the same form, and the places to look at. */
export interface Comparison {
  /** The numbers of the base. */
  before: Int32Array;
  /** The numbers now. */
  after: Int32Array;
  /** How many places the tables have. */
  capacity: number;
  /** The places. */
  readonly slots: Uint16Array;
  /** How many they are. */
  count: number;
}

/**
 * Finds the class of each place's difference in one group: 0 if there is none. It goes
 * through all places at once, so that no loop has more than one kind of group.
 *
 * @param into Takes the classes, in the order of the places.
 */
export function classify(
  group: ColumnGroup,
  comparison: Comparison,
  into: Uint8Array,
): void {
  switch (group.kind) {
    case "plain":
      return classifyPlain(group, comparison, into);
    case "angle":
      return classifyAngle(group, comparison, into);
    case "words":
      return classifyWords(group, comparison, into);
    case "vector":
      return group.isTriple
        ? classifyTriple(group.first, comparison, into)
        : classifyVector(group.first, group.count, comparison, into);
    case "rotation":
      if (group.isTriple) classifyTriple(group.first + 1, comparison, into);
      else classifyVector(group.first + 1, group.count - 1, comparison, into);
      return classifyLargest(group, comparison, into);
  }
}

function classifyTriple(
  first: number,
  { before, after, capacity, slots, count }: Comparison,
  into: Uint8Array,
): void {
  const from = first * capacity;
  for (let i = 0; i < count; i++) {
    const at = from + slots[i]!;
    const y = at + capacity;
    const z = y + capacity;
    into[i] = bitLength(
      magnitude(after[at]! - before[at]!) | magnitude(after[y]! - before[y]!) |
        magnitude(after[z]! - before[z]!),
    );
  }
}

function classifyVector(
  first: number,
  columns: number,
  { before, after, capacity, slots, count }: Comparison,
  into: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    let all = 0;
    let at = first * capacity + slots[i]!;
    for (let c = 0; c < columns; c++, at += capacity) {
      all |= magnitude(after[at]! - before[at]! | 0);
    }
    into[i] = bitLength(all);
  }
}

function classifyLargest(
  { first, classes }: ColumnGroup,
  { before, after, capacity, slots, count }: Comparison,
  into: Uint8Array,
): void {
  const from = first * capacity;
  for (let i = 0; i < count; i++) {
    const at = from + slots[i]!;
    if (before[at] !== after[at]) into[i] = classes;
  }
}

function classifyPlain(
  { first }: ColumnGroup,
  { before, after, capacity, slots, count }: Comparison,
  into: Uint8Array,
): void {
  const from = first * capacity;
  for (let i = 0; i < count; i++) {
    const at = from + slots[i]!;
    into[i] = before[at] === after[at] ? 0 : 1;
  }
}

function classifyAngle(
  { first, bits }: ColumnGroup,
  { before, after, capacity, slots, count }: Comparison,
  into: Uint8Array,
): void {
  const from = first * capacity;
  const width = bits[0]!;
  for (let i = 0; i < count; i++) {
    const at = from + slots[i]!;
    into[i] = bitLength(magnitude(wrapped(after[at]! - before[at]!, width)));
  }
}

function classifyWords(
  { first, count: columns }: ColumnGroup,
  { before, after, capacity, slots, count }: Comparison,
  into: Uint8Array,
): void {
  for (let i = 0; i < count; i++) {
    let all = 0;
    let at = first * capacity + slots[i]!;
    for (let c = 0; c < columns; c++, at += capacity) {
      all |= before[at]! ^ after[at]!;
    }
    into[i] = bitLength(all);
  }
}
