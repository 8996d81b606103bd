import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Clock, SeededRandom } from "../../core/mod.ts";
import { HttpProblem, Query } from "../../http/server/mod.ts";
import { generateSessions } from "../_testing/generate_sessions.ts";
import { storedRunOf } from "../_testing/stored_runs.ts";
import type { AnalyticsRole, Call } from "../collector/call.ts";
import { rollUp } from "../collector/roll_up.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { AnalyticsStore } from "../store/store.ts";
import { ChangeCounts } from "./change_counts.ts";
import { deaths } from "./deaths.ts";
import { dropReport } from "./drop_report.ts";
import { eventsOverTime } from "./events_over_time.ts";
import { funnel } from "./funnel.ts";
import { queryFilters } from "./query_filters.ts";
import { QueryRoutes, type QueryRoutesOptions } from "./query_routes.ts";
import { recentEvents } from "./recent_events.ts";
import { retention } from "./retention.ts";
import { sessionsOverTime } from "./sessions_over_time.ts";
import { sketchPercentiles } from "./sketch_percentiles.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2025, 10, 26, 12, 34, 56, 789);
const IDLE_MS = 1_800_000;

interface Ask {
  readonly role?: AnalyticsRole;
  readonly title?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly kind?: typeof Request;
}

/** Routes over a store, with a clock that is set. */
class Rig {
  readonly store: AnalyticsStore;
  readonly changes = new ChangeCounts();
  readonly routes: QueryRoutes;
  nowMs = NOW_MS;

  constructor(
    store: AnalyticsStore,
    options: Partial<QueryRoutesOptions> = {},
  ) {
    this.store = store;
    this.routes = new QueryRoutes({
      changes: (title) => this.changes.of(title),
      run: "a",
      ...options,
    });
  }

  static async filled(seed = 1): Promise<Rig> {
    const store = new MemoryAnalyticsStore({ maxEvents: 1_000_000 });
    const sessions = generateSessions({
      seed,
      players: 30,
      days: 20,
      nowMs: NOW_MS,
      framesPerMinute: 10,
    });
    for (const session of sessions) {
      await store.write([await storedRunOf("game", session)], rollUp);
    }
    return new Rig(store);
  }

  /** Asks as the collector does: a problem becomes the answer. */
  async ask(path: string, ask: Ask = {}): Promise<Response> {
    const { role = "reader", title = "game", method = "GET" } = ask;
    try {
      const url = new URL(`https://collector/v1/${path}`);
      const clock: Clock = {
        nowMs: () => this.nowMs,
        epochMs: () => this.nowMs,
      };
      const call: Call = {
        request: new (ask.kind ?? Request)(url, {
          method,
          ...(ask.headers === undefined ? {} : { headers: ask.headers }),
          ...(ask.signal === undefined ? {} : { signal: ask.signal }),
        }),
        method,
        url,
        query: new Query(url.search),
        segments: url.pathname.slice(4).split("/"),
        title,
        role,
        store: this.store,
        eventNames: new Set(),
        clock,
        require(...roles) {
          if (roles.includes(role)) return;
          throw new HttpProblem("forbidden", 403, "Cannot answer");
        },
      };
      const answer = this.routes.handle(call);
      if (answer === undefined) return new Response(null, { status: 404 });
      return await answer;
    } catch (error) {
      if (error instanceof HttpProblem) return error.toResponse();
      throw error;
    }
  }

  async json(path: string): Promise<Record<string, unknown>> {
    const response = await this.ask(path);
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("content-type"), "application/json");
    return await response.json();
  }
}

