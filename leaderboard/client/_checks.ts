// This module is browser compatible.
import { isPlayerId } from "../../core/mod.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const VISIBLE = /^[\x21-\x7e]+$/;

/** Whether a value is the name of a board or period. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** Refuses what is no name of a board or period. */
export function checkName(what: string, value: string): string {
  if (isName(value)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-", a letter or digit first: current value is ${
      shown(value)
    }`,
  );
}

/** Whether a value is text that may be shown: a player's name, a class. */
export function isLabel(value: unknown): value is string {
  // The same bounds as an id has.
  return isPlayerId(value);
}

/** Refuses what is no name of a player or class. */
export function checkLabel(what: string, value: string): string {
  if (isLabel(value)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be 1 to 64 bytes in UTF-8 without control characters: current value is ${
      shown(value)
    }`,
  );
}

/** Whether a value is a SHA-256 as text. */
export function isSha256(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

/** Refuses what is no SHA-256 as text. */
export function checkSha256(what: string, value: string): string {
  if (isSha256(value)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be a SHA-256 in 64 hexadecimal digits, lower case: current value is ${
      shown(value)
    }`,
  );
}

/** Whether a value is a token or key of visible ASCII characters. */
export function isVisible(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length <= maxLength &&
    VISIBLE.test(value);
}

/** Refuses what is no token or key; the value is not repeated, for it may be a secret. */
export function checkVisible(
  what: string,
  value: string,
  maxLength: number,
): string {
  if (isVisible(value, maxLength)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be 1 to ${maxLength} visible ASCII characters`,
  );
}

function shown(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value.slice(0, 80))
    : `of type ${typeof value}`;
}
