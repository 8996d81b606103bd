// This module is browser compatible.
import { getU32, putU32 } from "./_u64.ts";

/** How many words the state has, and a double round is done ten times. */
const WORDS = 16;
const DOUBLE_ROUNDS = 10;

/**
 * Derives a subkey from a key and the first part of a long nonce (S. Arciszewski,
 * draft-irtf-cfrg-xchacha-03, section 2.2). Nothing in it depends on the secret but what
 * is computed: no branch, no index.
 *
 * @param key 32 bytes.
 * @param nonce 16 bytes, or more, of which the first 16 are taken.
 * @param out Takes the subkey, 32 bytes, from 0 on.
 */
export function hchacha20(
  key: Uint8Array,
  nonce: Uint8Array,
  out: Uint8Array,
): void {
  const state = new Int32Array(WORDS);
  // "expand 32-byte k" (RFC 8439, section 2.3).
  state[0] = 0x6170_7865;
  state[1] = 0x3320_646e;
  state[2] = 0x7962_2d32;
  state[3] = 0x6b20_6574;
  for (let i = 0; i < 8; i++) state[4 + i] = getU32(key, 4 * i);
  for (let i = 0; i < 4; i++) state[12 + i] = getU32(nonce, 4 * i);
  for (let i = 0; i < DOUBLE_ROUNDS; i++) {
    mix(state, 0, 4, 8, 12);
    mix(state, 1, 5, 9, 13);
    mix(state, 2, 6, 10, 14);
    mix(state, 3, 7, 11, 15);
    mix(state, 0, 5, 10, 15);
    mix(state, 1, 6, 11, 12);
    mix(state, 2, 7, 8, 13);
    mix(state, 3, 4, 9, 14);
  }
  for (let i = 0; i < 4; i++) {
    putU32(out, 4 * i, state[i]!);
    putU32(out, 4 * (4 + i), state[12 + i]!);
  }
  state.fill(0);
}

/** The quarter round (RFC 8439, section 2.1) of four words. */
function mix(
  state: Int32Array,
  atA: number,
  atB: number,
  atC: number,
  atD: number,
): void {
  let a = state[atA]!;
  let b = state[atB]!;
  let c = state[atC]!;
  let d = state[atD]!;
  a = a + b | 0;
  d ^= a;
  d = d << 16 | d >>> 16;
  c = c + d | 0;
  b ^= c;
  b = b << 12 | b >>> 20;
  a = a + b | 0;
  d ^= a;
  d = d << 8 | d >>> 24;
  c = c + d | 0;
  b ^= c;
  b = b << 7 | b >>> 25;
  state[atA] = a;
  state[atB] = b;
  state[atC] = c;
  state[atD] = d;
}