Deno.test("QueryRoutes give what the queries do", async () => {
  const rig = await Rig.filled();
  const { store } = rig;
  const toMs = Date.UTC(2025, 10, 26, 13);
  const range = { title: "game", fromMs: toMs - 7 * DAY_MS, toMs };
  const minute = Math.floor(NOW_MS / 60_000) * 60_000;
  const whole = { from: range.fromMs, to: toMs };

  const filters = await queryFilters(store, range);
  assertEquals(await rig.json("query/filters"), {
    ...whole,
    events: filters.events,
    builds: filters.builds,
    platforms: filters.platforms,
  });
  assert(filters.builds.length > 1 && filters.platforms.length > 1);

  const events = await eventsOverTime(store, {
    ...range,
    step: "hour",
    events: ["death", "itemPickup"],
    by: "build",
  });
  assert(events.rows.length > 10);
  assertEquals(
    await rig.json("query/events?step=hour&event=death,itemPickup&by=build"),
    {
      ...whole,
      rows: events.rows.map(({ startMs, event, build, count }) => ({
        start: startMs,
        event,
        build,
        count,
      })),
      isComplete: true,
    },
  );

  const sessions = await sessionsOverTime(store, {
    ...range,
    platform: "windows",
    step: "day",
    nowMs: minute,
    idleMs: IDLE_MS,
  });
  assert(sessions.rows.length > 3);
  const rounded = (
    { medianMs, p90Ms, ...sums }: typeof sessions.total,
  ): Record<string, unknown> => ({
    ...sums,
    medianMs: Math.round(medianMs),
    p90Ms: Math.round(p90Ms),
  });
  assertEquals(await rig.json("query/sessions?platform=windows"), {
    ...whole,
    rows: sessions.rows.map(({ startMs, ...sums }) => ({
      start: startMs,
      ...rounded(sums),
    })),
    total: rounded(sessions.total),
    share: 1,
  });

  const month = { ...range, fromMs: toMs - 60 * DAY_MS };
  const back = await retention(store, { ...month, nowMs: NOW_MS });
  assert(back.total.d7.of > 0);
  assertEquals(await rig.json("query/retention"), {
    from: month.fromMs,
    to: toMs,
    rows: back.rows.map(({ startMs, ...it }) => ({ start: startMs, ...it })),
    total: { ...back.total },
    share: 1,
  });

  const steps = [
    { event: "sessionStart" },
    { event: "floorComplete", where: { floor: "2" } },
    { event: "bossEncounter", where: { won: "true", boss: "slime king" } },
  ];
  const way = await funnel(store, {
    ...range,
    steps,
    by: "session",
    withinMs: HOUR_MS,
  });
  assert(way.rows[2]!.count > 0);
  assertEquals(
    await rig.json(
      "query/funnel?steps=sessionStart,floorComplete;floor=2,bossEncounter;won=true;boss=slime+king&by=session&withinMs=3600000",
    ),
    {
      ...whole,
      rows: way.rows.map(({ count, medianMs, medianTotalMs }, i) => ({
        step: [
          "sessionStart",
          "floorComplete;floor=2",
          "bossEncounter;won=true;boss=slime king",
        ][i],
        count,
        medianMs: Math.round(medianMs),
        medianTotalMs: Math.round(medianTotalMs),
      })),
      share: 1,
    },
  );

  const frames = await sketchPercentiles(store, {
    ...range,
    metric: "frameTime",
    by: ["build", "platform"],
  });
  assert(frames.rows.length > 5);
  assertEquals(await rig.json("query/frames?by=build,platform"), {
    ...whole,
    rows: frames.rows.map(({ startMs: _, count, ...row }) => ({
      ...row,
      frames: count,
    })),
    isComplete: true,
  });

  const memory = await sketchPercentiles(store, {
    ...range,
    metric: "memoryUsage",
    by: [],
    step: "day",
  });
  assert(memory.rows.length > 3);
  assertEquals(await rig.json("query/memory?by=none&step=day"), {
    ...whole,
    rows: memory.rows.map(({ startMs, hitches: _, ...row }) => ({
      start: startMs,
      ...row,
    })),
    isComplete: true,
  });

  const died = await deaths(store, range);
  assert(died.rows.length > 5);
  assertEquals(await rig.json("query/deaths"), {
    ...whole,
    rows: [...died.rows],
    total: died.total,
    isComplete: true,
  });

  const { fromMs: _from, toMs: _to, ...report } = await dropReport(store, {
    ...range,
    nowMs: minute,
    idleMs: IDLE_MS,
  });
  assert(report.rows.length > 0 && report.uncleanSessions > 0);
  assertEquals(await rig.json("query/drops"), {
    ...whole,
    ...report,
    rows: [...report.rows],
  });

  const recent = await recentEvents(store, { ...range, limit: 5 });
  assertEquals(await rig.json("query/recent?limit=5"), {
    ...whole,
    rows: recent.map((it) => ({
      timeMs: it.timeMs,
      name: it.name,
      session: it.session,
      number: it.number,
      player: it.player,
      build: it.build,
      platform: it.platform,
      common: JSON.parse(it.common),
      data: JSON.parse(it.data),
    })),
  });
});

