/**
 * Lobbies in a file, for servers on one machine: {@linkcode SqliteLobbyStore} keeps them with `node:sqlite`, and loses
 * nothing that it has saved.
 *
 * @example Lobbies that survive a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SqliteLobbyStore } from "@tickwire/net/lobby/sqlite";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/lobbies.db`;
 * {
 *   await using store = new SqliteLobbyStore({ path });
 *   await store.save({ changed: [{ kind: "lobby", key: "a", value: "{}" }], removed: [] });
 * }
 * await using store = new SqliteLobbyStore({ path });
 * assertEquals(await store.load(), [{ kind: "lobby", key: "a", value: "{}" }]);
 * await store.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export * from "./store/lobby_store.ts";
export * from "./sqlite/sqlite_lobby_store.ts";
