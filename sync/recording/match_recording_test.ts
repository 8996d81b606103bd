import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { quat, string, u16, vec3 } from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import type { EntityId } from "../world/entity_id.ts";
import { EntityStore } from "../world/entity_store.ts";
import { MatchPlayer } from "./match_player.ts";
import { MatchRecorder, type MatchRecorderOptions } from "./match_recorder.ts";

const world = defineWorld({
  cube: defineEntity({
    at: vec3({ min: -8, max: 8, step: 0.01 }),
    turn: quat({ bits: 7 }),
  }, { maxEntities: 40 }),
  sign: defineEntity({ text: string({ maxBytes: 8 }), level: u16 }, {
    maxEntities: 5,
  }),
});

/** What each tick was, and its recording. */
function randomMatch(
  seed: number,
  ticks: number,
  options?: MatchRecorderOptions,
) {
  const random = new SeededRandom(seed);
  const entities = new EntityStore(world);
  const recorder = new MatchRecorder(world, options);
  const states: unknown[] = [];
  const cubes: EntityId[] = [];
  const signs: EntityId[] = [];
  const number = (): number => random.nextFloat() * 16 - 8;
  const cube = () => ({
    at: { x: number(), y: number(), z: number() },
    turn: { x: number(), y: number(), z: number(), w: 9 },
  });
  const sign = () => ({
    text: "abcdefgh".slice(random.nextU32() % 8),
    level: random.nextU32() % 0x1_0000,
  });
  for (let tick = 0; tick < ticks; tick++) {
    for (let i = random.nextU32() % 8; i > 0; i--) {
      const at = random.nextU32() % 40;
      switch (random.nextU32() % 5) {
        case 0: {
          const id = entities.spawn("cube", cube());
          if (id !== undefined) cubes.push(id);
          break;
        }
        case 1: {
          const id = entities.spawn("sign", sign());
          if (id !== undefined) signs.push(id);
          break;
        }
        case 2:
          for (const ids of [cubes, signs]) {
            if (at < ids.length) entities.despawn(ids.splice(at, 1)[0]!);
          }
          break;
        case 3:
          if (at < signs.length) entities.set(signs[at]!, "sign", sign());
          break;
        default:
          if (at < cubes.length) entities.set(cubes[at]!, "cube", cube());
      }
    }
    states.push(stateOf(entities));
    // Ticks may be left out.
    recorder.record(tick * 2, entities.tables);
  }
  return { states, recorder, bytes: recorder.takeBytes() };
}

function stateOf(
  it: EntityStore<typeof world.schemas> | MatchPlayer<typeof world.schemas>,
): unknown {
  return [
    [...it.ids("cube")].map((id) => [id, it.get(id, "cube")]),
    [...it.ids("sign")].map((id) => [id, it.get(id, "sign")]),
  ];
}

Deno.test("MatchPlayer shows every tick as it was", () => {
  const { states, bytes } = randomMatch(1, 120, { keyEveryTicks: 50 });
  const player = new MatchPlayer(world, bytes);
  assertEquals(
    [player.length, player.firstTick, player.lastTick, player.tick],
    [120, 0, 238, undefined],
  );
  for (let i = 0; i < 120; i++) {
    assert(player.next());
    assertEquals([player.tick, stateOf(player)], [i * 2, states[i]]);
  }
  assert(!player.next());
  assertEquals([player.ending, player.wholeBytes], ["complete", bytes.length]);
});

Deno.test("MatchPlayer jumps to any tick, there and back", () => {
  const { states, bytes } = randomMatch(2, 100, { keyEveryTicks: 16 });
  const player = new MatchPlayer(world, bytes);
  const random = new SeededRandom(2);
  assert(!player.seek(-1));
  for (let i = 0; i < 80; i++) {
    const tick = random.nextU32() % 210;
    assert(player.seek(tick));
    const at = Math.min(99, Math.floor(tick / 2));
    assertEquals([player.tick, stateOf(player)], [at * 2, states[at]]);
    if (random.nextU32() % 3 > 0 || at === 99) continue;
    assert(player.next());
    assertEquals(stateOf(player), states[at + 1]);
  }
});

Deno.test("MatchRecorder hands out a recording piece by piece, the same each time", () => {
  const { bytes } = randomMatch(3, 50);
  assertEquals(randomMatch(3, 50).bytes, bytes);
  const entities = new EntityStore(world);
  const recorder = new MatchRecorder(world);
  const pieces = [recorder.takeBytes()];
  for (let tick = 0; tick < 3; tick++) {
    recorder.record(tick, entities.tables);
    pieces.push(recorder.takeBytes());
  }
  const whole = new Uint8Array(pieces.flatMap((it) => [...it]));
  assertEquals(recorder.byteLength, whole.length);
  assertEquals(new MatchPlayer(world, whole).lastTick, 2);
});