/** Path, the field that is at fault, and what the message says. */
const PROBLEMS: readonly (readonly [string, string, string])[] = [
  ["events?stepp=day", "stepp", 'current value is "stepp"'],
  ["events?step=week", "step", 'one of hour, day: current value is "week"'],
  ["events?by=player", "by", "one of none, build, platform"],
  ["events?event=a-b", "event", 'current value is "a-b"'],
  ["events?event=a,,b", "event", 'current value is ""'],
  ["events?event=a,b,c,d,e,f,g,h,i,j,k", "event", "at most 10"],
  ["events?from=x", "from", 'current value is "x"'],
  ["events?from=-1", "from", "integer from 0 to 8640000000000000"],
  ["events?from=1.5", "from", "integer"],
  ["events?from=1e3", "from", "integer"],
  ["events?to=0", "to", "integer from 1"],
  ["events?to=8640000000000001", "to", "integer"],
  ["events?to=99999999999999999999", "to", "integer"],
  ["events?from=5&to=5", "from", "before to, which is 5: current value is 5"],
  ["events?from=6&to=5", "from", "before to"],
  ["events?from=0&to=34560000001", "from", "at most 400 days before to"],
  [`events?build=${"b".repeat(129)}`, "build", "at most 128 characters"],
  [`events?platform=${"b".repeat(999)}`, "platform", "at most 128"],
  ["events?format=xml", "format", "one of json, csv"],
  ["events?build=%ff", "build", "percent-encoded"],
  ["events?limit=1", "limit", "every parameter must be one of"],
  ["retention?step=day", "step", "every parameter must be one of"],
  ["funnel", "steps", "2 to 10 events"],
  ["funnel?steps=death", "steps", "current length is 1"],
  ["funnel?steps=a,b,c,d,e,f,g,h,i,j,k", "steps", "current length is 11"],
  ["funnel?steps=a,", "steps", 'current value is ""'],
  ["funnel?steps=a,b;floor", "steps", 'field=value: current value is "floor"'],
  ["funnel?steps=a,b;=3", "steps", "field=value"],
  ["funnel?steps=a,b;x=%22", "steps", "field=value"],
  ["funnel?steps=a,b;a=1;a=2;a=3;a=4;a=5", "steps", "at most 4 conditions"],
  ["funnel?steps=a,b&by=build", "by", "one of player, session"],
  ["funnel?steps=a,b&withinMs=0", "withinMs", "from 1 to 2678400000"],
  ["funnel?steps=a,b&withinMs=2678400001", "withinMs", "from 1 to"],
  ["frames?by=platform,build", "by", "none, build, platform, build,platform"],
  ["memory?step=minute", "step", "one of none, hour, day"],
  ["recent?limit=0", "limit", "integer from 1 to 1000"],
  ["recent?limit=1001", "limit", 'current value is "1001"'],
];

Deno.test("QueryRoutes say which parameter is wrong, and what is allowed", async () => {
  const rig = new Rig(new MemoryAnalyticsStore());
  for (const [path, field, text] of PROBLEMS) {
    const response = await rig.ask(`query/${path}`);
    const problem = await response.json();
    assertEquals(response.status, 400, path);
    assertEquals(problem.code, "invalidRequest");
    assertEquals(problem.field, field, path);
    assertStringIncludes(problem.message, text);
    assert(problem.message.length < 300, problem.message);
  }
  // What is at the bounds, what is empty, and a key.
  for (
    const path of [
      "events?from=0&to=34560000000",
      "events?from=8639999999999999&to=8640000000000000",
      "events?from=&to=&step=&event=&build=&platform=&by=&format=&key=abc",
      `events?build=${"b".repeat(128)}&platform=%E2%98%83`,
      "funnel?steps=a,a;x=1;y=-1.5;z=a+b;w=true&withinMs=2678400000",
      "recent?limit=1000",
    ]
  ) {
    const response = await rig.ask(`query/${path}`);
    assertEquals(response.status, 200, path);
    await response.body?.cancel();
  }
});

