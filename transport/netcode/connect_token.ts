// This module is browser compatible.
import { decodeBase64 } from "../../core/mod.ts";
import {
  addressListEnd,
  readAddressList,
  writeAddressList,
} from "./_address_list.ts";
import { checkU64 } from "./_check_u64.ts";
import {
  CONNECT_TOKEN_BYTES,
  KEY_BYTES,
  PRIVATE_TOKEN_BYTES,
  TOKEN_NONCE_BYTES,
  VERSION,
} from "./_sizes.ts";
import { getU32, getU64, putU32, putU64 } from "./_u64.ts";

const PROTOCOL_AT = VERSION.length;
const CREATE_AT = PROTOCOL_AT + 8;
const EXPIRE_AT = CREATE_AT + 8;
const NONCE_AT = EXPIRE_AT + 8;
const PRIVATE_AT = NONCE_AT + TOKEN_NONCE_BYTES;
const TIMEOUT_AT = PRIVATE_AT + PRIVATE_TOKEN_BYTES;
const ADDRESSES_AT = TIMEOUT_AT + 4;
const BASE64_LENGTH = 4 * Math.ceil(CONNECT_TOKEN_BYTES / 3);

/**
 * A netcode connect token as its client has it: which servers let it in, with which keys
 * it talks to them, and a part that only servers can open. Whoever has the token can be
 * this client: it travels over HTTPS and is not written to logs.
 */
export interface ConnectToken {
  /** Which game this is, and which version of it: 0 to 2^64 - 1. */
  readonly protocolId: bigint;
  /** When it was made, in seconds since 1970: 0 to 2^64 - 1. */
  readonly createSeconds: bigint;
  /** When it expires, in seconds since 1970, not before it was made; 2^64 - 1: never. */
  readonly expireSeconds: bigint;
  /** With what its private part is sealed: 24 bytes. */
  readonly nonce: Uint8Array;
  /** The part for servers, sealed: 1,024 bytes. */
  readonly privateData: Uint8Array;
  /** After how many seconds of silence an end gives the other up: -2^31 to 2^31 - 1; 0 or less: never. */
  readonly timeoutSeconds: number;
  /** The servers, in the order in which to try them: 1 to 32 of `"203.0.113.7:40000"` and `"[2001:db8::7]:40000"`. */
  readonly addresses: readonly string[];
  /** What the client seals with: 32 bytes, secret. */
  readonly clientToServerKey: Uint8Array;
  /** What the server seals with: 32 bytes, secret. */
  readonly serverToClientKey: Uint8Array;
}

/**
 * Reads a connect token, and checks it as the standard wants a client to.
 *
 * What fills a token up to 2,048 bytes is not looked at, as in the reference.
 *
 * @param token 2,048 bytes, or their base64 (RFC 4648, section 4) with padding and without spaces.
 * @returns The token, with bytes of its own.
 * @throws {SyntaxError} If it is not a token, or one of another version, that lists no address or one of an unknown
 * type, or was made after it expires. The message holds nothing of its keys.
 *
 * @example What a login server answered
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeBase64 } from "@tickwire/net/core";
 * import { parseConnectToken } from "@tickwire/net/transport";
 * import { issueConnectToken } from "@tickwire/net/transport/netcode";
 *
 * const issued = issueConnectToken({
 *   protocolId: 0x1122334455667788n,
 *   privateKey: crypto.getRandomValues(new Uint8Array(32)),
 *   clientId: 7n,
 *   addresses: ["203.0.113.7:40000", "[2001:db8::7]:40000"],
 * });
 * const token = parseConnectToken(encodeBase64(issued));
 * assertEquals(token.protocolId, 0x1122334455667788n);
 * assertEquals(token.addresses, ["203.0.113.7:40000", "[2001:db8::7]:40000"]);
 * ```
 */
export function parseConnectToken(token: Uint8Array | string): ConnectToken {
  const parsed = read(token);
  if (typeof parsed === "string") {
    throw new SyntaxError(`Cannot parse a connect token as ${parsed}`);
  }
  return parsed;
}

/**
 * Reads a connect token that may be anything, as {@linkcode parseConnectToken} does.
 *
 * @param token 2,048 bytes, or their base64.
 * @returns The token, with bytes of its own; `undefined` if it is none.
 *
 * @example Text from a network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tryParseConnectToken } from "@tickwire/net/transport";
 *
 * assertEquals(tryParseConnectToken("<html>Bad gateway</html>"), undefined);
 * ```
 */
export function tryParseConnectToken(
  token: Uint8Array | string,
): ConnectToken | undefined {
  const parsed = read(token);
  return typeof parsed === "string" ? undefined : parsed;
}

