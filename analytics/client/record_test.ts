import { assert, assertEquals, assertThrows } from "@std/assert";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { defineEvent } from "../event/define_event.ts";
import { Analytics } from "./analytics.ts";
import type { AnalyticsOptions } from "./analytics_options.ts";
import { ClientRig, DEATH, ENDPOINT } from "./_testing/client_rig.ts";

const SHOP = defineEvent("shopOpened", { shop: { kind: "label" } });

Deno.test("Analytics.record() refuses what does not fit its definition, with a reason", async () => {
  const rig = await new ClientRig({ events: [SHOP.definition] }).connect()
    .enable();
  const { analytics } = rig;
  assert(analytics.record(SHOP.create({ shop: "smithy" })));
  assertEquals(analytics.record(SHOP.create({ shop: "10.0.0.7" })), false);
  const undeclared = defineEvent("shopClosed", { shop: { kind: "label" } });
  assertEquals(analytics.record(undeclared.create({ shop: "a" })), false);
  const liar = new AnalyticsEvent(
    { name: "death", fields: { mail: { kind: "text", maxLength: 99 } } },
    { mail: "ada@example.com" },
  );
  assertEquals(analytics.record(liar), false);
  assertEquals(
    analytics.record(
      AnalyticsEvent.drop({ event: "death", reason: "x", count: 1 }),
    ),
    false,
  );
  await rig.flush();
  assertEquals(
    rig.all("eventRefused").map(({ event, reason, field }) => [
      event,
      reason,
      field,
    ]),
    [
      ["shopOpened", "personalData", "shop"],
      ["shopClosed", "unknownEvent", ""],
      ["death", "missingField", "cause"],
      ["drop", "reserved", ""],
    ],
  );
  assertEquals(
    rig.collector.of("drop").map(({ fields }) => fields),
    [
      { event: "shopOpened", reason: "personalData", count: 1 },
      { event: "other", reason: "unknownEvent", count: 1 },
      { event: "death", reason: "missingField", count: 1 },
      { event: "drop", reason: "reserved", count: 1 },
    ],
  );
  const texts = JSON.stringify([...rig.collector.events.values()]);
  assert(!texts.includes("ada@example.com") && !texts.includes("10.0.0.7"));
  assertThrows(() => analytics.record({} as AnalyticsEvent), TypeError);
  await analytics.close();
});

Deno.test("Analytics.record() leaves a name out of a share of the sessions, whole", async () => {
  let sampled = 0;
  const sessions = 400;
  for (let i = 0; i < sessions; i++) {
    const rig = new ClientRig({ sample: { itemPickup: 0.25, custom: 0 } });
    rig.analytics.enable(ENDPOINT);
    const taken = new Set<boolean>();
    for (let j = 0; j < 5; j++) {
      taken.add(rig.analytics.record(AnalyticsEvent.itemPickup({ item: "a" })));
    }
    assertEquals(taken.size, 1);
    if (taken.has(true)) sampled++;
    assert(rig.analytics.record(DEATH));
    assertEquals(
      rig.analytics.record(AnalyticsEvent.custom({ key: "k" })),
      false,
    );
    await rig.analytics.close(0);
  }
  // Five standard deviations around 100.
  assert(sampled > 56 && sampled < 144, `${sampled} of ${sessions}`);
});

Deno.test("Analytics.record() has a rate limit and a bound, and counts what is beyond", async () => {
  const limited = await new ClientRig({
    rateLimit: { burst: 5, perSecond: 2 },
  }).connect().enable();
  const taken = Array.from(
    { length: 8 },
    () => limited.analytics.record(DEATH),
  );
  assertEquals(taken.filter(Boolean).length, 5);
  limited.clock.advance(1_000);
  assertEquals(limited.analytics.record(DEATH), true);
  await limited.flush();
  assertEquals(limited.collector.count("death"), 6);
  assertEquals(limited.collector.dropped("death"), 3);
  await limited.analytics.close();

  const bounded = await new ClientRig({ maxQueued: 10, rateLimit: false })
    .connect().enable();
  for (let i = 0; i < 30; i++) bounded.analytics.record(DEATH);
  await bounded.flush();
  const { dropped, recorded } = bounded.analytics.counters;
  assertEquals(recorded, 30);
  assertEquals(bounded.collector.count("death") + dropped, 30);
  assertEquals(bounded.analytics.drops, [
    { event: "death", reason: "queueFull", count: dropped },
  ]);
  await bounded.analytics.close();
});

