import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Vec3 } from "../core/mod.ts";
import { fieldOf } from "./_testing/field_of.ts";
import { BitReader } from "./bit_reader.ts";
import { BitWriter } from "./bit_writer.ts";
import { ByteWriter } from "./byte_writer.ts";
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
  type FieldValue,
  float,
  int,
  list,
  optional,
  quat,
  string,
  struct,
  u16,
  u64,
  u8,
  varint,
  vec2,
  vec3,
} from "./fields.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50_000 : 1_000;

/** What a field makes of a value. */
function roundTrip<T>(field: Field<T>, value: T): T {
  const writer = new BitWriter();
  field.write(writer, value);
  assert(writer.ok, field.descriptor);
  const written = writer.toBytes();
  const reader = new BitReader(written);
  const got = field.read(reader);
  assert(reader.atEnd, field.descriptor);
  return got;
}

function assertRefused<T>(field: Field<T>, value: T): void {
  const writer = new BitWriter();
  field.write(writer, value);
  assertEquals([field.descriptor, writer.ok], [field.descriptor, false]);
}

Deno.test("Field.write() refuses what the field does not allow", () => {
  for (const value of [-11, 11, 0.5, NaN, Infinity]) {
    assertRefused(int({ min: -10, max: 10 }), value);
  }
  for (const value of [-1, 64, 0.5, NaN]) assertRefused(bits(6), value);
  for (const value of [NaN, Infinity, -Infinity, 3.5e38]) {
    assertRefused(f32, value);
    assertRefused(vec2, { x: 0, y: value });
    assertRefused(vec3, { x: value, y: 0, z: 0 });
  }
  for (const value of [NaN, Infinity, -Infinity]) assertRefused(f64, value);
  assertRefused(float({ min: 0, max: 1, step: 0.1 }), NaN);
  assertRefused(angle({ bits: 8 }), NaN);
  assertRefused(angle({ bits: 8 }), Infinity);
  assertRefused(quat, { x: 0, y: 0, z: 0, w: 0 });
  assertRefused(quat, { x: NaN, y: 0, z: 0, w: 1 });
  assertRefused(string({ maxBytes: 5 }), "abcdef");
  assertRefused(string({ maxBytes: 5 }), "äöü");
  assertRefused(bytes({ maxBytes: 5 }), new Uint8Array(6));
  assertRefused(bytes as Field<unknown>, "abc");
  assertRefused(bytes as Field<unknown>, new ArrayBuffer(3));
  assertRefused(choice("on", "off") as Field<string>, "of");
  assertRefused(list(u8, { maxLength: 3 }), [1, 2, 3, 4]);
  assertRefused(struct({ a: u8 }), { a: 256 });
});

Deno.test("Field.write() of a text allows just as many bytes as said", () => {
  const field = string({ maxBytes: 6 });
  for (
    const text of ["abcdef", "äöü", "日本", "😀ab", "\ud800\udfff\ud800\ud800"]
  ) {
    const size = new TextEncoder().encode(text).length;
    const writer = new BitWriter();
    field.write(writer, text);
    assertEquals([text, writer.ok], [text, size <= 6]);
  }
});

Deno.test("Field.write() of flags side by side shares their byte", () => {
  const flags = struct({ a: bool, b: bool, c: bits(3), d: bool, e: u8 });
  assertEquals([flags.minBits, flags.maxBits], [14, 21]);
  const writer = new BitWriter();
  flags.write(writer, { a: true, b: false, c: 5, d: true, e: 9 });
  assertEquals(writer.toBytes(), new Uint8Array([0b110101, 9]));
});

Deno.test("Field.read() of bytes returns a copy", () => {
  const source = new Uint8Array([2, 7, 8]);
  const got = bytes.read(new BitReader(source));
  source.fill(0);
  assertEquals(got, new Uint8Array([7, 8]));
});

Deno.test("Field.read() of bytes copies out of a Buffer of Node's, too", () => {
  const source = Buffer.from([2, 7, 8]);
  const got = bytes.read(new BitReader(source));
  source.fill(0xee);
  assertEquals(got, new Uint8Array([7, 8]));
});

Deno.test("Field.read() of a list ends with the bytes, whatever number it says", () => {
  const nested = list(list(bool, { maxLength: 65_535 }), { maxLength: 65_535 });
  const hostile = new Uint8Array(64).fill(0xff);
  const reader = new BitReader(hostile);
  const got = nested.read(reader);
  assertEquals(reader.error, "truncated");
  const elements = got.reduce((sum, inner) => sum + inner.length, 0);
  assert(elements <= 64 * 8, `${elements} elements of 64 bytes`);
});

