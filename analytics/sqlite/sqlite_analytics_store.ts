import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  messageOf,
  openDatabase,
  prepareRows,
  type RowStatement,
  type Undo,
  WriteQueue,
} from "../../core/sqlite/mod.ts";
import { AnalyticsError } from "../analytics_error.ts";
import type {
  AnalyticsStore,
  CountChange,
  CountQuery,
  CountRow,
  EventQuery,
  EventRow,
  ExpireQuery,
  Page,
  RangeQuery,
  RollUp,
  SessionQuery,
  SessionRow,
  SketchQuery,
  SketchRow,
  StoredRun,
  WriteOutcome,
} from "../store/store.ts";
import { checkLimit, checkSpans } from "../store/store_checks.ts";
import { EventTable } from "./_event_table.ts";
import { RollUpError, RunJob, type RunTables } from "./_run_job.ts";
import { APPLICATION_ID, MIGRATIONS } from "./_schema.ts";
import { SessionTable } from "./_session_table.ts";
import { Slices } from "./_slices.ts";
import { SumTable } from "./_sum_table.ts";

/** Events that may wait for their commit, and calls that may be under way. */
const MAX_WAITING_EVENTS = 262_144;
const MAX_CALLS = 65_536;
/** How long a run may be kept waiting for others: its client has time, and a commit costs as much as hundreds of events. */
const LINGER_MS = 20;
/** Rows that are removed between two turns of others. */
const REMOVED_AT_ONCE = 1000;
/** How long sessions are erased between two turns of others, if no single one takes longer. */
const MAX_ERASE_MS = 8;

/** Options for {@linkcode SqliteAnalyticsStore}. */
export interface SqliteAnalyticsStoreOptions {
  /**
   * The file, which is made if it is not there; beside it, "…-wal" is there while it is open. `":memory:"` is a database
   * that nothing is left of.
   */
  readonly path: string;
}

