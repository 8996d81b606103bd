import type { Random } from "../../../core/mod.ts";
import { lobbyId } from "../../lobby_id.ts";
import type { LobbyFilter } from "../lobby_filter.ts";
import type { LobbyListing } from "../lobby_listing.ts";

const MODES = ["deathmatch", "race", "chess"] as const;
const MAPS = ["", "forest", "harbour"] as const;
const STATES = ["waiting", "countdown", "inGame", "postgame"] as const;
const REGIONS = ["eu", "us"] as const;

export function below(random: Random, limit: number): number {
  return random.nextU32() % limit;
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)]!;
}

/** A lobby's listing, of which little is alike. */
export function randomListing(random: Random, id: number): LobbyListing {
  const maxPlayers = 1 + below(random, 4);
  const players = 1 + below(random, maxPlayers);
  return {
    id: lobbyId(`lobby ${id}`),
    name: `${
      oneOf(random, ["Duel", "duel at dawn", "Casual", "\u00c9t\u00e9"])
    }`,
    mode: oneOf(random, MODES),
    map: oneOf(random, MAPS),
    state: oneOf(random, STATES),
    players,
    maxPlayers,
    reservedSeats: below(random, maxPlayers - players + 1),
    spectators: below(random, 3),
    isPrivate: below(random, 3) === 0,
    isJoinable: below(random, 3) > 0,
    isOpenToSpectators: below(random, 2) > 0,
    region: oneOf(random, REGIONS),
    metadata: below(random, 2) === 0 ? {} : { level: below(random, 3) },
  };
}

export function randomFilter(random: Random): LobbyFilter {
  return {
    ...(below(random, 3) === 0 && { mode: oneOf(random, MODES) }),
    ...(below(random, 4) === 0 && { map: oneOf(random, MAPS) }),
    ...(below(random, 4) === 0 &&
      { name: oneOf(random, ["DUEL", "a", "\u00e9T\u00c9"]) }),
    ...(below(random, 4) === 0 && { region: oneOf(random, REGIONS) }),
    ...(below(random, 3) === 0 && { hideFull: below(random, 2) === 0 }),
    ...(below(random, 3) === 0 && { hidePrivate: true }),
    ...(below(random, 3) === 0 && { hideUnjoinable: true }),
  };
}
