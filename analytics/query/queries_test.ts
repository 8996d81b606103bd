import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  ANALYTICS_STORE_KINDS,
  type AnalyticsStoreKind,
} from "../_testing/analytics_stores.ts";
import { ExpectedAnswers } from "../_testing/expected_answers.ts";
import {
  type GeneratedSession,
  generateSessions,
  type GeneratorOptions,
} from "../_testing/generate_sessions.ts";
import { storedRunOf } from "../_testing/stored_runs.ts";
import { rollUp } from "../collector/roll_up.ts";
import type { AnalyticsStore, RangeQuery } from "../store/store.ts";
import { deaths } from "./deaths.ts";
import { dropReport } from "./drop_report.ts";
import { eventsOverTime } from "./events_over_time.ts";
import { funnel, type FunnelStep } from "./funnel.ts";
import { queryFilters } from "./query_filters.ts";
import { recentEvents } from "./recent_events.ts";
import { retention } from "./retention.ts";
import { sessionsOverTime } from "./sessions_over_time.ts";
import { sketchPercentiles } from "./sketch_percentiles.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const IDLE_MS = 1_800_000;
/** The end of a leap year's February is among the days. */
const NOW_MS = Date.UTC(2024, 2, 12, 21, 17, 3, 141);
/** What a sketch may be off by. */
const ERROR = 0.0055;

const FUNNELS: readonly (readonly FunnelStep[])[] = [
  [{ event: "sessionStart" }, { event: "floorComplete" }, { event: "death" }],
  [{ event: "floorComplete", where: { floor: "1" } }, {
    event: "floorComplete",
    where: { floor: "2" },
  }, { event: "bossEncounter", where: { won: "true", floor: "3" } }],
  [
    { event: "death" },
    { event: "death" },
    { event: "death" },
    { event: "sessionEnd", where: { reason: "closed" } },
  ],
  [{ event: "sessionStart", where: { isFirst: "true" } }, {
    event: "sessionStart",
    where: { isFirst: "false" },
  }],
  [{ event: "none" }, { event: "death", where: { none: "1" } }],
];

interface Rig extends AsyncDisposable {
  readonly store: AnalyticsStore;
  readonly expected: ExpectedAnswers;
  readonly sessions: readonly GeneratedSession[];
}

