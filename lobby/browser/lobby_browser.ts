// This module is browser compatible.
import { checkInteger, checkNotNegative } from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyListingDiff } from "./listing_diff.ts";
import { isWanted, type LobbyFilter, prepareFilter } from "./lobby_filter.ts";
import type { LobbyListing } from "./lobby_listing.ts";

/** What of a list is shown: {@linkcode LobbyFilter}, and the way to the server. */
export interface LobbyBrowserFilter extends LobbyFilter {
  /** The most milliseconds to the lobby and back; lobbies of which nobody knows them are shown. */
  readonly maxPingMs?: number;
}

/** By what a list is sorted. */
export type LobbySortKey = "players" | "ping" | "name" | "mode";

/** How a list is sorted. */
export interface LobbySort {
  /** By what; what is equal is sorted by name, then by id. */
  readonly by: LobbySortKey;
  /**
   * Whether the greatest comes first. Lobbies of which nobody knows the ping come last either way.
   *
   * @default {by === "players"}
   */
  readonly isDescending?: boolean;
}

/** How a {@linkcode LobbyBrowser} behaves. */
export interface LobbyBrowserOptions {
  /**
   * How long a list is good, in milliseconds of `tick` time, before `canRefresh` says that another may be asked for: 0 or
   * more.
   *
   * @default {2000}
   */
  readonly refreshIntervalMs?: number;
  /**
   * The most lobbies that are kept, of 1 KiB of text each on the average: an integer, 1 to 1000000. Those beyond are left
   * out, and counted in `droppedListings`.
   *
   * @default {10_000}
   */
  readonly maxListings?: number;
}

/** Units of text that a listing has on the average, while more are taken. */
const LISTING_UNITS = 1_024;

/**
 * The list of lobbies that a player looks at: it keeps what a server has told, and filters and sorts it. A
 * `LobbyClient` feeds one with the changes that come by themselves; with a server of another kind it is fed with whole
 * lists, by `updateListings`, no more often than `canRefresh` says.
 *
 * @example A list that is asked for
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LobbyBrowser, type LobbyListing, lobbyId } from "@tickwire/net/lobby";
 *
 * const base: LobbyListing = {
 *   id: lobbyId("a"), name: "Duel", mode: "deathmatch", map: "", state: "waiting", players: 1, maxPlayers: 2,
 *   reservedSeats: 0, spectators: 0, isPrivate: false, isJoinable: true, isOpenToSpectators: true, region: "eu", metadata: {},
 * };
 * const browser = new LobbyBrowser();
 * assertEquals(browser.canRefresh, true);
 * browser.updateListings([base, { ...base, id: lobbyId("b"), name: "Full house", players: 2 }]);
 * assertEquals(browser.canRefresh, false); // for two seconds
 * browser.tick(2);
 * assertEquals(browser.canRefresh, true);
 *
 * browser.pings.set("eu", 40); // as the game has measured
 * const shown = browser.filteredSorted({ hideFull: true, maxPingMs: 100 }, { by: "ping" });
 * assertEquals(shown.map(({ name }) => name), ["Duel"]);
 * ```
 */
export class LobbyBrowser {
  /** Milliseconds to each region and back, as far as the game has measured them. */
  readonly pings: Map<string, number> = new Map();
  readonly #refreshIntervalMs: number;
  readonly #maxListings: number;
  readonly #listings = new Map<LobbyId, LobbyListing>();
  /** Units of text of all that is kept. */
  #units = 0;
  #dropped = 0;
  #ageMs = Infinity;
  #version = 0;

