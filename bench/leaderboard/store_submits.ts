// Durable submissions per second through the SQLite store: each claims its key, changes the
// player's entry in one or in three rankings, and is acknowledged after the sync of its commit.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { StoredEntry } from "../../leaderboard/mod.ts";
import {
  type Ranking,
  SqliteLeaderboardStore,
} from "../../leaderboard/sqlite.ts";
import { SeededRandom } from "../../core/mod.ts";
import {
  atLeast,
  type Contender,
  median,
  quantile,
  type Section,
  takeTurns,
} from "../_report.ts";
import {
  BOARD,
  fill,
  Folder,
  player,
  RANKINGS,
  START_MS,
} from "./_sqlite_fill.ts";

const STORE = "tickwire, 256 in flight";

export async function measureStoreSubmits(
  isSmoke: boolean,
): Promise<Section[]> {
  const members = isSmoke ? 2_000 : 1_000_000;
  const sections: Section[] = [];
  for (const count of [1, 3]) {
    sections.push(await measureAt(RANKINGS.slice(0, count), members, isSmoke));
  }
  return sections;
}

async function measureAt(
  rankings: readonly Ranking[],
  members: number,
  isSmoke: boolean,
): Promise<Section> {
  await using folder = await Folder.make();
  await using stack = new AsyncDisposableStack();
  const random = new SeededRandom(1);
  const latencies = new Map<string, number[]>();
  const factors = new Map<string, number>();
  const contenders: Contender[] = [];
  // Less of what is slower, so that each turn takes about as long.
  function add(
    name: string,
    share: number,
    run: (count: number, latenciesMs: number[]) => Promise<void> | void,
  ): void {
    const own: number[] = [];
    latencies.set(name, own);
    factors.set(name, share);
    contenders.push({
      name,
      run: (count) => run(Math.max(1, Math.round(count * share)), own),
    });
  }
  for (const [inFlight, share] of [[256, 1], [25, 0.5], [1, 0.05]] as const) {
    const path = `${folder.path}/store${inFlight}.db`;
    await fill(path, rankings, members);
    const store = stack.use(new SqliteLeaderboardStore({ path }));
    // Into memory, which is measured elsewhere.
    for (const ranking of rankings) await store.page(ranking, { limit: 1 });
    add(
      `tickwire, ${inFlight} in flight`,
      share,
      (count, own) =>
        submitAll(store, rankings, members, random, count, inFlight, own),
    );
  }
  for (const [batch, share] of [[256, 0.2], [1, 0.02]] as const) {
    const path = `${folder.path}/plain${batch}.db`;
    const plain = stack.use(new PlainTables(path, rankings.length, members));
    add(
      `node:sqlite in place, ${batch} a commit`,
      share,
      (count, own) => plain.submit(random, count, batch, own),
    );
  }
  const samples = await takeTurns(contenders, {
    count: isSmoke ? 2_000 : 100_000,
    repetitions: isSmoke ? 1 : 5,
    warmUps: isSmoke ? 0 : 1,
  });
  function rate(name: string): number {
    return 1e6 * factors.get(name)! /
      median(samples.get(name)!.map(({ us }) => us));
  }
  const periods = rankings.length === 1 ? "1 period" : "3 periods";
  const size = members.toLocaleString("en-US");
  return {
    title: `leaderboard: durable submissions, ${periods}, ${size} entries each`,
    notes: [
      "Each of a random player: reads and changes the entry in each period, claims a key of its",
      "own, and is acknowledged after the sync (WAL, synchronous=FULL). In place: the tables that",
      "come to mind, keyed by player, upserts prepared once, without ranks.",
    ],
    rows: contenders.map(({ name }) => ({
      name,
      "submits/s": Math.round(rate(name)),
      "p50 ms": median(latencies.get(name)!),
      "p99 ms": quantile(latencies.get(name)!, 0.99),
    })),
    bars: [atLeast(`${STORE}, ${periods}`, 25_000, rate(STORE), "submits/s")],
  };
}

