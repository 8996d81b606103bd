import { assert, assertEquals } from "@std/assert";
import { bool, string, u8, vec3 } from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { EntityTable } from "./entity_table.ts";

const form = defineEntity({
  at: vec3({ min: 0, max: 7, step: 1 }),
  name: string({ maxBytes: 4 }),
  level: u8,
  on: bool,
}, { maxEntities: 70 });

function filled(): EntityTable {
  const table = new EntityTable(form);
  for (const slot of [0, 31, 32, 69]) {
    table.place(slot, slot + 1);
    for (let c = 0; c < form.columns.length; c++) {
      table.values[c * table.capacity + slot] = slot + c;
    }
    table.blobs[slot] = new Uint8Array([slot]);
  }
  return table;
}

Deno.test("EntityTable leaves nothing of an entity but its generation", () => {
  const table = filled();
  for (const slot of [0, 31, 32, 69]) table.clear(slot);
  const empty = new EntityTable(form);
  empty.generations.set(table.generations);
  assertEquals(table, empty);
  assertEquals(table.generations[69], 70);
});

Deno.test("EntityTable.copyFrom() makes tables the same", () => {
  const table = new EntityTable(form);
  table.place(5, 9);
  table.copyFrom(filled());
  assertEquals(table, filled());
});

Deno.test("EntityTable.copySlot() takes over one place, an empty one too", () => {
  const source = filled();
  const table = new EntityTable(form);
  table.place(5, 9);
  for (let slot = 0; slot < table.capacity; slot++) {
    table.copySlot(source, slot);
  }
  assertEquals(table, source);
  assert(!table.isAlive(5) && table.isAlive(31) && table.isAlive(32));
});
