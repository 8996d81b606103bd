// This module is browser compatible.

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Fewer are sorted by insertion alone. */
const FEW = 64;

/**
 * The order of numbers, the least first and equal ones as they stand: by the digits of a key
 * in single precision (Donald Knuth, The Art of Computer Programming, volume 3, algorithm
 * 5.2.5R), then exactly. NaN may not be there.
 */
export function sortedOrder(values: Float64Array, count: number): Int32Array {
  let order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count > FEW) {
    const keys = new Uint32Array(count);
    const floats = new Float32Array(1);
    const words = new Uint32Array(floats.buffer);
    for (let i = 0; i < count; i++) {
      // 0 is added so that -0, which is no less than 0, has no key of its own.
      floats[0] = values[i]! + 0;
      const word = words[0]!;
      // Such that unsigned integers are ordered as the floats are.
      keys[i] = word >>> 31 === 1 ? ~word : word ^ 0x8000_0000;
    }
    order = byDigits(keys, order);
  }
  let steps = 0;
  for (let i = 1; i < count; i++) {
    const it = order[i]!;
    const value = values[it]!;
    let j = i - 1;
    while (j >= 0 && values[order[j]!]! > value) {
      order[j + 1] = order[j]!;
      j--;
    }
    order[j + 1] = it;
    steps += i - 1 - j;
    // So many numbers have one key that insertion would take for ever.
    if (steps > count * FEW) return exactly(values, count);
  }
  return order;
}

function byDigits(
  keys: Uint32Array<ArrayBuffer>,
  order: Int32Array<ArrayBuffer>,
): Int32Array<ArrayBuffer> {
  const count = order.length;
  let nextOrder = new Int32Array(count);
  let nextKeys = new Uint32Array(count);
  const starts = new Uint32Array(DIGITS);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    starts.fill(0);
    for (let i = 0; i < count; i++) {
      starts[(keys[i]! >>> shift) & (DIGITS - 1)]!++;
    }
    for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
      const own = starts[digit]!;
      starts[digit] = sum;
      sum += own;
    }
    for (let i = 0; i < count; i++) {
      const to = starts[(keys[i]! >>> shift) & (DIGITS - 1)]!++;
      nextOrder[to] = order[i]!;
      nextKeys[to] = keys[i]!;
    }
    [order, nextOrder] = [nextOrder, order];
    [keys, nextKeys] = [nextKeys, keys];
  }
  return order;
}

function exactly(values: Float64Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i)
    .sort((a, b) => values[a]! - values[b]! || a - b);
}
