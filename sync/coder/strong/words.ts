// This module is browser compatible.
import type { Group } from "./layout.ts";
import type { Pass } from "./pass.ts";

// Of a group's counters: three for each bit.
const BITS = 4;

/**
 * Codes flags, cases and raw bits of an entity that is still there, as those that are
 * otherwise than before.
 *
 * @param others Whether other fields have changed, 0 or 1.
 * @returns 1 if any has changed, otherwise 0.
 */
export function codeWord(
  pass: Pass,
  slot: number,
  group: Group,
  others: number,
): number {
  const { coder } = pass;
  const { first, max, counters } = group;
  const i = first * pass.capacity + slot;
  const before = pass.before[i]!;
  const difference = coder.decoding ? 0 : before ^ pass.after[i]!;
  const flagAt = counters + others * 2 + (before & 1);
  if (coder.bit(difference === 0 ? 0 : 1, flagAt) === 0) return 0;
  const limit = max[0]!;
  let all = 0;
  if (limit === 1) all = 1;
  else {
    for (let b = 31 - Math.clz32(limit); b >= 0; b--) {
      const seen = all === 0 ? 0 : 1 + (all & 1);
      const at = counters + BITS + b * 3 + seen;
      all = all << 1 | coder.bit(difference >>> b & 1, at);
    }
  }
  if (coder.decoding) {
    const value = before ^ all;
    if (value >>> 0 > limit) pass.fault = "range";
    else if (all === 0) pass.fault = "notCanonical";
    else pass.after[i] = value;
  }
  return 1;
}
