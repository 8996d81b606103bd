// Makes fields from their descriptors, so that vectors can name them.
import {
  angle,
  bits,
  bool,
  bytes,
  choice,
  f32,
  f64,
  type Field,
  float,
  i16,
  i32,
  i8,
  int,
  list,
  optional,
  quat,
  string,
  struct,
  u16,
  u32,
  u64,
  u8,
  varint,
  vec2,
  vec3,
  zigzag,
} from "../fields.ts";
import type { FloatRange } from "../float_quantizer.ts";

const PLAIN: Readonly<Record<string, Field<unknown>>> = {
  bool,
  u8,
  u16,
  u32,
  u64,
  i8,
  i16,
  i32,
  varint,
  zigzag,
  f32,
  f64,
  vec2,
  vec3,
};

/** Makes the field that a descriptor describes. */
export function fieldOf(descriptor: string): Field<unknown> {
  const [, type = "", inner] = /^(\w+)(?:\((.*)\))?$/.exec(descriptor) ?? [];
  if (inner === undefined) return PLAIN[type]!;
  const parts = split(inner, ",");
  const numbers = parts.map(Number);
  switch (type) {
    case "bits":
      return bits(numbers[0]!);
    case "int":
      return int({ min: numbers[0]!, max: numbers[1]! });
    case "float":
      return float(range(inner));
    case "angle":
      return angle({ bits: numbers[0]! });
    case "quat":
      return quat({ bits: numbers[0]! });
    case "vec2": {
      const [x, y] = inner.split(";").map(range);
      return vec2(x!, y);
    }
    case "vec3": {
      const [x, y, z] = inner.split(";").map(range);
      return vec3(x!, y, z);
    }
    case "string":
      return string({ maxBytes: numbers[0]! });
    case "bytes":
      return bytes({ maxBytes: numbers[0]! });
    case "choice":
      return choice(...parts);
    case "optional":
      return optional(fieldOf(inner));
    case "list":
      return list(fieldOf(parts[0]!), { maxLength: numbers[1]! });
    case "struct":
      return struct(Object.fromEntries(parts.map((part) => {
        const at = part.indexOf(":");
        return [part.slice(0, at), fieldOf(part.slice(at + 1))];
      })));
  }
  throw new TypeError(`Cannot make a field of "${descriptor}"`);
}

function range(text: string): FloatRange {
  const [min, max, step] = text.split(",").map(Number);
  return { min: min!, max: max!, step: step! };
}

/** Splits at the separators that are in no parentheses. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth += 1;
    else if (text[i] === ")") depth -= 1;
    else if (text[i] === separator && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (text !== "") parts.push(text.slice(start));
  return parts;
}
