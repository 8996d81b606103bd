import { storeConformance } from "../store/_testing/store_conformance.ts";
import { SqliteAnalyticsStore } from "./sqlite_analytics_store.ts";

storeConformance("SqliteAnalyticsStore", async () => {
  const folder = await Deno.makeTempDir();
  const store = new SqliteAnalyticsStore({ path: `${folder}/events.db` });
  return {
    store,
    close: async () => {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

storeConformance("SqliteAnalyticsStore in memory", () => {
  const store = new SqliteAnalyticsStore({ path: ":memory:" });
  return Promise.resolve({ store, close: () => store.close() });
});
