import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  angle,
  BitReader,
  bits,
  BitWriter,
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
  quat,
  string,
  u16,
  u32,
  u64,
  u8,
  varint,
  vec2,
  vec3,
} from "../../protocol/mod.ts";
import { SeededRandom } from "../../core/mod.ts";
import { fieldColumns } from "./_field_columns.ts";
import { defineEntity, MAX_COLUMNS } from "./define_entity.ts";

const CAPACITY = 3;
const SLOT = 1;

const range = { min: -10, max: 10, step: 0.25 };

const ALLOWED: readonly [Field<unknown>, readonly unknown[]][] = [
  [bool, [true, false]],
  [u8, [0, 255]],
  [u16, [0, 65_535]],
  [u32, [0, 0x8000_0000, 0xffff_ffff]],
  [i8, [-128, 0, 127]],
  [i16, [-32_768, 32_767]],
  [i32, [-0x8000_0000, -1, 0x7fff_ffff]],
  [int({ min: -5, max: 0xffff_fff0 }), [-5, 0, 0xffff_fff0]],
  [bits(32), [0, 0xffff_ffff]],
  [choice("red", "green", "blue"), ["red", "blue"]],
  [float(range), [-10, 0.1, 10, 1e9, -Infinity]],
  [angle({ bits: 32 }), [0, 3, -0.5, 100]],
  [f32, [0.1, -0, 3e38]],
  [f64, [0.1, -0, 1.7e308]],
  [u64, [{ low: 0, high: 0xffff_ffff }, { low: 0xffff_ffff, high: 1 }]],
  [vec2, [{ x: 0.1, y: -2 }]],
  [vec3, [{ x: 0.1, y: -2, z: 3e38 }, { x: 3e38, y: 3e38, z: 0 }]],
  [vec2(range), [{ x: 0.1, y: -20 }]],
  [vec3(range), [{ x: 0.1, y: -2, z: 9 }]],
  [quat({ bits: 9 }), [{ x: 0.5, y: 0.5, z: -0.5, w: 0.5 }]],
  [quat, [{ x: 0, y: 0, z: 0, w: 2 }]],
] as [Field<unknown>, readonly unknown[]][];

const REFUSED: readonly [Field<unknown>, readonly unknown[]][] = [
  [bool, [1, undefined]],
  [u8, [-1, 256, 0.5, NaN, "1"]],
  [int({ min: 1, max: 2 }), [0, 3]],
  [bits(3), [8, -1]],
  [choice("red", "green"), ["blue", 0]],
  [float(range), [NaN, undefined]],
  [angle({ bits: 8 }), [NaN, Infinity]],
  [f32, [NaN, 1e39, undefined]],
  [f64, [Infinity]],
  [u64, [{ low: -1, high: 0 }, undefined]],
  [vec2, [{ x: 1, y: NaN }, undefined]],
  [vec3, [{ x: 1e39, y: 0, z: 0 }, { x: 0, y: 0 }]],
  [vec3(range), [{ x: 0, y: 0 }]],
  [quat, [{ x: 0, y: 0, z: 0, w: 0 }, undefined]],
] as [Field<unknown>, readonly unknown[]][];

for (const [field, values] of ALLOWED) {
  Deno.test(`fieldColumns() rounds as ${field.descriptor} does`, () => {
    for (const value of values) {
      const columns = fieldColumns(field)!;
      const table = new Int32Array(CAPACITY * columns.forms.length);
      assert(columns.write(value, table, SLOT, CAPACITY));
      const writer = new BitWriter();
      field.write(writer, value);
      const reader = new BitReader(writer.toBytes());
      assertEquals(columns.read(table, SLOT, CAPACITY), field.read(reader));
      assert(columns.isValid(table, SLOT, CAPACITY));
      columns.forms.forEach(({ max }, i) => {
        assert(table[SLOT + i * CAPACITY]! >>> 0 <= max);
        table[SLOT + i * CAPACITY] = 0;
      });
      assertEquals(table, new Int32Array(table.length));
    }
  });
}

for (const [field, values] of REFUSED) {
  Deno.test(`fieldColumns() refuses what ${field.descriptor} does`, () => {
    for (const value of values) {
      const columns = fieldColumns(field)!;
      const table = new Int32Array(CAPACITY * columns.forms.length);
      assert(!columns.write(value, table, SLOT, CAPACITY));
      assertEquals(table, new Int32Array(table.length));
    }
  });
}

Deno.test("fieldColumns() tells which four numbers are a rotation", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const columns = fieldColumns(quat({ bits: 6 }))!;
  const table = new Int32Array(4);
  let refused = 0;
  for (let i = 0; i < 2_000; i++) {
    for (let c = 0; c < 4; c++) {
      table[c] = random.nextU32() % (columns.forms[c]!.max + 1);
    }
    const before = table.slice();
    if (!columns.isValid(table, 0, 1)) {
      refused++;
      continue;
    }
    const rotation = columns.read(table, 0, 1);
    columns.write(rotation, table, 0, 1);
    assertEquals(table, before, `seed ${seed}`);
  }
  assert(refused > 100);
});

Deno.test("fieldColumns() refuses floats that are not finite", () => {
  const table = new Int32Array([0x7f80_0000, 0, 0x7fc0_0000]);
  assert(!fieldColumns(f32)!.isValid(table, 0, 1));
  assert(!fieldColumns(vec3)!.isValid(table, 0, 1));
  assert(!fieldColumns(f64)!.isValid(new Int32Array([0, -1]), 0, 1));
});

Deno.test("defineEntity() lays the fields out in order", () => {
  const { columns, blobs, descriptor } = defineEntity({
    at: vec3({ min: 0, max: 1, step: 0.5 }),
    name: string({ maxBytes: 8 }),
    turn: quat,
    extra: bytes({ maxBytes: 4 }),
    on: bool,
  }, { maxEntities: 7 });
  assertEquals(
    columns.map(({ field, kind, max, bits, first, count }) =>
      [field, kind, max, bits, first, count].join(" ")
    ),
    [
      "at linear 2 2 0 3",
      "at linear 2 2 0 3",
      "at linear 2 2 0 3",
      "turn largest 3 2 3 4",
      "turn part 1022 10 3 4",
      "turn part 1022 10 3 4",
      "turn part 1022 10 3 4",
      "on bits 1 1 7 1",
    ],
  );
  assertEquals(blobs, ["name", "extra"]);
  assertEquals(
    descriptor,
    "entity(7;at:vec3(0,1,0.5;0,1,0.5;0,1,0.5);name:string(8);turn:quat(10);extra:bytes(4);on:bool)",
  );
});

Deno.test("defineEntity() keeps what is of any length beside the columns", () => {
  const { blobs, columns } = defineEntity({
    gold: varint,
    bag: list(u8, { maxLength: 2 }),
    level: u8,
  });
  assertEquals(blobs, ["gold", "bag"]);
  assertEquals(columns.map(({ field }) => field), ["level"]);
});

Deno.test("defineEntity() refuses too much and nothing", () => {
  assertThrows(() => defineEntity({}), RangeError, "must have fields");
  const many = Object.fromEntries(
    Array.from({ length: MAX_COLUMNS + 1 }, (_, i) => [`f${i}`, u8]),
  );
  assertThrows(() => defineEntity(many), RangeError, "256 columns");
  for (const maxEntities of [0, 1.5, 65_537]) {
    assertThrows(
      () => defineEntity({ a: u8 }, { maxEntities }),
      RangeError,
      "maxEntities",
    );
  }
});
