import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import {
  angle,
  bits,
  bool,
  ByteWriter,
  choice,
  f32,
  f64,
  type Field,
  float,
  i32,
  quat,
  u16,
  u32,
  vec2,
  vec3,
} from "../../../protocol/mod.ts";
import { defineEntity } from "../../schema/define_entity.ts";
import { EntityTable, type TableForm } from "../../snapshot/entity_table.ts";
import { bitSet, setBit } from "../../world/bit_set.ts";
import { FastCoder } from "./fast_coder.ts";

const CAPACITY = 70;
const range = { min: -100, max: 100, step: 0.01 };

const FORMS: readonly TableForm[] = [
  { position: vec3(range), rotation: quat({ bits: 9 }), held: bool },
  { level: u32, debt: i32, flags: bits(32), on: bool },
  {
    turn: angle({ bits: 32 }),
    small: angle({ bits: 3 }),
    one: angle({ bits: 1 }),
  },
  { at: vec3, speed: f32, exact: f64, on: vec2 },
  {
    team: choice("red", "green", "blue"),
    at: vec2(range),
    health: float(range),
  },
  // More fields than one mask tells of.
  Object.fromEntries(
    Array.from(
      { length: 11 },
      (_, i): [string, Field<unknown>] => [`f${i}`, u16],
    ),
  ),
].map((fields) =>
  defineEntity(fields as Record<string, Field<unknown>>, {
    maxEntities: CAPACITY,
  })
);

function randomValue(random: SeededRandom, max: number): number {
  // Small differences and wide ones, and both ends.
  const width = random.nextU32() % 33;
  const value = random.nextU32() >>> (32 - width) % 32;
  return random.nextU32() % 8 === 0 ? max : value % (max + 1);
}

function randomTable(random: SeededRandom, form: TableForm): EntityTable {
  const table = new EntityTable(form);
  for (let slot = 0; slot < CAPACITY; slot++) {
    table.generations[slot] = random.nextU32() % 3;
    if (random.nextU32() % 4 === 0) continue;
    table.place(slot, random.nextU32() % 3);
    for (const { index, max } of form.columns) {
      table.values[index * CAPACITY + slot] = randomValue(random, max);
    }
  }
  return table;
}

/** A table that differs from another in some places, and which. */
function randomNext(
  random: SeededRandom,
  base: EntityTable,
): { current: EntityTable; changed: Uint32Array } {
  const { form } = base;
  const current = new EntityTable(form);
  current.copyFrom(base);
  const changed = bitSet(CAPACITY);
  for (let slot = 0; slot < CAPACITY; slot++) {
    if (random.nextU32() % 3 > 0) continue;
    setBit(changed, slot);
    switch (random.nextU32() % 8) {
      case 0:
        current.clear(slot);
        break;
      case 1:
        current.place(slot, random.nextU32() % 0x1_0000);
        for (const { index, max } of form.columns) {
          current.values[index * CAPACITY + slot] = randomValue(random, max);
        }
        break;
      default:
        if (!current.isAlive(slot)) break;
        for (const { index, max } of form.columns) {
          if (random.nextU32() % 2 === 0) continue;
          const at = index * CAPACITY + slot;
          const value = (current.values[at]! >>> 0) + random.nextU32() % 5 - 2;
          current.values[at] = random.nextU32() % 4 === 0
            ? randomValue(random, max)
            : Math.min(max, Math.max(0, value));
        }
    }
  }
  return { current, changed };
}

/** What is in the places that hold an entity. */
function contentOf(table: EntityTable): unknown {
  return Array.from({ length: CAPACITY }, (_, slot) =>
    table.isAlive(slot)
      ? [
        table.generations[slot],
        ...table.form.columns.map(({ index }) =>
          table.values[index * CAPACITY + slot]
        ),
      ]
      : undefined);
}

function encoded(
  base: EntityTable,
  current: EntityTable,
  changed: Uint32Array,
): Uint8Array {
  const writer = new ByteWriter();
  new FastCoder(base.form).encode(
    base,
    undefined,
    current,
    undefined,
    changed,
    writer,
  );
  assert(writer.error === undefined);
  return writer.toBytes();
}

function decoded(base: EntityTable, bytes: Uint8Array, start = 0) {
  const table = new EntityTable(base.form);
  table.copyFrom(base);
  const changed = bitSet(CAPACITY);
  const end = new FastCoder(base.form).decode(
    bytes,
    start,
    bytes.length,
    base,
    undefined,
    table,
    undefined,
    changed,
  );
  return { table, changed, end };
}

