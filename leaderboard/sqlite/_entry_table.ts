import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { PlayerId } from "../../core/mod.ts";
import {
  prepareRows,
  type RowStatement,
  type Undo,
} from "../../core/sqlite/mod.ts";
import type {
  RankingKey,
  RankingPosition,
  StoredEntry,
} from "../store/store.ts";
import { readScore, scoreSql } from "./_database.ts";
import { HIDDEN, REMOVED, SEEN } from "./_entry_state.ts";
import type { LoadedRanking } from "./_loaded_ranking.ts";

/** Dead rows that a ranking may have beside one for each entry, before they are removed. */
const SPARE_ROWS = 1024;
/** Rows that a batch looks at, at least, while dead ones are removed, and for each row that it has added. */
const MIN_SWEPT = 64;
const SWEPT_PER_ROW = 3;

/** An entry and where it is. */
export interface FoundEntry {
  /** What is not in the index is read from the database when it is asked for, which costs as much as to replace it. */
  readonly entry: StoredEntry;
  readonly version: number;
}

/** The rows of all rankings. */
export class EntryTable {
  readonly #insertRanking: StatementSync;
  readonly #deleteRanking: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertPlain: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteAll: StatementSync;
  readonly #deleteUpTo: StatementSync;
  readonly #deleteSome: StatementSync;
  readonly #findRanking: RowStatement;
  readonly #readSeen: RowStatement;
  readonly #readMany: RowStatement;
  readonly #readHidden: RowStatement;
  readonly #scan: RowStatement;
  readonly #lastVersion: RowStatement;

