// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import { U32 } from "./_u64.ts";

/**
 * Where the sequence of what is sealed with a key begins where nobody knows how far it has
 * come: somewhere in 2^48, as an earlier life of this end, or another server of the same
 * token, may have used the key too, and with ChaCha20-Poly1305 a nonce that comes twice gives
 * both packets away. STANDARD_NOTES.md says why not elsewhere.
 *
 * @returns 0 to 2^48 - 1.
 */
export function firstSequence(random: Random): number {
  return (random.nextU32() >>> 16) * U32 + random.nextU32();
}
