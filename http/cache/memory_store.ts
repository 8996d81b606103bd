// This module is browser compatible.

import { entryBytes } from "./entry_bytes.ts";
import { type IndexedItem, LruIndex } from "./lru_index.ts";
import type { CacheEntry, HttpCacheStore } from "./store.ts";

/** Options for {@linkcode MemoryCacheStore}. */
export interface MemoryCacheStoreOptions {
  /**
   * The most bytes that all entries may take together, by a cautious estimate of what the runtime needs for them.
   * A single entry may take a quarter of it.
   *
   * @default {16777216}
   */
  readonly maxBytes?: number;
}

type CountedEntry = CacheEntry & IndexedItem;

/**
 * Keeps stored responses in memory, bounded in bytes: at the bound the URLs that were not used for longest go.
 *
 * @example A cache of 1 MiB
 * ```ts
 * import { HttpClient, MemoryCacheStore } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryCacheStore({ maxBytes: 1_048_576 });
 * using client = new HttpClient({ cache: store });
 * client.clearCache();
 * assertEquals(store.usedBytes, 0);
 * ```
 */
export class MemoryCacheStore implements HttpCacheStore {
  readonly #index: LruIndex<CountedEntry>;

  /**
   * Makes an empty store.
   *
   * @param options How large it may become.
   * @throws {RangeError} If `maxBytes` is not a number of at least 0.
   */
  constructor(options: MemoryCacheStoreOptions = {}) {
    const { maxBytes = 16 * 1_048_576 } = options;
    if (!(maxBytes >= 0)) {
      throw new RangeError(
        `Cannot make memory cache store as maxBytes must be >= 0: current value is ${maxBytes}`,
      );
    }
    this.#index = new LruIndex(maxBytes);
  }

  /** Number of stored entries. */
  get entryCount(): number {
    return this.#index.itemCount;
  }

  /** Bytes in use, by a cautious estimate. Never above `maxBytes`. */
  get usedBytes(): number {
    return this.#index.usedBytes;
  }

  /** Number of entries dropped so far because of the bound. */
  get evictedCount(): number {
    return this.#index.evictedCount;
  }

  /**
   * Reads what is stored under a key, and counts as a use of it.
   *
   * @param key The key.
   * @returns The entries, most recently stored first; empty if there are none. Valid until the next call.
   */
  get(key: string): readonly CacheEntry[] {
    return this.#index.get(key);
  }

  /**
   * Stores an entry, and drops others where the bound asks for it.
   *
   * @param entry The entry. Its body is kept without copying.
   * @returns `false` if it takes more than a quarter of `maxBytes`.
   */
  put(entry: CacheEntry): boolean {
    return this.#index.put({ ...entry, bytes: entryBytes(entry) }).isStored;
  }

  /**
   * Removes entries.
   *
   * @param key The key.
   * @param id The one to remove; all entries of the key by default.
   * @returns How many were removed.
   */
  delete(key: string, id?: string): number {
    return this.#index.delete(key, id).length;
  }

  /**
   * Removes the entries that have become stale.
   *
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns How many were removed.
   */
  evictStale(nowEpochMs: number): number {
    return this.#index.deleteStale(nowEpochMs).length;
  }

  /** Removes everything. */
  clear(): void {
    this.#index.clear();
  }
}