  /**
   * Makes an empty list.
   *
   * @param options How it behaves.
   * @throws {RangeError} If the interval is negative or not finite, or `maxListings` outside its range.
   */
  constructor(options: LobbyBrowserOptions = {}) {
    const { refreshIntervalMs = 2_000, maxListings = 10_000 } = options;
    this.#refreshIntervalMs = checkNotNegative(
      "refreshIntervalMs",
      refreshIntervalMs,
    );
    this.#maxListings = checkInteger("maxListings", maxListings, 1, 1_000_000);
  }

  /** Whether the list is old enough to ask for another. */
  get canRefresh(): boolean {
    return this.#ageMs >= this.#refreshIntervalMs;
  }

  /** How many lobbies there are, before any filter. */
  get size(): number {
    return this.#listings.size;
  }

  /**
   * How many listings, or changes of one, found no room since the browser was made. A lobby that found none is not in the
   * list before it is told of anew.
   */
  get droppedListings(): number {
    return this.#dropped;
  }

  /** Grows whenever something in the list has changed, so that a game need not sort what it has sorted. */
  get version(): number {
    return this.#version;
  }

  /**
   * Finds a lobby.
   *
   * @param lobby Which.
   * @returns Its listing, or `undefined` if it is not in the list.
   */
  listing(lobby: LobbyId): LobbyListing | undefined {
    return this.#listings.get(lobby);
  }

  /**
   * Takes a whole list in place of the one that was there.
   *
   * @param listings The list; of a lobby that is in it twice the last counts.
   */
  updateListings(listings: Iterable<LobbyListing>): void {
    this.#empty();
    for (const listing of listings) this.#set(listing);
    this.#ageMs = 0;
    this.#version++;
  }

  /**
   * Takes what has changed. Changes of lobbies that are not in the list are passed over.
   *
   * @param diff What has changed.
   */
  applyDiff(diff: LobbyListingDiff): void {
    if (diff.isReset) this.#empty();
    for (const id of diff.removed) this.#delete(id);
    for (const listing of diff.added) this.#set(listing);
    for (const change of diff.changed) {
      const listing = this.#listings.get(change.id);
      if (listing === undefined) continue;
      this.#set({ ...listing, ...change });
    }
    this.#ageMs = 0;
    this.#version++;
  }

  /** Forgets all lobbies, as if none had ever been told. */
  clear(): void {
    this.#empty();
    this.#ageMs = Infinity;
    this.#version++;
  }

  /**
   * Tells what is to be shown, in its order.
   *
   * @param filter Which lobbies.
   * @param sort How they are sorted.
   * @returns The listings, an array of the caller's own.
   */
  filteredSorted(
    filter: LobbyBrowserFilter = {},
    sort: LobbySort = { by: "players" },
  ): LobbyListing[] {
    const prepared = prepareFilter(filter);
    const { maxPingMs = Infinity } = filter;
    const rows: Row[] = [];
    for (const listing of this.#listings.values()) {
      const ping = this.pingOf(listing);
      if (ping !== undefined && ping > maxPingMs) continue;
      if (!isWanted(listing, prepared)) continue;
      rows.push({ listing, ping, name: listing.name.toLowerCase() });
    }
    const { by, isDescending = by === "players" } = sort;
    const sign = isDescending ? -1 : 1;
    rows.sort((a, b) =>
      compareBy(by, sign, a, b) || compare(a.name, b.name) ||
      compare(a.listing.id, b.listing.id)
    );
    return rows.map(({ listing }) => listing);
  }

  /**
   * Tells how far away a lobby is.
   *
   * @param listing Its listing.
   * @returns Milliseconds there and back, as the listing says or else the region's of `pings`; `undefined` if neither is
   * there.
   */
  pingOf(listing: LobbyListing): number | undefined {
    return listing.pingMs ?? this.pings.get(listing.region);
  }

  /**
   * Lets time go by.
   *
   * @param dt Seconds: 0 or more.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    this.#ageMs += checkNotNegative("dt", dt) * 1_000;
  }

  #empty(): void {
    this.#listings.clear();
    this.#units = 0;
  }

  #delete(id: LobbyId): void {
    const listing = this.#listings.get(id);
    if (listing === undefined) return;
    this.#listings.delete(id);
    this.#units -= unitsOf(listing);
  }

  /** Takes a listing in, or leaves its lobby out if there is no room. */
  #set(listing: LobbyListing): void {
    const { id } = listing;
    const before = this.#listings.get(id);
    const units = this.#units + unitsOf(listing) -
      (before === undefined ? 0 : unitsOf(before));
    const hasRoom = units <= this.#maxListings * LISTING_UNITS &&
      (before !== undefined || this.#listings.size < this.#maxListings);
    if (!hasRoom) {
      this.#dropped++;
      this.#delete(id);
      return;
    }
    this.#listings.set(id, listing);
    this.#units = units;
  }
}

/** How long a listing is, which its text and its metadata alone make so. */
function unitsOf({ name, mode, map, region, metadata }: LobbyListing): number {
  let units = name.length + mode.length + map.length + region.length;
  for (const key of Object.keys(metadata)) {
    const value = metadata[key];
    units += key.length + (typeof value === "string" ? value.length : 8);
  }
  return units;
}

interface Row {
  readonly listing: LobbyListing;
  readonly ping: number | undefined;
  readonly name: string;
}

function compareBy(by: LobbySortKey, sign: number, a: Row, b: Row): number {
  switch (by) {
    case "players":
      return sign * (a.listing.players - b.listing.players);
    case "ping":
      if (a.ping === undefined || b.ping === undefined) {
        return Number(a.ping === undefined) - Number(b.ping === undefined);
      }
      return sign * (a.ping - b.ping);
    case "name":
      return sign * compare(a.name, b.name);
    case "mode":
      return sign * compare(a.listing.mode, b.listing.mode);
  }
}

/** By code units: the same order everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