async function openRig(
  kind: AnalyticsStoreKind,
  options: GeneratorOptions,
): Promise<Rig> {
  const own = await kind.open();
  const sessions = [
    ...generateSessions({ keepsValues: true, nowMs: NOW_MS, ...options }),
  ];
  for (const session of sessions) {
    const run = await storedRunOf("game", session);
    // Another title's data must never be seen.
    await own.store.write([run, { ...run, title: "other" }], rollUp);
  }
  return {
    store: own.store,
    expected: new ExpectedAnswers(sessions),
    sessions,
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

/** Compares every query in a range with the plain count. */
async function checkAll(
  { store, expected }: Rig,
  range: Omit<RangeQuery, "title">,
  nowMs: number,
): Promise<void> {
  const query = { title: "game", ...range };
  for (const [step, stepMs] of [["hour", HOUR_MS], ["day", DAY_MS]] as const) {
    for (const by of ["none", "build", "platform"] as const) {
      const answer = await eventsOverTime(store, { ...query, step, by });
      assert(answer.isComplete);
      assertEquals(
        answer.rows,
        sorted(expected.events(range, stepMs, by)) as typeof answer.rows,
      );
    }
    const answer = await sessionsOverTime(store, {
      ...query,
      step,
      nowMs,
      idleMs: IDLE_MS,
    });
    const plain = expected.sessions(range, stepMs, nowMs, IDLE_MS);
    assertEquals(answer.share, 1);
    assertEquals(answer.rows.length, plain.rows.length);
    const pairs = [
      ...answer.rows.map((row, i) => [row, plain.rows[i]!] as const),
      [{ startMs: 0, ...answer.total }, plain.total] as const,
    ];
    for (const [{ medianMs, p90Ms, ...row }, { durations, ...sums }] of pairs) {
      assertEquals(row, sums);
      assertClose(medianMs, quantileOf(durations, 0.5));
      assertClose(p90Ms, quantileOf(durations, 0.9));
    }
  }
  const { rows, total, share } = await retention(store, { ...query, nowMs });
  assertEquals(share, 1);
  assertEquals({ rows, total } as unknown, expected.retention(range, nowMs));
  for (const steps of FUNNELS) {
    for (const by of ["player", "session"] as const) {
      for (const withinMs of [90_000, HOUR_MS, 7 * DAY_MS]) {
        const answer = await funnel(store, { ...query, steps, by, withinMs });
        assertEquals(answer.share, 1);
        const plain = expected.funnel(range, steps, by, withinMs);
        for (const [i, row] of answer.rows.entries()) {
          const { count, sinceLast, sinceFirst } = plain[i]!;
          assertEquals(row.step, steps[i]);
          assertEquals(row.count, count, `step ${i} of ${by}`);
          assertClose(row.medianMs, quantileOf(sinceLast, 0.5));
          assertClose(row.medianTotalMs, quantileOf(sinceFirst, 0.5));
        }
      }
    }
  }
  for (const metric of ["frameTime", "memoryUsage"] as const) {
    for (
      const by of [[], ["build"], ["platform"], ["build", "platform"]] as const
    ) {
      for (
        const [step, stepMs] of [
          [undefined, undefined],
          ["hour", HOUR_MS],
          ["day", DAY_MS],
        ] as const
      ) {
        const answer = await sketchPercentiles(store, {
          ...query,
          metric,
          by,
          ...(step === undefined ? {} : { step }),
        });
        assert(answer.isComplete);
        const plain = expected.values(range, metric, by, stepMs);
        assertEquals(answer.rows.length, plain.length);
        const ofRow = (
          it: { startMs: number; build: string; platform: string },
        ) => `${it.startMs} ${it.build} ${it.platform}`;
        const byRow = new Map(plain.map((it) => [ofRow(it), it]));
        for (const row of answer.rows) {
          const { values, hitches } = byRow.get(ofRow(row))!;
          assertEquals(row.count, values.length);
          assertEquals(row.hitches, hitches);
          assertEquals(row.max, values.at(-1));
          const sum = values.reduce((all, it) => all + it, 0);
          assertClose(row.mean, sum / values.length, 1e-9);
          assertClose(row.p50, quantileOf(values, 0.5));
          assertClose(row.p90, quantileOf(values, 0.9));
          assertClose(row.p95, quantileOf(values, 0.95));
          assertClose(row.p99, quantileOf(values, 0.99));
          assertClose(row.p999, quantileOf(values, 0.999));
        }
      }
    }
  }
  const died = await deaths(store, query);
  assertEquals(died.rows as unknown, expected.deaths(range));
  assertEquals(died.total, died.rows.reduce((sum, it) => sum + it.count, 0));
  const report = await dropReport(store, { ...query, nowMs, idleMs: IDLE_MS });
  const drops = expected.drops(range, nowMs, IDLE_MS);
  assertEquals(
    {
      rows: report.rows,
      accepted: report.accepted,
      dropped: report.dropped,
      sessions: report.sessions,
      uncleanSessions: report.uncleanSessions,
    },
    drops,
  );
  const lost = drops.dropped;
  assertEquals(
    report.lostShare,
    lost === 0 ? 0 : lost / (lost + drops.accepted),
  );
  const { events, builds, platforms } = await queryFilters(store, query);
  const plain = expected.filters(range);
  assertEquals(events, plain.events.toSorted());
  assertEquals(platforms, plain.platforms.toSorted());
  assertEquals(builds.toSorted(), plain.builds.toSorted());
  for (const limit of [1, 30, 1_000]) {
    const recent = await recentEvents(store, { ...query, limit });
    assertEquals(
      recent.map(({ session, player, number }) =>
        `${session === player ? "" : session} ${number}`
      ),
      expected.recent(range, limit),
    );
  }
}

for (const kind of ANALYTICS_STORE_KINDS) {
  Deno.test(`queries over ${kind.name} are what a plain count gives`, async () => {
    const count = IS_SOAK ? 60 : 3;
    for (let seed = 1; seed <= count; seed++) {
      const random = new SeededRandom(seed);
      const players = 1 + Math.floor(random.nextFloat() * 25);
      const days = 1 + Math.floor(random.nextFloat() * 40);
      await using rig = await openRig(kind, {
        seed,
        players,
        days,
        framesPerMinute: 20,
      });
      for (let i = 0; i < 4; i++) {
        const range = randomRange(random, rig.sessions, days);
        // Now may be in the middle of it all: what is later is then of clocks that are ahead.
        const nowMs = random.nextFloat() < 0.5
          ? NOW_MS
          : NOW_MS - Math.floor(random.nextFloat() * days * DAY_MS);
        try {
          await checkAll(rig, range, nowMs);
        } catch (error) {
          throw new Error(
            `seed ${seed}, ${JSON.stringify({ ...range, nowMs, i })}`,
            { cause: error },
          );
        }
      }
    }
  });
}

/** A range with whatever ends, often those of hours, days and months, and of events. */
function randomRange(
  random: SeededRandom,
  sessions: readonly GeneratedSession[],
  days: number,
): Omit<RangeQuery, "title"> {
  function pick<T>(values: readonly T[]): T {
    return values[Math.floor(random.nextFloat() * values.length)]!;
  }
  function time(): number {
    const timeMs = NOW_MS - Math.floor(random.nextFloat() * days * DAY_MS);
    switch (pick(["any", "hour", "day", "month", "event"])) {
      case "hour":
        return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
      case "day":
        return Math.floor(timeMs / DAY_MS) * DAY_MS;
      case "month":
        return Date.UTC(2024, 2, 1);
      case "event":
        return pick(pick(sessions).events).timeMs;
    }
    return timeMs;
  }
  let [fromMs, toMs] = [time(), time()].sort((a, b) => a - b) as [
    number,
    number,
  ];
  if (random.nextFloat() < 0.4) {
    fromMs = NOW_MS - days * DAY_MS;
    toMs = NOW_MS;
  }
  const { build, platform } = pick(sessions);
  return {
    fromMs,
    toMs,
    ...(random.nextFloat() < 0.3 ? { build } : {}),
    ...(random.nextFloat() < 0.3 ? { platform } : {}),
  };
}

/** What a sketch estimates: the value of this rank. */
function quantileOf(values: readonly number[], q: number): number {
  return values[Math.floor(q * (values.length - 1))] ?? 0;
}

function assertClose(actual: number, expected: number, error = ERROR): void {
  assert(
    Math.abs(actual - expected) <= error * Math.abs(expected),
    `${actual} is not close to ${expected}`,
  );
}

function sorted(rows: readonly unknown[]): unknown[] {
  const keys = rows.map((row) => {
    const { startMs, event, build, platform } = row as Record<string, string>;
    return [`${startMs}`.padStart(16, "0"), event, build, platform].join("\0");
  });
  return rows.map((row, i) => [keys[i]!, row] as const)
    .sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
}
