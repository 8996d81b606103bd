// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { TeamId } from "../team_id.ts";
import type { Lobby, LobbyPlayer, LobbySpectator } from "./lobby.ts";
import type { LobbyMetadata } from "./lobby_metadata.ts";

/** What is known of somebody who comes in, checked. */
export interface Entrant {
  readonly player: PlayerId;
  readonly name: string;
  readonly metadata: LobbyMetadata;
  readonly skill: number;
  readonly party: string | undefined;
}

/** Whether somebody in a lobby plays. */
export function isPlayer(lobby: Lobby, player: PlayerId): boolean {
  return lobby.players.some(({ id }) => id === player);
}

/** Finds somebody who is known to be in a lobby. */
export function memberOf(
  lobby: Lobby,
  player: PlayerId,
): LobbyPlayer | LobbySpectator {
  const isMember = ({ id }: LobbySpectator): boolean => id === player;
  return lobby.players.find(isMember) ?? lobby.spectators.find(isMember)!;
}

/** What a lobby shows of somebody who comes to play. */
export function makePlayer(
  entrant: Entrant,
  team: TeamId | undefined,
  isReady: boolean,
): LobbyPlayer {
  const { player, name, party, metadata } = entrant;
  return {
    id: player,
    name,
    isReady,
    isConnected: true,
    ...(team === undefined ? {} : { team }),
    ...(party === undefined ? {} : { party }),
    metadata,
  };
}

/** What a lobby shows of somebody who comes to look on. */
export function makeSpectator(entrant: Entrant): LobbySpectator {
  const { player, name, party, metadata } = entrant;
  return {
    id: player,
    name,
    isConnected: true,
    ...(party === undefined ? {} : { party }),
    metadata,
  };
}

/** How many players are in each team. */
export function teamSizes(lobby: Lobby): number[] {
  const sizes = new Array<number>(lobby.config.teams.count).fill(0);
  for (const { team } of lobby.players) {
    if (team !== undefined) sizes[team]!++;
  }
  return sizes;
}
