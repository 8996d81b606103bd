// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyError, LobbyRole } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { ReadyCheckResult } from "../ready_check/ready_check_result.ts";
import type { TeamId } from "../team_id.ts";
import type { TeamSeat } from "../teams/team_system.ts";
import type { Lobby, LobbyPlayer, LobbySpectator } from "./lobby.ts";
import type { LobbyConfig } from "./lobby_config.ts";
import type { LobbyJson, LobbyMetadataChanges } from "./lobby_metadata.ts";

/** What let somebody into a lobby. */
export type LobbyEntry =
  /** Nothing was asked. */
  | "open"
  /** The password. */
  | "password"
  /** An invite code. */
  | "invite"
  /** A seat that was reserved. */
  | "reservation";

/** Why somebody is no longer in a lobby. */
export type LobbyLeaveReason =
  /** By its own wish. */
  | "left"
  /** By the host's wish. */
  | "kicked"
  /** The connection was gone for too long. */
  | "timedOut";

/** Why a countdown, or a ready check, ended before its time. */
export type LobbyInterruption =
  /** The host called it off. */
  | "host"
  /** Somebody is no longer ready. */
  | "unready"
  /** Somebody came in, or now plays instead of looking on. */
  | "joined"
  /** Somebody left, or now looks on instead of playing. */
  | "left"
  /** Somebody's connection is gone. */
  | "disconnected"
  /** The game has begun, or a countdown to it. */
  | "started"
  /** The lobby's configuration was changed. */
  | "configChanged"
  /** The parties do not fit into the teams, which is known before but for edited snapshots. */
  | "parties";

/** What every event of a lobby has. */
export interface LobbyEventBase {
  /** Which lobby. */
  readonly lobby: LobbyId;
  /** The lobby's version after it: one more than before. */
  readonly version: number;
}

/**
 * A change of a lobby. There is exactly one for each version, so that who misses one
 * notices, and `applyLobbyEvent()` makes of the lobby before it the lobby after it.
 *
 * Events are plain frozen values. None has a password, an invite code or a skill.
 */
