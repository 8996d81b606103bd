import { assertEquals } from "@std/assert";
import { storeConformance } from "./_testing/store_conformance.ts";
import { put, rankingOf } from "./_testing/store_fixture.ts";
import { runStoreModel } from "./_testing/store_model.ts";
import { MemoryLeaderboardStore } from "./memory_store.ts";

// A million operations in all (TICKWIRE_SOAK=1); an ordinary run takes a slice.
const OPERATIONS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000_000 : 10_000;
const SEEDS = 20;

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

Deno.test("MemoryLeaderboardStore agrees with a model that sorts anew", async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const store = new MemoryLeaderboardStore();
    await runStoreModel(store, {
      seed,
      operations: OPERATIONS / SEEDS,
      concurrent: seed % 2 === 0 ? 1 : 8,
      players: seed % 5 === 0 ? 400 : 40,
    });
    await store.close();
  }
});
