// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { getI32, putU32 } from "./_insecure_wire.ts";
import { SipHash } from "./_sip_hash.ts";

/** What a cookie is for, so that none of one kind passes for another. */
const Kind = { Handshake: 1, Path: 2, Identity: 3 } as const;

/** For how long a handshake's cookie is good, in seconds. */
export const COOKIE_SECONDS = 10;
/** A path's cookie is good in the epoch that it was made in and the next one. */
const EPOCH_MS = 5_000;
/** Kind, two words, a third one, and the longest key of an address. */
const INPUT_BYTES = 1 + 4 + 4 + 4 + 32;

/** Proofs of address that nobody has to remember: keyed hashes of what they prove. */
export class CookieJar {
  readonly #hash: SipHash;
  readonly #input = new Uint8Array(INPUT_BYTES);

  constructor(random: Random) {
    const key = new Uint32Array(4);
    for (let i = 0; i < key.length; i++) key[i] = random.nextU32();
    this.#hash = new SipHash(key);
  }

  /** Writes the cookie of a handshake, 8 bytes. */
  putHandshake(
    salt: Uint8Array,
    saltAt: number,
    stamp: number,
    from: DatagramAddress,
    out: Uint8Array,
    at: number,
  ): void {
    this.#handshake(salt, saltAt, stamp, from);
    putU32(out, at, this.#hash.low);
    putU32(out, at + 4, this.#hash.high);
  }

  /** Whether 8 bytes are the cookie of a handshake. */
  isHandshake(
    salt: Uint8Array,
    saltAt: number,
    stamp: number,
    from: DatagramAddress,
    cookieAt: number,
  ): boolean {
    this.#handshake(salt, saltAt, stamp, from);
    // One comparison of all bits: no time tells how many of them were right.
    return ((getI32(salt, cookieAt) ^ this.#hash.low) |
      (getI32(salt, cookieAt + 4) ^ this.#hash.high)) === 0;
  }

  /** Writes the cookie of a path, 5 bytes; `moves` is how often the session has moved. */
  putPath(
    session: number,
    moves: number,
    from: DatagramAddress,
    nowMs: number,
    out: Uint8Array,
    at: number,
  ): void {
    this.#path(session, moves, from, Math.floor(nowMs / EPOCH_MS));
    putU32(out, at, this.#hash.low);
    out[at + 4] = this.#hash.high;
  }

  /** Whether 5 bytes are the cookie of a path, of this epoch or the one before. */
  isPath(
    session: number,
    moves: number,
    from: DatagramAddress,
    nowMs: number,
    cookie: Uint8Array,
    at: number,
  ): boolean {
    const epoch = Math.floor(nowMs / EPOCH_MS);
    for (let age = 0; age < 2; age++) {
      this.#path(session, moves, from, epoch - age);
      const { low, high } = this.#hash;
      if (
        ((getI32(cookie, at) ^ low) | (cookie[at + 4]! ^ (high & 0xff))) === 0
      ) return true;
    }
    return false;
  }

  /** 53 bits that tell a client's salt at an address from all others. */
  identity(
    salt: Uint8Array,
    saltAt: number,
    from: DatagramAddress,
  ): number {
    const low = getI32(salt, saltAt);
    const high = getI32(salt, saltAt + 4);
    this.#of(Kind.Identity, low, high, 0, from);
    return (this.#hash.high & 0x1f_ffff) * 0x1_0000_0000 + this.#hash.low;
  }

  #handshake(
    salt: Uint8Array,
    saltAt: number,
    stamp: number,
    from: DatagramAddress,
  ): void {
    const low = getI32(salt, saltAt);
    const high = getI32(salt, saltAt + 4);
    this.#of(Kind.Handshake, low, high, stamp, from);
  }

  #path(
    session: number,
    moves: number,
    from: DatagramAddress,
    epoch: number,
  ): void {
    this.#of(Kind.Path, session, moves, epoch, from);
  }

  #of(
    kind: number,
    a: number,
    b: number,
    c: number,
    { key }: DatagramAddress,
  ): void {
    const input = this.#input;
    input[0] = kind;
    putU32(input, 1, a);
    putU32(input, 5, b);
    putU32(input, 9, c);
    input.set(key, 13);
    this.#hash.update(input, 13 + key.length);
  }
}
