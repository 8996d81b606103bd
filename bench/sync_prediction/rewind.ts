// 1,000 entities, all moving at up to 20 m/s, at 60 ticks a second with a snapshot in
// three, rewound to what a player saw, and hit by rays.
import { SeededRandom } from "../../core/mod.ts";
import { vec3 } from "../../protocol/mod.ts";
import {
  defineEntity,
  defineWorld,
  EntitySnapshot,
  EntityTable,
  GameStateSnapshot,
  type HitShape,
  LagCompensation,
  Rewind,
  viewBlend,
  viewStamp,
} from "../../sync/mod.ts";
import { atMost, type Row, type Section } from "../_report.ts";
import { time } from "../_nanoseconds.ts";

const ENTITIES = 1_000;
const TICKS = 64;
const STEP = 1 / 512;
const SIZE = 200;

const world = defineWorld({
  player: defineEntity({
    position: vec3({ min: -256, max: 256, step: STEP }),
  }, { maxEntities: ENTITIES }),
});

/** The tables of all ticks; and the same as objects. */
function makeTicks() {
  const random = new SeededRandom(9);
  const at = (size: number): number => (random.nextFloat() * 2 - 1) * size;
  const places = Array.from({ length: ENTITIES }, () => ({
    position: { x: at(SIZE), y: at(10), z: at(SIZE) },
    velocity: { x: at(20), y: at(2), z: at(20) },
  }));
  const lag = new LagCompensation({ capacity: TICKS, maxRewindMs: 1_000 });
  const tables: EntityTable[][] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    const table = new EntityTable(world.schemas.player);
    const entities: EntitySnapshot[] = [];
    for (const [i, { position, velocity }] of places.entries()) {
      table.place(i, 0);
      for (const [lane, axis] of (["x", "y", "z"] as const).entries()) {
        position[axis] += velocity[axis] / 60;
        table.values[lane * ENTITIES + i] = Math.round(
          (position[axis] + 256) / STEP,
        );
      }
      entities.push(new EntitySnapshot({ id: i, position }));
    }
    tables.push([table]);
    lag.record(new GameStateSnapshot(tick, tick * 1_000 / 60, entities));
  }
  return { tables, lag };
}

const SHAPES: readonly (readonly [string, HitShape])[] = [
  ["ray against spheres", { type: "sphere", radius: 0.5 }],
  ["ray against boxes", { type: "box", half: { x: 0.4, y: 0.9, z: 0.4 } }],
  [
    "ray against turned boxes",
    { type: "orientedBox", half: { x: 0.4, y: 0.9, z: 0.4 } },
  ],
  [
    "ray against capsules",
    {
      type: "capsule",
      from: { x: 0, y: -0.5, z: 0 },
      to: { x: 0, y: 0.5, z: 0 },
      radius: 0.4,
    },
  ],
];

export async function measureRewind(isSmoke: boolean): Promise<Section> {
  const { tables, lag } = makeTicks();
  const source = {
    has: (tick: number): boolean => tick in tables,
    tablesAt: (tick: number) => tables[tick]!,
  };
  const rewind = new Rewind(source, world.types[0]!);
  const views = Array.from({ length: 57 }, (_, i) => {
    const from = 3 * (i % 19);
    return viewStamp(from, from + 3, from + 0.1 + i / 20);
  });
  const rays = views.map((_, i) => ({
    origin: { x: 0, y: 0, z: 0 },
    direction: {
      x: Math.cos(i),
      y: Math.sin(i * 7) / 50,
      z: Math.sin(i),
    },
  }));
  let turn = 0;
  const all = "rewind 1,000 positions";
  const objects = "the same as objects (LagCompensation)";
  const one = "rewind one of them";
  const where = { x: 0, y: 0, z: 0 };
  const timings = await time(
    [
      {
        name: all,
        run(count) {
          let sum = 0;
          for (let i = 0; i < count; i++) {
            rewind.to(views[turn++ % views.length]!);
            sum += rewind.positions[turn % ENTITIES]!;
          }
          return sum;
        },
      },
      {
        name: one,
        run(count) {
          let sum = 0;
          for (let i = 0; i < count; i++) {
            rewind.to(views[turn++ % views.length]!);
            rewind.position((turn % ENTITIES) as never, where);
            sum += where.x;
          }
          return sum;
        },
      },
      ...SHAPES.map(([name, shape]) => ({
        name,
        run(count: number) {
          let sum = 0;
          for (let i = 0; i < count; i++) {
            const at = turn++ % views.length;
            rewind.to(views[at]!);
            sum += rewind.raycast(rays[at]!, shape)?.distance ?? 0;
          }
          return sum;
        },
      })),
    ],
    isSmoke,
    20,
  );
  const slow = await time(
    [{
      name: objects,
      run(count) {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          sum += lag.rewindToTick(turn++ % 60 + 0.3)!.entities.size;
        }
        return sum;
      },
    }],
    isSmoke,
    1,
  );
  const row = (name: string, from = timings): Row => ({
    name,
    "µs": from.ns(name) / 1_000,
    "µs, lowest tenth": from.quietNs(name) / 1_000,
  });
  const off = worstOff(rewind, tables);
  return {
    title: "sync: rewinding 1,000 moving entities to a fraction of a tick",
    notes: [
      "Each call goes to another moment; rays include the rewind, and find the nearest hit of all.",
      `What is hit is ${
        off.toFixed(3)
      } quanta from what was drawn, at most, if the client draws at the unrounded moment; 0 if it draws at the stamp's.`,
    ],
    rows: [
      row(all),
      row(one),
      ...SHAPES.map(([name]) => row(name)),
      row(objects, slow),
    ],
    bars: [
      atMost(all, 10, timings.ns(all) / 1_000, "µs"),
      atMost("off what the shooter saw", 1, off, "quanta"),
    ],
  };
}

/** How far entities are from what is drawn at an unrounded moment, in quanta. */
function worstOff(
  rewind: Rewind,
  tables: readonly (readonly EntityTable[])[],
): number {
  const random = new SeededRandom(3);
  let worst = 0;
  for (let i = 0; i < 200; i++) {
    const from = random.nextU32() % 60;
    const moment = from + random.nextFloat() * 3;
    const view = viewStamp(from, from + 3, moment);
    rewind.to(view);
    const exact = (moment - from) / 3;
    if (viewBlend(view) === 1) continue;
    const a = tables[from]![0]!.values;
    const b = tables[from + 3]![0]!.values;
    for (let at = 0; at < a.length; at++) {
      const drawn = a[at]! + (b[at]! - a[at]!) * exact;
      const hit = (rewind.positions[at]! + 256) / STEP;
      worst = Math.max(worst, Math.abs(drawn - hit));
    }
  }
  return worst;
}
