// This module is browser compatible.
import type { AnalyticsStore, RangeQuery } from "../store/store.ts";
import { MAX_KEYS } from "./_bounds.ts";
import { KeyTable } from "./_key_table.ts";
import { Pace } from "./_pace.ts";
import { checkInteger, checkRange, DAY_MS } from "./_range.ts";
import { sessionsOf } from "./_sessions_of.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** The days that are looked at. */
const DAYS = [1, 7, 30] as const;

/**
 * Whose players are followed: those whose first session began in the range, which is not widened. A
 * build and a platform are those of the first session; it makes no difference with which ones a player comes back.
 */
export interface RetentionQuery extends RangeQuery {
  /** What time it is, in epoch milliseconds: of a day that is not over nothing is said. */
  readonly nowMs: number;
}

/** The players who came first on one day. */
export interface RetentionRow {
  /** The beginning of the day, in epoch milliseconds. */
  readonly startMs: number;
  /** How many they are: 1 or more. */
  readonly players: number;
  /** How many of them began a session on the next day; `null` while that is not over. */
  readonly d1: number | null;
  /** How many of them began a session on the seventh day after; `null` as above. */
  readonly d7: number | null;
  /** How many of them began a session on the thirtieth day after; `null` as above. */
  readonly d30: number | null;
}

/** How many of those came back whose day is over. */
export interface RetentionShare {
  /** How many players it is over for. */
  readonly of: number;
  /** How many of them came back on it. */
  readonly back: number;
}

/** Who came back. */
export interface Retention {
  /** From when on first sessions count, in epoch milliseconds. */
  readonly fromMs: number;
  /** Until when first sessions count, exclusive, in epoch milliseconds. */
  readonly toMs: number;
  /** By day; where nobody came first there is no row. */
  readonly rows: readonly RetentionRow[];
  /** All days together. */
  readonly total: {
    /** How many players there are. */
    readonly players: number;
    /** Who came back on the next day. */
    readonly d1: RetentionShare;
    /** Who came back on the seventh day after. */
    readonly d7: RetentionShare;
    /** Who came back on the thirtieth day after. */
    readonly d30: RetentionShare;
  };
  /** The share of players that was followed: 1, or less where there are more than 200,000: all counts are estimates then. */
  readonly share: number;
}

/**
 * Follows players from the day (UTC) on which their first session began: classic retention, as game analytics mostly have
 * it. Day n counts who began a session on exactly the n-th day after, not before or later.
 *
 * @param store The store.
 * @param query Whose players.
 * @param options How the query runs.
 * @returns A promise of the counts.
 * @throws {RangeError} If the range is none, or `nowMs` is no integer.
 *
 * @example Who came back on the next day
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, MemoryAnalyticsStore, retention } from "@tickwire/net/analytics";
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
 * const { total } = await retention(store, { ...range, nowMs: 7 * 86_400_000 });
 * assertEquals(total.d1, { of: 1, back: 0 });
 * await collector.close();
 * await store.close();
 * ```
 */
export async function retention(
  store: AnalyticsStore,
  query: RetentionQuery,
  options: AnalyticsQueryOptions = {},
): Promise<Retention> {
  const pace = new Pace(options.signal);
  checkRange(query);
  checkInteger("nowMs", query.nowMs, 0, Number.MAX_SAFE_INTEGER);
  const { title, fromMs, toMs, build, platform } = query;
  // Of each player the first day, and then a bit for each of the days on which he came back.
  const players = new KeyTable(2, MAX_KEYS);
  // The thirtieth day after the last of the range ends at most so late.
  const range = { title, fromMs, toMs: toMs + (DAYS[2] + 1) * DAY_MS };
  for await (const page of sessionsOf(store, range, pace)) {
    for (const session of page) {
      const { player, startMs, playerFirstMs } = session;
      if (playerFirstMs < fromMs || playerFirstMs >= toMs) continue;
      const first = Math.floor(playerFirstMs / DAY_MS);
      if (startMs === playerFirstMs) {
        if (build !== undefined && session.build !== build) continue;
        if (platform !== undefined && session.platform !== platform) continue;
        const place = players.add(player);
        if (place < 0 || !Number.isNaN(players.values[place])) continue;
        players.values[place] = first;
        players.values[place + 1] = 0;
        continue;
      }
      const bit = DAYS.indexOf(
        (Math.floor(startMs / DAY_MS) - first) as typeof DAYS[number],
      );
      const place = bit < 0 ? -1 : players.find(player);
      if (place >= 0) players.values[place + 1]! |= 1 << bit;
    }
  }
  return { fromMs, toMs, ...rowsOf(players, query.nowMs) };
}

/** How many players came first on a day, and how many of them came back. */
interface Cohort {
  players: number;
  readonly back: [d1: number, d7: number, d30: number];
}

function rowsOf(
  table: KeyTable,
  nowMs: number,
): Pick<Retention, "rows" | "total" | "share"> {
  const cohorts = new Map<number, Cohort>();
  const { values } = table;
  for (const place of table.places()) {
    const first = values[place]!;
    let cohort = cohorts.get(first);
    if (cohort === undefined) {
      cohorts.set(first, cohort = { players: 0, back: [0, 0, 0] });
    }
    cohort.players++;
    for (let i = 0; i < DAYS.length; i++) {
      if ((values[place + 1]! & (1 << i)) !== 0) cohort.back[i]!++;
    }
  }
  const today = Math.floor(nowMs / DAY_MS);
  const total = DAYS.map(() => ({ of: 0, back: 0 }));
  const rows: RetentionRow[] = [];
  let players = 0;
  for (const [first, cohort] of [...cohorts].sort(([a], [b]) => a - b)) {
    const size = table.scale(cohort.players);
    players += size;
    const [d1, d7, d30] = DAYS.map((day, i) => {
      if (first + day >= today) return null;
      const back = table.scale(cohort.back[i]!);
      total[i]!.of += size;
      total[i]!.back += back;
      return back;
    });
    rows.push({
      startMs: first * DAY_MS,
      players: size,
      d1: d1!,
      d7: d7!,
      d30: d30!,
    });
  }
  const [d1, d7, d30] = total;
  return {
    rows,
    total: { players, d1: d1!, d7: d7!, d30: d30! },
    share: table.share,
  };
}
