// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { notAllowed } from "../manager/_errors.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyManager } from "../manager/lobby_manager.ts";
import type { LobbyRequest } from "../wire/lobby_request.ts";

/** What goes straight to the manager. */
export type LobbyOperation = Exclude<LobbyRequest, {
  do:
    | "hello"
    | "create"
    | "join"
    | "configure"
    | "setPassword"
    | "chat"
    | "browse"
    | "unbrowse"
    | "setLatencies"
    | "enqueue"
    | "dequeue"
    | "explain"
    | "answer";
}>;

/** What only the host may ask for. */
const OF_HOSTS: ReadonlySet<LobbyOperation["do"]> = new Set([
  "kick",
  "unban",
  "transferHost",
  "setMetadata",
  "assignTeams",
  "rebalanceTeams",
  "reserve",
  "cancelReservation",
  "start",
  "cancelStart",
  "reset",
  "readyCheck",
  "cancelReadyCheck",
]);

/** What an operation comes to: what there is to know, if there is anything. */
export type Operated =
  | { readonly isOk: true; readonly value: object | undefined }
  | { readonly isOk: false; readonly error: LobbyError };

/** Does what a player asks for. */
export function operate(
  manager: LobbyManager,
  player: PlayerId,
  request: LobbyOperation,
): Operated {
  const isAboutOther = (request.do === "setTeam" || request.do === "setRole") &&
    (request.player ?? player) !== player;
  if (isAboutOther || OF_HOSTS.has(request.do)) {
    const hosted = hostedBy(manager, player);
    if (!hosted.isOk) return hosted;
  }
  switch (request.do) {
    case "leave":
      return plain(manager.leave(player));
    case "ready":
      return plain(manager.setReady(player, request.isReady));
    case "kick": {
      const { isBanned = false, banMs = isBanned ? Infinity : 0 } = request;
      return plain(manager.kick(player, request.player, { banMs }));
    }
    case "unban":
      return plain(manager.unban(player, request.player));
    case "transferHost":
      return plain(manager.transferHost(player, request.player));
    case "setMetadata":
      return plain(manager.setMetadata(player, request.changes));
    case "setPlayerMetadata":
      return plain(manager.setPlayerMetadata(player, request.changes));
    case "setTeam": {
      const { team, player: other = player } = request;
      return plain(manager.setTeam(player, other, team ?? undefined));
    }
    case "setRole": {
      const { role, player: other = player } = request;
      return plain(manager.setRole(player, other, role));
    }
    case "assignTeams":
      return plain(manager.assignTeams(player));
    case "rebalanceTeams":
      return plain(manager.rebalanceTeams(player));
    case "invite": {
      const { do: _, ...options } = request;
      const made = manager.invite(player, options);
      if (!made.isOk) return made;
      const { invite, code } = made.value;
      return { isOk: true, value: { invite, code } };
    }
    case "revokeInvite":
      return plain(manager.revokeInvite(player, request.code));
    case "reserve": {
      const { players, ttlMs } = request;
      const reserved = manager.reserve(
        manager.lobbyForPlayer(player)!.id,
        players,
        ttlMs === undefined ? {} : { ttlMs },
      );
      return reserved.isOk
        ? { isOk: true, value: { reservation: reserved.value } }
        : reserved;
    }
    case "cancelReservation":
      return plain(
        manager.cancelReservation(
          manager.lobbyForPlayer(player)!.id,
          request.reservation,
        ),
      );
    case "start":
      return plain(manager.startGame(player));
    case "cancelStart":
      return plain(manager.cancelStart(player));
    case "reset":
      return plain(manager.resetLobby(player));
    case "readyCheck":
      return plain(manager.startReadyCheck(player, request.timeoutMs));
    case "vote":
      return plain(manager.vote(player, request.isReady));
    case "cancelReadyCheck":
      return plain(manager.cancelReadyCheck(player));
  }
}

/**
 * The lobby that a player decides for. The manager takes the game's own server for the host, so that the rights of hosts are
 * looked at here.
 */
export function hostedBy(
  manager: LobbyManager,
  player: PlayerId,
): LobbyResult<Lobby> {
  const lobby = manager.lobbyForPlayer(player);
  if (lobby === undefined) {
    return {
      isOk: false,
      error: {
        type: "playerNotFound",
        player,
        message: "The player is in no lobby",
      },
    };
  }
  const { host, config } = lobby;
  if (host !== player) {
    return {
      isOk: false,
      error: {
        type: "notHost",
        player,
        host,
        message: `Player "${player}" may not do this as the host is "${host}"`,
      },
    };
  }
  return config.hostRights === "full"
    ? { isOk: true, value: lobby }
    : { isOk: false, error: notAllowed("hostRights") };
}

/** The lobby itself is told by pushes. */
export function plain(result: LobbyResult<unknown>): Operated {
  return result.isOk ? { isOk: true, value: undefined } : result;
}

/** Who has entered a lobby is told which. */
export function entered(result: LobbyResult<Lobby>): Operated {
  return result.isOk
    ? { isOk: true, value: { lobby: result.value.id } }
    : result;
}
