import type { DatabaseSync } from "node:sqlite";
import { checkInteger, type PlayerId } from "../../core/mod.ts";
import {
  messageOf,
  prepareRows,
  type RowStatement,
  type Undo,
  WriteQueue,
} from "../../core/sqlite/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import {
  locateAround,
  locatePage,
  type PageRange,
} from "../ranking/page_range.ts";
import type {
  EntryChange,
  HeldSubmission,
  LeaderboardStore,
  PageQuery,
  RankedEntry,
  Ranking,
  RankingKey,
  RankingPage,
  Standing,
  StoredBoard,
  Transaction,
  TransactionChange,
  TransactionResult,
  TransactionState,
} from "../store/store.ts";
import { AttemptTable } from "./_attempt_table.ts";
import { ClaimTable } from "./_claim_table.ts";
import { Counters } from "./_counters.ts";
import { openDatabase } from "./_database.ts";
import { EntryTable } from "./_entry_table.ts";
import { HeldTable } from "./_held_table.ts";
import { LoadedRanking } from "./_loaded_ranking.ts";
import { LoadedRankings } from "./_loaded_rankings.ts";
import { type TransactionTables, TransactJob } from "./_transact_job.ts";

/** Calls that may wait for their commit, each of which holds what it will write. */
const MAX_WAITING = 65_536;
/** Sequence numbers are taken from the database in blocks: a restart skips what is left of one. */
const SEQUENCE_BLOCK = 65_536;
/** Rows that are removed between two turns of others. */
const DROPPED_AT_ONCE = 4096;

/** Options for {@linkcode SqliteLeaderboardStore}. */
export interface SqliteLeaderboardStoreOptions {
  /**
   * The file, which is made if it is not there; beside it, "…-wal" is there while it is open. `":memory:"` is a database
   * that nothing is left of.
   */
  readonly path: string;
  /**
   * How many entries of seasons that are over stay in memory after somebody looked at them: 0 to 2^31 - 1. Each takes
   * about 64 bytes and its player's id. The entries of the newest seasons are always there once they were used.
   *
   * @default {1000000}
   */
  readonly maxPastEntries?: number;
}

