import { assert, assertEquals } from "@std/assert";
import { gzip } from "../../http/server/_testing/bodies.ts";
import { AnalyticsError } from "../analytics_error.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { AnalyticsStore } from "../store/store.ts";
import {
  ADMIN_KEY,
  type Answer,
  dumpOf,
  GAME_KEY,
  Harness,
  idOf,
  OTHER_KEY,
  READER_KEY,
  type Run,
  runOf,
  START_MS,
} from "./_testing/harness.ts";
import { playerHash } from "./player_hash.ts";
import { rollUp } from "./roll_up.ts";

const UTF8 = new TextEncoder();
const DAY_MS = 86_400_000;
const RANGE = { title: "main", fromMs: 0, toMs: 4e12 };

/** What of an answer tells how it went. */
function outcomeOf({ status, body }: Answer): string {
  return status === 200
    ? `${body.accepted} ${body.duplicates} ${JSON.stringify(body.refused)}`
    : `${status} ${body.code} ${body.field ?? ""}`.trim();
}

Deno.test("AnalyticsCollector stores what is in a batch, and not twice", async () => {
  await using harness = new Harness();
  assertEquals(outcomeOf(await harness.send([runOf()])), "3 0 []");
  assertEquals(outcomeOf(await harness.send([runOf()])), "0 3 []");
  const { rows } = await harness.store.events(RANGE, undefined, 10);
  assertEquals(
    rows.map(({ number, name, timeMs, data, common, build, platform }) => [
      ...[number, name, timeMs - START_MS, data, common, build, platform],
    ]),
    [
      [
        ...[17, "death", -5_000, '{"cause":"spikes","floor":3}'],
        ...['{"region":"eu"}', "1.2.0", "linux"],
      ],
      [
        ...[18, "itemPickup", -4_750, '{"item":"potion","floor":3}'],
        ...['{"region":"eu"}', "1.2.0", "linux"],
      ],
      [
        ...[19, "death", -2_950, '{"cause":"spikes","floor":3}'],
        ...['{"region":"eu"}', "1.2.0", "linux"],
      ],
    ],
  );
  // Of the ids that came, only one is stored, and of the player's only its hash.
  assertEquals(rows.map(({ session }) => session), Array(3).fill(idOf(1)));
  assert(!(await dumpOf(harness.store)).includes(idOf(1_001)));
  assertEquals(harness.metric("batches"), 2);
  assertEquals(harness.metric("events", { outcome: "accepted" }), 3);
  assertEquals(harness.metric("events", { outcome: "duplicate" }), 3);
});

Deno.test("AnalyticsCollector counts a batch once that comes many times at once", async () => {
  await using harness = new Harness();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => harness.send([runOf(), runOf()])),
  );
  let accepted = 0;
  for (const { status, body } of answers) {
    assertEquals(status, 200);
    assertEquals(body.accepted + body.duplicates, 6);
    accepted += body.accepted;
  }
  assertEquals(accepted, 3);
  const deaths = await harness.store.counts({
    ...RANGE,
    metric: "death",
    stepMs: 0,
    by: ["key1", "key2"],
  });
  assertEquals(deaths.map(({ key1, key2, count }) => [key1, key2, count]), [
    ["spikes", "3", 2],
  ]);
});

Deno.test("AnalyticsCollector takes the new events of a run that overlaps another", async () => {
  await using harness = new Harness();
  await harness.send([runOf({ n: 10 })]);
  assertEquals(outcomeOf(await harness.send([runOf({ n: 12 })])), "2 1 []");
  assertEquals(
    outcomeOf(
      await harness.send([
        runOf({ n: 0 }),
        runOf({ s: idOf(2), n: 0 }),
        runOf({ n: 1 }),
      ]),
    ),
    "7 2 []",
  );
});

Deno.test("AnalyticsCollector keeps titles apart", async () => {
  await using harness = new Harness();
  await harness.send([runOf()]);
  const other = await harness.send([runOf()], { key: OTHER_KEY });
  assertEquals(outcomeOf(other), "3 0 []");
  const { rows } = await harness.store.events(
    { ...RANGE, title: "other" },
    undefined,
    10,
  );
  assertEquals(rows.length, 3);
});

