// Random fields and values of theirs, at their edges more often than not.
import type { SeededRandom } from "../../../core/mod.ts";
import {
  angle,
  type AnyField,
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
} from "../../../protocol/mod.ts";

const SAFE = Number.MAX_SAFE_INTEGER;
const MAX_DEPTH = 3;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Of one, two, three and four bytes; the ends of ASCII; surrogates without their other half. */
const CHARACTERS = [
  ...["a", "Z", " ", "\x00", "\x7f", "\x80", "é", "߿", "ࠀ", "€", "\uffff"],
  ...["\ufeff", "😀", "\u{10ffff}", "\ud800", "\udfff", "\udc00x"],
];

/** An integer from 0 to `end`, without it. */
export function below(random: SeededRandom, end: number): number {
  return Math.floor(random.nextFloat() * end);
}

/** One of some. */
export function oneOf<T>(random: SeededRandom, values: readonly T[]): T {
  return values[below(random, values.length)]!;
}

/** A field of any kind. */
export function randomField(random: SeededRandom, depth = 0): Field<unknown> {
  switch (below(random, depth < MAX_DEPTH ? 20 : 16)) {
    case 0:
      return bool;
    case 1:
      return oneOf<Field<unknown>>(random, [u8, u16, u32, i8, i16, i32, u64]);
    case 2:
      return varint;
    case 3:
      return zigzag;
    case 4:
      return f32;
    case 5:
      return f64;
    case 6:
      return oneOf<Field<unknown>>(random, [vec2, vec3]);
    case 7:
      return int(oneOf(random, [
        { min: -10, max: 10 },
        { min: 0, max: 2 ** 32 - 1 },
        { min: -(2 ** 31), max: 2 ** 31 - 1 },
        { min: SAFE - 5, max: SAFE },
        { min: 1, max: 2 },
      ]));
    case 8:
      return bits(1 + below(random, 32));
    case 9:
      return float(oneOf(random, [
        { min: 0, max: 100, step: 0.5 },
        { min: -500, max: 500, step: 0.01 },
        { min: 0, max: 2 ** 32 - 1, step: 1 },
      ]));
    case 10:
      return angle({ bits: 1 + below(random, 32) });
    case 11:
      return quat({ bits: 4 + below(random, 13) });
    case 12: {
      const range = { min: -100, max: 100, step: 0.25 };
      return oneOf<Field<unknown>>(random, [vec2(range), vec3(range)]);
    }
    case 13:
      return choice(
        ...Array.from({ length: 2 + below(random, 20) }, (_, i) => `w${i}`),
      );
    case 14:
      return string({ maxBytes: oneOf(random, [1, 5, 40, 64, 300, 1000]) });
    case 15:
      return bytes({ maxBytes: oneOf(random, [1, 5, 130, 1000]) });
    case 16:
    case 17: {
      const inner = randomField(random, depth + 1);
      return inner.type === "optional" ? inner : optional(inner);
    }
    case 18: {
      const element = randomField(random, depth + 1);
      if (element.minBits < 1) return bool;
      return list(element, { maxLength: oneOf(random, [1, 2, 7, 8, 300]) });
    }
    default:
      return randomStruct(random, depth + 1);
  }
}

/** A struct of a few fields; none at all, at times. */
export function randomStruct(
  random: SeededRandom,
  depth = 0,
): Field<Readonly<Record<string, unknown>>> & {
  readonly fields: Readonly<Record<string, Field<unknown>>>;
} {
  const fields: Record<string, Field<unknown>> = {};
  const count = below(random, depth === 0 ? 9 : 4);
  for (let i = 0; i < count; i++) {
    fields[oneOf(random, [...LETTERS]) + i] = randomField(random, depth);
  }
  return struct(fields);
}