  constructor(db: DatabaseSync) {
    this.#insertRanking = db.prepare(
      "INSERT INTO rankings (board, period, class, season) VALUES (?, ?, ?, ?)",
    );
    this.#deleteRanking = db.prepare("DELETE FROM rankings WHERE id = ?");
    this.#insert = db.prepare(
      "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    // What is mostly empty is not bound, which saves a fifth.
    this.#insertPlain = db.prepare(
      `INSERT INTO entries VALUES (?, ?, ${SEEN}, ?, ?, ?, ?, ?, '', '', '', ?)`,
    );
    this.#delete = db.prepare(
      "DELETE FROM entries WHERE ranking = ? AND version = ?",
    );
    this.#deleteAll = db.prepare("DELETE FROM entries WHERE ranking = ?");
    this.#deleteUpTo = db.prepare(
      "DELETE FROM entries WHERE ranking = ? AND version <= ?",
    );
    this.#deleteSome = db.prepare(
      "DELETE FROM entries WHERE ranking = ? AND version IN (SELECT value FROM json_each(?))",
    );
    this.#findRanking = prepareRows(
      db,
      "SELECT id FROM rankings WHERE board = ? AND period = ? AND class = ? AND season = ?",
    );
    this.#readSeen = prepareRows(
      db,
      "SELECT name, class, metadata, replay, submitted_ms FROM entries WHERE ranking = ? AND version = ?",
    );
    this.#readMany = prepareRows(
      db,
      `SELECT name, class, metadata, replay, submitted_ms, version FROM entries
       WHERE ranking = ? AND version IN (SELECT value FROM json_each(?))`,
    );
    this.#readHidden = prepareRows(
      db,
      `SELECT name, class, metadata, replay, submitted_ms, ${
        scoreSql("score")
      }, ${
        scoreSql("subscore")
      }, sequence FROM entries WHERE ranking = ? AND version = ?`,
    );
    this.#scan = prepareRows(
      db,
      "SELECT version, player FROM entries WHERE ranking = ? AND version > ? ORDER BY version LIMIT ?",
    );
    this.#lastVersion = prepareRows(
      db,
      "SELECT max(version) FROM entries WHERE ranking = ?",
    );
  }

  /** The id of a ranking; 0 if it has no row. */
  idOf({ board, period, className, season }: RankingKey): number {
    const row = this.#findRanking.get(board, period, className, season);
    return row === undefined ? 0 : row[0] as number;
  }

  /** Finds a player's entry, hidden or not. */
  find(ranking: LoadedRanking, playerId: PlayerId): FoundEntry | undefined {
    const position = ranking.index.positionOf(playerId);
    if (position !== undefined) {
      const version = ranking.versionAt(playerId, position);
      const read = () => this.#row(this.#readSeen, ranking, version);
      const { hasReplays } = ranking;
      return {
        entry: seenEntry(playerId, position, read, hasReplays),
        version,
      };
    }
    const version = ranking.hidden.get(playerId);
    if (version === undefined) return undefined;
    const row = this.#row(this.#readHidden, ranking, version);
    return { entry: hiddenEntry(playerId, row), version };
  }

  /** All of the entry of a player who has one that is not hidden. */
  get(ranking: LoadedRanking, playerId: PlayerId): StoredEntry {
    const position = ranking.index.positionOf(playerId)!;
    const version = ranking.versionAt(playerId, position);
    const row = this.#row(this.#readSeen, ranking, version);
    return wholeEntry(playerId, position, row);
  }

  /** All of the entries of players who have some that are not hidden: half as long as one by one. */
  getAll(
    ranking: LoadedRanking,
    playerIds: readonly PlayerId[],
  ): StoredEntry[] {
    const positions = playerIds.map((id) => ranking.index.positionOf(id)!);
    const versions = positions.map((position, i) =>
      ranking.versionAt(playerIds[i]!, position)
    );
    const rows = new Map(
      this.#readMany.all(ranking.id, JSON.stringify(versions))
        .map((row) => [row[5] as number, row]),
    );
    return playerIds.map((playerId, i) => {
      const version = versions[i]!;
      const row = found(rows.get(version), ranking, version);
      return wholeEntry(playerId, positions[i]!, row);
    });
  }

  /** Puts an entry in the place of the one that was found before, if there was one. */
  put(
    ranking: LoadedRanking,
    entry: StoredEntry,
    version: number,
    before: FoundEntry | undefined,
    undo: Undo,
  ): void {
    if (ranking.id === 0) this.#create(ranking, undo);
    this.#write(ranking.id, version, entry);
    // Whoever asks for a replay looks at all rows.
    const isDeleted = before !== undefined && before.entry.replay !== "";
    if (isDeleted) this.#delete.run(ranking.id, before.version);
    if (entry.replay !== "") ranking.hasReplays = true;
    const { playerId } = entry;
    const { rows } = ranking;
    ranking.rows += isDeleted ? 0 : 1;
    ranking.appended++;
    if (entry.isHidden) ranking.hide(playerId, version);
    else ranking.show(playerId, entry, version);
    undo.add(() => {
      ranking.rows = rows;
      restore(ranking, playerId, before);
    });
  }

  /** Removes the entry that was found before. */
  remove(
    ranking: LoadedRanking,
    version: number,
    before: FoundEntry,
    undo: Undo,
  ): void {
    const { entry: { playerId }, version: last } = before;
    if (ranking.size === 1) {
      this.#deleteAll.run(ranking.id);
      this.#add(ranking, -ranking.rows, undo);
    } else {
      this.#delete.run(ranking.id, last);
      this.#add(ranking, -1, undo);
      // Of what the player had before there may be rows as well.
      if (ranking.rows >= ranking.size) {
        this.#insert.run(
          ...[ranking.id, version, REMOVED, playerId],
          ...["", 0, 0, 0, "", "", "", 0],
        );
        this.#add(ranking, 1, undo);
        ranking.appended++;
      }
    }
    ranking.delete(playerId);
    undo.add(() => restore(ranking, playerId, before));
  }

  /** Removes dead rows of a ranking, where there are many, as many as the batch has added and some more. */
  sweep(ranking: LoadedRanking, undo: Undo): void {
    const { appended, sweptVersion, sweepEndVersion, id } = ranking;
    ranking.appended = 0;
    undo.add(() => {
      ranking.sweptVersion = sweptVersion;
      ranking.sweepEndVersion = sweepEndVersion;
    });
    if (sweepEndVersion === 0) {
      if (ranking.rows <= ranking.size * 2 + SPARE_ROWS) return;
      // A row that dies behind the sweep must not outlive what says that its player was removed.
      ranking.sweepEndVersion = this.#lastVersion.get(id)![0] as number;
      ranking.sweptVersion = 0;
    }
    const limit = Math.max(MIN_SWEPT, appended * SWEPT_PER_ROW);
    const rows = this.#scan.all(id, ranking.sweptVersion, limit) as [
      number,
      PlayerId,
    ][];
    const dead: number[] = [];
    for (const [version, playerId] of rows) {
      if (version > ranking.sweepEndVersion) break;
      if (ranking.versionOf(playerId) !== version) dead.push(version);
    }
    if (dead.length > 0) {
      this.#deleteSome.run(id, JSON.stringify(dead));
      this.#add(ranking, -dead.length, undo);
    }
    const last = rows.at(-1)?.[0] ?? Infinity;
    if (last >= ranking.sweepEndVersion) ranking.sweepEndVersion = 0;
    else ranking.sweptVersion = last;
  }

  /**
   * Removes entries of a ranking, oldest first.
   *
   * @returns Whether nothing is left.
   */
  drop(
    ranking: LoadedRanking | undefined,
    id: number,
    maxRows: number,
    undo: Undo,
  ): boolean {
    const rows = this.#scan.all(id, 0, maxRows) as [number, PlayerId][];
    if (rows.length > 0) this.#deleteUpTo.run(id, rows.at(-1)![0]);
    const isDone = rows.length < maxRows;
    if (isDone) this.#deleteRanking.run(id);
    if (ranking === undefined) return isDone;
    const { sweptVersion, sweepEndVersion } = ranking;
    undo.add(() => {
      ranking.id = id;
      ranking.sweptVersion = sweptVersion;
      ranking.sweepEndVersion = sweepEndVersion;
    });
    ranking.sweepEndVersion = 0;
    if (isDone) ranking.id = 0;
    this.#add(ranking, -rows.length, undo);
    for (const [version, playerId] of rows) {
      if (ranking.versionOf(playerId) !== version) continue;
      const position = ranking.index.positionOf(playerId);
      undo.add(() => {
        if (position === undefined) ranking.hide(playerId, version);
        else ranking.show(playerId, position, version);
      });
      ranking.delete(playerId);
    }
    return isDone;
  }

  #write(id: number, version: number, entry: StoredEntry): void {
    const { playerId, name, score, subscore, sequence, submittedMs } = entry;
    const { className, metadata, replay, isHidden } = entry;
    if (className === "" && metadata === "" && replay === "" && !isHidden) {
      this.#insertPlain.run(
        id,
        version,
        playerId,
        name,
        score,
        subscore,
        sequence,
        submittedMs,
      );
      return;
    }
    this.#insert.run(
      ...[id, version, isHidden ? HIDDEN : SEEN, playerId, name, score],
      ...[subscore, sequence, className, metadata, replay, submittedMs],
    );
  }

  #row(
    statement: RowStatement,
    ranking: LoadedRanking,
    version: number,
  ): unknown[] {
    return found(statement.get(ranking.id, version), ranking, version);
  }

  #create(ranking: LoadedRanking, undo: Undo): void {
    const { board, period, className, season } = ranking.key;
    const { lastInsertRowid } = this.#insertRanking.run(
      board,
      period,
      className,
      season,
    );
    ranking.id = Number(lastInsertRowid);
    undo.add(() => ranking.id = 0);
  }

  #add(ranking: LoadedRanking, count: number, undo: Undo): void {
    ranking.rows += count;
    undo.add(() => ranking.rows -= count);
  }
}

