import type { SeededRandom } from "../../../core/mod.ts";
import {
  angle,
  bits,
  f32,
  f64,
  float,
  quat,
  string,
  u16,
  vec2,
  vec3,
} from "../../../protocol/mod.ts";
import {
  defineEntity,
  type EntitySchema,
  fieldColumnsOf,
} from "../../schema/define_entity.ts";
import { EntityTable } from "../../snapshot/entity_table.ts";
import { Frame } from "../frame.ts";
import { type FrameLayout, frameLayout } from "../frame_layout.ts";

/** A type of entities with fields of every kind; its places do not fill their words. */
export const THING = defineEntity({
  name: string({ maxBytes: 4 }),
  position: vec3({ min: -32, max: 32, step: 1 / 512 }),
  jumps: bits(2),
  turn: quat({ bits: 9 }),
  heading: angle({ bits: 10 }),
  level: u16,
  map: vec2,
  velocity: vec3,
  health: float({ min: 0, max: 100, step: 0.5 }),
  heat: f32,
  wealth: f64,
}, { maxEntities: 77 });

export const THING_LAYOUT: FrameLayout = frameLayout(THING, {
  teleport: "jumps",
});

/** Puts an entity with random numbers into a place. */
export function writeRandom(
  table: EntityTable,
  slot: number,
  random: SeededRandom,
): void {
  const schema = table.form as EntitySchema;
  for (const [name, columns] of fieldColumnsOf(schema)) {
    const at = columns.first * table.capacity + slot;
    columns.write(
      randomValue(name, random),
      table.values,
      at,
      table.capacity,
    );
  }
}

/** A table in which each place has an entity with a chance. */
export function randomTable(
  random: SeededRandom,
  chance = 0.7,
  generations = 1,
): EntityTable {
  const table = new EntityTable(THING);
  for (let slot = 0; slot < table.capacity; slot++) {
    table.generations[slot] = random.nextU32() % generations;
    if (random.nextFloat() >= chance) continue;
    table.place(slot, table.generations[slot]!);
    writeRandom(table, slot, random);
  }
  return table;
}

/** A frame of a table. */
export function frameOf(
  table: EntityTable,
  tick = 0,
  layout: FrameLayout = THING_LAYOUT,
): Frame {
  const frame = new Frame(layout);
  frame.fill(table);
  frame.tick = tick;
  return frame;
}

/** A number between two. */
export function between(
  random: SeededRandom,
  min: number,
  max: number,
): number {
  return min + (max - min) * random.nextFloat();
}

function randomValue(name: string, random: SeededRandom): unknown {
  const one = (): number => between(random, -20, 20);
  switch (name) {
    case "position":
    case "velocity":
      return { x: one(), y: one(), z: one() };
    case "map":
      return { x: one(), y: one() };
    case "turn":
      return { x: one(), y: one(), z: one(), w: one() };
    case "jumps":
      return random.nextU32() % 8 === 0 ? 1 : 0;
    case "level":
      return random.nextU32() & 0xffff;
    default:
      return name === "health" ? Math.abs(one()) : one();
  }
}
