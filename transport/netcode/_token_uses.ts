import { createHash } from "node:crypto";
import type { Random } from "../../core/mod.ts";
import { firstSequence } from "./_first_sequence.ts";

/** How far the sending sequence of a key has come. */
export interface TokenUse {
  /** The sequence of the next packet: an integer below 2^53. */
  next: number;
  /** How many sessions go on with it. */
  sessions: number;
}

/** How many of those that no session uses are kept. */
const MAX_RESTING = 4_096;

/**
 * Remembers how far the sending sequence of each key has come, so that a token that is used
 * again does not seal a second packet with a nonce of the first session: with
 * ChaCha20-Poly1305 that would give both packets away. Sessions with the same key at the
 * same time share one sequence. Beyond a bound the one that has rested longest is forgotten.
 */
export class TokenUses {
  /** By the hash of the key, so that no key outlives its session here; those that rest are in the order of their rest. */
  readonly #uses = new Map<string, TokenUse>();
  readonly #random: Random;
  #resting = 0;

  /** @param random Where the sequences of keys begin that it does not know. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** Takes the sequence of a key into use. */
  take(key: Uint8Array): TokenUse {
    const name = nameOf(key);
    let use = this.#uses.get(name);
    if (use === undefined) {
      use = { next: firstSequence(this.#random), sessions: 0 };
      this.#uses.set(name, use);
    } else if (use.sessions === 0) this.#resting--;
    use.sessions++;
    return use;
  }

  /** Lets a session's go. */
  release(key: Uint8Array, use: TokenUse): void {
    if (--use.sessions > 0) return;
    const name = nameOf(key);
    this.#uses.delete(name);
    this.#uses.set(name, use);
    if (++this.#resting <= MAX_RESTING) return;
    for (const [oldest, { sessions }] of this.#uses) {
      if (sessions > 0) continue;
      this.#uses.delete(oldest);
      this.#resting--;
      return;
    }
  }
}

function nameOf(key: Uint8Array): string {
  return createHash("sha256").update(key).digest("base64");
}