/** A value of a field that may be written. */
export function randomValue(
  random: SeededRandom,
  anything: Field<unknown>,
): unknown {
  const field = anything as AnyField;
  switch (field.type) {
    case "bool":
      return below(random, 2) === 1;
    case "u8":
      return randomInteger(random, 0, 0xff);
    case "u16":
      return randomInteger(random, 0, 0xffff);
    case "u32":
      return randomInteger(random, 0, 0xffff_ffff);
    case "i8":
      return randomInteger(random, -0x80, 0x7f);
    case "i16":
      return randomInteger(random, -0x8000, 0x7fff);
    case "i32":
      return randomInteger(random, -0x8000_0000, 0x7fff_ffff);
    case "varint":
      return randomWide(random);
    case "zigzag":
      return below(random, 2) === 1 ? randomWide(random) : -randomWide(random);
    case "f32":
      return randomFloat(random);
    case "f64":
      return oneOf(random, [
        0,
        -0,
        Number.MAX_VALUE,
        -Number.MIN_VALUE,
        random.nextFloat(),
      ]);
    case "u64":
      return {
        low: randomInteger(random, 0, 0xffff_ffff),
        high: randomInteger(random, 0, 0xffff_ffff),
      };
    case "vec2":
      return { x: randomFloat(random), y: randomFloat(random) };
    case "vec3":
      return {
        x: randomFloat(random),
        y: randomFloat(random),
        z: randomFloat(random),
      };
    case "int":
      return randomInteger(random, field.min, field.max);
    case "bits":
      return randomInteger(random, 0, 2 ** field.width - 1);
    case "float":
      return oneOf(random, [
        field.quantizer.min,
        field.quantizer.max,
        Infinity,
        -1e9,
        random.nextFloat() * 100,
      ]);
    case "angle":
      return (random.nextFloat() - 0.5) * 20;
    case "quat":
      return {
        x: random.nextFloat() - 0.5,
        y: oneOf(random, [0, 0.5, -0.5, random.nextFloat()]),
        z: random.nextFloat() - 0.5,
        w: 1e-3 + random.nextFloat(),
      };
    case "choice":
      return oneOf(random, field.options);
    case "string":
      return randomText(random, field.maxBytes);
    case "bytes": {
      const value = new Uint8Array(
        oneOf(random, [0, 1, field.maxBytes, below(random, field.maxBytes)]),
      );
      random.fill(value);
      return value;
    }
    case "optional":
      return below(random, 2) === 1
        ? randomValue(random, field.field)
        : undefined;
    case "list": {
      const length = oneOf(random, [0, 1, 3, field.maxLength]);
      return Array.from(
        { length: Math.min(length, field.maxLength, 12) },
        () => randomValue(random, field.element),
      );
    }
    case "struct": {
      // Not always in the order of the fields.
      const names = Object.keys(field.fields);
      if (below(random, 4) === 0) names.reverse();
      return Object.fromEntries(
        names.map((name) => [name, randomValue(random, field.fields[name]!)]),
      );
    }
  }
}

/** An integer of a range, often at its ends. */
export function randomInteger(
  random: SeededRandom,
  min: number,
  max: number,
): number {
  switch (below(random, 4)) {
    case 0:
      return min;
    case 1:
      return max;
    default:
      return min + Math.floor(random.nextFloat() * (max - min));
  }
}

/** 0 to 2^53 - 1, often where a varint gets longer. */
export function randomWide(random: SeededRandom): number {
  const power = 2 ** below(random, 54);
  return Math.min(SAFE, Math.max(0, power - 1 + below(random, 3)));
}

function randomFloat(random: SeededRandom): number {
  return oneOf(random, [
    0,
    -0,
    3.4028234663852886e38,
    -1.401298464324817e-45,
    Math.fround(random.nextFloat() * 1000 - 500),
  ]);
}

function randomText(random: SeededRandom, maxBytes: number): string {
  const isAscii = below(random, 2) === 1;
  const wanted = oneOf(random, [0, 1, 12, 33, 64, 65, maxBytes]);
  const encoder = new TextEncoder();
  let text = "";
  let byteLength = 0;
  for (;;) {
    const next = isAscii
      ? oneOf(random, [...LETTERS])
      : oneOf(random, CHARACTERS);
    byteLength = encoder.encode(text + next).length;
    if (byteLength > Math.min(wanted, maxBytes)) return text;
    text += next;
  }
}
