import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LeaderboardError } from "../leaderboard_error.ts";
import { resolveReplayLimits } from "../replay/replay_limits.ts";
import type {
  ReplayAppendResult,
  ReplayBeginResult,
  ReplayEncoding,
  ReplayStore,
  ReplayStoreOptions,
  ReplayUpload,
  ReplayUploadRequest,
  StoredReplay,
} from "../replay/replay_store.ts";

/** The version of the tables below. A later one brings the steps from each earlier one. */
const SCHEMA_VERSION = 1;
/** Milliseconds to wait for another process that writes to the same file. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * A part is a row of its own, so that none that comes rewrites what is there. The tables say themselves which version
 * they are: `user_version` is that of whatever else is in the file.
 */
const SCHEMA = `
CREATE TABLE replay_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  lastContent INTEGER NOT NULL,
  lastChange INTEGER NOT NULL
) STRICT;
INSERT INTO replay_state VALUES (1, ${SCHEMA_VERSION}, 0, 0, 0);
CREATE TABLE replay (
  sha256 TEXT PRIMARY KEY,
  content INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  encoding TEXT NOT NULL,
  encodedBytes INTEGER NOT NULL,
  owner TEXT NOT NULL,
  usedMs INTEGER NOT NULL,
  isLinked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_by_use ON replay (usedMs);
CREATE TABLE replay_upload (
  id TEXT PRIMARY KEY,
  content INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  encoding TEXT NOT NULL,
  encodedBytes INTEGER NOT NULL,
  owner TEXT NOT NULL,
  offset INTEGER NOT NULL,
  expiresMs INTEGER NOT NULL,
  change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_upload_by_owner ON replay_upload (owner, change);
CREATE INDEX replay_upload_by_end ON replay_upload (expiresMs);
CREATE TABLE replay_part (
  id INTEGER PRIMARY KEY,
  content INTEGER NOT NULL,
  start INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX replay_part_by_start ON replay_part (content, start);
CREATE TABLE replay_owner (
  owner TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** Where a {@linkcode SqliteReplayStore} is, and how much it holds. */
export interface SqliteReplayStoreOptions extends ReplayStoreOptions {
  /** The file, which is made if it is not there; `":memory:"` for none. */
  readonly path: string;
}

type Row = Readonly<Record<string, unknown>>;
type Parameters = Readonly<Record<string, string | number | Uint8Array>>;

/**
 * A {@linkcode ReplayStore} in an SQLite file, in WAL mode with `synchronous=FULL`: a part that is acknowledged
 * survives the process and the machine. It has a connection of its own, and may share the file with whatever else has
 * other tables than `replay…`. What it does is over when the call returns, before its promise resolves.
 *
 * @example A file that is still there after a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SqliteReplayStore } from "@tickwire/net/leaderboard/sqlite";
 *
 * const path = await Deno.makeTempFile();
 * const sha256 = "9f".repeat(32);
 * {
 *   await using store = new SqliteReplayStore({ path });
 *   await store.begin({
 *     sha256, bytes: 3, encoding: "identity", encodedBytes: 3, id: "u1", owner: "ada", nowMs: 0, expiresMs: 86_400_000,
 *   });
 *   await store.append("u1", 0, new Uint8Array([1, 2]), 86_400_000);
 * }
 * await using store = new SqliteReplayStore({ path });
 * await store.append("u1", 2, new Uint8Array([3]), 86_400_000);
 * await store.complete("u1", 1000);
 * assertEquals(await store.read(sha256, 0, 100), new Uint8Array([1, 2, 3]));
 * ```
 */
export class SqliteReplayStore implements ReplayStore {
  readonly #limits: Required<ReplayStoreOptions>;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isClosed = false;

