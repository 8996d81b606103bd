// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { TeamId } from "../team_id.ts";
import type { TeamSeat } from "../teams/team_system.ts";
import { mergeMetadata } from "./_check_input.ts";
import type { Lobby, LobbyPlayer, LobbySpectator } from "./lobby.ts";
import type { LobbyEvent } from "./lobby_event.ts";
import { LobbyState } from "./lobby_state.ts";

/**
 * Makes of a lobby and the next event of it the lobby after the event. It is what the
 * manager itself does: who begins with a lobby and applies all events since has what
 * `LobbyManager.lobby()` has, to the last field.
 *
 * @param lobby The lobby before the event, which stays as it is; `undefined` before
 * `lobbyCreated`.
 * @param event The event whose version is the next.
 * @returns The lobby after it; `undefined` if it is gone.
 * @throws {RangeError} If the event is another lobby's, or its version is not the next:
 * compare those first where events come over a network, and ask for the whole lobby
 * where one is missing.
 *
 * @example Follow a lobby
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { applyLobbyEvent, type Lobby, LobbyManager } from "@tickwire/net/lobby";
 *
 * const manager = new LobbyManager();
 * const created = manager.createLobby(playerId("ada"), { name: "Friday" });
 * if (created.isOk) manager.join(playerId("bob"), created.value.id);
 *
 * let copy: Lobby | undefined;
 * for (const event of manager.drainEvents()) {
 *   if ("version" in event) copy = applyLobbyEvent(copy, event);
 * }
 * assertEquals(copy, manager.lobby(copy!.id));
 * ```
 */
export function applyLobbyEvent(
  lobby: Lobby | undefined,
  event: LobbyEvent,
): Lobby | undefined {
  if (event.type === "lobbyCreated") {
    if (lobby !== undefined) {
      throw new RangeError(
        `Cannot apply a "lobbyCreated" as there must be no lobby before it: current value is "${lobby.id}"`,
      );
    }
    return event.view;
  }
  if (lobby?.id !== event.lobby) {
    throw new RangeError(
      `Cannot apply an event as its lobby must be "${lobby?.id}": current value is "${event.lobby}"`,
    );
  }
  const { version } = event;
  if (version !== lobby.version + 1) {
    throw new RangeError(
      `Cannot apply an event as its version must be ${
        lobby.version + 1
      }: current value is ${version}`,
    );
  }
  if (event.type === "lobbyDestroyed") return undefined;
  return Object.freeze({ ...change(lobby, event), version });
}

