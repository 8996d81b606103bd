// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type {
  LobbyBound,
  LobbyError,
  LobbyNotJoinableReason,
  LobbyRole,
  LobbyRule,
} from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "./lobby.ts";

const NOT_JOINABLE: Readonly<Record<LobbyNotJoinableReason, string>> = {
  inGame: "its game is under way, or about to be",
  inviteOnly: "it takes only who is invited",
  spectators: "it takes no spectators that are not invited",
  passwordTimeout: "the password was not verified in time",
};

const NAMES: Readonly<
  Record<Extract<LobbyError, { type: "notFound" }>["what"], string>
> = {
  invite: "invite",
  reservation: "reservation",
  ban: "ban",
  passwordAttempt: "attempt at a password",
  readyCheck: "ready check",
};

const RULES: Readonly<Record<LobbyRule, string>> = {
  teamChoice: "Cannot choose a team as teams are assigned here",
  inviting: "Cannot invite as only the host may here",
  spectating: "Cannot look on as there are no spectators here",
  disconnected: "Cannot do this for a player who is not connected",
  teams: "Cannot divide players as there are no teams here",
  parties: "Cannot divide players as their parties do not fit into the teams",
  hostRights:
    "Cannot do this as the host has no rights here, or has no say in them",
};

export function lobbyNotFound(lobby: LobbyId): LobbyError {
  return {
    type: "lobbyNotFound",
    lobby,
    message: `Cannot find lobby "${lobby}"`,
  };
}

export function lobbyExists(lobby: LobbyId): LobbyError {
  return {
    type: "lobbyExists",
    lobby,
    message: `Cannot create lobby "${lobby}" as there is one of this id`,
  };
}

export function lobbyFull(
  lobby: LobbyId,
  role: LobbyRole,
  limit: number,
): LobbyError {
  return {
    type: "lobbyFull",
    lobby,
    role,
    limit,
    message:
      `Cannot join lobby "${lobby}" as all its ${limit} seats for ${role}s are taken or reserved`,
  };
}

export function lobbyNotJoinable(
  lobby: LobbyId,
  reason: LobbyNotJoinableReason,
): LobbyError {
  return {
    type: "lobbyNotJoinable",
    lobby,
    reason,
    message: `Cannot join lobby "${lobby}" as ${NOT_JOINABLE[reason]}`,
  };
}

export function wrongPassword(lobby: LobbyId): LobbyError {
  return {
    type: "wrongPassword",
    lobby,
    message: `Cannot join lobby "${lobby}" as it asks for another password`,
  };
}

export function playerNotFound(player: PlayerId): LobbyError {
  return {
    type: "playerNotFound",
    player,
    message: `Cannot find player "${player}" here`,
  };
}

export function playerAlreadyInLobby(
  player: PlayerId,
  lobby: LobbyId,
): LobbyError {
  return {
    type: "playerAlreadyInLobby",
    player,
    lobby,
    message: `Player "${player}" is in lobby "${lobby}" already`,
  };
}

export function notHost(player: PlayerId, host: PlayerId): LobbyError {
  return {
    type: "notHost",
    player,
    host,
    message: `Player "${player}" may not do this as the host is "${host}"`,
  };
}

export function notEnoughPlayers(have: number, need: number): LobbyError {
  return {
    type: "notEnoughPlayers",
    have,
    need,
    message: `Cannot play with ${have} players as there must be ${need}`,
  };
}

export function alreadyInGame(lobby: LobbyId): LobbyError {
  return {
    type: "alreadyInGame",
    lobby,
    message: `The game of lobby "${lobby}" is under way, or about to be`,
  };
}

export function cannotKickSelf(player: PlayerId): LobbyError {
  return {
    type: "cannotKickSelf",
    player,
    message: `Player "${player}" cannot kick itself`,
  };
}

export function teamNotFound(team: number, teams: number): LobbyError {
  return {
    type: "teamNotFound",
    team,
    teams,
    message: `Cannot find team ${team} as there are ${teams}`,
  };
}

export function teamFull(team: number, limit: number): LobbyError {
  return {
    type: "teamFull",
    team,
    limit,
    message: `Cannot join team ${team} as all its ${limit} seats are taken`,
  };
}

export function cannotSeat(cause: LobbyError): LobbyError {
  return {
    type: "matchmakingError",
    reason: "cannotSeat",
    cause,
    message: `Cannot give a match a lobby: ${cause.message}`,
  };
}

export function banned(
  player: PlayerId,
  lobby: LobbyId,
  leftMs: number,
): LobbyError {
  return {
    type: "banned",
    player,
    lobby,
    ...(leftMs < Infinity ? { leftMs } : {}),
    message: `Player "${player}" is banned from lobby "${lobby}"`,
  };
}

export function playersNotReady(players: readonly PlayerId[]): LobbyError {
  return {
    type: "playersNotReady",
    players,
    message: `Cannot start as all players must be ready: missing are ${
      players.map((player) => JSON.stringify(player)).join(", ")
    }`,
  };
}

export function invalidConfig(field: string, wanted: string): LobbyError {
  return {
    type: "invalidConfig",
    field,
    message: `Cannot use ${field} as it must be ${wanted}`,
  };
}

export function rateLimited(retryAfterMs: number): LobbyError {
  return {
    type: "rateLimited",
    retryAfterMs,
    message: `Too many attempts: the next is allowed in ${
      Math.ceil(retryAfterMs)
    } ms`,
  };
}

export function wrongState(lobby: Lobby): LobbyError {
  return {
    type: "wrongState",
    lobby: lobby.id,
    state: lobby.state,
    message:
      `Cannot do this in lobby "${lobby.id}" as it is in state "${lobby.state}"`,
  };
}

export function notAllowed(rule: LobbyRule): LobbyError {
  return { type: "notAllowed", rule, message: RULES[rule] };
}

export function tooMany(of: LobbyBound, limit: number): LobbyError {
  return {
    type: "tooMany",
    of,
    limit,
    message: `There are ${limit} ${of} already, which is the most`,
  };
}

export function notFound(
  what: Extract<LobbyError, { type: "notFound" }>["what"],
): LobbyError {
  return { type: "notFound", what, message: `There is no such ${NAMES[what]}` };
}
