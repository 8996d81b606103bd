// A frame of 901 entities that all move and turn. The contenders take turns; memory is counted apart.
import { SnapshotInterpolation } from "@geckos.io/snapshot-interpolation";
import { type Quat, SeededRandom, type Vec3 } from "../../core/mod.ts";
import { bits, quat, vec3 } from "../../protocol/mod.ts";
import {
  defineEntity,
  EntityTable,
  extrapolate,
  Frame,
  frameLayout,
  interpolate,
  interpolateCurve,
  SnapshotPlayer,
} from "../../sync/mod.ts";
import { fieldColumnsOf } from "../../sync/schema/define_entity.ts";
import {
  atLeast,
  atMost,
  type Contender,
  median,
  quantile,
  type Row,
  type Section,
  takeTurns,
} from "../_report.ts";
import { countMemory } from "./_memory.ts";

const COUNT = 901;
/** Ticks from a snapshot to the next: 20 Hz of 60. */
const GAP = 3;
/** Calls before any is measured, so that the engine has done what it does. */
const WARM_UP = 5_000;
const LINE = "interpolate, corrected nlerp";
const GECKOS = "geckos.io interpolate";

const cube = defineEntity({
  position: vec3({ min: -32, max: 32, step: 1 / 512 }),
  rotation: quat({ bits: 9 }),
  jumps: bits(2),
}, { maxEntities: COUNT });
const layout = frameLayout(cube, { teleport: "jumps" });
type Four<T> = readonly [T, T, T, T];

/** Measures what a frame costs. */
export async function measureCost(isSmoke: boolean): Promise<Section> {
  const tables = movingTables();
  const frames = tables.map((table, i) => {
    const frame = new Frame(layout);
    frame.fill(table);
    frame.tick = i * GAP;
    return frame;
  }) as unknown as Four<Frame>;
  const out = new Frame(layout);
  const [first, before, after, last] = frames;
  const player = new SnapshotPlayer(layout, { path: "curve" });
  tables.forEach((table, i) => player.push(i * GAP, table));
  const ours: Record<string, (blend: number) => void> = {
    [LINE]: (blend) => interpolate(before, after, blend, out),
    "interpolate, exact slerp": (blend) =>
      interpolate(before, after, blend, out, "exact"),
    "interpolateCurve": (blend) =>
      interpolateCurve(first, before, after, last, blend, out),
    "extrapolate": (blend) => extrapolate(before, after, blend * GAP, out),
    "SnapshotPlayer on a curve": (blend) =>
      void player.update(GAP + blend * GAP, 1 / 60),
    "Frame.fill, all places": () => out.fill(tables[1]),
  };
  const [a, b] = [tables[1], tables[2]].map(geckosSnapshot);
  const geckos = new SnapshotInterpolation(20);
  const parameters = "x y z q(quat)";
  const contenders: Contender[] = Object.entries(ours).map(([name, run]) => ({
    name,
    run: (count) => repeat(run, count),
  }));
  contenders.push({
    name: GECKOS,
    run: (count) =>
      repeat((blend) => geckos.interpolate(a!, b!, blend, parameters), count),
  });
  for (const run of Object.values(ours)) repeat(run, isSmoke ? 10 : WARM_UP);
  const samples = await takeTurns(contenders, {
    count: isSmoke ? 5 : 20,
    repetitions: isSmoke ? 3 : 31,
    warmUps: isSmoke ? 1 : 5,
  });
  const us = (name: string): number[] =>
    samples.get(name)!.map((sample) => sample.us);
  const memory = new Map(
    contenders.map(({ name, run }) => [
      name,
      countMemory(run, isSmoke || name === GECKOS),
    ]),
  );
  const rows: Row[] = contenders.map(({ name }) => ({
    name,
    "µs": median(us(name)),
    "µs p90": quantile(us(name), 0.9),
    "typed arrays": memory.get(name)!.typedArrays,
    "heap bytes": memory.get(name)!.heapBytes,
  }));
  return {
    title: `A frame of ${COUNT} entities, all moving`,
    notes: [
      "Position and rotation; medians of one call. Heap bytes are those of a call, the float that is passed to it included.",
    ],
    rows,
    bars: [
      atMost("interpolation of a frame", 20, median(us(LINE)), "µs"),
      atMost(
        "typed arrays made by interpolating 1,000 frames",
        0,
        memory.get(LINE)!.typedArrays,
        "arrays",
      ),
      atMost(
        "heap of a frame, beyond a float that is passed",
        32,
        memory.get(LINE)!.heapBytes,
        "bytes",
      ),
      atLeast(
        "geckos.io's time to ours",
        50,
        median(us(GECKOS)) / median(us(LINE)),
        "×",
      ),
    ],
  };
}

function repeat(run: (blend: number) => void, count: number): void {
  for (let i = 0; i < count; i++) run((i % 62 + 1) / 64);
}

/** Four snapshots in which every entity has another place and rotation than before. */
function movingTables(): Four<EntityTable> {
  const random = new SeededRandom(1);
  const one = (): number => random.nextFloat() * 2 - 1;
  const columns = fieldColumnsOf(cube);
  const position = columns.get("position")!;
  const rotation = columns.get("rotation")!;
  const tables = [0, 1, 2, 3].map(() => new EntityTable(cube));
  for (let slot = 0; slot < COUNT; slot++) {
    const at = [one() * 30, one() * 30, one() * 30] as const;
    const speed = [one(), one(), one()] as const;
    const turn = [one(), one(), one(), one()] as const;
    const spin = [one(), one(), one(), one()] as const;
    tables.forEach((table, t) => {
      table.place(slot, 0);
      position.write(
        {
          x: at[0] + speed[0] * t / 2,
          y: at[1] + speed[1] * t / 2,
          z: at[2] + speed[2] * t / 2,
        },
        table.values,
        position.first * COUNT + slot,
        COUNT,
      );
      rotation.write(
        {
          x: turn[0] + spin[0] * t / 5,
          y: turn[1] + spin[1] * t / 5,
          z: turn[2] + spin[2] * t / 5,
          w: turn[3] + spin[3] * t / 5,
        },
        table.values,
        rotation.first * COUNT + slot,
        COUNT,
      );
    });
  }
  return tables as unknown as Four<EntityTable>;
}

function geckosSnapshot(
  table: EntityTable,
): ReturnType<SnapshotInterpolation["snapshot"]["create"]> {
  const columns = fieldColumnsOf(cube);
  const read = (name: string, slot: number): unknown => {
    const field = columns.get(name)!;
    return field.read(table.values, field.first * COUNT + slot, COUNT);
  };
  const state = Array.from({ length: COUNT }, (_, slot) => ({
    // Its type wants texts, but numbers make it four times as fast.
    id: slot as unknown as string,
    ...read("position", slot) as Vec3,
    q: read("rotation", slot) as Quat,
  }));
  return new SnapshotInterpolation(20).snapshot.create(state);
}
