import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import {
  angle,
  bits,
  bool,
  ByteWriter,
  f64,
  float,
  int,
  quat,
  u32,
  vec2,
  vec3,
} from "../../../protocol/mod.ts";
import { defineEntity } from "../../schema/define_entity.ts";
import { EntityTable, type TableForm } from "../../snapshot/entity_table.ts";
import { runLossy } from "./_testing/lossy_run.ts";
import { BODIES_FORM, rollBodies } from "./_testing/rolling_bodies.ts";
import { StrongCoder } from "./strong_coder.ts";
import type { StrongState } from "./strong_state.ts";

const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

const KINDS = defineEntity({
  at: vec3({ min: -8, max: 8, step: 1 / 64 }),
  turn: quat({ bits: 7 }),
  aim: angle({ bits: 9 }),
  flat: vec2({ min: 0, max: 1, step: 1 / 16 }),
  heat: float({ min: 0, max: 1e9, step: 0.25 }),
  level: int({ min: -3, max: 9 }),
  score: u32,
  free: vec3,
  time: f64,
  flags: bits(5),
  on: bool,
}, { maxEntities: 70 });

/** A table and what was learnt with it, at one end. */
interface End {
  readonly table: EntityTable;
  readonly state: StrongState;
}

function createEnd(coder: StrongCoder, form: TableForm): End {
  return {
    table: new EntityTable(form),
    state: coder.createState() as StrongState,
  };
}

function wordsFor(form: TableForm): Uint32Array {
  return new Uint32Array((form.maxEntities + 31) >>> 5);
}

/** Every place: the coder finds out which do differ. */
function anyChanged(form: TableForm): Uint32Array {
  return wordsFor(form).fill(0xffff_ffff);
}

function encode(coder: StrongCoder, base: End, to: End): Uint8Array {
  const writer = new ByteWriter();
  const { form } = base.table;
  coder.encode(
    base.table,
    base.state,
    to.table,
    to.state,
    anyChanged(form),
    writer,
  );
  return writer.toBytes();
}

function decode(
  coder: StrongCoder,
  message: Uint8Array,
  base: End,
  to: End,
  start = 0,
  end = message.length,
): number | string {
  to.table.copyFrom(base.table);
  return coder.decode(
    message,
    start,
    end,
    base.table,
    base.state,
    to.table,
    to.state,
    wordsFor(base.table.form),
  );
}

/** Those of places without an entity say nothing. */
function generationsOf(table: EntityTable): number[] {
  return Array.from(
    table.generations,
    (generation, slot) => table.isAlive(slot) ? generation : 0,
  );
}

function assertSame(a: End, b: End, message: string): void {
  assertEquals(a.table.values, b.table.values, message);
  assertEquals(a.table.alive, b.table.alive, message);
  assertEquals(generationsOf(a.table), generationsOf(b.table), message);
  assertEquals(a.state.words, b.state.words, message);
}

/** Moves some things on, and lets some come and go. */
function disturb(table: EntityTable, random: SeededRandom): void {
  const { form: { columns }, capacity, values } = table;
  for (let slot = 0; slot < capacity; slot++) {
    const kind = random.nextU32() % 16;
    if (!table.isAlive(slot)) {
      if (kind > 2) continue;
      if (kind === 0) {
        table.generations[slot] = table.generations[slot]! +
          random.nextU32() % 3;
        continue;
      }
      table.place(slot, table.generations[slot]! + 1 + random.nextU32() % 2);
    } else if (kind === 0) {
      table.clear(slot);
      continue;
    } else if (kind > 8) continue;
    for (const { index, max } of columns) {
      const i = index * capacity + slot;
      if (random.nextU32() % 3 === 0) {
        const near = (values[i]! >>> 0) + random.nextU32() % 7 - 3;
        values[i] = Math.min(max, Math.max(0, near));
      } else if (random.nextU32() % 8 === 0) {
        values[i] = random.nextU32() % (max + 1);
      }
    }
  }
}

Deno.test("StrongCoder gives back what it was given, of every kind of column", () => {
  const seed = 11;
  const random = new SeededRandom(seed);
  const sender = new StrongCoder(KINDS);
  const receiver = new StrongCoder(KINDS);
  const ours = Array.from({ length: 4 }, () => createEnd(sender, KINDS));
  const theirs = Array.from({ length: 4 }, () => createEnd(receiver, KINDS));
  for (let n = 1; n < (SOAK ? 20_000 : 120); n++) {
    const from = (n - 1 - random.nextU32() % Math.min(n, 3)) & 3;
    const to = n & 3;
    ours[to]!.table.copyFrom(ours[(n - 1) & 3]!.table);
    disturb(ours[to]!.table, random);
    const message = encode(sender, ours[from]!, ours[to]!);
    // Bytes of something else may come before it and follow it.
    const framed = new Uint8Array(message.length + 7);
    random.fill(framed);
    framed.set(message, 3);
    const end = decode(receiver, framed, theirs[from]!, theirs[to]!, 3);
    assertEquals(end, 3 + message.length, `seed ${seed}, message ${n}`);
    assertSame(ours[to]!, theirs[to]!, `seed ${seed}, message ${n}`);
  }
});

