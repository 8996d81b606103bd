// How long it takes until a ranking in a database can be asked: read into memory by the store
// at its first use, and what SQLite answers without that.
import { DatabaseSync } from "node:sqlite";
import { SeededRandom } from "../../core/mod.ts";
import { SqliteLeaderboardStore } from "../../leaderboard/sqlite.ts";
import {
  atMost,
  median,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { fill, Folder, player, RANKINGS } from "./_sqlite_fill.ts";

const ALL_TIME = RANKINGS[0]!;

export async function measureSqliteLoad(isSmoke: boolean): Promise<Section> {
  const rows: Row[] = [];
  let loadMs = 0;
  const sizes = isSmoke ? [1_000, 10_000] : [10_000, 100_000, 1_000_000];
  for (const members of sizes) {
    await using folder = await Folder.make();
    const path = `${folder.path}/boards.db`;
    await fill(path, [ALL_TIME], members);
    const times: number[] = [];
    const pauses: number[] = [];
    for (let i = 0; i < (isSmoke ? 1 : 5); i++) {
      const { ms, longestMs } = await load(path, members);
      times.push(ms);
      pauses.push(longestMs);
    }
    loadMs = median(times);
    const rank = await measureRank(path, members, isSmoke ? 100 : 20_000);
    const count = measureCount(path, members, isSmoke ? 5 : 20);
    rows.push({
      name: `${members.toLocaleString("en-US")} entries`,
      "load ms": loadMs,
      "longest block ms": median(pauses),
      "entry with rank us": rank,
      "COUNT(*) p50 us": quantile(count, 0.5),
      "COUNT(*) p99 us": quantile(count, 0.99),
      "of COUNT(*)": quantile(count, 0.5) / rank,
    });
  }
  return {
    title: "leaderboard: from SQLite into memory",
    notes: [
      "load: opening the file to the first rank. Longest block: the longest turn of the event",
      "loop meanwhile. Entry with rank: a random player's, with its row read from the database.",
      "COUNT(*): the rank alone, by an index on score, subscore and sequence.",
    ],
    rows,
    bars: [
      atMost(
        `${sizes.at(-1)!.toLocaleString("en-US")} entries loaded`,
        1_500,
        loadMs,
        "ms",
      ),
    ],
  };
}

async function load(
  path: string,
  members: number,
): Promise<{ ms: number; longestMs: number }> {
  const startMs = performance.now();
  await using store = new SqliteLeaderboardStore({ path });
  let isDone = false;
  let longestMs = 0;
  async function watch(): Promise<void> {
    let lastMs = performance.now();
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }
  }
  const watching = watch();
  const standing = await store.standing(ALL_TIME, player(members));
  const ms = performance.now() - startMs;
  isDone = true;
  await watching;
  if (standing?.total !== members) throw new Error("Not all were loaded");
  return { ms, longestMs };
}

/** What a standing costs, in microseconds. */
async function measureRank(
  path: string,
  members: number,
  count: number,
): Promise<number> {
  await using store = new SqliteLeaderboardStore({ path });
  const random = new SeededRandom(2);
  await store.standing(ALL_TIME, player(1));
  let sum = 0;
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    const id = player(1 + random.nextU32() % members);
    sum += (await store.standing(ALL_TIME, id))!.rank;
  }
  const us = (performance.now() - startMs) * 1_000 / count;
  if (sum < count) throw new Error("Not all have a rank");
  return us;
}

/** What counting costs each time, in microseconds. */
function measureCount(
  path: string,
  members: number,
  count: number,
): number[] {
  using db = new DatabaseSync(path);
  db.exec("PRAGMA cache_size = -65536");
  db.exec(
    "CREATE INDEX IF NOT EXISTS of_bench ON entries (ranking, score, subscore, sequence)",
  );
  const find = db.prepare(
    "SELECT score, subscore, sequence FROM entries WHERE ranking = 1 AND version = ?",
  );
  const rank = db.prepare(
    `SELECT 1 + (SELECT count(*) FROM entries WHERE ranking = 1 AND score > ?1)
       + (SELECT count(*) FROM entries WHERE ranking = 1 AND score = ?1 AND subscore > ?2)
       + (SELECT count(*) FROM entries WHERE ranking = 1 AND score = ?1 AND subscore = ?2 AND sequence < ?3) AS rank`,
  );
  const random = new SeededRandom(2);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    const row = find.get(1 + random.nextU32() % members)!;
    const score = row.score as number;
    const subscore = row.subscore as number;
    const { rank: value } = rank.get(score, subscore, row.sequence as number)!;
    times.push((performance.now() - startMs) * 1_000);
    if ((value as number) < 1) throw new Error("There is no rank");
  }
  db.exec("DROP INDEX of_bench");
  return times;
}
