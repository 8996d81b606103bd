// This module is browser compatible.

/** How many characters are made at once: arguments of a call are limited. */
const CHUNK = 0x2000;
const URL_ALPHABET = /^[A-Za-z0-9_-]*$/;

/**
 * Writes bytes as base64 (RFC 4648, section 4), with padding.
 *
 * @param bytes The bytes.
 * @returns Four characters for every three bytes or part of them.
 *
 * @example Two bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeBase64 } from "@tickwire/net/core";
 *
 * assertEquals(encodeBase64(new Uint8Array([0xff, 0xef])), "/+8=");
 * ```
 */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

/**
 * Reads base64 as {@linkcode encodeBase64} writes it: without spaces, with its padding,
 * and with zeros in the bits that are left over, so that equal bytes have equal texts.
 *
 * @param text Text that may come from anybody.
 * @returns The bytes, which belong to the caller, or `undefined` if the text is not
 * base64.
 *
 * @example Text from anybody
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeBase64 } from "@tickwire/net/core";
 *
 * assertEquals(decodeBase64("/+8="), new Uint8Array([0xff, 0xef]));
 * assertEquals(decodeBase64("/+8"), undefined);
 * ```
 */
export function decodeBase64(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  // atob passes over spaces and does without padding: then it is not so long.
  if (binary.length !== text.length / 4 * 3 - padding) return undefined;
  if (padding > 0 && btoa(binary.slice(padding - 3)) !== text.slice(-4)) {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Writes bytes as base64url (RFC 4648, section 5), without padding: for ids, paths and queries.
 *
 * @param bytes The bytes.
 * @returns Four characters for every three bytes; two or three for what is left over.
 *
 * @example Two bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeBase64Url } from "@tickwire/net/core";
 *
 * assertEquals(encodeBase64Url(new Uint8Array([0xff, 0xef])), "_-8");
 * ```
 */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}

/**
 * Reads base64url as {@linkcode encodeBase64Url} writes it: without spaces and padding, and with zeros in the bits that
 * are left over, so that equal bytes have equal texts.
 *
 * @param text Text that may come from anybody.
 * @returns The bytes, which belong to the caller, or `undefined` if the text is not base64url.
 *
 * @example Text from anybody
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeBase64Url } from "@tickwire/net/core";
 *
 * assertEquals(decodeBase64Url("_-8"), new Uint8Array([0xff, 0xef]));
 * assertEquals(decodeBase64Url("_-8="), undefined);
 * ```
 */
export function decodeBase64Url(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  if (!URL_ALPHABET.test(text) || text.length % 4 === 1) return undefined;
  const padding = "=".repeat((4 - text.length % 4) % 4);
  return decodeBase64(
    text.replaceAll("-", "+").replaceAll("_", "/") + padding,
  );
}
