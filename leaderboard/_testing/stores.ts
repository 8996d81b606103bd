// Every store there is, for tests of what is true of all of them.
import type { LeaderboardStore } from "../store/store.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import { SqliteLeaderboardStore } from "../sqlite/sqlite_leaderboard_store.ts";
import { RedisLeaderboardStore } from "../redis/redis_leaderboard_store.ts";
import { RedisRig } from "../../tools/redis_rig.ts";
import { whyNoRedis } from "../../tools/redis_server.ts";

/** A store of a test's own, gone when it is disposed of. */
export interface OwnStore extends AsyncDisposable {
  readonly store: LeaderboardStore;
}

/** A kind of store. */
export interface StoreKind {
  readonly name: string;
  /** Why there is none here, with a blank before it; or `""`. */
  readonly missing: string;
  open(): Promise<OwnStore>;
}

/** All kinds. */
export const STORE_KINDS: readonly StoreKind[] = [
  { name: "MemoryLeaderboardStore", missing: "", open: openMemory },
  { name: "SqliteLeaderboardStore", missing: "", open: openSqlite },
  {
    name: "RedisLeaderboardStore",
    missing: await whyNoRedis(),
    open: openRedis,
  },
];

function openMemory(): Promise<OwnStore> {
  const store = new MemoryLeaderboardStore();
  return Promise.resolve({
    store,
    [Symbol.asyncDispose]: () => store.close(),
  });
}

async function openSqlite(): Promise<OwnStore> {
  const folder = await Deno.makeTempDir();
  const store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function openRedis(): Promise<OwnStore> {
  const rig = await RedisRig.start();
  const store = new RedisLeaderboardStore(await rig.connect());
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rig[Symbol.asyncDispose]();
    },
  };
}
