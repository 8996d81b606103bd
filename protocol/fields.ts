// This module is browser compatible.

// What rpc's contracts and sync's schemas are made of.
export * from "./fields/compounds.ts";
export type { Field, FieldValue } from "./fields/field.ts";
export {
  angle,
  type AngleField,
  type AngleOptions,
  f32,
  f64,
  float,
  type FloatField,
} from "./fields/floats.ts";
export * from "./fields/integers.ts";
export * from "./fields/text_and_bytes.ts";
export * from "./fields/vectors.ts";
