// This module is browser compatible.
import { isPlayerId } from "../../core/mod.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const CLASS_NAME = /^[A-Za-z0-9][A-Za-z0-9._%-]{0,63}$/;

/** Tells whether a value from anybody may name a board, a title or a period. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** Tells whether a value from anybody may name a class. */
export function isClassName(value: unknown): value is string {
  return typeof value === "string" && CLASS_NAME.test(value);
}

/** Tells whether a value from anybody may be shown as a player's name: 1 to 64 bytes in UTF-8, no control characters. */
export function isDisplayName(value: unknown): value is string {
  // The same rule as for players' ids, whose bound is the same too.
  return isPlayerId(value);
}
