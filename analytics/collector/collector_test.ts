import { assert, assertEquals, assertThrows } from "@std/assert";
import { renderOpenMetrics } from "../../core/mod.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { AnalyticsStore } from "../store/store.ts";
import {
  ADMIN_KEY,
  GAME_KEY,
  Harness,
  idOf,
  OTHER_KEY,
  READER_KEY,
  runOf,
  START_MS,
} from "./_testing/harness.ts";
import { AnalyticsCollector } from "./collector.ts";
import type { AnalyticsCollectorOptions } from "./collector_options.ts";
import { playerHash } from "./player_hash.ts";

const DAY_MS = 86_400_000;
const PLAYER = `/v1/players/${idOf(1_001)}`;

Deno.test("AnalyticsCollector refuses options that are none", () => {
  const store = new MemoryAnalyticsStore();
  const cases: [options: unknown, error: typeof TypeError, message: string][] =
    [
      [{ store: undefined }, TypeError, "store"],
      [{ apiKeys: [] }, RangeError, "apiKeys"],
      [{ apiKeys: [{ key: "a b", role: "game" }] }, RangeError, "apiKeys[0]"],
      [{ apiKeys: [{ key: "x", role: "reader" }] }, RangeError, "16"],
      [{ apiKeys: [{ key: "x", role: "server" }] }, RangeError, "role"],
      [
        { apiKeys: [{ key: "x", role: "game", title: "a/b" }] },
        RangeError,
        "title",
      ],
      [{ addressRate: { perSecond: 0, burst: 1 } }, RangeError, "refill"],
      [{ titleRate: { perSecond: 1, burst: 16_383 } }, RangeError, "titleRate"],
      [{ maxInFlightBytes: 8_388_607 }, RangeError, "maxInFlightBytes"],
      [{ eventRetentionMs: DAY_MS - 1 }, RangeError, "eventRetentionMs"],
      [{ eventRetentionMs: 401 * DAY_MS }, RangeError, "eventRetentionMs"],
      [{ rollupRetentionMs: 31 * DAY_MS - 1 }, RangeError, "rollupRetentionMs"],
      [{ basePath: "stats" }, RangeError, "basePath"],
      [{ events: [{ name: "death", fields: {} }] }, RangeError, "death"],
      [
        {
          events: [{
            name: "a",
            fields: { b: { kind: "text", maxLength: 9 } },
          }],
        },
        RangeError,
        "kind",
      ],
    ];
  for (const [options, error, message] of cases) {
    const all = { store, ...options as Partial<AnalyticsCollectorOptions> };
    assertThrows(() => new AnalyticsCollector(all), error, message);
  }
  new AnalyticsCollector({ store, rollupRetentionMs: 31 * DAY_MS });
});

Deno.test("AnalyticsCollector has its paths, for their methods", async () => {
  await using harness = new Harness({ basePath: "/stats" });
  for (
    const [method, path, status, allow] of [
      ["GET", "/stats/v1/batch", 405, "POST, OPTIONS"],
      ["PUT", "/stats/v1/batch", 405, "POST, OPTIONS"],
      ["POST", `/stats${PLAYER}`, 405, "GET, DELETE, HEAD, OPTIONS"],
      ["DELETE", "/stats/v1/query/deaths", 405, "GET, HEAD, OPTIONS"],
      ["GET", "/stats/v1/players", 404, null],
      ["GET", `/stats${PLAYER}/events`, 404, null],
      ["GET", "/stats/v1/query/secrets", 404, null],
      ["GET", "/stats/v1/", 404, null],
      ["GET", "/stats/v2/batch", 404, null],
      ["GET", PLAYER, 404, null],
      ["GET", "/stats/v1/%zz", 400, null],
      ["GET", `/stats/v1/${"x".repeat(8_192)}`, 400, null],
      ["GET", "/stats/v1/players/ada", 400, null],
      ["GET", `/stats${PLAYER}A`, 400, null],
      ["GET", `/stats${PLAYER}`, 200, null],
      ["OPTIONS", "/stats/v1/batch", 204, "GET, HEAD, POST, DELETE, OPTIONS"],
    ] as const
  ) {
    const answer = await harness.ask(method, path, { key: ADMIN_KEY });
    const where = `${method} ${path.slice(0, 50)}`;
    assertEquals(answer.status, status, where);
    assertEquals(answer.headers.get("allow"), allow, where);
    assertEquals(answer.headers.get("cache-control"), "no-store", where);
    if (status >= 400) assertEquals(typeof answer.body.code, "string", where);
  }
  const head = await harness.ask("HEAD", `/stats${PLAYER}`);
  assertEquals([head.status, head.text], [200, ""]);
  const type = head.headers.get("content-type");
  assertEquals(type, "application/json");
});

