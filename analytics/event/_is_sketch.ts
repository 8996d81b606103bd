// This module is browser compatible.

const HEAD = 4;
/** The head, and an index and a count for each of 2,048 buckets. */
const MAX_LENGTH = HEAD + 2 * 2_048;
const MAX_BUCKETS = 2_048;
/** Around the buckets of the least and the greatest number: 64 · -1074 and 64 · 1024. */
const MIN_INDEX = -68_737;
const MAX_INDEX = 65_535;

/** Whether a value has the form of a sketch (PROTOCOL.md, section 3). */
export function isSketch(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const length = value.length;
  if (length < HEAD || length > MAX_LENGTH || length % 2 !== 0) return false;
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(value[i])) return false;
  }
  const zeros = value[3] as number;
  if (!Number.isSafeInteger(zeros) || zeros < 0) return false;
  if (length === HEAD) return true;
  let index = value[HEAD] as number;
  if (!Number.isInteger(index) || index < MIN_INDEX || index > MAX_INDEX) {
    return false;
  }
  const first = index;
  for (let i = HEAD; i < length; i += 2) {
    const step = value[i] as number;
    const count = value[i + 1] as number;
    if (!Number.isSafeInteger(count) || count < 1) return false;
    if (i === HEAD) continue;
    if (!Number.isInteger(step) || step < 1) return false;
    index += step;
  }
  return index - first < MAX_BUCKETS && index <= MAX_INDEX;
}
