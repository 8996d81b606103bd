import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { bits, float, quat, u8, vec2, vec3 } from "../../protocol/mod.ts";
import { defineEntity, fieldColumnsOf } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import { entityIdOf } from "../world/entity_id.ts";
import { EntityStore } from "../world/entity_store.ts";
import {
  frameOf,
  randomTable,
  THING,
  THING_LAYOUT,
  writeRandom,
} from "./_testing/random_tables.ts";
import { Frame } from "./frame.ts";
import { frameLayout } from "./frame_layout.ts";

Deno.test("Frame.idOf() tells which entity is drawn in a place", () => {
  const world = defineWorld({
    bird: defineEntity({ at: vec2 }, { maxEntities: 4 }),
    ship: defineEntity({ at: vec2 }, { maxEntities: 4 }),
  });
  const store = new EntityStore(world);
  const at = { x: 1, y: 2 };
  store.despawn(store.spawn("ship", { at })!);
  const ids = [1, 2].map(() => store.spawn("ship", { at })!);
  const [bird, ship] = world.types;
  const frame = new Frame(frameLayout(ship!.schema));
  frame.fill(store.tables[1]!);
  assertEquals(
    [-1, 0, 1, 2, 3, 4, NaN].map((slot) => frame.idOf(slot, ship!)),
    Array.from(
      [-1, 0, 1, 2, 3, 4, NaN],
      (slot) => ids.find((id) => frame.placeOf(id) === slot),
    ),
  );
  assertThrows(() => frame.idOf(0, bird!), TypeError, "bird");
});

/** Every number must be the very float that the field's columns give. */
function assertHolds(frame: Frame, table: EntityTable, message: string): void {
  assertEquals(frame.alive, table.alive, message);
  for (const { field, first } of frame.layout.fields) {
    const columns = fieldColumnsOf(THING).get(field)!;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (!table.isAlive(slot)) continue;
      const at = columns.first * table.capacity + slot;
      const value = columns.read(table.values, at, table.capacity);
      const numbers = typeof value === "number"
        ? [value]
        : Object.values(value as Record<string, number>);
      numbers.forEach((number, i) =>
        assertStrictEquals(
          frame.values[(first + i) * frame.capacity + slot],
          number,
          `${field} of ${slot}, ${message}`,
        )
      );
      assertEquals(frame.generation(slot), table.generations[slot], message);
    }
  }
}

Deno.test("Frame.fill() gives the floats that the fields would read", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  for (const chance of [0, 0.1, 0.5, 0.97, 1]) {
    const table = randomTable(random, chance, 65_536);
    assertHolds(frameOf(table), table, `seed ${seed}`);
  }
});

Deno.test("Frame.fill() takes over what has changed, and nothing else", () => {
  const seed = 4;
  const random = new SeededRandom(seed);
  const table = randomTable(random);
  const frame = frameOf(table);
  for (let round = 0; round < 50; round++) {
    const changed = bitSet(table.capacity);
    for (let i = 0; i < 20; i++) {
      const slot = random.nextU32() % table.capacity;
      setBit(changed, slot);
      if (random.nextU32() % 3 === 0) table.clear(slot);
      else {
        table.place(slot, random.nextU32() & 0xffff);
        writeRandom(table, slot, random);
      }
    }
    frame.fill(table, changed);
    assertHolds(frame, table, `seed ${seed}, round ${round}`);
  }
  table.values.fill(0);
  const before = frame.values.slice();
  frame.fill(table, bitSet(table.capacity));
  assertEquals(frame.values, before);
});

Deno.test("Frame.fill() fills a table that is full to its last place", () => {
  const level = float({ min: 0, max: 64, step: 1 });
  for (const maxEntities of [1, 31, 32, 33, 64]) {
    const schema = defineEntity({ level }, { maxEntities });
    const table = new EntityTable(schema);
    for (let slot = 0; slot < maxEntities; slot++) {
      table.place(slot, slot);
      table.values[slot] = slot;
    }
    const frame = new Frame(frameLayout(schema));
    frame.fill(table);
    const slots = Array.from({ length: maxEntities }, (_, slot) => slot);
    assertEquals([...frame.values], slots);
    assertEquals(slots.map((slot) => frame.generation(slot)), slots);
  }
});

Deno.test("Frame.extent is one above the last entity", () => {
  const frame = new Frame(THING_LAYOUT);
  assertEquals(frame.extent, 0);
  for (const slot of [0, 31, 32, 76]) {
    setBit(frame.alive, slot);
    assertEquals(frame.extent, slot + 1);
  }
});

Deno.test("frameLayout() finds what can be blended", () => {
  assertEquals(
    THING_LAYOUT.fields.map(({ field, kind, first, count }) =>
      `${field} ${kind} ${first} ${count}`
    ),
    [
      "position point 0 3",
      "turn rotation 3 4",
      "heading angle 7 1",
      "map point 8 2",
      "velocity point 10 3",
      "health scalar 13 1",
      "heat scalar 14 1",
      "wealth scalar 15 1",
    ],
  );
  assertEquals(THING_LAYOUT.laneCount, 16);
  assertThrows(() => THING_LAYOUT.lanes("level"), RangeError, '"level"');
});

Deno.test("frameLayout() refuses fields that do not fit their option", () => {
  const schema = defineEntity({
    at: vec3,
    speed: vec3,
    flat: vec2,
    turn: quat,
    jumps: bits(2),
    level: u8,
  });
  assertEquals(frameLayout(schema, { teleport: "level" }).teleportColumn, 13);
  for (const teleport of ["at", "turn", "none"]) {
    assertThrows(
      () => frameLayout(schema, { teleport }),
      RangeError,
      "teleport",
    );
  }
  const velocities = { at: "speed" };
  assertEquals(frameLayout(schema, { velocities }).lanes("at").velocity, 3);
  for (const speed of ["flat", "turn", "at", "level", "none"]) {
    assertThrows(
      () => frameLayout(schema, { velocities: { at: speed } }),
      RangeError,
      "Cannot lay out frames",
    );
  }
  for (const tickRate of [0, NaN, Infinity]) {
    assertThrows(() => frameLayout(schema, { tickRate }), RangeError);
  }
});

Deno.test("Frame.placeOf() finds an entity, and none that has made room for it", () => {
  const world = defineWorld({
    rock: defineEntity({ at: vec2 }, { maxEntities: 2 }),
    ship: defineEntity({ at: vec2 }, { maxEntities: 2 }),
  });
  const entities = new EntityStore(world);
  const spawn = () => entities.spawn("ship", { at: { x: 1, y: 2 } })!;
  const [first, second] = [spawn(), spawn()];
  entities.despawn(first);
  const third = spawn();
  const frame = new Frame(frameLayout(world.schemas.ship));
  assertEquals(frame.placeOf(second), -1);
  frame.fill(entities.tables[1]!);
  assertEquals([first, second, third].map((id) => frame.placeOf(id)), [
    -1,
    1,
    0,
  ]);
  // An id of a place that this layout has not.
  assertEquals(frame.placeOf(entityIdOf(1, 2, 1)), -1);
});