Deno.test("QueryRoutes answer readers and admins, by GET", async () => {
  const rig = new Rig(new MemoryAnalyticsStore());
  const paths = [
    "filters",
    "events",
    "sessions",
    "retention",
    "funnel?steps=a,b",
    "frames",
    "memory",
    "deaths",
    "drops",
    "recent",
  ];
  for (const path of paths) {
    const statuses = [];
    for (const role of ["game", "reader", "admin"] as const) {
      const response = await rig.ask(`query/${path}`, { role });
      await response.body?.cancel();
      statuses.push(response.status);
    }
    assertEquals(statuses, [403, 200, 200]);
    const posted = await rig.ask(`query/${path}`, { method: "POST" });
    assertEquals(posted.status, 405);
    assertEquals(posted.headers.get("allow"), "GET, HEAD, OPTIONS");
  }
  for (const path of ["query", "query/none", "query/events/x", "batch"]) {
    assertEquals((await rig.ask(path)).status, 404);
  }
});

Deno.test("QueryRoutes answer an unchanged question without the store", async () => {
  const rig = await Rig.filled();
  const first = await rig.ask("query/deaths");
  const tag = first.headers.get("etag")!;
  assert(/^W\/"[0-9a-f]{16}"$/.test(tag), tag);
  assertEquals(first.headers.get("cache-control"), "private, no-cache");
  await first.body?.cancel();
  await rig.store.close();
  // From here on whatever reads the store fails.
  for (
    const named of [tag, tag.slice(2), "*", `"x", ${tag}`, `W/"y" ,${tag},"z"`]
  ) {
    const same = await rig.ask("query/deaths", {
      headers: { "if-none-match": named },
    });
    assertEquals(same.status, 304, named);
    assertEquals(same.headers.get("etag"), tag);
    assertEquals(await same.text(), "");
  }
  assertEquals(rig.routes.notModified, 5);
});

Deno.test("QueryRoutes give another tag to whatever may have another answer", async () => {
  const rig = await Rig.filled();
  async function tagOf(path: string, ask?: Ask): Promise<string> {
    const response = await rig.ask(`query/${path}`, ask);
    assertEquals(response.status, 200);
    await response.body?.cancel();
    return response.headers.get("etag")!;
  }
  const tags = new Set<string>();
  const asked = [
    "deaths",
    "deaths?format=csv",
    "deaths?build=1.0.0",
    "deaths?platform=1.0.0",
    "deaths?from=1000",
    "drops",
    "sessions",
    "sessions?step=hour",
    "frames",
    "memory",
    "frames?by=build",
    "frames?step=day",
    "events?by=build",
    "events?event=death",
    "funnel?steps=a,b",
    "funnel?steps=b,a",
    "funnel?steps=a,b;x=1",
    "funnel?steps=a,b&by=session",
    "funnel?steps=a,b&withinMs=1",
    "recent?limit=1",
    "recent?limit=2",
    "retention",
    "filters",
  ].map((path) => path === "deaths?from=1000" ? `${path}&to=2000` : path);
  for (const path of asked) tags.add(await tagOf(path));
  assertEquals(tags.size, asked.length);
  assertEquals(await tagOf("deaths?build="), await tagOf("deaths"));

  const before = await tagOf("deaths");
  rig.changes.add("other");
  assertEquals(await tagOf("deaths"), before);
  assert(await tagOf("deaths", { title: "other" }) !== before);
  rig.changes.add("game");
  const after = await tagOf("deaths");
  assert(after !== before);
  rig.changes.add();
  assert(await tagOf("deaths") !== after);
  const restarted = new Rig(rig.store, { run: "b" });
  for (let i = 0; i < 2; i++) restarted.changes.add("game");
  const other = await restarted.ask("query/deaths");
  await other.body?.cancel();
  assert(other.headers.get("etag") !== await tagOf("deaths"));
});

Deno.test("QueryRoutes give a new tag when time makes an answer another one", async () => {
  const rig = await Rig.filled();
  async function tagsAt(nowMs: number): Promise<string[]> {
    rig.nowMs = nowMs;
    const tags = [];
    for (const path of ["deaths", "sessions", "retention?to=1764200000000"]) {
      const response = await rig.ask(`query/${path}`);
      await response.body?.cancel();
      tags.push(response.headers.get("etag")!);
    }
    return tags;
  }
  const [deaths0, sessions0, retention0] = await tagsAt(NOW_MS);
  const minute = Math.floor(NOW_MS / 60_000) * 60_000;
  assertEquals(await tagsAt(minute), [deaths0, sessions0, retention0]);
  assertEquals(await tagsAt(minute + 59_999), [deaths0, sessions0, retention0]);
  const [deaths1, sessions1, retention1] = await tagsAt(minute + 60_000);
  assertEquals([deaths1, retention1], [deaths0, retention0]);
  assert(sessions1 !== sessions0);
  // The range ends with the hour, and days of retention with the day.
  const [deaths2, , retention2] = await tagsAt(Date.UTC(2025, 10, 26, 13));
  assert(deaths2 !== deaths0);
  assertEquals(retention2, retention0);
  const [, , retention3] = await tagsAt(Date.UTC(2025, 10, 27));
  assert(retention3 !== retention0);
});

