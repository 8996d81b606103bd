// This module is browser compatible.

/** `"NETCODE 1.02"` and a zero. */
export const VERSION: Uint8Array = new TextEncoder().encode("NETCODE 1.02\0");
export const KEY_BYTES = 32;
export const TAG_BYTES = 16;
/** A sealed private token. */
export const PRIVATE_TOKEN_BYTES = 1_024;
export const TOKEN_NONCE_BYTES = 24;
/** A whole token, as the login server hands it out. */
export const CONNECT_TOKEN_BYTES = 2_048;
export const USER_DATA_BYTES = 256;
export const MAX_SERVER_ADDRESSES = 32;
/** A sealed challenge token. */
export const CHALLENGE_TOKEN_BYTES = 300;
/** Version, protocol id, expiry: what a private token is bound to. */
export const TOKEN_BINDING_BYTES = 13 + 8 + 8;
/** The prefix byte, what the token is bound to, its nonce and its sealed private part. */
export const REQUEST_BYTES = 1 + TOKEN_BINDING_BYTES + TOKEN_NONCE_BYTES +
  PRIVATE_TOKEN_BYTES;
/** The largest payload: some ports send more, and are not compatible. */
export const MAX_PAYLOAD_BYTES = 1_200;
/** Prefix, the longest sequence, tag. */
export const MAX_PACKET_OVERHEAD_BYTES = 1 + 8 + TAG_BYTES;
