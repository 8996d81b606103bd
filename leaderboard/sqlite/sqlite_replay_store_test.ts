import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { LeaderboardError } from "../leaderboard_error.ts";
import { testReplayStore } from "../replay/_testing/replay_store_conformance.ts";
import { SqliteReplayStore } from "./sqlite_replay_store.ts";

testReplayStore("SqliteReplayStore", (run) =>
  withFile(async (path) => {
    let store: SqliteReplayStore | undefined;
    await run({
      persistent: true,
      async open(options) {
        await store?.close();
        return store = new SqliteReplayStore({ ...options, path });
      },
    });
    await store?.close();
  }));

testReplayStore("SqliteReplayStore in memory", async (run) => {
  let store: SqliteReplayStore | undefined;
  await run({
    persistent: false,
    open(options) {
      return new Promise((resolve) => {
        store = new SqliteReplayStore({ ...options, path: ":memory:" });
        resolve(store);
      });
    },
  });
  await store?.close();
});

Deno.test("SqliteReplayStore has WAL and synchronous=FULL, and keeps user_version to others", () =>
  withFile(async (path) => {
    await using _store = new SqliteReplayStore({ path });
    using other = new DatabaseSync(path);
    const mode = other.prepare("PRAGMA journal_mode").get();
    assertEquals(mode?.journal_mode, "wal");
    assertEquals(other.prepare("PRAGMA user_version").get()?.user_version, 0);
  }));

Deno.test("SqliteReplayStore has two connections to one file see the same", () =>
  withFile(async (path) => {
    await using one = new SqliteReplayStore({ path, maxBytes: 4 });
    await using two = new SqliteReplayStore({ path, maxBytes: 4 });
    const request = {
      sha256: "a".repeat(64),
      bytes: 3,
      encoding: "identity",
      encodedBytes: 3,
      id: "u1",
      owner: "ada",
      nowMs: 1,
      expiresMs: 2,
    } as const;
    await one.begin(request);
    await two.append("u1", 0, new Uint8Array(3), 2);
    assertEquals(
      await one.begin({ ...request, sha256: "b".repeat(64), id: "u2" }),
      { type: "full" },
    );
    assertEquals((await one.complete("u1", 5))?.usedMs, 5);
    assertEquals(await two.remove(request.sha256, 5), true);
    assertEquals(await one.replay(request.sha256), undefined);
  }));

Deno.test("SqliteReplayStore refuses the file of a later version", () =>
  withFile((path) => {
    new SqliteReplayStore({ path }).close();
    {
      using other = new DatabaseSync(path);
      other.exec("UPDATE replay_state SET version = 2");
    }
    const error = assertThrows(
      () => new SqliteReplayStore({ path }),
      LeaderboardError,
      "version must be 1: current value is 2",
    );
    assertEquals(error.code, "storeFailed");
  }));

Deno.test("SqliteReplayStore refuses what is no database", () =>
  withFile(async (path) => {
    await Deno.writeTextFile(path, "These are sixteen bytes and some more.");
    const error = assertThrows(
      () => new SqliteReplayStore({ path }),
      LeaderboardError,
    );
    assertEquals(error.code, "storeFailed");
  }));

Deno.test("SqliteReplayStore.append() rejects when the disk is full, and has changed nothing", () =>
  withFile(async (path) => {
    await using store = new SqliteReplayStore({ path });
    await store.begin({
      sha256: "a".repeat(64),
      bytes: 2 ** 20,
      encoding: "identity",
      encodedBytes: 2 ** 20,
      id: "u1",
      owner: "ada",
      nowMs: 1,
      expiresMs: 2,
    });
    await store.append("u1", 0, new Uint8Array(1000), 2);
    // A trigger fails as a disk does: in the midst of the transaction.
    using other = new DatabaseSync(path);
    other.exec(
      `CREATE TRIGGER full BEFORE UPDATE ON replay_upload
        BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END`,
    );
    const error = await store.append("u1", 1000, new Uint8Array(1000), 2)
      .then(() => undefined, (error) => error);
    assertEquals(
      error instanceof LeaderboardError && error.code,
      "storeFailed",
    );
    other.exec("DROP TRIGGER full");
    assertEquals((await store.upload("u1"))?.offset, 1000);
    assertEquals((await store.readUpload("u1", 0, 5000))?.length, 1000);
    const { type } = await store.append("u1", 1000, new Uint8Array(1000), 2);
    assertEquals(type, "appended");
  }));

async function withFile(
  run: (path: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/replays.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
