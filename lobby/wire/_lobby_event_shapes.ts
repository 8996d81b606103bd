// This module is browser compatible.
import { isObject } from "../_is_object.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type {
  LobbyEntry,
  LobbyEvent,
  LobbyEventBase,
  LobbyInterruption,
  LobbyLeaveReason,
} from "../manager/lobby_event.ts";
import {
  isLobbyConfig,
  isLobbyPlayer,
  isLobbySpectator,
  isLobbyView,
  MAX_IN_LOBBY,
} from "./_lobby_shapes.ts";
import {
  anyOf,
  type Check,
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isJson,
  isLobby,
  isMetadataChanges,
  isPlayer,
  isTeam,
  listOf,
  oneOf,
  optional,
  type Shape,
  type ShapeOf,
  text,
} from "./_shape.ts";

const isPlayers: Check = listOf(isPlayer, MAX_IN_LOBBY);
const isSeats: Check = listOf(
  has({ player: isPlayer, team: isTeam }),
  MAX_IN_LOBBY,
);
const isEntry: Check = anyOf<LobbyEntry>({
  open: true,
  password: true,
  invite: true,
  reservation: true,
});
const isRole: Check = anyOf<LobbyRole>({ player: true, spectator: true });
const isLeaveReason: Check = anyOf<LobbyLeaveReason>({
  left: true,
  kicked: true,
  timedOut: true,
});
const isInterruption: Check = anyOf<LobbyInterruption>({
  host: true,
  unready: true,
  joined: true,
  left: true,
  disconnected: true,
  started: true,
  configChanged: true,
  parties: true,
});

/** The fields of each event, beside those that all have. */
export const EVENT_FIELDS: {
  readonly [K in LobbyEvent["type"]]: ShapeOf<
    Extract<LobbyEvent, { readonly type: K }>,
    keyof LobbyEventBase | "type"
  >;
} = {
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
    role: isRole,
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
  spectatorPromoted: { player: isLobbyPlayer, reservedSeats: isCount },
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
    reason: isInterruption,
  },
  gameStarted: { seats: isSeats },
  gameEnded: { results: isJson },
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
  Object.entries<Shape>(EVENT_FIELDS).map(([type, shape]) => [
    type,
    has(shape),
  ]),
);

/** Whether a value is an event of a lobby, as far as its fields tell. */
export function isLobbyEvent(value: unknown): boolean {
  return isObject(value) && isBase(value) &&
    (CHECKS.get(value.type)?.(value) ?? false);
}
