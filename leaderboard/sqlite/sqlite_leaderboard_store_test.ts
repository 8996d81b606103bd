import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SeededRandom } from "../../core/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import type { Score } from "../score.ts";
import { storeConformance } from "../store/_testing/store_conformance.ts";
import {
  entryOf,
  NOW_MS,
  put,
  rankingOf,
} from "../store/_testing/store_fixture.ts";
import { runStoreModel } from "../store/_testing/store_model.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import type {
  EntryChange,
  LeaderboardStore,
  RankedEntry,
  Ranking,
  StoredEntry,
} from "../store/store.ts";
import { SqliteLeaderboardStore } from "./sqlite_leaderboard_store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
// A million operations in all in a soak; an ordinary run takes a slice.
const OPERATIONS = IS_SOAK ? 1_000_000 : 2_000;
const SEEDS = 10;
const STEPS = IS_SOAK ? 200_000 : 2_000;

storeConformance("SqliteLeaderboardStore", async () => {
  const folder = await Deno.makeTempDir();
  const store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
  return {
    store,
    close: async () => {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

storeConformance("SqliteLeaderboardStore in memory", () => {
  const store = new SqliteLeaderboardStore({ path: ":memory:" });
  return Promise.resolve({ store, close: () => store.close() });
});

Deno.test("SqliteLeaderboardStore agrees with a model that sorts anew", async () => {
  for (let seed = 100; seed < 100 + SEEDS; seed++) {
    await using file = new TestFile();
    await using store = file.open(seed % 3 === 0 ? 0 : 1000);
    await runStoreModel(store, {
      seed,
      operations: OPERATIONS / SEEDS,
      concurrent: seed % 2 === 0 ? 1 : 16,
      players: seed % 5 === 0 ? 400 : 40,
    });
  }
});

/** A file in a folder of its own. */
class TestFile implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync();

  get path(): string {
    return `${this.#folder}/boards.db`;
  }

  open(maxPastEntries?: number): SqliteLeaderboardStore {
    return new SqliteLeaderboardStore({
      path: this.path,
      ...(maxPastEntries === undefined ? {} : { maxPastEntries }),
    });
  }

  /** What others see in the file, which must be closed. */
  query(sql: string): unknown[][] {
    using db = new DatabaseSync(this.path, { readOnly: true });
    return db.prepare(sql).all().map((row) => Object.values(row));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Opens a store, and the connection that it uses, to make it fail. */
function openWithConnection(
  path: string,
): { store: SqliteLeaderboardStore; db: DatabaseSync } {
  const { exec } = DatabaseSync.prototype;
  let db: DatabaseSync | undefined;
  DatabaseSync.prototype.exec = function (sql: string): void {
    db = this;
    exec.call(this, sql);
  };
  try {
    return { store: new SqliteLeaderboardStore({ path }), db: db! };
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, LeaderboardError)).code;
}

Deno.test("SqliteLeaderboardStore keeps everything while it is closed", async () => {
  await using file = new TestFile();
  const ranking = rankingOf({ ties: "dense" });
  const entry = entryOf("ada", -(2n ** 63n), 0, {
    name: "Ada \u{1f600}",
    subscore: 2n ** 63n - 1n,
    className: "any%",
    metadata: '{"level":3}',
    replay: "9f".repeat(32),
    submittedMs: NOW_MS + 0.5,
  });
  const attempts = { period: "daily", season: 5 };
  const transaction = {
    board: ranking.board,
    playerId: entry.playerId,
    rankings: [ranking, rankingOf({ period: "daily" })],
    nowMs: NOW_MS,
    claims: ["key", "other"],
    attempts,
    heldId: "h1",
  };
  let sequence = 0;
  {
    await using store = file.open();
    await store.putBoard(ranking.board, '{"order":"descending"}', undefined);
    await put(store, ranking, "bob", 5, { isHidden: true });
    const { change } = await store.transact(transaction, (state) => ({
      entries: [{ ...entry, sequence: state.sequence }],
      claims: [{ value: "claimed", expiresMs: NOW_MS + 1 }],
      attempts: 3,
      hold: {
        id: "h1",
        board: ranking.board,
        playerId: entry.playerId,
        sequence: state.sequence,
        heldMs: NOW_MS,
        state: "quarantined" as const,
        replay: "ab".repeat(32),
        data: "{}",
      },
    }));
    sequence = change.hold.sequence;
  }
  await using store = file.open();
  const { change } = await store.transact(
    transaction,
    (state): { entries: undefined[]; state: typeof state } => ({
      entries: [],
      state,
    }),
  );
  const { state } = change;
  assert(state.sequence > sequence);
  assertEquals(state.entries, [{ ...entry, sequence }, undefined]);
  assertEquals(state.claimed, ["claimed", undefined]);
  assertEquals(state.attempts, 3);
  assertEquals(state.held?.sequence, sequence);
  assertEquals(await store.isReplayLinked(entry.replay), true);
  assertEquals(await store.isReplayLinked("ab".repeat(32)), true);
  assertEquals(await store.board(ranking.board), '{"order":"descending"}');
  assertEquals((await store.page(ranking, { limit: 5 })).total, 1);
  const hidden = await put(store, ranking, "bob", 6);
  assertEquals(hidden.standings[0]!.total, 2);
});

Deno.test("SqliteLeaderboardStore is open once at a time", async () => {
  await using file = new TestFile();
  {
    await using _store = file.open();
    const error = assertThrows(() => file.open(), LeaderboardError);
    assertEquals(error.code, "storeFailed");
    assertEquals(
      error.message,
      `Cannot open the database "${file.path}": another one has it open`,
    );
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `new (await import("node:sqlite")).DatabaseSync(${
          JSON.stringify(file.path)
        }).exec("SELECT * FROM boards")`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    assert(code !== 0);
  }
  await using _store = file.open();
});

Deno.test("SqliteLeaderboardStore refuses files that are something else", async () => {
  await using file = new TestFile();
  function refusal(): string {
    const error = assertThrows(() => file.open(), LeaderboardError);
    assertEquals(error.code, "storeFailed");
    return error.message;
  }
  await Deno.writeTextFile(file.path, "no database ".repeat(1000));
  assert(refusal().endsWith(": file is not a database"), refusal());
  await Deno.remove(file.path);
  {
    using db = new DatabaseSync(file.path);
    db.exec("CREATE TABLE x (y)");
  }
  assert(refusal().endsWith(": it is of another application"), refusal());
  await Deno.remove(file.path);
  await file.open().close();
  {
    using db = new DatabaseSync(file.path);
    db.exec("PRAGMA user_version = 2");
  }
  assert(
    refusal().endsWith("its version must be at most 1: current value is 2"),
  );
  // What was refused is as it was, and not locked.
  {
    using db = new DatabaseSync(file.path);
    db.exec("PRAGMA user_version = 1");
  }
  await file.open().close();
  assertThrows(
    () => new SqliteLeaderboardStore({ path: `${file.path}/none/boards.db` }),
    LeaderboardError,
  );
  assertThrows(() => file.open(-1), RangeError, "maxPastEntries");
});

Deno.test("SqliteLeaderboardStore has all in one file when it is closed", async () => {
  await using file = new TestFile();
  const store = file.open();
  await put(store, rankingOf(), "ada", 7);
  await Deno.stat(`${file.path}-wal`);
  await store.close();
  await assertRejects(
    () => Deno.stat(`${file.path}-wal`),
    Deno.errors.NotFound,
  );
  assertEquals(file.query("SELECT player, score FROM entries"), [["ada", 7]]);
});

Deno.test("SqliteLeaderboardStore takes back what does not fit on the disk", async () => {
  await using file = new TestFile();
  const { store, db } = openWithConnection(file.path);
  const ranking = rankingOf();
  await put(store, ranking, "p0", 1);
  const before = await store.page(ranking, { limit: 5 });
  const changes: EntryChange[] = [];
  await store.subscribe((change) => changes.push(change));
  db.exec("PRAGMA max_page_count = 1");
  const metadata = "x".repeat(100_000);
  const results = await Promise.allSettled(
    Array.from(
      { length: 20 },
      (_, i) => put(store, ranking, `p${i}`, 10 + i, { metadata }),
    ),
  );
  for (const result of results) {
    assert(result.status === "rejected");
    assertEquals(result.reason.code, "storeFailed");
  }
  assertEquals(await store.page(ranking, { limit: 5 }), before);
  assertEquals(changes, []);
  db.exec("PRAGMA max_page_count = 1000000");
  const { standings } = await put(store, ranking, "p1", 10, { metadata });
  assertEquals([standings[0]!.rank, standings[0]!.total], [1, 2]);
  await store.close();
  await using again = file.open();
  assertEquals((await again.page(ranking, { limit: 5 })).total, 2);
});

Deno.test("SqliteLeaderboardStore takes back a commit that fails, and reads on", async () => {
  await using file = new TestFile();
  const { store, db } = openWithConnection(file.path);
  const ranking = rankingOf();
  for (let i = 0; i < 5; i++) await put(store, ranking, `p${i}`, i);
  await put(store, ranking, "hid", 9, { isHidden: true });
  const before = await store.page(ranking, { limit: 10 });
  // What refers to nothing fails at the commit.
  db.exec("PRAGMA foreign_keys = ON");
  db.exec(`
    CREATE TEMP TABLE there (x INTEGER PRIMARY KEY);
    CREATE TEMP TABLE late (x INTEGER REFERENCES there DEFERRABLE INITIALLY DEFERRED);
    CREATE TEMP TRIGGER poisoned AFTER INSERT ON entries WHEN NEW.player = 'poison'
      BEGIN INSERT INTO late VALUES (1); END`);
  const newcomer = rankingOf({ period: "daily", season: 3 });
  const results = await Promise.allSettled([
    put(store, [ranking, newcomer], "p0", 100),
    put(store, ranking, "p6", 101),
    put(store, ranking, "hid", 102),
    put(store, ranking, "p4", 103, { isHidden: true }),
    store.transact(
      {
        board: ranking.board,
        playerId: entryOf("p3", 0, 0).playerId,
        rankings: [ranking],
        nowMs: NOW_MS,
        claims: ["key"],
      },
      () => ({
        entries: [null],
        claims: [{ value: "v", expiresMs: NOW_MS + 1 }],
      }),
    ),
    store.dropRanking(ranking, 2),
    put(store, ranking, "poison", 1),
  ]);
  for (const result of results) {
    assert(result.status === "rejected");
    assertEquals(result.reason.code, "storeFailed");
  }
  assertEquals(await store.page(ranking, { limit: 10 }), before);
  assertEquals((await store.page(newcomer, { limit: 10 })).total, 0);
  assertEquals(await codeOf(put(store, ranking, "p0", 5)), "storeFailed");
  await store.close();
  await using again = file.open();
  assertEquals(await again.page(ranking, { limit: 10 }), before);
  const { standings } = await put(again, ranking, "hid", 9);
  assertEquals([standings[0]!.rank, standings[0]!.total], [1, 6]);
});

Deno.test("SqliteLeaderboardStore rejects what it cannot store, and nothing else", async () => {
  await using file = new TestFile();
  await using store = file.open();
  const scores: readonly Score[] = [1, 0.5, 2n ** 63n, 2];
  const results = await Promise.allSettled(
    scores.map((score, i) => put(store, rankingOf(), `p${i}`, score)),
  );
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  assertEquals((await store.page(rankingOf(), { limit: 5 })).total, 2);
});

Deno.test("SqliteLeaderboardStore refuses more than 65536 calls at a time", async () => {
  await using store = new SqliteLeaderboardStore({ path: ":memory:" });
  const calls = Array.from(
    { length: 65_536 },
    () => store.putBoard("main/a", "{}", "none"),
  );
  assertEquals(await codeOf(put(store, rankingOf(), "ada", 1)), "storeFailed");
  await Promise.all(calls);
  await put(store, rankingOf(), "ada", 1);
});

Deno.test("SqliteLeaderboardStore reports what a listener throws, and goes on", async () => {
  await using store = new SqliteLeaderboardStore({ path: ":memory:" });
  const thrown: unknown[] = [];
  function onError(event: ErrorEvent): void {
    event.preventDefault();
    thrown.push(event.error);
  }
  addEventListener("error", onError);
  await store.subscribe(() => {
    throw new Error("of the test");
  });
  let told = 0;
  await store.subscribe(() => told++);
  await Promise.all([
    put(store, rankingOf(), "ada", 1),
    put(store, rankingOf(), "bob", 1),
  ]);
  removeEventListener("error", onError);
  assertEquals(told, 2);
  assertEquals(thrown.length, 2);
});

Deno.test("SqliteLeaderboardStore keeps few seasons that are over in memory, and reads all", async () => {
  await using file = new TestFile();
  const seasons = [1, 2, 3, 4].map((season) =>
    rankingOf({ period: "daily", season })
  );
  await using store = file.open(150);
  for (let i = 0; i < 100; i++) await put(store, seasons, `p${i}`, i);
  // Each takes more than half of what may stay, so that they take turns.
  for (let round = 0; round < 3; round++) {
    const pages = await Promise.all(
      seasons.map((ranking) => store.page(ranking, { limit: 1 })),
    );
    assertEquals(
      pages.map(({ entries, total }) => [entries[0]!.entry.score, total]),
      seasons.map(() => [99 + round, 100]),
    );
    const results = await Promise.all(
      seasons.map((ranking) => put(store, ranking, "p99", 100 + round)),
    );
    assert(results.every(({ standings }) => standings[0]!.rank === 1));
  }
});

Deno.test("SqliteLeaderboardStore goes on while it reads a ranking into memory", async () => {
  await using file = new TestFile();
  const big = rankingOf();
  const small = rankingOf({ period: "daily", season: 1 });
  const count = 20_000;
  {
    await using store = file.open();
    await Promise.all(
      Array.from({ length: count }, (_, i) => put(store, big, `p${i}`, i)),
    );
  }
  await using store = file.open();
  const order: string[] = [];
  const reading = store.page(big, { limit: 1 }).then((page) => {
    order.push("big");
    return page;
  });
  const writing = put(store, big, "p0", count).then(() => order.push("put"));
  const dropping = store.dropRanking(big, 1).then(() => order.push("drop"));
  await put(store, small, "ada", 1).then(() => order.push("small"));
  await Promise.all([writing, dropping]);
  assertEquals(order, ["small", "big", "put", "drop"]);
  const { entries, total } = await reading;
  assertEquals([entries[0]!.entry.playerId, total], [`p${count - 1}`, count]);
});

/** What two stores agree on of an entry; sequences differ. */
function shownOf({ entry, rank }: RankedEntry): unknown {
  const { sequence: _, ...rest } = entry;
  return { ...rest, rank };
}

/** A store under test and the sequences that its transactions saw, which differ between stores. */
interface Side {
  store: LeaderboardStore;
  readonly sequences: number[];
}

const RANKINGS: readonly Ranking[] = [
  rankingOf({ ties: "shared" }),
  rankingOf({ period: "daily", season: 1, order: "ascending" }),
  rankingOf({ period: "daily", season: 2, ties: "dense" }),
];

async function assertSame(
  sides: readonly Side[],
  why: string,
): Promise<void> {
  for (const ranking of RANKINGS) {
    const [actual, expected] = await Promise.all(
      sides.map(async ({ store }) => {
        const { entries, ...rest } = await store.page(ranking, { limit: 100 });
        return { entries: entries.map(shownOf), ...rest };
      }),
    );
    assertEquals(actual, expected, why);
  }
  const [actual, expected] = await Promise.all(
    sides.map(async ({ store }) =>
      (await store.rankings("main/board"))
        .map(({ period, season }) => `${period} ${season}`).sort()
    ),
  );
  assertEquals(actual, expected, why);
}

Deno.test("SqliteLeaderboardStore has what the one in memory has, over moves, removals and restarts", async () => {
  await using file = new TestFile();
  const seed = 42;
  const random = new SeededRandom(seed);
  const sides: Side[] = [
    { store: file.open(0), sequences: [] },
    { store: new MemoryLeaderboardStore(), sequences: [] },
  ];
  function below(count: number): number {
    return random.nextU32() % count;
  }
  for (let step = 0; step < STEPS; step++) {
    const why = `seed ${seed}, step ${step}`;
    // Enough in the first half that dead rows are swept, then ever fewer.
    const id = `p${below(step < STEPS / 2 ? 60 : 6)}`;
    const action = below(100);
    const chosen = RANKINGS.map(() => below(3));
    const score = below(4) === 0 ? 2n ** 60n + BigInt(below(9)) : below(20);
    const past = below(50);
    const results = sides.map(async ({ store, sequences }) => {
      if (action === 0) {
        const ranking = RANKINGS[chosen[0]!]!;
        // Dead rows count, too, so that it may take longer here than there.
        while (!await store.dropRanking(ranking, 1000));
        return true;
      }
      const { standings } = await store.transact(
        {
          board: "main/board",
          playerId: entryOf(id, 0, 0).playerId,
          rankings: RANKINGS,
          nowMs: NOW_MS,
        },
        ({ sequence, entries }) => {
          sequences.push(sequence);
          // Held submissions have a sequence from before, if nobody else has it.
          const used = action < 10 ? sequences.at(-1 - past) : undefined;
          return {
            entries: RANKINGS.map((_, i): StoredEntry | null | undefined => {
              if (chosen[i] === 0) return undefined;
              if (action < 20 && chosen[i] === 1) return null;
              return entryOf(
                id,
                score,
                used ?? sequence,
                {
                  isHidden: action < 30,
                  name: entries[i]?.name ?? `${id} ${step}`,
                  replay: action % 7 === 0 ? "ab".repeat(32) : "",
                },
              );
            }),
          };
        },
      );
      return standings.map((standing) =>
        standing && [
          shownOf(standing),
          standing.total,
        ]
      );
    });
    const [actual, expected] = await Promise.all(results);
    assertEquals(actual, expected, why);
    if (step % 250 === 249) {
      await assertSame(sides, why);
      const [a, b] = await Promise.all(
        sides.map(({ store }) => store.isReplayLinked("ab".repeat(32))),
      );
      assertEquals(a, b, why);
    }
    if (step % 1250 === 1249) {
      await sides[0]!.store.close();
      const rows = file.query(
        "SELECT count(*), count(DISTINCT player) FROM entries GROUP BY ranking",
      ) as [number, number][];
      for (const [count, players] of rows) {
        assert(count < 3 * players + 2 * 1024, `${why}: ${count} rows`);
      }
      sides[0]!.store = file.open(0);
      await assertSame(sides, why);
    }
  }
  await sides[0]!.store.close();
});
