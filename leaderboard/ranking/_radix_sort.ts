// This module is browser compatible.

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Which of a double's two words is the one with its sign. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0];

/**
 * Sorts rows of doubles by their columns, the first one first, in linear time: least significant digit first (Donald
 * Knuth, The Art of Computer Programming, volume 3, algorithm 5.2.5R). -0 and NaN may not be there.
 *
 * @param columns The columns, each at least as long as there are rows.
 * @param count How many rows there are.
 * @returns The rows' numbers in their order.
 */
export function sortedOrder(
  columns: readonly Float64Array<ArrayBuffer>[],
  count: number,
): Uint32Array {
  let rows = new Uint32Array(count);
  for (let i = 0; i < count; i++) rows[i] = i;
  for (const column of columns.toReversed()) rows = sortedBy(column, rows);
  return rows;
}

function sortedBy(
  column: Float64Array<ArrayBuffer>,
  rows: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  if (isSorted(column, rows)) return rows;
  const count = rows.length;
  const words = new Uint32Array(column.buffer);
  let low = new Uint32Array(count);
  let high = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const at = 2 * rows[i]!;
    const top = words[at + HIGH!]!;
    const bottom = words[at + 1 - HIGH!]!;
    // Such that unsigned integers are ordered as the doubles are: below 0 all bits are turned, else the sign alone.
    const isNegative = top >>> 31 === 1;
    high[i] = isNegative ? ~top : top ^ 0x8000_0000;
    low[i] = isNegative ? ~bottom : bottom;
  }
  let nextRows = new Uint32Array(count);
  let nextLow = new Uint32Array(count);
  let nextHigh = new Uint32Array(count);
  const starts = new Uint32Array(DIGITS);
  for (let pass = 0; pass < 6; pass++) {
    const keys = pass < 3 ? low : high;
    const shift = pass % 3 * DIGIT_BITS;
    if (!countStarts(starts, keys, shift)) continue;
    for (let i = 0; i < count; i++) {
      const to = starts[(keys[i]! >>> shift) & (DIGITS - 1)]!++;
      nextRows[to] = rows[i]!;
      nextLow[to] = low[i]!;
      nextHigh[to] = high[i]!;
    }
    [rows, nextRows] = [nextRows, rows];
    [low, nextLow] = [nextLow, low];
    [high, nextHigh] = [nextHigh, high];
  }
  return rows;
}

function isSorted(column: Float64Array, rows: Uint32Array): boolean {
  for (let i = 1; i < rows.length; i++) {
    if (column[rows[i - 1]!]! > column[rows[i]!]!) return false;
  }
  return true;
}

/** Finds where each digit's rows begin; returns whether there is more than one digit. */
function countStarts(
  starts: Uint32Array,
  keys: Uint32Array,
  shift: number,
): boolean {
  starts.fill(0);
  const count = keys.length;
  for (let i = 0; i < count; i++) {
    starts[(keys[i]! >>> shift) & (DIGITS - 1)]!++;
  }
  let sum = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const own = starts[digit]!;
    if (own === count) return false;
    starts[digit] = sum;
    sum += own;
  }
  return true;
}
