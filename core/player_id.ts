// This module is browser compatible.

/**
 * Names a player: well-formed text of 1 to 64 bytes in UTF-8 without control
 * characters. It is the same in tokens, lobbies, leaderboards and analytics. Make
 * one with {@linkcode playerId}, or find out with {@linkcode isPlayerId}.
 */
export type PlayerId = string & { readonly "~brand": "PlayerId" };

const MAX_BYTES = 64;

/**
 * Makes a player's id of a text, as it is: no case is folded, nothing trimmed.
 *
 * @param text 1 to 64 bytes in UTF-8, without unpaired surrogates and without the
 * control characters U+0000 to U+001F and U+007F.
 * @returns The same text.
 * @throws {TypeError} If `text` is not a string.
 * @throws {RangeError} If it is no player's id.
 *
 * @example An id from an account
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { type PlayerId, playerId } from "@tickwire/net/core";
 *
 * const ada: PlayerId = playerId("ada-1815");
 * assertEquals(ada, "ada-1815");
 * assertThrows(() => playerId(""), RangeError);
 * ```
 */
export function playerId(text: string): PlayerId {
  if (isPlayerId(text)) return text;
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot make a player id as it must be a string: current value is of type "${typeof text}"`,
    );
  }
  // Told by its length: the text may be a stranger's, and endless.
  const byteLength = new TextEncoder().encode(text).length;
  if (byteLength < 1 || byteLength > MAX_BYTES) {
    throw new RangeError(
      `Cannot make a player id as it must be 1 to ${MAX_BYTES} bytes in UTF-8: current value is ${byteLength}`,
    );
  }
  throw new RangeError(
    `Cannot make a player id as it must be without control characters and unpaired surrogates: current value is ${
      JSON.stringify(text)
    }`,
  );
}

/**
 * Tells whether a value is a player's id.
 *
 * @param value Anything, from anybody.
 * @returns Whether {@linkcode playerId} would take it.
 *
 * @example What came from outside
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isPlayerId } from "@tickwire/net/core";
 *
 * assertEquals(["ada", "", "a\nb", 7].map(isPlayerId), [true, false, false, false]);
 * ```
 */
export function isPlayerId(value: unknown): value is PlayerId {
  // A unit of text takes a byte or more: what is longer need not be walked.
  if (typeof value !== "string" || value.length > MAX_BYTES) return false;
  let byteLength = 0;
  for (const character of value) {
    const point = character.codePointAt(0)!;
    if (point < 0x20 || point === 0x7f) return false;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    byteLength += point < 0x80
      ? 1
      : point < 0x800
      ? 2
      : point < 0x10000
      ? 3
      : 4;
  }
  return byteLength >= 1 && byteLength <= MAX_BYTES;
}
