// This module is browser compatible.
import type { AnalyticsStore, Dimension, RangeQuery } from "../store/store.ts";
import { compareNatural, compareTexts } from "./_compare_texts.ts";
import { Pace } from "./_pace.ts";
import { scopeOf, wholeHours } from "./_range.ts";
import { sumCounts } from "./_sums.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** What can be asked for. */
export interface QueryFilters {
  /** The beginning of the first hour, in epoch milliseconds. */
  readonly fromMs: number;
  /** The end of the last hour, in epoch milliseconds. */
  readonly toMs: number;
  /** The names of the events that there were, by the alphabet. */
  readonly events: readonly string[];
  /** The builds that they were of, by the numbers in them: the newest is mostly the last. */
  readonly builds: readonly string[];
  /** The platforms that they were of, by the alphabet. */
  readonly platforms: readonly string[];
}

/**
 * Lists the events, builds and platforms that there were.
 *
 * @param store The store.
 * @param query Which range; it is widened to whole hours.
 * @param options How the query runs.
 * @returns A promise of the lists.
 * @throws {RangeError} If the range is none.
 *
 * @example What there is
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, MemoryAnalyticsStore, queryFilters } from "@tickwire/net/analytics";
 *
 * const store = new MemoryAnalyticsStore();
 * const clock = { nowMs: () => 0, epochMs: () => 9_000_000 };
 * const collector = new AnalyticsCollector({ store, clock });
 * const run = {
 *   s: "AAECAwQFBgcICQoLDA0ODw", i: "EBESExQVFhcYGRobHB0eHw", b: "1.2.0", p: "linux", n: 0, t: 7_200_000,
 *   d: [["sessionStart", "isFirst", "isResumed"], ["death", "cause", "floor"]],
 *   e: [[0, 0, true, false], [1, 60_000, "spikes", 3]],
 * };
 * await collector.handler(new Request("http://localhost/v1/batch", {
 *   method: "POST",
 *   body: JSON.stringify({ v: 1, sentAt: 9_000_000, runs: [run] }),
 * }));
 *
 * const range = { title: "main", fromMs: 7_200_000, toMs: 10_800_000 };
 * const { events, builds } = await queryFilters(store, range);
 * assertEquals(events, ["death", "sessionStart"]);
 * assertEquals(builds, ["1.2.0"]);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function queryFilters(
  store: AnalyticsStore,
  query: RangeQuery,
  options: AnalyticsQueryOptions = {},
): Promise<QueryFilters> {
  const pace = new Pace(options.signal);
  const hours = wholeHours(query);

  async function valuesOf(dimension: Dimension): Promise<string[]> {
    const { rows } = await sumCounts(store, {
      ...scopeOf(query),
      ...hours,
      metric: "event",
      stepMs: 0,
      by: [dimension],
    }, pace);
    return rows.map((row) => row[dimension]);
  }

  return {
    ...hours,
    events: (await valuesOf("key1")).sort(compareTexts),
    builds: (await valuesOf("build")).sort(compareNatural),
    platforms: (await valuesOf("platform")).sort(compareTexts),
  };
}