Deno.test("StrongCoder says little where nothing has changed", () => {
  const coder = new StrongCoder(KINDS);
  const base = createEnd(coder, KINDS);
  const message = encode(coder, base, createEnd(coder, KINDS));
  assert(message.length <= 2, `${message.length}`);
});

Deno.test("StrongCoder is exact whatever is lost, late or twice there", () => {
  const tables = rollBodies(7, SOAK ? 5_000 : 120);
  const arrivals = runLossy(tables, new SeededRandom(5));
  assert(arrivals > 0.7 * tables.length, `${arrivals}`);
});

Deno.test("StrongCoder learns from what it is given", () => {
  const tables = rollBodies(8, 200);
  const coder = new StrongCoder(BODIES_FORM);
  const fresh = coder.createState();
  let base = coder.createState();
  let learnt = 0;
  let unlearnt = 0;
  for (let n = 1; n < tables.length; n++) {
    const state = coder.createState();
    const writer = new ByteWriter();
    const step = [tables[n]!, state, anyChanged(BODIES_FORM), writer] as const;
    coder.encode(tables[n - 1]!, fresh, ...step);
    unlearnt += writer.length;
    writer.reset();
    coder.encode(tables[n - 1]!, base, ...step);
    learnt += writer.length;
    base = state;
  }
  assert(learnt < 0.8 * unlearnt, `${learnt} of ${unlearnt}`);
});

Deno.test("StrongCoder understands either effort, whatever its own is", () => {
  const tables = rollBodies(9, 40);
  const usual = new StrongCoder(BODIES_FORM);
  const high = new StrongCoder(BODIES_FORM, { effort: "high" });
  for (const [sender, receiver] of [[usual, high], [high, usual]] as const) {
    const base = createEnd(sender, BODIES_FORM);
    const to = createEnd(sender, BODIES_FORM);
    base.table.copyFrom(tables[20]!);
    to.table.copyFrom(tables[26]!);
    const held = createEnd(receiver, BODIES_FORM);
    held.table.copyFrom(tables[20]!);
    const got = createEnd(receiver, BODIES_FORM);
    const message = encode(sender, base, to);
    assertEquals(decode(receiver, message, held, got), message.length);
    assertSame(to, got, "");
  }
});

Deno.test("StrongCoder refuses or understands mutated messages, and stays within the columns", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  const coder = new StrongCoder(KINDS);
  const thorough = new StrongCoder(KINDS, { effort: "high" });
  const base = createEnd(coder, KINDS);
  disturb(base.table, random);
  disturb(base.table, random);
  const to = createEnd(coder, KINDS);
  to.table.copyFrom(base.table);
  disturb(to.table, random);
  const message = encode(coder, base, to);
  const got = createEnd(coder, KINDS);
  const again = createEnd(coder, KINDS);
  const faults = new Map<string, number>();
  for (let i = 0; i < (SOAK ? 1_000_000 : 1_500); i++) {
    let bad = message.slice();
    for (let k = random.nextU32() % 3; k >= 0; k--) {
      bad[random.nextU32() % bad.length] = random.nextU32();
    }
    if (random.nextU32() % 4 === 0) {
      bad = bad.subarray(0, random.nextU32() % bad.length);
    }
    const result = decode(coder, bad, base, got);
    if (typeof result === "string") {
      faults.set(result, (faults.get(result) ?? 0) + 1);
      continue;
    }
    for (const { index, max } of KINDS.columns) {
      for (let slot = 0; slot < KINDS.maxEntities; slot++) {
        const value = got.table.values[index * KINDS.maxEntities + slot]! >>> 0;
        assert(value <= max, `seed ${seed}, mutation ${i}`);
      }
    }
    // What is accepted is what would have been written, as thoroughly.
    again.table.copyFrom(got.table);
    const like = bad[0]! < 128 ? coder : thorough;
    assertEquals(
      encode(like, base, again),
      bad.slice(0, result),
      `seed ${seed}, mutation ${i}`,
    );
  }
  assertEquals([...faults.keys()].sort(), [
    "notCanonical",
    "range",
    "truncated",
  ]);
});

Deno.test("StrongCoder refuses a message that is cut", () => {
  const random = new SeededRandom(9);
  const coder = new StrongCoder(KINDS);
  const base = createEnd(coder, KINDS);
  const to = createEnd(coder, KINDS);
  disturb(to.table, random);
  const message = encode(coder, base, to);
  const got = createEnd(coder, KINDS);
  for (let length = 0; length < message.length; length++) {
    assertEquals(typeof decode(coder, message, base, got, 0, length), "string");
  }
});

Deno.test("StrongCoder refuses an effort that it does not know", () => {
  for (const effort of ["low", 128, null]) {
    assertThrows(
      () => new StrongCoder(KINDS, { effort: effort as "high" }),
      TypeError,
      '"effort" must be "usual" or "high"',
    );
  }
});
