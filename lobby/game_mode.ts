// This module is browser compatible.
import { isDisplayText } from "./_text.ts";

/** The modes that many games have. A game's own are any other text of 1 to 32 bytes. */
export const GameMode = {
  /** Everybody against everybody. */
  Deathmatch: "deathmatch",
  /** The same in teams. */
  TeamDeathmatch: "teamDeathmatch",
  /** Each team has a flag that the others want. */
  CaptureTheFlag: "captureTheFlag",
  /** A place is to be held. */
  KingOfTheHill: "kingOfTheHill",
  /** The last one standing wins. */
  BattleRoyale: "battleRoyale",
  /** All players together. */
  Cooperative: "cooperative",
  /** The first one home wins. */
  Race: "race",
  /** Whatever the lobby's metadata says. */
  Custom: "custom",
} as const;

/**
 * What is played: one of the usual, or a game's own text of 1 to 32 bytes in UTF-8,
 * without control characters and not blank.
 */
// The empty intersection keeps the usual ones in an editor's completion.
export type GameMode =
  | typeof GameMode[keyof typeof GameMode]
  | string & Record<never, never>;

const MAX_BYTES = 32;

/**
 * Tells whether a value is a game's mode.
 *
 * @param value Anything, from anybody.
 * @returns Whether it is text of 1 to 32 bytes, without control characters and not blank.
 *
 * @example The usual and one's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { GameMode, isGameMode } from "@tickwire/net/lobby";
 *
 * assertEquals(
 *   [GameMode.Race, "hide and seek", "", 7].map(isGameMode),
 *   [true, true, false, false],
 * );
 * ```
 */
export function isGameMode(value: unknown): value is GameMode {
  return isDisplayText(value, MAX_BYTES);
}
