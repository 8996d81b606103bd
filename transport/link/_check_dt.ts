// This module is browser compatible.

/**
 * Checks how much time is to pass.
 *
 * @param dt Seconds.
 * @returns Milliseconds.
 * @throws {RangeError} If it is not finite, or below 0.
 */
export function checkDt(dt: number): number {
  if (dt >= 0 && dt < Infinity) return dt * 1_000;
  throw new RangeError(
    `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
  );
}