Deno.test("AnalyticsCollector refuses an event for what is wrong with it, and takes the others", async () => {
  const sketch = [3, 1, 2, 0, -1, 1, 64, 1];
  const cases: [definition: unknown[], values: unknown[], reason: string][] = [
    [["elixir", "kind"], ["red"], "unknownEvent"],
    [["toString"], [], "unknownEvent"],
    [["death", "cause", "floor", "who"], ["lava", 1, "me"], "unknownField"],
    [["death", "cause", "floor"], ["lava", 1, 2], "unknownField"],
    [["death", "cause", "floor", "constructor"], ["a", 1, 2], "unknownField"],
    [["death", "cause"], ["lava"], "missingField"],
    [["death", "cause", "floor"], ["lava"], "missingField"],
    [["death", "cause", "floor"], [null, 1], "missingField"],
    [["death", "cause", "floor"], ["lava", 1.5], "invalidField"],
    [["death", "cause", "floor"], ["lava", "1"], "invalidField"],
    [["death", "cause", "floor"], [["lava"], 1], "invalidField"],
    [["death", "cause", "floor"], [{ toString: 1 }, 1], "invalidField"],
    [["death", "cause", "floor"], ["a\nb", 1], "invalidField"],
    [["death", "cause", "floor"], ["x".repeat(65), 1], "invalidField"],
    [["death", "cause", "floor"], ["", 1], "invalidField"],
    [["death", "cause", "floor"], ["ada@example.com", 1], "personalData"],
    [["death", "cause", "floor"], ["203.0.113.7", 1], "personalData"],
    [["sessionStart", "isFirst", "isResumed"], [1, 0], "invalidField"],
    [["frameTime", "sketch", "hitches"], [[1, 2], 0], "invalidField"],
    [
      ["frameTime", "sketch", "hitches"],
      [[3, 1, 2, 0, -1, -5], 0],
      "invalidField",
    ],
    [["frameTime", "sketch", "hitches"], [sketch, 0.5], "invalidField"],
  ];
  await using harness = new Harness();
  for (const [i, [definition, values, reason]] of cases.entries()) {
    const answer = await harness.send([runOf({
      s: idOf(100 + i),
      d: [definition, ["death", "cause", "floor"]],
      e: [[1, 0, "spikes", 1], [0, 0, ...values], [1, 0, "spikes", 1]],
    })]);
    assertEquals(
      outcomeOf(answer),
      `2 0 [["${definition[0]}","${reason}",1]]`,
      `case ${i}`,
    );
  }
  const drops = await harness.store.counts({
    ...RANGE,
    metric: "drop",
    stepMs: 0,
    by: ["key1", "key2"],
  });
  assertEquals(
    drops.find(({ key1 }) => key1 === "unknown"),
    {
      startMs: 0,
      key1: "unknown",
      key2: "refused: unknownEvent",
      build: "",
      platform: "",
      count: 2,
    },
  );
  const total = drops.reduce((sum, { count }) => sum + count, 0);
  assertEquals(total, cases.length);
  assertEquals(harness.metric("refused_events"), cases.length);
});

Deno.test("AnalyticsCollector counts what it refused once where the answer was lost", async () => {
  await using harness = new Harness();
  const run = runOf({ e: [[0, 0, "spikes", 3], [1, 0, 7, 3]] });
  await harness.send([run]);
  const again = await harness.send([run]);
  assertEquals(outcomeOf(again), '0 1 [["itemPickup","invalidField",1]]');
  const drops = await harness.store.counts({
    ...RANGE,
    metric: "drop",
    stepMs: 0,
    by: ["key1", "key2"],
  });
  assertEquals(drops.map(({ key1, key2, count }) => [key1, key2, count]), [
    ["itemPickup", "refused: invalidField", 1],
  ]);
  assertEquals(harness.metric("refused_events"), 1);
});

Deno.test("AnalyticsCollector counts the refusals of all runs of a batch at once", async () => {
  class SlowStore extends MemoryAnalyticsStore {
    counting = 0;
    most = 0;
    override async count(
      ...args: Parameters<MemoryAnalyticsStore["count"]>
    ): Promise<void> {
      this.most = Math.max(this.most, ++this.counting);
      await new Promise((resolve) => setTimeout(resolve, 0));
      await super.count(...args);
      this.counting--;
    }
  }
  const store = new SlowStore();
  await using harness = new Harness({ store });
  const runs = Array.from(
    { length: 9 },
    (_, i) => runOf({ s: idOf(i), e: [[0, 0]] }),
  );
  assertEquals(
    outcomeOf(await harness.send(runs)),
    '0 0 [["death","missingField",9]]',
  );
  // Each waits for its commit: one after another they would take as many.
  assertEquals(store.most, 9);
});

