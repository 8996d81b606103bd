// This module is browser compatible.
import type { AnalyticsStore, RangeQuery } from "../store/store.ts";
import { compareTexts } from "./_compare_texts.ts";
import { Pace } from "./_pace.ts";
import { scopeOf, stepMsOf, wholeHours } from "./_range.ts";
import { mergeSketches, SKETCHES_AT_ONCE, sumCounts } from "./_sums.ts";
import type { AnalyticsStep } from "./events_over_time.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** What is measured. The range is widened to whole hours. */
export interface SketchPercentilesQuery extends RangeQuery {
  /** What is measured: the times of frames in milliseconds, or memory in bytes. */
  readonly metric: "frameTime" | "memoryUsage";
  /** What rows are told apart by: nothing, one of these or both. */
  readonly by: readonly ("build" | "platform")[];
  /**
   * How long each time span is; all of the range together if it is left out.
   *
   * @default {undefined}
   */
  readonly step?: AnalyticsStep;
}

/** How values were distributed. Percentiles are those of a sketch: to 0.6 %. */
export interface PercentilesRow {
  /** The beginning of the time span, in epoch milliseconds; that of the range where there are no time spans. */
  readonly startMs: number;
  /** The build; `""` where rows are not told apart by it. */
  readonly build: string;
  /** The platform; `""` as above. */
  readonly platform: string;
  /** How many values there were: 1 or more. */
  readonly count: number;
  /** What they were on the average. */
  readonly mean: number;
  /** What half of them were not above. */
  readonly p50: number;
  /** What 90 % were not above. */
  readonly p90: number;
  /** What 95 % were not above. */
  readonly p95: number;
  /** What 99 % were not above. */
  readonly p99: number;
  /** What 99.9 % were not above. */
  readonly p999: number;
  /** The greatest. */
  readonly max: number;
  /** How many frames were hitches; 0 of memory. */
  readonly hitches: number;
}

/** How values were distributed, by build, platform and time. */
export interface SketchPercentiles {
  /** From when on was measured, in epoch milliseconds. */
  readonly fromMs: number;
  /** Until when was measured, exclusive, in epoch milliseconds. */
  readonly toMs: number;
  /** By time span, then build and platform; where nothing was measured there is no row. */
  readonly rows: readonly PercentilesRow[];
  /** Whether these are all: there are at most 10,000. */
  readonly isComplete: boolean;
}

/**
 * Measures percentiles of the times of frames or of memory, from merged sketches.
 *
 * @param store The store.
 * @param query What is measured.
 * @param options How the query runs.
 * @returns A promise of the percentiles.
 * @throws {RangeError} If the range is none.
 *
 * @example The times of frames by build
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, MemoryAnalyticsStore, QuantileSketch, sketchPercentiles } from "@tickwire/net/analytics";
 *
 * const store = new MemoryAnalyticsStore();
 * const clock = { nowMs: () => 0, epochMs: () => 9_000_000 };
 * const collector = new AnalyticsCollector({ store, clock });
 * const sketch = new QuantileSketch();
 * for (let frame = 0; frame < 1_000; frame++) sketch.add(frame < 990 ? 16 : 80);
 * const run = {
 *   s: "AAECAwQFBgcICQoLDA0ODw", i: "EBESExQVFhcYGRobHB0eHw", b: "1.2.0", p: "linux", n: 0, t: 7_200_000,
 *   d: [["frameTime", "sketch", "hitches"]],
 *   e: [[0, 0, sketch.toJson(), 10]],
 * };
 * await collector.handler(new Request("http://localhost/v1/batch", {
 *   method: "POST",
 *   body: JSON.stringify({ v: 1, sentAt: 9_000_000, runs: [run] }),
 * }));
 *
 * const range = { title: "main", fromMs: 7_200_000, toMs: 10_800_000 };
 * const { rows } = await sketchPercentiles(store, { ...range, metric: "frameTime", by: ["build"] });
 * assertEquals(rows.map(({ build, count, max, hitches }) => [build, count, max, hitches]), [["1.2.0", 1_000, 80, 10]]);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function sketchPercentiles(
  store: AnalyticsStore,
  query: SketchPercentilesQuery,
  options: AnalyticsQueryOptions = {},
): Promise<SketchPercentiles> {
  const pace = new Pace(options.signal);
  const { metric, by, step } = query;
  const stepMs = step === undefined ? 0 : stepMsOf(step);
  const range = wholeHours(query);
  const common = { ...scopeOf(query), ...range, stepMs, by };
  const merged = await mergeSketches(store, { ...common, metric }, pace);
  const hitches = new Map<string, number>();
  let { isComplete } = merged;
  if (metric === "frameTime") {
    const sums = await sumCounts(store, { ...common, metric: "hitch" }, pace);
    if (!sums.isComplete) isComplete = false;
    for (const row of sums.rows) hitches.set(keyOf(row), row.count);
  }
  const rows: PercentilesRow[] = [];
  for (const [i, sum] of merged.rows.entries()) {
    if (i % SKETCHES_AT_ONCE === SKETCHES_AT_ONCE - 1) await pace.breathe();
    const { startMs, build, platform, sketch } = sum;
    const { count } = sketch;
    if (count === 0) continue;
    rows.push({
      startMs,
      build,
      platform,
      count,
      mean: sketch.sum / count,
      p50: sketch.quantile(0.5),
      p90: sketch.quantile(0.9),
      p95: sketch.quantile(0.95),
      p99: sketch.quantile(0.99),
      p999: sketch.quantile(0.999),
      max: sketch.max,
      hitches: hitches.get(keyOf(sum)) ?? 0,
    });
  }
  rows.sort((a, b) =>
    a.startMs - b.startMs || compareTexts(a.build, b.build) ||
    compareTexts(a.platform, b.platform)
  );
  return { ...range, rows, isComplete };
}

function keyOf(
  { startMs, build, platform }: {
    readonly startMs: number;
    readonly build: string;
    readonly platform: string;
  },
): string {
  return `${startMs}\n${build}\n${platform}`;
}
