// This module is browser compatible.
import type { Column } from "../../schema/column.ts";

/** How the numbers of a group are written. */
export type GroupKind =
  /** Differences with a sign, all as wide as the widest. */
  | "vector"
  /** As a vector if the component left out is the same; else as a whole. */
  | "rotation"
  /** A difference that wraps at a power of two. */
  | "angle"
  /** Which bits differ, all as wide as the widest. */
  | "words"
  /** The number itself. */
  | "plain";

/** Columns that change together: those of a field. */
export interface ColumnGroup {
  /** How they are written. */
  readonly kind: GroupKind;
  /** The place of its first column among the columns. */
  readonly first: number;
  /** How many columns it has. */
  readonly count: number;
  /** The largest number of each. */
  readonly max: readonly number[];
  /** How many bits each takes as a whole. */
  readonly bits: readonly number[];
  /**
   * Whether its differences are three that fit 31 bits with their sign, as nearly all
   * are: those of a point, or of a rotation.
   */
  readonly isTriple: boolean;
  /**
   * How many classes of difference there are, apart from none: a width each, and for
   * rotations one more, for another component left out. 1 for `"plain"`.
   */
  readonly classes: number;
  /** The most bits of a difference, its class not counted. */
  readonly maxBits: number;
}

/** With it, all sums of a number and a difference are integers of 32 bits. */
const MAX_TRIPLE_WIDTH = 30;

/** Puts the columns of each field into a group. */
export function groupColumns(
  columns: readonly Column[],
): readonly ColumnGroup[] {
  const groups: ColumnGroup[] = [];
  for (let at = 0; at < columns.length; at += columns[at]!.count) {
    groups.push(group(columns.slice(at, at + columns[at]!.count)));
  }
  return groups;
}

function group(columns: readonly Column[]): ColumnGroup {
  const kind = kindOf(columns[0]!);
  const max = columns.map((it) => it.max);
  const bits = columns.map((it) => it.bits);
  // The first column of a rotation is not written as a difference.
  const numbers = kind === "rotation" ? bits.slice(1) : bits;
  const maxWidth = Math.max(...numbers);
  const whole = bits.reduce((sum, it) => sum + it, 0);
  const classes = kind === "plain"
    ? 1
    : maxWidth + (kind === "rotation" ? 1 : 0);
  return {
    kind,
    first: columns[0]!.index,
    count: columns.length,
    max,
    bits,
    isTriple: (kind === "rotation" || kind === "vector") &&
      numbers.length === 3 && classes > 1 && maxWidth <= MAX_TRIPLE_WIDTH,
    classes,
    maxBits: Math.max(whole, numbers.length * (maxWidth + 1)),
  };
}

function kindOf({ kind, count }: Column): GroupKind {
  switch (kind) {
    case "largest":
    case "part":
      return count === 4 ? "rotation" : "vector";
    case "angle":
      return "angle";
    case "bits":
      return "plain";
    case "raw":
      return "words";
    default:
      return "vector";
  }
}
