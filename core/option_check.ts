// This module is browser compatible.

/**
 * Refuses an option that is not an integer within bounds.
 *
 * @param name What it is called, for the message.
 * @param value Any number.
 * @param min The least that is allowed.
 * @param max The most.
 * @returns `value`.
 * @throws {RangeError} If it is not an integer from `min` to `max`.
 *
 * @example A count
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { checkInteger } from "@tickwire/net/core";
 *
 * assertEquals(checkInteger("maxClients", 4, 1, 64), 4);
 * assertThrows(() => checkInteger("maxClients", 0.5, 1, 64), RangeError, "maxClients");
 * ```
 */
export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number,
): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw rangeError(name, `an integer from ${min} to ${max}`, value);
  }
  return value;
}

/**
 * Refuses an option that is not above 0; it may be infinite.
 *
 * @param name What it is called, for the message.
 * @param value Any number.
 * @returns `value`.
 * @throws {RangeError} If it is 0, negative or NaN.
 *
 * @example A time that may never pass
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { checkPositive } from "@tickwire/net/core";
 *
 * assertEquals(checkPositive("timeoutMs", Infinity), Infinity);
 * assertThrows(() => checkPositive("timeoutMs", 0), RangeError, "above 0");
 * ```
 */
export function checkPositive(name: string, value: number): number {
  if (!(value > 0)) throw rangeError(name, "above 0", value);
  return value;
}

/**
 * Refuses an option that is not above 0, or is infinite.
 *
 * @param name What it is called, for the message.
 * @param value Any number.
 * @returns `value`.
 * @throws {RangeError} If it is 0, negative, infinite or NaN.
 *
 * @example A time that passes
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { checkFinite } from "@tickwire/net/core";
 *
 * assertEquals(checkFinite("timeoutMs", 250), 250);
 * assertThrows(() => checkFinite("timeoutMs", Infinity), RangeError, "finite");
 * ```
 */
export function checkFinite(name: string, value: number): number {
  if (!(value > 0 && value < Infinity)) {
    throw rangeError(name, "above 0 and finite", value);
  }
  return value;
}

/**
 * Refuses an option that is negative; it may be 0 or infinite.
 *
 * @param name What it is called, for the message.
 * @param value Any number.
 * @returns `value`.
 * @throws {RangeError} If it is negative or NaN.
 *
 * @example A time that may be none
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { checkNotNegative } from "@tickwire/net/core";
 *
 * assertEquals(checkNotNegative("delayMs", 0), 0);
 * assertThrows(() => checkNotNegative("delayMs", -1), RangeError, "0 or more");
 * ```
 */
export function checkNotNegative(name: string, value: number): number {
  if (!(value >= 0)) throw rangeError(name, "0 or more", value);
  return value;
}

function rangeError(name: string, wanted: string, value: unknown): RangeError {
  return new RangeError(
    `Cannot use ${name} as it must be ${wanted}: current value is ${value}`,
  );
}
