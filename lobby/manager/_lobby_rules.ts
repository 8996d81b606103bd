// This module is browser compatible.
import type { LobbyError } from "../lobby_error.ts";
import * as errors from "./_errors.ts";
import { teamSizes } from "./_lobby_members.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyConfig } from "./lobby_config.ts";
import { LobbyState } from "./lobby_state.ts";

/** Tells why something that needs a lobby that waits may not be done. */
export function checkWaiting(lobby: Lobby): LobbyError | undefined {
  switch (lobby.state) {
    case LobbyState.Waiting:
      return undefined;
    case LobbyState.Postgame:
      return errors.wrongState(lobby);
    default:
      return errors.alreadyInGame(lobby.id);
  }
}

/** Tells why nobody may come in to play. */
export function checkFreeSeat(lobby: Lobby): LobbyError | undefined {
  const { id, config, players, reservedSeats, state } = lobby;
  // In a countdown each one who came would end it, again and again.
  const isBegun = state === LobbyState.InGame || state === LobbyState.Countdown;
  if (isBegun && !config.isJoinableInGame) {
    return errors.lobbyNotJoinable(id, "inGame");
  }
  return players.length + reservedSeats < config.maxPlayers
    ? undefined
    : errors.lobbyFull(id, "player", config.maxPlayers);
}

/** Tells why a player may not look on. */
export function checkDemotion(lobby: Lobby): LobbyError | undefined {
  const { id, config, players, spectators } = lobby;
  if (config.spectatorAccess === "none") return errors.notAllowed("spectating");
  if (spectators.length >= config.maxSpectators) {
    return errors.lobbyFull(id, "spectator", config.maxSpectators);
  }
  return players.length > 1 ? undefined : errors.notEnoughPlayers(0, 1);
}

/** Tells why a lobby cannot be set to something, with those who are in it. */
export function checkOccupancy(
  lobby: Lobby,
  config: LobbyConfig,
): LobbyError | undefined {
  const { players, reservedSeats, spectators } = lobby;
  const taken = players.length + reservedSeats;
  if (taken > config.maxPlayers) {
    return errors.invalidConfig(
      "maxPlayers",
      `at least ${taken}, the seats that are taken or reserved: current value is ${config.maxPlayers}`,
    );
  }
  const most = config.spectatorAccess === "none" ? 0 : config.maxSpectators;
  return spectators.length <= most ? undefined : errors.invalidConfig(
    "maxSpectators",
    `at least ${spectators.length}, who look on: current value is ${most}`,
  );
}

/** Whether players may stay in their teams when a lobby is set to something else. */
export function hasRoomForTeams(config: LobbyConfig, lobby: Lobby): boolean {
  const { count, assignment, maxSize } = config.teams;
  const { teams } = lobby.config;
  return lobby.players.every(({ team }) => team === undefined) ||
    count === teams.count && assignment === teams.assignment &&
      teamSizes(lobby).every((size) => size <= maxSize);
}

/** Whether all players who are there are ready for another game after one, and enough for it. */
export function isRematchWanted({ state, players, config }: Lobby): boolean {
  if (state !== LobbyState.Postgame) return false;
  const present = players.filter(({ isConnected }) => isConnected);
  return present.length >= config.minPlayers &&
    present.every(({ isReady }) => isReady);
}

/** Compares plain values whose fields are in the same order. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether players who were ready for the one may not be so for the other. */
export function isOtherGame(a: LobbyConfig, b: LobbyConfig): boolean {
  return a.mode !== b.mode || a.map !== b.map ||
    a.maxPlayers !== b.maxPlayers || a.minPlayers !== b.minPlayers ||
    !isSame(a.teams, b.teams);
}
