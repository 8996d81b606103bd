// 64 inputs applied again to 32 entities, each of which the server has moved by itself:
// what a client with a second of round trip does in its worst frame.
import { angle, vec3 } from "../../protocol/mod.ts";
import {
  defineEntity,
  defineWorld,
  type EntityId,
  EntityStore,
  EntityTable,
  type PredictedState,
  Predictor,
} from "../../sync/mod.ts";
import { atMost, type Section } from "../_report.ts";
import { time } from "../_nanoseconds.ts";

const INPUTS = 64;
const ENTITIES = 32;

const world = defineWorld({
  car: defineEntity({
    position: vec3({ min: -256, max: 256, step: 1 / 512 }),
    velocity: vec3({ min: -64, max: 64, step: 1 / 256 }),
    heading: angle({ bits: 12 }),
  }, { maxEntities: ENTITIES }),
});

interface Input {
  readonly throttle: number;
  readonly steer: number;
}

/** Cars with a drag, on a ground, within walls. */
function step(state: PredictedState, input: Input, dt: number): void {
  const { values, capacity } = state;
  const velocity = 3 * capacity;
  const heading = 6 * capacity;
  for (let i = 0; i < capacity; i++) {
    const turn = values[heading + i]! + input.steer * dt;
    values[heading + i] = turn;
    // A parabola for the sine: it need not be one, but the same at both ends.
    const half = turn / Math.PI - 1;
    const ahead = 4 * half * (1 - Math.abs(half));
    values[velocity + i]! += ahead * input.throttle * dt;
    values[velocity + 2 * capacity + i]! += (1 - ahead * ahead) *
      input.throttle * dt;
    values[velocity + capacity + i]! -= 9.8 * dt;
    for (let lane = 0; lane < 3; lane++) {
      const v = velocity + lane * capacity + i;
      const p = lane * capacity + i;
      values[v]! *= 0.995;
      values[p]! += values[v]! * dt;
      if (values[p]! < -250 || values[p]! > 250) {
        values[p] = values[p]! < 0 ? -250 : 250;
        values[v] = -values[v]!;
      }
    }
    if (values[capacity + i]! < 0) {
      values[capacity + i] = 0;
      values[velocity + capacity + i] = 0;
    }
  }
}

/** A predictor that has to go back by all inputs with each call. */
function makeReplay(isRounded: boolean): (count: number) => number {
  const store = new EntityStore(world);
  const ids: EntityId[] = [];
  for (let i = 0; i < ENTITIES; i++) {
    ids.push(
      store.spawn("car", {
        position: { x: i * 4 - 64, y: 0, z: i },
        velocity: { x: i % 5, y: 3, z: -i % 7 },
        heading: i / 6,
      })!,
    );
  }
  // Two states of the server, in turns, neither as predicted.
  const tables = [0, 1].map((other) => {
    for (const [i, id] of ids.entries()) {
      store.set(id, "car", { position: { x: i * 4 - 64 + other, y: 1, z: i } });
    }
    const table = new EntityTable(world.schemas.car);
    table.copyFrom(store.tables[0]!);
    return table;
  });
  const predictor = new Predictor<Input>(world.types[0]!, {
    step,
    tickRate: 60,
    maxEntities: ENTITIES,
    isRounded,
  });
  for (const id of ids) predictor.add(id, 0, tables[0]!);
  const input = (tick: number): Input => ({
    throttle: tick % 9 - 3,
    steer: tick % 5 - 2,
  });
  for (let tick = 1; tick <= INPUTS; tick++) predictor.apply(tick, input(tick));
  let from = 0;
  return (count) => {
    for (let i = 0; i < count; i++) {
      const before = predictor.counts.replayed;
      predictor.reconcile(++from, tables[from & 1]!);
      predictor.apply(from + INPUTS, input(from));
      const replayed = predictor.counts.replayed - before;
      if (replayed !== INPUTS - 1) {
        throw new Error(`Cannot measure ${replayed} inputs`);
      }
    }
    return predictor.state.values[0]!;
  };
}

export async function measureReplay(isSmoke: boolean): Promise<Section> {
  const rounded = makeReplay(true);
  const exact = makeReplay(false);
  const timings = await time(
    [
      { name: "rounded as the server's", run: rounded },
      { name: "not rounded", run: exact },
    ],
    isSmoke,
    3,
  );
  const us = (name: string): number => timings.ns(name) / 1_000;
  const names = ["rounded as the server's", "not rounded"];
  return {
    title: `sync: ${INPUTS} inputs applied again to ${ENTITIES} entities`,
    notes: [
      "Position, velocity and heading, seven lanes; comparing, restoring, 63 steps and the next input, and the offsets of what is drawn.",
    ],
    rows: names.map((name) => ({
      name,
      "µs": us(name),
      "ns an entity and input": us(name) * 1_000 / INPUTS / ENTITIES,
    })),
    bars: [
      atMost("replay, rounded", 1_000, us(names[0]!), "µs"),
      atMost("replay, not rounded", 1_000, us(names[1]!), "µs"),
    ],
  };
}
