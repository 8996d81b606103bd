// This module is browser compatible.

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Tells whether a value from anybody may name an event, a field or a common property (PROTOCOL.md, section 2). */
export function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}
