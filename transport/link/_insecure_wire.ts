// This module is browser compatible.

// The datagrams of the insecure link: PROTOCOL.md, section 1.

/** The version of all of PROTOCOL.md: hashed before the game's own text. */
export const WIRE_VERSION = 1;

/** The first byte of each datagram. */
export const Type = {
  Request: 0x01,
  Challenge: 0x02,
  Response: 0x03,
  Accept: 0x04,
  Refuse: 0x05,
  Data: 0x06,
  PathChallenge: 0x07,
  PathResponse: 0x08,
  Close: 0x09,
  UnknownSession: 0x0a,
} as const;

/** The reasons in a refuse. */
export const Refusal = {
  Full: 1,
  Denied: 2,
  WrongProtocol: 3,
  Ended: 4,
} as const;

/** A request and a response: so large that no answer is larger. */
export const HELLO_BYTES = 320;
export const CHALLENGE_BYTES = 21;
export const ACCEPT_BYTES = 13;
export const REFUSE_BYTES = 10;
/** What comes before the packet in a data datagram. */
export const DATA_HEADER_BYTES = 5;
/** As small as a packet that only acknowledges, in its datagram. */
export const PATH_BYTES = 10;
/** A close and an unknown session. */
export const NOTE_BYTES = 5;
export const MAX_USER_DATA_BYTES = 256;

/** Where things are in a request; in a response 12 bytes later from the user data on. */
export const PROTOCOL_AT = 1;
export const SALT_AT = 9;
export const STAMP_AT = 17;
export const COOKIE_AT = 21;
export const REQUEST_LENGTH_AT = 17;
export const RESPONSE_LENGTH_AT = 29;

/** Reads 32 bits as a signed number, which engines do not box. */
export function getI32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 |
    bytes[at + 3]! << 24;
}

/** Writes the lowest 32 bits of a number. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Up to here a loop is faster than a view and its `set()`. */
const LOOP_BYTES = 64;

/** Copies bytes `start` to `end` of one array to another, which has room for them. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  if (end - start > LOOP_BYTES) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let i = start; i < end; i++) to[at++] = from[i]!;
}

/**
 * The user data of a request or response.
 *
 * @param hello The datagram.
 * @param lengthAt Where its length is.
 * @returns A copy, or `undefined` if it is malformed: too long, or what follows is not zeros.
 */
export function readUserData(
  hello: Uint8Array,
  lengthAt: number,
): Uint8Array | undefined {
  const start = lengthAt + 2;
  const end = helloEnd(hello, lengthAt);
  return end < 0 ? undefined : new Uint8Array(hello.subarray(start, end));
}

/** Where the zeros of a request or response begin; -1 if it is malformed. */
export function helloEnd(hello: Uint8Array, lengthAt: number): number {
  const length = hello[lengthAt]! | hello[lengthAt + 1]! << 8;
  if (length > MAX_USER_DATA_BYTES) return -1;
  const end = lengthAt + 2 + length;
  for (let i = end; i < HELLO_BYTES; i++) if (hello[i] !== 0) return -1;
  return end;
}