function found(
  row: unknown[] | undefined,
  { key }: LoadedRanking,
  version: number,
): unknown[] {
  if (row === undefined) {
    throw new Error(
      `an entry of "${key.board}" is not in the database: version ${version}`,
    );
  }
  return row;
}

function restore(
  ranking: LoadedRanking,
  playerId: PlayerId,
  before: FoundEntry | undefined,
): void {
  if (before === undefined) ranking.delete(playerId);
  else if (before.entry.isHidden) ranking.hide(playerId, before.version);
  else ranking.show(playerId, before.entry, before.version);
}

function seenEntry(
  playerId: PlayerId,
  { score, subscore, sequence }: RankingPosition,
  read: () => unknown[],
  hasReplays: boolean,
): StoredEntry {
  let row: unknown[] | undefined;
  function column(index: number): unknown {
    row ??= read();
    return row[index];
  }
  return {
    playerId,
    get name(): string {
      return column(0) as string;
    },
    score,
    subscore,
    sequence,
    get className(): string {
      return column(1) as string;
    },
    get metadata(): string {
      return column(2) as string;
    },
    get replay(): string {
      return hasReplays ? column(3) as string : "";
    },
    get submittedMs(): number {
      return column(4) as number;
    },
    isHidden: false,
  };
}

function wholeEntry(
  playerId: PlayerId,
  { score, subscore, sequence }: RankingPosition,
  row: unknown[],
): StoredEntry {
  return {
    playerId,
    name: row[0] as string,
    score,
    subscore,
    sequence,
    className: row[1] as string,
    metadata: row[2] as string,
    replay: row[3] as string,
    submittedMs: row[4] as number,
    isHidden: false,
  };
}

function hiddenEntry(playerId: PlayerId, row: unknown[]): StoredEntry {
  return {
    playerId,
    name: row[0] as string,
    score: readScore(row[5]),
    subscore: readScore(row[6]),
    sequence: row[7] as number,
    className: row[1] as string,
    metadata: row[2] as string,
    replay: row[3] as string,
    submittedMs: row[4] as number,
    isHidden: true,
  };
}
