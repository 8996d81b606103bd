// Cubes between and beyond the snapshots of 20 Hz, beside where the recording of 60 Hz has them.
import { vec3 } from "../../protocol/mod.ts";
import {
  defineEntity,
  EntityTable,
  extrapolate,
  Frame,
  type FrameLayout,
  frameLayout,
  interpolate,
  interpolateCurve,
} from "../../sync/mod.ts";
import { fieldColumnsOf } from "../../sync/schema/define_entity.ts";
import { atMost, type Row, type Section } from "../_report.ts";
import { Col, loadRecording, type Recording } from "../sync/_recording.ts";

const HZ = 60;
/** Every so manyth snapshot of the recording is known: 20 Hz. */
const STEP = 3;
/** The recording begins with the same state six times. */
const FIRST = 6;
const MM = 1_000;
const UNIT = 1 / 512;
const ORIGIN = 16_384;
const SMOKE_SNAPSHOTS = 120;
const BAR_MM = 18;
const AHEAD_MS = [50, 100, 250];

const CUBES = 901;
const position = vec3(
  { min: -ORIGIN * UNIT, max: (ORIGIN - 1) * UNIT, step: UNIT },
  { min: -ORIGIN * UNIT, max: (ORIGIN - 1) * UNIT, step: UNIT },
  { min: 0, max: 8_191 * UNIT, step: UNIT },
);
const velocity = vec3({ min: -64, max: 64, step: 1 / 16 });
const cube = defineEntity({ position, velocity }, { maxEntities: CUBES });
const BY_PLACES = frameLayout(cube, { tickRate: HZ });
const BY_VELOCITY = frameLayout(cube, {
  tickRate: HZ,
  velocities: { position: "velocity" },
});

/** The frames of the recording, made once. */
class Recorded {
  readonly #recording: Recording;
  readonly #end: number;
  readonly #frames = new Map<FrameLayout, Frame[]>();

  constructor(recording: Recording, end: number) {
    this.#recording = recording;
    this.#end = end;
  }

  get end(): number {
    return this.#end;
  }

  /** The frame of each tick. */
  frames(layout: FrameLayout): readonly Frame[] {
    let frames = this.#frames.get(layout);
    if (frames !== undefined) return frames;
    frames = this.#recording.tables.slice(0, this.#end).map((_, tick) => {
      const frame = new Frame(layout);
      frame.fill(this.#tableAt(tick));
      frame.tick = tick;
      return frame;
    });
    this.#frames.set(layout, frames);
    return frames;
  }

  /** A cube's velocity is its way in the last tick, as a simulation knows it. */
  #tableAt(tick: number): EntityTable {
    const { tables } = this.#recording;
    const now = tables[tick]!.values;
    const before = tables[Math.max(0, tick - 1)]!.values;
    const table = new EntityTable(cube);
    const speed = fieldColumnsOf(cube).get("velocity")!;
    for (let slot = 0; slot < CUBES; slot++) {
      table.place(slot, 0);
      const way = [Col.x, Col.y, Col.z].map((column, i) => {
        const at = column * CUBES + slot;
        table.values[i * CUBES + slot] = now[at]!;
        return (now[at]! - before[at]!) * UNIT * HZ;
      }) as [number, number, number];
      speed.write(
        { x: way[0], y: way[1], z: way[2] },
        table.values,
        speed.first * CUBES + slot,
        CUBES,
      );
    }
    return table;
  }
}

async function load(isSmoke: boolean): Promise<Recorded> {
  const recording = await loadRecording();
  const end = isSmoke ? SMOKE_SNAPSHOTS : recording.tables.length;
  return new Recorded(recording, end);
}

type Draw = (
  frames: readonly Frame[],
  at: number,
  tick: number,
  out: Frame,
) => void;

