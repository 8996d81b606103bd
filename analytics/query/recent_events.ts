// This module is browser compatible.
import type { AnalyticsStore, EventRow, RangeQuery } from "../store/store.ts";
import { MAX_RECENT_EVENTS } from "./_bounds.ts";
import { Pace } from "./_pace.ts";
import { checkInteger, checkRange } from "./_range.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** Which events are listed. */
export interface RecentEventsQuery extends RangeQuery {
  /** How many at most: 1 to 1,000. */
  readonly limit: number;
}

/**
 * Lists the events that were stored last, the newest first: what a developer looks at to see whether his game reports.
 *
 * @param store The store.
 * @param query Which events; the range is not widened.
 * @param options How the query runs.
 * @returns A promise of the events, as they are kept.
 * @throws {RangeError} If the range is none, or the limit out of bounds.
 *
 * @example The last event
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, MemoryAnalyticsStore, recentEvents } from "@tickwire/net/analytics";
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
 * const events = await recentEvents(store, { ...range, limit: 1 });
 * assertEquals(events.map(({ name }) => name), ["death"]);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function recentEvents(
  store: AnalyticsStore,
  query: RecentEventsQuery,
  options: AnalyticsQueryOptions = {},
): Promise<readonly EventRow[]> {
  new Pace(options.signal);
  checkRange(query);
  checkInteger("limit", query.limit, 1, MAX_RECENT_EVENTS);
  return await store.recent(query, query.limit);
}
