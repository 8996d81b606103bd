// This module is browser compatible.

// Consistent Overhead Byte Stuffing (Stuart Cheshire and Mary Baker, IEEE/ACM
// Transactions on Networking, 1999): makes bytes free of zeros, so that a zero
// can stand between records and a reader finds the next one after any damage.

/** Returns `bytes` without a zero in it, longer by one byte in 254. */
export function encodeCobs(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + Math.floor(bytes.length / 254) + 1);
  let codeAt = 0;
  let end = 1;
  for (const byte of bytes) {
    if (byte !== 0) {
      out[end++] = byte;
      if (end - codeAt < 0xff) continue;
    }
    out[codeAt] = end - codeAt;
    codeAt = end++;
  }
  out[codeAt] = end - codeAt;
  return out.subarray(0, end);
}

/** Returns what was encoded, or `undefined` if these bytes are no encoding. */
export function decodeCobs(bytes: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(bytes.length);
  let end = 0;
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at]!;
    if (code === 0 || at + code > bytes.length) return undefined;
    out.set(bytes.subarray(at + 1, at + code), end);
    end += code - 1;
    at += code;
    // A block of 254 bytes had no zero behind it; nor has the last block.
    if (code < 0xff && at < bytes.length) out[end++] = 0;
  }
  return out.subarray(0, end);
}
