// This module is browser compatible.
import { BLOB, type Group } from "./layout.ts";
import type { Pass } from "./pass.ts";

const NO_BYTES = new Uint8Array(0);
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

/**
 * Codes the bytes of an entity.
 *
 * @param isNew Whether there were none.
 * @returns 1 if any have changed, otherwise 0.
 */
export function codeBlobs(pass: Pass, slot: number, isNew: boolean): number {
  const { coder, capacity } = pass;
  const { decoding } = coder;
  const before = pass.base.blobs;
  const { blobs } = pass.filled;
  let any = 0;
  for (let i = slot; i < blobs.length; i += capacity) {
    const was = isNew ? NO_BYTES : before[i]!;
    const differ = decoding || areSame(was, blobs[i]!) ? 0 : 1;
    if (coder.bit(differ, BLOB) === 0) {
      if (decoding) blobs[i] = was;
      continue;
    }
    any = 1;
    const length = coder.even32(blobs[i]!.length);
    if (decoding) {
      if (length > coder.remaining) {
        pass.fault = "truncated";
        return 1;
      }
      blobs[i] = new Uint8Array(length);
    }
    const blob = blobs[i]!;
    for (let k = 0; k < length; k++) {
      const byte = coder.even(blob[k]!, 8);
      if (decoding) blob[k] = byte;
    }
    if (decoding && areSame(was, blob)) pass.fault = "notCanonical";
  }
  return any;
}

/** Whether two rows of bytes are the same. */
export function areSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
