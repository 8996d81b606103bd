// This module is browser compatible.

/** Tells whether a value from anybody is a count: an integer from 0 to 2^53 − 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
