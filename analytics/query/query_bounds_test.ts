// What lies exactly at a bound, case by case.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
} from "@std/assert";
import { rollUp } from "../collector/roll_up.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { AnalyticsStore } from "../store/store.ts";
import { MAX_KEYS } from "./_bounds.ts";
import { dropReport } from "./drop_report.ts";
import { eventsOverTime } from "./events_over_time.ts";
import { funnel, type FunnelQuery } from "./funnel.ts";
import { queryFilters } from "./query_filters.ts";
import { recentEvents } from "./recent_events.ts";
import { retention } from "./retention.ts";
import { sessionsOverTime } from "./sessions_over_time.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The beginning of a day, the last one of a year. */
const DAY = Date.UTC(2024, 11, 31);
const ALL = { title: "game", fromMs: 0, toMs: DAY + 100 * DAY_MS };

/** A session of events, each a name, a time and perhaps fields. */
interface Play {
  readonly session: string;
  readonly player?: string;
  readonly build?: string;
  readonly events: readonly (readonly [string, number, object?])[];
}

async function storeOf(...plays: readonly Play[]): Promise<AnalyticsStore> {
  const store = new MemoryAnalyticsStore();
  for (const { session, player = session, build = "1", events } of plays) {
    await store.write([{
      title: "game",
      session,
      player,
      build,
      platform: "linux",
      common: "{}",
      receivedMs: DAY,
      events: events.map(([name, timeMs, fields = {}], number) => ({
        number,
        name,
        timeMs,
        data: JSON.stringify(fields),
      })),
    }], rollUp);
  }
  return store;
}

async function countsOf(
  store: AnalyticsStore,
  query: Partial<FunnelQuery>,
): Promise<number[]> {
  const { rows } = await funnel(store, {
    ...ALL,
    steps: [{ event: "a" }, { event: "b" }, { event: "c" }],
    by: "player",
    withinMs: 1_000,
    ...query,
  });
  return rows.map(({ count }) => count);
}

Deno.test("funnel() takes a step at the end of its window, and none behind it", async () => {
  const store = await storeOf(
    { session: "1", events: [["a", 0], ["b", 1_000], ["c", 1_000]] },
    { session: "2", events: [["a", 0], ["b", 1_001], ["c", 1_002]] },
    { session: "3", events: [["a", 0], ["b", 1], ["c", 1_001]] },
  );
  assertEquals(await countsOf(store, {}), [3, 2, 1]);
});

Deno.test("funnel() takes steps of one millisecond in the order in which they were stored", async () => {
  const store = await storeOf(
    { session: "1", events: [["a", 5], ["b", 5], ["c", 5]] },
    { session: "2", events: [["c", 5], ["b", 5], ["a", 5]] },
    { session: "3", events: [["b", 5], ["a", 5], ["c", 5], ["b", 5]] },
  );
  assertEquals(await countsOf(store, {}), [3, 2, 1]);
});

Deno.test("funnel() lets nobody begin twice, and an event take one step", async () => {
  const store = await storeOf(
    { session: "1", events: [["a", 0], ["a", 5_000], ["b", 5_001]] },
    { session: "2", events: [["a", 0], ["b", 1], ["x", 2], ["b", 3]] },
  );
  assertEquals(await countsOf(store, {}), [2, 1, 0]);
  const steps = [{ event: "a" }, { event: "b" }, { event: "b" }];
  assertEquals(await countsOf(store, { steps }), [2, 1, 1]);
  const { rows } = await funnel(store, {
    ...ALL,
    steps,
    by: "session",
    withinMs: 1_000,
  });
  assertEquals(
    rows.map(({ medianMs, medianTotalMs }) => [
      Math.round(medianMs),
      Math.round(medianTotalMs),
    ]),
    [[0, 0], [1, 1], [2, 3]],
  );
});

