import { setImmediate } from "node:timers";
import type { PlayerId } from "../../core/mod.ts";
import type { Score } from "../score.ts";
import {
  prepareRows,
  readScore,
  type RowStatement,
  scoreSql,
} from "./_database.ts";
import type { LoadedRanking } from "./_loaded_ranking.ts";
import type { DatabaseSync } from "node:sqlite";

/** Rows that are read between two turns of others: some milliseconds' work. */
const ROWS_AT_ONCE = 4096;

type Row = [
  version: number,
  state: number,
  playerId: PlayerId,
  score: unknown,
  subscore: unknown,
  /** `null` where it is the version. */
  sequence: number | null,
];

/** Reads rankings into memory, slice by slice. */
export class RankingLoader {
  readonly #scan: RowStatement;

  constructor(db: DatabaseSync) {
    this.#scan = prepareRows(
      db,
      `SELECT version, state, player, ${scoreSql("score")}, ${
        scoreSql("subscore")
      }, nullif(sequence, version) FROM entries WHERE ranking = ? AND version < ? ORDER BY version DESC LIMIT ${ROWS_AT_ONCE}`,
    );
  }

  /** Fills a ranking that is empty. Nobody may write to it meanwhile. */
  async load(ranking: LoadedRanking): Promise<void> {
    // Newest first, so that the first row of a player is the one that counts.
    const done = new Set<PlayerId>();
    let version = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const rows = this.#scan.all(ranking.id, version) as Row[];
      ranking.rows += rows.length;
      for (const row of rows) {
        const playerId = row[2];
        const count = done.size;
        done.add(playerId);
        if (done.size === count) continue;
        if (row[1] === 0) {
          const position: {
            score: Score;
            subscore: Score;
            sequence: number;
          } = {
            score: readScore(row[3]),
            subscore: readScore(row[4]),
            sequence: row[5] ?? row[0],
          };
          ranking.show(playerId, position, row[0]);
        } else if (row[1] === 1) {
          ranking.hide(playerId, row[0]);
        }
      }
      if (rows.length < ROWS_AT_ONCE) break;
      version = rows.at(-1)![0];
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}
