// This module is browser compatible.

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