Deno.test("AnalyticsCollector gives a player what is stored of him, and nobody else's", async () => {
  await using harness = new Harness();
  await harness.send([
    runOf(),
    runOf({ s: idOf(2), e: [[1, 0, "sword", null]], c: undefined }),
    runOf({ s: idOf(3), i: idOf(1_002) }),
    // Without an id of the install, the session's own stands for the player.
    runOf({ s: idOf(4), i: undefined, e: [[1, 0, "bow"]] }),
  ]);
  const answer = await harness.ask("GET", PLAYER);
  assertEquals(answer.headers.get("content-type"), "application/json");
  const { sessions, events, isComplete } = answer.body;
  assertEquals(isComplete, true);
  assertEquals(sessions, [
    {
      session: idOf(1),
      build: "1.2.0",
      platform: "linux",
      start: START_MS - 5_000,
      last: START_MS - 2_950,
      endReason: "",
      events: 3,
    },
    {
      session: idOf(2),
      build: "1.2.0",
      platform: "linux",
      start: START_MS - 5_000,
      last: START_MS - 5_000,
      endReason: "",
      events: 1,
    },
  ]);
  assertEquals(events.length, 4);
  assertEquals(events.at(-1), {
    session: idOf(2),
    number: 17,
    time: START_MS - 5_000,
    event: "itemPickup",
    fields: { item: "sword" },
    common: {},
  });
  const own = await harness.ask("GET", `/v1/players/${idOf(4)}`);
  assertEquals(own.body.events.length, 1);
  const nobody = await harness.ask("GET", `/v1/players/${idOf(9)}`);
  assertEquals(nobody.text, '{"sessions":[],"events":[],"isComplete":true}');
  const elsewhere = await harness.ask("GET", PLAYER, { key: OTHER_KEY });
  assertEquals(elsewhere.body.events, []);
  // The hash, which a reader may see, opens nothing.
  const hash = await playerHash(idOf(1_001));
  const byHash = await harness.ask("GET", `/v1/players/${hash}`);
  assertEquals(byHash.body.events, []);
});

Deno.test("AnalyticsCollector gives a player more than fits into a page", async () => {
  await using harness = new Harness({
    store: new MemoryAnalyticsStore({ maxEvents: 100_000 }),
  });
  for (let k = 0; k < 12; k++) {
    await harness.send(
      Array.from({ length: 100 }, (_, i) => runOf({ s: idOf(k * 100 + i) })),
    );
  }
  const { body } = await harness.ask("GET", PLAYER);
  assertEquals(body.sessions.length, 1_200);
  assertEquals(body.events.length, 3_600);
  assertEquals(body.isComplete, true);
});

Deno.test("AnalyticsCollector reads a few players' data at a time, however many ask", async () => {
  class SlowStore extends MemoryAnalyticsStore {
    reading = 0;
    most = 0;
    override async events(
      ...args: Parameters<MemoryAnalyticsStore["events"]>
    ): ReturnType<MemoryAnalyticsStore["events"]> {
      this.most = Math.max(this.most, ++this.reading);
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.reading--;
      return await super.events(...args);
    }
  }
  const store = new SlowStore();
  await using harness = new Harness({ store });
  await harness.send([runOf()]);
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      () => harness.ask("GET", `/v1/players/${idOf(1_001)}`),
    ),
  );
  for (const { body } of answers) assertEquals(body.events.length, 3);
  assertEquals(store.most, 2);
});

Deno.test("AnalyticsCollector breaks off what it tells a player where the store fails", async () => {
  const store = new MemoryAnalyticsStore();
  let pages = 0;
  const { sessions } = store;
  store.sessions = (query, after, limit) => {
    pages += 1;
    if (pages === 3) return Promise.reject(new Error("no"));
    return sessions.call(store, query, after, Math.min(limit, 1));
  };
  await using harness = new Harness({ store });
  await harness.send([1, 2, 3].map((s) => runOf({ s: idOf(s) })));
  const response = await harness.collector.handler(
    new Request(`http://localhost${PLAYER}`, {
      headers: { "x-api-key": GAME_KEY },
    }),
  );
  assertEquals(response.status, 200);
  const outcome = await response.text().then(() => "whole", () => "broken off");
  assertEquals(outcome, "broken off");
  assertEquals(harness.metric("store_failures"), 1);
  pages = 2;
  assertEquals((await harness.ask("GET", PLAYER)).status, 503);
});

