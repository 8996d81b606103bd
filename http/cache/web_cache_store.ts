// This module is browser compatible.

import { decodeEntry, encodeEntry } from "./entry_codec.ts";
import { entryBytes } from "./entry_bytes.ts";
import { type IndexedItem, LruIndex } from "./lru_index.ts";
import type { CacheEntry, HttpCacheStore } from "./store.ts";

/** What a {@linkcode WebCacheStore} needs of the web-standard `Cache`. */
export interface WebCache {
  /** As `Cache.match`. */
  match(url: string): Promise<Response | undefined>;
  /** As `Cache.put`. */
  put(url: string, response: Response): Promise<void>;
  /** As `Cache.delete`. */
  delete(url: string): Promise<boolean>;
  /** As `Cache.keys`. */
  keys(): Promise<readonly Request[]>;
}

/** What a {@linkcode WebCacheStore} needs of the web-standard `CacheStorage`. */
export interface WebCacheStorage {
  /** As `CacheStorage.open`. */
  open(name: string): Promise<WebCache>;
  /** As `CacheStorage.delete`. */
  delete(name: string): Promise<boolean>;
}

/** Options for {@linkcode WebCacheStore}. */
export interface WebCacheStoreOptions {
  /**
   * The name of the cache, by which it is found again after a restart. Nothing else may use a cache of this name, and only
   * one store at a time: another one does not see what this one does.
   *
   * @default {"tickwire-http"}
   */
  readonly name?: string;
  /**
   * The most bytes that all entries may take together. A single entry may take a quarter of it.
   *
   * @default {67108864}
   */
  readonly maxBytes?: number;
  /**
   * Where caches are opened.
   *
   * @default {globalThis.caches}
   */
  readonly caches?: WebCacheStorage;
}

interface StoredRecord extends IndexedItem {
  /** Where the entry is in the web cache. What the index has to know is in it, so that `keys()` brings it back. */
  readonly url: string;
  /** Which one to be stored it was: what was stored last counts as used last. */
  readonly number: number;
}

// A name that no host can have (RFC 6761 section 6.4), as these URLs are never fetched.
const BASE_URL = "https://tickwire.invalid/http-cache/1";
// The parts of such a URL's query in the order in which they are written: to parse thousands as any URL takes seconds.
const QUERY =
  /^\?number=(\d{1,16})&bytes=(\d{1,16})&stale=([^&]+)&key=([^&]*)&id=([^&]*)$/;
// After so many entries read, others have their turn: some milliseconds of work.
const ENTRIES_PER_TURN = 1_000;
// Bodies that wait to be written are held in memory.
const MAX_PENDING_BYTES = 16 * 1_048_576;

/**
 * Keeps stored responses in the web-standard Cache API, so that they survive a restart: in browsers, Deno and wherever
 * else there is one. Bounded in bytes: at the bound the URLs that were not used for longest go. After a restart, what was
 * stored last counts as used last.
 *
 * What cannot be read is a miss, and what cannot be written, because the disk is full say, is not stored. `Set-Cookie`
 * fields are left out, as cookies may be secrets and others may read what is stored. Bodies are written as they are:
 * `CachePolicy.NoStore` is for what is secret.
 *
 * @example A cache that survives a restart
 * ```ts
 * import { HttpClient, WebCacheStore } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `example-${crypto.randomUUID()}`;
 * const store = new WebCacheStore({ name, maxBytes: 10_000_000 });
 * using client = new HttpClient({ cache: store });
 * assertEquals(client.pendingCount, 0);
 * assertEquals(await store.get("https://example.com/"), []);
 * await caches.delete(name);
 * ```
 */
export class WebCacheStore implements HttpCacheStore {
  readonly #name: string;
  readonly #caches: WebCacheStorage;
  readonly #index: LruIndex<StoredRecord>;
  // The last thing to happen to each key: what is done to one key is done in order.
  readonly #tails = new Map<string, Promise<unknown>>();
  #cache: Promise<WebCache | undefined>;
  #pendingBytes = 0;
  #nextNumber = 0;

