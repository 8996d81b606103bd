import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { PlayerId } from "../../core/mod.ts";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";

/** In which attempts are counted. */
export interface AttemptSeason {
  readonly period: string;
  readonly season: number;
}

/** How often players have submitted. */
export class AttemptTable {
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #get: RowStatement;

  constructor(db: DatabaseSync) {
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?)",
    );
    this.#drop = db.prepare(
      `DELETE FROM attempts WHERE board = ?1 AND period = ?2 AND season = ?3 AND player IN (
        SELECT player FROM attempts WHERE board = ?1 AND period = ?2 AND season = ?3 LIMIT ?4
      )`,
    );
    this.#get = prepareRows(
      db,
      "SELECT attempts FROM attempts WHERE board = ? AND period = ? AND season = ? AND player = ?",
    );
  }

  get(
    board: string,
    { period, season }: AttemptSeason,
    playerId: PlayerId,
  ): number {
    const row = this.#get.get(board, period, season, playerId);
    return row === undefined ? 0 : row[0] as number;
  }

  put(
    board: string,
    { period, season }: AttemptSeason,
    playerId: PlayerId,
    attempts: number,
  ): void {
    this.#put.run(board, period, season, playerId, attempts);
  }

  /** Removes those of a season; tells whether nothing is left. */
  drop(
    board: string,
    { period, season }: AttemptSeason,
    maxRows: number,
  ): boolean {
    const { changes } = this.#drop.run(board, period, season, maxRows);
    return changes < maxRows;
  }
}
