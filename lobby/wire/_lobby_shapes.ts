// This module is browser compatible.
import { isObject } from "../_is_object.ts";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import { isGameMode } from "../game_mode.ts";
import type {
  Lobby,
  LobbyPlayer,
  LobbyReadyCheck,
  LobbyReadyVote,
  LobbySpectator,
} from "../manager/lobby.ts";
import type {
  HostRights,
  LobbyAccess,
  LobbyConfig,
  LobbyTeamConfig,
  SpectatorAccess,
} from "../manager/lobby_config.ts";
import type { LobbyState } from "../manager/lobby_state.ts";
import type { TeamAssignment } from "../teams/team_assignment.ts";
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
  isMetadata,
  isPlayer,
  isTeam,
  listOf,
  optional,
  type ShapeOf,
  text,
} from "./_shape.ts";

/** More than any lobby has. */
export const MAX_IN_LOBBY = 1_024;

const isState: Check = anyOf<LobbyState>({
  waiting: true,
  countdown: true,
  inGame: true,
  postgame: true,
});

const isName: Check = text(0, 1_024);

/** The fields of a player in a lobby. */
export const PLAYER_FIELDS: ShapeOf<LobbyPlayer> = {
  id: isPlayer,
  name: isName,
  isReady: isBoolean,
  isConnected: isBoolean,
  team: optional(isTeam),
  party: optional(isName),
  metadata: isMetadata,
};

export const isLobbyPlayer: Check = has(PLAYER_FIELDS);

/** The fields of a spectator. */
export const SPECTATOR_FIELDS: ShapeOf<LobbySpectator> = {
  id: isPlayer,
  name: isName,
  isConnected: isBoolean,
  party: optional(isName),
  metadata: isMetadata,
};

export const isLobbySpectator: Check = has(SPECTATOR_FIELDS);

const TEAM_FIELDS: ShapeOf<LobbyTeamConfig> = {
  count: isCount,
  assignment: anyOf<TeamAssignment>({ auto: true, random: true, manual: true }),
  maxSize: isCount,
};

/** The fields of a configuration. */
export const CONFIG_FIELDS: ShapeOf<LobbyConfig> = {
  name: isName,
  mode: isGameMode,
  map: isName,
  maxPlayers: isCount,
  minPlayers: isCount,
  access: anyOf<LobbyAccess>({
    public: true,
    unlisted: true,
    inviteOnly: true,
  }),
  maxSpectators: isCount,
  spectatorAccess: anyOf<SpectatorAccess>({
    open: true,
    invited: true,
    none: true,
  }),
  inviters: anyOf<LobbyConfig["inviters"]>({ host: true, players: true }),
  isJoinableInGame: isBoolean,
  isAutoStarted: isBoolean,
  countdownMs: isAmount,
  teams: has(TEAM_FIELDS),
  hostRights: anyOf<HostRights>({ full: true, none: true }),
};

export const isLobbyConfig: Check = has(CONFIG_FIELDS);

const READY_VOTE_FIELDS: ShapeOf<LobbyReadyVote> = {
  player: isPlayer,
  isReady: optional(isBoolean),
};

const READY_CHECK_FIELDS: ShapeOf<LobbyReadyCheck> = {
  timeoutMs: isAmount,
  votes: listOf(has(READY_VOTE_FIELDS), MAX_IN_LOBBY),
};

/** The fields of a lobby. */
export const LOBBY_FIELDS: ShapeOf<Lobby> = {
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
  readyCheck: optional(has(READY_CHECK_FIELDS)),
  results: isJson,
};

/** Whether a value is a lobby as everybody in it may see it. */
export const isLobbyView: Check = has(LOBBY_FIELDS);

/** The fields of a listing; `pingMs` is the client's own. */
export const LISTING_FIELDS: ShapeOf<LobbyListing, "pingMs"> = {
  id: isLobby,
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
};

/** Whether a value is a listing. */
export const isListing: Check = has(LISTING_FIELDS);

/** Whether a value is part of a listing, and nothing else. */
export function isListingChange(value: unknown): boolean {
  return isObject(value) && isChange(value) &&
    Object.keys(value).every((name) => Object.hasOwn(LISTING_FIELDS, name));
}

const isChange: Check = has({
  ...Object.fromEntries(
    Object.entries(LISTING_FIELDS).map((
      [name, check],
    ) => [name, optional(check)]),
  ),
  id: isLobby,
});
