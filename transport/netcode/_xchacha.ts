import { NONCE_BYTES, openDoubtful, seal } from "./_aead.ts";
import { hchacha20 } from "./_hchacha20.ts";
import { KEY_BYTES } from "./_sizes.ts";

/**
 * Seals and opens with XChaCha20-Poly1305 (S. Arciszewski, draft-irtf-cfrg-xchacha-03,
 * section 2.3), whose nonce is long enough to be picked at random.
 */

/** How much of the nonce makes the subkey; the rest ends the nonce of that. */
const SUBKEY_NONCE_BYTES = 16;
const REST_AT = 4;

/**
 * Seals bytes.
 *
 * @param key 32 bytes.
 * @param nonce 24 bytes: never twice with the same key, as random ones are not.
 * @param binding What is authenticated beside them; 0 or more bytes.
 * @param plain 0 or more bytes.
 * @param out Takes as many sealed bytes and the tag, 16 bytes, from `at` on. It may be
 * the memory of `plain`.
 */
export function sealLong(
  key: Uint8Array,
  nonce: Uint8Array,
  binding: Uint8Array,
  plain: Uint8Array,
  out: Uint8Array,
  at: number,
): void {
  const subkey = subkeyOf(key, nonce);
  seal(subkey, restOf(nonce), binding, plain, out, at);
  subkey.fill(0);
}

/**
 * Opens what was sealed. Tokens come from anybody, and of a flood of them none opens: a
 * refusal costs no more than an opening.
 *
 * @param sealed The sealed bytes and the tag: 16 bytes or more.
 * @param out Takes the plain bytes, from 0 on. Untouched after a refusal.
 * @returns How many they are; -1 if anything is not as it was sealed.
 */
export function openLong(
  key: Uint8Array,
  nonce: Uint8Array,
  binding: Uint8Array,
  sealed: Uint8Array,
  out: Uint8Array,
): number {
  const subkey = subkeyOf(key, nonce);
  const length = openDoubtful(subkey, restOf(nonce), binding, sealed, out);
  subkey.fill(0);
  return length;
}

function subkeyOf(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const subkey = new Uint8Array(KEY_BYTES);
  hchacha20(key, nonce, subkey);
  return subkey;
}

/** Four zeros and what made no subkey. */
function restOf(nonce: Uint8Array): Uint8Array {
  const rest = new Uint8Array(NONCE_BYTES);
  rest.set(nonce.subarray(SUBKEY_NONCE_BYTES), REST_AT);
  return rest;
}