for (const [i, form] of FORMS.entries()) {
  const names = form.columns.map(({ field }) => field);
  Deno.test(`FastCoder gives back what it was given: ${[...new Set(names)]}`, () => {
    const seed = 100 + i;
    const random = new SeededRandom(seed);
    for (let round = 0; round < 30; round++) {
      const base = round % 10 === 0
        ? new EntityTable(form)
        : randomTable(random, form);
      const { current, changed } = randomNext(random, base);
      const bytes = encoded(base, current, changed);
      const back = decoded(base, bytes);
      assertEquals(back.end, bytes.length, `seed ${seed}, round ${round}`);
      assertEquals(contentOf(back.table), contentOf(current));
      // No place that is the same is told of.
      const was = contentOf(base) as unknown[];
      const is = contentOf(current) as unknown[];
      for (let slot = 0; slot < CAPACITY; slot++) {
        const isOther = JSON.stringify(was[slot]) !== JSON.stringify(is[slot]);
        assertEquals(
          back.changed[slot >>> 5]! >>> (slot & 31) & 1,
          isOther ? 1 : 0,
        );
      }
    }
  });

  Deno.test(`FastCoder refuses bytes that are cut: ${[...new Set(names)]}`, () => {
    const random = new SeededRandom(i);
    const base = randomTable(random, form);
    const { current, changed } = randomNext(random, base);
    const bytes = encoded(base, current, changed);
    for (let length = 0; length < bytes.length; length++) {
      const { end } = decoded(base, bytes.subarray(0, length));
      assert(typeof end === "string", `${length} of ${bytes.length}`);
    }
  });

  Deno.test(`FastCoder gives only numbers that there can be, whatever the bytes: ${[...new Set(names)]}`, () => {
    const rounds = Deno.env.get("TICKWIRE_SOAK") === "1" ? 170_000 : 500;
    const seed = 200 + i;
    const random = new SeededRandom(seed);
    const base = randomTable(random, form);
    const { current, changed } = randomNext(random, base);
    const valid = encoded(base, current, changed);
    let taken = 0;
    for (let round = 0; round < rounds; round++) {
      const bytes = valid.slice(0, valid.length - random.nextU32() % 3);
      for (let k = random.nextU32() % 3; k >= 0; k--) {
        bytes[random.nextU32() % bytes.length] = random.nextU32();
      }
      const { table, end } = decoded(base, bytes);
      if (typeof end === "string") continue;
      taken++;
      assert(end <= bytes.length);
      for (const { index, max } of form.columns) {
        for (let slot = 0; slot < CAPACITY; slot++) {
          const value = table.values[index * CAPACITY + slot]! >>> 0;
          assert(value <= max, `seed ${seed}, round ${round}`);
        }
      }
    }
    assert(taken > 0);
  });
}

Deno.test("FastCoder takes the bits of a count for nothing", () => {
  const base = new EntityTable(FORMS[0]!);
  assertEquals(
    encoded(base, base, bitSet(CAPACITY).fill(-1)),
    new Uint8Array(1),
  );
  assertEquals(decoded(base, new Uint8Array(3)).end, 1);
  assertEquals(decoded(base, new Uint8Array([128])).end, "notCanonical");
  assertEquals(decoded(base, new Uint8Array([CAPACITY + 1, 0])).end, "range");
});

Deno.test("FastCoder begins and ends where it is told", () => {
  const random = new SeededRandom(1);
  const base = randomTable(random, FORMS[0]!);
  const { current, changed } = randomNext(random, base);
  const bytes = encoded(base, current, changed);
  const framed = new Uint8Array([9, 9, ...bytes, 7]);
  const back = decoded(base, framed, 2);
  assertEquals(back.end, bytes.length + 2);
  assertEquals(contentOf(back.table), contentOf(current));
});

Deno.test("FastCoder's bytes fit the writer or set its error", () => {
  const random = new SeededRandom(2);
  const base = new EntityTable(FORMS[0]!);
  const current = randomTable(random, FORMS[0]!);
  const writer = new ByteWriter();
  writer.reset(20);
  const coder = new FastCoder(FORMS[0]!);
  coder.encode(
    base,
    undefined,
    current,
    undefined,
    bitSet(CAPACITY).fill(-1),
    writer,
  );
  assert(writer.error !== undefined);
});
