// This module is browser compatible.
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type { AnalyticsStore, RangeQuery, SessionRow } from "../store/store.ts";
import { MAX_KEYS } from "./_bounds.ts";
import { KeyTable } from "./_key_table.ts";
import { Pace } from "./_pace.ts";
import { checkInteger, checkRange, scopeOf, stepMsOf } from "./_range.ts";
import { isUnclean, sessionsOf } from "./_sessions_of.ts";
import type { AnalyticsStep } from "./events_over_time.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** Which sessions are counted: those that began in the range, which is not widened. */
export interface SessionsOverTimeQuery extends RangeQuery {
  /** How long each time span is. */
  readonly step: AnalyticsStep;
  /** What time it is, in epoch milliseconds. */
  readonly nowMs: number;
  /** How long a session may be without an event before it counts as broken off, in milliseconds: 0 or more. */
  readonly idleMs: number;
}

/** Sums over sessions. A session's duration is the time from its beginning to its last event. */
export interface SessionSums {
  /** How many there were. */
  readonly sessions: number;
  /** How many players had them. An estimate where {@linkcode SessionsOverTime.share} is below 1. */
  readonly players: number;
  /** How many of the sessions were their player's first one. */
  readonly newPlayers: number;
  /** How long they were together, in milliseconds. */
  readonly durationMs: number;
  /** What half of them were not longer than, in milliseconds, to 0.6 %. */
  readonly medianMs: number;
  /** What 9 of 10 were not longer than, in milliseconds, to 0.6 %. */
  readonly p90Ms: number;
  /** How many have not ended, as far as is known: their last event is not older than a session may be idle. */
  readonly running: number;
  /** How many broke off: the next session had to end them, or nothing said that they ended, and they were idle for too long. */
  readonly unclean: number;
}

/** The sessions of a time span. */
export interface SessionsRow extends SessionSums {
  /** The beginning of the time span, in epoch milliseconds. */
  readonly startMs: number;
}

/** How many sessions there were, and of which kind. */
export interface SessionsOverTime {
  /** From when on sessions were counted, in epoch milliseconds. */
  readonly fromMs: number;
  /** Until when sessions were counted, exclusive, in epoch milliseconds. */
  readonly toMs: number;
  /** By time span; where no session began there is no row. */
  readonly rows: readonly SessionsRow[];
  /** All of the range together. */
  readonly total: SessionSums;
  /** The share of players that was told apart to count them: 1, or less where there are more than 200,000. */
  readonly share: number;
}

/**
 * Counts sessions and players by hour or day, and measures how long the sessions were.
 *
 * @param store The store.
 * @param query Which sessions.
 * @param options How the query runs.
 * @returns A promise of the sums.
 * @throws {RangeError} If the range is none, or `nowMs` or `idleMs` is no integer.
 *
 * @example Sessions by the hour
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, MemoryAnalyticsStore, sessionsOverTime } from "@tickwire/net/analytics";
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
 * const { total } = await sessionsOverTime(store, {
 *   ...range, step: "hour", nowMs: 10_800_000, idleMs: 1_800_000,
 * });
 * assertEquals([total.sessions, total.players, total.unclean], [1, 1, 1]);
 * assertEquals(total.durationMs, 60_000);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function sessionsOverTime(
  store: AnalyticsStore,
  query: SessionsOverTimeQuery,
  options: AnalyticsQueryOptions = {},
): Promise<SessionsOverTime> {
  const pace = new Pace(options.signal);
  checkRange(query);
  const { fromMs, toMs, nowMs, idleMs } = query;
  checkInteger("nowMs", nowMs, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("idleMs", idleMs, 0, Number.MAX_SAFE_INTEGER);
  const stepMs = stepMsOf(query.step);
  const rows: SessionsRow[] = [];
  const total = new SessionSum(nowMs, idleMs);
  // Sessions come by their beginning: one time span is open at a time.
  const span = new SessionSum(nowMs, idleMs);
  let startMs = -1;
  let share = 1;
  const range = { ...scopeOf(query), fromMs, toMs };
  for await (const page of sessionsOf(store, range, pace)) {
    for (const session of page) {
      const start = Math.floor(session.startMs / stepMs) * stepMs;
      if (start !== startMs && span.sessions > 0) {
        rows.push({ startMs, ...span.sums() });
        span.clear();
      }
      startMs = start;
      span.add(session);
      total.add(session);
      share = Math.min(share, span.share, total.share);
    }
  }
  if (span.sessions > 0) rows.push({ startMs, ...span.sums() });
  return { fromMs, toMs, rows, total: total.sums(), share };
}

class SessionSum {
  readonly #nowMs: number;
  readonly #idleMs: number;
  readonly #players = new KeyTable(0, MAX_KEYS);
  readonly #durations = new QuantileSketch();
  sessions = 0;
  #newPlayers = 0;
  #durationMs = 0;
  #running = 0;
  #unclean = 0;

  constructor(nowMs: number, idleMs: number) {
    this.#nowMs = nowMs;
    this.#idleMs = idleMs;
  }

  get share(): number {
    return this.#players.share;
  }

  add(session: SessionRow): void {
    const durationMs = Math.max(0, session.lastMs - session.startMs);
    this.sessions++;
    this.#players.add(session.player);
    if (session.startMs === session.playerFirstMs) this.#newPlayers++;
    this.#durationMs += durationMs;
    this.#durations.add(durationMs);
    if (isUnclean(session, this.#nowMs, this.#idleMs)) this.#unclean++;
    else if (session.endReason === "") this.#running++;
  }

  sums(): SessionSums {
    const isEmpty = this.sessions === 0;
    return {
      sessions: this.sessions,
      players: this.#players.count,
      newPlayers: this.#newPlayers,
      durationMs: this.#durationMs,
      medianMs: isEmpty ? 0 : this.#durations.quantile(0.5),
      p90Ms: isEmpty ? 0 : this.#durations.quantile(0.9),
      running: this.#running,
      unclean: this.#unclean,
    };
  }

  clear(): void {
    this.#players.clear();
    this.#durations.clear();
    this.sessions = 0;
    this.#newPlayers = 0;
    this.#durationMs = 0;
    this.#running = 0;
    this.#unclean = 0;
  }
}
