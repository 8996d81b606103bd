// This module is browser compatible.
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type {
  AnalyticsStore,
  CountQuery,
  CountRow,
  SketchQuery,
  SketchRow,
} from "../store/store.ts";
import { MAX_COUNT_ROWS, MAX_ROWS, MAX_SKETCH_ROWS } from "./_bounds.ts";
import type { Pace } from "./_pace.ts";
import { DAY_MS } from "./_range.ts";

/** What is asked of sums at once. */
const COUNT_SLICE_MS = 32 * DAY_MS;
/** What is asked of sketches at once, which cost more to add up. */
const SKETCH_SLICE_MS = DAY_MS;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** How many sums are added up before others may have their turn. */
const COUNTS_AT_ONCE = 2_000;
/** How many sketches are. */
export const SKETCHES_AT_ONCE = 200;

/** Rows, and whether they are all. */
export interface Sums<T> {
  readonly rows: T[];
  readonly isComplete: boolean;
}

/** Adds up sums, a slice of the time at a time, so that the store never holds the event loop for long. */
export async function sumCounts(
  store: AnalyticsStore,
  query: CountQuery,
  pace: Pace,
): Promise<Sums<CountRow>> {
  const sums = new Map<string, Mutable<CountRow>>();
  let isComplete = true;
  for (const slice of slicesOf(query, COUNT_SLICE_MS)) {
    const rows = await store.counts(slice);
    await pace.breathe();
    if (rows.length >= MAX_COUNT_ROWS) isComplete = false;
    for (const [i, row] of rows.entries()) {
      if (i % COUNTS_AT_ONCE === COUNTS_AT_ONCE - 1) await pace.breathe();
      const startMs = spanStart(query, row.startMs);
      const key = keyOf(startMs, row);
      const sum = sums.get(key);
      if (sum !== undefined) sum.count += row.count;
      else if (sums.size < MAX_ROWS) sums.set(key, { ...row, startMs });
      else isComplete = false;
    }
  }
  return { rows: [...sums.values()], isComplete };
}

/** Merged sketches of one time span, build and platform. */
export interface SketchSum extends Omit<SketchRow, "sketch"> {
  readonly sketch: QuantileSketch;
}

/** Merges sketches, in the same way. */
export async function mergeSketches(
  store: AnalyticsStore,
  query: SketchQuery,
  pace: Pace,
): Promise<Sums<SketchSum>> {
  const sums = new Map<string, SketchSum>();
  let isComplete = true;
  for (const slice of slicesOf(query, SKETCH_SLICE_MS)) {
    const rows = await store.sketches(slice);
    await pace.breathe();
    if (rows.length >= MAX_SKETCH_ROWS) isComplete = false;
    for (const [i, row] of rows.entries()) {
      if (i % SKETCHES_AT_ONCE === SKETCHES_AT_ONCE - 1) await pace.breathe();
      const sketch = QuantileSketch.fromJson(row.sketch);
      if (sketch === undefined) continue;
      const startMs = spanStart(query, row.startMs);
      const { build, platform } = row;
      const key = [startMs, build, platform].join("\0");
      const sum = sums.get(key);
      if (sum !== undefined) sum.sketch.merge(sketch);
      else if (sums.size >= MAX_SKETCH_ROWS) isComplete = false;
      else sums.set(key, { startMs, build, platform, sketch });
    }
  }
  return { rows: [...sums.values()], isComplete };
}

/** What tells sums apart: none of the texts has a line break. */
function keyOf(startMs: number, row: CountRow): string {
  return `${startMs}\n${row.key1}\n${row.key2}\n${row.build}\n${row.platform}`;
}

/** The beginning of a row's time span by UTC, which may be before the range. */
function spanStart(
  { fromMs, stepMs }: CountQuery | SketchQuery,
  startMs: number,
): number {
  return stepMs === 0 ? fromMs : Math.floor(startMs / stepMs) * stepMs;
}

/**
 * Cuts a query into several that come to the same, none of which begins within a time span and goes beyond it: a store
 * counts time spans from the beginning of the range on.
 */
function* slicesOf<T extends CountQuery | SketchQuery>(
  query: T,
  sliceMs: number,
): Generator<T> {
  const { fromMs, toMs, stepMs } = query;
  let at = fromMs;
  while (at < toMs) {
    const isWithin = stepMs !== 0 && at % stepMs !== 0;
    const end = isWithin ? Math.ceil(at / stepMs) * stepMs : at + sliceMs;
    yield { ...query, fromMs: at, toMs: Math.min(toMs, end) };
    at = end;
  }
}
