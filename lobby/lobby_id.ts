// This module is browser compatible.
import { isPlayerId } from "../core/mod.ts";
import { utf8Length } from "../protocol/mod.ts";

/**
 * Names a lobby: well-formed text of 1 to 64 bytes in UTF-8 without control characters.
 * It may be guessed: what opens a lobby is a password or an invite code. Make one with
 * {@linkcode lobbyId}, or find out with {@linkcode isLobbyId}.
 */
export type LobbyId = string & { readonly "~brand": "LobbyId" };

const MAX_BYTES = 64;

/**
 * Makes a lobby's id of a text, as it is: no case is folded, nothing trimmed.
 *
 * @param text 1 to 64 bytes in UTF-8, without unpaired surrogates and without the
 * control characters U+0000 to U+001F and U+007F.
 * @returns The same text.
 * @throws {TypeError} If `text` is not a string.
 * @throws {RangeError} If it is no lobby's id.
 *
 * @example An id from a link
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { type LobbyId, lobbyId } from "@tickwire/net/lobby";
 *
 * const friday: LobbyId = lobbyId("friday-night");
 * assertEquals(friday, "friday-night");
 * assertThrows(() => lobbyId(""), RangeError);
 * ```
 */
export function lobbyId(text: string): LobbyId {
  if (isLobbyId(text)) return text;
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot make a lobby id as it must be a string: current value is of type "${typeof text}"`,
    );
  }
  // Told by its length: the text may be a stranger's, and endless.
  const byteLength = utf8Length(text);
  if (byteLength < 1 || byteLength > MAX_BYTES) {
    throw new RangeError(
      `Cannot make a lobby id as it must be 1 to ${MAX_BYTES} bytes in UTF-8: current value is ${byteLength}`,
    );
  }
  throw new RangeError(
    `Cannot make a lobby id as it must be without control characters and unpaired surrogates: current value is ${
      JSON.stringify(text)
    }`,
  );
}

/**
 * Tells whether a value is a lobby's id.
 *
 * @param value Anything, from anybody.
 * @returns Whether {@linkcode lobbyId} would take it.
 *
 * @example What came from outside
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isLobbyId } from "@tickwire/net/lobby";
 *
 * assertEquals(["duel", "", "a\nb", 7].map(isLobbyId), [true, false, false, false]);
 * ```
 */
export function isLobbyId(value: unknown): value is LobbyId {
  // Lobbies and players are named by the same rules.
  return isPlayerId(value);
}
