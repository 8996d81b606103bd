import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { PlayerInput } from "../input/player_input.ts";
import { EntitySnapshot } from "../state/entity_snapshot.ts";
import { ClientPrediction } from "./client_prediction.ts";

const ORIGIN = { x: 0, y: 0, z: 0 };

function step(
  entity: EntitySnapshot,
  { move, facing }: PlayerInput,
  dt: number,
): EntitySnapshot {
  const { x, y, z } = entity.position;
  const velocity = { x: move.x * 4, y: 0, z: move.y * 4 };
  return entity.with({
    position: { x: x + velocity.x * dt, y, z: z + velocity.z * dt },
    velocity,
    rotation: facing,
  });
}

Deno.test("ClientPrediction ends where the server is, and is corrected only if they differ", () => {
  const seed = 91;
  const random = new SeededRandom(seed);
  const me = new EntitySnapshot({ id: 1, position: ORIGIN });
  const prediction = new ClientPrediction<PlayerInput>(me, {
    step,
    tickRate: 60,
  });
  let server = me;
  const way: { tick: number; entity: EntitySnapshot }[] = [];
  let pushes = 0;
  let seen = 0;
  for (let tick = 1; tick <= 2_000; tick++) {
    const part = (): number => random.nextU32() % 3 - 1;
    const input = new PlayerInput({
      tick,
      move: { x: part(), y: part() },
      facing: part(),
    });
    const after = prediction.applyInput(input);
    server = step(server, input, 1 / 60);
    if (tick < 1_900 && random.nextU32() % 50 === 0) {
      server = server.with({
        position: { ...server.position, y: random.nextFloat() },
      });
      pushes++;
    } else if (prediction.counts.mispredicted === seen && pushes === seen) {
      assertEquals(after, server);
    }
    if (random.nextU32() % 3 > 0) way.push({ tick, entity: server });
    if (way.length > 8) {
      const { tick, entity } = way.shift()!;
      if (prediction.reconcile(entity, tick)) seen++;
    }
    prediction.tickCorrection(1 / 60);
  }
  for (const { tick, entity } of way) prediction.reconcile(entity, tick);
  assertEquals(prediction.entity, server, `seed ${seed}`);
  const { compared, mispredicted, replayed } = prediction.counts;
  // Two pushes may come in one state.
  assert(mispredicted <= pushes && mispredicted > pushes / 2);
  assert(compared > 1_000 && replayed < mispredicted * 16);
});

Deno.test("ClientPrediction comes smoothly, and turns the short way round", () => {
  const me = new EntitySnapshot({ id: 1, position: ORIGIN });
  const prediction = new ClientPrediction<PlayerInput>(me, {
    step,
    tickRate: 60,
    correctionMs: 50,
  });
  prediction.applyInput(new PlayerInput({ tick: 1, facing: 3 }));
  const server = me.with({ position: { x: 0, y: 2, z: 0 }, rotation: -3 });
  assert(prediction.reconcile(server, 1));
  assertAlmostEquals(prediction.shown.position.y, 0, 1e-6);
  prediction.tickCorrection(0.05);
  assertAlmostEquals(prediction.shown.position.y, 2 - 2 / Math.E, 1e-6);
  const left = (2 * Math.PI - 6) / Math.E;
  assertAlmostEquals(prediction.shown.rotation, -3 - left, 1e-6);
  assert(prediction.isCorrecting);
  for (let i = 0; i < 20; i++) prediction.tickCorrection(0.05);
  assertEquals([prediction.isCorrecting, prediction.shown], [false, server]);
});

Deno.test("ClientPrediction takes over what it does not move, and ignores what is old", () => {
  const me = new EntitySnapshot({ id: 1, position: ORIGIN });
  const prediction = new ClientPrediction<PlayerInput>(me, {
    step,
    tickRate: 60,
    tolerance: 0.1,
  });
  const inputs = [1, 2, 3].map((tick) =>
    new PlayerInput({ tick, move: { x: 1, y: 0 } })
  );
  const [first, second] = inputs.map((it) => prediction.applyInput(it));
  assertEquals(prediction.applyInput(inputs[1]!), prediction.entity);
  const near = first!.with({ position: { x: 0.1, y: 0, z: 0 } });
  assertEquals(prediction.reconcile(near, 1), false);
  assertEquals(prediction.reconcile(second!.with({ health: 5 }), 2), true);
  assertEquals([prediction.entity.health, prediction.isCorrecting], [5, false]);
  assertEquals(prediction.reconcile(me, 2), false);
  assertEquals(prediction.reconcile(me, 1), false);
  // Another entity, and one too far away, are drawn where they are.
  const other = new EntitySnapshot({ id: 1, generation: 1, position: ORIGIN });
  assertEquals(prediction.reconcile(other, 3), true);
  assertEquals([prediction.shown, prediction.counts.snapped], [other, 1]);
  prediction.reconcile(other.with({ position: { x: 6, y: 0, z: 0 } }), 9);
  assertEquals([prediction.shown.position.x, prediction.counts.snapped], [
    6,
    2,
  ]);
  // What the server has simulated already is not applied.
  assertEquals(
    prediction.applyInput(new PlayerInput({ tick: 9 })),
    prediction.entity,
  );
});

Deno.test("ClientPrediction refuses what is out of range", () => {
  const me = new EntitySnapshot({ id: 1, position: ORIGIN });
  for (
    const options of [
      { tickRate: 0 },
      { tolerance: -1 },
      { correctionMs: 0 },
      { snapDistance: NaN },
    ]
  ) {
    assertThrows(
      () => new ClientPrediction(me, { step, tickRate: 60, ...options }),
      RangeError,
      Object.keys(options)[0]!,
    );
  }
  const prediction = new ClientPrediction(me, { step, tickRate: 60 });
  for (const dt of [-1, NaN]) {
    assertThrows(() => prediction.tickCorrection(dt), RangeError, "dt");
  }
});
