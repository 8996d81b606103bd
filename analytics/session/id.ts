// This module is browser compatible.
import { encodeBase64Url } from "../../core/mod.ts";

const ID_BYTES = 16;
/** The last character of 16 bytes has four bits that are 0. */
const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/**
 * Makes the id of a session or an install: 16 random bytes in base64url. They are secrets, so no seeded generator makes
 * them.
 */
export function makeId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return encodeBase64Url(bytes);
}

/** Tells whether a value from anybody is such an id. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}