/**
 * An {@linkcode AnalyticsStore} in a file, on `node:sqlite`, for one process: a second one that opens the file is refused.
 * It needs permission to read and write the file and "…-wal".
 *
 * What is written survives a crash and a loss of power when the promise resolves, as far as the disk keeps its word (a log
 * with `synchronous=FULL`). What comes while a commit is under way shares the next one. A commit that fails rejects all
 * calls in it with `"storeFailed"`, and where the disk is merely full, later ones may succeed again; after any other
 * failure of a commit every change is rejected, as nobody knows what is on the disk. At most 262,144 events wait at a
 * time; more are rejected as `"full"`.
 *
 * Events of a run that lie within two minutes share a row, and what a commit adds to sums and sketches is written beside
 * them as one row: those of up to 16 commits go to their tables together, after two seconds while others come, or when the
 * store is closed. Queries add them up in memory.
 *
 * Long reads are done in slices of some milliseconds, between which others write: what they list is not of one moment.
 *
 * What is erased is overwritten in the file, and is not left in the log. The view `event_log` shows events as a person
 * reads them, in the shell of SQLite for one, while the store is closed.
 *
 * @example Store an event and read it after a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SqliteAnalyticsStore } from "@tickwire/net/analytics/sqlite";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using store = new SqliteAnalyticsStore({ path: `${folder}/events.db` });
 *   const run = {
 *     title: "main", session: "AAECAwQFBgcICQoLDA0ODw", player: "EBESExQVFhcYGRobHB0eHw",
 *     build: "1.2.0", platform: "linux", common: "{}", receivedMs: 1764115260000,
 *     events: [{ number: 0, name: "death", timeMs: 1764115200000, data: '{"floor":3}' }],
 *   };
 *   const nothing = { counts: [], sketches: [], startMs: undefined, endReason: undefined };
 *   await store.write([run], () => nothing);
 * }
 * {
 *   await using store = new SqliteAnalyticsStore({ path: `${folder}/events.db` });
 *   assertEquals((await store.eventsAfter(0, 10))[0]?.data, '{"floor":3}');
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class SqliteAnalyticsStore implements AnalyticsStore {
  readonly #db: DatabaseSync;
  readonly #queue: WriteQueue;
  readonly #tables: RunTables;
  readonly #setCounter: StatementSync;
  readonly #setMark: StatementSync;
  readonly #mark: RowStatement;
  #lastEventId: number;
  #writtenEventId: number;
  /** Whether something that was erased may be in the log. */
  #isInLog = false;
  #waitingEvents = 0;
  #calls = 0;
  #onIdle: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /**
   * Opens the file.
   *
   * @param options Which file.
   * @throws {AnalyticsError} If the file cannot be opened, is open elsewhere, is no database of events, or one of a newer
   * version (`"storeFailed"`).
   */
  constructor(options: SqliteAnalyticsStoreOptions) {
    const db = open(options.path);
    this.#db = db;
    try {
      // In pages that are changed as well as in those that are given back.
      db.exec("PRAGMA secure_delete = ON");
      this.#tables = {
        sessions: new SessionTable(db),
        events: new EventTable(db),
        sums: new SumTable(db),
        takeIds: (count) => {
          const first = this.#lastEventId + 1;
          this.#lastEventId += count;
          return first;
        },
      };
      this.#lastEventId = prepareRows(
        db,
        "SELECT value FROM counters WHERE name = 'event'",
      ).get()?.[0] as number ?? 0;
      this.#writtenEventId = this.#lastEventId;
      this.#setCounter = db.prepare(
        "INSERT OR REPLACE INTO counters VALUES ('event', ?)",
      );
      this.#setMark = db.prepare("INSERT OR REPLACE INTO marks VALUES (?, ?)");
      this.#mark = prepareRows(db, "SELECT value FROM marks WHERE name = ?");
      this.#queue = new WriteQueue(
        db,
        () => this.#tables.sums.begin(),
        (undo) => this.#tend(undo),
        LINGER_MS,
      );
    } catch (cause) {
      db.close();
      throw failure(cause);
    }
  }

  /**
   * Stores what is new of runs, and what it comes to.
   *
   * @param runs The runs.
   * @param rollUp Sums up what is new of a run. It is called again where a commit was given up for another run's sake.
   * @returns A promise of what became of each, after its commit was synced.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`), too much waits (`"full"`) or the store is closed
   * (`"closed"`).
   */
  async write(
    runs: readonly StoredRun[],
    rollUp: RollUp,
  ): Promise<readonly WriteOutcome[]> {
    let events = 0;
    for (const run of runs) events += run.events.length;
    this.#enter(events);
    try {
      // All are settled before the call is, so that nothing of it is under way then.
      const results = await Promise.allSettled(
        runs.map((run) =>
          new Promise<WriteOutcome>((resolve, reject) =>
            this.#queue.push(
              new RunJob(this.#tables, run, rollUp, resolve, reject),
            )
          )
        ),
      );
      return results.map((result) => {
        if (result.status === "fulfilled") return result.value;
        throw failure(result.reason);
      });
    } finally {
      this.#leave(events);
    }
  }

  /**
   * Adds to sums that are of no session.
   *
   * @param title The title.
   * @param build The build.
   * @param platform The platform.
   * @param changes What is added.
   * @returns A promise that resolves after its commit was synced.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`), too much waits (`"full"`) or the store is closed
   * (`"closed"`).
   */
  async count(
    title: string,
    build: string,
    platform: string,
    changes: readonly CountChange[],
  ): Promise<void> {
    await this.#change(() =>
      this.#tables.sums.add({ title, build, platform }, changes, [])
    );
  }

  /**
   * Adds up sums.
   *
   * @param query Which.
   * @returns A promise of at most 100,000 rows.
   * @throws {RangeError} If a time span does not begin with an hour.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async counts(query: CountQuery): Promise<readonly CountRow[]> {
    return await this.#read((slices) => {
      checkSpans(query);
      return this.#tables.sums.counts(query, slices);
    });
  }

  /**
   * Merges sketches.
   *
   * @param query Which.
   * @returns A promise of at most 10,000 rows.
   * @throws {RangeError} If a time span does not begin with an hour.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async sketches(query: SketchQuery): Promise<readonly SketchRow[]> {
    return await this.#read((slices) => {
      checkSpans(query);
      return this.#tables.sums.sketches(query, slices);
    });
  }

  /**
   * Lists the sessions that began in a range, or those of a player, by their beginning.
   *
   * @param query Which.
   * @param after What the page before gave as `next`.
   * @param limit The most rows: 1 to 10,000.
   * @returns A promise of the page.
   * @throws {RangeError} If `after` is nothing that a page gave, or `limit` is out of range.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async sessions(
    query: SessionQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<SessionRow>> {
    return await this.#read((slices) => {
      checkLimit(limit, 10_000);
      return this.#tables.sessions.list(query, after, limit, slices);
    });
  }

  /**
   * Lists events: by time, or those of a player by id.
   *
   * @param query Which.
   * @param after What the page before gave as `next`.
   * @param limit The most rows: 1 to 10,000.
   * @returns A promise of the page.
   * @throws {RangeError} If `after` is nothing that a page gave, or `limit` is out of range.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async events(
    query: EventQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<EventRow>> {
    return await this.#read((slices) => {
      checkLimit(limit, 10_000);
      return this.#tables.events.list(query, after, limit, slices);
    });
  }

  /**
   * Lists the newest events of a title, by descending id.
   *
   * @param query Which.
   * @param limit The most rows: 1 to 1,000.
   * @returns A promise of them.
   * @throws {RangeError} If `limit` is out of range.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async recent(query: RangeQuery, limit: number): Promise<readonly EventRow[]> {
    return await this.#read((slices) => {
      checkLimit(limit, 1000);
      return this.#tables.events.recent(query, limit, slices);
    });
  }

  /**
   * Lists events of all titles behind an id, by id.
   *
   * @param id The id.
   * @param limit The most rows: 1 to 10,000.
   * @returns A promise of them.
   * @throws {RangeError} If `limit` is out of range.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async eventsAfter(id: number, limit: number): Promise<readonly EventRow[]> {
    return await this.#read((slices) => {
      checkLimit(limit, 10_000);
      return this.#tables.events.after(id, limit, slices);
    });
  }

  /**
   * Reads a number.
   *
   * @param name What it is kept under.
   * @returns A promise of it; of 0 if there is none.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async mark(name: string): Promise<number> {
    return await this.#read(() => this.#mark.get(name)?.[0] as number ?? 0);
  }

  /**
   * Keeps a number.
   *
   * @param name What it is kept under.
   * @param value The number: a safe integer.
   * @returns A promise that resolves after its commit was synced.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`), too much waits (`"full"`) or the store is closed
   * (`"closed"`).
   */
  async setMark(name: string, value: number): Promise<void> {
    await this.#change(() => {
      this.#setMark.run(name, value);
    });
  }

  /**
   * Erases a player, a slice at a time. What is gone is overwritten, in the file and by the end of the log.
   *
   * @param title The title.
   * @param player The hash of his id.
   * @param rollUp Sums up what was stored of him.
   * @returns A promise of how much there was, after the last commit was synced. Where it rejects, nothing more of the
   * player is stored, and the rest is erased when it is called again.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`), too much waits (`"full"`) or the store is closed
   * (`"closed"`).
   */
  async erase(
    title: string,
    player: string,
    rollUp: RollUp,
  ): Promise<{ readonly sessions: number; readonly events: number }> {
    const { sessions, events, sums } = this.#tables;
    const erased = { sessions: 0, events: 0 };
    this.#enter(0);
    try {
      await this.#write(() => sessions.erase(title, player));
      for (;;) {
        const part = await this.#write(() => {
          const endMs = performance.now() + MAX_ERASE_MS;
          const part = { sessions: 0, events: 0, isLast: false };
          // A commit costs as much as many short sessions.
          while (part.events < REMOVED_AT_ONCE) {
            const found = sessions.next(title, player);
            if (found === undefined) {
              part.isLast = true;
              break;
            }
            const rows = events.take(found.id, REMOVED_AT_ONCE);
            let rollup;
            try {
              rollup = rollUp(found.info, rows);
            } catch (error) {
              throw new RollUpError(error);
            }
            if (rows.length > 0) sums.take(found.info, rollup);
            this.#isInLog = true;
            part.events += rows.length;
            if (rows.length < REMOVED_AT_ONCE) {
              sessions.remove(found.id, title, player);
              part.sessions++;
            }
            if (performance.now() > endMs) break;
          }
          return part;
        });
        erased.sessions += part.sessions;
        erased.events += part.events;
        if (part.isLast) break;
      }
      this.#emptyLog();
      return erased;
    } catch (error) {
      throw failure(error);
    } finally {
      this.#leave(0);
    }
  }

  /**
   * Removes what is old, a slice at a time.
   *
   * @param query What, and how much of it.
   * @returns A promise of how many rows were removed: fewer than `limit` at the end.
   * @throws {RangeError} If `limit` is not 1 or more.
   * @throws {AnalyticsError} If the database fails (`"storeFailed"`), too much waits (`"full"`) or the store is closed
   * (`"closed"`).
   */
  async expire(query: ExpireQuery): Promise<number> {
    const { sessions, events, sums } = this.#tables;
    const { rollupsBeforeMs, limit } = query;
    const beforeMs = Math.max(query.eventsBeforeMs, rollupsBeforeMs);
    const steps = [
      (most: number) => events.expire(beforeMs, most),
      (most: number) => sums.expire(rollupsBeforeMs, most),
      (most: number) => sessions.expire(rollupsBeforeMs, most),
    ];
    this.#enter(0);
    try {
      checkLimit(limit, Number.MAX_SAFE_INTEGER);
      let removed = 0;
      for (const step of steps) {
        while (removed < limit) {
          const most = Math.min(limit - removed, REMOVED_AT_ONCE);
          const count = await this.#write(() => step(most));
          removed += count;
          if (count < most) break;
        }
      }
      return removed;
    } catch (error) {
      throw failure(error);
    } finally {
      this.#leave(0);
    }
  }

  /**
   * Finishes what is under way, and closes the file. Closing twice has no effect.
   *
   * @returns A promise that resolves when the file is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@linkcode SqliteAnalyticsStore.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    while (this.#calls > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    // Where it fails, it is done when the file is open again.
    await this.#write(() => this.#tables.sums.flush()).catch(() => {});
    // The last one to close a log writes all of it to the database.
    this.#db.close();
  }

  #enter(events: number): void {
    if (this.#closing !== undefined) {
      throw new AnalyticsError(
        "closed",
        "Cannot use an analytics store as it is closed",
      );
    }
    const waiting = this.#waitingEvents + events;
    if (waiting > MAX_WAITING_EVENTS || this.#calls >= MAX_CALLS) {
      throw new AnalyticsError(
        "full",
        `Cannot store that yet as at most ${MAX_WAITING_EVENTS} events and ${MAX_CALLS} calls may wait`,
      );
    }
    this.#waitingEvents = waiting;
    this.#calls++;
  }

  #leave(events: number): void {
    this.#waitingEvents -= events;
    this.#calls--;
    if (this.#calls > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #read<Value>(
    read: (slices: Slices) => Value | Promise<Value>,
  ): Promise<Value> {
    this.#enter(0);
    try {
      return await read(new Slices());
    } catch (error) {
      throw failure(error);
    } finally {
      this.#leave(0);
    }
  }

  async #change<Value>(write: () => Value): Promise<Value> {
    this.#enter(0);
    try {
      return await this.#write(write);
    } catch (error) {
      throw failure(error);
    } finally {
      this.#leave(0);
    }
  }

  #write<Value>(write: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      let value: Value;
      this.#queue.push({
        isUrgent: true,
        run: () => {
          value = write();
        },
        settle: () => resolve(value),
        fail: reject,
      });
    });
  }

  #tend(undo: Undo): void {
    this.#tables.sums.end(undo);
    if (this.#lastEventId === this.#writtenEventId) return;
    // An id is never used again, also when the newest event has gone.
    this.#setCounter.run(this.#lastEventId);
    const before = this.#writtenEventId;
    this.#writtenEventId = this.#lastEventId;
    undo.add(() => this.#writtenEventId = before);
  }

  /** Has the log hold nothing, where what was erased may be in it. */
  #emptyLog(): void {
    if (!this.#isInLog) return;
    const row = prepareRows(this.#db, "PRAGMA wal_checkpoint(TRUNCATE)").get();
    if (row?.[0] === 1) throw new Error("the log could not be emptied");
    this.#isInLog = false;
  }
}

function open(path: string): DatabaseSync {
  try {
    return openDatabase(path, {
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
    });
  } catch (error) {
    const { message, cause } = error as Error;
    throw new AnalyticsError("storeFailed", message, { cause });
  }
}

function failure(cause: unknown): unknown {
  if (cause instanceof RollUpError) return cause.thrown;
  if (cause instanceof AnalyticsError || cause instanceof RangeError) {
    return cause;
  }
  return new AnalyticsError(
    "storeFailed",
    `Cannot use the database of the events: ${messageOf(cause)}`,
    { cause },
  );
}