Deno.test("funnel() begins in the range and may end behind it", async () => {
  const store = await storeOf(
    { session: "1", events: [["a", 99], ["b", 100], ["c", 101]] },
    { session: "2", events: [["a", 100], ["b", 101], ["c", 102]] },
    { session: "3", events: [["a", 199], ["b", 200], ["c", 300]] },
    { session: "4", events: [["a", 200], ["b", 201], ["c", 202]] },
  );
  const range = { fromMs: 100, toMs: 200 };
  assertEquals(await countsOf(store, range), [2, 2, 2]);
});

Deno.test("funnel() follows players through sessions, or each session by itself", async () => {
  const store = await storeOf(
    { session: "1", player: "p", events: [["a", 0]] },
    { session: "2", player: "p", events: [["b", 1]] },
    { session: "3", player: "p", events: [["a", 2], ["c", 3]] },
  );
  assertEquals(await countsOf(store, { by: "player" }), [1, 1, 1]);
  assertEquals(await countsOf(store, { by: "session" }), [2, 0, 0]);
});

Deno.test("funnel() compares the values of fields as texts, and only the event's own", async () => {
  const store = await storeOf(
    { session: "1", events: [["a", 0, { floor: 3, won: true }], ["b", 1]] },
    { session: "2", events: [["a", 0, { floor: 30 }], ["b", 1]] },
    { session: "3", events: [["a", 0, {}], ["b", 1]] },
  );
  async function firstOf(where: Record<string, string>): Promise<number> {
    const steps = [{ event: "a", where }, { event: "b" }];
    return (await countsOf(store, { steps }))[0]!;
  }
  assertEquals(await firstOf({ floor: "3" }), 1);
  assertEquals(await firstOf({ floor: "3", won: "true" }), 1);
  assertEquals(await firstOf({ floor: "3", won: "false" }), 0);
  assertEquals(await firstOf({ none: "undefined" }), 0);
  const inherited = String(Object.prototype.toString);
  assertEquals(await firstOf({ toString: inherited }), 0);
});

Deno.test("retention() counts by days of UTC, to the millisecond", async () => {
  const end = DAY + DAY_MS - 1;
  const starts: Record<string, readonly number[]> = {
    // Came on the last millisecond of the day, and on the first of the next one.
    late: [end, end + 1],
    // Came on the first, and on the last of the next one.
    early: [DAY, DAY + 2 * DAY_MS - 1],
    // Again on the same day, and on the day after next.
    not1: [DAY, end, DAY + 2 * DAY_MS],
    day7: [DAY, DAY + 7 * DAY_MS],
    not7: [DAY, DAY + 7 * DAY_MS - 1, DAY + 8 * DAY_MS],
    day30: [end, DAY + 31 * DAY_MS - 1],
    not30: [end, DAY + 31 * DAY_MS],
    // Not of this day.
    before: [DAY - 1, DAY],
    after: [DAY + DAY_MS, DAY + 2 * DAY_MS],
  };
  const store = await storeOf(
    ...Object.entries(starts).flatMap(([player, times]) =>
      times.map((timeMs, i): Play => ({
        session: `${player} ${i}`,
        player,
        events: [["sessionStart", timeMs]],
      }))
    ),
  );
  const query = { title: "game", fromMs: DAY, toMs: DAY + DAY_MS };
  const nowMs = DAY + 40 * DAY_MS;
  const { rows, total } = await retention(store, { ...query, nowMs });
  assertEquals(rows, [{ startMs: DAY, players: 7, d1: 2, d7: 1, d30: 1 }]);
  assertEquals(total, {
    players: 7,
    d1: { of: 7, back: 2 },
    d7: { of: 7, back: 1 },
    d30: { of: 7, back: 1 },
  });
  // A day counts when it is over.
  const over: readonly [days: number, rates: readonly (number | null)[]][] = [
    [2, [2, null, null]],
    [8, [2, 1, null]],
    [31, [2, 1, 1]],
  ];
  for (const [i, [days, expected]] of over.entries()) {
    const at = await retention(store, { ...query, nowMs: DAY + days * DAY_MS });
    const { d1, d7, d30 } = at.rows[0]!;
    assertEquals<unknown>([d1, d7, d30], expected);
    const before = await retention(store, {
      ...query,
      nowMs: DAY + days * DAY_MS - 1,
    });
    const last = before.rows[0]!;
    assertEquals([last.d1, last.d7, last.d30][i], null);
  }
});

