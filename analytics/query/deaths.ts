// This module is browser compatible.
import type { AnalyticsStore, RangeQuery } from "../store/store.ts";
import { compareTexts } from "./_compare_texts.ts";
import { Pace } from "./_pace.ts";
import { scopeOf, wholeHours } from "./_range.ts";
import { sumCounts } from "./_sums.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** How often players died of a cause on a floor. */
export interface DeathsRow {
  /** The floor; `other` stands for all that have no row of their own. */
  readonly floor: number | "other";
  /** The cause; `other` stands for all that have no row of their own. */
  readonly cause: string;
  /** How often: 1 or more. */
  readonly count: number;
}

/** What players died of, and where. */
export interface Deaths {
  /** The beginning of the first hour, in epoch milliseconds. */
  readonly fromMs: number;
  /** The end of the last hour, in epoch milliseconds. */
  readonly toMs: number;
  /** By floor, `other` at the end; then the most frequent first. */
  readonly rows: readonly DeathsRow[];
  /** How many deaths there were. */
  readonly total: number;
  /** Whether these are all: there are at most 100,000. */
  readonly isComplete: boolean;
}

/**
 * Counts deaths by floor and cause.
 *
 * @param store The store.
 * @param query Which range; it is widened to whole hours.
 * @param options How the query runs.
 * @returns A promise of the counts.
 * @throws {RangeError} If the range is none.
 *
 * @example What players died of
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, deaths, MemoryAnalyticsStore } from "@tickwire/net/analytics";
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
 * const { rows } = await deaths(store, range);
 * assertEquals(rows, [{ floor: 3, cause: "spikes", count: 1 }]);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function deaths(
  store: AnalyticsStore,
  query: RangeQuery,
  options: AnalyticsQueryOptions = {},
): Promise<Deaths> {
  const pace = new Pace(options.signal);
  const hours = wholeHours(query);
  const sums = await sumCounts(store, {
    ...scopeOf(query),
    ...hours,
    metric: "death",
    stepMs: 0,
    by: ["key1", "key2"],
  }, pace);
  let total = 0;
  const rows = sums.rows.map(({ key1, key2, count }): DeathsRow => {
    total += count;
    const floor = /^-?\d+$/.test(key2) ? Number(key2) : "other";
    return { floor, cause: key1, count };
  });
  rows.sort((a, b) =>
    compareFloors(a.floor, b.floor) || b.count - a.count ||
    compareTexts(a.cause, b.cause)
  );
  return { ...hours, rows, total, isComplete: sums.isComplete };
}

function compareFloors(
  a: DeathsRow["floor"],
  b: DeathsRow["floor"],
): number {
  if (a === b) return 0;
  if (a === "other") return 1;
  return b === "other" ? -1 : a - b;
}
