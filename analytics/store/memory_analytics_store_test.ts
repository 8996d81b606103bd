import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AnalyticsError } from "../analytics_error.ts";
import { storeConformance } from "./_testing/store_conformance.ts";
import { contentOf, eventOf, rollUp, runOf } from "./_testing/store_fixture.ts";
import { MemoryAnalyticsStore } from "./memory_analytics_store.ts";

storeConformance("MemoryAnalyticsStore", () => {
  const store = new MemoryAnalyticsStore();
  return Promise.resolve({ store, close: () => store.close() });
});

Deno.test("MemoryAnalyticsStore refuses what it has no room for, as a whole", async () => {
  await using store = new MemoryAnalyticsStore({ maxEvents: 3 });
  const run = runOf("s", [eventOf(0), eventOf(1)]);
  await store.write([run], rollUp);
  const before = await contentOf(store);
  for (
    const write of [
      () => store.write([runOf("t", [eventOf(0), eventOf(1)])], rollUp),
      () =>
        store.write(
          [runOf("t", [eventOf(0)]), runOf("u", [eventOf(0)])],
          rollUp,
        ),
    ]
  ) {
    const error = await assertRejects(write, AnalyticsError);
    assertEquals(error.code, "full");
    assertEquals(await contentOf(store), before);
  }
  await store.write([runOf("t", [eventOf(0)])], rollUp);
  // What is erased makes room.
  await store.erase("main", run.player, rollUp);
  await store.write([runOf("u", [eventOf(0)])], rollUp);
  assertEquals((await store.eventsAfter(0, 10)).length, 2);
  for (let i = 0; i < 3; i++) await store.setMark(`mark ${i}`, i);
  await store.setMark("mark 0", 5);
  const full = await assertRejects(
    () => store.setMark("more", 1),
    AnalyticsError,
  );
  assertEquals(full.code, "full");
  for (let i = 0; i < 2; i++) await store.erase("main", `nobody ${i}`, rollUp);
  const third = await assertRejects(
    () => store.erase("main", "nobody", rollUp),
    AnalyticsError,
  );
  assertEquals(third.code, "full");
});

Deno.test("MemoryAnalyticsStore refuses a maxEvents out of range", () => {
  for (const maxEvents of [0, 1.5, NaN, -1, 2 ** 24 + 1]) {
    assertThrows(() => new MemoryAnalyticsStore({ maxEvents }), RangeError);
  }
});
