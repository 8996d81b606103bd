// This module is browser compatible.
import type {
  IdbDatabase,
  IdbOpenRequest,
  IdbRequest,
  IdbStore,
  IdbTransaction,
} from "./_indexed_db_types.ts";
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
import {
  type Journal,
  type JournalEntry,
  JournalError,
  type JournalLimits,
} from "./journal.ts";

/** What {@linkcode IndexedDbJournal} needs of the web's `IDBFactory`. */
export interface IndexedDbLike {
  /**
   * Opens a database.
   *
   * @param name Its name.
   * @param version The version of its schema.
   * @returns An `IDBOpenDBRequest`.
   */
  open(name: string, version?: number): object;
}

/** Options for {@linkcode IndexedDbJournal.open}. */
export interface IndexedDbJournalOptions extends JournalLimits {
  /**
   * Where the database lives.
   *
   * @default {globalThis.indexedDB}
   */
  readonly indexedDB?: IndexedDbLike;
}

/** Where the journal begins and ends, beside the entries. */
interface State {
  readonly lastId: number;
  readonly removedId: number;
  /** Bytes of all entries ever appended, up to `lastId` and `removedId`. */
  readonly appendedBytes: number;
  readonly removedBytes: number;
}

interface StoredEntry {
  readonly bytes: Uint8Array;
  /** Bytes of all entries ever appended, this one included. */
  readonly appendedBytes: number;
}

const ENTRIES = "entries";
const STATE = "state";

/**
 * A {@linkcode Journal} in IndexedDB: the one to take in a browser.
 *
 * Every call is one transaction, which happens as a whole or not at all. Appends
 * ask for strict durability: a resolved `append()` survives the page, the browser
 * and, where the browser honours it, a power failure. Several pages may share a
 * journal. The browser may throw all storage of a site away when the disk is
 * full, unless `navigator.storage.persist()` was granted.
 *
 * @example Keep unsent scores over a restart of the page
 * ```ts ignore
 * import { IndexedDbJournal } from "@tickwire/net/core";
 *
 * const journal = await IndexedDbJournal.open("unsent-scores");
 * await journal.append(new TextEncoder().encode('{"score":1200}'));
 * for (const { id, bytes } of await journal.read(0, 65_536)) {
 *   const response = await fetch("/scores", { method: "POST", body: bytes });
 *   if (response.ok) await journal.remove(id);
 * }
 * ```
 */
export class IndexedDbJournal implements Journal {
  readonly #database: IdbDatabase;
  readonly #limits: Required<JournalLimits>;
  #closed = false;
  #closing: Promise<void> | undefined;

  private constructor(
    database: IdbDatabase,
    limits: Required<JournalLimits>,
  ) {
    this.#database = database;
    this.#limits = limits;
    // Another page wants to delete the database or to upgrade it.
    database.onversionchange = () => {
      this.#closed = true;
      database.close();
    };
  }

