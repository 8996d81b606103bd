import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { TransportError } from "../transport_error.ts";
import { KEY_BYTES, TAG_BYTES } from "./_sizes.ts";

/**
 * Seals and opens with ChaCha20-Poly1305 (RFC 8439, section 2.8), the runtime's.
 *
 * Keys are raw bytes, as Deno would export a `KeyObject` anew each time. Each cipher is
 * ended, whatever comes of it, as Deno frees it then. What a cipher hands out is copied
 * only once it is known to be genuine.
 */

/** The length of a nonce. */
export const NONCE_BYTES = 12;

const CIPHER = "chacha20-poly1305";
const NOTHING = new Uint8Array(0);
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/**
 * Finds out at the start whether the runtime has the cipher: Bun 1.4 does not.
 *
 * @throws {TransportError} `"unsupported"`, if it has not.
 */
export function checkCipher(): void {
  const key = new Uint8Array(KEY_BYTES);
  try {
    seal(key, key.subarray(0, NONCE_BYTES), NOTHING, NOTHING, key, 0);
  } catch (cause) {
    throw new TransportError(
      "unsupported",
      `Cannot use netcode as the node:crypto of this runtime must have "${CIPHER}"`,
      { cause },
    );
  }
}

/**
 * Seals bytes.
 *
 * @param key 32 bytes.
 * @param nonce 12 bytes: never twice with the same key.
 * @param binding What is authenticated beside them; 0 or more bytes.
 * @param plain 0 or more bytes.
 * @param out Takes as many sealed bytes and the tag, 16 bytes, from `at` on. It may be
 * the memory of `plain`.
 */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  binding: Uint8Array,
  plain: Uint8Array,
  out: Uint8Array,
  at: number,
): void {
  const { length } = plain;
  const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
  cipher.setAAD(binding, { plaintextLength: length });
  if (length > 0) out.set(cipher.update(plain), at);
  cipher.final();
  out.set(cipher.getAuthTag(), at + length);
}

/**
 * Opens what was sealed. To refuse takes three times as long as to open, or more, as the
 * runtime throws.
 *
 * @param sealed The sealed bytes and the tag: 16 bytes or more.
 * @param out Takes the plain bytes, from 0 on. Untouched after a refusal.
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
  const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS);
  decipher.setAAD(binding, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return -1;
  }
  out.set(plain);
  return length;
}

/**
 * Opens what was sealed, where most is forged: nothing is thrown, so that to refuse and
 * to open take the same, about two thirds of what {@linkcode open} takes to refuse and
 * twice what it takes to open.
 *
 * The tag that the sealed bytes should have is computed by sealing once more what is in
 * them, and compared in constant time.
 *
 * @param sealed The sealed bytes and the tag: 16 bytes or more.
 * @param out Takes the plain bytes, from 0 on. Untouched after a refusal.
 * @returns How many they are; -1 if anything is not as it was sealed.
 */
export function openDoubtful(
  key: Uint8Array,
  nonce: Uint8Array,
  binding: Uint8Array,
  sealed: Uint8Array,
  out: Uint8Array,
): number {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return -1;
  // The same key stream takes off what it has put on.
  const stream = createCipheriv(CIPHER, key, nonce, OPTIONS);
  const plain = stream.update(sealed.subarray(0, length));
  stream.final();
  const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
  cipher.setAAD(binding, { plaintextLength: length });
  cipher.update(plain);
  cipher.final();
  if (!timingSafeEqual(cipher.getAuthTag(), sealed.subarray(length))) return -1;
  out.set(plain);
  return length;
}
