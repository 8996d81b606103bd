import { createCipheriv, createDecipheriv } from "node:crypto";
import { TAG_BYTES } from "./_sizes.ts";

/** The length of a nonce. */
export const NONCE_BYTES = 12;

/** Seals and opens with ChaCha20-Poly1305 (RFC 8439, section 2.8), the runtime's. */

const OPTIONS = { authTagLength: TAG_BYTES } as const;

/**
 * Seals bytes.
 *
 * @param key 32 bytes.
 * @param nonce 12 bytes: never twice with the same key.
 * @param binding What is authenticated beside them; 0 or more bytes.
 * @param plain 0 or more bytes.
 * @param out Takes as many sealed bytes and the tag, 16 bytes, from `at` on.
 */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  binding: Uint8Array,
  plain: Uint8Array,
  out: Uint8Array,
  at: number,
): void {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, OPTIONS);
  cipher.setAAD(binding, { plaintextLength: plain.length });
  if (plain.length > 0) out.set(cipher.update(plain), at);
  cipher.final();
  out.set(cipher.getAuthTag(), at + plain.length);
}

/**
 * Opens what was sealed.
 *
 * @param sealed The sealed bytes and the tag: 16 bytes or more.
 * @param out Takes the plain bytes, from 0 on. After a refusal what it holds is nothing.
 * @returns How many they are; -1 if anything is not as it was sealed.
 */
export function open(
  key: Uint8Array,
  nonce: Uint8Array,
  binding: Uint8Array,
  sealed: Uint8Array,
  out: Uint8Array,
): number {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return -1;
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, OPTIONS);
  decipher.setAAD(binding, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  try {
    // An empty body has a tag all the same, which final() checks.
    const plain = decipher.update(sealed.subarray(0, length));
    decipher.final();
    out.set(plain);
  } catch {
    return -1;
  }
  return length;
}