  /**
   * Opens the journal of a name, or begins it.
   *
   * @param name The name of the database, which belongs to the journal alone.
   * @param options Where it lives and how much it holds.
   * @returns A promise of the journal.
   * @throws {RangeError} If a limit is not an integer of 1 or more.
   * @throws {JournalError} With code `"storage"` if there is no IndexedDB or it
   * fails.
   */
  static async open(
    name: string,
    options: IndexedDbJournalOptions = {},
  ): Promise<IndexedDbJournal> {
    const limits = resolveLimits(options);
    const indexedDB = options.indexedDB ??
      (globalThis as { indexedDB?: IndexedDbLike }).indexedDB;
    if (indexedDB === undefined) {
      throw new JournalError(
        "storage",
        "Cannot open the journal as the runtime has no IndexedDB",
      );
    }
    try {
      const request = indexedDB.open(name, 1) as IdbOpenRequest;
      request.onupgradeneeded = () => {
        request.result.createObjectStore(ENTRIES);
        request.result.createObjectStore(STATE);
      };
      return new IndexedDbJournal(await resultOf(request), limits);
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
  async append(bytes: Uint8Array): Promise<number> {
    checkBytes(bytes);
    const copy = bytes.slice();
    return await this.#transact("readwrite", async (entries, states) => {
      const state = await loadState(states);
      checkRoom(
        this.#limits,
        state.appendedBytes - state.removedBytes,
        state.lastId - state.removedId,
        copy.length,
      );
      const id = nextId(state.lastId);
      const appendedBytes = state.appendedBytes + copy.length;
      const entry: StoredEntry = { bytes: copy, appendedBytes };
      entries.put(entry, id);
      states.put({ ...state, lastId: id, appendedBytes }, STATE);
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
  async read(
    afterId: number,
    maxBytes: number,
  ): Promise<readonly JournalEntry[]> {
    checkId("read", "afterId", afterId);
    checkMaxBytes(maxBytes);
    return await this.#transact("readonly", async (entries, states) => {
      const { lastId, removedId } = await loadState(states);
      const found: JournalEntry[] = [];
      let total = 0;
      for (let id = Math.max(afterId, removedId) + 1; id <= lastId; id++) {
        const { bytes } = await loadEntry(entries, id);
        total += bytes.length;
        if (total > maxBytes && found.length > 0) break;
        found.push({ id, bytes });
      }
      return found;
    });
  }

  /**
   * Removes all entries up to a given one. See {@linkcode Journal.remove}.
   *
   * @param upToId The id of the last entry to remove.
   * @throws {JournalError} With code `"storage"` or `"closed"`.
   */
  async remove(upToId: number): Promise<void> {
    checkId("remove from", "upToId", upToId);
    await this.#transact("readwrite", async (entries, states) => {
      const state = await loadState(states);
      const removedId = Math.min(upToId, state.lastId);
      if (removedId <= state.removedId) return;
      const last = await loadEntry(entries, removedId);
      for (let id = state.removedId + 1; id <= removedId; id++) {
        entries.delete(id);
      }
      const removedBytes = last.appendedBytes;
      states.put({ ...state, removedId, removedBytes }, STATE);
    });
  }

  /** Finishes what is under way and closes the database. */
  close(): Promise<void> {
    return this.#closing ??= this.#finish();
  }

  /** Closes the journal at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    if (this.#closed) return;
    // Transactions on the same stores come to their end one after the other.
    const last = this.#transact("readwrite", () => Promise.resolve());
    this.#closed = true;
    try {
      await last;
    } finally {
      this.#database.close();
    }
  }

  async #transact<T>(
    mode: "readonly" | "readwrite",
    body: (entries: IdbStore, states: IdbStore) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw closedError();
    let transaction: IdbTransaction | undefined;
    try {
      transaction = this.#database.transaction([ENTRIES, STATE], mode, {
        durability: "strict",
      });
      const completed = completionOf(transaction);
      const result = await body(
        transaction.objectStore(ENTRIES),
        transaction.objectStore(STATE),
      );
      await completed;
      return result;
    } catch (error) {
      abort(transaction);
      throw toJournalError(error);
    }
  }
}

async function loadState(states: IdbStore): Promise<State> {
  const state = await resultOf(states.get(STATE)) as State | undefined;
  return state ??
    { lastId: 0, removedId: 0, appendedBytes: 0, removedBytes: 0 };
}

async function loadEntry(entries: IdbStore, id: number): Promise<StoredEntry> {
  const entry = await resultOf(entries.get(id)) as StoredEntry | undefined;
  if (entry === undefined) {
    throw new JournalError(
      "storage",
      `Cannot use the journal as its entry ${id} is missing`,
    );
  }
  return entry;
}

function resultOf<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function completionOf(transaction: IdbTransaction): Promise<void> {
  const completion = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  // Where a request fails first, nobody gets to wait for this one.
  completion.catch(() => {});
  return completion;
}

function abort(transaction: IdbTransaction | undefined): void {
  try {
    transaction?.abort();
  } catch {
    // It has come to its end already, which is all that is wanted.
  }
}
