// This module is browser compatible.

const BASIS_LOW = 0x84222325;
const BASIS_HIGH = 0xcbf29ce4;
const MASK = 0xffff;

/**
 * Digests a text, so that two credentials can be told apart without keeping either where a store might
 * write it to a disk. The 64-bit FNV-1a hash (draft-eastlake-fnv) of its UTF-16 code units: not for secrets that can be
 * guessed, which tokens are not.
 *
 * @param text The text.
 * @returns 16 hexadecimal digits behind a "#".
 */
export function digest(text: string): string {
  // Four 16-bit limbs, lowest first; the prime is 2^40 + 0x1b3.
  let a = BASIS_LOW & MASK;
  let b = BASIS_LOW >>> 16;
  let c = BASIS_HIGH & MASK;
  let d = BASIS_HIGH >>> 16;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    for (let byte = unit & 0xff, left = 2; left > 0; left--) {
      a ^= byte;
      byte = unit >>> 8;
      const p = a * 0x1b3;
      const q = b * 0x1b3 + (p >>> 16);
      const r = c * 0x1b3 + a * 0x100 + (q >>> 16);
      const s = d * 0x1b3 + b * 0x100 + (r >>> 16);
      a = p & MASK;
      b = q & MASK;
      c = r & MASK;
      d = s & MASK;
    }
  }
  return "#" + [d, c, b, a].map((limb) => limb.toString(16).padStart(4, "0"))
    .join("");
}
