// This module is browser compatible.

/**
 * Lobbies, matchmaking, teams and ready checks: client and server.
 *
 * {@linkcode LobbyServer} runs all of it for players over WebSockets, on a {@linkcode LobbyStore} or, where it is one of
 * several, on a {@linkcode LobbyCluster}; {@linkcode LobbyClient} is the player's end, with a {@linkcode LobbyBrowser} of
 * the lobbies there are. What they stand on are state machines that know no network, and can be used without them:
 * {@linkcode LobbyManager}, {@linkcode TeamSystem} and {@linkcode ReadyCheck}, {@linkcode MatchmakingQueue} with the
 * ratings of {@linkcode PlackettLuce} and {@linkcode Glicko2}, and {@linkcode VoiceChatManager}.
 *
 * `PROTOCOL.md` beside this file says what lies on the wire, `cluster/CLUSTER.md` what several servers have in Redis.
 *
 * @example A match that was found, and its lobby
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { LobbyManager, MatchmakingQueue } from "@tickwire/net/lobby";
 *
 * const queue = new MatchmakingQueue({ modes: { duel: { teams: 2, teamSize: 1 } } });
 * const lobbies = new LobbyManager();
 * for (const player of [playerId("ada"), playerId("bob")]) {
 *   queue.enqueue({ players: [{ player, skill: 1500 }], modes: ["duel"] });
 * }
 * const [match] = queue.tick(1); // each frame
 * assert(match !== undefined);
 * const seats = match.teams.flatMap(({ parties }) => parties.flat()).map((player) => ({ player }));
 * const made = lobbies.createMatch(seats, { name: "A duel", maxPlayers: 2, isAutoStarted: true });
 * assert(made.isOk);
 * lobbies.tick(3); // the countdown
 * assertEquals(lobbies.lobby(made.value.id)?.state, "inGame");
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type {
  Clock,
  Identity,
  Metric,
  PlayerId,
  Random,
  Vec3,
} from "../core/mod.ts";
export type {
  ChannelOptions,
  HandlerInfo,
  Upgraded,
  WsClient,
  WsClientOptions,
  WsEvent,
  WsHub,
  WsHubEvent,
  WsHubOptions,
  WsState,
} from "../websocket/mod.ts";
export type {
  LobbyListingChange,
  LobbyListingDiff,
} from "./browser/listing_diff.ts";
export * from "./browser/lobby_browser.ts";
export { type LobbyFilter } from "./browser/lobby_filter.ts";
export {
  type LobbyListing,
  lobbyListing,
  type LobbyListingOptions,
} from "./browser/lobby_listing.ts";
export * from "./client/lobby_client.ts";
export * from "./client/lobby_client_event.ts";
export * from "./client/lobby_client_options.ts";
export * from "./client/lobby_promises.ts";
export * from "./client/lobby_request_id.ts";
export * from "./cluster/lobby_cluster.ts";
export * from "./cluster/lobby_cluster_options.ts";
export * from "./game_mode.ts";
export * from "./lobby_error.ts";
export * from "./lobby_id.ts";
export * from "./lobby_result.ts";
export * from "./manager/apply_lobby_event.ts";
export * from "./manager/lobby.ts";
export * from "./manager/lobby_config.ts";
export * from "./manager/lobby_event.ts";
export type { LobbyLimits } from "./manager/lobby_limits.ts";
export * from "./manager/lobby_manager.ts";
export * from "./manager/lobby_manager_options.ts";
export * from "./manager/lobby_metadata.ts";
export * from "./manager/lobby_snapshot.ts";
export * from "./manager/lobby_state.ts";
export * from "./matchmaking/backfill.ts";
export * from "./matchmaking/match_mode.ts";
export * from "./matchmaking/matchmaking_event.ts";
export * from "./matchmaking/matchmaking_queue.ts";
export * from "./matchmaking/matchmaking_queue_options.ts";
export * from "./matchmaking/matchmaking_result.ts";
export * from "./matchmaking/proposed_match.ts";
export * from "./matchmaking/queue_statistics.ts";
export * from "./matchmaking/ticket.ts";
export * from "./matchmaking/ticket_explanation.ts";
export * from "./password/password.ts";
export * from "./rating/glicko2.ts";
export * from "./rating/plackett_luce.ts";
export * from "./rating/rating.ts";
export * from "./ready_check/ready_check.ts";
export * from "./ready_check/ready_check_result.ts";
export * from "./server/lobby_queue_options.ts";
export * from "./server/lobby_server.ts";
export * from "./server/lobby_server_event.ts";
export * from "./server/lobby_server_options.ts";
export * from "./store/lobby_store.ts";
export * from "./store/memory_lobby_store.ts";
export * from "./team_id.ts";
export * from "./teams/team_assignment.ts";
export * from "./teams/team_system.ts";
export * from "./voice/voice_chat_manager.ts";
export type * from "./wire/lobby_answer.ts";
export type * from "./wire/lobby_push.ts";
export {
  LOBBY_CHANNEL,
  LOBBY_LIST_CHANNEL,
  LOBBY_PROTOCOL,
  type LobbyRequest,
  type LobbyRequestName,
} from "./wire/lobby_request.ts";
