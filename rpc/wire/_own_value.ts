// This module is browser compatible.

/**
 * The value of a property, which may be left out: then it is not a method that all
 * objects have, such as `constructor`.
 */
export function ownValue(
  values: Readonly<Record<string, unknown>>,
  name: string,
): unknown {
  return name in Object.prototype && !Object.hasOwn(values, name)
    ? undefined
    : values[name];
}
