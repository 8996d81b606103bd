// This module is browser compatible.

/**
 * Leaderboards in Redis, for servers on more than one machine: {@linkcode RedisLeaderboardStore} keeps boards and entries,
 * {@linkcode RedisReplayStore} replays, through the user's own client, which comes in by `fromNodeRedis` or `fromIoredis`
 * of `@tickwire/net/core`. It imports none itself.
 *
 * @example Boards that several machines share
 * ```ts ignore
 * import { Redis } from "ioredis";
 * import { fromIoredis } from "@tickwire/net/core";
 * import { RedisLeaderboardStore } from "@tickwire/net/leaderboard/redis";
 *
 * const store = new RedisLeaderboardStore(fromIoredis(new Redis("redis://127.0.0.1:6379")));
 * console.log(await store.boards("main"));
 * await store.close();
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type { PlayerId, RedisLike } from "../core/mod.ts";
export type * from "./board/board_options.ts";
export {
  LeaderboardError,
  type LeaderboardErrorCode,
} from "./leaderboard_error.ts";
export type { Score } from "./score.ts";
export type * from "./replay/replay_store.ts";
export type * from "./store/store.ts";
export * from "./redis/redis_leaderboard_store.ts";
export * from "./redis/redis_replay_store.ts";
