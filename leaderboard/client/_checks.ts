// This module is browser compatible.
import { isClassName, isDisplayName, isName } from "../board/name.ts";
import { isSha256 } from "../replay/sha256.ts";

const VISIBLE = /^[\x21-\x7e]+$/;

/** Refuses what is no name of a board or period. */
export function checkName(what: string, value: string): string {
  if (isName(value)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-", a letter or digit first: current value is ${
      shown(value)
    }`,
  );
}

/** Refuses what is no name of a class. */
export function checkClassName(what: string, value: string): string {
  if (isClassName(value)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-" and "%", a letter or digit first: current value is ${
      shown(value)
    }`,
  );
}

/** Refuses what is no name of a player to show. */
export function checkDisplayName(what: string, value: string): string {
  if (isDisplayName(value)) return value;
  throw new RangeError(
    `Cannot use ${what} as it must be 1 to 64 bytes in UTF-8 without control characters: current value is ${
      shown(value)
    }`,
  );
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