Deno.test("AnalyticsCollector refuses a batch that is none, and stores nothing of it", async () => {
  const one = runOf();
  const ids = ["", "x", `${idOf(1)}A`, idOf(1).slice(1), `${"A".repeat(21)}B`];
  const runs: [field: string, run: unknown][] = [
    ["runs.1", null],
    ["runs.1", []],
    ["runs.1", "run"],
    ...ids.map((s): [string, Run] => ["runs.1.s", runOf({ s })]),
    ...ids.map((i): [string, Run] => ["runs.1.i", runOf({ i })]),
    ["runs.1.i", runOf({ i: null })],
    ["runs.1.s", runOf({ s: 7 })],
    ["runs.1.b", runOf({ b: "" })],
    ["runs.1.b", runOf({ b: 1 })],
    ["runs.1.b", runOf({ b: "ada@example.com" })],
    ["runs.1.p", runOf({ p: "x".repeat(65) })],
    ["runs.1.p", runOf({ p: undefined })],
    ["runs.1.c", runOf({ c: [] })],
    ["runs.1.c", runOf({ c: { "a b": 1 } })],
    ["runs.1.c", runOf({ c: { a: { b: 1 } } })],
    ["runs.1.c", runOf({ c: { a: "203.0.113.7" } })],
    ["runs.1.c", runOf({ c: { a: null } })],
    [
      "runs.1.c",
      runOf({
        c: Object.fromEntries(
          Array.from({ length: 33 }, (_, i) => [`a${i}`, 1]),
        ),
      }),
    ],
    ["runs.1.n", runOf({ n: -1 })],
    ["runs.1.n", runOf({ n: 0.5 })],
    ["runs.1.n", runOf({ n: Number.MAX_SAFE_INTEGER })],
    ["runs.1.t", runOf({ t: "now" })],
    ["runs.1.t", runOf({ t: 1e300 })],
    ["runs.1.d", runOf({ d: {} })],
    ["runs.1.d", runOf({ d: [[]] })],
    ["runs.1.d", runOf({ d: ["death"] })],
    ["runs.1.d", runOf({ d: [["death", 1]] })],
    ["runs.1.d", runOf({ d: [["death", "floor", "floor"]] })],
    ["runs.1.d", runOf({ d: [["ada@example.com"]] })],
    ["runs.1.d", runOf({ d: Array(257).fill(["death"]) })],
    ["runs.1.e", runOf({ e: {} })],
    ["runs.1.e.0", runOf({ e: [7] })],
    ["runs.1.e.0", runOf({ e: [[]] })],
    ["runs.1.e.0", runOf({ e: [[2, 0]] })],
    ["runs.1.e.0", runOf({ e: [[-1, 0]] })],
    ["runs.1.e.0", runOf({ e: [["length", 0]] })],
    ["runs.1.e.0", runOf({ e: [["constructor", 0]] })],
    ["runs.1.e.0", runOf({ e: [[0, "0"]] })],
    ["runs.1.e.1", runOf({ e: [[0, 0, "a", 1], [0, 0.5]] })],
    ["runs.1.e.1", runOf({ e: [[0, 9e15, "a", 1], [0, 9e15, "a", 1]] })],
    ["runs.1.e", runOf({ e: Array(16_384).fill([0, 0, "a", 1]) })],
  ];
  const batches: [field: string, batch: unknown][] = [
    ["v", {}],
    ["v", { v: 2, sentAt: START_MS, runs: [] }],
    ["v", { v: "1", sentAt: START_MS, runs: [] }],
    ["sentAt", { v: 1, runs: [] }],
    ["sentAt", { v: 1, sentAt: -1, runs: [] }],
    ["sentAt", { v: 1, sentAt: 1.5, runs: [] }],
    ["runs", { v: 1, sentAt: START_MS }],
    ["runs", { v: 1, sentAt: START_MS, runs: Array(257).fill(one) }],
    ...runs.map(([field, run]): [string, unknown] => [
      field,
      { v: 1, sentAt: START_MS, runs: [one, run] },
    ]),
  ];
  await using harness = new Harness();
  for (const [i, [field, body]] of batches.entries()) {
    const answer = await harness.ask("POST", "/v1/batch", { body });
    const where = `case ${i}: ${field}`;
    assertEquals(outcomeOf(answer), `400 invalidRequest ${field}`, where);
    assert(answer.body.message.startsWith("Cannot read the batch as "), where);
    assert(!/example|203\.0/.test(answer.text), where);
  }
  assertEquals(harness.metric("batches"), 0);
  assertEquals((await harness.store.eventsAfter(0, 1)).length, 0);
  assertEquals(harness.errors, []);
});