/** The lobby after an event that leaves one, but for the version. */
function change(
  lobby: Lobby,
  event: Exclude<LobbyEvent, { type: "lobbyCreated" | "lobbyDestroyed" }>,
): Lobby {
  const { players, spectators } = lobby;
  switch (event.type) {
    case "playerJoined":
      return {
        ...lobby,
        players: append(players, event.player),
        reservedSeats: event.reservedSeats,
      };
    case "spectatorJoined":
      return { ...lobby, spectators: append(spectators, event.spectator) };
    case "playerLeft":
      return {
        ...lobby,
        host: event.host,
        players: without(players, event.player),
        spectators: without(spectators, event.player),
      };
    case "connectionChanged": {
      const { player, isConnected } = event;
      return {
        ...lobby,
        players: edit(players, player, (old) => ({
          ...old,
          isConnected,
          isReady: old.isReady && isConnected,
        })),
        spectators: edit(
          spectators,
          player,
          (old) => ({ ...old, isConnected }),
        ),
      };
    }
    case "readyChanged": {
      const { player, isReady } = event;
      return {
        ...lobby,
        players: edit(players, player, (old) => ({ ...old, isReady })),
      };
    }
    case "hostChanged":
      return { ...lobby, host: event.host };
    case "teamChanged": {
      const { player, team } = event;
      return {
        ...lobby,
        players: edit(players, player, (old) => inTeam(old, team)),
      };
    }
    case "teamsAssigned":
      return { ...lobby, players: inTeams(players, event.seats) };
    case "spectatorPromoted":
      return {
        ...lobby,
        players: append(players, event.player),
        spectators: without(spectators, event.player.id),
        reservedSeats: event.reservedSeats,
      };
    case "playerDemoted":
      return {
        ...lobby,
        host: event.host,
        players: without(players, event.spectator.id),
        spectators: append(spectators, event.spectator),
      };
    case "playerMetadataChanged": {
      const { player, changes } = event;
      return {
        ...lobby,
        players: edit(players, player, (old) => ({
          ...old,
          metadata: Object.freeze(mergeMetadata(old.metadata, changes)),
        })),
        spectators: edit(spectators, player, (old) => ({
          ...old,
          metadata: Object.freeze(mergeMetadata(old.metadata, changes)),
        })),
      };
    }
    case "lobbyMetadataChanged":
      return {
        ...lobby,
        metadata: Object.freeze(mergeMetadata(lobby.metadata, event.changes)),
      };
    case "configChanged": {
      const { config, isReadyReset, isTeamsReset } = event;
      return {
        ...lobby,
        config,
        players: !isReadyReset && !isTeamsReset
          ? players
          : map(players, (old) => {
            const isReady = old.isReady &&
              (!isReadyReset || old.id === lobby.host);
            const kept = isReady === old.isReady ? old : { ...old, isReady };
            return isTeamsReset ? inTeam(kept, undefined) : kept;
          }),
      };
    }
    case "passwordChanged":
      return { ...lobby, hasPassword: event.hasPassword };
    case "seatsReserved":
    case "reservationEnded":
      return { ...lobby, reservedSeats: event.reservedSeats };
    case "countdownStarted":
      return { ...lobby, state: LobbyState.Countdown };
    case "countdownCancelled":
      return { ...lobby, state: LobbyState.Waiting };
    case "gameStarted":
      return {
        ...lobby,
        state: LobbyState.InGame,
        players: inTeams(players, event.seats),
        gameCount: lobby.gameCount + 1,
      };
    case "gameEnded": {
      const { results: _last, ...rest } = lobby;
      const { results } = event;
      return {
        ...rest,
        state: LobbyState.Postgame,
        // Who is ready from now on is so for the next one.
        players: map(players, (old) => unready(old)),
        ...(results === undefined ? {} : { results }),
      };
    }
    case "lobbyReset":
      return { ...lobby, state: LobbyState.Waiting };
    case "readyCheckStarted": {
      const { timeoutMs } = event;
      const votes = map(event.players, (player) => ({ player }));
      return { ...lobby, readyCheck: Object.freeze({ timeoutMs, votes }) };
    }
    case "readyCheckVoted": {
      const { player, isReady } = event;
      if (lobby.readyCheck === undefined) return lobby;
      const { timeoutMs } = lobby.readyCheck;
      const votes = map(
        lobby.readyCheck.votes,
        (vote) => vote.player === player ? { player, isReady } : vote,
      );
      return { ...lobby, readyCheck: Object.freeze({ timeoutMs, votes }) };
    }
    case "readyCheckEnded": {
      const { readyCheck, ...rest } = lobby;
      if (event.result.type !== "allReady") return rest;
      const asked = new Set(readyCheck?.votes.map(({ player }) => player));
      return {
        ...rest,
        players: map(
          players,
          (old) => asked.has(old.id) ? { ...old, isReady: true } : old,
        ),
      };
    }
    case "inviteCreated":
    case "inviteEnded":
    case "banLifted":
      return lobby;
  }
}

function append<T>(list: readonly T[], item: T): readonly T[] {
  return Object.freeze([...list, item]);
}

function without<T extends { readonly id: PlayerId }>(
  list: readonly T[],
  id: PlayerId,
): readonly T[] {
  return list.some((item) => item.id === id)
    ? Object.freeze(list.filter((item) => item.id !== id))
    : list;
}

function map<T, U extends object>(
  list: readonly T[],
  change: (item: T) => U,
): readonly U[] {
  return Object.freeze(list.map((item) => Object.freeze(change(item))));
}

function edit<T extends LobbyPlayer | LobbySpectator>(
  list: readonly T[],
  id: PlayerId,
  change: (old: T) => T,
): readonly T[] {
  const index = list.findIndex((item) => item.id === id);
  if (index < 0) return list;
  const edited = list.slice();
  edited[index] = Object.freeze(change(list[index]!));
  return Object.freeze(edited);
}

function inTeam(player: LobbyPlayer, team: TeamId | undefined): LobbyPlayer {
  const { team: _old, ...rest } = player;
  return team === undefined ? rest : { ...rest, team };
}

function inTeams(
  players: readonly LobbyPlayer[],
  seats: readonly TeamSeat[],
): readonly LobbyPlayer[] {
  if (seats.length === 0) return players;
  const teams = new Map(seats.map(({ player, team }) => [player, team]));
  return map(players, (old) => {
    const team = teams.get(old.id);
    return team === undefined ? old : inTeam(old, team);
  });
}

function unready(player: LobbyPlayer): LobbyPlayer {
  return player.isReady ? { ...player, isReady: false } : player;
}
