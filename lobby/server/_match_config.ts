// This module is browser compatible.
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import { MAX_TEAMS } from "../team_id.ts";

/** What of a match decides what its lobby is set to. */
export interface MatchShape {
  /** The queue's name. */
  readonly queue: string;
  readonly mode: string;
  readonly map: string | undefined;
  /** How many players each team has. */
  readonly teamSizes: readonly number[];
}

/** Whether the lobby of a match has its teams: not one player against the others, nor more teams than a lobby has. */
export function hasLobbyTeams({ teamSizes }: MatchShape): boolean {
  return teamSizes.length >= 2 && teamSizes.length <= MAX_TEAMS &&
    teamSizes.some((size) => size > 1);
}

/** What the lobby of a match is set to: as the game says, but for what the match itself has. */
export function matchConfig(
  match: MatchShape,
  given: LobbyConfigChanges = {},
): LobbyConfigChanges {
  const { queue, mode, map, teamSizes } = match;
  const players = teamSizes.reduce((sum, size) => sum + size, 0);
  return {
    name: queue,
    access: "inviteOnly",
    minPlayers: players,
    ...given,
    mode,
    map: map ?? "",
    maxPlayers: players,
    ...(hasLobbyTeams(match) && {
      teams: { count: teamSizes.length, maxSize: Math.max(...teamSizes) },
    }),
  };
}
