// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { TeamId } from "../team_id.ts";
import type { LobbyConfig } from "./lobby_config.ts";
import type { LobbyJson, LobbyMetadata } from "./lobby_metadata.ts";
import type { LobbyState } from "./lobby_state.ts";

/** Somebody in a lobby who plays. */
export interface LobbyPlayer {
  /** Who. */
  readonly id: PlayerId;
  /** What others see. */
  readonly name: string;
  /** Whether the player has said so: for the next game, once one is over. A host says it by starting the game. */
  readonly isReady: boolean;
  /** Whether there is a connection; without one the seat is kept for a while. */
  readonly isConnected: boolean;
  /** In which team, if in one. */
  readonly team?: TeamId;
  /** With whom the player came: the same text for all of them. */
  readonly party?: string;
  /** What the game says about the player. */
  readonly metadata: LobbyMetadata;
}

/** Somebody in a lobby who looks on. */
export interface LobbySpectator {
  /** Who. */
  readonly id: PlayerId;
  /** What others see. */
  readonly name: string;
  /** Whether there is a connection. */
  readonly isConnected: boolean;
  /** With whom the spectator came: the same text for all of them. */
  readonly party?: string;
  /** What the game says about the spectator. */
  readonly metadata: LobbyMetadata;
}

/** A vote of a ready check. */
export interface LobbyReadyVote {
  /** Whose. */
  readonly player: PlayerId;
  /** What it was; absent as long as there is none. */
  readonly isReady?: boolean;
}

/** A ready check that is under way. */
export interface LobbyReadyCheck {
  /** How long it is, from its beginning, in milliseconds. */
  readonly timeoutMs: number;
  /** Who is asked, in the order of joining. */
  readonly votes: readonly LobbyReadyVote[];
}

/**
 * A lobby as everybody in it may see it, at one version. It is a plain frozen value: it
 * can be kept, compared by reference and sent as JSON, and never changes.
 */
export interface Lobby {
  /** Which one. */
  readonly id: LobbyId;
  /** 1 at first, and one more with each event. */
  readonly version: number;
  /** Where it is between one game and the next. */
  readonly state: LobbyState;
  /** Who decides: always one of the players. */
  readonly host: PlayerId;
  /** What it is set to. */
  readonly config: LobbyConfig;
  /** Whether a password is asked for. */
  readonly hasPassword: boolean;
  /** What the game says about it. */
  readonly metadata: LobbyMetadata;
  /** Who plays, in the order of joining. */
  readonly players: readonly LobbyPlayer[];
  /** Who looks on, in the order of joining. */
  readonly spectators: readonly LobbySpectator[];
  /** How many seats of players are kept for somebody who is not here yet. */
  readonly reservedSeats: number;
  /** How many games have begun. */
  readonly gameCount: number;
  /** The ready check, if one is under way. */
  readonly readyCheck?: LobbyReadyCheck;
  /** What the last game ended with; a rematch keeps it. */
  readonly results?: LobbyJson;
}
