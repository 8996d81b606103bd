import { assert, assertEquals } from "@std/assert";
import { FileJournal } from "../../core/deno.ts";
import { ManualClock } from "../../core/mod.ts";
import type { FakeCall } from "../../http/_testing/fake_fetch.ts";
import { AnalyticsCollector } from "../collector/collector.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { defineEvent } from "../event/define_event.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import { ClientRig, DEATH, ENDPOINT, START_MS } from "./_testing/client_rig.ts";
import { textOf } from "./_testing/fake_collector.ts";

const KEYS = [
  { key: "game-key", role: "game", title: "main" },
  { key: "a-key-of-the-admin", role: "admin", title: "main" },
] as const;
const SHOP = defineEvent("shopOpened", {
  shop: { kind: "label" },
  gold: { kind: "int", optional: true },
  mood: { kind: "choice", of: ["good", "bad"], optional: true },
});
const DAY_MS = 86_400_000;

/** A collector of this package in place of the network. */
class RealCollector {
  readonly clock = new ManualClock({ epochMs: START_MS });
  readonly store = new MemoryAnalyticsStore();
  readonly collector = new AnalyticsCollector({
    store: this.store,
    apiKeys: KEYS,
    events: [SHOP.definition],
    basePath: "/analytics",
    clock: this.clock,
  });

  connect(rig: ClientRig): ClientRig {
    return rig.answerBy((call) => this.#handle(call));
  }

  async get(path: string): Promise<Record<string, unknown>> {
    const response = await this.collector.handler(
      new Request(`${ENDPOINT}/v1/${path}`, {
        headers: { "x-api-key": "a-key-of-the-admin" },
      }),
    );
    return await response.json();
  }

  /** How many events of each name there are. */
  async counts(): Promise<Record<string, number>> {
    const { rows } = await this.get(
      `query/events?step=day&from=${START_MS - DAY_MS}&to=${
        START_MS + 9 * DAY_MS
      }`,
    ) as { rows: { event: string; count: number }[] };
    const counts: Record<string, number> = {};
    for (const { event, count } of rows) {
      counts[event] = (counts[event] ?? 0) + count;
    }
    return counts;
  }

  #handle(call: FakeCall): Promise<Response> {
    const { method = "GET", body = null } = call.init;
    return this.collector.handler(
      new Request(call.url, { method, body, headers: call.headers }),
    );
  }
}

Deno.test("Analytics and AnalyticsCollector understand each other", async () => {
  const real = new RealCollector();
  // The client's clock is a day ahead.
  const clock = new ManualClock({ epochMs: START_MS + DAY_MS });
  const rig = real.connect(
    new ClientRig({
      clock,
      apiKey: "game-key",
      identity: "install",
      common: { region: "eu", beta: true, tier: 2 },
      events: [SHOP.definition],
      sample: { itemPickup: 0 },
    }),
  );
  await rig.enable();
  const { analytics } = rig;
  const events = [
    DEATH,
    AnalyticsEvent.death({ cause: "a-b_c:d/e.f +g", floor: -1, x: 0.1, y: -0 }),
    AnalyticsEvent.bossEncounter({
      boss: "Rat King",
      floor: 3,
      won: true,
      durationMs: 61_000,
      damageTaken: 1e-7,
    }),
    AnalyticsEvent.achievement({ achievement: "first blood" }),
    AnalyticsEvent.floorComplete({ floor: 3, durationMs: 1, items: 2 }),
    AnalyticsEvent.custom({ key: "seed", value: 1e21 }),
    AnalyticsEvent.exception({
      name: "Error",
      message: 'a "quoted" \\ text\n',
      stack: "at x (y.js:1:2)\n\tat z",
      isFatal: false,
      count: 1,
    }),
    SHOP.create({ shop: "smithy", mood: "good" }),
  ];
  for (const event of events) assert(analytics.record(event), event.name);
  analytics.record(AnalyticsEvent.itemPickup({ item: "potion" }));
  for (let frame = 0; frame < 100; frame++) analytics.recordFrame(16);
  analytics.recordMemory(123_456_789);
  await rig.flush();
  assertEquals(rig.all("uploaded").flatMap(({ refused }) => refused), []);
  // What a page sends while it is closed is understood as well.
  analytics.record(DEATH);
  analytics.handlePageHide();
  await rig.step();
  await rig.flush();
  await analytics.close();

  assertEquals(await real.counts(), {
    sessionStart: 1,
    sessionEnd: 1,
    death: 3,
    bossEncounter: 1,
    achievement: 1,
    floorComplete: 1,
    custom: 1,
    exception: 1,
    shopOpened: 1,
    frameTime: 1,
    memoryUsage: 1,
    drop: 1,
  });
  const { rows } = await real.get("query/drops") as { rows: unknown[] };
  assertEquals(rows, [{ event: "itemPickup", reason: "sampled", count: 1 }]);
});