Deno.test("AnalyticsCollector takes batches up to their bounds", async () => {
  await using harness = new Harness({
    store: new MemoryAnalyticsStore({ maxEvents: 200_000 }),
  });
  const runs = Array.from({ length: 256 }, (_, s) =>
    runOf({
      s: idOf(s),
      e: Array.from({ length: 64 }, () => [0, 1, "spikes", 3]),
    }));
  assertEquals(outcomeOf(await harness.send(runs)), "16384 0 []");
  assertEquals(outcomeOf(await harness.send([])), "0 0 []");
  assertEquals(outcomeOf(await harness.send([runOf({ e: [] })])), "0 0 []");
});

Deno.test("AnalyticsCollector corrects the error of a client's clock beyond 5 seconds", async () => {
  for (
    const [errorMs, shiftMs] of [
      [0, 0],
      [2_000, 0],
      [-2_000, 0],
      [5_000, 0],
      [5_001, -5_001],
      [-5_001, 5_001],
      [DAY_MS, -DAY_MS],
      [-DAY_MS, DAY_MS],
      [-START_MS, START_MS],
    ] as const
  ) {
    await using harness = new Harness();
    const run = runOf({
      t: Math.max(0, START_MS - 60_000 + errorMs),
      c: undefined,
    });
    const sentAt = START_MS + errorMs;
    const answer = await harness.send([run], { sentAt });
    assertEquals(outcomeOf(answer), "3 0 []", `${errorMs}`);
    const [row] = await harness.store.eventsAfter(0, 1);
    assertEquals(row?.timeMs, (run.t as number) + shiftMs, `${errorMs}`);
    assertEquals(row?.common, "{}");
  }
});

Deno.test("AnalyticsCollector refuses events of the future, and of more than 30 days ago", async () => {
  for (
    const [atMs, isTaken] of [
      [5_000, true],
      [5_001, false],
      [-30 * DAY_MS, true],
      [-30 * DAY_MS - 1, false],
      [-START_MS, false],
    ] as const
  ) {
    await using harness = new Harness();
    const run = runOf({ t: START_MS + atMs, e: [[0, 0, "spikes", 3]] });
    assertEquals(
      outcomeOf(await harness.send([run])),
      isTaken ? "1 0 []" : '0 0 [["death","invalidTime",1]]',
      `${atMs}`,
    );
  }
  // Among others, and after a step of the clock back.
  await using harness = new Harness();
  const e = [
    [0, 0, "spikes", 3],
    [0, 20_000, "spikes", 3],
    [0, -19_000, "spikes", 3],
  ];
  assertEquals(
    outcomeOf(await harness.send([runOf({ e })])),
    '2 0 [["death","invalidTime",1]]',
  );
});