  /**
   * Opens a store. What is in it is read in the background; calls made meanwhile wait for it.
   *
   * @param options Which one, and how large it may become.
   * @throws {RangeError} If `maxBytes` is not a number of at least 0.
   * @throws {TypeError} If the runtime has no Cache API and none is given.
   */
  constructor(options: WebCacheStoreOptions = {}) {
    const { name = "tickwire-http", maxBytes = 64 * 1_048_576 } = options;
    if (!(maxBytes >= 0)) {
      throw new RangeError(
        `Cannot make web cache store as maxBytes must be >= 0: current value is ${maxBytes}`,
      );
    }
    const storage = options.caches ?? globalThis.caches;
    if (storage === undefined) {
      throw new TypeError(
        "Cannot make web cache store as the runtime has no Cache API",
      );
    }
    this.#name = name;
    this.#caches = storage;
    this.#index = new LruIndex(maxBytes);
    this.#cache = this.#open();
  }

  /** Number of stored entries; 0 until the store is read. */
  get entryCount(): number {
    return this.#index.itemCount;
  }

  /** Bytes in use, by an estimate; 0 until the store is read. Never above `maxBytes`. */
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
   * @returns The entries, most recently stored first; empty if there are none.
   */
  async get(key: string): Promise<readonly CacheEntry[]> {
    const cache = await this.#cache;
    if (cache === undefined || this.#index.get(key).length === 0) return [];
    return await this.#inOrder(key, async () => {
      const records = [...this.#index.get(key)];
      const entries = await Promise.all(
        records.map((record) => this.#read(cache, record)),
      );
      return entries.filter((entry) => entry !== undefined);
    });
  }

  /**
   * Stores an entry, and drops others where the bound asks for it.
   *
   * @param entry The entry.
   * @returns `false` if it takes more than a quarter of `maxBytes`, the runtime refused it, or too much waits to be written.
   */
  async put(entry: CacheEntry): Promise<boolean> {
    const cache = await this.#cache;
    if (cache === undefined) return false;
    const bytes = entryBytes(entry);
    if (this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      await this.delete(entry.key, entry.id);
      return false;
    }
    const record = this.#newRecord(entry, bytes);
    const { isStored, removed } = this.#index.put(record);
    const removals = removed.map((record) => this.#remove(cache, record));
    let isWritten = false;
    if (isStored) {
      this.#pendingBytes += bytes;
      isWritten = await this.#inOrder(
        entry.key,
        () => this.#write(cache, record, entry),
      );
      this.#pendingBytes -= bytes;
    }
    await Promise.all(removals);
    return isWritten;
  }

  /**
   * Removes entries.
   *
   * @param key The key.
   * @param id The one to remove; all entries of the key by default.
   * @returns How many were removed.
   */
  async delete(key: string, id?: string): Promise<number> {
    const cache = await this.#cache;
    if (cache === undefined) return 0;
    return await this.#removeAll(cache, this.#index.delete(key, id));
  }

  /**
   * Removes the entries that have become stale.
   *
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns How many were removed.
   */
  async evictStale(nowEpochMs: number): Promise<number> {
    const cache = await this.#cache;
    if (cache === undefined) return 0;
    return await this.#removeAll(cache, this.#index.deleteStale(nowEpochMs));
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    const opened = this.#cache;
    // What is called from now on waits until the old cache is gone.
    this.#cache = opened.then(async () => {
      this.#index.clear();
      await Promise.allSettled(this.#tails.values());
      try {
        await this.#caches.delete(this.#name);
        return await this.#caches.open(this.#name);
      } catch {
        return undefined;
      }
    });
    await this.#cache;
  }

