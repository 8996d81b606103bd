import {
  PRIVATE_TOKEN_BYTES,
  REQUEST_BYTES,
  TOKEN_NONCE_BYTES,
  VERSION,
} from "../../transport/netcode/_sizes.ts";

/** Where things are in a token: version, protocol id, when it was made, expiry, nonce, sealed part. */
const CREATED_AT = VERSION.length + 8;
const EXPIRE_AT = CREATED_AT + 8;
const END = EXPIRE_AT + 8 + TOKEN_NONCE_BYTES + PRIVATE_TOKEN_BYTES;

/** The request that a client with this token sends, as whoever listens on the way sees it. */
export function requestOf(token: Uint8Array): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(REQUEST_BYTES);
  request.set(token.subarray(0, CREATED_AT), 1);
  request.set(token.subarray(EXPIRE_AT, END), 1 + CREATED_AT);
  return request;
}
