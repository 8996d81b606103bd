// This module is browser compatible.
import type { ConnectToken } from "./connect_token.ts";
import { REQUEST_BYTES, TOKEN_NONCE_BYTES, VERSION } from "./_sizes.ts";
import { putU64 } from "./_u64.ts";

/** A connection request, which is not sealed: prefix 0, then what its token says, its nonce and its sealed part. */

export const REQUEST_VERSION_AT = 1;
export const REQUEST_PROTOCOL_AT = REQUEST_VERSION_AT + VERSION.length;
export const REQUEST_EXPIRE_AT = REQUEST_PROTOCOL_AT + 8;
export const REQUEST_NONCE_AT = REQUEST_EXPIRE_AT + 8;
export const REQUEST_PRIVATE_AT = REQUEST_NONCE_AT + TOKEN_NONCE_BYTES;

/** Where the zero after the version is in a request. */
export const REQUEST_MARK_AT = REQUEST_PROTOCOL_AT - 1;
/** In place of that zero: a connected client says where it is now. To other implementations it is of another version. */
export const ROAMING_MARK = 1;

/**
 * Writes the request of a token.
 *
 * @param out Takes 1,078 bytes, from 0 on.
 */
export function writeRequest(token: ConnectToken, out: Uint8Array): void {
  out[0] = 0;
  out.set(VERSION, REQUEST_VERSION_AT);
  putU64(out, REQUEST_PROTOCOL_AT, token.protocolId);
  putU64(out, REQUEST_EXPIRE_AT, token.expireSeconds);
  out.set(token.nonce, REQUEST_NONCE_AT);
  out.set(token.privateData, REQUEST_PRIVATE_AT);
}

/** The nonce of a request's token: 24 bytes of the request. */
export function nonceOfRequest(request: Uint8Array): Uint8Array {
  return request.subarray(REQUEST_NONCE_AT, REQUEST_PRIVATE_AT);
}

/** The sealed private token of a request: 1,024 bytes of the request. */
export function privateDataOfRequest(request: Uint8Array): Uint8Array {
  return request.subarray(REQUEST_PRIVATE_AT, REQUEST_BYTES);
}
