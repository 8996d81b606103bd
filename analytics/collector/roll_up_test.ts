import { assertEquals } from "@std/assert";
import type { SessionInfo, StoredEvent } from "../store/store.ts";
import { idOf, START_MS } from "./_testing/harness.ts";
import { hourOf, rollUp } from "./roll_up.ts";

const HOUR_MS = 3_600_000;
const SESSION: SessionInfo = {
  title: "main",
  session: idOf(1),
  player: idOf(2),
  build: "1.2.0",
  platform: "linux",
};

function eventOf(name: string, fields: unknown, atMs = 0): StoredEvent {
  const data = JSON.stringify(fields);
  return { number: 0, name, timeMs: START_MS + atMs, data };
}

/** Sums as metric, hours behind the first, keys and count. */
function sumsOf(events: readonly StoredEvent[]): unknown[][] {
  return rollUp(SESSION, events).counts.map((it) => [
    it.metric,
    (it.hourMs - START_MS) / HOUR_MS,
    it.key1,
    it.key2,
    it.count,
  ]);
}

Deno.test("rollUp() sums up by name and hour, and deaths, drops and hitches by what they say", () => {
  const events = [
    eventOf("death", { cause: "spikes", floor: 3 }),
    eventOf("death", { cause: "spikes", floor: 3 }, 5),
    eventOf("death", { cause: "spikes", floor: 4 }, HOUR_MS - 1),
    eventOf("death", { cause: "spikes", floor: 3 }, HOUR_MS),
    eventOf("death", { cause: "lava", floor: 3 }),
    eventOf("shopOpened", { shop: "smithy" }),
    eventOf("drop", { event: "death", reason: "offline", count: 3 }),
    eventOf("drop", { event: "death", reason: "offline", count: 4 }),
    eventOf("frameTime", { sketch: [0, 0, 0, 0], hitches: 2 }),
    eventOf("frameTime", { sketch: [0, 0, 0, 0], hitches: 0 }),
  ];
  assertEquals(sumsOf(events), [
    ["event", 0, "death", "", 4],
    ["death", 0, "spikes", "3", 2],
    ["death", 0, "spikes", "4", 1],
    ["event", 1, "death", "", 1],
    ["death", 1, "spikes", "3", 1],
    ["death", 0, "lava", "3", 1],
    ["event", 0, "shopOpened", "", 1],
    ["event", 0, "drop", "", 2],
    ["drop", 0, "death", "offline", 7],
    ["event", 0, "frameTime", "", 2],
    ["hitch", 0, "", "", 2],
  ]);
});

Deno.test("rollUp() keeps sketches by hour", () => {
  const sketch = [33, 16, 17, 0, 255, 1, 5, 1];
  const { sketches } = rollUp(SESSION, [
    eventOf("frameTime", { sketch, hitches: 0 }, HOUR_MS),
    eventOf("memoryUsage", { sketch }),
    eventOf("custom", { key: "sketch" }),
  ]);
  assertEquals(sketches, [
    { metric: "frameTime", hourMs: START_MS + HOUR_MS, sketch },
    { metric: "memoryUsage", hourMs: START_MS, sketch },
  ]);
});

Deno.test("rollUp() tells when a session began and why it ended, if an event says so", () => {
  const started = eventOf("sessionStart", { isFirst: true, isResumed: false });
  const resumed = eventOf("sessionStart", { isFirst: false, isResumed: true });
  const ended = (reason: string) => eventOf("sessionEnd", { reason });
  const timesOf = (...events: StoredEvent[]): unknown[] => {
    const { startMs, endReason } = rollUp(SESSION, events);
    return [startMs, endReason];
  };
  assertEquals(timesOf(), [undefined, undefined]);
  assertEquals(timesOf(resumed), [undefined, undefined]);
  assertEquals(timesOf(resumed, started), [START_MS, undefined]);
  const late = { ...started, timeMs: START_MS + 1 };
  assertEquals(timesOf(late, started, late), [START_MS, undefined]);
  assertEquals(timesOf(ended("idle"), ended("closed")), [undefined, "closed"]);
});

Deno.test("rollUp() adds numbers that no sum is too small for, whatever a store holds", () => {
  const drop = (count: unknown) =>
    eventOf("drop", { event: "a", reason: "b", count });
  const events = [drop(2 ** 53), drop(1e15), drop(-5), drop("7"), drop(null)];
  assertEquals(sumsOf(events).at(-1), ["drop", 0, "a", "b", 2 ** 31 - 1]);
  const death = eventOf("death", { cause: 7, floor: "cellar" });
  assertEquals(sumsOf([death]).at(-1), ["death", 0, "", "0", 1]);
  assertEquals(sumsOf([eventOf("death", null)]).length, 2);
  assertEquals(hourOf(-1), -HOUR_MS);
});