Deno.test("AnalyticsCollector takes bodies as pages send them, and compressed", async () => {
  await using harness = new Harness();
  const bodyOf = (s: number): Uint8Array<ArrayBuffer> =>
    UTF8.encode(
      JSON.stringify({ v: 1, sentAt: START_MS, runs: [runOf({ s: idOf(s) })] }),
    );
  const zipped = await gzip(bodyOf(2));
  const post = (
    path: string,
    key: string,
    body: Uint8Array,
    headers: Record<string, string>,
  ): Promise<Answer> => harness.ask("POST", path, { key, body, headers });
  const text = { "content-type": "text/plain;charset=UTF-8" };
  const path = `/v1/batch?key=${GAME_KEY}`;
  assertEquals(outcomeOf(await post(path, "", bodyOf(1), text)), "3 0 []");
  assertEquals(outcomeOf(await post(path, "", zipped, text)), "3 0 []");
  const encoded = { "content-encoding": "gzip" };
  assertEquals(
    outcomeOf(
      await post("/v1/batch", GAME_KEY, await gzip(bodyOf(3)), encoded),
    ),
    "3 0 []",
  );
  for (
    const [body, headers, outcome] of [
      [bodyOf(4), { "content-type": "text/html" }, "415 unsupportedMediaType"],
      [bodyOf(4), { "content-encoding": "br" }, "415 unsupportedMediaType"],
      [bodyOf(4), encoded, "400 invalidRequest"],
      [zipped.slice(0, -9), {}, "400 invalidRequest"],
      [new Uint8Array(524_289), {}, "413 bodyTooLarge"],
      [await gzip(new Uint8Array(4_194_305)), {}, "413 bodyTooLarge"],
      [await gzip(new Uint8Array(4_194_304)), {}, "400 invalidRequest"],
      [await gzip(new Uint8Array(300_000_000)), {}, "413 bodyTooLarge"],
      [UTF8.encode("{"), {}, "400 invalidRequest"],
      [UTF8.encode("[1]"), {}, "400 invalidRequest"],
      [UTF8.encode("[".repeat(500_000)), {}, "400 invalidRequest"],
      [new Uint8Array([0x22, 0xff, 0x22]), {}, "400 invalidRequest"],
      [new Uint8Array(0), {}, "400 invalidRequest"],
    ] as [Uint8Array<ArrayBuffer>, Record<string, string>, string][]
  ) {
    const answer = await post("/v1/batch", GAME_KEY, body, headers);
    assertEquals(outcomeOf(answer), outcome, `${body.length} bytes`);
  }
  assertEquals(harness.metric("in_flight_bytes"), 0);
});

Deno.test("AnalyticsCollector bounds what is under way", async () => {
  await using harness = new Harness({ maxInFlightBytes: 8_388_608 });
  const waiting: ReadableStreamDefaultController<Uint8Array>[] = [];
  const bodies = Array.from(
    { length: 16 },
    () =>
      new ReadableStream<Uint8Array>({ start: (it) => void waiting.push(it) }),
  );
  const pending = bodies.map((body) =>
    harness.ask("POST", "/v1/batch", { body })
  );
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(harness.metric("requests_in_flight"), 16);
  // Whoever only says that he sends takes no room from those who do.
  assertEquals(outcomeOf(await harness.send([runOf()])), "3 0 []");
  for (const it of waiting) it.enqueue(new Uint8Array(524_288));
  while (harness.metric("in_flight_bytes") < 8_388_608) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const refused = await harness.send([runOf()]);
  assertEquals(outcomeOf(refused), "503 unavailable");
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(refused.body.retryAfterMs, 1_000);
  assertEquals(harness.metric("overloaded"), 1);
  for (const controller of waiting) controller.close();
  for (const { status } of await Promise.all(pending)) {
    assertEquals(status, 400);
  }
  assertEquals(harness.metric("in_flight_bytes"), 0);
  assertEquals(outcomeOf(await harness.send([runOf({ n: 20 })])), "3 0 []");
});

Deno.test("AnalyticsCollector limits addresses and titles", async () => {
  await using harness = new Harness({
    addressRate: { perSecond: 1, burst: 2 },
    titleRate: { perSecond: 10, burst: 16_384 },
    trustedProxies: ["10.0.0.1"],
  });
  const from = "203.0.113.7";
  const send = (from: string, key = GAME_KEY, headers = {}): Promise<Answer> =>
    harness.send([runOf()], { from, key, headers });
  assertEquals((await send(from)).status, 200);
  assertEquals((await send(from, "wrong")).status, 401);
  const refused = await send(from);
  assertEquals(outcomeOf(refused), "429 rateLimited");
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals((await send("203.0.113.8")).status, 200);
  assertEquals((await send(from, ADMIN_KEY)).status, 200);
  assertEquals(
    (await send("10.0.0.1", GAME_KEY, { "x-forwarded-for": from })).status,
    429,
  );
  harness.clock.advance(1_000);
  assertEquals((await send(from)).status, 200);
  assertEquals(harness.metric("rate_limited", { by: "address" }), 2);

  const many = runOf({ e: Array(16_000).fill([0, 0, "spikes", 3]) });
  const late = await harness.send([many, runOf({ s: idOf(9) })]);
  assertEquals(late.status, 200);
  const full = await harness.send([many]);
  assertEquals(outcomeOf(full), "429 rateLimited");
  assert(full.body.retryAfterMs > 1_000_000);
  assertEquals(harness.metric("rate_limited", { by: "title" }), 1);
  // Another title's are its own.
  const other = await harness.send([many], { key: OTHER_KEY });
  assertEquals(other.status, 200);
});

