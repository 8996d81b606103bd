/**
 * Hashes the name of a claim to 52 bits, with a seed, so that nobody who chooses keys knows which ones meet. Two lanes of
 * multiply and shift, as in MurmurHash3 by Austin Appleby.
 */
export function claimHash(seed: number, name: string): number {
  let a = seed | 0;
  let b = ~seed ^ 0x2545_f491;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    a = Math.imul(a ^ code, 0x85eb_ca6b);
    a ^= a >>> 15;
    b = Math.imul(b ^ code, 0xc2b2_ae35);
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (b >>> 16), 0x27d4_eb2f);
  b = Math.imul(b ^ (a >>> 13), 0x1656_67b1);
  return ((a ^ (a >>> 16)) >>> 0) * 0x10_0000 + ((b ^ (b >>> 15)) >>> 12);
}
