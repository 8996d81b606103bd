// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import { firstSequence } from "./_first_sequence.ts";

/** Those of connected clients come on top. */
export const MAX_USED_TOKENS = 2_048;
/** On average, and two at once: clients ask ten times a second, and networks double. */
const ANSWER_MS = 50;

/** What is kept of a token that has been used here. */
export class UsedToken {
  readonly tag: string;
  /** Where it was used, and may be used again. */
  readonly address: string;
  /** Of the next packet that is sent with its key, where no session has it: no nonce comes twice. */
  sequence: number;
  /** The secret of its session over a sealed way that has ended last. */
  endedSession: Uint8Array | undefined;
  /** When the answers so far are used up, at their rate. */
  #nextMs = -Infinity;

  constructor(tag: string, address: string, sequence: number) {
    this.tag = tag;
    this.address = address;
    this.sequence = sequence;
  }

  /** Whether whoever shows the token may be answered now. */
  mayAnswer(nowMs: number): boolean {
    return nowMs >= this.#nextMs - ANSWER_MS;
  }

  /** Notes an answer. */
  answer(nowMs: number): void {
    this.#nextMs = Math.max(nowMs, this.#nextMs) + ANSWER_MS;
  }
}

/**
 * Tokens that have been used, by their tags: each is good for one address. Those that
 * were used last are remembered, and those of connected clients.
 */
export class UsedTokens {
  /** In the order of their last use. */
  readonly #past = new Map<string, UsedToken>();
  readonly #present = new Map<string, UsedToken>();
  readonly #random: Random;

  /** @param random Where the sequences of new ones begin. */
  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#past.size + this.#present.size;
  }

  get(tag: string): UsedToken | undefined {
    return this.#past.get(tag) ?? this.#present.get(tag);
  }

  add(tag: string, address: string): UsedToken {
    const token = new UsedToken(tag, address, firstSequence(this.#random));
    this.#keep(token);
    return token;
  }

  /** Keeps it for as long as its client is connected. */
  hold(token: UsedToken): void {
    this.#past.delete(token.tag);
    this.#present.set(token.tag, token);
  }

  /** Its client is connected no more. */
  release(token: UsedToken): void {
    this.#present.delete(token.tag);
    this.#keep(token);
  }

  #keep(token: UsedToken): void {
    if (this.#past.size >= MAX_USED_TOKENS) {
      for (const oldest of this.#past.keys()) {
        this.#past.delete(oldest);
        break;
      }
    }
    this.#past.set(token.tag, token);
  }
}

/** The tag with which a sealed token ends, as the key of a map. */
export function tagOf(bytes: Uint8Array, end: number): string {
  let tag = "";
  for (let at = end - 16; at < end; at += 2) {
    tag += String.fromCharCode(bytes[at]! | bytes[at + 1]! << 8);
  }
  return tag;
}