Deno.test("a field's maker refuses options out of range", () => {
  const makers: (() => unknown)[] = [
    () => int({ min: 0, max: 0 }),
    () => int({ min: 1, max: 0 }),
    () => int({ min: 0, max: 2 ** 32 }),
    () => int({ min: 0.5, max: 1.5 }),
    () => int({ min: -Infinity, max: 0 }),
    () => bits(0),
    () => bits(33),
    () => bits(1.5),
    () => float({ min: 0, max: 0, step: 1 }),
    () => float({ min: 0, max: 1, step: 0 }),
    () => float({ min: 0, max: 1, step: -1 }),
    () => float({ min: 0, max: 1, step: NaN }),
    () => float({ min: 0, max: 1, step: Infinity }),
    () => float({ min: 0, max: 1, step: 0.3 }),
    () => float({ min: 0.05, max: 1, step: 0.1 }),
    () => float({ min: 0, max: 10_000.005, step: 0.01 }),
    () => float({ min: 0, max: 4_000_000_000.4, step: 1 }),
    () => float({ min: 0, max: 4_000_000, step: 0.9999996 }),
    () => float({ min: 0, max: 2 ** 33, step: 1 }),
    () => float({ min: 1, max: 1 + 2 ** -40, step: 2 ** -49 }),
    () => float({ min: NaN, max: 1, step: 1 }),
    () => float({ min: 0, max: Number.MAX_VALUE, step: Number.MAX_VALUE / 3 }),
    () => optional(optional(u8)),
    () => angle({ bits: 0 }),
    () => angle({ bits: 33 }),
    () => quat({ bits: 3 }),
    () => quat({ bits: 17 }),
    () => string({ maxBytes: 0 }),
    () => bytes({ maxBytes: 65_536 }),
    () => choice(),
    () => choice("one"),
    () => choice("one", "one"),
    () => choice("one", "two words"),
    () => choice("one", ""),
    () => choice("one", "é"),
    () => list(u8, { maxLength: 0 }),
    () => list(u8, { maxLength: 65_536 }),
    () => list(struct({}), { maxLength: 2 }),
    () => list(struct({ a: struct({}) }), { maxLength: 2 }),
    () => struct({ "a b": u8 }),
    () => struct({ ["__proto__"]: u8 }),
    () => struct({ "": u8 }),
    () =>
      struct(
        Object.fromEntries(
          Array.from({ length: 257 }, (_, i) => [`f${i}`, u8]),
        ),
      ),
  ];
  for (const make of makers) {
    assertThrows(make, RangeError, "Cannot", make.toString());
  }
});

/** Any field, small enough, and values for it. */
function anyField(depth: number): fc.Arbitrary<[Field<unknown>, unknown]> {
  const leaf = fc.oneof(
    fc.boolean().map((value): [string, unknown] => ["bool", value]),
    fc.nat(255).map((value): [string, unknown] => ["u8", value]),
    fc.nat(65_535).map((value): [string, unknown] => ["u16", value]),
    fc.maxSafeNat().map((value): [string, unknown] => ["varint", value]),
    fc.maxSafeInteger().map((value): [string, unknown] => ["zigzag", value]),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((
      value,
    ): [string, unknown] => ["f32", value]),
    fc.tuple(
      fc.integer({ min: -(2 ** 31), max: 0 }),
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ).map(([min, max, part]): [string, unknown] => [
      `int(${min},${max})`,
      Math.round(min + (max - min) * part),
    ]),
    fc.integer({ min: 1, max: 32 }).chain((width) =>
      fc.nat(0x7fff_ffff).map((value): [string, unknown] => [
        `bits(${width})`,
        value % 2 ** width,
      ])
    ),
    fc.string({ unit: "grapheme", maxLength: 20 }).map((
      value,
    ): [string, unknown] => ["string(200)", value]),
    fc.uint8Array({ maxLength: 40 }).map((value): [string, unknown] => [
      "bytes(40)",
      value,
    ]),
    fc.constantFrom("a", "b", "c", "d", "e").map((value): [string, unknown] => [
      "choice(a,b,c,d,e)",
      value,
    ]),
  ).map(([text, value]): [Field<unknown>, unknown] => [fieldOf(text), value]);
  if (depth === 0) return leaf;
  const inner = anyField(depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, fc.boolean()).map((
        [[field, value], isThere],
      ): [Field<unknown>, unknown] => [
        field.type === "optional" ? field : optional(field),
        isThere ? value : undefined,
      ]),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, fc.nat(6)).map((
        [[field, value], length],
      ): [Field<unknown>, unknown] =>
        field.minBits === 0
          ? [field, value]
          : [list(field, { maxLength: 6 }), new Array(length).fill(value)]
      ),
    },
    {
      weight: 1,
      arbitrary: fc.array(inner, { maxLength: 6 }).map((
        parts,
      ): [Field<unknown>, unknown] => [
        struct(
          Object.fromEntries(parts.map(([field], i) => [`f${i}`, field])),
        ) as Field<unknown>,
        Object.fromEntries(parts.map(([, value], i) => [`f${i}`, value])),
      ]),
    },
  );
}

Deno.test("any field reads what it wrote, within the bits it promised", () => {
  fc.assert(
    fc.property(anyField(3), fc.nat(7), ([field, value], before) => {
      const writer = new BitWriter(new ByteWriter({ maxBytes: 2 ** 20 }));
      if (before > 0) writer.bits(0, before);
      field.write(writer, value);
      assert(writer.ok);
      const length = writer.bitLength - before;
      assert(length >= field.minBits && length <= field.maxBits + 7);
      const written = writer.toBytes();
      const reader = new BitReader(written);
      if (before > 0) reader.bits(before);
      assertEquals(field.read(reader), value);
      assert(reader.atEnd);
      // The text says all there is to say.
      const again = fieldOf(field.descriptor);
      assertEquals(again.descriptor, field.descriptor);
      assertEquals([again.minBits, again.maxBits], [
        field.minBits,
        field.maxBits,
      ]);
    }),
    { numRuns: RUNS },
  );
});

