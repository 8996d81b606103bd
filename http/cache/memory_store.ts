// This module is browser compatible.

import {
  type CacheEntry,
  type HttpCacheStore,
  MAX_ENTRIES_PER_KEY,
} from "./store.ts";

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

interface Slot {
  readonly key: string;
  readonly entries: CacheEntry[];
  bytes: number;
  newer: Slot | undefined;
  older: Slot | undefined;
}

// Strings may take two bytes per unit. The rest was measured as heap growth with many small entries and rounded up.
const BYTES_PER_KEY = 512;
const BYTES_PER_ENTRY = 1_024;
const BYTES_PER_FIELD = 128;
// An entry above this share would push out most of what makes the cache useful.
const MAX_ENTRY_SHARE = 1 / 4;

/**
 * Keeps stored responses in memory, bounded in bytes: at the bound the URLs that were not used for longest go.
 *
 * @example A cache of 1 MiB
 * ```ts
 * import { HttpClient, MemoryCacheStore } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new MemoryCacheStore({ maxBytes: 1_048_576 });
 * const client = new HttpClient({ cache: store });
 * assertEquals(store.usedBytes, 0);
 * client.clearCache();
 * ```
 */
export class MemoryCacheStore implements HttpCacheStore {
  readonly #maxBytes: number;
  readonly #slots = new Map<string, Slot>();
  // A list in order of use. To delete from a map and set again would order it, too, but costs more than the whole hit.
  #newest: Slot | undefined;
  #oldest: Slot | undefined;
  #entryCount = 0;
  #usedBytes = 0;
  #evictedCount = 0;

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
        `Cannot make memory cache store as "maxBytes" must be >= 0: current value is ${maxBytes}`,
      );
    }
    this.#maxBytes = maxBytes;
  }

  /** Number of stored entries. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** Bytes in use, by a cautious estimate. Never above `maxBytes`. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Number of entries dropped so far because of the bound. */
  get evictedCount(): number {
    return this.#evictedCount;
  }

  /**
   * Reads what is stored under a key, and counts as a use of it.
   *
   * @param key The key.
   * @returns The entries, most recently stored first; empty if there are none. Valid until the next call.
   */
  get(key: string): readonly CacheEntry[] {
    const slot = this.#slots.get(key);
    if (slot === undefined) return NO_ENTRIES;
    if (slot !== this.#newest) {
      this.#unlink(slot);
      this.#link(slot);
    }
    return slot.entries;
  }

  /**
   * Stores an entry, and drops others where the bound asks for it.
   *
   * @param entry The entry. It is kept, with its body, without copying.
   * @returns `false` if it takes more than a quarter of `maxBytes`.
   */
  put(entry: CacheEntry): boolean {
    const bytes = entryBytes(entry);
    this.delete(entry.key, entry.id);
    if (BYTES_PER_KEY + bytes > this.#maxBytes * MAX_ENTRY_SHARE) return false;
    let slot = this.#slots.get(entry.key);
    if (slot === undefined) {
      slot = {
        key: entry.key,
        entries: [],
        bytes: BYTES_PER_KEY + 2 * entry.key.length,
        newer: undefined,
        older: undefined,
      };
      this.#slots.set(entry.key, slot);
      this.#usedBytes += slot.bytes;
    } else this.#unlink(slot);
    this.#link(slot);
    slot.entries.unshift(entry);
    slot.bytes += bytes;
    this.#usedBytes += bytes;
    this.#entryCount++;
    if (slot.entries.length > MAX_ENTRIES_PER_KEY) {
      this.delete(entry.key, slot.entries.at(-1)!.id);
      this.#evictedCount++;
    }
    this.#shrink(slot);
    return true;
  }

  /**
   * Removes entries.
   *
   * @param key The key.
   * @param id The one to remove; all entries of the key by default.
   * @returns How many were removed.
   */
  delete(key: string, id?: string): number {
    const slot = this.#slots.get(key);
    if (slot === undefined) return 0;
    if (id === undefined) {
      this.#slots.delete(key);
      this.#unlink(slot);
      this.#usedBytes -= slot.bytes;
      this.#entryCount -= slot.entries.length;
      return slot.entries.length;
    }
    const index = slot.entries.findIndex((entry) => entry.id === id);
    if (index < 0) return 0;
    if (slot.entries.length === 1) return this.delete(key);
    const [entry] = slot.entries.splice(index, 1);
    const bytes = entryBytes(entry!);
    slot.bytes -= bytes;
    this.#usedBytes -= bytes;
    this.#entryCount--;
    return 1;
  }

  /**
   * Removes the entries that have become stale.
   *
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns How many were removed.
   */
  evictStale(nowEpochMs: number): number {
    let removed = 0;
    for (const [key, { entries }] of this.#slots) {
      for (const entry of [...entries]) {
        if (entry.staleEpochMs <= nowEpochMs) {
          removed += this.delete(key, entry.id);
        }
      }
    }
    return removed;
  }

  /** Removes everything. */
  clear(): void {
    this.#slots.clear();
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#entryCount = 0;
    this.#usedBytes = 0;
  }

  #shrink(newest: Slot): void {
    while (this.#usedBytes > this.#maxBytes && this.#oldest !== newest) {
      this.#evictedCount += this.delete(this.#oldest!.key);
    }
    // One URL has so many large variants that they alone are too much: the oldest of them go.
    while (this.#usedBytes > this.#maxBytes && newest.entries.length > 1) {
      const { key, id } = newest.entries.at(-1)!;
      this.#evictedCount += this.delete(key, id);
    }
  }

  #link(slot: Slot): void {
    slot.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = slot;
    else this.#newest.newer = slot;
    this.#newest = slot;
  }

  #unlink(slot: Slot): void {
    if (slot.newer === undefined) this.#newest = slot.older;
    else slot.newer.older = slot.older;
    if (slot.older === undefined) this.#oldest = slot.newer;
    else slot.older.newer = slot.newer;
    slot.newer = undefined;
    slot.older = undefined;
  }
}

const NO_ENTRIES: readonly CacheEntry[] = Object.freeze([]);

function entryBytes(entry: CacheEntry): number {
  let units = entry.id.length + entry.statusText.length;
  for (const [name, value] of entry.fields) units += name.length + value.length;
  for (const [name, value] of entry.selecting) {
    units += name.length + (value?.length ?? 0);
  }
  const fieldCount = entry.fields.length + entry.selecting.length;
  return BYTES_PER_ENTRY + BYTES_PER_FIELD * fieldCount + 2 * units +
    entry.body.byteLength;
}
