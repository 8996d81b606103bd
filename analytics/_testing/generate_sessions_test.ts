import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../core/mod.ts";
import { AnalyticsCollector } from "../collector/collector.ts";
import { rollUp } from "../collector/roll_up.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { EventRow } from "../store/store.ts";
import {
  batchesOf,
  generateSessions,
  type GeneratorOptions,
} from "./generate_sessions.ts";
import { storedRunOf } from "./stored_runs.ts";

const NOW_MS = Date.UTC(2025, 10, 26, 12, 34, 56, 789);
const SMALL: GeneratorOptions = {
  seed: 5,
  players: 40,
  days: 28,
  nowMs: NOW_MS,
  framesPerMinute: 10,
};

Deno.test("generateSessions() makes the same players of the same seed, and others of others", () => {
  const [one, again, other] = [5, 5, 6].map((seed) =>
    JSON.stringify([...generateSessions({ ...SMALL, seed })])
  );
  assertEquals(one, again);
  assert(one !== other);
  // Who comes first is the same however many there are.
  const few = [...generateSessions({ ...SMALL, players: 3 })];
  assert(one!.startsWith(JSON.stringify(few).slice(0, -1)));
});

Deno.test("generateSessions() makes up all there is to see", () => {
  const sessions = [...generateSessions({ ...SMALL, players: 150 })];
  const events = sessions.flatMap((it) => it.events);
  const names = new Set(events.map(({ name }) => name));
  for (
    const name
      of "sessionStart sessionEnd death bossEncounter achievement itemPickup floorComplete frameTime memoryUsage custom exception drop"
        .split(" ")
  ) assert(names.has(name), name);
  assertEquals(new Set(sessions.map(({ build }) => build)).size, 4);
  assertEquals(new Set(sessions.map(({ platform }) => platform)).size, 5);
  assert(sessions.some(({ playerId }) => playerId === undefined));
  const ends = new Set(
    sessions.map((it) =>
      it.events.find(({ name }) => name === "sessionEnd")?.fields.reason
    ),
  );
  assertEquals(ends, new Set(["closed", "idle", "repaired", undefined]));
  for (const { events } of sessions) {
    assertEquals(events[0]!.name, "sessionStart");
    for (const [i, event] of events.entries()) {
      assertEquals(event.number, i);
      assert(event.timeMs >= NOW_MS - 28 * 86_400_000);
      assert(event.timeMs <= NOW_MS && Number.isSafeInteger(event.timeMs));
      assert(i === 0 || event.timeMs >= events[i - 1]!.timeMs);
    }
  }
});

Deno.test("batchesOf() writes what a collector takes, and stores as it was", async () => {
  const sessions = [...generateSessions(SMALL)];
  const posted = new MemoryAnalyticsStore({ maxEvents: 1_000_000 });
  const clock: Clock = { nowMs: () => NOW_MS, epochMs: () => NOW_MS };
  const collector = new AnalyticsCollector({ store: posted, clock });
  let events = 0;
  for (const eventsPerBatch of [1_000, 77]) {
    for (
      const batch of batchesOf(sessions, { sentAt: NOW_MS, eventsPerBatch })
    ) {
      const response = await collector.handler(
        new Request("https://collector/v1/batch", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(batch),
        }),
      );
      const answer = await response.json();
      assertEquals(response.status, 200, JSON.stringify(answer));
      assertEquals(answer.refused, []);
      if (eventsPerBatch === 77) assertEquals(answer.accepted, 0);
      else events += answer.accepted;
    }
  }
  assertEquals(events, sessions.flatMap((it) => it.events).length);

  const written = new MemoryAnalyticsStore({ maxEvents: 1_000_000 });
  for (const session of sessions) {
    await written.write([await storedRunOf("main", session)], rollUp);
  }
  assertEquals(await eventsOf(posted), await eventsOf(written));
  await collector.close();
});

/** All events of a store by session and number. */
async function eventsOf(store: MemoryAnalyticsStore): Promise<unknown[]> {
  const rows: EventRow[] = [];
  for (let id = 0;;) {
    const page = await store.eventsAfter(id, 10_000);
    if (page.length === 0) break;
    rows.push(...page);
    id = page.at(-1)!.id;
  }
  return rows.map(({ id: _, common, data, ...row }) => ({
    ...row,
    common: JSON.parse(common),
    data: JSON.parse(data),
  })).sort((a, b) =>
    a.session < b.session ? -1 : a.session > b.session ? 1 : a.number - b.number
  );
}
