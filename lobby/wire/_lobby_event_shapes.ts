// This module is browser compatible.
import type { LobbyEvent } from "../manager/lobby_event.ts";
import {
  isLobbyConfig,
  isLobbyPlayer,
  isLobbySpectator,
  isLobbyView,
  MAX_IN_LOBBY,
} from "./_lobby_shapes.ts";
import {
  type Check,
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isLobby,
  isMetadataChanges,
  isObject,
  isPlayer,
  isTeam,
  listOf,
  oneOf,
  optional,
  type Shape,
  text,
} from "./_shape.ts";

const isPlayers: Check = listOf(isPlayer, MAX_IN_LOBBY);
const isSeats: Check = listOf(
  has({ player: isPlayer, team: isTeam }),
  MAX_IN_LOBBY,
);
const isLeaveReason: Check = oneOf("left", "kicked", "timedOut");
const isEntry: Check = oneOf("open", "password", "invite", "reservation");

const SHAPES: Readonly<Record<LobbyEvent["type"], Shape>> = {
  lobbyCreated: { view: isLobbyView },
  lobbyDestroyed: {
    reason: oneOf("closed", "empty"),
    last: optional(has({ player: isPlayer, reason: isLeaveReason })),
  },
  playerJoined: {
    player: isLobbyPlayer,
    entry: isEntry,
    reservedSeats: isCount,
  },
  spectatorJoined: { spectator: isLobbySpectator, entry: isEntry },
  playerLeft: {
    player: isPlayer,
    role: oneOf("player", "spectator"),
    reason: isLeaveReason,
    isBanned: isBoolean,
    host: isPlayer,
  },
  connectionChanged: { player: isPlayer, isConnected: isBoolean },
  readyChanged: { player: isPlayer, isReady: isBoolean },
  hostChanged: {
    host: isPlayer,
    reason: oneOf("transferred", "disconnected"),
  },
  teamChanged: { player: isPlayer, team: optional(isTeam) },
  teamsAssigned: { seats: isSeats },
  spectatorPromoted: { player: isLobbyPlayer },
  playerDemoted: { spectator: isLobbySpectator, host: isPlayer },
  playerMetadataChanged: { player: isPlayer, changes: isMetadataChanges },
  lobbyMetadataChanged: { changes: isMetadataChanges },
  configChanged: {
    config: isLobbyConfig,
    isReadyReset: isBoolean,
    isTeamsReset: isBoolean,
  },
  passwordChanged: { hasPassword: isBoolean },
  seatsReserved: {
    reservation: isCount,
    players: isPlayers,
    reservedSeats: isCount,
  },
  reservationEnded: {
    reservation: isCount,
    reason: oneOf("cancelled", "expired"),
    reservedSeats: isCount,
  },
  inviteCreated: { invite: isCount, by: isPlayer },
  inviteEnded: { invite: isCount, reason: oneOf("revoked", "expired") },
  banLifted: { player: isPlayer, reason: oneOf("lifted", "expired") },
  countdownStarted: { durationMs: isAmount },
  countdownCancelled: {
    reason: oneOf(
      "host",
      "unready",
      "joined",
      "left",
      "disconnected",
      "started",
      "configChanged",
      "parties",
    ),
  },
  gameStarted: { seats: isSeats },
  gameEnded: {},
  lobbyReset: {},
  readyCheckStarted: { players: isPlayers, timeoutMs: isAmount },
  readyCheckVoted: { player: isPlayer, isReady: isBoolean },
  readyCheckEnded: {
    result: (value) => isObject(value) && isResult(value),
  },
};

const isAllReady: Check = has({ type: oneOf("allReady") });
const isTimedOut: Check = has({
  type: oneOf("timedOut"),
  declined: isPlayers,
  silent: isPlayers,
});
const isCancelled: Check = has({
  type: oneOf("cancelled"),
  reason: text(0, 256),
  declined: isPlayers,
  silent: isPlayers,
});

function isResult(value: unknown): boolean {
  return isAllReady(value) || isTimedOut(value) || isCancelled(value);
}

const isBase: Check = has({
  lobby: isLobby,
  version: integer(1, Number.MAX_SAFE_INTEGER),
});

const CHECKS: ReadonlyMap<unknown, Check> = new Map(
  Object.entries(SHAPES).map(([type, shape]) => [type, has(shape)]),
);

/** Whether a value is an event of a lobby, as far as its fields tell. */
export function isLobbyEvent(value: unknown): boolean {
  return isObject(value) && isBase(value) &&
    (CHECKS.get(value.type)?.(value) ?? false);
}
