// Every store there is, for tests of what is true of all of them.
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
];

function openMemory(): Promise<OwnAnalyticsStore> {
  const store = new MemoryAnalyticsStore({ maxEvents: 1_000_000 });
  return Promise.resolve({
    store,
    [Symbol.asyncDispose]: () => store.close(),
  });
}
