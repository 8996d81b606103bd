// This module is browser compatible.

/**
 * What the numbers of a column mean, which is all that a coder needs to know to
 * predict them:
 *
 * - `"linear"`: steps of a float or of a vector's component, which moves;
 * - `"integer"`: a count, such as a level;
 * - `"angle"`: steps of a turn, which wrap at `max`;
 * - `"largest"` and `"part"`: which component of a rotation is left out (0 to 3), and
 *   the three others in order;
 * - `"bits"`: flags, or one of several cases, without an order;
 * - `"raw"`: 32 bits of a float, or of something wider.
 */
export type ColumnKind =
  | "linear"
  | "integer"
  | "angle"
  | "largest"
  | "part"
  | "bits"
  | "raw";

/**
 * One number of each entity of a type: all that coders, interpolation and checksums
 * see of a schema.
 */
export interface Column {
  /** Its place among the columns. */
  readonly index: number;
  /** The name of the field that it belongs to. */
  readonly field: string;
  /** What its numbers mean. */
  readonly kind: ColumnKind;
  /**
   * The largest number, the smallest being 0: 1 to 2^32 - 1. Columns of numbers hold
   * it as a signed integer of the same 32 bits.
   */
  readonly max: number;
  /** How many bits that takes: 1 to 32. */
  readonly bits: number;
  /** The first column of the field. */
  readonly first: number;
  /** How many columns the field has: 3 for a point of space, 4 for a rotation. */
  readonly count: number;
}

/** A column before it has its place. */
export interface ColumnForm {
  /** What its numbers mean. */
  readonly kind: ColumnKind;
  /** The largest number. */
  readonly max: number;
}

/**
 * Puts the columns of fields one behind the other.
 *
 * @param fields The columns of each field by its name, in the order of the fields.
 * @returns The columns.
 */
export function columnsOf(
  fields: ReadonlyMap<string, readonly ColumnForm[]>,
): readonly Column[] {
  const columns: Column[] = [];
  for (const [field, forms] of fields) {
    const first = columns.length;
    for (const { kind, max } of forms) {
      columns.push(Object.freeze({
        index: columns.length,
        field,
        kind,
        max,
        bits: 32 - Math.clz32(max),
        first,
        count: forms.length,
      }));
    }
  }
  return Object.freeze(columns);
}
