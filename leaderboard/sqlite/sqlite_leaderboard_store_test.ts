import { storeConformance } from "../store/_testing/store_conformance.ts";
import { SqliteLeaderboardStore } from "./sqlite_leaderboard_store.ts";

storeConformance("SqliteLeaderboardStore", async () => {
  const folder = await Deno.makeTempDir();
  const store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
  return {
    store,
    close: async () => {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

storeConformance("SqliteLeaderboardStore in memory", () => {
  const store = new SqliteLeaderboardStore({ path: ":memory:" });
  return Promise.resolve({ store, close: () => store.close() });
});
