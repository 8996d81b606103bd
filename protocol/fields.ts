// This module is browser compatible.

// What rpc's contracts and sync's schemas are made of.
export * from "./fields/any_field.ts";
export * from "./fields/compounds.ts";
export * from "./fields/field.ts";
export * from "./fields/floats.ts";
export * from "./fields/integers.ts";
export * from "./fields/text_and_bytes.ts";
export * from "./fields/vectors.ts";
