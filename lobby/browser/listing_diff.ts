// This module is browser compatible.
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyListing } from "./lobby_listing.ts";

/** What has changed in a list: part of a listing, and which. */
export type LobbyListingChange =
  & { readonly id: LobbyId }
  & Partial<Omit<LobbyListing, "id" | "pingMs">>;

/** What makes the newer one of two lists of the older one. */
export interface LobbyListingDiff {
  /** Whether all that was there before is forgotten first. */
  readonly isReset: boolean;
  /** Listings that are there from now on. */
  readonly added: readonly LobbyListing[];
  /** Listings that are otherwise from now on. */
  readonly changed: readonly LobbyListingChange[];
  /** Listings that are there no longer. */
  readonly removed: readonly LobbyId[];
}

/** Tells what has changed from one listing to another of the same lobby; `undefined` if nothing has. */
export function listingChange(
  before: LobbyListing,
  after: LobbyListing,
): LobbyListingChange | undefined {
  if (before === after) return undefined;
  const change: Record<string, unknown> = {};
  let isChanged = false;
  for (const name of FIELDS) {
    if (before[name] === after[name]) continue;
    change[name] = after[name];
    isChanged = true;
  }
  if (!areSame(before.metadata, after.metadata)) {
    change.metadata = after.metadata;
    isChanged = true;
  }
  if (!isChanged) return undefined;
  return { id: after.id, ...change } as LobbyListingChange;
}

/** All that is compared by itself. */
const FIELDS = [
  "name",
  "mode",
  "map",
  "state",
  "players",
  "maxPlayers",
  "reservedSeats",
  "spectators",
  "isPrivate",
  "isJoinable",
  "isOpenToSpectators",
  "region",
] as const;

function areSame(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => a[name] === b[name]);
}