Deno.test("Analytics keeps the newest 10,000 events for the player to see", async () => {
  const rig = await new ClientRig().connect().enable();
  const { analytics } = rig;
  for (let floor = 0; floor < 10_050; floor++) {
    analytics.record(AnalyticsEvent.death({ cause: "spikes", floor }));
  }
  const entries = analytics.localLogEntries();
  assertEquals(entries.length, 10_000);
  assertEquals(entries[0]!.fields.floor, 50);
  assertEquals(entries.at(-1)!.fields.floor, 10_049);
  assertEquals(entries.at(-1)!.number, 10_050);
  analytics.clearLocalLog();
  assertEquals(analytics.localLogEntries(), []);
  await rig.flush();
  assertEquals(rig.collector.count("death"), 10_050);
  await analytics.close();
});

Deno.test("Analytics.exportMyData() gives all that is held", async () => {
  const rig = await new ClientRig({
    identity: "install",
    common: { region: "eu" },
  }).enable();
  const { analytics } = rig;
  analytics.record(DEATH);
  await rig.step(1);
  analytics.record(AnalyticsEvent.itemPickup({ item: "potion" }));
  const { json, csv } = await analytics.exportMyData();
  const data = JSON.parse(json);
  assertEquals(data.consent, "granted");
  assertEquals(data.session, analytics.sessionId);
  assertEquals(data.player.length, 22);
  assertEquals(data.common, { region: "eu" });
  assertEquals(data.stats.deaths, 1);
  assertEquals(data.queued, 1);
  assertEquals(data.waiting[0].i, data.player);
  assertEquals(
    data.waiting.flatMap((it: { e: unknown[] }) => it.e).length,
    2,
  );
  assertEquals(data.log.map((it: { name: string }) => it.name), [
    "sessionStart",
    "death",
    "itemPickup",
  ]);
  assertEquals(csv.split("\r\n").length, 5);
  assertEquals(csv, analytics.exportCsv());
  await analytics.close(0);
});

Deno.test("Analytics refuses options that are out of range", () => {
  const make = (
    options: AnalyticsOptions,
    build = "1.2.0",
    platform = "linux",
  ): Analytics => new Analytics(build, platform, options);
  make({}, "1.2.3.4");
  // A platform is none of somebody's, and a label as any other.
  assertThrows(() => make({}, "1", "10.0.0.7"), RangeError, "platform");
  for (const build of ["", "a@b", "x".repeat(65), 5 as unknown as string]) {
    assertThrows(() => make({}, build), RangeError, "build");
    assertThrows(() => make({}, "1", build), RangeError, "platform");
  }
  const wrong: readonly AnalyticsOptions[] = [
    { apiKey: "" },
    { apiKey: "a b" },
    { common: { "1": 2 } },
    { common: { mail: "ada@example.com" } },
    { common: { A1b2C3d4E5f6G7h8: 1 } },
    { common: { x: Infinity } },
    {
      common: Object.fromEntries(
        Array.from({ length: 17 }, (_, i) => [`a${i}`, i]),
      ),
    },
    { sample: { death: 1.1 } },
    { sample: { nothing: 1 } },
    { sample: { sessionStart: 0.5 } },
    { rateLimit: { burst: 0, perSecond: 1 } },
    { rateLimit: { burst: 1, perSecond: 0 } },
    { flushMs: 0 },
    { flushEvents: 0 },
    { flushEvents: 16_385 },
    { sliceMs: 0 },
    { maxQueued: 0 },
    { idleMs: 0 },
    { maxSessionMs: -1 },
  ];
  for (const options of wrong) {
    assertThrows(() => make(options), RangeError, "Cannot use");
  }
  assertThrows(
    () => make({ identity: "player" as "session" }),
    TypeError,
    "identity",
  );
  const analytics = make({});
  for (
    const endpoint of [
      "",
      "/a",
      "ftp://a.b",
      "http://u:p@a.b",
      "http://a.b?k=1",
    ]
  ) {
    assertThrows(() => analytics.enable(endpoint), TypeError, "endpoint");
  }
  assertEquals(analytics.consent, "unset");
  assertThrows(() => analytics.tick(-1), RangeError);
  assertThrows(() => analytics.tick(NaN), RangeError);
  assertThrows(() => analytics.close(NaN), RangeError);
});
