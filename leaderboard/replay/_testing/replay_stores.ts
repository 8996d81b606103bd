import { MemoryReplayStore } from "../memory_replay_store.ts";
import type { ReplayStore, ReplayStoreOptions } from "../replay_store.ts";
import { SqliteReplayStore } from "../../sqlite/sqlite_replay_store.ts";

/** The stores that tests of what stands on one run on, by their names. */
export const REPLAY_STORES: readonly (readonly [
  name: string,
  make: (options?: ReplayStoreOptions) => ReplayStore,
])[] = [
  ["MemoryReplayStore", (options) => new MemoryReplayStore(options)],
  [
    "SqliteReplayStore",
    (options) => new SqliteReplayStore({ ...options, path: ":memory:" }),
  ],
];
