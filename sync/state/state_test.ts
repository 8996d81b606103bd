import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { DeltaSnapshot } from "./delta_snapshot.ts";
import {
  EntitySnapshot,
  type EntitySnapshotInit,
  StateFlag,
} from "./entity_snapshot.ts";
import { GameStateSnapshot } from "./game_state_snapshot.ts";
import { StateInterpolator } from "./state_interpolator.ts";

const HERE = { x: 1, y: 2, z: 3 };

function randomEntity(random: SeededRandom, id: number): EntitySnapshot {
  const number = (): number => [0, -0, 1.5, -3e38, 0.1][random.nextU32() % 5]!;
  const vector = () => ({ x: number(), y: number(), z: number() });
  return new EntitySnapshot({
    id,
    generation: random.nextU32() % 2,
    position: vector(),
    velocity: vector(),
    rotation: number(),
    health: number(),
    stateFlags: random.nextU32() % 8,
    custom: new Uint8Array(random.nextU32() % 3).fill(random.nextU32() % 2),
  });
}

function randomSnapshot(random: SeededRandom, tick: number): GameStateSnapshot {
  const entities: EntitySnapshot[] = [];
  for (let id = 0; id < 12; id++) {
    if (random.nextU32() % 3 > 0) entities.push(randomEntity(random, id));
  }
  return new GameStateSnapshot(tick, tick * 10, entities);
}

/** Every number as its bits, so that -0 is not 0. */
function bitsOf(snapshot: GameStateSnapshot): unknown {
  return [...snapshot.entities.values()].sort((a, b) => a.id - b.id).map((
    it,
  ) => [
    it.id,
    it.generation,
    ...[it.position, it.velocity].flatMap(({ x, y, z }) => [x, y, z]).map(sign),
    sign(it.rotation),
    sign(it.health),
    it.stateFlags,
    [...it.custom],
  ]);
}

function sign(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

Deno.test("DeltaSnapshot on its base is the current snapshot, to the bit", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 400; i++) {
    const base = randomSnapshot(random, 1);
    const current = randomSnapshot(random, 2);
    const delta = DeltaSnapshot.build(base, current);
    const applied = delta.apply(base)!;
    assertEquals(bitsOf(applied), bitsOf(current), `seed ${seed}, round ${i}`);
    assertEquals([applied.tick, applied.timestamp], [2, 20]);
    assertEquals(DeltaSnapshot.build(current, current).changeCount, 0);
    assertEquals(DeltaSnapshot.build(applied, current).changeCount, 0);
  }
});

Deno.test("DeltaSnapshot is refused by what it was not built from", () => {
  const one = new EntitySnapshot({ id: 1, position: HERE });
  const base = new GameStateSnapshot(1, 10, [one]);
  const hurt = new GameStateSnapshot(2, 20, [one.with({ health: 1 })]);
  const delta = DeltaSnapshot.build(base, hurt);
  assertEquals(delta.apply(hurt), undefined);
  assertEquals(delta.apply(new GameStateSnapshot(1, 10)), undefined);
  const gone = DeltaSnapshot.build(base, new GameStateSnapshot(2, 20));
  assertEquals(gone.apply(new GameStateSnapshot(1, 10)), undefined);
  const came = DeltaSnapshot.build(new GameStateSnapshot(1, 10), hurt);
  assertEquals(came.apply(base), undefined);
});

Deno.test("DeltaSnapshot lets an id that another entity has now go and come", () => {
  const first = new EntitySnapshot({ id: 1, position: HERE, health: 5 });
  const second = new EntitySnapshot({ id: 1, generation: 1, position: HERE });
  const base = new GameStateSnapshot(1, 10, [first]);
  const current = new GameStateSnapshot(2, 20, [second]);
  const delta = DeltaSnapshot.build(base, current);
  assertEquals([delta.despawned, delta.spawned, delta.changed], [
    [1],
    [second],
    [],
  ]);
  assertEquals(delta.apply(base)?.entities.get(1), second);
});

