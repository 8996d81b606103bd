// This module is browser compatible.
import type { Random } from "../../core/mod.ts";

const SIZE = 0x1_0000_0000;

/**
 * Where the sequence of what is sealed with a key begins where nobody knows how far it has
 * come: somewhere in 2^48, as an earlier life of this end, or another server of the same
 * token, may have used the key too, and with ChaCha20-Poly1305 a nonce that comes twice gives
 * both packets away. STANDARD_NOTES.md says why not elsewhere.
 *
 * @returns 0 to 2^48 - 1.
 */
export function firstSequence(random: Random): number {
  return (random.nextU32() >>> 16) * SIZE + random.nextU32();
}
