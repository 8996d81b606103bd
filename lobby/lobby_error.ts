// This module is browser compatible.
import type { PlayerId } from "../core/mod.ts";
import type { LobbyId } from "./lobby_id.ts";
import type { LobbyState } from "./manager/lobby_state.ts";

/** As what somebody is in a lobby: playing, or looking on. */
export type LobbyRole = "player" | "spectator";

/** Why a lobby takes nobody in, or not this one. */
export type LobbyNotJoinableReason =
  /** A game is under way, or about to be, and the lobby lets nobody in during one. */
  | "inGame"
  /** Only who has an invite code or a reserved seat may enter. */
  | "inviteOnly"
  /** It has no spectators, or only invited ones. */
  | "spectators"
  /** Nobody answered in time whether the password was right. */
  | "passwordTimeout";

/** Why matchmaking refused. */
export type MatchmakingErrorReason =
  /** A player of the ticket waits already, in another one. */
  | "alreadyQueued"
  /** The ticket's own values are outside their ranges. */
  | "invalidTicket"
  /** No such ticket waits. */
  | "ticketNotFound"
  /** Too many tickets wait. */
  | "queueFull"
  /** No such proposal waits for answers. */
  | "proposalNotFound"
  /** No such backfill is open. */
  | "backfillNotFound"
  /** The match cannot be given a lobby: `cause` tells why. */
  | "cannotSeat";

/** What there are too many of. */
export type LobbyBound =
  | "lobbies"
  | "bans"
  | "invites"
  | "reservations"
  | "passwordAttempts"
  /** Events that nobody has drained: drain them and try again. */
  | "events";

/** What a lobby's rules do not allow. */
export type LobbyRule =
  /** The teams are assigned, not chosen. */
  | "teamChoice"
  /** Only the host may invite. */
  | "inviting"
  /** There are no spectators here. */
  | "spectating"
  /** Who is not connected is not ready, and no host. */
  | "disconnected"
  /** There are no teams here. */
  | "teams"
  /** No division of the players keeps the parties together and the teams small enough. */
  | "parties"
  /** Nobody decides for others here but the game's own server: see `HostRights`. */
  | "hostRights";

/**
 * Why the rules of a lobby refuse something. It is an answer, never thrown: what a
 * player asked for, and may have asked for in good faith.
 *
 * The first twelve are what every lobby has to refuse; each says what a program needs
 * for its own words, and `message` is for people.
 */
export type LobbyError =
  /** There is no such lobby. */
  | {
    readonly type: "lobbyNotFound";
    readonly lobby: LobbyId;
    readonly message: string;
  }
  /** Every seat is taken or reserved. */
  | {
    readonly type: "lobbyFull";
    readonly lobby: LobbyId;
    /** Seats of which kind. */
    readonly role: LobbyRole;
    /** How many there are. */
    readonly limit: number;
    readonly message: string;
  }
  /** It lets nobody in, or not this one. */
  | {
    readonly type: "lobbyNotJoinable";
    readonly lobby: LobbyId;
    readonly reason: LobbyNotJoinableReason;
    readonly message: string;
  }
  /** The password is wrong, or there was none. */
  | {
    readonly type: "wrongPassword";
    readonly lobby: LobbyId;
    readonly message: string;
  }
  /** The player is in no lobby, or not in this one, or not as a player. */
  | {
    readonly type: "playerNotFound";
    readonly player: PlayerId;
    readonly message: string;
  }
  /** The player is in a lobby, which has to be left first. */
  | {
    readonly type: "playerAlreadyInLobby";
    readonly player: PlayerId;
    /** Which one. */
    readonly lobby: LobbyId;
    readonly message: string;
  }
  /** Only the host may. */
  | {
    readonly type: "notHost";
    readonly player: PlayerId;
    /** Who is. */
    readonly host: PlayerId;
    readonly message: string;
  }
  /** Too few players. */
  | {
    readonly type: "notEnoughPlayers";
    readonly have: number;
    readonly need: number;
    readonly message: string;
  }
  /** The game is under way, or is about to be. */
  | {
    readonly type: "alreadyInGame";
    readonly lobby: LobbyId;
    readonly message: string;
  }
  /** A host leaves; it does not kick itself. */
  | {
    readonly type: "cannotKickSelf";
    readonly player: PlayerId;
    readonly message: string;
  }
  /** The lobby has no such team. */
  | {
    readonly type: "teamNotFound";
    /** As it was given. */
    readonly team: number;
    /** How many teams there are, from 0 on. */
    readonly teams: number;
    readonly message: string;
  }
  /** Matchmaking refused. */
  | {
    readonly type: "matchmakingError";
    readonly reason: MatchmakingErrorReason;
    /** What of the lobby's own rules was in the way, if that is why. */
    readonly cause?: LobbyError;
    /** Who of a party has told no latency to a region of the queue, if that is why. */
    readonly players?: readonly PlayerId[];
    readonly message: string;
  }
  /** The host does not want this player here. */
  | {
    readonly type: "banned";
    readonly player: PlayerId;
    readonly lobby: LobbyId;
    /** For how long yet, in milliseconds; absent for as long as the lobby lives. */
    readonly leftMs?: number;
    readonly message: string;
  }
  /** Somebody is not ready. */
  | {
    readonly type: "playersNotReady";
    /** Who, in the order of joining. */
    readonly players: readonly PlayerId[];
    readonly message: string;
  }
  /** A value of a lobby's configuration, a name, metadata or other input is none. */
  | {
    readonly type: "invalidConfig";
    /** Which, as `maxPlayers`, `teams.count` or `metadata.map`. */
    readonly field: string;
    readonly message: string;
  }
  /** Too often. */
  | {
    readonly type: "rateLimited";
    /** When it will be allowed, in milliseconds from now. */
    readonly retryAfterMs: number;
    readonly message: string;
  }
  /** The lobby is in another state than this needs. */
  | {
    readonly type: "wrongState";
    readonly lobby: LobbyId;
    /** In which it is. */
    readonly state: LobbyState;
    readonly message: string;
  }
  /** The lobby's configuration does not allow it. */
  | {
    readonly type: "notAllowed";
    readonly rule: LobbyRule;
    readonly message: string;
  }
  /** A team has no seat left. */
  | {
    readonly type: "teamFull";
    readonly team: number;
    readonly limit: number;
    readonly message: string;
  }
  /** A bound is reached. */
  | {
    readonly type: "tooMany";
    /** Of what. */
    readonly of: LobbyBound;
    readonly limit: number;
    readonly message: string;
  }
  /** The id is another lobby's. */
  | {
    readonly type: "lobbyExists";
    readonly lobby: LobbyId;
    readonly message: string;
  }
  /** There is no such invite, reservation, ban, attempt or ready check (any more). */
  | {
    readonly type: "notFound";
    readonly what:
      | "invite"
      | "reservation"
      | "ban"
      | "passwordAttempt"
      | "readyCheck";
    readonly message: string;
  };
