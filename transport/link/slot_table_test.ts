import { assert, assertEquals } from "@std/assert";
import { type PeerId, peerSlot } from "./peer_id.ts";
import { SlotTable } from "./_slot_table.ts";

Deno.test("SlotTable.nextId() gives ids of a slot again only after 65,535 others of it", () => {
  const table = new SlotTable<string>();
  const first = table.nextId()!;
  const slot = peerSlot(first);
  table.add(first, "first");
  table.remove(first);
  let id = first;
  let given = 1;
  let uses = 0;
  do {
    id = table.nextId()!;
    given++;
    if (!(id > 0 && id <= 0xffff_ffff)) throw new Error(`id ${id}`);
    table.add(id, "another");
    if (table.get(id) !== "another") throw new Error(`no ${id}`);
    if (peerSlot(id) === slot) uses++;
    if (id !== first && table.get(first) !== undefined) {
      throw new Error(`${first} lives again as ${id}`);
    }
    table.remove(id);
  } while (id !== first);
  assertEquals(uses, 0xffff);
  // Freed slots rest, so that even then millions of others were given out in between.
  assert(given > 64 * 0xffff, `${given}`);
});

Deno.test("SlotTable.nextId() gives out all slots, and then none", () => {
  const table = new SlotTable<number>();
  const ids: PeerId[] = [];
  for (;;) {
    const id = table.nextId();
    if (id === undefined) break;
    table.add(id, ids.push(id));
  }
  assertEquals(new Set(ids.map(peerSlot)).size, 0x1_0000);
  table.remove(ids[7]!);
  table.remove(ids[7]!);
  const again = table.nextId()!;
  assertEquals([peerSlot(again), again === ids[7]], [peerSlot(ids[7]!), false]);
  assertEquals([table.get(ids[7]!), table.nextId()], [undefined, undefined]);
});
