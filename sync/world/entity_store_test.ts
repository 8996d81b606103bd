import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { bool, list, string, u8, vec3 } from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { bitSet, hasBit } from "./bit_set.ts";
import type { EntityId } from "./entity_id.ts";
import { EntityStore } from "./entity_store.ts";

const position = vec3({ min: -8, max: 8, step: 0.5 });
const world = defineWorld({
  player: defineEntity({
    position,
    name: string({ maxBytes: 8 }),
    bag: list(u8, { maxLength: 3 }),
  }, { maxEntities: 4 }),
  cube: defineEntity({ position, held: bool }, { maxEntities: 40 }),
});
const at = { x: 1, y: 2, z: 3 };
const ada = { position: at, name: "ada", bag: [1, 2] };

function changedOf(store: EntityStore, type: number): number[] {
  const set = bitSet(world.types[type]!.schema.maxEntities);
  store.takeChanged(type, set);
  return Array.from({ length: 40 }, (_, i) => i).filter((i) =>
    i < set.length * 32 && hasBit(set, i)
  );
}

Deno.test("EntityStore tells what was put in, rounded", () => {
  const store = new EntityStore(world);
  const id = store.spawn("player", {
    ...ada,
    position: { x: 1.1, y: 99, z: -0.1 },
  })!;
  assertEquals(store.get(id, "player"), {
    position: { x: 1, y: 8, z: 0 },
    name: "ada",
    bag: [1, 2],
  });
  assert(store.set(id, "player", { bag: [] }));
  assertEquals(store.get(id, "player")?.bag, []);
  assertEquals([store.size, store.typeOf(id), store.has(id)], [
    1,
    "player",
    true,
  ]);
  assertEquals(store.get(id, "cube"), undefined);
  assert(!store.set(id, "cube", { held: true }));
});

Deno.test("EntityStore counts as changed only what is another value after rounding", () => {
  const store = new EntityStore(world);
  const id = store.spawn("player", ada)!;
  assertEquals(changedOf(store, 1), [0]);
  store.set(id, "player", {
    position: { x: 1.2, y: 2, z: 3 },
    name: "ada",
    bag: [1, 2],
  });
  assertEquals(changedOf(store, 1), []);
  store.set(id, "player", { name: "eve" });
  assertEquals(changedOf(store, 1), [0]);
  store.set(id, "player", { position: { x: 1.3, y: 2, z: 3 } });
  assertEquals([changedOf(store, 1), changedOf(store, 0)], [[0], []]);
  store.despawn(id);
  assertEquals(changedOf(store, 1), [0]);
});

Deno.test("EntityStore refuses values that a field does not allow, by name", () => {
  const store = new EntityStore(world);
  assertThrows(
    () => store.spawn("player", { ...ada, name: "much too long" }),
    TypeError,
    '"name" of "player" must be string(8)',
  );
  assertThrows(
    () => store.spawn("player", { position: at } as never),
    TypeError,
    '"name"',
  );
  assertEquals(store.size, 0);
  const id = store.spawn("player", ada)!;
  assertThrows(
    () => store.set(id, "player", { speed: 3 } as never),
    TypeError,
    '"player" has no field "speed"',
  );
  assertThrows(
    () => store.set(id, "player", { constructor: 3 } as never),
    TypeError,
    "has no field",
  );
  assertThrows(() => store.ids("ghost" as never), RangeError, "cube, player");
  // What was refused left nothing behind.
  assertEquals(store.get(id, "player"), ada);
  assertEquals([...store.ids("player")], [id]);
});

Deno.test("EntityStore knows an entity from the one before in its place", () => {
  const store = new EntityStore(world);
  const ids = [0, 1, 2, 3].map(() => store.spawn("player", ada)!);
  assertEquals(store.spawn("player", ada), undefined);
  store.despawn(ids[1]!);
  store.despawn(ids[0]!);
  const next = store.spawn("player", ada)!;
  assertNotEquals(next, ids[1]);
  assert(!store.has(ids[1]!) && !store.despawn(ids[1]!));
  assertEquals(store.get(ids[1]!, "player"), undefined);
  assertEquals([...store.ids("player")], [next, ids[2]!, ids[3]!]);
});

Deno.test("EntityStore takes what is no id for nobody", () => {
  const store = new EntityStore(world);
  const cube = { position: at, held: false };
  const first = store.spawn("cube", cube)!;
  while (store.spawn("cube", cube) !== undefined);
  // What `spawn` gives when there is no room, and what else becomes 0 by shifts.
  for (const it of [undefined, null, NaN, 0.5, -0.5, 2 ** 32, Infinity, "0"]) {
    const id = it as EntityId;
    assert(!store.has(id), `${it}`);
    assertEquals(store.typeOf(id), undefined);
    assertEquals(store.get(id, "cube"), undefined);
    assert(!store.set(id, "cube", { held: true }));
    assert(!store.despawn(id));
  }
  assertEquals(store.get(first, "cube"), cube);
  assertEquals(store.size, 40);
});

Deno.test("EntityStore keeps apart what a Map keeps apart", () => {
  const seed = 11;
  const random = new SeededRandom(seed);
  const store = new EntityStore(world);
  const model = new Map<EntityId, boolean>();
  const gone: EntityId[] = [];
  for (let i = 0; i < 5_000; i++) {
    const held = random.nextU32() % 2 === 0;
    const ids = [...model.keys()];
    const one = ids[random.nextU32() % Math.max(1, ids.length)];
    switch (random.nextU32() % 3) {
      case 0: {
        const id = store.spawn("cube", { position: at, held });
        assertEquals(id === undefined, model.size === 40);
        if (id !== undefined) model.set(id, held);
        break;
      }
      case 1:
        if (one === undefined) break;
        store.set(one, "cube", { held });
        model.set(one, held);
        break;
      default:
        if (one === undefined || random.nextU32() % 2 === 0) break;
        assert(store.despawn(one));
        model.delete(one);
        gone.push(one);
    }
    assertEquals(store.size, model.size, `seed ${seed}`);
  }
  for (const [id, held] of model) {
    assertEquals(store.get(id, "cube"), { position: at, held });
  }
  for (const id of gone.slice(-900)) assert(!store.has(id));
});
