// Every store there is, for tests of what is true of all of them.
import { SqliteAnalyticsStore } from "../sqlite/sqlite_analytics_store.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { AnalyticsStore } from "../store/store.ts";

/** A store of a test's own, gone when it is disposed of. */
export interface OwnAnalyticsStore extends AsyncDisposable {
  readonly store: AnalyticsStore;
}

/** A kind of store. */
export interface AnalyticsStoreKind {
  readonly name: string;
  open(): Promise<OwnAnalyticsStore>;
}

/** All kinds. */
export const ANALYTICS_STORE_KINDS: readonly AnalyticsStoreKind[] = [
  { name: "MemoryAnalyticsStore", open: openMemory },
  { name: "SqliteAnalyticsStore", open: openSqlite },
];

function openMemory(): Promise<OwnAnalyticsStore> {
  const store = new MemoryAnalyticsStore({ maxEvents: 1_000_000 });
  return Promise.resolve({
    store,
    [Symbol.asyncDispose]: () => store.close(),
  });
}

async function openSqlite(): Promise<OwnAnalyticsStore> {
  const folder = await Deno.makeTempDir();
  const store = new SqliteAnalyticsStore({ path: `${folder}/events.db` });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