Deno.test("QueryRoutes write CSV that no spreadsheet runs", async () => {
  const store = new MemoryAnalyticsStore();
  const rig = new Rig(store);
  await store.write([{
    title: "game",
    session: "AAECAwQFBgcICQoLDA0ODw",
    player: "EBESExQVFhcYGRobHB0eHw",
    build: '=HYPERLINK("https://x")',
    platform: "a,b",
    common: '{"region":"eu"}',
    receivedMs: NOW_MS,
    events: [{
      number: 0,
      name: "death",
      timeMs: Date.UTC(2025, 10, 26),
      data: '{"cause":"+1","floor":-3}',
    }],
  }], rollUp);
  const response = await rig.ask("query/recent?format=csv");
  assertEquals(
    response.headers.get("content-type"),
    "text/csv; charset=utf-8; header=present",
  );
  assertEquals(
    response.headers.get("content-disposition"),
    'attachment; filename="recent.csv"',
  );
  assertEquals(
    await response.text(),
    "timeMs,name,session,number,player,build,platform,common,data\r\n" +
      "2025-11-26T00:00:00.000Z,death,AAECAwQFBgcICQoLDA0ODw,0,EBESExQVFhcYGRobHB0eHw," +
      `"'=HYPERLINK(""https://x"")","a,b","{""region"":""eu""}",` +
      '"{""cause"":""+1"",""floor"":-3}"\r\n',
  );
  assertEquals(
    await (await rig.ask("query/deaths?format=csv")).text(),
    `floor,cause,count\r\n-3,"'+1",1\r\n`,
  );
  assertEquals(
    await (await rig.ask("query/retention?format=csv")).text(),
    "start,players,d1,d7,d30,share\r\n2025-11-26T00:00:00.000Z,1,,,,1\r\n",
  );
  assertEquals(
    await (await rig.ask("query/filters?format=csv")).text(),
    'kind,value\r\nevent,death\r\nbuild,"\'=HYPERLINK(""https://x"")"\r\nplatform,"a,b"\r\n',
  );
});

Deno.test("QueryRoutes stream long answers, the same as short ones", async () => {
  const rig = await Rig.filled(3);
  const path = "query/events?step=hour&by=platform&from=1762000000000";
  const { rows } = await rig.json(path) as { rows: Record<string, unknown>[] };
  assert(rows.length > 1_000, `${rows.length}`);
  const { fromMs, toMs, rows: whole } = await eventsOverTime(rig.store, {
    title: "game",
    fromMs: 1_762_000_000_000,
    toMs: Date.UTC(2025, 10, 26, 13),
    step: "hour",
    by: "platform",
  });
  assert(fromMs < toMs);
  assertEquals(
    rows,
    whole.map(({ startMs, event, platform, count }) => ({
      start: startMs,
      event,
      platform,
      count,
    })),
  );
  const csv = await (await rig.ask(`${path}&format=csv`)).text();
  const lines = csv.split("\r\n");
  assertEquals(lines.length, rows.length + 2);
  assertEquals(lines[0], "start,event,platform,count");
  assertEquals(
    lines.slice(1, -1),
    whole.map((it) =>
      `${
        new Date(it.startMs).toISOString()
      },${it.event},${it.platform},${it.count}`
    ),
  );
});

/** A store whose answers to `counts` come when a test says so. */
class SlowStore extends MemoryAnalyticsStore {
  readonly open: (() => void)[] = [];

  override async counts(): Promise<[]> {
    await new Promise<void>((resolve) => this.open.push(resolve));
    return [];
  }
}