/** Measures lines and curves between known snapshots. */
export async function measurePaths(isSmoke: boolean): Promise<Section> {
  const source = await load(isSmoke);
  const curve = (isLaterKnown: boolean): Draw => (frames, at, tick, out) =>
    interpolateCurve(
      frames[at - STEP],
      frames[at]!,
      frames[at + STEP]!,
      isLaterKnown ? frames[at + 2 * STEP] : undefined,
      (tick - at) / STEP,
      out,
    );
  const ways: [string, string, FrameLayout, Draw][] = [
    [
      "line",
      "yes",
      BY_PLACES,
      (frames, at, tick, out) =>
        interpolate(
          frames[at]!,
          frames[at + STEP]!,
          (tick - at) / STEP,
          out,
        ),
    ],
    ["curve, three snapshots", "yes", BY_PLACES, curve(false)],
    ["curve, four snapshots", "no", BY_PLACES, curve(true)],
    ["curve, velocities of 1/16 m/s", "yes", BY_VELOCITY, curve(false)],
  ];
  const rows: Row[] = [];
  let best = Infinity;
  for (const [name, isCausal, layout, draw] of ways) {
    const errors = errorsBetween(source, layout, draw);
    rows.push({
      name,
      "known in time": isCausal,
      "mm p50": at(errors, 0.5),
      "mm p95": at(errors, 0.95),
      "mm p99": at(errors, 0.99),
      "mm mean": mean(errors),
      samples: errors.length,
    });
    if (layout === BY_VELOCITY) best = at(errors, 0.95);
  }
  return {
    title: "Cubes between snapshots of 20 Hz, beside the recording of 60 Hz",
    notes: [
      "Distances of cubes that have moved from one known snapshot to the next; those at rest are left out.",
      "Known in time: a client that draws 1.7 send intervals late has the snapshot after the next only now and then.",
    ],
    rows,
    bars: [atMost("curve with velocities, p95", BAR_MM, best, "mm")],
  };
}

/** Measures dead reckoning beyond the last known snapshot. */
export async function measureGuesses(isSmoke: boolean): Promise<Section> {
  const source = await load(isSmoke);
  const rows: Row[] = [];
  for (
    const [name, layout] of [
      ["from the last two snapshots", BY_PLACES],
      ["by velocities of 1/16 m/s", BY_VELOCITY],
      ["standing", undefined],
    ] as const
  ) {
    for (const ms of AHEAD_MS) {
      const errors = errorsBeyond(source, layout, ms * HZ / 1_000);
      rows.push({
        name: `${name}, ${ms} ms on`,
        "mm mean": mean(errors),
        "mm p95": at(errors, 0.95),
        "mm max": at(errors, 1),
      });
    }
  }
  return {
    title: "Cubes beyond the last snapshot of 20 Hz",
    notes: ["Distances of cubes that have moved in the meantime, or before."],
    rows,
    bars: [],
  };
}

function errorsBetween(
  source: Recorded,
  layout: FrameLayout,
  draw: Draw,
): Float64Array {
  const frames = source.frames(layout);
  const out = new Frame(layout);
  const errors: number[] = [];
  for (let k = FIRST; k + 2 * STEP < source.end; k += STEP) {
    const moved = movedBetween(frames[k]!, frames[k + STEP]!);
    for (let tick = k + 1; tick < k + STEP; tick++) {
      draw(frames, k, tick, out);
      for (const slot of moved) errors.push(distance(out, frames[tick]!, slot));
    }
  }
  return Float64Array.from(errors).sort();
}

function errorsBeyond(
  source: Recorded,
  layout: FrameLayout | undefined,
  ticks: number,
): Float64Array {
  const frames = source.frames(layout ?? BY_PLACES);
  const out = new Frame(layout ?? BY_PLACES);
  const errors: number[] = [];
  for (let k = FIRST; k + ticks < source.end; k += STEP) {
    const last = frames[k]!;
    const earlier = layout === undefined ? last : frames[k - STEP]!;
    const truth = frames[k + ticks]!;
    extrapolate(earlier, last, ticks, out);
    const moved = new Set([
      ...movedBetween(frames[k - STEP]!, last),
      ...movedBetween(last, truth),
    ]);
    for (const slot of moved) errors.push(distance(out, truth, slot));
  }
  return Float64Array.from(errors).sort();
}

function movedBetween(a: Frame, b: Frame): number[] {
  const moved: number[] = [];
  for (let slot = 0; slot < CUBES; slot++) {
    if (distance(a, b, slot) > 0) moved.push(slot);
  }
  return moved;
}

/** In millimetres. */
function distance(a: Frame, b: Frame, slot: number): number {
  let square = 0;
  for (let lane = 0; lane < 3; lane++) {
    const at = lane * CUBES + slot;
    square += (a.values[at]! - b.values[at]!) ** 2;
  }
  return Math.sqrt(square) * MM;
}

function at(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, it) => sum + it, 0) / values.length;
}