  /**
   * Opens a file, and makes it if it is not there.
   *
   * @param options Which, and how much it holds. Less than is there costs nothing that is there.
   * @throws {RangeError} If a bound is out of its range.
   * @throws {LeaderboardError} With the code `"storeFailed"` if it cannot be opened, or was written by a later version.
   */
  constructor(options: SqliteReplayStoreOptions) {
    this.#limits = resolveReplayLimits(options);
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(options.path);
      database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      database.exec("PRAGMA journal_mode = WAL");
      database.exec("PRAGMA synchronous = FULL");
      this.#database = database;
      this.#write(() => this.#migrate());
    } catch (cause) {
      database?.close();
      if (cause instanceof LeaderboardError) throw cause;
      throw failed("open", cause);
    }
  }

  /**
   * Begins an upload, or finds the one that goes on. See {@linkcode ReplayStore.begin}.
   *
   * @param request What will come.
   * @returns A promise of what there is.
   */
  begin(request: ReplayUploadRequest): Promise<ReplayBeginResult> {
    return this.#settle("begin an upload", true, () => this.#begin(request));
  }

  /**
   * Finds an upload. See {@linkcode ReplayStore.upload}.
   *
   * @param id Its name.
   * @returns A promise of it, or of `undefined`.
   */
  upload(id: string): Promise<ReplayUpload | undefined> {
    return this.#settle(
      "read an upload",
      false,
      () => this.#upload(id)?.upload,
    );
  }

  /**
   * Adds a part. See {@linkcode ReplayStore.append}.
   *
   * @param id The upload.
   * @param offset Where the part begins.
   * @param bytes The part, which is written before the call returns.
   * @param expiresMs When the upload is given up if nothing else comes.
   * @returns A promise of what became of it.
   */
  append(
    id: string,
    offset: number,
    bytes: Uint8Array,
    expiresMs: number,
  ): Promise<ReplayAppendResult> {
    return this.#settle(
      "append a part",
      true,
      () => this.#append(id, offset, bytes, expiresMs),
    );
  }

  /**
   * Reads part of what has been uploaded. See {@linkcode ReplayStore.readUpload}.
   *
   * @param id The upload.
   * @param offset Where to begin.
   * @param maxBytes The most bytes.
   * @returns A promise of the bytes, or of `undefined`.
   */
  readUpload(
    id: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#settle(
      "read an upload",
      false,
      () =>
        this.#read(
          "SELECT content FROM replay_upload WHERE id = :name",
          id,
          offset,
          maxBytes,
        ),
    );
  }

  /**
   * Makes a replay of an upload. See {@linkcode ReplayStore.complete}.
   *
   * @param id The upload.
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise of the replay, or of `undefined`.
   */
  complete(id: string, nowMs: number): Promise<StoredReplay | undefined> {
    return this.#settle("complete an upload", true, () => {
      const found = this.#upload(id);
      if (found === undefined) return undefined;
      const { upload, content } = found;
      if (upload.offset !== upload.encodedBytes) return undefined;
      const there = this.#touch(upload.sha256, nowMs, undefined);
      if (there !== undefined) {
        this.#drop(id);
        return there;
      }
      const { sha256, bytes, encoding, encodedBytes, owner } = upload;
      this.#run("DELETE FROM replay_upload WHERE id = :id", { id });
      this.#run(
        `INSERT INTO replay VALUES
          (:sha256, :content, :bytes, :encoding, :encodedBytes, :owner, :nowMs, 0)`,
        { sha256, content, bytes, encoding, encodedBytes, owner, nowMs },
      );
      return this.#replay(sha256)?.replay;
    });
  }

  /**
   * Gives an upload up. See {@linkcode ReplayStore.abort}.
   *
   * @param id The upload.
   * @returns A promise of whether it was there.
   */
  abort(id: string): Promise<boolean> {
    return this.#settle("abort an upload", true, () => this.#drop(id));
  }

  /**
   * Gives up uploads whose time is over. See {@linkcode ReplayStore.removeExpired}.
   *
   * @param nowMs Now, in epoch milliseconds.
   * @param limit The most of them.
   * @returns A promise of how many were given up.
   */
  removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#settle("remove expired uploads", true, () => {
      const expired = this.#all(
        `SELECT id FROM replay_upload WHERE expiresMs <= :nowMs
          ORDER BY expiresMs LIMIT :limit`,
        { nowMs, limit },
      );
      for (const { id } of expired) this.#drop(id as string);
      return expired.length;
    });
  }

  /**
   * Finds a replay. See {@linkcode ReplayStore.replay}.
   *
   * @param sha256 Its name.
   * @returns A promise of it, or of `undefined`.
   */
  replay(sha256: string): Promise<StoredReplay | undefined> {
    return this.#settle(
      "read a replay",
      false,
      () => this.#replay(sha256)?.replay,
    );
  }

  /**
   * Reads part of a replay as it is encoded. See {@linkcode ReplayStore.read}.
   *
   * @param sha256 The replay.
   * @param offset Where to begin.
   * @param maxBytes The most bytes.
   * @returns A promise of the bytes, or of `undefined`.
   */
  read(
    sha256: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#settle(
      "read a replay",
      false,
      () =>
        this.#read(
          "SELECT content FROM replay WHERE sha256 = :name",
          sha256,
          offset,
          maxBytes,
        ),
    );
  }

  /**
   * Notes that a replay is needed. See {@linkcode ReplayStore.touch}.
   *
   * @param sha256 The replay.
   * @param nowMs Now, in epoch milliseconds.
   * @param isLinked Its `isLinked` from now on; if left out, it stays as it is.
   * @returns A promise of the replay, or of `undefined`.
   */
  touch(
    sha256: string,
    nowMs: number,
    isLinked?: boolean,
  ): Promise<StoredReplay | undefined> {
    return this.#settle(
      "touch a replay",
      true,
      () => this.#touch(sha256, nowMs, isLinked),
    );
  }

  /**
   * Lists replays that were not used for some time. See {@linkcode ReplayStore.unused}.
   *
   * @param beforeMs Those with a `usedMs` before this time.
   * @param limit The most of them.
   * @returns A promise of them, the longest unused first.
   */
  unused(beforeMs: number, limit: number): Promise<readonly StoredReplay[]> {
    return this.#settle("list replays", false, () =>
      this.#all(
        "SELECT * FROM replay WHERE usedMs < :beforeMs ORDER BY usedMs LIMIT :limit",
        { beforeMs, limit },
      ).map(asReplay));
  }

  /**
   * Removes a replay, unless it has been touched meanwhile. See {@linkcode ReplayStore.remove}.
   *
   * @param sha256 The replay.
   * @param usedMs Its `usedMs` when it was found to be needed by nobody.
   * @returns A promise of whether it was removed.
   */
  remove(sha256: string, usedMs: number): Promise<boolean> {
    return this.#settle("remove a replay", true, () => {
      const found = this.#replay(sha256);
      if (found?.replay.usedMs !== usedMs) return false;
      const { owner, encodedBytes, isLinked } = found.replay;
      this.#run("DELETE FROM replay WHERE sha256 = :sha256", { sha256 });
      this.#removeParts(found.content, encodedBytes);
      if (!isLinked) this.#count(owner, -encodedBytes);
      return true;
    });
  }

  /** Closes the connection. Closing twice has no effect. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#isClosed) {
        this.#isClosed = true;
        this.#statements.clear();
        this.#database.close();
      }
      resolve();
    });
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #migrate(): void {
    const table = this.#get(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'replay_state'",
      {},
    );
    if (table === undefined) this.#database.exec(SCHEMA);
    const version = this.#get("SELECT version FROM replay_state", {})?.version;
    if (version !== SCHEMA_VERSION) {
      throw new LeaderboardError(
        "storeFailed",
        `Cannot open the replay store as its version must be ${SCHEMA_VERSION}: current value is ${version}`,
      );
    }
  }

  #begin({ nowMs, ...announced }: ReplayUploadRequest): ReplayBeginResult {
    const { owner, sha256, encodedBytes, expiresMs } = announced;
    const replay = this.#touch(sha256, nowMs, undefined);
    if (replay !== undefined) return { type: "complete", replay };
    const own = this.#all(
      "SELECT * FROM replay_upload WHERE owner = :owner ORDER BY change",
      { owner },
    ).map(asUpload);
    const same = own.find((upload) => upload.sha256 === sha256);
    if (
      same !== undefined && same.bytes === announced.bytes &&
      same.encoding === announced.encoding && same.encodedBytes === encodedBytes
    ) {
      this.#run(
        "UPDATE replay_upload SET expiresMs = :expiresMs, change = :change WHERE id = :id",
        { id: same.id, expiresMs, change: this.#next("lastChange") },
      );
      return { type: "open", upload: { ...same, expiresMs }, given: 0 };
    }
    const others = own.filter((upload) => upload !== same);
    const { maxUploads, maxUploadsPerOwner } = this.#limits;
    const given = [
      ...(same === undefined ? [] : [same]),
      ...others.slice(0, Math.max(0, others.length + 1 - maxUploadsPerOwner)),
    ];
    // Nothing is given up for an upload that is then refused.
    let gained = 0;
    for (const upload of given) gained += upload.offset;
    const uploads = this.#get("SELECT count(*) AS n FROM replay_upload", {})!;
    if (uploads.n as number - given.length >= maxUploads) return FULL;
    const refusal = this.#refusal(owner, encodedBytes - gained);
    if (refusal !== undefined) return refusal;
    for (const { id } of given) this.#drop(id);
    this.#run(
      `INSERT INTO replay_upload VALUES
        (:id, :content, :sha256, :bytes, :encoding, :encodedBytes, :owner, 0, :expiresMs, :change)`,
      {
        ...announced,
        content: this.#next("lastContent"),
        change: this.#next("lastChange"),
      },
    );
    const upload = { ...announced, offset: 0 };
    return { type: "open", upload, given: given.length };
  }

  #append(
    id: string,
    offset: number,
    bytes: Uint8Array,
    expiresMs: number,
  ): ReplayAppendResult {
    const found = this.#upload(id);
    if (found === undefined) return { type: "notFound" };
    const { upload, content } = found;
    if (offset !== upload.offset) return { type: "offsetMismatch", upload };
    const end = offset + bytes.length;
    if (end > upload.encodedBytes) return { type: "tooLong", upload };
    const refusal = this.#refusal(upload.owner, bytes.length);
    if (refusal !== undefined) return refusal;
    if (bytes.length > 0) {
      this.#run(
        "INSERT INTO replay_part (content, start, bytes) VALUES (:content, :offset, :bytes)",
        { content, offset, bytes },
      );
      this.#run("UPDATE replay_state SET bytes = bytes + :added", {
        added: bytes.length,
      });
      this.#count(upload.owner, bytes.length);
    }
    this.#run(
      `UPDATE replay_upload SET offset = :end, expiresMs = :expiresMs, change = :change
        WHERE id = :id`,
      { id, end, expiresMs, change: this.#next("lastChange") },
    );
    return { type: "appended", upload: { ...upload, offset: end, expiresMs } };
  }

  #touch(
    sha256: string,
    usedMs: number,
    isLinked: boolean | undefined,
  ): StoredReplay | undefined {
    const before = this.#replay(sha256)?.replay;
    if (before === undefined) return undefined;
    const after = { ...before, usedMs, isLinked: isLinked ?? before.isLinked };
    this.#run(
      "UPDATE replay SET usedMs = :usedMs, isLinked = :isLinked WHERE sha256 = :sha256",
      { sha256, usedMs, isLinked: after.isLinked ? 1 : 0 },
    );
    if (before.isLinked !== after.isLinked) {
      const { owner, encodedBytes } = before;
      this.#count(owner, after.isLinked ? -encodedBytes : encodedBytes);
    }
    return after;
  }

  #refusal(
    owner: string,
    bytes: number,
  ): { type: "full" | "quotaExceeded" } | undefined {
    // What adds nothing is always taken, so that an upload of which all is there can end.
    if (bytes <= 0) return undefined;
    const { maxBytes, maxBytesPerOwner } = this.#limits;
    const all = this.#get("SELECT bytes FROM replay_state", {})!;
    if (all.bytes as number + bytes > maxBytes) return FULL;
    const own = this.#get(
      "SELECT bytes FROM replay_owner WHERE owner = :owner",
      { owner },
    );
    return (own?.bytes as number ?? 0) + bytes > maxBytesPerOwner
      ? { type: "quotaExceeded" }
      : undefined;
  }

  #drop(id: string): boolean {
    const found = this.#upload(id);
    if (found === undefined) return false;
    const { owner, offset } = found.upload;
    this.#run("DELETE FROM replay_upload WHERE id = :id", { id });
    this.#removeParts(found.content, offset);
    this.#count(owner, -offset);
    return true;
  }

  #removeParts(content: number, bytes: number): void {
    this.#run("DELETE FROM replay_part WHERE content = :content", { content });
    this.#run("UPDATE replay_state SET bytes = bytes - :bytes", { bytes });
  }

  #count(owner: string, bytes: number): void {
    this.#run(
      `INSERT INTO replay_owner VALUES (:owner, :bytes)
        ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes`,
      { owner, bytes },
    );
    this.#run("DELETE FROM replay_owner WHERE owner = :owner AND bytes = 0", {
      owner,
    });
  }

  #next(counter: "lastContent" | "lastChange"): number {
    return this.#get(
      `UPDATE replay_state SET ${counter} = ${counter} + 1 RETURNING ${counter} AS n`,
      {},
    )!.n as number;
  }

  #upload(id: string): { upload: ReplayUpload; content: number } | undefined {
    const row = this.#get("SELECT * FROM replay_upload WHERE id = :id", { id });
    return row && { upload: asUpload(row), content: row.content as number };
  }

  #replay(
    sha256: string,
  ): { replay: StoredReplay; content: number } | undefined {
    const row = this.#get("SELECT * FROM replay WHERE sha256 = :sha256", {
      sha256,
    });
    return row && { replay: asReplay(row), content: row.content as number };
  }

  /** One statement, as what it reads could be removed by another process between two. */
  #read(
    source: string,
    name: string,
    offset: number,
    maxBytes: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    const rows = this.#all(
      `SELECT max(start - :offset, 0) AS at,
          substr(bytes, max(:offset - start, 0) + 1, :end - max(:offset, start)) AS bytes
        FROM (${source}) AS held LEFT JOIN replay_part AS part
          ON part.content = held.content AND start < :end AND start + length(bytes) > :offset
        ORDER BY start`,
      { name, offset, end: offset + maxBytes },
    );
    return joined(rows);
  }

  #run(sql: string, parameters: Parameters): void {
    this.#statement(sql).run(parameters);
  }

  #get(sql: string, parameters: Parameters): Row | undefined {
    return this.#statement(sql).get(parameters) as Row | undefined;
  }

  #all(sql: string, parameters: Parameters): readonly Row[] {
    return this.#statement(sql).all(parameters) as readonly Row[];
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #write<T>(call: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = call();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite itself rolls back when the disk is full, for one.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #settle<T>(action: string, writes: boolean, call: () => T): Promise<T> {
    // What the executor throws is what the promise rejects with.
    return new Promise((resolve) => {
      if (this.#isClosed) {
        throw new LeaderboardError(
          "closed",
          `Cannot ${action} as the replay store is closed`,
        );
      }
      try {
        resolve(writes ? this.#write(call) : call());
      } catch (cause) {
        throw failed(action, cause);
      }
    });
  }
}

