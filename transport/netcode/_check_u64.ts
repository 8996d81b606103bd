// This module is browser compatible.

/** The largest one: as an expiry it is "never". */
export const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/**
 * Checks a number of 64 bits.
 *
 * @param action What cannot be done without it: `"issue a token"`.
 * @returns The number.
 * @throws {TypeError} If it is no bigint.
 * @throws {RangeError} If it is below 0 or above 2^64 - 1.
 */
export function checkU64(action: string, name: string, value: bigint): bigint {
  if (typeof value !== "bigint") {
    throw new TypeError(
      `Cannot ${action} as ${name} must be a bigint: current value is ${value}`,
    );
  }
  if (value < 0n || value > MAX_U64) {
    throw new RangeError(
      `Cannot ${action} as ${name} must be 0 to 2^64 - 1: current value is ${value}`,
    );
  }
  return value;
}
