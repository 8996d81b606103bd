// This module is browser compatible.

import type { Random } from "../core/mod.ts";

/** A random UUID (RFC 9562 section 5.4); `crypto.randomUUID` is missing on insecure pages. */
export function makeIdempotencyKey(random: Random): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  bytes[6] = bytes[6]! & 0x0f | 0x40;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  let key = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) key += "-";
    key += bytes[i]!.toString(16).padStart(2, "0");
  }
  return key;
}