Deno.test("A recording that is cut off anywhere holds up to its last whole record", () => {
  const { states, bytes } = randomMatch(4, 12);
  for (let length = 17; length < bytes.length; length++) {
    const player = new MatchPlayer(world, bytes.subarray(0, length));
    assertEquals(
      player.ending,
      player.wholeBytes === length ? "complete" : "truncated",
    );
    let shown = 0;
    while (player.next()) assertEquals(stateOf(player), states[shown++]);
    assertEquals(shown, player.length);
  }
});

Deno.test("MatchPlayer throws for no bytes of records, and shows nothing wrong", () => {
  const { states, bytes } = randomMatch(5, 20, { keyEveryTicks: 8 });
  const rounds = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 200;
  const seed = 5;
  const random = new SeededRandom(seed);
  let corrupt = 0;
  for (let i = 0; i < rounds; i++) {
    const mutant = bytes.slice();
    for (let k = random.nextU32() % 3; k >= 0; k--) {
      mutant[17 + random.nextU32() % (bytes.length - 17)] = random.nextU32();
    }
    const player = new MatchPlayer(world, mutant);
    while (player.next()) {
      assertEquals(stateOf(player), states[player.tick! / 2], `seed ${seed}`);
    }
    if (player.ending === "corrupt") corrupt++;
    // What was shown last is still shown, and nothing of a wrong record.
    if (player.tick !== undefined) {
      assertEquals(stateOf(player), states[player.tick / 2], `seed ${seed}`);
    }
  }
  assert(corrupt > rounds / 2);
});

Deno.test("MatchPlayer refuses what is no recording of its world", () => {
  const { bytes } = randomMatch(6, 2);
  assertThrows(
    () => new MatchPlayer(world, bytes.subarray(0, 16)),
    SyntaxError,
    "TWRS",
  );
  const other = defineWorld({ cube: world.schemas.cube });
  assertThrows(() => new MatchPlayer(other, bytes), SyntaxError, "same world");
  for (let i = 0; i < 17; i++) {
    const damaged = bytes.slice();
    damaged[i]! ^= 1;
    assertThrows(() => new MatchPlayer(world, damaged), SyntaxError);
  }
});

Deno.test("MatchRecorder stops at its bound, with what it has whole", () => {
  const { states, recorder, bytes } = randomMatch(7, 400, { maxBytes: 4_096 });
  assert(recorder.isFull && bytes.length <= 4_096);
  const player = new MatchPlayer(world, bytes);
  assertEquals(player.ending, "complete");
  let shown = 0;
  while (player.next()) assertEquals(stateOf(player), states[shown++]);
  assert(shown > 5 && shown < 400);
  const entities = new EntityStore(world);
  const fresh = new MatchRecorder(world);
  fresh.record(5, entities.tables);
  assertThrows(() => fresh.record(5, entities.tables), RangeError, "above");
  assertThrows(
    () => new MatchRecorder(world, { keyEveryTicks: 0 }),
    RangeError,
  );
});

Deno.test("MatchRecorder keeps more than 64 KiB, in one record or in many", () => {
  const text = string({ maxBytes: 2_000 });
  const book = defineWorld({
    page: defineEntity({ text }, { maxEntities: 50 }),
  });
  const entities = new EntityStore(book);
  const recorder = new MatchRecorder(book, { keyEveryTicks: 1 });
  for (let i = 0; i < 50; i++) {
    entities.spawn("page", { text: "x".repeat(2_000) });
  }
  for (let tick = 0; tick < 3; tick++) {
    assertEquals(recorder.record(tick, entities.tables), true);
  }
  const player = new MatchPlayer(book, recorder.takeBytes());
  assertEquals([player.length, player.ending], [3, "complete"]);
  assert(player.seek(2));
});

Deno.test("MatchPlayer refuses a type that there is not, as the ends do", () => {
  const { bytes } = randomMatch(8, 3, {});
  const player = new MatchPlayer(world, bytes);
  player.next();
  const none = "none" as "cube";
  assertThrows(() => player.ids(none), RangeError, "cube, sign");
  assertThrows(() => player.get(0 as EntityId, none), RangeError, "cube, sign");
});