Deno.test("AnalyticsCollector erases a player, and takes nothing more of him", async () => {
  await using harness = new Harness();
  await harness.send([
    runOf(),
    runOf({ s: idOf(2) }),
    runOf({ s: idOf(3), i: idOf(1_002) }),
  ]);
  const erased = await harness.ask("DELETE", PLAYER);
  assertEquals([erased.status, erased.body], [200, { sessions: 2, events: 6 }]);
  const again = await harness.ask("DELETE", PLAYER);
  assertEquals([again.status, again.body], [200, { sessions: 0, events: 0 }]);
  const { body } = await harness.send([
    runOf({ n: 50 }),
    runOf({ s: idOf(3), i: idOf(1_002), n: 50 }),
  ]);
  assertEquals(body, {
    accepted: 3,
    duplicates: 0,
    refused: [["death", "erased", 2], ["itemPickup", "erased", 1]],
  });
  assertEquals((await harness.ask("GET", PLAYER)).body.events, []);
  const deaths = await harness.ask("GET", "/v1/query/deaths", {
    key: READER_KEY,
  });
  assertEquals(deaths.body.rows.length, 1);
  assertEquals(deaths.body.rows[0].count, 4);
  const drops = await harness.ask("GET", "/v1/query/drops", {
    key: READER_KEY,
  });
  assertEquals(drops.body.rows, []);
  assertEquals(harness.metric("erasures"), 2);
  assertEquals(harness.metric("refused_events", { reason: "erased" }), 3);
});

Deno.test("AnalyticsCollector lets each role do what is its own", async () => {
  await using harness = new Harness();
  for (
    const [method, path, ...statuses] of [
      ["GET", PLAYER, 200, 403, 200, 401],
      ["DELETE", PLAYER, 200, 403, 200, 401],
      ["GET", "/v1/query/deaths", 403, 200, 200, 401],
      ["GET", "/v1/query/recent", 403, 200, 200, 401],
      ["GET", "/v1/nothing", 404, 404, 404, 401],
    ] as const
  ) {
    for (const [i, key] of [GAME_KEY, READER_KEY, ADMIN_KEY, ""].entries()) {
      const answer = await harness.ask(method, path, { key });
      assertEquals(answer.status, statuses[i], `${method} ${path} ${key}`);
    }
  }
});

Deno.test("AnalyticsCollector without keys lets everybody do everything", async () => {
  const store = new MemoryAnalyticsStore();
  const collector = new AnalyticsCollector({ store });
  for (
    const [method, path] of [
      ["GET", PLAYER],
      ["DELETE", PLAYER],
      ["GET", "/v1/query/deaths"],
    ] as const
  ) {
    const request = new Request(`http://localhost${path}`, { method });
    const { status, body } = await collector.handler(request);
    await body?.cancel();
    assertEquals(status, 200, path);
  }
  await collector.close();
});

Deno.test("AnalyticsCollector lets pages of all origins ask what games ask, and of some the queries", async () => {
  const allowed = "https://dash.example";
  for (const origins of [undefined, [allowed]]) {
    await using harness = new Harness(
      origins === undefined ? {} : { allowedOrigins: origins },
    );
    for (const origin of [allowed, "https://game.itch.example"]) {
      const headers = { origin };
      const isAllowed = origins?.includes(origin) ?? false;
      const readers: [path: string, isReadable: boolean][] = [
        ["/v1/batch", true],
        [PLAYER, true],
        ["/v1/query/deaths", isAllowed],
        ["/v1/nothing", isAllowed],
        ["/v1/%zz", isAllowed],
      ];
      for (const [path, isReadable] of readers) {
        const where = `${origins} ${origin} ${path}`;
        for (const key of [GAME_KEY, READER_KEY, ""]) {
          const answer = await harness.ask("GET", path, { headers, key });
          assertEquals(
            answer.headers.get("access-control-allow-origin"),
            isReadable ? origin : null,
            where,
          );
          assertEquals(
            answer.headers.get("access-control-allow-credentials"),
            null,
          );
        }
        if (path.includes("%")) continue;
        const preflight = await harness.ask("OPTIONS", path, {
          key: "",
          headers: { origin, "access-control-request-method": "POST" },
        });
        assertEquals(preflight.status, 204, where);
        const fields = preflight.headers.get("access-control-allow-headers");
        assertEquals(fields !== null, isReadable, where);
        if (fields === null) continue;
        for (const field of ["Content-Encoding", "X-Api-Key"]) {
          assert(fields.split(", ").includes(field), field);
        }
      }
    }
  }
});

