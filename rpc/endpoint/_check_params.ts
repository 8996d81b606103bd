// This module is browser compatible.
import { BitWriter, utf8Length } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { ownValue } from "../wire/_own_value.ts";

/** Refuses what has no parameters to read: TypeScript does, others only see this. */
export function checkParams({ name }: Rpc, params: unknown): void {
  if (typeof params === "object" && params !== null) return;
  throw new TypeError(
    `Cannot call "${name}" as its parameters must be an object: current value is ${
      show(params)
    }`,
  );
}

/**
 * What to throw for a call that carries what its parameters do not allow, or is for
 * nobody that there can be.
 */
export function wrongCall(
  { name, definition }: Rpc,
  params: Readonly<Record<string, unknown>>,
): RangeError {
  // Slow, but only mistakes come here.
  const wrong = Object.entries(definition.params).find(([key, field]) => {
    const writer = new BitWriter();
    field.write(writer, ownValue(params, key) as never);
    return !writer.ok;
  });
  if (wrong === undefined) {
    return new RangeError(
      `Cannot call "${name}" as its target must have an id from 1 to 2^53 - 1 or a team from 0 to 65535: current one has not`,
    );
  }
  const [key, { descriptor }] = wrong;
  return new RangeError(
    `Cannot call "${name}" as "${key}" must be allowed by ${descriptor}: current value is ${
      show(ownValue(params, key))
    }`,
  );
}

/** A value for an error: of texts and objects, which may have secrets, only what they are. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `a string of ${utf8Length(value)} bytes`;
    case "object":
      if (value === null) return "null";
      if (value instanceof Promise) return "a promise";
      return Array.isArray(value)
        ? `an array of ${value.length} values`
        : "an object";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return String(value);
  }
}
