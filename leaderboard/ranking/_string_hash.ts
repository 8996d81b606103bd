// This module is browser compatible.
import type { Random } from "../../core/mod.ts";

/**
 * Hashes text with a key, so that nobody who chooses texts can choose where they go: HalfSipHash-1-3 (Jean-Philippe
 * Aumasson and Daniel J. Bernstein, "SipHash: a fast short-input PRF", 2012, and its 32-bit variant), fed with two
 * UTF-16 units a word.
 */
export class StringHash {
  readonly #k0: number;
  readonly #k1: number;

  constructor(random: Random) {
    this.#k0 = random.nextU32() | 0;
    this.#k1 = random.nextU32() | 0;
  }

  /** A signed 32-bit integer. */
  hash(text: string): number {
    const { length } = text;
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    const whole = length & ~1;
    for (let i = 0; i < whole; i += 2) {
      const word = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    const last = (length << 24) |
      (whole < length ? text.charCodeAt(whole) : 0);
    v3 ^= last;
    for (let round = 0; round < 4; round++) {
      if (round === 1) {
        v0 ^= last;
        v2 ^= 0xff;
      }
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    return v1 ^ v3;
  }
}