/**
 * Writes a connect token: the opposite of {@linkcode parseConnectToken}. Nothing in it
 * need be true: this is for tools, and for those who store tokens in their parts.
 *
 * @param token The token; its addresses in any form of theirs.
 * @returns 2,048 bytes, with zeros at their end.
 * @throws {RangeError} If a number is outside its range, bytes have another length than theirs, the addresses are none
 * or more than 32, or it was made after it expires.
 * @throws {TypeError} If a number of 64 bits is no bigint, or an address is none, or has a zone.
 *
 * @example Read and written again
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeConnectToken, parseConnectToken } from "@tickwire/net/transport";
 * import { issueConnectToken } from "@tickwire/net/transport/netcode";
 *
 * const issued = issueConnectToken({
 *   protocolId: 1n,
 *   privateKey: crypto.getRandomValues(new Uint8Array(32)),
 *   clientId: 7n,
 *   addresses: ["203.0.113.7:40000"],
 * });
 * assertEquals(encodeConnectToken(parseConnectToken(issued)), issued);
 * ```
 */
export function encodeConnectToken(
  token: ConnectToken,
): Uint8Array<ArrayBuffer> {
  checkU64("write a token", "protocolId", token.protocolId);
  checkU64("write a token", "createSeconds", token.createSeconds);
  checkU64("write a token", "expireSeconds", token.expireSeconds);
  if (token.createSeconds > token.expireSeconds) {
    throw new RangeError(
      `Cannot write a token as expireSeconds must be at least createSeconds, ${token.createSeconds}: current value is ${token.expireSeconds}`,
    );
  }
  if (token.timeoutSeconds !== (token.timeoutSeconds | 0)) {
    throw new RangeError(
      `Cannot write a token as timeoutSeconds must be an integer from -2147483648 to 2147483647: current value is ${token.timeoutSeconds}`,
    );
  }
  const bytes = new Uint8Array(CONNECT_TOKEN_BYTES);
  bytes.set(VERSION);
  putU64(bytes, PROTOCOL_AT, token.protocolId);
  putU64(bytes, CREATE_AT, token.createSeconds);
  putU64(bytes, EXPIRE_AT, token.expireSeconds);
  put(bytes, NONCE_AT, "nonce", token.nonce, TOKEN_NONCE_BYTES);
  put(
    bytes,
    PRIVATE_AT,
    "privateData",
    token.privateData,
    PRIVATE_TOKEN_BYTES,
  );
  putU32(bytes, TIMEOUT_AT, token.timeoutSeconds);
  const keysAt = writeAddressList(token.addresses, bytes, ADDRESSES_AT);
  put(bytes, keysAt, "clientToServerKey", token.clientToServerKey, KEY_BYTES);
  put(
    bytes,
    keysAt + KEY_BYTES,
    "serverToClientKey",
    token.serverToClientKey,
    KEY_BYTES,
  );
  return bytes;
}

/** Gives the token, or what is wrong with it. */
function read(token: Uint8Array | string): ConnectToken | string {
  let bytes: Uint8Array | undefined;
  if (typeof token === "string") {
    // Before anything is made of a text of any length.
    if (token.length !== BASE64_LENGTH) {
      return `its base64 must be ${BASE64_LENGTH} characters long: current value is ${token.length}`;
    }
    bytes = decodeBase64(token);
    if (bytes === undefined) return "its text must be base64";
  } else if (!(token instanceof Uint8Array)) {
    // What a login server's answer has, or has not, may be anything.
    return "it must be bytes or base64";
  } else {
    // A copy, as the slices of Node's Buffer are not.
    bytes = token.length === CONNECT_TOKEN_BYTES
      ? new Uint8Array(token)
      : token;
  }
  if (bytes.length !== CONNECT_TOKEN_BYTES) {
    return `it must be ${CONNECT_TOKEN_BYTES} bytes long: current value is ${bytes.length}`;
  }
  for (let i = 0; i < VERSION.length; i++) {
    if (bytes[i] !== VERSION[i]) return 'its version must be "NETCODE 1.02"';
  }
  const createSeconds = getU64(bytes, CREATE_AT);
  const expireSeconds = getU64(bytes, EXPIRE_AT);
  if (createSeconds > expireSeconds) {
    return `it must expire after it was made, at ${createSeconds}: current value is ${expireSeconds}`;
  }
  const keysAt = addressListEnd(bytes, ADDRESSES_AT);
  if (keysAt === -1) {
    const count = getU32(bytes, ADDRESSES_AT);
    return `it must list 1 to 32 addresses: current value is ${count}`;
  }
  if (keysAt < 0) return "its addresses must be of type 1 or 2";
  return {
    protocolId: getU64(bytes, PROTOCOL_AT),
    createSeconds,
    expireSeconds,
    nonce: bytes.slice(NONCE_AT, PRIVATE_AT),
    privateData: bytes.slice(PRIVATE_AT, TIMEOUT_AT),
    timeoutSeconds: getU32(bytes, TIMEOUT_AT) | 0,
    addresses: readAddressList(bytes, ADDRESSES_AT),
    clientToServerKey: bytes.slice(keysAt, keysAt + KEY_BYTES),
    serverToClientKey: bytes.slice(keysAt + KEY_BYTES, keysAt + 2 * KEY_BYTES),
  };
}

function put(
  out: Uint8Array,
  at: number,
  name: string,
  bytes: Uint8Array,
  length: number,
): void {
  if (bytes.length !== length) {
    throw new RangeError(
      `Cannot write a token as ${name} must be ${length} bytes long: current value is ${bytes.length}`,
    );
  }
  out.set(bytes, at);
}
