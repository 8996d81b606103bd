/**
 * Leaderboards in a file, for servers on one machine: {@linkcode SqliteLeaderboardStore} keeps boards and entries with
 * `node:sqlite`, and loses nothing that it has acknowledged, and {@linkcode SqliteReplayStore} does the same with replays.
 *
 * @example Boards that survive a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SqliteLeaderboardStore } from "@tickwire/net/leaderboard/sqlite";
 *
 * const folder = await Deno.makeTempDir();
 * const store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
 * assertEquals(await store.boards("main"), []);
 * await store.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type { PlayerId } from "../core/mod.ts";
export type * from "./board/board_options.ts";
export {
  LeaderboardError,
  type LeaderboardErrorCode,
} from "./leaderboard_error.ts";
export type * from "./replay/replay_store.ts";
export * from "./sqlite/sqlite_replay_store.ts";
export type { Score } from "./score.ts";
export type * from "./store/store.ts";
export * from "./sqlite/sqlite_leaderboard_store.ts";