  async #open(): Promise<WebCache | undefined> {
    try {
      const cache = await this.#caches.open(this.#name);
      const records: StoredRecord[] = [];
      const requests = await cache.keys();
      for (let i = 0; i < requests.length; i++) {
        if (i % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await nextTurn();
        const { url } = requests[i]!;
        const record = parseRecord(url);
        if (record === undefined) await cache.delete(url);
        else records.push(record);
      }
      records.sort((a, b) => a.number - b.number);
      for (let i = 0; i < records.length; i++) {
        if (i % ENTRIES_PER_TURN === ENTRIES_PER_TURN - 1) await nextTurn();
        const record = records[i]!;
        this.#nextNumber = record.number + 1;
        const { isStored, removed } = this.#index.put(record);
        if (!isStored) removed.push(record);
        // There are two of one entry if the program ended between writing one and removing the other.
        for (const { url } of removed) await cache.delete(url);
      }
      return cache;
    } catch {
      // A page in private mode, or without a secure context: nothing is ever found, nothing is stored.
      this.#index.clear();
      return undefined;
    }
  }

  #newRecord(entry: CacheEntry, bytes: number): StoredRecord {
    const { key, id, staleEpochMs } = entry;
    const number = this.#nextNumber++;
    // As QUERY reads them.
    const query = new URLSearchParams({
      number: String(number),
      bytes: String(bytes),
      stale: String(staleEpochMs),
      key,
      id,
    });
    const url = `${BASE_URL}?${query}`;
    return { key, id, staleEpochMs, bytes, url, number };
  }

  async #read(
    cache: WebCache,
    record: StoredRecord,
  ): Promise<CacheEntry | undefined> {
    try {
      const response = await cache.match(record.url);
      if (response !== undefined) {
        const bytes = new Uint8Array(await response.arrayBuffer());
        const entry = decodeEntry(bytes);
        if (entry?.key === record.key && entry.id === record.id) return entry;
      }
    } catch {
      // As good as not there.
    }
    this.#forget(record);
    await erase(cache, record);
    return undefined;
  }

  async #write(
    cache: WebCache,
    record: StoredRecord,
    entry: CacheEntry,
  ): Promise<boolean> {
    // Others may have pushed it out, or replaced it, before its turn came.
    if (!this.#index.get(record.key).includes(record)) return false;
    try {
      const fields = entry.fields.filter(([name]) => name !== "set-cookie");
      const blob = new Blob(encodeEntry({ ...entry, fields }) as BlobPart[]);
      await cache.put(record.url, new Response(blob));
    } catch {
      this.#forget(record);
      return false;
    }
    if (this.#index.get(record.key).includes(record)) return true;
    await erase(cache, record);
    return false;
  }

  #forget(record: StoredRecord): void {
    const { key, id } = record;
    if (this.#index.get(key).includes(record)) this.#index.delete(key, id);
  }

  async #removeAll(
    cache: WebCache,
    records: readonly StoredRecord[],
  ): Promise<number> {
    await Promise.all(records.map((record) => this.#remove(cache, record)));
    return records.length;
  }

  #remove(cache: WebCache, record: StoredRecord): Promise<unknown> {
    return this.#inOrder(record.key, () => erase(cache, record));
  }

  #inOrder<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const done = before === undefined ? task() : before.then(task, task);
    const tail = done.then(noop, noop).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return done;
  }
}

function noop(): void {}

async function erase(cache: WebCache, record: StoredRecord): Promise<void> {
  try {
    await cache.delete(record.url);
  } catch {
    // Nothing refers to it any more, but after the next start it counts again, and its turn comes.
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function parseRecord(url: string): StoredRecord | undefined {
  if (!url.startsWith(BASE_URL)) return undefined;
  const match = QUERY.exec(url.slice(BASE_URL.length));
  if (match === null) return undefined;
  const number = Number(match[1]);
  const bytes = Number(match[2]);
  try {
    const staleEpochMs = Number(decode(match[3]!));
    const key = decode(match[4]!);
    const id = decode(match[5]!);
    return bytes > 0 && Number.isFinite(staleEpochMs) &&
        Number.isSafeInteger(number)
      ? { key, id, bytes, staleEpochMs, url, number }
      : undefined;
  } catch {
    // No UTF-8 behind the percent signs.
    return undefined;
  }
}

// The form that URLSearchParams writes.
function decode(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
