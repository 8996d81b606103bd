import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  openDatabase,
  prepareRows,
  type RowStatement,
  WriteQueue,
} from "../../core/sqlite/mod.ts";
import {
  type LobbyBatch,
  type LobbyRecord,
  type LobbyRecordKind,
  type LobbyStore,
  LobbyStoreError,
} from "../store/lobby_store.ts";

/** What the header of a database says it is for: "TWLY". */
const APPLICATION_ID = 0x5457_4c59;

/** What makes a database of version i one of version i + 1. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE records (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT`,
];

/** A batch is no small job: each is a commit of its own, unless several wait. */
const BATCH_WEIGHT = 64;

/** Where a {@linkcode SqliteLobbyStore} is. */
export interface SqliteLobbyStoreOptions {
  /** The file, which is made if it is not there; `":memory:"` for none. */
  readonly path: string;
}

/**
 * A {@linkcode LobbyStore} in an SQLite file, in WAL mode with `synchronous=FULL`: a batch is one transaction, and when
 * its promise has resolved it survives the process and the machine. Only the rows that change are written. One process has
 * the file at a time; its lock ends with it, however it ends.
 *
 * After an error of the disk while a transaction was committed nobody knows what is there: every call rejects from then on,
 * until the file is opened again.
 *
 * @example A file that is still there after a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SqliteLobbyStore } from "@tickwire/net/lobby/sqlite";
 *
 * const folder = await Deno.makeTempDir();
 * const store = new SqliteLobbyStore({ path: `${folder}/lobbies.db` });
 * assertEquals(await store.load(), []);
 * await store.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class SqliteLobbyStore implements LobbyStore {
  readonly #db: DatabaseSync;
  readonly #queue: WriteQueue;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #all: RowStatement;
  #saving = 0;
  #isClosed = false;
  #closing: (() => void) | undefined;

  /**
   * Opens a file, and makes it if it is not there.
   *
   * @param options Which.
   * @throws {LobbyStoreError} If it cannot be opened (`"storeFailed"`): another process has it, say, or it is no such file.
   */
  constructor(options: SqliteLobbyStoreOptions) {
    try {
      this.#db = openDatabase(options.path, {
        applicationId: APPLICATION_ID,
        migrations: MIGRATIONS,
      });
    } catch (error) {
      const { message, cause } = error as Error;
      throw new LobbyStoreError("storeFailed", message, { cause });
    }
    this.#put = this.#db.prepare(
      "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#remove = this.#db.prepare(
      "DELETE FROM records WHERE kind = ? AND key = ?",
    );
    this.#all = prepareRows(
      this.#db,
      "SELECT kind, key, value FROM records ORDER BY rowid",
    );
    this.#queue = new WriteQueue(this.#db, () => {}, () => {});
  }

  /**
   * Reads all that is there. See {@linkcode LobbyStore.load}.
   *
   * @returns A promise of the records, the one that was new first first.
   */
  load(): Promise<readonly LobbyRecord[]> {
    if (this.#isClosed) return Promise.reject(closed("load"));
    try {
      return Promise.resolve(
        (this.#all.all() as [LobbyRecordKind, string, string][]).map(
          ([kind, key, value]) => ({ kind, key, value }),
        ),
      );
    } catch (cause) {
      return Promise.reject(failed("load", cause));
    }
  }

  /**
   * Saves a batch in one transaction. See {@linkcode LobbyStore.save}.
   *
   * @param batch What changes.
   * @returns A promise that resolves when it is committed.
   */
  save(batch: LobbyBatch): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed("save"));
    const { changed, removed } = batch;
    this.#saving++;
    return new Promise((resolve, reject) => {
      this.#queue.push({
        weight: BATCH_WEIGHT + changed.length + removed.length,
        run: () => {
          for (const { kind, key, value } of changed) {
            this.#put.run(kind, key, value);
          }
          for (const { kind, key } of removed) this.#remove.run(kind, key);
        },
        settle: () => {
          resolve();
          this.#saved();
        },
        fail: (cause) => {
          reject(failed("save", cause));
          this.#saved();
        },
      });
    });
  }

  /**
   * Closes the file, after what is being saved.
   *
   * @returns A promise that resolves when it is closed.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#saving > 0) {
      await new Promise<void>((resolve) => this.#closing = resolve);
    }
    this.#db.close();
  }

  /** Closes the file: `await using store = …`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #saved(): void {
    this.#saving--;
    if (this.#saving === 0) this.#closing?.();
  }
}

function closed(action: string): LobbyStoreError {
  return new LobbyStoreError(
    "closed",
    `Cannot ${action} as the store is closed`,
  );
}

function failed(action: string, cause: unknown): LobbyStoreError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LobbyStoreError(
    "storeFailed",
    `Cannot ${action} as the database failed: ${message}`,
    { cause },
  );
}