async function submitAll(
  store: SqliteLeaderboardStore,
  rankings: readonly Ranking[],
  members: number,
  random: SeededRandom,
  count: number,
  inFlight: number,
  latenciesMs: number[],
): Promise<void> {
  let left = count;
  async function work(): Promise<void> {
    while (left-- > 0) {
      const startMs = performance.now();
      await submit(store, rankings, 1 + random.nextU32() % members);
      latenciesMs.push(performance.now() - startMs);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work));
}

async function submit(
  store: SqliteLeaderboardStore,
  rankings: readonly Ranking[],
  number: number,
): Promise<void> {
  const playerId = player(number);
  const claim = { value: "0123456789abcdef", expiresMs: START_MS + 2e9 };
  const { change } = await store.transact(
    {
      board: BOARD,
      playerId,
      rankings,
      nowMs: START_MS,
      claims: [crypto.randomUUID()],
    },
    ({ sequence, entries }) => ({
      entries: entries.map((before): StoredEntry => ({
        playerId,
        name: "new",
        // Ever better, so that each submission is applied.
        score: Math.max(Number(before?.score ?? 0), 1_000_003 + sequence),
        subscore: 0,
        sequence,
        className: "",
        metadata: "",
        replay: "",
        submittedMs: START_MS + sequence,
        isHidden: false,
      })),
      claims: [claim],
    }),
  );
  if (change.entries.length !== rankings.length) throw new Error("Not applied");
}

/** What one writes at first: a table of entries by player, and one of claims. */
class PlainTables implements Disposable {
  readonly #db: DatabaseSync;
  readonly #rankings: number;
  readonly #members: number;
  readonly #put: StatementSync;
  readonly #get: StatementSync;
  readonly #claim: StatementSync;
  #sequence: number;

  constructor(path: string, rankings: number, members: number) {
    this.#rankings = rankings;
    this.#members = members;
    this.#sequence = members;
    const db = new DatabaseSync(path);
    this.#db = db;
    db.exec(`
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
      CREATE TABLE entries (ranking INTEGER, player TEXT, name TEXT, score INTEGER, subscore INTEGER, sequence INTEGER,
        class TEXT, metadata TEXT, replay TEXT, submitted_ms INTEGER, PRIMARY KEY (ranking, player)) WITHOUT ROWID;
      CREATE TABLE claims (board TEXT, player TEXT, key TEXT, value TEXT, expires_ms INTEGER,
        PRIMARY KEY (board, player, key)) WITHOUT ROWID;
      CREATE INDEX claims_by_expiry ON claims (expires_ms);`);
    for (let ranking = 1; ranking <= rankings; ranking++) {
      db.prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO entries SELECT ?1, 'player-' || i, 'Player ' || i, i * 7919 % 1000003, 0, i, '', '', '', ?3 + i
         FROM n ORDER BY 2`,
      ).run(ranking, members, START_MS);
    }
    this.#get = db.prepare(
      "SELECT * FROM entries WHERE ranking = ? AND player = ?",
    );
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, 0, ?, '', '', '', ?)",
    );
    this.#claim = db.prepare("INSERT INTO claims VALUES (?, ?, ?, ?, ?)");
  }

  submit(
    random: SeededRandom,
    count: number,
    batch: number,
    latenciesMs: number[],
  ): void {
    for (let done = 0; done < count; done += batch) {
      const startMs = performance.now();
      this.#db.exec("BEGIN");
      for (let i = 0; i < batch; i++) {
        const name = player(1 + random.nextU32() % this.#members);
        const sequence = ++this.#sequence;
        for (let ranking = 1; ranking <= this.#rankings; ranking++) {
          const before = this.#get.get(ranking, name)!.name as string;
          const score = 1_000_003 + sequence;
          const submittedMs = START_MS + sequence;
          this.#put.run(ranking, name, before, score, sequence, submittedMs);
        }
        const key = crypto.randomUUID();
        const expiresMs = START_MS + 2e9;
        this.#claim.run(BOARD, name, key, "0123456789abcdef", expiresMs);
      }
      this.#db.exec("COMMIT");
      const ms = performance.now() - startMs;
      for (let i = 0; i < batch; i++) latenciesMs.push(ms);
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
