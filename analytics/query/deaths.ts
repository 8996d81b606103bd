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
