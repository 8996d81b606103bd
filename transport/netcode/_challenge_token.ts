import { open, seal } from "./_aead.ts";
import { CHALLENGE_TOKEN_BYTES, TAG_BYTES, USER_DATA_BYTES } from "./_sizes.ts";
import { getU64, putU64 } from "./_u64.ts";

/**
 * What a server has a client send back, so that it need keep nothing until the client
 * has shown that it is where it says. It travels as the body of challenges and responses:
 * its sequence, u64, and the sealed token.
 */

const SEQUENCE_BYTES = 8;
/** The body of a challenge, and of a response. */
export const CHALLENGE_BODY_BYTES = SEQUENCE_BYTES + CHALLENGE_TOKEN_BYTES;
/** Where in a body, and with which bit, a client says that its session goes on from another address. */
export const MOVE_AT = SEQUENCE_BYTES - 1;
export const MOVE_BIT = 0x80;
const PLAIN_BYTES = CHALLENGE_TOKEN_BYTES - TAG_BYTES;
/** It is bound to nothing: its key is one server's own. */
const NO_BINDING = new Uint8Array(0);

/** Who was challenged. */
export interface ChallengeToken {
  /** 0 to 2^64 - 1. */
  readonly clientId: bigint;
  /** 256 bytes. */
  readonly userData: Uint8Array;
}

/**
 * Writes the body of a challenge.
 *
 * @param sequence 0 to 2^64 - 1: never twice with the same key.
 * @param key 32 random bytes, of this server's life.
 * @param out Takes 308 bytes, from 0 on.
 */
export function sealChallenge(
  token: ChallengeToken,
  sequence: bigint,
  key: Uint8Array,
  out: Uint8Array,
): void {
  const plain = new Uint8Array(PLAIN_BYTES);
  putU64(plain, 0, token.clientId);
  plain.set(token.userData, 8);
  putU64(out, 0, sequence);
  seal(key, nonceOf(out), NO_BINDING, plain, out, SEQUENCE_BYTES);
}

/**
 * Reads the body of a response; never throws for what it holds.
 *
 * @param body 308 bytes.
 * @returns The token, with bytes of its own; `undefined` if it is forged, or another server's or life's.
 */
export function openChallenge(
  body: Uint8Array,
  key: Uint8Array,
): ChallengeToken | undefined {
  if (body.length !== CHALLENGE_BODY_BYTES) return undefined;
  const plain = new Uint8Array(PLAIN_BYTES);
  const sealed = body.subarray(SEQUENCE_BYTES);
  if (open(key, nonceOf(body), NO_BINDING, sealed, plain) < 0) return undefined;
  return {
    clientId: getU64(plain, 0),
    userData: plain.slice(8, 8 + USER_DATA_BYTES),
  };
}

/** Four zeros and the sequence, with which the body begins. */
function nonceOf(body: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12);
  nonce.set(body.subarray(0, SEQUENCE_BYTES), 4);
  return nonce;
}
