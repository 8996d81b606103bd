// This module is browser compatible.
import { getU32, putU32 } from "./_u64.ts";

/** Which words each half of a double round mixes: columns, then diagonals (RFC 8439, section 2.3). */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

/**
 * Derives a key from a key and a nonce (draft-irtf-cfrg-xchacha-03, section 2.2).
 *
 * @param key 32 bytes.
 * @param nonce 16 bytes.
 * @param out Takes 32 bytes.
 */
export function hchacha20(
  key: Uint8Array,
  nonce: Uint8Array,
  out: Uint8Array,
): void {
  const state = new Uint32Array(16);
  state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  for (let i = 0; i < 8; i++) state[4 + i] = getU32(key, 4 * i);
  for (let i = 0; i < 4; i++) state[12 + i] = getU32(nonce, 4 * i);
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of QUARTERS) {
      state[a]! += state[b]!;
      state[d] = rotate(state[d]! ^ state[a]!, 16);
      state[c]! += state[d]!;
      state[b] = rotate(state[b]! ^ state[c]!, 12);
      state[a]! += state[b]!;
      state[d] = rotate(state[d]! ^ state[a]!, 8);
      state[c]! += state[d]!;
      state[b] = rotate(state[b]! ^ state[c]!, 7);
    }
  }
  for (let i = 0; i < 4; i++) {
    putU32(out, 4 * i, state[i]!);
    putU32(out, 16 + 4 * i, state[12 + i]!);
  }
}

function rotate(word: number, by: number): number {
  return word << by | word >>> (32 - by);
}
