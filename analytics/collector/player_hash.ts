// This module is browser compatible.
import { decodeBase64Url, encodeBase64Url } from "../../core/mod.ts";

const HASH_BYTES = 16;
/** How many are remembered; each takes some 150 bytes. */
const MAX_KNOWN = 16_384;

/**
 * What a collector stores in place of an id (PROTOCOL.md, section 1).
 *
 * @param id The id of a player or a session: 22 characters of base64url.
 * @returns A promise of the first 16 bytes of its SHA-256, in the same form. It rejects with a `RangeError` if it is no id.
 */
export async function playerHash(id: string): Promise<string> {
  const bytes = decodeBase64Url(id);
  if (bytes?.length !== HASH_BYTES) {
    throw new RangeError("Cannot hash id as it must be 16 bytes in base64url");
  }
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return encodeBase64Url(new Uint8Array(hash, 0, HASH_BYTES));
}

/**
 * The hashes of those who are playing, as each sends a batch every minute: `crypto.subtle` takes as long for one as
 * everything else that is done for thirty events.
 */
export class PlayerHashes {
  /** Those that were asked for last come last. */
  readonly #known = new Map<string, string>();

  /** How many are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** As {@linkcode playerHash}. */
  async of(id: string): Promise<string> {
    let hash = this.#known.get(id);
    if (hash !== undefined) this.#known.delete(id);
    else {
      hash = await playerHash(id);
      if (this.#known.size >= MAX_KNOWN) {
        for (const first of this.#known.keys()) {
          this.#known.delete(first);
          break;
        }
      }
    }
    this.#known.set(id, hash);
    return hash;
  }
}
