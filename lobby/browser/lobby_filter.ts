// This module is browser compatible.
import type { GameMode } from "../game_mode.ts";
import { isFull, type LobbyListing } from "./lobby_listing.ts";

/** Which lobbies somebody wants to see: all that has been left out does not matter. */
export interface LobbyFilter {
  /** What is played. */
  readonly mode?: GameMode;
  /** Where. */
  readonly map?: string;
  /** What is part of the name, in capitals or not: 1 to 64 bytes of UTF-8. */
  readonly name?: string;
  /** Where the server is. */
  readonly region?: string;
  /** Whether those without a free seat are left out. */
  readonly hideFull?: boolean;
  /** Whether those with a password are left out. */
  readonly hidePrivate?: boolean;
  /** Whether those that let nobody in now are left out. */
  readonly hideUnjoinable?: boolean;
}

/** A filter as it is compared, with the name in small letters. */
export interface PreparedFilter extends LobbyFilter {
  /** The same text for filters that let the same through. */
  readonly key: string;
}

/** Makes of a filter what is quick to ask. */
export function prepareFilter(filter: LobbyFilter): PreparedFilter {
  const prepared = {
    ...(filter.mode !== undefined && { mode: filter.mode }),
    ...(filter.map !== undefined && { map: filter.map }),
    ...(filter.name !== undefined && { name: filter.name.toLowerCase() }),
    ...(filter.region !== undefined && { region: filter.region }),
    ...(filter.hideFull === true && { hideFull: true }),
    ...(filter.hidePrivate === true && { hidePrivate: true }),
    ...(filter.hideUnjoinable === true && { hideUnjoinable: true }),
  };
  return { ...prepared, key: JSON.stringify(prepared) };
}

export function isWanted(
  listing: LobbyListing,
  filter: PreparedFilter,
): boolean {
  const { mode, map, name, region } = filter;
  return (mode === undefined || listing.mode === mode) &&
    (map === undefined || listing.map === map) &&
    (region === undefined || listing.region === region) &&
    !(filter.hidePrivate === true && listing.isPrivate) &&
    !(filter.hideUnjoinable === true && !listing.isJoinable) &&
    !(filter.hideFull === true && isFull(listing)) &&
    (name === undefined || listing.name.toLowerCase().includes(name));
}