/** Fields that compute with what they are given. */
const NUMBERS: readonly string[] = ["int", "f32", "float", "angle"];

Deno.test("Field.write() refuses a value that is missing, without a throw", () => {
  const fields: readonly Field<unknown>[] = [
    u8,
    u64,
    varint,
    f32,
    f64,
    string,
    bytes,
    vec2,
    vec3,
    quat,
    int({ min: 0, max: 9 }),
    bits(4),
    float({ min: 0, max: 1, step: 0.5 }),
    vec2({ min: 0, max: 1, step: 0.5 }),
    vec3({ min: 0, max: 1, step: 0.5 }),
    angle({ bits: 8 }),
    choice("on", "off"),
    list(u8, { maxLength: 3 }),
    struct({ a: u8 }),
  ];
  for (const field of fields) {
    assertRefused(field, undefined);
    // To JavaScript null is 0 where a number belongs.
    if (!NUMBERS.includes(field.type)) assertRefused(field, null);
    assertRefused(struct({ inner: field }) as Field<unknown>, {});
  }
});

Deno.test("AnyField lets one look into every kind of field", () => {
  function name(field: AnyField): string {
    switch (field.type) {
      case "int":
        return `${field.min} to ${field.max}`;
      case "float":
      case "angle":
      case "quat":
        return `${field.quantizer.bits} bits`;
      case "bits":
        return `${field.width} bits`;
      case "vec2":
      case "vec3":
        return "quantizers" in field
          ? field.quantizers.map(({ bits }) => bits).join()
          : "f32";
      case "string":
      case "bytes":
        return `${field.maxBytes} bytes`;
      case "choice":
        return field.options.join("|");
      case "optional":
        return `${name(field.field as AnyField)}?`;
      case "list":
        return `${name(field.element as AnyField)}[${field.maxLength}]`;
      case "struct":
        return Object.entries(field.fields).map(([key, inner]) =>
          `${key}: ${name(inner as AnyField)}`
        ).join();
    }
    return field.type;
  }
  const field: AnyField = struct({
    at: vec3({ min: 0, max: 7, step: 1 }),
    to: vec2,
    tags: list(choice("a", "b"), { maxLength: 4 }),
    text: optional(string({ maxBytes: 9 })),
    level: int({ min: 1, max: 5 }),
    turn: quat,
    id: u64,
  });
  assertEquals(
    name(field),
    "at: 3,3,3,to: f32,tags: a|b[4],text: 9 bytes?,level: 1 to 5,turn: 10 bits,id: u64",
  );
});

Deno.test("struct() keeps its fields as they were", () => {
  const fields: Record<string, Field<unknown>> = { a: u8 };
  const field = struct(fields);
  fields.b = u8;
  assertEquals(Object.keys(field.fields), ["a"]);
  assertThrows(() => {
    (field.fields as Record<string, unknown>).c = u8;
  }, TypeError);
});

Deno.test("FieldValue is the type of the values", () => {
  const player = struct({
    name: string,
    at: vec3({ min: -10, max: 10, step: 0.5 }),
    team: choice("red", "blue"),
    items: list(u16, { maxLength: 4 }),
    target: optional(u8),
  });
  const value: FieldValue<typeof player> = {
    name: "Ada",
    at: { x: 1, y: 2, z: 3 },
    team: "red",
    items: [1, 2],
  };
  const got = roundTrip(player, value);
  const team: "red" | "blue" = got.team;
  const at: Vec3 = got.at;
  assertEquals([team, at, got.items[1], got.target], [
    "red",
    { x: 1, y: 2, z: 3 },
    2,
    undefined,
  ]);
  // @ts-expect-error A word that is none of the options.
  const green: FieldValue<typeof player> = { ...value, team: "green" };
  assertRefused(player, green);
  // @ts-expect-error A number where text belongs.
  const wrong: FieldValue<typeof player> = { ...value, name: 5 };
  assertEquals(wrong.items, value.items);
});

Deno.test("struct() leaves out what is named like a property of all objects", () => {
  const names = Object.getOwnPropertyNames(Object.prototype)
    .filter((name) => /^[a-z]/i.test(name));
  const field = struct(
    Object.fromEntries(names.map((name) => [name, optional(u8)])),
  );
  for (const value of [{}, Object.create(null), undefined]) {
    const writer = new BitWriter();
    field.write(writer, value);
    assertEquals([...writer.toBytes()], [0]);
    assertEquals(writer.ok, true);
  }
  const all = Object.fromEntries(names.map((name, i) => [name, i]));
  const writer = new BitWriter();
  field.write(writer, all);
  assertEquals(field.read(new BitReader(writer.toBytes())), all);
});
