import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { PlayerId } from "../../core/mod.ts";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";
import type { HeldSubmission } from "../store/store.ts";

const COLUMNS = "id, board, player, sequence, held_ms, state, replay, data";

/** Submissions that are held. */
export class HeldTable {
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #get: RowStatement;
  readonly #list: RowStatement;

  constructor(db: DatabaseSync) {
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#delete = db.prepare("DELETE FROM held WHERE id = ?");
    this.#get = prepareRows(
      db,
      `SELECT ${COLUMNS} FROM held WHERE id = ? AND board = ? AND player = ?`,
    );
    this.#list = prepareRows(
      db,
      `SELECT ${COLUMNS} FROM held WHERE board = ? AND state = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
    );
  }

  find(
    id: string,
    board: string,
    playerId: PlayerId,
  ): HeldSubmission | undefined {
    const row = this.#get.get(id, board, playerId);
    return row === undefined ? undefined : toHeld(row);
  }

  put(held: HeldSubmission): void {
    this.#put.run(
      held.id,
      held.board,
      held.playerId,
      held.sequence,
      held.heldMs,
      held.state,
      held.replay,
      held.data,
    );
  }

  delete(id: string): void {
    this.#delete.run(id);
  }

  list(
    board: string,
    state: HeldSubmission["state"],
    afterSequence: number,
    limit: number,
  ): HeldSubmission[] {
    return this.#list.all(board, state, afterSequence, limit).map(toHeld);
  }
}

function toHeld(row: unknown[]): HeldSubmission {
  return {
    id: row[0] as string,
    board: row[1] as string,
    playerId: row[2] as PlayerId,
    sequence: row[3] as number,
    heldMs: row[4] as number,
    state: row[5] as HeldSubmission["state"],
    replay: row[6] as string,
    data: row[7] as string,
  };
}
