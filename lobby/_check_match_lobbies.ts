import { playerId } from "../core/mod.ts";
import { LobbyManager } from "./manager/lobby_manager.ts";
import { MatchmakingQueue } from "./matchmaking/matchmaking_queue.ts";
import {
  hasLobbyTeams,
  matchConfig,
  type MatchShape,
} from "./server/_match_config.ts";
import type {
  LobbyMatchSettings,
  LobbyQueueOptions,
} from "./server/lobby_queue_options.ts";
import type { TeamId } from "./team_id.ts";

/**
 * Makes a lobby for each kind of match that a queue makes: what is wrong with them would else come out when the first
 * players have said yes to one.
 *
 * @param queue The queue's name.
 * @param options The queue, which is checked too.
 * @param settings What its lobbies are like, the same for all.
 * @param playersPerLobby How many players a lobby can have.
 * @throws {RangeError} If the queue, or a lobby of it, cannot be.
 */
export function checkMatchLobbies(
  queue: string,
  options: LobbyQueueOptions,
  settings: LobbyMatchSettings,
  playersPerLobby: number,
): void {
  new MatchmakingQueue(options);
  for (
    const [mode, { teams, teamSize, maps, fewerTeams }] of Object.entries(
      options.modes,
    )
  ) {
    for (let count = fewerTeams?.min ?? teams; count <= teams; count++) {
      const teamSizes = new Array<number>(count).fill(teamSize);
      for (const map of maps ?? [undefined]) {
        const match = { queue, mode, map, teamSizes };
        const message = objection(match, settings, playersPerLobby);
        if (message === undefined) continue;
        throw new RangeError(
          `Cannot make the lobby of a match in "${mode}" of queue "${queue}": ${message}`,
        );
      }
    }
  }
}

/** Why a match cannot have a lobby; `undefined` if it can. */
function objection(
  match: MatchShape,
  { config, metadata }: LobbyMatchSettings,
  playersPerLobby: number,
): string | undefined {
  const manager = new LobbyManager({ limits: { playersPerLobby } });
  const hasTeams = hasLobbyTeams(match);
  const seats = match.teamSizes.flatMap((size, team) =>
    Array.from({ length: size }, (_, i) => ({
      player: playerId(`${team}-${i}`),
      ...(hasTeams && { team: team as TeamId }),
    }))
  );
  const made = manager.createMatch(
    seats,
    matchConfig(match, config),
    metadata === undefined ? {} : { metadata },
  );
  if (made.isOk) return undefined;
  const { error } = made;
  return error.type === "matchmakingError" && error.cause !== undefined
    ? error.cause.message
    : error.message;
}
