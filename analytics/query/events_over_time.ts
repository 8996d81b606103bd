// This module is browser compatible.
import type { AnalyticsStore, RangeQuery } from "../store/store.ts";
import { MAX_ROWS } from "./_bounds.ts";
import { compareTexts } from "./_compare_texts.ts";
import { Pace } from "./_pace.ts";
import { scopeOf, stepMsOf, wholeHours } from "./_range.ts";
import { sumCounts } from "./_sums.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** How long the time spans of an answer are. They are those of UTC: the first and the last may lie in the range in part. */
export type AnalyticsStep = "hour" | "day";

/** Which events are counted. The range is widened to whole hours. */
export interface EventsOverTimeQuery extends RangeQuery {
  /** How long each time span is. */
  readonly step: AnalyticsStep;
  /**
   * The names of the events that are counted; all if there are none.
   *
   * @default {[]}
   */
  readonly events?: readonly string[];
  /**
   * What else rows are told apart by.
   *
   * @default {"none"}
   */
  readonly by?: "build" | "platform" | "none";
}

/** How often an event happened in a time span. */
export interface EventsRow {
  /** The beginning of the time span, in epoch milliseconds. */
  readonly startMs: number;
  /** The event's name. */
  readonly event: string;
  /** The build; `""` where rows are not told apart by it. */
  readonly build: string;
  /** The platform; `""` as above. */
  readonly platform: string;
  /** How often: 1 or more. */
  readonly count: number;
}

/** How often events happened. */
export interface EventsOverTime {
  /** From when on events were counted, in epoch milliseconds. */
  readonly fromMs: number;
  /** Until when events were counted, exclusive, in epoch milliseconds. */
  readonly toMs: number;
  /** By time span, then name, build and platform; where nothing happened there is no row. */
  readonly rows: readonly EventsRow[];
  /** Whether these are all: there are at most 100,000. */
  readonly isComplete: boolean;
}

/**
 * Counts events by hour or day.
 *
 * @param store The store.
 * @param query Which events.
 * @param options How the query runs.
 * @returns A promise of the counts.
 * @throws {RangeError} If the range is none.
 *
 * @example Deaths by the hour
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, eventsOverTime, MemoryAnalyticsStore } from "@tickwire/net/analytics";
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
 * const { rows } = await eventsOverTime(store, { ...range, step: "hour", events: ["death"] });
 * assertEquals(rows, [{ startMs: 7_200_000, event: "death", build: "", platform: "", count: 1 }]);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function eventsOverTime(
  store: AnalyticsStore,
  query: EventsOverTimeQuery,
  options: AnalyticsQueryOptions = {},
): Promise<EventsOverTime> {
  const pace = new Pace(options.signal);
  const stepMs = stepMsOf(query.step);
  const range = wholeHours(query);
  const { events = [], by = "none" } = query;
  const rows: EventsRow[] = [];
  let isComplete = true;
  const names = events.length === 0 ? [undefined] : new Set(events);
  for (const key1 of names) {
    const sums = await sumCounts(store, {
      ...scopeOf(query),
      ...range,
      metric: "event",
      ...(key1 === undefined ? {} : { key1 }),
      stepMs,
      by: by === "none" ? ["key1"] : ["key1", by],
    }, pace);
    if (!sums.isComplete) isComplete = false;
    for (const { startMs, key1: event, build, platform, count } of sums.rows) {
      rows.push({ startMs, event, build, platform, count });
    }
  }
  rows.sort(compareRows);
  if (rows.length > MAX_ROWS) {
    rows.length = MAX_ROWS;
    isComplete = false;
  }
  return { ...range, rows, isComplete };
}

function compareRows(a: EventsRow, b: EventsRow): number {
  return a.startMs - b.startMs || compareTexts(a.event, b.event) ||
    compareTexts(a.build, b.build) || compareTexts(a.platform, b.platform);
}
