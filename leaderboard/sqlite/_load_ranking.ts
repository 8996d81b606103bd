import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import type { PlayerId } from "../../core/mod.ts";
import type { RankIndexMember } from "../ranking/rank_index.ts";
import {
  prepareRows,
  readScore,
  type RowStatement,
  scoreSql,
} from "./_database.ts";
import { HIDDEN, SEEN } from "./_entry_state.ts";
import type { LoadedRanking } from "./_loaded_ranking.ts";

/** Rows that are read between two turns of others: some milliseconds' work. */
const ROWS_AT_ONCE = 4096;
/** How long the index may be filled without a turn of others. */
const MAX_FILL_MS = 5;

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
      }, nullif(sequence, version) FROM entries WHERE ranking = ? AND version > ? ORDER BY version LIMIT ${ROWS_AT_ONCE}`,
    );
  }

  /** Fills a ranking that is empty. Nobody may write to it meanwhile. */
  async load(ranking: LoadedRanking): Promise<void> {
    const loading = ranking.index.beginLoad();
    // Of a player's rows the last one counts. These are hidden or removed.
    const unseen = new Map<PlayerId, Row>();
    for (let version = 0;;) {
      const rows = this.#scan.all(ranking.id, version) as Row[];
      ranking.rows += rows.length;
      loading.add(seenOf(rows, ranking, unseen));
      if (rows.length < ROWS_AT_ONCE) break;
      version = rows.at(-1)![0];
      await turn();
    }
    let startMs = performance.now();
    for (const _ of loading.finish()) {
      if (performance.now() - startMs < MAX_FILL_MS) continue;
      await turn();
      startMs = performance.now();
    }
    for (const [playerId, row] of unseen) {
      if (row[1] === HIDDEN) ranking.hide(playerId, row[0]);
      else ranking.delete(playerId);
    }
  }
}

function* seenOf(
  rows: readonly Row[],
  ranking: LoadedRanking,
  unseen: Map<PlayerId, Row>,
): Iterable<RankIndexMember> {
  for (const row of rows) {
    const playerId = row[2];
    if (row[1] !== SEEN) {
      unseen.set(playerId, row);
      continue;
    }
    if (unseen.size > 0) unseen.delete(playerId);
    const sequence = row[5] ?? row[0];
    ranking.setVersion(playerId, sequence, row[0]);
    yield {
      playerId,
      score: readScore(row[3]),
      subscore: readScore(row[4]),
      sequence,
    };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
