// This module is browser compatible.
import type { AnalyticsStore, RangeQuery } from "../store/store.ts";
import { compareTexts } from "./_compare_texts.ts";
import { Pace } from "./_pace.ts";
import { checkInteger, scopeOf, wholeHours } from "./_range.ts";
import { isUnclean, sessionsOf } from "./_sessions_of.ts";
import { sumCounts } from "./_sums.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** What the reason of what a collector refused begins with. */
const REFUSED = "refused: ";

/** Which range is reported on; it is widened to whole hours. */
export interface DropReportQuery extends RangeQuery {
  /** What time it is, in epoch milliseconds. */
  readonly nowMs: number;
  /** How long a session may be without an event before it counts as broken off, in milliseconds: 0 or more. */
  readonly idleMs: number;
}

/** Events that are missing. */
export interface DropRow {
  /** The events' name. */
  readonly event: string;
  /** Why they are missing; what the collector refused begins with `refused: `. */
  readonly reason: string;
  /** How many: 1 or more. */
  readonly count: number;
}

/** What is missing in all other answers, as far as anybody knows. */
export interface DropReport {
  /** The beginning of the first hour, in epoch milliseconds. */
  readonly fromMs: number;
  /** The end of the last hour, in epoch milliseconds. */
  readonly toMs: number;
  /** The most frequent first. */
  readonly rows: readonly DropRow[];
  /** How many events are there, without those that tell of drops. */
  readonly accepted: number;
  /** How many clients did not send, as they say. */
  readonly dropped: number;
  /** How many the collector refused. */
  readonly refused: number;
  /** What part of all events is missing: 0 to 1. */
  readonly lostShare: number;
  /** How many sessions began. */
  readonly sessions: number;
  /** How many of them broke off: what they did not send is not known. */
  readonly uncleanSessions: number;
  /** Whether the rows are all: there are at most 100,000. */
  readonly isComplete: boolean;
}

/**
 * Reports what is missing: what clients did not send, what the collector refused, and the sessions that broke off.
 *
 * @param store The store.
 * @param query Which range.
 * @param options How the query runs.
 * @returns A promise of the report.
 * @throws {RangeError} If the range is none, or `nowMs` or `idleMs` is no integer.
 *
 * @example What is missing
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, dropReport, MemoryAnalyticsStore } from "@tickwire/net/analytics";
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
 * const report = await dropReport(store, { ...range, nowMs: 10_800_000, idleMs: 1_800_000 });
 * assertEquals(report.lostShare, 0);
 * assertEquals(report.uncleanSessions, 1);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function dropReport(
  store: AnalyticsStore,
  query: DropReportQuery,
  options: AnalyticsQueryOptions = {},
): Promise<DropReport> {
  const pace = new Pace(options.signal);
  const { nowMs, idleMs } = query;
  checkInteger("nowMs", nowMs, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("idleMs", idleMs, 0, Number.MAX_SAFE_INTEGER);
  const hours = wholeHours(query);
  const range = { ...scopeOf(query), ...hours };
  const drops = await sumCounts(store, {
    ...range,
    metric: "drop",
    stepMs: 0,
    by: ["key1", "key2"],
  }, pace);
  const events = await sumCounts(store, {
    ...range,
    metric: "event",
    stepMs: 0,
    by: ["key1"],
  }, pace);
  let accepted = 0;
  for (const { key1, count } of events.rows) {
    if (key1 !== "drop") accepted += count;
  }
  let dropped = 0;
  let refused = 0;
  const rows = drops.rows.map(({ key1, key2, count }): DropRow => {
    if (key2.startsWith(REFUSED)) refused += count;
    else dropped += count;
    return { event: key1, reason: key2, count };
  });
  rows.sort((a, b) =>
    b.count - a.count || compareTexts(a.event, b.event) ||
    compareTexts(a.reason, b.reason)
  );
  let sessions = 0;
  let uncleanSessions = 0;
  for await (const page of sessionsOf(store, range, pace)) {
    sessions += page.length;
    for (const session of page) {
      if (isUnclean(session, nowMs, idleMs)) uncleanSessions++;
    }
  }
  const lost = dropped + refused;
  return {
    ...hours,
    rows,
    accepted,
    dropped,
    refused,
    lostShare: lost === 0 ? 0 : lost / (accepted + lost),
    sessions,
    uncleanSessions,
    isComplete: drops.isComplete && events.isComplete,
  };
}
