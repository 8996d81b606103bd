// This module is browser compatible.

import { MAX_ENTRIES_PER_KEY } from "./store.ts";

/** What an {@linkcode LruIndex} holds. */
export interface IndexedItem {
  /** What it is looked up by. */
  readonly key: string;
  /** Tells the items of one key apart. */
  readonly id: string;
  /** When it becomes stale, in milliseconds since the epoch. */
  readonly staleEpochMs: number;
  /** How much it counts. */
  readonly bytes: number;
}

interface Slot<T> {
  readonly key: string;
  readonly items: T[];
  newer: Slot<T> | undefined;
  older: Slot<T> | undefined;
}

const NO_ITEMS: readonly never[] = Object.freeze([]);

// An item above this share would push out most of what makes the cache useful.
const MAX_ITEM_SHARE = 1 / 4;

/**
 * Items by key and id, bounded in bytes and in items per key: at the bound the keys that were not used for longest go.
 */
export class LruIndex<T extends IndexedItem> {
  readonly #maxBytes: number;
  readonly #slots = new Map<string, Slot<T>>();
  // A list in order of use. To delete from a map and set again would order it, too, but costs more than a whole hit.
  #newest: Slot<T> | undefined;
  #oldest: Slot<T> | undefined;
  #itemCount = 0;
  #usedBytes = 0;
  #evictedCount = 0;

  /**
   * Makes an empty index.
   *
   * @param maxBytes The most bytes that all items may count together. One may count a quarter of it.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Number of items. */
  get itemCount(): number {
    return this.#itemCount;
  }

  /** What all items count. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Number of items dropped so far because of the bounds. */
  get evictedCount(): number {
    return this.#evictedCount;
  }

  /**
   * Finds the items of a key, and counts as a use of it.
   *
   * @param key The key.
   * @returns The items, the last one put first. Valid until the next change.
   */
  get(key: string): readonly T[] {
    const slot = this.#slots.get(key);
    if (slot === undefined) return NO_ITEMS;
    if (slot !== this.#newest) {
      this.#unlink(slot);
      this.#link(slot);
    }
    return slot.items;
  }

  /**
   * Adds an item, in place of the one with the same key and id.
   *
   * @param item The item.
   * @returns Whether it was added, and what was removed.
   */
  put(item: T): { readonly isStored: boolean; readonly removed: T[] } {
    const removed = this.delete(item.key, item.id);
    if (item.bytes > this.#maxBytes * MAX_ITEM_SHARE) {
      return { isStored: false, removed };
    }
    let slot = this.#slots.get(item.key);
    if (slot === undefined) {
      slot = { key: item.key, items: [], newer: undefined, older: undefined };
      this.#slots.set(item.key, slot);
    } else this.#unlink(slot);
    this.#link(slot);
    slot.items.unshift(item);
    this.#itemCount++;
    this.#usedBytes += item.bytes;
    if (slot.items.length > MAX_ENTRIES_PER_KEY) {
      removed.push(...this.#evictLast(slot));
    }
    while (this.#usedBytes > this.#maxBytes && this.#oldest !== slot) {
      const evicted = this.delete(this.#oldest!.key);
      this.#evictedCount += evicted.length;
      removed.push(...evicted);
    }
    // One key has so many large items that they alone are too much.
    while (this.#usedBytes > this.#maxBytes) {
      removed.push(...this.#evictLast(slot));
    }
    return { isStored: true, removed };
  }

  /**
   * Removes items.
   *
   * @param key The key.
   * @param id The one to remove; all of the key by default.
   * @returns What was removed.
   */
  delete(key: string, id?: string): T[] {
    const slot = this.#slots.get(key);
    if (slot === undefined) return [];
    let removed: T[];
    if (id === undefined) removed = slot.items.splice(0);
    else {
      const index = slot.items.findIndex((item) => item.id === id);
      removed = index < 0 ? [] : slot.items.splice(index, 1);
    }
    for (const { bytes } of removed) this.#usedBytes -= bytes;
    this.#itemCount -= removed.length;
    if (slot.items.length === 0) {
      this.#slots.delete(key);
      this.#unlink(slot);
    }
    return removed;
  }

  /**
   * Removes the items that have become stale.
   *
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns What was removed.
   */
  deleteStale(nowEpochMs: number): T[] {
    const removed: T[] = [];
    for (const { key, items } of this.#slots.values()) {
      for (const item of [...items]) {
        if (item.staleEpochMs <= nowEpochMs) {
          removed.push(...this.delete(key, item.id));
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
    this.#itemCount = 0;
    this.#usedBytes = 0;
  }

  #evictLast(slot: Slot<T>): T[] {
    this.#evictedCount++;
    return this.delete(slot.key, slot.items.at(-1)!.id);
  }

  #link(slot: Slot<T>): void {
    slot.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = slot;
    else this.#newest.newer = slot;
    this.#newest = slot;
  }

  #unlink(slot: Slot<T>): void {
    if (slot.newer === undefined) this.#newest = slot.older;
    else slot.newer.older = slot.older;
    if (slot.older === undefined) this.#oldest = slot.newer;
    else slot.older.newer = slot.newer;
    slot.newer = undefined;
    slot.older = undefined;
  }
}
