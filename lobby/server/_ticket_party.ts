// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { notAllowed } from "../manager/_errors.ts";
import type { LobbyManager } from "../manager/lobby_manager.ts";

/** Who looks for a match together: a whole lobby, if its host says so, or the player alone. */
export function partyOf(
  manager: LobbyManager,
  player: PlayerId,
  isParty: boolean,
): LobbyResult<{ players: readonly PlayerId[]; lobby?: LobbyId }> {
  const lobby = manager.lobbyForPlayer(player);
  if (!isParty) {
    return lobby === undefined
      ? { isOk: true, value: { players: [player] } }
      : {
        isOk: false,
        error: {
          type: "playerAlreadyInLobby",
          player,
          lobby: lobby.id,
          message: "A player in a lobby looks for a match with all of it",
        },
      };
  }
  if (lobby === undefined) {
    return {
      isOk: false,
      error: {
        type: "playerNotFound",
        player,
        message: "The player is in no lobby",
      },
    };
  }
  if (lobby.host !== player) {
    return {
      isOk: false,
      error: {
        type: "notHost",
        player,
        host: lobby.host,
        message: "Only the host looks for a match",
      },
    };
  }
  if (lobby.config.hostRights === "none") {
    // They have not chosen their host, and so not to wait where that one wants to.
    return { isOk: false, error: notAllowed("hostRights") };
  }
  if (lobby.state !== "waiting" && lobby.state !== "postgame") {
    return {
      isOk: false,
      error: {
        type: "alreadyInGame",
        lobby: lobby.id,
        message: "The game is under way, or is about to be",
      },
    };
  }
  const players = lobby.players.map(({ id }) => id);
  return { isOk: true, value: { players, lobby: lobby.id } };
}
