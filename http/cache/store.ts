// This module is browser compatible.

/** The most responses that are kept of one URL: variants by `Vary`, answers to `HEAD` and parts. */
export const MAX_ENTRIES_PER_KEY = 16;

/**
 * A stored response: plain data that may be cloned, serialised and read back. Nobody changes an entry, nor the
 * bytes of its body, once it is stored.
 */
export interface CacheEntry {
  /** The URL without its fragment. */
  readonly key: string;
  /** Tells the entries of one key apart: an entry replaces the one with the same key and id. */
  readonly id: string;
  /** The method it answers. A response to `GET` also answers `HEAD`. */
  readonly method: "GET" | "HEAD";
  /** The status; 200 for a part, which stands for the response it is a part of. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** The header fields, with lower-case names. */
  readonly fields: ReadonlyArray<readonly [string, string]>;
  /** The content. */
  readonly body: Uint8Array;
  /** When the request was sent, in milliseconds since the epoch. */
  readonly requestEpochMs: number;
  /** When the response came, in milliseconds since the epoch. */
  readonly responseEpochMs: number;
  /** When it becomes stale, in milliseconds since the epoch. */
  readonly staleEpochMs: number;
  /**
   * The fields of the request that selected this response: lower-case names and normalised values, `null` for a field that
   * the request did not have. Credentials are there as a digest.
   */
  readonly selecting: ReadonlyArray<readonly [string, string | null]>;
  /** Set if this is a part of a response only (RFC 9111 section 3.3). */
  readonly part?: CachePart;
}

/** Which part of a response an entry holds. */
export interface CachePart {
  /** The `Range` field of the request that it answered. */
  readonly range: string;
  /** Position of the first byte. */
  readonly first: number;
  /** Position of the last byte, as the server declared it. The body may end before. */
  readonly last: number;
  /** Length of the whole, or `undefined` if the server did not tell. */
  readonly total: number | undefined;
}

/**
 * Where a cache keeps its responses.
 *
 * A store is bounded in bytes by itself and drops what was not used for longest. Its methods may be synchronous or
 * not; they neither throw nor reject for what the medium does: what cannot be read is a miss, and what cannot be
 * written is not stored. Calls on the same key take effect in the order in which they were made.
 */
export interface HttpCacheStore {
  /** Number of stored entries. */
  readonly entryCount: number;
  /** Bytes in use, by the store's own estimate. */
  readonly usedBytes: number;
  /** Number of entries dropped so far because of the bound. */
  readonly evictedCount: number;

  /**
   * Reads what is stored under a key, and counts as a use of it.
   *
   * @param key The key.
   * @returns The entries, most recently stored first; empty if there are none. Valid until the next call.
   */
  get(
    key: string,
  ): readonly CacheEntry[] | Promise<readonly CacheEntry[]>;

  /**
   * Stores an entry, and drops others where the bound asks for it.
   *
   * @param entry The entry. The store keeps it, and its body, without copying.
   * @returns `false` if it is too large to be stored, or the medium refused it.
   */
  put(entry: CacheEntry): boolean | Promise<boolean>;

  /**
   * Removes entries.
   *
   * @param key The key.
   * @param id The one to remove; all entries of the key by default.
   * @returns How many were removed.
   */
  delete(key: string, id?: string): number | Promise<number>;

  /**
   * Removes the entries that have become stale.
   *
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns How many were removed.
   */
  evictStale(nowEpochMs: number): number | Promise<number>;

  /** Removes everything. */
  clear(): void | Promise<void>;
}
