// This module is browser compatible.
import type { OutMessage } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import {
  type DiffEncoder,
  FilteredList,
  type FilteredListOptions,
  type ListingCursor,
} from "./_filtered_list.ts";
import { listingChange } from "./listing_diff.ts";
import {
  isWanted,
  type LobbyFilter,
  type PreparedFilter,
  prepareFilter,
} from "./lobby_filter.ts";
import type { LobbyListing } from "./lobby_listing.ts";

/** How large a feed may become. */
export interface ListingFeedOptions extends FilteredListOptions {
  /** The most different filters. */
  readonly maxFilters: number;
}

/** How long the log becomes at least, and beyond twice what was left of it, before it is written anew. */
const SPARE_CHANGES = 1_024;

/**
 * Lists by filter, which are told to each reader whole once and then by what has changed since it was told last. A list is
 * brought up to date when somebody reads it: a change costs nothing until then, and of many changes of a lobby the last one
 * counts.
 */
export class ListingFeed {
  readonly #options: ListingFeedOptions;
  readonly #encode: DiffEncoder;
  /** All that may be listed, in the order in which they came. */
  readonly #listings = new Map<LobbyId, LobbyListing>();
  /** By their filters' keys. */
  readonly #lists = new Map<string, FilteredList>();
  #opened = 0;
  /** Lobbies that have changed, by the number of the change; of a lobby only the last one counts. */
  #log: { readonly id: LobbyId; readonly at: number }[] = [];
  readonly #lastChange = new Map<LobbyId, number>();
  #changes = 0;
  #compactAt = SPARE_CHANGES;

  constructor(options: ListingFeedOptions, encode: DiffEncoder) {
    this.#options = options;
    this.#encode = encode;
  }

  /** How many lobbies are there to be listed. */
  get size(): number {
    return this.#listings.size;
  }

  /** How many different filters are read. */
  get filterCount(): number {
    return this.#lists.size;
  }

  /** How many changes it remembers. */
  get logLength(): number {
    return this.#log.length;
  }

  /** A lobby is otherwise now, or there is nothing more to be listed of it. */
  update(id: LobbyId, listing: LobbyListing | undefined): void {
    const before = this.#listings.get(id);
    if (listing === undefined) {
      if (!this.#listings.delete(id)) return;
    } else {
      if (
        before !== undefined && listingChange(before, listing) === undefined
      ) {
        return;
      }
      this.#listings.set(id, listing);
    }
    const at = this.#changes += 1;
    this.#lastChange.set(id, at);
    this.#log.push({ id, at });
    if (this.#log.length > this.#compactAt) this.#compact();
  }

  /** Begins to read the list of a filter; `undefined` if there are too many filters. */
  subscribe(filter: LobbyFilter): ListingCursor | undefined {
    const prepared = prepareFilter(filter);
    let list = this.#lists.get(prepared.key);
    if (list === undefined) {
      if (this.#lists.size >= this.#options.maxFilters) return undefined;
      list = this.#open(prepared);
      this.#lists.set(prepared.key, list);
    } else this.#bring(list);
    return list.open();
  }

  /** A list is read by one fewer. */
  unsubscribe(cursor: ListingCursor): void {
    const { list } = cursor;
    list.close(cursor);
    const { key } = list.filter;
    if (list.readerCount === 0 && this.#lists.get(key) === list) {
      this.#lists.delete(key);
    }
  }

  /** The next message for a reader, `undefined` if it has all that there is, or is lost; the cursor takes it when it is sent. */
  next(cursor: ListingCursor): OutMessage | undefined {
    this.#bring(cursor.list);
    return cursor.peek();
  }

  #open(filter: PreparedFilter): FilteredList {
    const list = new FilteredList(
      `${this.#opened += 1}`,
      filter,
      this.#changes,
      this.#options,
      this.#encode,
    );
    for (const [id, listing] of this.#listings) {
      if (isWanted(listing, filter)) list.begin(id, listing);
    }
    return list;
  }

  /** Has a list take in what has changed since it was read last. */
  #bring(list: FilteredList): void {
    if (list.upTo === this.#changes) return;
    const { filter } = list;
    for (let i = this.#firstAfter(list.upTo); i < this.#log.length; i++) {
      const { id, at } = this.#log[i]!;
      if (this.#lastChange.get(id) !== at) continue;
      const listing = this.#listings.get(id);
      const isIn = listing !== undefined && isWanted(listing, filter);
      list.set(id, isIn ? listing : undefined);
    }
    list.upTo = this.#changes;
    list.fill();
  }

  #firstAfter(at: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#log[middle]!.at > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Leaves out of the log what all lists know, and what counts no longer. */
  #compact(): void {
    let first = this.#changes;
    for (const { upTo } of this.#lists.values()) first = Math.min(first, upTo);
    const log: { readonly id: LobbyId; readonly at: number }[] = [];
    for (const change of this.#log) {
      const { id, at } = change;
      if (this.#lastChange.get(id) !== at) continue;
      if (at > first) log.push(change);
      else this.#lastChange.delete(id);
    }
    this.#log = log;
    this.#compactAt = 2 * log.length + SPARE_CHANGES;
  }
}
