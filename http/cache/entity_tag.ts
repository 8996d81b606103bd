// This module is browser compatible.

// A longer one is not worth the bytes it would cost in every request that asks whether it is still current.
const MAX_TAG_LENGTH = 1_024;

// RFC 9110 section 8.8.3, and tags without quotes, which some servers send and compare as they are.
const ENTITY_TAG =
  /^(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"|[\x21\x23-\x2b\x2d-\x7e]+)$/;

/**
 * Reads the `ETag` field of a response.
 *
 * @param value The field's value, or `undefined` if there is none.
 * @returns The entity tag, or `undefined` if there is none that can be sent back.
 */
export function entityTag(value: string | undefined): string | undefined {
  if (value === undefined || value.length > MAX_TAG_LENGTH) return undefined;
  return ENTITY_TAG.test(value) ? value : undefined;
}

/**
 * Tells whether an entity tag is strong: whether equal tags mean equal bytes.
 *
 * @param tag The tag.
 * @returns `true` if it is.
 */
export function isStrong(tag: string): boolean {
  return tag.startsWith('"');
}

/**
 * Compares two entity tags by the strong comparison (RFC 9110 section 8.8.3.2).
 *
 * @param a A tag, or `undefined` if there is none.
 * @param b Another one.
 * @returns `true` if both are strong and equal.
 */
export function strongMatch(
  a: string | undefined,
  b: string | undefined,
): boolean {
  return a !== undefined && a === b && isStrong(a);
}

/**
 * Compares two entity tags by the weak comparison (RFC 9110 section 8.8.3.2).
 *
 * @param a A tag.
 * @param b Another one.
 * @returns `true` if they are equal but for their weakness.
 */
export function weakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
