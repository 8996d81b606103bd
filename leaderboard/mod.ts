// This module is browser compatible.

/**
 * Leaderboards and replay sharing: poll-driven client and server half.
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type { Clock, Identity, Metric, PlayerId, Random } from "../core/mod.ts";
export type { RateLimit } from "../http/server/mod.ts";
export * from "./board/board_options.ts";
export * from "./board/board_options_error.ts";
export * from "./board/season_schedule.ts";
export * from "./client/client.ts";
export * from "./client/client_options.ts";
export * from "./client/event.ts";
export * from "./client/filter.ts";
export * from "./client/live_event.ts";
export * from "./client/replay_event.ts";
export * from "./client/score_entry.ts";
export * from "./client/score_submission.ts";
export * from "./leaderboard_error.ts";
export * from "./replay/memory_replay_store.ts";
export * from "./replay/replay_store.ts";
export * from "./score.ts";
export * from "./server/moderation.ts";
export * from "./server/problem_code.ts";
export * from "./server/ranking_query.ts";
export * from "./server/server.ts";
export * from "./server/server_options.ts";
export * from "./server/submit_outcome.ts";
export * from "./store/memory_store.ts";
export * from "./store/store.ts";
