import { checkCipher, NONCE_BYTES, open, openDoubtful, seal } from "./_aead.ts";
import { PacketType } from "./_packet_type.ts";
import {
  CHALLENGE_TOKEN_BYTES,
  MAX_PAYLOAD_BYTES,
  TAG_BYTES,
  VERSION,
} from "./_sizes.ts";
import { putU32, putU64, U32 } from "./_u64.ts";

/** What {@linkcode PacketCodec.readHeader} found. */
export const HeaderFault = {
  None: 0,
  /** Shorter than any packet, or than its sequence and tag. */
  TooShort: 1,
  /** No type of this standard. */
  UnknownType: 2,
  /** A type that this end does not take. */
  WrongType: 3,
  /** A sequence of no bytes, or of more than eight. */
  BadSequence: 4,
  /** A body that is shorter or longer than its type's. */
  BadLength: 5,
} as const;
export type HeaderFault = typeof HeaderFault[keyof typeof HeaderFault];

/** The shortest packet: prefix, one byte of sequence, tag. */
const MIN_PACKET_BYTES = 1 + 1 + TAG_BYTES;
/** Where the binding has the protocol id and the prefix. */
const PROTOCOL_AT = VERSION.length;
const PREFIX_AT = PROTOCOL_AT + 8;
const NONCE_LOW_AT = 4;
const NONCE_HIGH_AT = 8;
/** How far the count of forged packets goes, and from where on the next is taken for one. */
const MAX_DOUBT = 3;
const DOUBTFUL = 2;

/**
 * Reads and writes the sealed packets of one protocol id: prefix, sequence of one to
 * eight bytes, sealed body, tag. A sequence is two halves of 32 bits, 0 to 2^32 - 1
 * each. One codec serves any number of keys; it keeps nothing between two packets but
 * what the last header said, and whether forged ones have come lately.
 */
export class PacketCodec {
  /** Version, protocol id, prefix. */
  readonly #binding = new Uint8Array(PREFIX_AT + 1);
  /** Four zeros and the sequence, little-endian. */
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  /** What the last header said. */
  type = 0;
  sequenceLow = 0;
  sequenceHigh = 0;
  #bodyAt = 0;
  /**
   * A forged packet adds one, a genuine one takes one away: what most of the last ones
   * were decides in which of two ways the next is opened. Each way is the dearer one for
   * the other kind, by about as much, so that few forged packets must not slow down many
   * genuine ones, nor the other way round.
   */
  #doubt = 0;

  /**
   * Creates a codec of a protocol id: 0 to 2^64 - 1.
   *
   * @throws {TransportError} `"unsupported"`, if the runtime has no cipher for it.
   */
  constructor(protocolId: bigint) {
    checkCipher();
    this.#binding.set(VERSION);
    putU64(this.#binding, PROTOCOL_AT, protocolId);
  }

  /**
   * Writes a packet.
   *
   * @param type Any but a request.
   * @param key 32 bytes.
   * @param body The body, whose length is that of its type.
   * @param out Takes the packet, from 0 on: as long as the body and 25 bytes. It may be
   * the memory of the body, if that begins at 9 or later.
   * @returns The length of the packet.
   */
  seal(
    type: number,
    sequenceHigh: number,
    sequenceLow: number,
    key: Uint8Array,
    body: Uint8Array,
    out: Uint8Array,
  ): number {
    let at = 1;
    for (let rest = sequenceLow, i = 0; i < 4; i++, rest >>>= 8) {
      if (rest === 0 && sequenceHigh === 0 && i > 0) break;
      out[at++] = rest;
    }
    for (let rest = sequenceHigh; rest !== 0; rest >>>= 8) out[at++] = rest;
    const prefix = (at - 1) << 4 | type;
    out[0] = prefix;
    this.#bind(prefix, sequenceHigh, sequenceLow);
    seal(key, this.#nonce, this.#binding, body, out, at);
    return at + body.length + TAG_BYTES;
  }

  /**
   * Writes a packet as {@linkcode PacketCodec.seal} does.
   *
   * @param sequence An integer from 0 to 2^53 - 1.
   */
  sealNumbered(
    type: number,
    sequence: number,
    key: Uint8Array,
    body: Uint8Array,
    out: Uint8Array,
  ): number {
    const high = Math.floor(sequence / U32);
    return this.seal(type, high, sequence >>> 0, key, body, out);
  }

  /**
   * Reads type and sequence of what came in, and checks all that can be checked without
   * the key, in the order of the standard ("Reading Encrypted Packets"). A sequence may
   * have leading zeros, as it may for the reference: its length is bound to the packet.
   *
   * @param takes Which types this end takes, one bit each. A request, which is not sealed, is not for this.
   * @returns What is wrong with it, 0 if nothing is.
   */
  readHeader(packet: Uint8Array, takes: number): HeaderFault {
    if (packet.length < MIN_PACKET_BYTES) return HeaderFault.TooShort;
    const prefix = packet[0]!;
    const type = prefix & 15;
    if (type > PacketType.Disconnect) return HeaderFault.UnknownType;
    if (type === PacketType.Request || (takes >>> type & 1) === 0) {
      return HeaderFault.WrongType;
    }
    const count = prefix >>> 4;
    if (count < 1 || count > 8) return HeaderFault.BadSequence;
    if (packet.length < 1 + count + TAG_BYTES) return HeaderFault.TooShort;
    let low = 0;
    let high = 0;
    for (let i = Math.min(count, 4); i > 0; i--) low = low << 8 | packet[i]!;
    for (let i = count; i > 4; i--) high = high << 8 | packet[i]!;
    this.type = type;
    this.sequenceLow = low >>> 0;
    this.sequenceHigh = high >>> 0;
    this.#bodyAt = 1 + count;
    const bodyBytes = packet.length - this.#bodyAt - TAG_BYTES;
    return isBodyLength(type, bodyBytes)
      ? HeaderFault.None
      : HeaderFault.BadLength;
  }

  /**
   * Opens the packet whose header was read last.
   *
   * @param key 32 bytes.
   * @param out Takes the body, from 0 on: as long as the body. Untouched after a refusal.
   * @returns The length of the body, -1 if it is forged.
   */
  open(packet: Uint8Array, key: Uint8Array, out: Uint8Array): number {
    this.#bind(packet[0]!, this.sequenceHigh, this.sequenceLow);
    const sealed = packet.subarray(this.#bodyAt);
    const opens = this.#doubt >= DOUBTFUL ? openDoubtful : open;
    const length = opens(key, this.#nonce, this.#binding, sealed, out);
    if (length >= 0) this.#doubt = Math.max(this.#doubt - 1, 0);
    else this.#doubt = Math.min(this.#doubt + 1, MAX_DOUBT);
    return length;
  }

  #bind(prefix: number, sequenceHigh: number, sequenceLow: number): void {
    this.#binding[PREFIX_AT] = prefix;
    putU32(this.#nonce, NONCE_LOW_AT, sequenceLow);
    putU32(this.#nonce, NONCE_HIGH_AT, sequenceHigh);
  }
}

/** Whether a body has a length that its type has. */
export function isBodyLength(type: number, length: number): boolean {
  switch (type) {
    case PacketType.Challenge:
    case PacketType.Response:
      return length === 8 + CHALLENGE_TOKEN_BYTES;
    case PacketType.KeepAlive:
      return length === 8;
    case PacketType.Payload:
      return length >= 1 && length <= MAX_PAYLOAD_BYTES;
    default:
      return length === 0;
  }
}