Deno.test("EntitySnapshot keeps what will be sent, and refuses what cannot be", () => {
  const custom = new Uint8Array([1, 2]);
  const entity = new EntitySnapshot({
    id: 1,
    position: { x: 0.1, y: 0, z: 0 },
    custom,
  });
  custom[0] = 9;
  assertEquals([...entity.custom], [1, 2]);
  assertStrictEquals(entity.position.x, Math.fround(0.1));
  assertEquals(entity.stateFlags, StateFlag.Alive);
  const wrong: Partial<EntitySnapshotInit>[] = [
    { id: -1 },
    { id: 2 ** 32 },
    { generation: 65_536 },
    { position: { x: NaN, y: 0, z: 0 } },
    { velocity: { x: 1e39, y: 0, z: 0 } },
    { rotation: Infinity },
    { health: NaN },
    { stateFlags: 1.5 },
    { custom: new Uint8Array(1_025) },
  ];
  for (const changes of wrong) {
    assertThrows(
      () => entity.with(changes),
      RangeError,
      Object.keys(changes)[0]!,
    );
  }
});

Deno.test("GameStateSnapshot refuses the same id twice, and numbers that are none", () => {
  const one = new EntitySnapshot({ id: 1, position: HERE });
  assertThrows(
    () => new GameStateSnapshot(0, 0, [one, one]),
    RangeError,
    "1 twice",
  );
  assertThrows(() => new GameStateSnapshot(0.5, 0), RangeError, "tick");
  assertThrows(() => new GameStateSnapshot(0, NaN), RangeError, "timestamp");
});

Deno.test("StateInterpolator turns the short way round", () => {
  const interpolator = new StateInterpolator();
  const one = new EntitySnapshot({ id: 1, position: HERE, rotation: 3 });
  interpolator.pushSnapshot(new GameStateSnapshot(1, 0, [one]));
  interpolator.pushSnapshot(
    new GameStateSnapshot(2, 100, [one.with({ rotation: -3 })]),
  );
  const turned = interpolator.interpolate(50)!.entities.get(1)!.rotation;
  assert(Math.abs(turned - Math.PI) < 1e-6, `${turned}`);
});

Deno.test("StateInterpolator shows an entity that is not in both as it was before", () => {
  const interpolator = new StateInterpolator();
  const one = new EntitySnapshot({ id: 1, position: HERE });
  const other = new EntitySnapshot({
    id: 1,
    generation: 1,
    position: { x: 9, y: 9, z: 9 },
  });
  const two = new EntitySnapshot({ id: 2, position: HERE });
  interpolator.pushSnapshot(new GameStateSnapshot(1, 0, [one]));
  interpolator.pushSnapshot(new GameStateSnapshot(2, 100, [other, two]));
  assertEquals([...interpolator.interpolate(50)!.entities.values()], [one]);
});

Deno.test("StateInterpolator moves entities on for a while, and does not overflow", () => {
  const interpolator = new StateInterpolator({ maxExtrapolationMs: 500 });
  assertEquals(interpolator.interpolate(0), undefined);
  const one = new EntitySnapshot({
    id: 1,
    position: HERE,
    velocity: { x: 2, y: 0, z: 0 },
  });
  const fast = one.with({
    id: 2,
    velocity: { x: 3e38, y: 0, z: 0 },
    position: { x: 3e38, y: 0, z: 0 },
  });
  interpolator.pushSnapshot(new GameStateSnapshot(1, 1_000, [one, fast]));
  const at = (ms: number): number =>
    interpolator.interpolate(ms)!.entities.get(1)!.position.x;
  assertEquals([at(500), at(1_000), at(1_250), at(1_500), at(9_000)], [
    1,
    1,
    1.5,
    2,
    2,
  ]);
  assertEquals(interpolator.interpolate(1_500)!.entities.get(2), fast);
  assertThrows(
    () => new StateInterpolator({ maxExtrapolationMs: -1 }),
    RangeError,
  );
});
