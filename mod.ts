// This module is browser compatible.

/**
 * tickwire: networking that a game ticks. Nothing blocks, nothing is awaited, nothing throws inside the frame: the game
 * calls `tick(dt)` once a frame and drains events.
 *
 * The names that a game needs first stand here; everything else stands in the module's namespace, or in its
 * own entry point such as `@tickwire/net/http`.
 *
 * @module
 */

export { Analytics, AnalyticsEvent, SessionStats } from "./analytics/mod.ts";
export {
  HttpClient,
  type HttpEvent,
  HttpRequest,
  HttpResponse,
  Method,
} from "./http/mod.ts";
export {
  LeaderboardClient,
  type LeaderboardEvent,
  type ScoreEntry,
} from "./leaderboard/mod.ts";
export { WsClient, type WsEvent, WsMessage, WsState } from "./websocket/mod.ts";
export * as analytics from "./analytics/mod.ts";
export * as core from "./core/mod.ts";
export * as http from "./http/mod.ts";
export * as leaderboard from "./leaderboard/mod.ts";
export * as lobby from "./lobby/mod.ts";
export * as protocol from "./protocol/mod.ts";
export * as rpc from "./rpc/mod.ts";
export * as sync from "./sync/mod.ts";
export * as transport from "./transport/mod.ts";
export * as websocket from "./websocket/mod.ts";