Deno.test("AnalyticsCollector gives queries a tag that changes with what is stored", async () => {
  await using harness = new Harness();
  const ask = (tag = '""') =>
    harness.ask("GET", "/v1/query/deaths", {
      key: READER_KEY,
      headers: { "if-none-match": tag },
    });
  const tagOf = async (): Promise<string> =>
    (await ask()).headers.get("etag") ?? "";
  const tags = [await tagOf()];
  assertEquals((await ask(tags[0])).status, 304);
  const steps: (() => Promise<unknown>)[] = [
    () => harness.send([runOf()]),
    () => harness.send([runOf({ n: 99, d: [["x"]], e: [[0, 0]] })]),
    () => harness.ask("DELETE", PLAYER),
  ];
  for (const step of steps) {
    await step();
    const tag = await tagOf();
    assert(!tags.includes(tag));
    assertEquals((await ask(tag)).status, 304);
    tags.push(tag);
  }
  await harness.send([]);
  assertEquals(await tagOf(), tags.at(-1));
});

Deno.test("AnalyticsCollector removes what is old, a slice with each tick", async () => {
  const store = new MemoryAnalyticsStore();
  await using harness = new Harness({
    store,
    eventRetentionMs: 2 * DAY_MS,
    rollupRetentionMs: 31 * DAY_MS,
  });
  await harness.send(
    Array.from(
      { length: 8 },
      (_, s) => runOf({ s: idOf(s), e: Array(500).fill([0, 0, "spikes", 1]) }),
    ),
  );
  const held = async () => (await store.eventsAfter(0, 10_000)).length;
  const tick = async (dt: number): Promise<void> => {
    harness.collector.tick(dt);
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  await tick(1);
  assertEquals(await held(), 4_000);
  harness.clock.advance(3 * DAY_MS);
  await tick(1);
  assertEquals(await held(), 4_000);
  await tick(60);
  assertEquals(await held(), 2_000);
  await tick(0);
  assertEquals(await held(), 0);
  const range = { title: "main", fromMs: 0, toMs: 4e12 };
  const counts = { ...range, metric: "event", stepMs: 0, by: [] };
  assertEquals((await store.counts(counts))[0]?.count, 4_000);
  assertEquals((await store.sessions(range, undefined, 10)).rows.length, 8);
  harness.clock.advance(31 * DAY_MS);
  for (let i = 0; i < 5; i++) await tick(60);
  assertEquals(await store.counts(counts), []);
  assertEquals((await store.sessions(range, undefined, 10)).rows.length, 0);
  assert(harness.metric("expired_rows") >= 4_000);
});

Deno.test("AnalyticsCollector tries again to remove what is old where the store failed", async () => {
  const store = new MemoryAnalyticsStore();
  let calls = 0;
  store.expire = () => {
    calls += 1;
    return Promise.reject(new Error("no"));
  };
  await using harness = new Harness({ store });
  for (let i = 0; i < 3; i++) {
    harness.collector.tick(60);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals([calls, harness.errors.length], [3, 3]);
});

Deno.test("AnalyticsCollector refuses what is no time to tick by", async () => {
  await using harness = new Harness();
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => harness.collector.tick(dt), RangeError, "dt");
  }
});

Deno.test("AnalyticsCollector answers 503 once it is closed, and ends what is under way", async () => {
  const memory = new MemoryAnalyticsStore();
  const { promise, resolve } = Promise.withResolvers<void>();
  const store: AnalyticsStore = Object.assign(memory, {
    write: async (...args: Parameters<AnalyticsStore["write"]>) => {
      await promise;
      return await MemoryAnalyticsStore.prototype.write.apply(memory, args);
    },
  });
  const harness = new Harness({ store });
  const sent = harness.send([runOf()]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(harness.metric("requests_in_flight"), 1);
  let isClosed = false;
  const closing = harness.collector.close().then(() => isClosed = true);
  const late = await harness.send([runOf({ n: 50 })]);
  assertEquals([late.status, late.headers.get("retry-after")], [503, "1"]);
  assertEquals(late.body.code, "unavailable");
  assertEquals(isClosed, false);
  resolve();
  assertEquals((await sent).body.accepted, 3);
  await closing;
  await harness.collector.close();
  harness.collector.tick(1);
  await store.close();
});

Deno.test("AnalyticsCollector tells its numbers as OpenMetrics", async () => {
  await using harness = new Harness();
  await harness.send([runOf({ d: [["x"]], e: [[0, 0]] })]);
  await harness.ask("GET", "/v1/nothing");
  const text = renderOpenMetrics(harness.collector.metrics());
  for (
    const line of [
      'tickwire_analytics_responses_total{status="404"} 1',
      'tickwire_analytics_refused_events_total{reason="unknownEvent"} 1',
      'tickwire_analytics_events_total{outcome="accepted"} 0',
      "tickwire_analytics_requests_in_flight 0",
    ]
  ) assert(text.includes(line), `${line} in ${text}`);
});
