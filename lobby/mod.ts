// This module is browser compatible.

/**
 * Lobbies, matchmaking, teams and ready checks: client and server.
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type { Clock, Metric, PlayerId } from "../core/mod.ts";
export * from "./matchmaking/backfill.ts";
export * from "./matchmaking/match_mode.ts";
export * from "./matchmaking/matchmaking_event.ts";
export * from "./matchmaking/matchmaking_queue.ts";
export * from "./matchmaking/matchmaking_result.ts";
export * from "./matchmaking/proposed_match.ts";
export * from "./matchmaking/queue_statistics.ts";
export * from "./matchmaking/ticket.ts";
export * from "./matchmaking/ticket_explanation.ts";
export * from "./rating/glicko2.ts";
export * from "./rating/plackett_luce.ts";
export * from "./rating/rating.ts";