Deno.test("AnalyticsCollector says when to send again what a store did not take", async () => {
  const memory = new MemoryAnalyticsStore();
  let failure: Error | undefined;
  const store: AnalyticsStore = new Proxy(memory, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) =>
        failure === undefined || name === "close"
          ? value.apply(target, args)
          : Promise.reject(failure);
    },
  });
  await using harness = new Harness({ store });
  for (
    const [thrown, retryAfter] of [
      [new Error("disk on fire"), "1"],
      [new AnalyticsError("storeFailed", "no"), "1"],
      [new AnalyticsError("full", "no"), "60"],
      [new AnalyticsError("closed", "no"), "1"],
    ] as const
  ) {
    failure = thrown;
    const answer = await harness.send([runOf()]);
    assertEquals(outcomeOf(answer), "503 unavailable");
    assertEquals(answer.headers.get("retry-after"), retryAfter);
    assert(!answer.text.includes("disk"));
    assert(harness.errors.includes(thrown));
  }
  failure = undefined;
  assertEquals(outcomeOf(await harness.send([runOf()])), "3 0 []");
  failure = new Error("again");
  assertEquals((await harness.send([runOf()])).status, 503);
  const failures = harness.metric("store_failures");
  assertEquals(failures, harness.errors.length);
  assert(failures >= 5);
});

Deno.test("AnalyticsCollector says what it took though refusals could not be counted", async () => {
  const memory = new MemoryAnalyticsStore();
  memory.count = () => Promise.reject(new Error("no"));
  await using harness = new Harness({ store: memory });
  const answer = await harness.send([
    runOf({ e: [[0, 0, "a", 1], [0, 0, 1, 1]] }),
  ]);
  assertEquals(outcomeOf(answer), '1 0 [["death","invalidField",1]]');
  assertEquals(harness.errors.length, 1);
});

Deno.test("AnalyticsCollector lets games and admins send, and nobody else", async () => {
  await using harness = new Harness();
  for (
    const [key, status] of [
      [GAME_KEY, 200],
      [ADMIN_KEY, 200],
      [READER_KEY, 403],
      ["", 401],
      ["nobody", 401],
    ] as const
  ) {
    const answer = await harness.send([runOf()], { key });
    assertEquals(answer.status, status, key);
  }
  for (const key of [READER_KEY, ADMIN_KEY, "", "%"]) {
    const answer = await harness.ask("POST", `/v1/batch?key=${key}`, {
      key: "",
      body: {},
    });
    assertEquals(answer.status, key === "%" ? 400 : 401, key);
  }
});

Deno.test("AnalyticsCollector counts labels beyond their bound as others, also after a restart", async () => {
  const store = new MemoryAnalyticsStore({ maxEvents: 200_000 });
  await using harness = new Harness({ store });
  const definition = { d: [["death", "cause", "floor"]] };
  const causes = (from: number, count: number): unknown[] =>
    Array.from({ length: count }, (_, i) => [0, 0, `cause ${from + i}`, 1]);
  await harness.send([runOf({ ...definition, e: causes(0, 10_001) })]);
  for (let i = 0; i < 12; i++) {
    await harness.send(Array.from({ length: 100 }, (_, k) =>
      runOf({
        s: idOf(100 + i * 100 + k),
        b: `build ${i * 100 + k}`,
        p: `platform ${i * 100 + k}`,
        e: [[0, 0, "cause 1", i]],
      })));
  }
  // "1.2.0" and "linux" were first.
  const rowsBy = async (
    metric: string,
    by: "key1" | "key2" | "build" | "platform",
  ): Promise<Map<string, number>> => {
    const rows = await store.counts({ ...RANGE, metric, stepMs: 0, by: [by] });
    return new Map(rows.map((row) => [row[by], row.count]));
  };
  const builds = await rowsBy("event", "build");
  assertEquals([builds.size, builds.get("other")], [1_001, 201]);
  const platforms = await rowsBy("event", "platform");
  assertEquals([platforms.size, platforms.get("other")], [101, 1_101]);
  const deaths = await rowsBy("death", "key1");
  assertEquals([deaths.size, deaths.get("other")], [10_001, 1]);

  await using restarted = new Harness({ store });
  await restarted.send([
    runOf({ s: idOf(3), ...definition, b: "new", e: causes(20_000, 1) }),
    runOf({ s: idOf(4), ...definition, e: causes(0, 1) }),
  ]);
  assertEquals((await rowsBy("event", "build")).get("other"), 202);
  const after = await rowsBy("death", "key1");
  assertEquals([after.get("other"), after.get("cause 0")], [2, 2]);

  // What was not seen for 30 days makes room.
  restarted.clock.advance(31 * DAY_MS);
  const fresh = runOf({ s: idOf(5), b: "new", t: START_MS + 31 * DAY_MS });
  await restarted.send([fresh]);
  assertEquals((await rowsBy("event", "build")).get("new"), 3);
});

