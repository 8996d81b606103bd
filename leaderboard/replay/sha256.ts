// This module is browser compatible.

const SHA256 = /^[0-9a-f]{64}$/;

/** Whether a value is a SHA-256 in the one form that names a replay. */
export function isSha256(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

/**
 * Hashes bytes.
 *
 * @param bytes The bytes, which must not be changed until the promise resolves.
 * @returns A promise of their SHA-256 (FIPS 180-4), 64 hex digits in lower case.
 */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  let text = "";
  for (const byte of new Uint8Array(digest)) {
    text += byte.toString(16).padStart(2, "0");
  }
  return text;
}
