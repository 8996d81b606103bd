// This module is browser compatible.
import { decodeBase64Url, encodeBase64Url } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";

/**
 * How often a lobby's password is hashed: what OWASP's Password Storage Cheat Sheet asks of PBKDF2 with HMAC-SHA-256.
 */
export const PASSWORD_ITERATIONS = 600_000;

/** The most bytes of UTF-8 of a password. */
export const MAX_PASSWORD_BYTES = 128;

/** More in a verifier would let whoever can write to a store keep a server busy for minutes. */
const MAX_ITERATIONS = 10_000_000;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const ALGORITHM = "pbkdf2-sha256";

/**
 * Makes of a password what it can be verified with and not found out from, but by trying: PBKDF2 with HMAC-SHA-256 (RFC
 * 8018, section 5.2) over a salt of 16 random bytes. The text counts in Unicode's form NFKC, so that two keyboards type
 * the same password.
 *
 * @param password The password: 1 to 128 bytes of UTF-8.
 * @param iterations How often it is hashed: 1 to 10000000; less than 600000 is for tests.
 * @returns A promise of the verifier, `pbkdf2-sha256$iterations$salt$hash`, the last two as base64url.
 * @throws {RangeError} If the password or `iterations` is out of its range; without the password.
 *
 * @example A password, and another one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hashPassword, verifyPassword } from "@tickwire/net/lobby";
 *
 * const verifier = await hashPassword("open sesame", 1000);
 * assertEquals(await verifyPassword("open sesame", verifier), true);
 * assertEquals(await verifyPassword("open says me", verifier), false);
 * ```
 */
export async function hashPassword(
  password: string,
  iterations: number = PASSWORD_ITERATIONS,
): Promise<string> {
  const length = utf8Length(password);
  if (length < 1 || length > MAX_PASSWORD_BYTES) {
    throw new RangeError(
      `Cannot hash a password as it must have 1 to ${MAX_PASSWORD_BYTES} bytes: current value is ${length}`,
    );
  }
  if (
    !Number.isInteger(iterations) || iterations < 1 ||
    iterations > MAX_ITERATIONS
  ) {
    throw new RangeError(
      `Cannot hash a password as iterations must be an integer from 1 to ${MAX_ITERATIONS}: current value is ${iterations}`,
    );
  }
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const hash = await derive(password, salt, iterations);
  return [
    ALGORITHM,
    iterations,
    encodeBase64Url(salt),
    encodeBase64Url(hash),
  ].join("$");
}

/**
 * Finds out whether a password is the one that a verifier was made of, in a time that does not tell how much of it is
 * right. Limit attempts before: it takes as long as {@linkcode hashPassword}.
 *
 * @param password What somebody says.
 * @param verifier What {@linkcode hashPassword} has made.
 * @returns A promise of whether it is; `false` too if one of them is nothing of the kind.
 *
 * @example What is no verifier
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { verifyPassword } from "@tickwire/net/lobby";
 *
 * assertEquals(await verifyPassword("open sesame", "plain"), false);
 * ```
 */
export async function verifyPassword(
  password: string,
  verifier: string,
): Promise<boolean> {
  const parts = verifier.split("$");
  const [algorithm, count, saltText, hashText] = parts;
  const iterations = Number(count);
  const salt = decodeBase64Url(saltText ?? "");
  const hash = decodeBase64Url(hashText ?? "");
  const length = utf8Length(password);
  if (
    parts.length !== 4 || algorithm !== ALGORITHM ||
    !Number.isInteger(iterations) || iterations < 1 ||
    iterations > MAX_ITERATIONS ||
    salt?.length !== SALT_BYTES || hash?.length !== HASH_BYTES ||
    length < 1 || length > MAX_PASSWORD_BYTES
  ) return false;
  const found = await derive(password, salt, iterations);
  let difference = 0;
  for (let i = 0; i < HASH_BYTES; i++) difference |= hash[i]! ^ found[i]!;
  return difference === 0;
}

async function derive(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(password.normalize("NFKC")),
    "PBKDF2",
    false,
    ["deriveBits"],
  );
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    key,
    8 * HASH_BYTES,
  );
  return new Uint8Array(bits);
}