const FULL = { type: "full" } as const;

function joined(rows: readonly Row[]): Uint8Array<ArrayBuffer> | undefined {
  if (rows.length === 0) return undefined;
  // Without a part in the range there is one row, of nothing.
  const parts = rows.filter((row) => row.at !== null);
  const last = parts.at(-1);
  const end = last === undefined
    ? 0
    : last.at as number + (last.bytes as Uint8Array).length;
  const bytes = new Uint8Array(end);
  for (const part of parts) {
    bytes.set(part.bytes as Uint8Array, part.at as number);
  }
  return bytes;
}

function asUpload(row: Row): ReplayUpload {
  return {
    id: row.id as string,
    sha256: row.sha256 as string,
    bytes: row.bytes as number,
    encoding: row.encoding as ReplayEncoding,
    encodedBytes: row.encodedBytes as number,
    owner: row.owner as string,
    offset: row.offset as number,
    expiresMs: row.expiresMs as number,
  };
}

function asReplay(row: Row): StoredReplay {
  return {
    sha256: row.sha256 as string,
    bytes: row.bytes as number,
    encoding: row.encoding as ReplayEncoding,
    encodedBytes: row.encodedBytes as number,
    owner: row.owner as string,
    usedMs: row.usedMs as number,
    isLinked: row.isLinked === 1,
  };
}

function failed(action: string, cause: unknown): LeaderboardError {
  return new LeaderboardError(
    "storeFailed",
    `Cannot ${action} as the database failed`,
    { cause },
  );
}