Deno.test("retention() takes the build of the first session", async () => {
  const store = await storeOf(
    {
      session: "1",
      player: "p",
      build: "1",
      events: [["sessionStart", DAY]],
    },
    {
      session: "2",
      player: "p",
      build: "2",
      events: [["sessionStart", DAY + DAY_MS]],
    },
  );
  const nowMs = DAY + 40 * DAY_MS;
  const one = await retention(store, { ...ALL, build: "1", nowMs });
  assertEquals(one.total.d1, { of: 1, back: 1 });
  const two = await retention(store, { ...ALL, build: "2", nowMs });
  assertEquals(two.rows, []);
});

Deno.test("sessionsOverTime() and dropReport() call a session broken off after its idle time", async () => {
  const store = await storeOf(
    { session: "1", events: [["sessionStart", DAY], ["x", DAY + 1_000]] },
    {
      session: "2",
      events: [["sessionStart", DAY], ["sessionEnd", DAY, {
        reason: "closed",
      }]],
    },
  );
  for (const [pastMs, unclean] of [[499, 0], [500, 0], [501, 1]] as const) {
    const nowMs = DAY + 1_000 + pastMs;
    const query = { ...ALL, fromMs: DAY, nowMs, idleMs: 500 };
    const { total } = await sessionsOverTime(store, { ...query, step: "day" });
    assertEquals([total.running, total.unclean], [1 - unclean, unclean]);
    const report = await dropReport(store, query);
    assertEquals([report.sessions, report.uncleanSessions], [2, unclean]);
  }
});

Deno.test("sessionsOverTime() begins days with UTC and ends ranges before their end", async () => {
  const store = await storeOf(
    ...[DAY - 1, DAY, DAY + DAY_MS - 1, DAY + DAY_MS].map((timeMs, i) => ({
      session: `${i}`,
      events: [["sessionStart", timeMs] as const],
    })),
  );
  const query = { title: "game", nowMs: DAY, idleMs: 0 };
  const days = await sessionsOverTime(store, {
    ...query,
    step: "day",
    fromMs: DAY - 1,
    toMs: DAY + DAY_MS,
  });
  assertEquals(
    days.rows.map(({ startMs, sessions }) => [startMs, sessions]),
    [[DAY - DAY_MS, 1], [DAY, 2]],
  );
  const hours = await sessionsOverTime(store, {
    ...query,
    step: "hour",
    fromMs: DAY,
    toMs: DAY + DAY_MS + 1,
  });
  assertEquals(
    hours.rows.map(({ startMs, sessions }) => [startMs, sessions]),
    [[DAY, 1], [DAY + DAY_MS - HOUR_MS, 1], [DAY + DAY_MS, 1]],
  );
});

Deno.test("eventsOverTime() counts a day that begins before its range from the range on", async () => {
  const store = await storeOf({
    session: "1",
    events: [1, 12, 13, 23, 24, 25, 60].map((hour) =>
      ["x", DAY + hour * HOUR_MS] as const
    ),
  });
  const { rows, fromMs, toMs } = await eventsOverTime(store, {
    title: "game",
    fromMs: DAY + 12.5 * HOUR_MS,
    toMs: DAY + 24.5 * HOUR_MS,
    step: "day",
  });
  assertEquals([fromMs, toMs], [DAY + 12 * HOUR_MS, DAY + 25 * HOUR_MS]);
  assertEquals(
    rows.map(({ startMs, count }) => [startMs, count]),
    [[DAY, 3], [DAY + DAY_MS, 1]],
  );
});