export type LobbyEvent =
  & LobbyEventBase
  & (
    /** It is there. */
    | { readonly type: "lobbyCreated"; readonly view: Lobby }
    /** It is gone, and with it everybody who was in it. */
    | {
      readonly type: "lobbyDestroyed";
      /** Whether the server closed it, or the last player is gone. */
      readonly reason: "closed" | "empty";
      /** Who was the last player, and why that one is gone; absent if the server closed it. */
      readonly last?: {
        readonly player: PlayerId;
        readonly reason: LobbyLeaveReason;
      };
    }
    /** Somebody came to play. */
    | {
      readonly type: "playerJoined";
      readonly player: LobbyPlayer;
      readonly entry: LobbyEntry;
      /** How many seats are reserved now. */
      readonly reservedSeats: number;
    }
    /** Somebody came to look on. */
    | {
      readonly type: "spectatorJoined";
      readonly spectator: LobbySpectator;
      readonly entry: LobbyEntry;
    }
    /** A player or a spectator is gone. */
    | {
      readonly type: "playerLeft";
      readonly player: PlayerId;
      readonly role: LobbyRole;
      readonly reason: LobbyLeaveReason;
      /** Whether the player may not come back. */
      readonly isBanned: boolean;
      /** Who is the host now. */
      readonly host: PlayerId;
    }
    /** A connection was lost or found. Who has none is not ready. */
    | {
      readonly type: "connectionChanged";
      readonly player: PlayerId;
      readonly isConnected: boolean;
    }
    /** Somebody is ready, or no longer. */
    | {
      readonly type: "readyChanged";
      readonly player: PlayerId;
      readonly isReady: boolean;
    }
    /** Another player decides. */
    | {
      readonly type: "hostChanged";
      readonly host: PlayerId;
      /** Whether the last one handed it on, or was without a connection for too long. */
      readonly reason: "transferred" | "disconnected";
    }
    /** A player is in another team, or in none. */
    | {
      readonly type: "teamChanged";
      readonly player: PlayerId;
      readonly team?: TeamId;
    }
    /** Players were given teams; who is not named stays where they are. */
    | {
      readonly type: "teamsAssigned";
      readonly seats: readonly TeamSeat[];
    }
    /** A spectator plays now: as the last of the players, with this. */
    | {
      readonly type: "spectatorPromoted";
      readonly player: LobbyPlayer;
      /** How many seats are reserved now. */
      readonly reservedSeats: number;
    }
    /** A player looks on now: as the last of the spectators, with this. */
    | {
      readonly type: "playerDemoted";
      readonly spectator: LobbySpectator;
      /** Who is the host now. */
      readonly host: PlayerId;
    }
    /** What the game says about a player or a spectator. */
    | {
      readonly type: "playerMetadataChanged";
      readonly player: PlayerId;
      readonly changes: LobbyMetadataChanges;
    }
    /** What the game says about the lobby. */
    | {
      readonly type: "lobbyMetadataChanged";
      readonly changes: LobbyMetadataChanges;
    }
    /** It is set to something else. */
    | {
      readonly type: "configChanged";
      readonly config: LobbyConfig;
      /** Whether nobody but the host is ready any more. */
      readonly isReadyReset: boolean;
      /** Whether nobody is in a team any more. */
      readonly isTeamsReset: boolean;
    }
    /** There is another password, or none. */
    | { readonly type: "passwordChanged"; readonly hasPassword: boolean }
    /** Seats are kept for somebody; told again with who is left, when somebody of them is banned. */
    | {
      readonly type: "seatsReserved";
      /** The reservation's number. */
      readonly reservation: number;
      readonly players: readonly PlayerId[];
      readonly reservedSeats: number;
    }
    /** They are no longer. */
    | {
      readonly type: "reservationEnded";
      readonly reservation: number;
      readonly reason: "cancelled" | "expired";
      readonly reservedSeats: number;
    }
    /** There is a new invite code, which only its maker is told. */
    | {
      readonly type: "inviteCreated";
      /** The invite's number. */
      readonly invite: number;
      readonly by: PlayerId;
    }
    /** An invite code is worth nothing any more. */
    | {
      readonly type: "inviteEnded";
      readonly invite: number;
      readonly reason: "revoked" | "expired";
    }
    /** A player may come back. */
    | {
      readonly type: "banLifted";
      readonly player: PlayerId;
      readonly reason: "lifted" | "expired";
    }
    /** The game begins in so many milliseconds, if nothing comes between. */
    | { readonly type: "countdownStarted"; readonly durationMs: number }
    /** Something came between. */
    | {
      readonly type: "countdownCancelled";
      readonly reason: LobbyInterruption;
    }
    /** The game begins. */
    | {
      readonly type: "gameStarted";
      /** Everybody's team; empty where there are no teams. */
      readonly seats: readonly TeamSeat[];
    }
    /** The game is over. Nobody is ready for another one. */
    | { readonly type: "gameEnded"; readonly results?: LobbyJson }
    /** The same people may play again, as the host wants, or all who are there; who is ready stays so. */
    | { readonly type: "lobbyReset" }
    /** Everybody is asked. */
    | {
      readonly type: "readyCheckStarted";
      readonly players: readonly PlayerId[];
      readonly timeoutMs: number;
    }
    /** Somebody has answered. */
    | {
      readonly type: "readyCheckVoted";
      readonly player: PlayerId;
      readonly isReady: boolean;
    }
    /** It is over; if all are ready, they are so in the lobby too. */
    | {
      readonly type: "readyCheckEnded";
      readonly result: ReadyCheckResult;
    }
  );

/** Something that a {@linkcode LobbyManager} has to tell which changes no lobby. */
export type LobbyNotice =
  /**
   * Somebody gives a password: find out whether it is right, and answer by
   * `answerPassword()`. This is the only place that has the password.
   */
  | {
    readonly type: "passwordToVerify";
    readonly attempt: number;
    readonly lobby: LobbyId;
    readonly player: PlayerId;
    readonly password: string;
    /** What the lobby was given to compare with. */
    readonly verifier: string;
  }
  /** An attempt to join that was waiting for this has failed. */
  | {
    readonly type: "joinRefused";
    readonly attempt: number;
    readonly lobby: LobbyId;
    readonly player: PlayerId;
    readonly error: LobbyError;
  }
  /** The server's own code keeps something else for a lobby: it is to be stored anew. */
  | { readonly type: "serverDataChanged"; readonly lobby: LobbyId };

/** What {@linkcode LobbyManager.drainEvents} gives. */
export type LobbyManagerEvent = LobbyEvent | LobbyNotice;
