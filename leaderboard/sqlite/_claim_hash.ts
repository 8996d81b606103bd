/**
 * Hashes what names a claim to 52 bits, with a seed, so that nobody who chooses keys knows which ones meet. Two lanes of
 * multiply and shift, as in MurmurHash3 by Austin Appleby.
 */
export function claimHash(
  seed: number,
  board: string,
  playerId: string,
  key: string,
): number {
  let a = seed | 0;
  let b = ~seed ^ 0x2545_f491;
  for (let part = 0; part < 3; part++) {
    const text = part === 0 ? key : part === 1 ? playerId : board;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x85eb_ca6b);
      a ^= a >>> 15;
      b = Math.imul(b ^ code, 0xc2b2_ae35);
      b ^= b >>> 13;
    }
    a = Math.imul(a ^ text.length, 0x27d4_eb2f);
    b = Math.imul(b ^ text.length, 0x1656_67b1);
  }
  a = Math.imul(a ^ (b >>> 16), 0x85eb_ca6b);
  b = Math.imul(b ^ (a >>> 13), 0xc2b2_ae35);
  return ((a ^ (a >>> 16)) >>> 0) * 0x10_0000 + ((b ^ (b >>> 15)) >>> 12);
}
