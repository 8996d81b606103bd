// This module is browser compatible.
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { JournalEntries } from "./_journal_entries.ts";
import {
  checkBytes,
  checkId,
  checkMaxBytes,
  checkRoom,
  closedError,
  nextId,
  resolveLimits,
  toJournalError,
} from "./_journal_limits.ts";
import type { Journal, JournalEntry, JournalLimits } from "./journal.ts";

/** What {@linkcode LocalStorageJournal} needs of the web's `Storage`. */
export interface StorageLike {
  /** How many keys there are. */
  readonly length: number;
  /**
   * Names one of the keys.
   *
   * @param index 0 to `length` - 1.
   * @returns The key.
   */
  key(index: number): string | null;
  /**
   * Reads a value.
   *
   * @param key Its key.
   * @returns The value, or `null` if there is none.
   */
  getItem(key: string): string | null;
  /**
   * Writes a value.
   *
   * @param key Its key.
   * @param value The value.
   * @throws A `DOMException` named `QuotaExceededError` if there is no room.
   */
  setItem(key: string, value: string): void;
  /**
   * Removes a value.
   *
   * @param key Its key.
   */
  removeItem(key: string): void;
}

/** The key, after the prefix, of the last id that was given. */
const LAST_ID = "last";

/**
 * A {@linkcode Journal} in `localStorage`: for few and small entries where
 * IndexedDB is not to be had. Every call blocks the page for as long as the
 * browser's storage does, and browsers give about 5 MiB to all of a site, of
 * which an entry takes 4 bytes for 3. {@linkcode IndexedDbJournal} has neither
 * limit.
 *
 * Each entry has the key "name/id" and is base64; one that is base64 no longer
 * is removed when the journal is opened. A resolved `append()` survives
 * the page, and a crash of the browser as far as the browser writes its storage
 * to disk. Where two pages open the same journal, each sees what was there when
 * it opened and what it appended itself: no entry is lost and no id is given
 * twice, but both may deliver the entries that were there before.
 *
 * @example Keep an entry over a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LocalStorageJournal } from "@tickwire/net/core";
 *
 * const before = new LocalStorageJournal(sessionStorage, "unsent");
 * const id = await before.append(new Uint8Array([1, 2, 3]));
 * await before.close();
 *
 * const after = new LocalStorageJournal(sessionStorage, "unsent");
 * assertEquals(await after.read(0, 1024), [
 *   { id, bytes: new Uint8Array([1, 2, 3]) },
 * ]);
 * ```
 */
export class LocalStorageJournal implements Journal {
  readonly #storage: StorageLike;
  readonly #prefix: string;
  readonly #limits: Required<JournalLimits>;
  readonly #entries = new JournalEntries();
  #lastId = 0;
  #closed = false;

  /**
   * Opens the journal of a name, or begins it.
   *
   * @param storage Where the entries live: `localStorage`, `sessionStorage` or
   * a stand-in.
   * @param name The name of the journal. No other key of the storage may begin
   * with it and a slash.
   * @param limits How much it holds; `maxBytes` is 1048576 by default.
   * @throws {RangeError} If a limit is not an integer of 1 or more.
   * @throws {JournalError} With code `"full"` or `"storage"` if the storage
   * fails.
   */
  constructor(storage: StorageLike, name: string, limits: JournalLimits = {}) {
    this.#limits = resolveLimits(limits, 1_048_576);
    this.#storage = storage;
    this.#prefix = `${name}/`;
    try {
      this.#load();
    } catch (error) {
      throw toJournalError(error);
    }
  }

  /**
   * Adds an entry at the end. See {@linkcode Journal.append}.
   *
   * @param bytes The entry, which is copied.
   * @returns A promise of the entry's id.
   * @throws {JournalError} With code `"full"`, `"storage"` or `"closed"`.
   */
  append(bytes: Uint8Array): Promise<number> {
    return this.#settle(() => {
      checkBytes(bytes);
      const { size, bytes: held } = this.#entries;
      checkRoom(this.#limits, held, size, bytes.length);
      // Another page may have appended since.
      const id = nextId(Math.max(this.#lastId, this.#loadLastId()));
      const key = this.#prefix + id;
      try {
        this.#storage.setItem(key, encodeBase64(bytes));
        this.#storage.setItem(this.#prefix + LAST_ID, String(id));
      } catch (error) {
        this.#storage.removeItem(key);
        throw error;
      }
      this.#entries.push({ id, bytes: bytes.slice() });
      this.#lastId = id;
      return id;
    });
  }

  /**
   * Reads the oldest entries after a given one. See {@linkcode Journal.read}.
   *
   * @param afterId The id after which to begin; 0 for the start.
   * @param maxBytes How many bytes the entries may have together.
   * @returns A promise of the entries.
   * @throws {JournalError} With code `"storage"` or `"closed"`.
   */
  read(afterId: number, maxBytes: number): Promise<readonly JournalEntry[]> {
    return this.#settle(() => {
      checkId("read", "afterId", afterId);
      checkMaxBytes(maxBytes);
      return this.#entries.read(afterId, maxBytes);
    });
  }

  /**
   * Removes all entries up to a given one. See {@linkcode Journal.remove}.
   *
   * @param upToId The id of the last entry to remove.
   * @throws {JournalError} With code `"storage"` or `"closed"`.
   */
  remove(upToId: number): Promise<void> {
    return this.#settle(() => {
      checkId("remove from", "upToId", upToId);
      for (const { id } of this.#entries) {
        if (id > upToId) break;
        this.#storage.removeItem(this.#prefix + id);
      }
      this.#entries.remove(upToId);
    });
  }

  /** Makes every further call but this one reject. */
  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** Closes the journal at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #load(): void {
    const ids: number[] = [];
    for (let i = 0; i < this.#storage.length; i++) {
      const key = this.#storage.key(i);
      if (!key?.startsWith(this.#prefix)) continue;
      const id = parseId(key.slice(this.#prefix.length));
      if (id !== undefined) ids.push(id);
    }
    ids.sort((a, b) => a - b);
    for (const id of ids) {
      const key = this.#prefix + id;
      const bytes = decodeBase64(this.#storage.getItem(key) ?? "");
      if (bytes === undefined) this.#storage.removeItem(key);
      else this.#entries.push({ id, bytes });
    }
    // A crash may have come between an entry and the note of its id.
    this.#lastId = Math.max(this.#loadLastId(), ids.at(-1) ?? 0);
  }

  #loadLastId(): number {
    return parseId(this.#storage.getItem(this.#prefix + LAST_ID) ?? "") ?? 0;
  }

  #settle<T>(call: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closedError();
      try {
        resolve(call());
      } catch (error) {
        reject(toJournalError(error));
      }
    });
  }
}

function parseId(text: string): number | undefined {
  const id = Number(text);
  return Number.isSafeInteger(id) && id > 0 && String(id) === text
    ? id
    : undefined;
}
