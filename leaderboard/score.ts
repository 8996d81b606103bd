// This module is browser compatible.

/**
 * A score: a signed 64-bit integer. It is a number where a number holds it exactly (up to ±(2^53 - 1)), and a bigint
 * beyond. In JSON it is a number, and beyond that range a string of decimal digits.
 */
export type Score = number | bigint;

/** The lowest score: -2^63. */
export const MIN_SCORE: bigint = -(2n ** 63n);
/** The highest score: 2^63 - 1. */
export const MAX_SCORE: bigint = 2n ** 63n - 1n;

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** One text for each integer: no sign but a minus, no needless zeros. 19 digits are what 2^63 has. */
const DECIMAL = /^(?:0|-?[1-9]\d{0,18})$/;

/**
 * Gives a score its one form: a number where it is safe, a bigint beyond.
 *
 * @param value A score.
 * @returns The same score. -0 becomes 0.
 * @throws {TypeError} If it is neither a number nor a bigint.
 * @throws {RangeError} If it is no integer, a number beyond ±(2^53 - 1), which may have been rounded before, or beyond
 * 64 bits.
 *
 * @example What a game has
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { normalizeScore } from "@tickwire/net/leaderboard";
 *
 * assertEquals(normalizeScore(4200n), 4200);
 * assertEquals(normalizeScore(2n ** 60n), 2n ** 60n);
 * assertThrows(() => normalizeScore(0.5), RangeError);
 * ```
 */
export function normalizeScore(value: Score): Score {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return value + 0;
    throw new RangeError(
      `Cannot use a score as a number must be an integer within ±(2^53 - 1), and a bigint beyond: current value is ${value}`,
    );
  }
  if (typeof value !== "bigint") {
    throw new TypeError(
      `Cannot use a score as it must be a number or a bigint: current type is ${typeof value}`,
    );
  }
  if (value < MIN_SCORE || value > MAX_SCORE) {
    throw new RangeError(
      `Cannot use a score as it must be within 64 bits, signed: current value has ${value.toString().length} digits`,
    );
  }
  return narrow(value);
}

/**
 * Reads a score of JSON, from anybody.
 *
 * @param value What `JSON.parse` gave: a safe integer, or decimal digits in a string.
 * @returns The score in its one form, or `undefined` if it is none.
 *
 * @example From a request
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseScore } from "@tickwire/net/leaderboard";
 *
 * assertEquals(parseScore("9223372036854775807"), 9223372036854775807n);
 * assertEquals(parseScore(12), 12);
 * assertEquals([1e16, "0x1", "07", "9223372036854775808", null].map(parseScore), [
 *   undefined, undefined, undefined, undefined, undefined,
 * ]);
 * ```
 */
export function parseScore(value: unknown): Score | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? value + 0 : undefined;
  }
  if (typeof value !== "string" || !DECIMAL.test(value)) return undefined;
  const wide = BigInt(value);
  return wide < MIN_SCORE || wide > MAX_SCORE ? undefined : narrow(wide);
}

/**
 * Gives a score the form that it has in JSON.
 *
 * @param score A score in its one form.
 * @returns The number itself, or the digits of what a number cannot hold.
 *
 * @example Into a response
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { scoreToJson } from "@tickwire/net/leaderboard";
 *
 * assertEquals([7, -(2n ** 63n)].map(scoreToJson), [7, "-9223372036854775808"]);
 * ```
 */
export function scoreToJson(score: Score): number | string {
  return typeof score === "number" ? score : score.toString();
}

/**
 * Adds two scores.
 *
 * @param a A score in its one form.
 * @param b Another.
 * @returns The exact sum in its one form, or `undefined` if it is beyond 64 bits.
 *
 * @example No rounding, no wrapping
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { addScores, MAX_SCORE } from "@tickwire/net/leaderboard";
 *
 * assertEquals(addScores(Number.MAX_SAFE_INTEGER, 2), 2n ** 53n + 1n);
 * assertEquals(addScores(MAX_SCORE, 1), undefined);
 * ```
 */
export function addScores(a: Score, b: Score): Score | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    // Beyond that range the sum may have been rounded.
    if (Number.isSafeInteger(sum)) return sum + 0;
  }
  const wide = BigInt(a) + BigInt(b);
  return wide < MIN_SCORE || wide > MAX_SCORE ? undefined : narrow(wide);
}

/**
 * Compares two scores, exactly also where one is a number and the other a bigint.
 *
 * @param a A score.
 * @param b Another.
 * @returns Below 0 if `a` is lower, above 0 if it is higher, else 0.
 *
 * @example Which is higher
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compareScores } from "@tickwire/net/leaderboard";
 *
 * assertEquals([3, 2n ** 62n, -7].sort(compareScores), [-7, 3, 2n ** 62n]);
 * ```
 */
export function compareScores(a: Score, b: Score): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function narrow(value: bigint): Score {
  return value >= -SAFE && value <= SAFE ? Number(value) : value;
}