Deno.test("QueryRoutes run a few queries at a time, let some wait, and refuse the rest", async () => {
  const store = new SlowStore();
  const rig = new Rig(store, { maxRunning: 2, maxWaiting: 3 });
  const asked = Array.from({ length: 5 }, () => rig.ask("query/deaths"));
  await settle();
  assertEquals([rig.routes.running, rig.routes.waiting], [2, 3]);
  const refused = await rig.ask("query/deaths");
  assertEquals(refused.status, 503);
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals((await refused.json()).code, "unavailable");
  assertEquals(rig.routes.refused, 1);
  let answered = 0;
  while (answered < 5) {
    assert(rig.routes.running <= 2);
    store.open.shift()!();
    answered++;
    await settle();
  }
  for (const response of await Promise.all(asked)) {
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }
  assertEquals([rig.routes.running, rig.routes.waiting], [0, 0]);
});

Deno.test("QueryRoutes give up what nobody waits for any more", async () => {
  const store = new SlowStore();
  const rig = new Rig(store, { maxRunning: 1, maxWaiting: 2 });
  const running = new AbortController();
  const waiting = new AbortController();
  const first = rig.ask("query/deaths", { signal: running.signal });
  const second = rig.ask("query/deaths", { signal: waiting.signal });
  const third = rig.ask("query/deaths");
  await settle();
  waiting.abort();
  assertEquals((await second).status, 503);
  assertEquals([rig.routes.running, rig.routes.waiting], [1, 1]);
  running.abort();
  store.open.shift()!();
  assertEquals((await first).status, 503);
  await settle();
  assertEquals([rig.routes.running, rig.routes.waiting], [1, 0]);
  store.open.shift()!();
  assertEquals((await third).status, 200);
  assertEquals(rig.routes.running, 0);
});

Deno.test("QueryRoutes do not ask whether somebody waits for what takes no time", async () => {
  // Deno has a line for stderr where the signal of a request is read.
  class UnheardRequest extends Request {
    override get signal(): AbortSignal {
      throw new Error("It was read");
    }
  }
  const rig = await Rig.filled(2);
  const response = await rig.ask("query/deaths", { kind: UnheardRequest });
  assertEquals(response.status, 200);
});

Deno.test("QueryRoutes give up what takes too long", async () => {
  class EndlessStore extends MemoryAnalyticsStore {
    override async sessions(): Promise<{ rows: []; next: string }> {
      await settle();
      return { rows: [], next: "1.1" };
    }
  }
  const rig = new Rig(new EndlessStore(), { maxRunMs: 30 });
  const response = await rig.ask("query/sessions");
  assertEquals(response.status, 503);
  assertStringIncludes((await response.json()).message, "longer than 30 ms");
  assertEquals([rig.routes.running, rig.routes.timedOut], [0, 1]);
});

Deno.test("QueryRoutes answer whatever they are asked with 200 or 400", async () => {
  const rig = await Rig.filled(2);
  const count = IS_SOAK ? 20_000 : 300;
  const names = [
    ..."from to build platform format step by event steps withinMs limit key x"
      .split(" "),
  ];
  const values = [
    ..."0 1 -1 1e9 NaN day hour none build platform csv json session death death,death death;floor=1,death 1764160000000 1763000000000 1.0.0 linux %ff %00 ;;; a=b , %F0%9F%98%80"
      .split(" "),
    "",
    "9".repeat(17),
    "x".repeat(500),
  ];
  const paths =
    "filters events sessions retention funnel frames memory deaths drops recent"
      .split(" ");
  const statuses = new Map<number, number>();
  for (let seed = 1; seed <= count; seed++) {
    const random = new SeededRandom(seed);
    const pick = <T>(all: readonly T[]): T =>
      all[Math.floor(random.nextFloat() * all.length)]!;
    const params = Array.from(
      { length: Math.floor(random.nextFloat() * 4) },
      () => `${pick(names)}=${pick(values)}`,
    );
    const path = `query/${pick(paths)}?${params.join("&")}`;
    const response = await rig.ask(path);
    const text = await response.text();
    const { status } = response;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    assert(status === 200 || status === 400, `seed ${seed}: ${path}`);
    const isCsv = response.headers.get("content-type")!.startsWith("text/csv");
    if (!isCsv) JSON.parse(text);
    if (status === 400) {
      const { code, field } = JSON.parse(text);
      assertEquals(code, "invalidRequest");
      assert(field === undefined || names.includes(field), path);
    }
  }
  assert(statuses.get(200)! > count / 20 && statuses.get(400)! > count / 20);
});

/** Lets everything that is ready go on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
