import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { string, u8 } from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { EntityTable, type TableContent } from "../snapshot/entity_table.ts";
import { bitSet, hasBit, nextBit, setBit } from "../world/bit_set.ts";
import type { EntityId } from "../world/entity_id.ts";
import { EntityStore } from "../world/entity_store.ts";
import { WorldHistory } from "../world/world_history.ts";
import {
  advanceView,
  findDifference,
  findForgotten,
  OverlayTable,
  TypeView,
} from "./type_view.ts";

const CAPACITY = 40;
const TICKS = 8;
const thing = defineEntity(
  { level: u8, name: string({ maxBytes: 2 }) },
  { maxEntities: CAPACITY },
);
const world = defineWorld({ thing });

/** A client that has decoded a message, and the server's view of it. */
interface Decoded {
  readonly tick: number;
  readonly view: TypeView;
  readonly table: EntityTable;
}

function isSameSlot(a: TableContent, b: TableContent, slot: number): boolean {
  if (a.generations[slot] !== b.generations[slot]) return false;
  for (let i = slot; i < a.values.length; i += CAPACITY) {
    if (a.values[i] !== b.values[i]) return false;
  }
  for (let i = slot; i < a.blobs.length; i += CAPACITY) {
    if (a.blobs[i] !== b.blobs[i]) return false;
  }
  return true;
}

function randomStep(
  random: SeededRandom,
  store: EntityStore<typeof world.schemas>,
  ids: EntityId[],
): void {
  for (let i = random.nextU32() % 6; i > 0; i--) {
    const at = random.nextU32() % Math.max(1, ids.length);
    const values = {
      level: random.nextU32() % 4,
      name: random.nextU32() % 2 === 0 ? "a" : "b",
    };
    switch (random.nextU32() % 4) {
      case 0: {
        const id = store.spawn("thing", values);
        if (id !== undefined) ids.push(id);
        break;
      }
      case 1:
        if (ids.length > 20) store.despawn(ids.splice(at, 1)[0]!);
        break;
      default:
        if (ids.length > 0) store.set(ids[at]!, "thing", values);
    }
  }
}

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`TypeView tells what a client has, whatever is lost, left out and out of sight (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const store = new EntityStore(world);
    const history = new WorldHistory(world.types, TICKS);
    const ids: EntityId[] = [];
    const base = new OverlayTable(new EntityTable(thing));
    const current = new OverlayTable(new EntityTable(thing));
    const difference = {
      candidates: bitSet(CAPACITY),
      wanted: bitSet(CAPACITY),
    };
    let acked: Decoded | undefined;
    let interest: Uint32Array | undefined;
    let forgot = 0;
    let complete = 0;
    for (let i = 0; i < 1_500; i++) {
      randomStep(random, store, ids);
      const tick = history.record(store);
      if (random.nextU32() % 20 === 0) {
        interest = random.nextU32() % 3 === 0
          ? undefined
          : new Uint32Array([random.nextU32(), random.nextU32()]);
      }
      if (acked !== undefined && !history.has(acked.tick)) acked = undefined;
      findDifference(history, 0, acked, interest, difference);
      const { candidates, wanted } = difference;
      const written = bitSet(CAPACITY);
      const share = random.nextU32() % 3;
      for (
        let at = nextBit(candidates, 0);
        at >= 0;
        at = nextBit(candidates, at + 1)
      ) {
        if (share === 0 || random.nextU32() % (share * 8) === 0) {
          setBit(written, at);
        }
      }
      const forgotten = bitSet(CAPACITY);
      if (acked !== undefined) {
        if (findForgotten(history, acked.view, written, forgotten)) forgot++;
        base.showView(history, 0, acked.view, acked.tick, forgotten, written);
      }
      const view = new TypeView(CAPACITY);
      advanceView(acked, difference, written, view);
      current.showTick(history.tablesAt(tick)[0]!, view.present);

      // The client's side of it, and what the coder is told about the base.
      const table = new EntityTable(thing);
      if (acked !== undefined) table.copyFrom(acked.table);
      for (let at = 0; at < CAPACITY; at++) {
        if (hasBit(forgotten, at)) table.clear(at);
        if (acked !== undefined) {
          assertEquals(hasBit(base.alive, at), table.isAlive(at));
          if (hasBit(written, at) && table.isAlive(at)) {
            assert(isSameSlot(base, table, at), `seed ${seed}, place ${at}`);
          }
        }
        if (hasBit(written, at)) table.copySlot(current, at);
        assertEquals(hasBit(view.present, at), table.isAlive(at));
        if (!table.isAlive(at)) continue;
        // All that is not stale is as it is at the server.
        const isFresh = isSameSlot(history.tablesAt(tick)[0]!, table, at);
        assert(isFresh || hasBit(view.stale, at), `seed ${seed}, place ${at}`);
      }
      if (share === 0) {
        complete++;
        assertEquals(view.present, wanted);
        assertEquals(view.stale, bitSet(CAPACITY));
      }
      if (random.nextU32() % 3 > 0) acked = { tick, view, table };
    }
    assert(complete > 100 && forgot > 10, `${complete}, ${forgot}`);
  });
}
