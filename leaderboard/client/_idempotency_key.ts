// This module is browser compatible.

/**
 * A key of 128 random bits in hex. Not from the client's `Random`: a game that seeds it would send the keys of its last
 * run again, and the server would take new submissions for old ones.
 */
export function makeIdempotencyKey(): string {
  let key = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
    key += byte.toString(16).padStart(2, "0");
  }
  return key;
}
