import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import type { PlayerId } from "../../core/mod.ts";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";
import type { RankIndexMember } from "../ranking/rank_index.ts";
import { normalizeScore, type Score } from "../score.ts";
import { readScore, scoreSql } from "./_database.ts";
import { HIDDEN, SEEN } from "./_entry_state.ts";
import type { LoadedRanking } from "./_loaded_ranking.ts";

/** Rows that are read between two turns of others: some milliseconds' work. */
const ROWS_AT_ONCE = 4096;
/** How long the index may be filled without a turn of others. */
const MAX_FILL_MS = 5;

type Row = [
  version: number,
  playerId: PlayerId,
  score: unknown,
  /**
   * State, subscore, sequence and whether there is a replay, unless they are 0, 0, the version and 0, as mostly: each
   * column that is read costs a tenth.
   */
  rest: string | null,
];

/** A row of somebody who is hidden or removed. */
interface Unseen {
  readonly version: number;
  readonly isHidden: boolean;
}

/** Reads rankings into memory, slice by slice. */
export class RankingLoader {
  readonly #scan: RowStatement;

  constructor(db: DatabaseSync) {
    this.#scan = prepareRows(
      db,
      `SELECT version, player, ${scoreSql("score")},
         CASE WHEN state <> ${SEEN} OR subscore <> 0 OR sequence <> version OR replay <> ''
           THEN state || ' ' || subscore || ' ' || sequence || ' ' || (replay <> '') END
       FROM entries WHERE ranking = ? AND version > ? ORDER BY version LIMIT ${ROWS_AT_ONCE}`,
    );
  }

  /** Fills a ranking that is empty. Nobody may write to it meanwhile. */
  async load(ranking: LoadedRanking): Promise<void> {
    const loading = ranking.index.beginLoad();
    // Of a player's rows the last one counts. These are hidden or removed.
    const unseen = new Map<PlayerId, Unseen>();
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
    for (const [playerId, { version, isHidden }] of unseen) {
      if (isHidden) ranking.hide(playerId, version);
      else ranking.delete(playerId);
    }
  }
}

function* seenOf(
  rows: readonly Row[],
  ranking: LoadedRanking,
  unseen: Map<PlayerId, Unseen>,
): Iterable<RankIndexMember> {
  for (const [version, playerId, score, rest] of rows) {
    let subscore: Score = 0;
    let sequence = version;
    if (rest !== null) {
      const [state, subscoreText, sequenceText, hasReplay] = rest.split(" ");
      if (hasReplay === "1") ranking.hasReplays = true;
      if (Number(state) !== SEEN) {
        unseen.set(playerId, { version, isHidden: Number(state) === HIDDEN });
        continue;
      }
      subscore = normalizeScore(BigInt(subscoreText!));
      sequence = Number(sequenceText);
    }
    if (unseen.size > 0) unseen.delete(playerId);
    ranking.setVersion(playerId, sequence, version);
    yield { playerId, score: readScore(score), subscore, sequence };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
