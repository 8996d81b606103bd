// This module is browser compatible.

// WebCrypto has no keyed hash that answers at once, and node:crypto is not in every
// runtime: hence one by hand, small enough to read beside the paper.

/**
 * SipHash-2-4 with 64 bits of output (Jean-Philippe Aumasson and Daniel J. Bernstein,
 * "SipHash: a fast short-input PRF", 2012), on 32-bit halves.
 */
export class SipHash {
  readonly #key: Uint32Array;
  /** The lower half of the last hash: 0 to 4294967295. */
  low = 0;
  /** The upper half of the last hash: 0 to 4294967295. */
  high = 0;

  /**
   * Creates a hash.
   *
   * @param key Four words: the key's bytes as little-endian numbers. Not copied.
   */
  constructor(key: Uint32Array) {
    this.#key = key;
  }

  /**
   * Hashes bytes into `low` and `high`.
   *
   * @param bytes What holds them.
   * @param length How many of them, from 0 on.
   */
  update(bytes: Uint8Array, length: number): void {
    const key = this.#key;
    const k0 = key[0]! | 0;
    const k1 = key[1]! | 0;
    const k2 = key[2]! | 0;
    const k3 = key[3]! | 0;
    // vNl and vNh are the halves of the paper's vN.
    let v0l = k0 ^ 0x70736575;
    let v0h = k1 ^ 0x736f6d65;
    let v1l = k2 ^ 0x6e646f6d;
    let v1h = k3 ^ 0x646f7261;
    let v2l = k0 ^ 0x6e657261;
    let v2h = k1 ^ 0x6c796765;
    let v3l = k2 ^ 0x79746573;
    let v3h = k3 ^ 0x74656462;
    const whole = length & ~7;
    // The last block holds what is left and the length; after it come four rounds.
    for (let at = 0; at <= whole + 8; at += 8) {
      const isFinal = at === whole + 8;
      let ml = 0;
      let mh = 0;
      let rounds = 2;
      if (at < whole) {
        ml = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 |
          bytes[at + 3]! << 24;
        mh = bytes[at + 4]! | bytes[at + 5]! << 8 | bytes[at + 6]! << 16 |
          bytes[at + 7]! << 24;
      } else if (!isFinal) {
        const left = length - whole;
        for (let i = 0; i < left; i++) {
          const byte = bytes[whole + i]!;
          if (i < 4) ml |= byte << 8 * i;
          else mh |= byte << 8 * (i - 4);
        }
        mh |= length << 24;
      } else {
        v2l ^= 0xff;
        rounds = 4;
      }
      v3l ^= ml;
      v3h ^= mh;
      for (; rounds > 0; rounds--) {
        let low = (v0l >>> 0) + (v1l >>> 0);
        v0h = v0h + v1h + (low > 0xffff_ffff ? 1 : 0) | 0;
        v0l = low | 0;
        let turned = v1l << 13 | v1h >>> 19;
        v1h = (v1h << 13 | v1l >>> 19) ^ v0h;
        v1l = turned ^ v0l;
        turned = v0l;
        v0l = v0h;
        v0h = turned;

        low = (v2l >>> 0) + (v3l >>> 0);
        v2h = v2h + v3h + (low > 0xffff_ffff ? 1 : 0) | 0;
        v2l = low | 0;
        turned = v3l << 16 | v3h >>> 16;
        v3h = (v3h << 16 | v3l >>> 16) ^ v2h;
        v3l = turned ^ v2l;

        low = (v0l >>> 0) + (v3l >>> 0);
        v0h = v0h + v3h + (low > 0xffff_ffff ? 1 : 0) | 0;
        v0l = low | 0;
        turned = v3l << 21 | v3h >>> 11;
        v3h = (v3h << 21 | v3l >>> 11) ^ v0h;
        v3l = turned ^ v0l;

        low = (v2l >>> 0) + (v1l >>> 0);
        v2h = v2h + v1h + (low > 0xffff_ffff ? 1 : 0) | 0;
        v2l = low | 0;
        turned = v1l << 17 | v1h >>> 15;
        v1h = (v1h << 17 | v1l >>> 15) ^ v2h;
        v1l = turned ^ v2l;
        turned = v2l;
        v2l = v2h;
        v2h = turned;
      }
      v0l ^= ml;
      v0h ^= mh;
    }
    this.low = (v0l ^ v1l ^ v2l ^ v3l) >>> 0;
    this.high = (v0h ^ v1h ^ v2h ^ v3h) >>> 0;
  }
}
