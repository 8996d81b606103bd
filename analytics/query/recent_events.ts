// This module is browser compatible.
import type { AnalyticsStore, EventRow, RangeQuery } from "../store/store.ts";
import { Pace } from "./_pace.ts";
import { checkInteger, checkRange } from "./_range.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** The most events that are listed. */
export const MAX_RECENT_EVENTS = 1_000;

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
