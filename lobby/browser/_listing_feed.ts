// This module is browser compatible.
import type { LobbyId } from "../lobby_id.ts";
import {
  listingChange,
  type LobbyListingChange,
  type LobbyListingDiff,
} from "./listing_diff.ts";
import {
  isWanted,
  type LobbyFilter,
  type PreparedFilter,
  prepareFilter,
} from "./lobby_filter.ts";
import type { LobbyListing } from "./lobby_listing.ts";

/** Makes a message of a diff, once for all who get it. */
export type DiffEncoder = (key: string, diff: LobbyListingDiff) => Uint8Array;

/** Who looks at a list, with what is to be sent. */
export interface ListingReader {
  /** Takes messages, which are shared by many and not to be changed; called once for each change of the list. */
  push(message: Uint8Array): void;
}

/** How large a feed may become. */
export interface ListingFeedOptions {
  /** The most listings of one list. */
  readonly maxListed: number;
  /** The most listings of one message of a whole list. */
  readonly pageSize: number;
  /** The most different filters. */
  readonly maxFilters: number;
}

/** How long the log becomes at least, and beyond twice what was left of it, before it is written anew. */
const SPARE_CHANGES = 1_024;

/**
 * Lists by filter, which are told to their readers whole once and then by what has changed: made and encoded once for each
 * filter, however many read it.
 *
 * A change costs what the filters make of it, of its mode or of none; who looks at the whole list costs that once, as its
 * messages are kept for a while.
 */
export class ListingFeed {
  readonly #options: ListingFeedOptions;
  readonly #encode: DiffEncoder;
  /** All that may be listed, in the order in which they came. */
  readonly #listings = new Map<LobbyId, LobbyListing>();
  /** By the keys that messages have. */
  readonly #lists = new Map<string, List>();
  /** The keys by filter. */
  readonly #keys = new Map<string, string>();
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

  /** Sends a reader the list of a filter, and from then on its changes; `undefined` if there are too many filters. */
  subscribe(reader: ListingReader, filter: LobbyFilter): string | undefined {
    const prepared = prepareFilter(filter);
    const known = this.#keys.get(prepared.key);
    let list = known === undefined ? undefined : this.#lists.get(known);
    if (list === undefined) {
      if (this.#lists.size >= this.#options.maxFilters) return undefined;
      list = this.#open(prepared);
      this.#lists.set(list.key, list);
      this.#keys.set(prepared.key, list.key);
    } else {
      // So that all who read it have the same.
      this.#bring(list);
    }
    list.readers.add(reader);
    for (const page of this.#pages(list)) reader.push(page);
    return list.key;
  }

  /** A reader reads a filter no longer. */
  unsubscribe(reader: ListingReader, key: string): void {
    const list = this.#lists.get(key);
    if (list === undefined) return;
    list.readers.delete(reader);
    if (list.readers.size > 0) return;
    this.#lists.delete(key);
    this.#keys.delete(list.filter.key);
  }

  /** Whether there are changes that not all readers have been sent. */
  get isBehind(): boolean {
    for (const list of this.#lists.values()) {
      if (list.upTo < this.#changes) return true;
    }
    return false;
  }

  /**
   * Sends what has changed to the readers of some lists, those that have waited for the longest first.
   *
   * @param share Which part of all lists: 1 for all of them.
   */
  flush(share: number): void {
    let left = Math.ceil(this.#lists.size * share);
    for (const [key, list] of this.#lists) {
      if (left-- <= 0) break;
      // The last one now.
      this.#lists.delete(key);
      this.#lists.set(key, list);
      this.#bring(list);
      // For those who come at about the same time; for good they would take more than all lobbies.
      list.pages = undefined;
    }
  }

  #open(filter: PreparedFilter): List {
    const list: List = {
      // Of another filter, or of the same another time, nothing is taken for it.
      key: `${this.#opened += 1}`,
      filter,
      readers: new Set(),
      listed: new Map(),
      unlisted: new Set(),
      upTo: this.#changes,
      pages: undefined,
    };
    for (const [id, listing] of this.#listings) {
      if (!isWanted(listing, filter)) continue;
      if (list.listed.size < this.#options.maxListed) {
        list.listed.set(id, listing);
      } else list.unlisted.add(id);
    }
    return list;
  }

  /** Tells the readers of a list what has changed since they were told last. */
  #bring(list: List): void {
    if (list.upTo === this.#changes) return;
    const added: LobbyListing[] = [];
    const changed: LobbyListingChange[] = [];
    const removed: LobbyId[] = [];
    const { listed, unlisted, filter } = list;
    for (let i = this.#firstAfter(list.upTo); i < this.#log.length; i++) {
      const { id, at } = this.#log[i]!;
      if (this.#lastChange.get(id) !== at) continue;
      const before = listed.get(id);
      const after = this.#listings.get(id);
      if (after !== undefined && isWanted(after, filter)) {
        if (before !== undefined) {
          const change = listingChange(before, after);
          if (change !== undefined) changed.push(change);
          listed.set(id, after);
        } else unlisted.add(id);
      } else if (before !== undefined) {
        removed.push(id);
        listed.delete(id);
      } else unlisted.delete(id);
    }
    list.upTo = this.#changes;
    // Those for which there was no room until now.
    for (const id of unlisted) {
      if (listed.size >= this.#options.maxListed) break;
      const listing = this.#listings.get(id)!;
      unlisted.delete(id);
      listed.set(id, listing);
      added.push(listing);
    }
    if (added.length + changed.length + removed.length === 0) return;
    list.pages = undefined;
    const message = this.#encode(list.key, {
      isReset: false,
      added,
      changed,
      removed,
    });
    for (const reader of list.readers) reader.push(message);
  }

  #pages(list: List): readonly Uint8Array[] {
    if (list.pages !== undefined) return list.pages;
    const listings = [...list.listed.values()];
    const pages: Uint8Array[] = [];
    let at = 0;
    do {
      pages.push(this.#encode(list.key, {
        isReset: at === 0,
        added: listings.slice(at, at += this.#options.pageSize),
        changed: [],
        removed: [],
      }));
    } while (at < listings.length);
    list.pages = pages;
    return pages;
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

/** What the readers of a filter have been told. */
interface List {
  readonly key: string;
  readonly filter: PreparedFilter;
  readonly readers: Set<ListingReader>;
  readonly listed: Map<LobbyId, LobbyListing>;
  /** What is wanted too, and does not fit. */
  readonly unlisted: Set<LobbyId>;
  /** The last change that is in it. */
  upTo: number;
  /** The messages of the whole list, until its turn comes or something changes. */
  pages: readonly Uint8Array[] | undefined;
}
