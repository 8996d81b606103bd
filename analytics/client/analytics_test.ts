import { assert, assertEquals, assertMatch } from "@std/assert";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { ClientRig, DEATH, START_MS } from "./_testing/client_rig.ts";
import { textOf } from "./_testing/fake_collector.ts";

Deno.test("Analytics takes a record through the journal to the collector", async () => {
  const rig = await new ClientRig({ common: { region: "eu" } }).connect()
    .enable();
  rig.clock.advance(250);
  assert(rig.analytics.record(DEATH));
  rig.clock.advance(1_800);
  assert(
    rig.analytics.record(
      AnalyticsEvent.itemPickup({ item: "potion", rarity: "rare" }),
    ),
  );
  await rig.flush();

  const [call] = rig.fake.calls;
  assertEquals(call!.url, "http://game.test/analytics/v1/batch");
  const batch = JSON.parse(await textOf(call!));
  assertEquals(batch.v, 1);
  assertEquals(batch.runs.length, 2);
  const [, run] = batch.runs;
  assertMatch(run.s, /^[A-Za-z0-9_-]{22}$/);
  assertEquals(run, {
    s: rig.analytics.sessionId,
    b: "1.2.0",
    p: "linux",
    c: { region: "eu" },
    n: 1,
    t: START_MS + 250,
    d: [
      ["death", "cause", "floor", "level", "x", "y"],
      ["itemPickup", "item", "floor", "rarity"],
    ],
    e: [[0, 0, "spikes", 3], [1, 1_800, "potion", null, "rare"]],
  });
  assertEquals(rig.collector.of("sessionStart")[0]!.fields, {
    isFirst: true,
    isResumed: false,
  });
  assertEquals(rig.analytics.uploadsSent, 1);
  assertEquals(rig.all("uploaded").map(({ accepted }) => accepted), [3]);
  await rig.analytics.close();
});
