// This module is browser compatible.
import { isGameMode } from "../game_mode.ts";
import {
  type Check,
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isLobby,
  isMetadata,
  isObject,
  isPlayer,
  isTeam,
  listOf,
  oneOf,
  optional,
  text,
} from "./_shape.ts";

/** More than any lobby has. */
export const MAX_IN_LOBBY = 1_024;

export const isState: Check = oneOf(
  "waiting",
  "countdown",
  "inGame",
  "postgame",
);

const isName: Check = text(0, 1_024);

export const isLobbyPlayer: Check = has({
  id: isPlayer,
  name: isName,
  isReady: isBoolean,
  isConnected: isBoolean,
  team: optional(isTeam),
  party: optional(isName),
  metadata: isMetadata,
});

export const isLobbySpectator: Check = has({
  id: isPlayer,
  name: isName,
  isConnected: isBoolean,
  party: optional(isName),
  metadata: isMetadata,
});

export const isLobbyConfig: Check = has({
  name: isName,
  mode: isGameMode,
  map: isName,
  maxPlayers: isCount,
  minPlayers: isCount,
  access: oneOf("public", "unlisted", "inviteOnly"),
  maxSpectators: isCount,
  spectatorAccess: oneOf("open", "invited", "none"),
  inviters: oneOf("host", "players"),
  isJoinableInGame: isBoolean,
  isAutoStarted: isBoolean,
  countdownMs: isAmount,
  teams: has({
    count: isCount,
    assignment: oneOf("auto", "random", "manual"),
    maxSize: isCount,
  }),
});

/** Whether a value is a lobby as everybody in it may see it. */
export const isLobbyView: Check = has({
  id: isLobby,
  version: integer(1, Number.MAX_SAFE_INTEGER),
  state: isState,
  host: isPlayer,
  config: isLobbyConfig,
  hasPassword: isBoolean,
  metadata: isMetadata,
  players: listOf(isLobbyPlayer, MAX_IN_LOBBY),
  spectators: listOf(isLobbySpectator, MAX_IN_LOBBY),
  reservedSeats: isCount,
  gameCount: isCount,
  readyCheck: optional(has({
    timeoutMs: isAmount,
    votes: listOf(
      has({ player: isPlayer, isReady: optional(isBoolean) }),
      MAX_IN_LOBBY,
    ),
  })),
  // `results` is whatever JSON the game has made of it.
});

const LISTING = {
  name: isName,
  mode: isGameMode,
  map: isName,
  state: isState,
  players: isCount,
  maxPlayers: isCount,
  reservedSeats: isCount,
  spectators: isCount,
  isPrivate: isBoolean,
  isJoinable: isBoolean,
  isOpenToSpectators: isBoolean,
  region: isName,
  metadata: isMetadata,
} as const;

/** Whether a value is a listing. */
export const isListing: Check = has({ id: isLobby, ...LISTING });

/** Whether a value is part of a listing, and nothing else. */
export function isListingChange(value: unknown): boolean {
  return isObject(value) && isChange(value) &&
    Object.keys(value).every((name) =>
      name === "id" || Object.hasOwn(LISTING, name)
    );
}

const isChange: Check = has({
  id: isLobby,
  ...Object.fromEntries(
    Object.entries(LISTING).map(([name, check]) => [name, optional(check)]),
  ),
});
