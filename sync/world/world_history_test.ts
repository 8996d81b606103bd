import { assert, assertEquals } from "@std/assert";
import { u8 } from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { bitSet } from "./bit_set.ts";
import { EntityStore } from "./entity_store.ts";
import { WorldHistory } from "./world_history.ts";

const world = defineWorld({
  thing: defineEntity({ level: u8 }, { maxEntities: 40 }),
});

Deno.test("WorldHistory keeps the last ticks, each as it was", () => {
  const store = new EntityStore(world);
  const history = new WorldHistory(world.types, 4);
  assertEquals([history.newest, history.oldest, history.has(0)], [
    undefined,
    undefined,
    false,
  ]);
  const id = store.spawn("thing", { level: 0 })!;
  for (let tick = 0; tick < 10; tick++) {
    store.set(id, "thing", { level: tick });
    assertEquals(history.record(store), tick);
  }
  assertEquals([history.newest, history.oldest], [9, 6]);
  assertEquals([5, 6, 9, 10, -1, 6.5].map((it) => history.has(it)), [
    false,
    true,
    true,
    false,
    false,
    false,
  ]);
  for (const tick of [6, 7, 8, 9]) {
    assertEquals(history.tablesAt(tick)[0]!.values[0], tick);
  }
});

Deno.test("WorldHistory.changedSince() is all that has changed after a tick", () => {
  const store = new EntityStore(world);
  const history = new WorldHistory(world.types);
  const ids = [0, 1, 2].map((level) => store.spawn("thing", { level })!);
  history.record(store);
  store.set(ids[2]!, "thing", { level: 9 });
  history.record(store);
  store.despawn(ids[0]!);
  history.record(store);
  const since = (tick: number): number => {
    const places = bitSet(40);
    history.changedSince(0, tick, places);
    assert(places[1] === 0);
    return places[0]!;
  };
  assertEquals([since(2), since(1), since(0)], [0, 0b001, 0b101]);
});
