// This module is browser compatible.

/** Refuses a number that is not an integer from `min` to `max`. */
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

/** Refuses a number that is not above 0. */
export function checkPositive(name: string, value: number): number {
  if (!(value > 0)) throw rangeError(name, "above 0", value);
  return value;
}

/** Refuses a negative number. */
export function checkNotNegative(name: string, value: number): number {
  if (!(value >= 0)) throw rangeError(name, "0 or more", value);
  return value;
}

function rangeError(name: string, wanted: string, value: unknown): RangeError {
  return new RangeError(
    `Cannot use ${name} as it must be ${wanted}: current value is ${value}`,
  );
}