Deno.test("Analytics has its data erased by AnalyticsCollector", async () => {
  const real = new RealCollector();
  for (const identity of ["install", "session"] as const) {
    const rig = real.connect(new ClientRig({ apiKey: "game-key", identity }));
    await rig.enable();
    rig.analytics.record(DEATH);
    await rig.flush();
    assertEquals((await real.counts()).death, 1);
    rig.analytics.deleteMyData();
    await rig.until(() => rig.all("dataDeleted").length > 0);
    assertEquals(rig.all("dataDeleted"), [
      { type: "dataDeleted", sessions: 1, events: 2, isComplete: true },
    ]);
    assertEquals(await real.counts(), {});
    await rig.analytics.close();
  }
});

Deno.test("Analytics sends what another process has left in a FileJournal", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/analytics.journal`;
  try {
    const offline = new ClientRig({ journal: () => FileJournal.open(path) });
    offline.fake.onCall = (call) => call.fail();
    offline.analytics.enable(ENDPOINT);
    offline.analytics.record(DEATH);
    await offline.until(() => offline.analytics.sessionId !== undefined);
    offline.analytics.record(DEATH);
    await offline.analytics.close();

    const real = new RealCollector();
    const online = real.connect(
      new ClientRig({
        journal: () => FileJournal.open(path),
        apiKey: "game-key",
      }),
    );
    online.analytics.enable(ENDPOINT);
    await online.until(() => online.analytics.sessionId !== undefined);
    await online.flush();
    await online.analytics.close();
    assertEquals(await real.counts(), {
      sessionStart: 2,
      sessionEnd: 2,
      death: 2,
    });
    // The file has nothing of it any more but the state.
    const left = await FileJournal.open(path);
    assertEquals((await left.read(0, 1e9)).length, 1);
    await left.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Analytics.disable() leaves nothing in the file of a FileJournal", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/analytics.journal`;
  try {
    const rig = new ClientRig({
      journal: () => FileJournal.open(path),
      identity: "install",
    });
    rig.analytics.enable(ENDPOINT);
    rig.analytics.record(DEATH);
    await rig.until(() => rig.analytics.sessionId !== undefined);
    const { sessionId, counters } = rig.analytics;
    await rig.until(() => rig.analytics.counters.queued === 0);
    await rig.step();
    assert(counters.recorded === 1);
    rig.analytics.disable();
    await rig.analytics.close();
    const bytes = await Deno.readFile(path);
    const text = new TextDecoder().decode(bytes);
    assert(!text.includes(sessionId!), text);
    assert(!text.includes("spikes"), text);
    assert(bytes.length < 64, `${bytes.length}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Analytics takes at most 15 bytes on the wire for an event of a stream", async () => {
  const rig = await new ClientRig().connect().enable();
  let random = 1;
  for (let i = 0; i < 2_000; i++) {
    random = (random * 48_271) % 2_147_483_647;
    rig.clock.advance(random % 3_000);
    rig.analytics.record(
      i % 2 === 0
        ? AnalyticsEvent.death({
          cause: `cause ${random % 7}`,
          floor: random % 50,
        })
        : AnalyticsEvent.itemPickup({ item: `item ${random % 40}` }),
    );
  }
  await rig.flush();
  let bytes = 0;
  for (const call of rig.fake.calls) {
    bytes += (await new Response(call.init.body as BodyInit).arrayBuffer())
      .byteLength;
    assert((await textOf(call)).length > bytes);
  }
  assert(bytes / 2_000 <= 15, `${bytes / 2_000}`);
  await rig.analytics.close();
});

for (
  const build of ["1.2.3.4", "1.2.3-0a1b2c3d4e5f6071", "20261126153000", "a b"]
) {
  Deno.test(`Analytics and AnalyticsCollector understand each other about the build "${build}"`, async () => {
    const real = new RealCollector();
    const rig = real.connect(new ClientRig({ build, apiKey: "game-key" }));
    await rig.enable();
    rig.analytics.record(DEATH);
    await rig.flush();
    assertEquals(rig.all("uploadFailed"), []);
    assertEquals(await real.counts(), { death: 1, sessionStart: 1 });
    const { builds } = await real.get("query/filters");
    assertEquals(builds, [build]);
    await rig.analytics.close(0);
  });
}