/**
 * A {@linkcode LeaderboardStore} in a file, on `node:sqlite`, for one process: a second one that opens the file is
 * refused, as the order of the entries is kept in memory. It needs permission to read and write the file and "…-wal".
 *
 * A call that changes something resolves after its commit was synced to the disk (a log with `synchronous=FULL`): it
 * survives a crash and a loss of power, as far as the disk keeps its word. What comes while a commit is under way shares
 * the next one. Nobody reads what is not committed. A commit that fails rejects all calls in it with `"storeFailed"`, and
 * where the disk is merely full, later ones may succeed again; after any other failure of a commit every change is
 * rejected, as nobody knows what is on the disk.
 *
 * At first use a ranking is read into memory, slice by slice, so that others go on meanwhile; those who want that one
 * wait. At most 65536 changes wait at a time; more are rejected with `"storeFailed"`.
 *
 * @example Put an entry and read it after a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { type Ranking, SqliteLeaderboardStore } from "@tickwire/net/leaderboard/sqlite";
 *
 * const folder = await Deno.makeTempDir();
 * const ranking: Ranking = {
 *   board: "main/speedrun", period: "allTime", season: 0, className: "",
 *   order: "ascending", subscoreOrder: "ascending", ties: "earliest",
 * };
 * const ada = playerId("ada");
 * {
 *   await using store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
 *   await store.transact(
 *     { board: ranking.board, playerId: ada, rankings: [ranking], nowMs: 1000 },
 *     ({ sequence }) => ({
 *       entries: [{
 *         playerId: ada, name: "Ada", score: 4200, subscore: 0, sequence, className: "",
 *         metadata: "", replay: "", submittedMs: 1000, isHidden: false,
 *       }],
 *     }),
 *   );
 * }
 * {
 *   await using store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
 *   assertEquals((await store.standing(ranking, ada))?.entry.score, 4200);
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class SqliteLeaderboardStore implements LeaderboardStore {
  readonly #db: DatabaseSync;
  readonly #queue: WriteQueue;
  readonly #tables: TransactionTables;
  readonly #rankings: LoadedRankings;
  readonly #counters: Counters;
  readonly #listeners = new Set<(change: EntryChange) => void>();
  readonly #ofBoard: RowStatement;
  readonly #boards: RowStatement;
  readonly #board: RowStatement;
  readonly #isLinked: RowStatement;
  /** Rankings that the batch under way has rows of. */
  readonly #touched = new Set<LoadedRanking>();
  #sequence: number;
  #reservedSequence: number;
  #waiting = 0;
  #onIdle: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /**
   * Opens the file.
   *
   * @param options Which file.
   * @throws {RangeError} If an option is out of range.
   * @throws {LeaderboardError} If the file cannot be opened, is open elsewhere, is no database of boards, or one of a
   * newer version (`"storeFailed"`).
   */
  constructor(options: SqliteLeaderboardStoreOptions) {
    const maxPastEntries = checkInteger(
      "maxPastEntries",
      options.maxPastEntries ?? 1_000_000,
      0,
      2 ** 31 - 1,
    );
    const db = openDatabase(options.path);
    this.#db = db;
    try {
      this.#counters = new Counters(db);
      this.#sequence = this.#counters.get("sequence") ?? 0;
      this.#reservedSequence = this.#sequence;
      const entries = new EntryTable(db);
      this.#rankings = new LoadedRankings(db, entries, maxPastEntries);
      const listeners = this.#listeners;
      this.#tables = {
        entries,
        claims: new ClaimTable(db, this.#counters),
        attempts: new AttemptTable(db),
        held: new HeldTable(db),
        get isListenedTo() {
          return listeners.size > 0;
        },
        nextSequence: (undo) => this.#nextSequence(undo),
        touch: (ranking) => this.#touched.add(ranking),
      };
      this.#queue = new WriteQueue(
        db,
        () => this.#tables.claims.turn(),
        (undo) => this.#tend(undo),
      );
      this.#ofBoard = prepareRows(
        db,
        `SELECT period, season, class FROM rankings WHERE board = ?
          AND EXISTS (SELECT 1 FROM entries WHERE ranking = rankings.id)`,
      );
      this.#boards = prepareRows(
        db,
        "SELECT board, options FROM boards WHERE board >= ? AND board < ? ORDER BY board",
      );
      this.#board = prepareRows(
        db,
        "SELECT options FROM boards WHERE board = ?",
      );
      this.#isLinked = prepareRows(
        db,
        `SELECT 1 WHERE EXISTS (SELECT 1 FROM entries WHERE replay = ?1 AND replay <> '')
          OR EXISTS (SELECT 1 FROM held WHERE replay = ?1 AND replay <> '')`,
      );
    } catch (cause) {
      db.close();
      throw failure(cause);
    }
  }

  /**
   * Reads what is there of a player and changes it, as one.
   *
   * @typeParam Change What `decide` returns.
   * @param transaction What is read.
   * @param decide Decides. It is called again where a commit was given up for another call's sake.
   * @returns A promise of what became of it, after its commit was synced.
   * @throws {LeaderboardError} If the database fails or too many calls wait (`"storeFailed"`), or the store is closed
   * (`"closed"`).
   */
  async transact<Change extends TransactionChange>(
    transaction: Transaction,
    decide: (state: TransactionState) => Change,
  ): Promise<TransactionResult<Change>> {
    this.#enter();
    const rankings: LoadedRanking[] = [];
    try {
      for (const ranking of transaction.rankings) {
        let found = this.#rankings.ensure(ranking);
        while (!(found instanceof LoadedRanking)) {
          await found;
          found = this.#rankings.ensure(ranking);
        }
        found.uses++;
        rankings.push(found);
      }
      return await new Promise((resolve, reject) =>
        this.#queue.push(
          new TransactJob(
            this.#tables,
            transaction,
            rankings,
            decide,
            ({ changes, result, thrown }) => {
              for (const change of changes) this.#tell(change);
              if (result === undefined) reject(thrown);
              else resolve(result);
            },
            (error) => reject(failure(error)),
          ),
        )
      );
    } finally {
      for (const ranking of rankings) ranking.uses--;
      this.#leave();
    }
  }

  /**
   * Finds a player's entry and its rank.
   *
   * @param ranking Where.
   * @param playerId Whose.
   * @returns A promise of it, or of `undefined`.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async standing(
    ranking: Ranking,
    playerId: PlayerId,
  ): Promise<Standing | undefined> {
    return await this.#read(ranking, (found) => {
      const rank = found.index.rankOf(playerId);
      if (rank === 0) return undefined;
      const entry = this.#tables.entries.get(found, playerId);
      return { entry, rank, total: found.index.size };
    });
  }

  /**
   * Reads part of a ranking.
   *
   * @param ranking Which.
   * @param query Which part.
   * @returns A promise of the entries.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async page(ranking: Ranking, query: PageQuery): Promise<RankingPage> {
    return await this.#read(
      ranking,
      (found) => this.#page(found, locatePage(found.index, ranking, query)),
    ) ??
      { entries: [], total: 0, offset: 0 };
  }

  /**
   * Reads the neighbourhood of a player.
   *
   * @param ranking Which ranking.
   * @param playerId Whose entry is in the middle.
   * @param limit The most entries: 1 to 1000.
   * @returns A promise of the entries, or of `undefined` if the player has none.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async around(
    ranking: Ranking,
    playerId: PlayerId,
    limit: number,
  ): Promise<RankingPage | undefined> {
    return await this.#read(ranking, (found) => {
      const offset = found.index.offsetOf(playerId);
      if (offset < 0) return undefined;
      return this.#page(found, locateAround(found.index, offset, limit));
    });
  }

  /**
   * Reads the entries of some players.
   *
   * @param ranking Which ranking.
   * @param playerIds At most 1000.
   * @returns A promise of their entries, best first.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async ofPlayers(
    ranking: Ranking,
    playerIds: readonly PlayerId[],
  ): Promise<readonly RankedEntry[]> {
    return await this.#read(ranking, (found) => {
      const { index } = found;
      const places: { offset: number; playerId: PlayerId }[] = [];
      for (const playerId of new Set(playerIds)) {
        const offset = index.offsetOf(playerId);
        if (offset >= 0) places.push({ offset, playerId });
      }
      places.sort((a, b) => a.offset - b.offset);
      const entries = this.#tables.entries.getAll(
        found,
        places.map(({ playerId }) => playerId),
      );
      return places.map(({ offset }, i) => ({
        entry: entries[i]!,
        rank: index.rankAt(offset),
      }));
    }) ?? [];
  }

  /**
   * Lists the rankings of a board that have entries.
   *
   * @param board The board.
   * @returns A promise of their names.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async rankings(board: string): Promise<readonly RankingKey[]> {
    return await this.#query(() =>
      this.#ofBoard.all(board).map((row) => ({
        board,
        period: row[0] as string,
        season: row[1] as number,
        className: row[2] as string,
      }))
    );
  }

  /**
   * Removes entries of a ranking, and attempts counted in its season, without telling anybody: some thousands in a call
   * at most.
   *
   * @param ranking Which.
   * @param maxEntries The most to remove in this call.
   * @returns A promise of whether nothing is left.
   * @throws {LeaderboardError} If the database fails or too many calls wait (`"storeFailed"`), or the store is closed
   * (`"closed"`).
   */
  async dropRanking(ranking: Ranking, maxEntries: number): Promise<boolean> {
    const maxRows = Math.min(maxEntries, DROPPED_AT_ONCE);
    const { entries, attempts } = this.#tables;
    for (;;) {
      const isDone = await this.#write((undo) => {
        const found = this.#rankings.peek(ranking);
        // What is being read must not change meanwhile.
        if (found instanceof Promise) return found;
        const isEmpty = attempts.drop(ranking.board, ranking, maxRows);
        const id = found?.id ?? entries.idOf(ranking);
        if (id === 0) return isEmpty;
        return entries.drop(found, id, maxRows, undo) && isEmpty;
      });
      if (typeof isDone === "boolean") return isDone;
    }
  }

  /**
   * Lists boards.
   *
   * @param title The part of their names before the slash.
   * @returns A promise of them, by name.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async boards(title: string): Promise<readonly StoredBoard[]> {
    return await this.#query(() =>
      // 0 is what comes behind the slash.
      this.#boards.all(`${title}/`, `${title}0`).map((row) => ({
        board: row[0] as string,
        options: row[1] as string,
      }))
    );
  }

  /**
   * Reads a board's options.
   *
   * @param board The board.
   * @returns A promise of them as JSON, or of `undefined` if there is no such board.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async board(board: string): Promise<string | undefined> {
    return await this.#query(() =>
      this.#board.get(board)?.[0] as string | undefined
    );
  }

  /**
   * Writes a board's options, if they still are what they were.
   *
   * @param board The board.
   * @param options The options as JSON, or `undefined` to remove them.
   * @param before What they must be now; `undefined` for a board that must not be there.
   * @returns A promise of whether they were written.
   * @throws {LeaderboardError} If the database fails or too many calls wait (`"storeFailed"`), or the store is closed
   * (`"closed"`).
   */
  async putBoard(
    board: string,
    options: string | undefined,
    before: string | undefined,
  ): Promise<boolean> {
    return await this.#write(() => {
      if (this.#board.get(board)?.[0] !== before) return false;
      if (options === undefined) {
        this.#db.prepare("DELETE FROM boards WHERE board = ?").run(board);
      } else {
        this.#db.prepare("INSERT OR REPLACE INTO boards VALUES (?, ?)")
          .run(board, options);
      }
      return true;
    });
  }

  /**
   * Lists held submissions, oldest first by their sequence.
   *
   * @param board The board.
   * @param query Of which state, behind which sequence, and how many.
   * @returns A promise of them.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async held(
    board: string,
    query: {
      readonly state: HeldSubmission["state"];
      readonly afterSequence: number;
      readonly limit: number;
    },
  ): Promise<readonly HeldSubmission[]> {
    const { state, afterSequence, limit } = query;
    return await this.#query(() =>
      this.#tables.held.list(board, state, afterSequence, limit)
    );
  }

  /**
   * Tells whether an entry or a held submission has a replay.
   *
   * @param replay Its SHA-256 in hex.
   * @returns A promise of whether one has.
   * @throws {LeaderboardError} If the database fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async isReplayLinked(replay: string): Promise<boolean> {
    return await this.#query(() => this.#isLinked.get(replay) !== undefined);
  }

  /**
   * Listens to changes of entries.
   *
   * @param onChange Called with each change before the promise of its transaction resolves. It must not throw.
   * @returns A promise of a function that ends it.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async subscribe(
    onChange: (change: EntryChange) => void,
  ): Promise<() => Promise<void>> {
    this.#checkOpen();
    // A function of its own, as the same one may listen twice.
    const listener = (change: EntryChange): void => onChange(change);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      return Promise.resolve();
    };
  }

  /**
   * Forgets claims that have expired, among some thousands that it looks at in a call, or more while it finds any.
   *
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise that resolves when it has done enough for this call.
   * @throws {LeaderboardError} If the database fails or too many calls wait (`"storeFailed"`), or the store is closed
   * (`"closed"`).
   */
  async prune(nowMs: number): Promise<void> {
    const { claims } = this.#tables;
    while (await this.#write((undo) => claims.prune(nowMs, undo)));
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

  /** The same as {@linkcode SqliteLeaderboardStore.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    while (this.#waiting > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    await this.#rankings.idle();
    this.#listeners.clear();
    // The last one to close a log writes all of it to the database.
    this.#db.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) {
      throw new LeaderboardError(
        "closed",
        "Cannot use a leaderboard store as it is closed",
      );
    }
  }

  #enter(): void {
    this.#checkOpen();
    if (this.#waiting >= MAX_WAITING) {
      throw new LeaderboardError(
        "storeFailed",
        `Cannot change boards as at most ${MAX_WAITING} calls may wait`,
      );
    }
    this.#waiting++;
  }

  #leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #read<Value>(
    ranking: Ranking,
    read: (found: LoadedRanking) => Value,
  ): Promise<Value | undefined> {
    this.#checkOpen();
    try {
      let found = this.#rankings.find(ranking);
      while (found instanceof Promise) {
        await found;
        // It may have gone again, or may have been removed.
        this.#checkOpen();
        found = this.#rankings.find(ranking);
      }
      return found && read(found);
    } catch (error) {
      throw failure(error);
    }
  }

  // deno-lint-ignore require-await
  async #query<Value>(query: () => Value): Promise<Value> {
    this.#checkOpen();
    try {
      return query();
    } catch (error) {
      throw failure(error);
    }
  }

  async #write<Value>(write: (undo: Undo) => Value): Promise<Awaited<Value>> {
    this.#enter();
    try {
      return await new Promise<Value>((resolve, reject) => {
        let value: Value;
        this.#queue.push({
          run: (undo) => {
            value = write(undo);
          },
          settle: () => resolve(value),
          fail: (error) => reject(failure(error)),
        });
      });
    } finally {
      this.#leave();
    }
  }

  #page(found: LoadedRanking, range: PageRange): RankingPage {
    const { start, count, total, offset } = range;
    const players = found.index.slice(start, count);
    const entries = this.#tables.entries.getAll(found, players)
      .map((entry, i) => ({ entry, rank: found.index.rankAt(start + i) }));
    return { entries, total, offset };
  }

  #nextSequence(undo: Undo): number {
    if (this.#sequence >= this.#reservedSequence) {
      const before = this.#reservedSequence;
      const reserved = this.#sequence + SEQUENCE_BLOCK;
      this.#counters.set("sequence", reserved);
      this.#reservedSequence = reserved;
      undo.add(() => this.#reservedSequence = before);
    }
    return ++this.#sequence;
  }

  #tend(undo: Undo): void {
    for (const ranking of this.#touched) {
      this.#tables.entries.sweep(ranking, undo);
    }
    this.#touched.clear();
    this.#tables.claims.tend(undo);
  }

  #tell(change: EntryChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // A mistake of the listener's is reported, and keeps nobody else from what was committed.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

function failure(cause: unknown): LeaderboardError {
  if (cause instanceof LeaderboardError) return cause;
  return new LeaderboardError(
    "storeFailed",
    `Cannot use the database of the boards: ${messageOf(cause)}`,
    { cause },
  );
}
