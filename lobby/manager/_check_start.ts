// This module is browser compatible.
import type { LobbyError } from "../lobby_error.ts";
import * as errors from "./_errors.ts";
import { checkWaiting } from "./_lobby_rules.ts";
import { canDivide } from "./_lobby_teams.ts";
import type { ManagedLobby } from "./_managed_lobby.ts";
import { LobbyState } from "./lobby_state.ts";

/** Tells why a host may not begin the game. */
export function checkStart(record: ManagedLobby): LobbyError | undefined {
  const { view } = record;
  const { host, players, config } = view;
  const busy = checkWaiting(view);
  if (busy !== undefined) return busy;
  if (players.length < config.minPlayers) {
    return errors.notEnoughPlayers(players.length, config.minPlayers);
  }
  const unready = players
    // Who starts the game is ready for it.
    .filter(({ id, isReady, isConnected }) =>
      id === host ? !isConnected : !isReady
    )
    .map(({ id }) => id);
  if (unready.length > 0) return errors.playersNotReady(unready);
  return canDivide(record) ? undefined : errors.notAllowed("parties");
}

/** Whether the game begins by itself. */
export function isStartDue(record: ManagedLobby): boolean {
  const { config, state, players } = record.view;
  return config.isAutoStarted && state === LobbyState.Waiting &&
    record.readyCheck === undefined && record.reservations.size === 0 &&
    players.length >= config.minPlayers &&
    players.every(({ isReady }) => isReady) &&
    canDivide(record);
}
