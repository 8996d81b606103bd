// What the parts on SQLite share: a folder of their own, and a database with many entries.
import { DatabaseSync } from "node:sqlite";
import { type PlayerId, playerId } from "../../core/mod.ts";
import {
  type Ranking,
  SqliteLeaderboardStore,
} from "../../leaderboard/sqlite.ts";

export const BOARD = "main/board";
export const START_MS = 1_764_028_800_000;

/** The rankings of a board with three periods: what each submission is written to. */
export const RANKINGS: readonly Ranking[] = ["allTime", "weekly", "daily"].map(
  (period) => ({
    board: BOARD,
    period,
    season: period === "allTime" ? 0 : START_MS,
    className: "",
    order: "descending",
    subscoreOrder: "descending",
    ties: "earliest",
  }),
);

/** A folder on the disk, not in memory, as syncs are measured. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir({ prefix: "tickwire_bench_" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The player with a number, from 1 on. */
export function player(i: number): PlayerId {
  return playerId(`player-${i}`);
}

/**
 * Makes a database with so many entries in each of the rankings, as a store leaves it. They are written by one statement,
 * as a million submissions would take a minute.
 */
export async function fill(
  path: string,
  rankings: readonly Ranking[],
  members: number,
): Promise<void> {
  await new SqliteLeaderboardStore({ path }).close();
  const db = new DatabaseSync(path);
  db.exec("BEGIN");
  for (const [i, { board, period, season, className }] of rankings.entries()) {
    db.prepare("INSERT INTO rankings VALUES (?, ?, ?, ?, ?)")
      .run(i + 1, board, period, className, season);
    db.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO entries SELECT ?1, i, 0, 'player-' || i, 'Player ' || i,
         i * 7919 % 1000003, 0, i, '', '', '', ?3 + i FROM n`,
    ).run(i + 1, members, START_MS);
  }
  db.prepare("INSERT OR REPLACE INTO counters VALUES ('sequence', ?)")
    .run(members);
  db.exec("COMMIT");
  db.close();
}
