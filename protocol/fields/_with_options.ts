// This module is browser compatible.
import type { Field } from "./field.ts";

/**
 * Makes a field that is also the function which makes fields of its kind with
 * options, so that `vec3` and `vec3({ … })` both are fields.
 */
export function withOptions<
  D extends Field<unknown>,
  F extends (...options: never[]) => Field<unknown>,
>(field: D, make: F): D & F {
  return Object.freeze(Object.assign(make, field));
}