Deno.test("AnalyticsCollector counts causes and floors beyond 20000 pairs as others, also after a restart", async () => {
  const store = new MemoryAnalyticsStore({ maxEvents: 200_000 });
  const query = {
    ...RANGE,
    metric: "death",
    stepMs: 0,
    by: ["key1", "key2"],
  } as const;
  const send = async (
    harness: Harness,
    from: number,
    count: number,
  ): Promise<void> => {
    // 200 causes and 150 floors.
    const events = Array.from({ length: count }, (_, i) => {
      const pair = from + i;
      return [0, 0, `cause ${pair % 200}`, Math.floor(pair / 200)];
    });
    const run = runOf({ d: [["death", "cause", "floor"]], n: from, e: events });
    assertEquals(outcomeOf(await harness.send([run])), `${count} 0 []`);
  };
  await using harness = new Harness({ store });
  await send(harness, 0, 16_000);
  await using restarted = new Harness({ store });
  await send(restarted, 16_000, 14_000);
  const rows = await store.counts(query);
  const isOther = ({ key1 }: { key1: string }): boolean => key1 === "other";
  assertEquals(rows.filter((row) => !isOther(row)).length, 20_000);
  assertEquals(rows.filter(isOther).length, 50);
  assertEquals(rows.reduce((sum, { count }) => sum + count, 0), 30_000);
  // What was counted as another one is taken from there again.
  await store.erase("main", await playerHash(idOf(1_001)), rollUp);
  assertEquals(await store.counts(query), []);
});

Deno.test("AnalyticsCollector counts floors beyond what any game has as others", async () => {
  await using harness = new Harness();
  const floors = [-1_000, -1_001, 8_999, 9_000, Number.MAX_SAFE_INTEGER];
  const e = floors.map((floor) => [0, 0, "fall", floor]);
  await harness.send([runOf({ e })]);
  const rows = await harness.store.counts({
    ...RANGE,
    metric: "death",
    stepMs: 0,
    by: ["key2"],
  });
  assertEquals(
    new Set(rows.map(({ key2 }) => key2)),
    new Set(["-1000", "8999", "other"]),
  );
});

Deno.test("AnalyticsCollector takes the game's own events", async () => {
  await using harness = new Harness({
    events: [{
      name: "shopOpened",
      fields: {
        shop: { kind: "label" },
        mood: { kind: "choice", of: ["fair", "foul"] },
        gold: { kind: "float", min: 0, optional: true },
        isNew: { kind: "bool" },
      },
    }],
  });
  const answer = await harness.send([runOf({
    d: [["shopOpened", "isNew", "gold", "mood", "shop"]],
    e: [
      [0, 0, true, 1.5e21, "fair", "smithy"],
      [0, 0, false, null, "foul", "inn"],
      [0, 0, false, -0, "foul", "inn"],
      [0, 0, false, 1, "sad", "inn"],
    ],
  })]);
  assertEquals(outcomeOf(answer), '3 0 [["shopOpened","invalidField",1]]');
  const rows = await harness.store.eventsAfter(0, 10);
  assertEquals(rows.map(({ data }) => JSON.parse(data)), [
    { isNew: true, gold: 1.5e21, mood: "fair", shop: "smithy" },
    { isNew: false, mood: "foul", shop: "inn" },
    { isNew: false, gold: 0, mood: "foul", shop: "inn" },
  ]);
});
