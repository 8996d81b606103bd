// This module is browser compatible.

/** Freezes a plain value with all that is in it, and returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) {
    return value;
  }
  Object.freeze(value);
  for (const field of Object.values(value)) deepFreeze(field);
  return value;
}
