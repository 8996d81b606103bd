import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { EntitySnapshot } from "../state/entity_snapshot.ts";
import { GameStateSnapshot } from "../state/game_state_snapshot.ts";
import { StateInterpolator } from "../state/state_interpolator.ts";
import { LagCompensation } from "./lag_compensation.ts";

function world(tick: number): GameStateSnapshot {
  const entities = [
    new EntitySnapshot({
      id: 1,
      position: { x: tick * tick, y: 0, z: 0 },
      rotation: tick * 2,
    }),
  ];
  if (tick < 6) {
    entities.push(
      new EntitySnapshot({ id: 2, position: { x: -tick, y: 0, z: 0 } }),
    );
  } else if (tick > 7) {
    entities.push(
      new EntitySnapshot({
        id: 2,
        generation: 1,
        position: { x: tick, y: 0, z: 0 },
      }),
    );
  }
  return new GameStateSnapshot(tick, 1_000 + tick * 20, entities);
}

Deno.test("LagCompensation is what a client with the same snapshots draws", () => {
  const lag = new LagCompensation({
    interpolationDelayMs: 50,
    maxRewindMs: 1_000,
  });
  const client = new StateInterpolator();
  for (let tick = 0; tick < 20; tick++) {
    lag.record(world(tick));
    client.pushSnapshot(world(tick));
  }
  for (let rttMs = 0; rttMs < 300; rttMs += 7) {
    assertEquals(
      lag.rewindForClient(19, rttMs),
      client.interpolate(1_380 - 50 - rttMs),
    );
  }
  for (let tick = 0; tick < 19; tick += 0.125) {
    const state = lag.rewindToTick(tick)!;
    assertEquals(state, client.interpolate(1_000 + tick * 20));
    for (const id of [1, 2, 3]) {
      assertEquals(lag.entityAtTick(id, tick), state.entities.get(id));
    }
  }
  assertEquals(lag.clamped, 0);
});

Deno.test("LagCompensation looks back so far and no further", () => {
  const lag = new LagCompensation({
    maxRewindMs: 100,
    interpolationDelayMs: 0,
    capacity: 4,
  });
  assertEquals(lag.rewindForClient(0, 0), undefined);
  for (let tick = 0; tick < 10; tick++) lag.record(world(tick));
  assertEquals(lag.rewindForClient(9, NaN)?.tick, 9);
  assertEquals(lag.rewindForClient(9, -50)?.tick, 9);
  assertEquals(lag.clamped, 0);
  // Four ticks are kept.
  assertEquals(lag.rewindForClient(9, 1e9)?.tick, 6);
  assertEquals(lag.rewindForClient(9, Infinity)?.tick, 6);
  assertEquals(lag.clamped, 2);
  assertEquals(lag.rewindForClient(5, 0), undefined);
  assertEquals([5, 9.5, 10, -1, NaN].map((it) => lag.rewindToTick(it)), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(lag.entityAtTick(1, 5.5), undefined);
  const long = new LagCompensation({ interpolationDelayMs: 0 });
  for (let tick = 0; tick < 60; tick++) long.record(world(tick));
  assertEquals(long.rewindForClient(59, 1e3)?.tick, 46);
  assertAlmostEquals(long.rewindForClient(59, 1e3)!.timestamp, 2_180 - 250);
  assertThrows(
    () => new LagCompensation({ maxRewindMs: -1 }),
    RangeError,
    "maxRewindMs",
  );
  assertThrows(
    () => new LagCompensation({ capacity: 1 }),
    RangeError,
    "capacity",
  );
});
