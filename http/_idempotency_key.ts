// This module is browser compatible.

/**
 * A random UUID (RFC 9562 section 5.4); `crypto.randomUUID` is missing on insecure pages. Not from the client's `Random`:
 * a game that seeds it would send the keys of its last run again, and a server would take new requests for old ones.
 */
export function makeIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6]! & 0x0f | 0x40;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  let key = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) key += "-";
    key += bytes[i]!.toString(16).padStart(2, "0");
  }
  return key;
}