Deno.test("queryFilters() puts builds in the order of their numbers", async () => {
  const builds = ["1.10.0", "1.9.0", "1.9.0-rc.1", "dev", "2", "1.9", "10"];
  const store = await storeOf(
    ...builds.map((build, i): Play => ({
      session: `${i}`,
      build,
      events: [["x", DAY]],
    })),
  );
  assertEquals((await queryFilters(store, ALL)).builds, [
    "1.9",
    "1.9.0",
    "1.9.0-rc.1",
    "1.10.0",
    "2",
    "10",
    "dev",
  ]);
});

Deno.test("sessionsOverTime() estimates players beyond its bound, and says so", async () => {
  const count = 1.25 * MAX_KEYS;
  const store = new MemoryAnalyticsStore();
  // Rows that no store could hold in a test's time.
  store.sessions = (_query, after, limit) => {
    const at = Number(after ?? 0);
    const rows = Array.from(
      { length: Math.min(limit, count - at) },
      (_, i) => ({
        title: "game",
        session: `${at + i}`,
        player: `p${at + i}`,
        build: "1",
        platform: "linux",
        startMs: DAY,
        lastMs: DAY + 1_000,
        endReason: "closed",
        events: 1,
        playerFirstMs: DAY,
      }),
    );
    const next = at + rows.length < count ? `${at + rows.length}` : undefined;
    return Promise.resolve({ rows, next });
  };
  const query = { ...ALL, fromMs: DAY, nowMs: DAY + 40 * DAY_MS, idleMs: 0 };
  const { total, share } = await sessionsOverTime(store, {
    ...query,
    step: "day",
  });
  assertEquals([share, total.sessions, total.newPlayers], [
    1 / 2,
    count,
    count,
  ]);
  assertAlmostEquals(total.players, count, count * 0.01);
  const back = await retention(store, query);
  assertEquals(back.share, 1 / 2);
  assertAlmostEquals(back.total.players, count, count * 0.01);
});

Deno.test("queries end when their signal says so", async () => {
  const store = await storeOf({ session: "1", events: [["x", DAY]] });
  const reason = new Error("gone");
  const signal = AbortSignal.abort(reason);
  const query = { ...ALL, fromMs: DAY, limit: 1 };
  await assertRejects(
    () => recentEvents(store, query, { signal }),
    Error,
    "gone",
  );
  const abort = new AbortController();
  let pages = 0;
  store.sessions = () => {
    if (++pages === 3) abort.abort(reason);
    return Promise.resolve({ rows: [], next: "more" });
  };
  const error = await assertRejects(() =>
    dropReport(store, { ...query, nowMs: 0, idleMs: 0 }, {
      signal: abort.signal,
    })
  );
  assert(error === reason);
  assertEquals(pages, 3);
});

Deno.test("queries refuse what is no range, and what is out of bounds", async () => {
  const store = await storeOf();
  for (const [fromMs, toMs] of [[2, 1], [NaN, 1], [0.5, 1], [0, Infinity]]) {
    const range = { title: "game", fromMs: fromMs!, toMs: toMs! };
    await assertRejects(
      () => eventsOverTime(store, { ...range, step: "day" }),
      RangeError,
      "fromMs <= toMs",
    );
    await assertRejects(
      () => recentEvents(store, { ...range, limit: 1 }),
      RangeError,
      "fromMs <= toMs",
    );
  }
  for (const limit of [0, 1_001, 1.5, NaN]) {
    await assertRejects(
      () => recentEvents(store, { ...ALL, limit }),
      RangeError,
      `limit must be an integer from 1 to 1000: current value is ${limit}`,
    );
  }
  for (
    const query of [{ steps: [{ event: "a" }] }, { withinMs: 0 }, {
      withinMs: 2_678_400_001,
    }]
  ) await assertRejects(() => countsOf(store, query), RangeError);
});
