import {
  addressListEnd,
  readAddressList,
  writeAddressList,
} from "./_address_list.ts";
import {
  KEY_BYTES,
  PRIVATE_TOKEN_BYTES,
  TAG_BYTES,
  TOKEN_BINDING_BYTES,
  USER_DATA_BYTES,
  VERSION,
} from "./_sizes.ts";
import { getU32, getU64, putU32, putU64 } from "./_u64.ts";
import { openLong, sealLong } from "./_xchacha.ts";

const PLAIN_BYTES = PRIVATE_TOKEN_BYTES - TAG_BYTES;
const TIMEOUT_AT = 8;
const ADDRESSES_AT = TIMEOUT_AT + 4;

/** What a connect token tells servers. */
export interface PrivateToken {
  /** 0 to 2^64 - 1. */
  readonly clientId: bigint;
  /** -2^31 to 2^31 - 1; 0 or less: never. */
  readonly timeoutSeconds: number;
  /** 1 to 32, in the form that {@linkcode canonicalEndpoint} gives. */
  readonly addresses: readonly string[];
  /** 32 bytes, secret. */
  readonly clientToServerKey: Uint8Array;
  /** 32 bytes, secret. */
  readonly serverToClientKey: Uint8Array;
  /** 256 bytes. */
  readonly userData: Uint8Array;
}

/** Why there is no token: no key opens it, or who sealed it has written something else. */
export type PrivateTokenFault = "notOpened" | "malformed";

/**
 * Writes a private token, unsealed.
 *
 * @param token Lengths and numbers as its type says.
 * @returns 1,008 bytes.
 * @throws {RangeError} If the addresses are none, or more than 32.
 * @throws {TypeError} If one is no address with a port, or has a zone.
 */
export function encodePrivateToken(
  token: PrivateToken,
): Uint8Array<ArrayBuffer> {
  const plain = new Uint8Array(PLAIN_BYTES);
  putU64(plain, 0, token.clientId);
  putU32(plain, TIMEOUT_AT, token.timeoutSeconds);
  let at = writeAddressList(token.addresses, plain, ADDRESSES_AT);
  plain.set(token.clientToServerKey, at);
  plain.set(token.serverToClientKey, at += KEY_BYTES);
  plain.set(token.userData, at + KEY_BYTES);
  return plain;
}

/**
 * Reads a private token that was opened. Its padding is not looked at.
 *
 * @param plain 1,008 bytes.
 * @returns The token, with bytes of its own; `undefined` if its addresses are none, too many or of an unknown type.
 */
export function decodePrivateToken(
  plain: Uint8Array,
): PrivateToken | undefined {
  // The longest list leaves room for the keys and the user data.
  const at = addressListEnd(plain, ADDRESSES_AT);
  if (at < 0) return undefined;
  const userDataAt = at + 2 * KEY_BYTES;
  return {
    clientId: getU64(plain, 0),
    timeoutSeconds: getU32(plain, TIMEOUT_AT) | 0,
    addresses: readAddressList(plain, ADDRESSES_AT),
    clientToServerKey: plain.slice(at, at + KEY_BYTES),
    serverToClientKey: plain.slice(at + KEY_BYTES, userDataAt),
    userData: plain.slice(userDataAt, userDataAt + USER_DATA_BYTES),
  };
}

/**
 * Seals a private token with XChaCha20-Poly1305, bound to version, protocol and expiry.
 *
 * @param nonce 24 bytes: never twice with the same key.
 * @param key 32 bytes.
 * @returns 1,024 bytes.
 * @throws As {@linkcode encodePrivateToken}.
 */
export function sealPrivateToken(
  token: PrivateToken,
  nonce: Uint8Array,
  protocolId: bigint,
  expireSeconds: bigint,
  key: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const sealed = new Uint8Array(PRIVATE_TOKEN_BYTES);
  sealLong(
    key,
    nonce,
    bindingOf(protocolId, expireSeconds),
    encodePrivateToken(token),
    sealed,
    0,
  );
  return sealed;
}

/**
 * Opens and reads what a connection request brought; never throws for what it holds.
 *
 * @param sealed 1,024 bytes.
 * @param nonce 24 bytes.
 * @param protocolId What the request says, which is the server's.
 * @param expireSeconds What the request says.
 * @param keys Which are tried, one after the other: 32 bytes each.
 * @returns The token, with bytes of its own; or why there is none.
 */
export function openPrivateToken(
  sealed: Uint8Array,
  nonce: Uint8Array,
  protocolId: bigint,
  expireSeconds: bigint,
  keys: readonly Uint8Array[],
): PrivateToken | PrivateTokenFault {
  const binding = bindingOf(protocolId, expireSeconds);
  const plain = new Uint8Array(PLAIN_BYTES);
  for (const key of keys) {
    const length = openLong(key, nonce, binding, sealed, plain);
    if (length === PLAIN_BYTES) return decodePrivateToken(plain) ?? "malformed";
  }
  return "notOpened";
}

function bindingOf(protocolId: bigint, expireSeconds: bigint): Uint8Array {
  const binding = new Uint8Array(TOKEN_BINDING_BYTES);
  binding.set(VERSION);
  putU64(binding, VERSION.length, protocolId);
  putU64(binding, VERSION.length + 8, expireSeconds);
  return binding;
}
