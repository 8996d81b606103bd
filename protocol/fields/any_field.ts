// This module is browser compatible.
import type { U64 } from "../byte_reader.ts";
import type { Vec2, Vec3 } from "../../core/mod.ts";
import type {
  ChoiceField,
  Fields,
  ListField,
  OptionalField,
  StructField,
} from "./compounds.ts";
import type { PlainField } from "./field.ts";
import type { AngleField, FloatField } from "./floats.ts";
import type { BitsField, IntField } from "./integers.ts";
import type { BytesField, StringField } from "./text_and_bytes.ts";
import type {
  QuantizedVec2Field,
  QuantizedVec3Field,
  QuatField,
} from "./vectors.ts";

/**
 * Every kind of field there is, told apart by `type`: for code that looks into
 * fields, such as a codec that is faster than their own `write` and `read`.
 */
export type AnyField =
  | PlainField<"bool", boolean>
  | PlainField<
    | "u8"
    | "u16"
    | "u32"
    | "i8"
    | "i16"
    | "i32"
    | "varint"
    | "zigzag"
    | "f32"
    | "f64",
    number
  >
  | PlainField<"u64", U64>
  | PlainField<"vec2", Vec2>
  | PlainField<"vec3", Vec3>
  | IntField
  | BitsField
  | FloatField
  | AngleField
  | QuatField
  | QuantizedVec2Field
  | QuantizedVec3Field
  | StringField
  | BytesField
  | ChoiceField<string>
  | OptionalField<unknown>
  | ListField<unknown>
  | StructField<Fields>;
