// This module is browser compatible.
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyMetadata } from "../manager/lobby_metadata.ts";
import type { MatchmakingQueueOptions } from "../matchmaking/matchmaking_queue_options.ts";
import type { ProposedMatch } from "../matchmaking/proposed_match.ts";

/** What the lobby of a match is like. */
export interface LobbyMatchSettings {
  /** What it is set to; mode, map, seats and teams are as the match has them, whatever this says. */
  readonly config?: LobbyConfigChanges;
  /** What the game says about it. */
  readonly metadata?: LobbyMetadata;
}

/** A queue of a {@linkcode LobbyServer}: what a `MatchmakingQueue` is told, and what becomes of its matches. */
export interface LobbyQueueOptions
  extends Omit<MatchmakingQueueOptions, "maxTicketsPerPlayer"> {
  /**
   * Says what the lobby of a match is like: by default nobody else can enter it, its host has no rights, and its game begins at
   * once, as `LobbyManager.createMatch` says. Where it throws the match has failed.
   *
   * @default {() => ({})}
   */
  readonly lobby?: (match: ProposedMatch) => LobbyMatchSettings;
  /**
   * After how many milliseconds of waiting a ticket expires: above 0.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
  /**
   * How many milliseconds of processor a tick of the queue may take: above 0. What it does not get done, the next one does.
   *
   * @default {4}
   */
  readonly tickBudgetMs?: number;
  /**
   * For how long a ticket waits on for a player without a connection, in milliseconds of `tick` time: 0 or more.
   *
   * @default {20000}
   */
  readonly graceMs?: number;
}
