// This module is browser compatible.
import { decodeBase64, encodeBase64 } from "../../core/mod.ts";

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** Writes bytes in base64url without padding (RFC 4648, section 5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Reads base64url without padding; `undefined` if the text is none, or not the one text of its bytes. */
export function decodeBase64Url(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  if (!ALPHABET.test(text) || text.length % 4 === 1) return undefined;
  const padding = "=".repeat((4 - text.length % 4) % 4);
  return decodeBase64(
    text.replaceAll("-", "+").replaceAll("_", "/") + padding,
  );
}
