import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { testLobbyStore } from "../store/_testing/lobby_store_conformance.ts";
import { LobbyStoreError } from "../store/lobby_store.ts";
import { SqliteLobbyStore } from "./sqlite_lobby_store.ts";

const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => {
  Deno.removeSync(folder, { recursive: true });
});
let files = 0;

testLobbyStore(
  "SqliteLobbyStore",
  () => new SqliteLobbyStore({ path: `${folder}/${files += 1}.db` }),
  () => new SqliteLobbyStore({ path: `${folder}/${files}.db` }),
);

Deno.test("SqliteLobbyStore is for one process at a time, and for its own files", async () => {
  const path = `${folder}/one.db`;
  const store = new SqliteLobbyStore({ path });
  const error = assertThrows(
    () => new SqliteLobbyStore({ path }),
    LobbyStoreError,
  );
  assertEquals(error.code, "storeFailed");
  await store.close();
  const other = `${folder}/other.db`;
  {
    using db = new DatabaseSync(other);
    db.exec("CREATE TABLE something (x)");
  }
  assertThrows(
    () => new SqliteLobbyStore({ path: other }),
    LobbyStoreError,
    "another application",
  );
});

Deno.test("SqliteLobbyStore keeps nothing of a batch that fails", async () => {
  const path = `${folder}/failing.db`;
  const store = new SqliteLobbyStore({ path });
  await store.save({
    changed: [{ kind: "lobby", key: "a", value: "1" }],
    removed: [],
  });
  const error = await assertRejects(
    () =>
      store.save({
        changed: [
          { kind: "lobby", key: "b", value: "2" },
          // What is no text is refused by the database.
          { kind: "lobby", key: "c", value: null as unknown as string },
        ],
        removed: [{ kind: "lobby", key: "a" }],
      }),
    LobbyStoreError,
  );
  assertEquals(error.code, "storeFailed");
  assertEquals(await store.load(), [{ kind: "lobby", key: "a", value: "1" }]);
  await store.close();
});
