// This module is browser compatible.
import { decodeBase64, encodeBase64 } from "../../core/mod.ts";

const HASH_BYTES = 16;

/**
 * What a collector stores in place of an id (PROTOCOL.md, section 1).
 *
 * @param id The id of a player or a session: 22 characters of base64url.
 * @returns A promise of the first 16 bytes of its SHA-256, in the same form.
 * @throws {RangeError} If it is no id.
 */
export async function playerHash(id: string): Promise<string> {
  const text = id.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = decodeBase64(`${text}==`);
  if (bytes?.length !== HASH_BYTES) {
    throw new RangeError("Cannot hash id as it must be 16 bytes in base64url");
  }
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return encodeBase64(new Uint8Array(digest, 0, HASH_BYTES)).slice(0, 22)
    .replaceAll("+", "-").replaceAll("/", "_");
}
