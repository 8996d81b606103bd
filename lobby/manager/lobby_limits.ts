// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";

/** What a {@linkcode LobbyManager} holds at most. At each bound the work is refused. */
export interface LobbyLimits {
  /**
   * How many lobbies there are: 1 to 1048576.
   *
   * @default {16_384}
   */
  readonly lobbies: number;
  /**
   * How many players a lobby can be set to have: 1 to 256.
   *
   * @default {64}
   */
  readonly playersPerLobby: number;
  /**
   * How many spectators a lobby can be set to have: 0 to 1024.
   *
   * @default {64}
   */
  readonly spectatorsPerLobby: number;
  /**
   * How many bans a lobby holds: 0 to 4096.
   *
   * @default {128}
   */
  readonly bansPerLobby: number;
  /**
   * How many invite codes a lobby holds: 0 to 4096.
   *
   * @default {64}
   */
  readonly invitesPerLobby: number;
  /**
   * How many reservations a lobby holds, of any number of seats: 0 to 256.
   *
   * @default {32}
   */
  readonly reservationsPerLobby: number;
  /**
   * How many passwords wait to be verified, in all lobbies together: 1 to 65536.
   *
   * @default {1024}
   */
  readonly passwordAttempts: number;
  /**
   * How many bytes a lobby's metadata has as JSON: 2 to 65536.
   *
   * @default {4096}
   */
  readonly lobbyMetadataBytes: number;
  /**
   * How many bytes a player's metadata has as JSON: 2 to 65536.
   *
   * @default {1024}
   */
  readonly playerMetadataBytes: number;
  /**
   * How many bytes the results of a game have as JSON: 2 to 1048576.
   *
   * @default {16_384}
   */
  readonly resultsBytes: number;
  /**
   * How many bytes the server's data of a lobby have as JSON: 2 to 1048576.
   *
   * @default {16_384}
   */
  readonly serverDataBytes: number;
  /**
   * How many bytes the name of a lobby or a player has in UTF-8: 1 to 256.
   *
   * @default {64}
   */
  readonly nameBytes: number;
  /**
   * How many events wait to be drained: 16 to 16777216. As long as there is no room for
   * those of another operation, operations are refused and timers stand still.
   *
   * @default {65_536}
   */
  readonly events: number;
}

const RANGES: {
  readonly [K in keyof LobbyLimits]: readonly [
    min: number,
    max: number,
    value: number,
  ];
} = {
  lobbies: [1, 1_048_576, 16_384],
  playersPerLobby: [1, 256, 64],
  spectatorsPerLobby: [0, 1024, 64],
  bansPerLobby: [0, 4096, 128],
  invitesPerLobby: [0, 4096, 64],
  reservationsPerLobby: [0, 256, 32],
  passwordAttempts: [1, 65_536, 1024],
  lobbyMetadataBytes: [2, 65_536, 4096],
  playerMetadataBytes: [2, 65_536, 1024],
  resultsBytes: [2, 1_048_576, 16_384],
  serverDataBytes: [2, 1_048_576, 16_384],
  nameBytes: [1, 256, 64],
  events: [16, 16_777_216, 65_536],
};

/** The limits with the defaults where there is none. */
export function fillLimits(limits: Partial<LobbyLimits>): LobbyLimits {
  const filled: Record<string, number> = {};
  for (const [name, [min, max, value]] of Object.entries(RANGES)) {
    const given = limits[name as keyof LobbyLimits] ?? value;
    filled[name] = checkInteger(name, given, min, max);
  }
  return filled as unknown as LobbyLimits;
}
