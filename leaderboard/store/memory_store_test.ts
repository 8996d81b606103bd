import { assertEquals } from "@std/assert";
import { storeConformance } from "./_testing/store_conformance.ts";
import { put, rankingOf } from "./_testing/store_fixture.ts";
import { MemoryLeaderboardStore } from "./memory_store.ts";

storeConformance("MemoryLeaderboardStore", () => {
  const store = new MemoryLeaderboardStore();
  return Promise.resolve({ store, close: () => store.close() });
});

Deno.test("MemoryLeaderboardStore tells listeners that put more all in order", async () => {
  const store = new MemoryLeaderboardStore();
  const seen: string[] = [];
  let isFirst = true;
  await store.subscribe(({ playerId }) => {
    seen.push(`a ${playerId}`);
    if (isFirst) {
      isFirst = false;
      put(store, rankingOf(), "bob", 1);
    }
  });
  await store.subscribe(({ playerId }) => {
    seen.push(`b ${playerId}`);
  });
  await put(store, rankingOf(), "ada", 1);
  assertEquals(seen, ["a ada", "b ada", "a bob", "b bob"]);
  await store.close();
});
