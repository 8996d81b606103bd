import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SeededRandom } from "../../core/mod.ts";
import { AnalyticsError } from "../analytics_error.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { storeConformance } from "../store/_testing/store_conformance.ts";
import {
  ALL,
  allRows,
  contentOf,
  countQuery,
  death,
  eventOf,
  frames,
  HOUR_MS,
  idOf,
  NOW_MS,
  rollUp,
  runOf,
} from "../store/_testing/store_fixture.ts";
import { runStoreModel } from "../store/_testing/store_model.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import type { StoredRun } from "../store/store.ts";
import { MIGRATIONS } from "./_schema.ts";
import { StatementLog } from "./_testing/statement_log.ts";
import { SqliteAnalyticsStore } from "./sqlite_analytics_store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 50 : 4;
const OPERATIONS = IS_SOAK ? 2000 : 150;

/** A file in a folder of its own. */
class TestFile implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();

  get path(): string {
    return `${this.folder}/events.db`;
  }

  open(): SqliteAnalyticsStore {
    return new SqliteAnalyticsStore({ path: this.path });
  }

  /** What others see in the file, which must be closed. */
  query(sql: string): unknown[][] {
    using db = new DatabaseSync(this.path, { readOnly: true });
    return db.prepare(sql).all().map((row) => Object.values(row));
  }

  /** Whether a text is in any of the files. */
  async holds(text: string): Promise<boolean> {
    const wanted = new TextEncoder().encode(text);
    for await (const { name } of Deno.readDir(this.folder)) {
      const bytes = await Deno.readFile(`${this.folder}/${name}`);
      for (
        let at = bytes.indexOf(wanted[0]!);
        at >= 0;
        at = bytes.indexOf(wanted[0]!, at + 1)
      ) {
        if (wanted.every((byte, i) => bytes[at + i] === byte)) return true;
      }
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

storeConformance("SqliteAnalyticsStore", () => {
  const file = new TestFile();
  const store = file.open();
  return Promise.resolve({
    store,
    close: async () => {
      await store.close();
      await file[Symbol.asyncDispose]();
    },
  });
});

storeConformance("SqliteAnalyticsStore in memory", () => {
  const store = new SqliteAnalyticsStore({ path: ":memory:" });
  return Promise.resolve({ store, close: () => store.close() });
});

Deno.test("SqliteAnalyticsStore has what the one in memory has, over random calls", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await using store = new SqliteAnalyticsStore({ path: ":memory:" });
    await using model = new MemoryAnalyticsStore();
    await runStoreModel(store, model, { seed, operations: OPERATIONS });
  }
});

/** Opens a store, and the connection that it uses, to make it fail. */
function openWithConnection(
  path: string,
): { store: SqliteAnalyticsStore; db: DatabaseSync } {
  const { exec } = DatabaseSync.prototype;
  let db: DatabaseSync | undefined;
  DatabaseSync.prototype.exec = function (sql: string): void {
    db = this;
    exec.call(this, sql);
  };
  try {
    return { store: new SqliteAnalyticsStore({ path }), db: db! };
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, AnalyticsError)).code;
}

Deno.test("SqliteAnalyticsStore keeps everything while it is closed", async () => {
  await using file = new TestFile();
  let before: unknown;
  {
    await using store = file.open();
    await store.write([
      runOf("s", [death(0, "lava", 1), frames(1, [16, 17]), eventOf(2)]),
      runOf("t", [eventOf(0)], { title: "second" }),
    ], rollUp);
    await store.erase("main", idOf("gone"), rollUp);
    await store.setMark("export", 3);
    before = await contentOf(store, ["main", "second"]);
  }
  await using store = file.open();
  assertEquals(await contentOf(store, ["main", "second"]), before);
  assertEquals(await store.mark("export"), 3);
  const outcomes = await store.write([
    runOf("s", [eventOf(1), eventOf(2), eventOf(3)]),
    runOf("g", [eventOf(0)], { player: idOf("gone") }),
  ], rollUp);
  assertEquals(outcomes, [
    { accepted: 1, duplicates: 2, isErased: false },
    { accepted: 0, duplicates: 0, isErased: true },
  ]);
});

Deno.test("SqliteAnalyticsStore never uses an id twice, also over restarts", async () => {
  await using file = new TestFile();
  let last = 0;
  for (let i = 0; i < 4; i++) {
    await using store = file.open();
    await store.write([runOf(`s${i}`, [eventOf(0), eventOf(1)])], rollUp);
    const rows = await store.eventsAfter(last, 10);
    assertEquals(rows.map(({ session }) => session), [
      idOf(`s${i}`),
      idOf(`s${i}`),
    ]);
    last = rows.at(-1)!.id;
    await store.erase("main", idOf(`p-s${i}`), rollUp);
  }
});

Deno.test("SqliteAnalyticsStore shows events to a person who reads the file", async () => {
  await using file = new TestFile();
  await file.open().close();
  {
    await using store = file.open();
    await store.write([runOf("s", [death(4, "lava", 1)])], rollUp);
  }
  // With no log beside it.
  const names = Array.from(Deno.readDirSync(file.folder), ({ name }) => name);
  assertEquals(names, ["events.db"]);
  assertEquals(file.query("SELECT * FROM event_log"), [[
    1,
    "main",
    "death",
    "2025-11-25 00:00:04.000",
    "1.0",
    "linux",
    idOf("p-s"),
    idOf("s"),
    4,
    '{"cause":"lava","floor":1}',
    "{}",
    "2025-11-26 00:00:00.000",
  ]]);
});

Deno.test("SqliteAnalyticsStore shows events as they are after some of a run have gone", async () => {
  await using file = new TestFile();
  const minute = 60_000;
  const events = Array.from(
    { length: 6 },
    (_, i) =>
      death(i, `cause \u{1f600} ${i}`, i, {
        timeMs: NOW_MS + i * minute - (i === 3 ? 5 * minute : 0),
      }),
  );
  {
    await using store = file.open();
    await store.write([
      runOf("s", events),
      runOf("t", [frames(0, [5]), eventOf(1, { name: "custom" })]),
    ], rollUp);
    // Of a run whose times go up and down, and one at a time.
    const query = { eventsBeforeMs: NOW_MS + 2 * minute, rollupsBeforeMs: 0 };
    assertEquals(await store.expire({ ...query, limit: 1 }), 1);
    assertEquals(await store.expire({ ...query, limit: 100 }), 4);
    const rows = await store.eventsAfter(0, 10);
    assertEquals(rows.map(({ id, number }) => [id, number]), [
      [3, 2],
      [5, 4],
      [6, 5],
    ]);
    assertEquals(
      rows.map(({ data }) => data),
      [2, 4, 5].map((i) => events[i]!.data),
    );
    assertEquals((await store.events(ALL, undefined, 10)).rows, rows);
    assertEquals(await store.recent(ALL, 10), rows.toReversed());
    const ofPlayer = { ...ALL, player: idOf("p-s") };
    assertEquals((await store.events(ofPlayer, undefined, 10)).rows, rows);
  }
  assertEquals(file.query("SELECT id, number, time, data FROM event_log"), [
    [3, 2, "2025-11-25 00:02:00.000", events[2]!.data],
    [5, 4, "2025-11-25 00:04:00.000", events[4]!.data],
    [6, 5, "2025-11-25 00:05:00.000", events[5]!.data],
  ]);
  assertEquals(file.query("SELECT count(*), sum(count) FROM blocks"), [[2, 3]]);
});

Deno.test("SqliteAnalyticsStore lists runs that are at the same time by time, page by page", async () => {
  await using store = new SqliteAnalyticsStore({ path: ":memory:" });
  const expected: string[] = [];
  const runs = Array.from({ length: 40 }, (_, s) =>
    runOf(
      `s${s}`,
      Array.from({ length: 700 }, (_, i) => {
        const timeMs = NOW_MS + i * 500 + s % 7;
        expected.push(`${timeMs} ${String(s).padStart(2)} ${i % 3}`);
        return eventOf(i, { timeMs, name: i % 3 === 0 ? "death" : "custom" });
      }),
    ));
  await store.write(runs, () => NOTHING);
  expected.sort();
  for (const limit of [100, 3_000, 10_000]) {
    for (const name of [undefined, "death"]) {
      const query = { ...ALL, ...(name === undefined ? {} : { name }) };
      const rows = await allRows(
        (after) => store.events(query, after, limit),
      );
      assertEquals(
        rows.map(({ timeMs, session, number }) =>
          `${timeMs} ${session.slice(1).replaceAll("_", "").padStart(2)} ${
            number % 3
          }`
        ),
        expected.filter((text) => name === undefined || text.endsWith(" 0")),
      );
    }
  }
});

/** Calls a store for sums and sketches in all ways that differ. */
async function sumsOf(store: SqliteAnalyticsStore): Promise<unknown> {
  const sums: unknown[] = [];
  for (const stepMs of [0, HOUR_MS, 24 * HOUR_MS]) {
    for (const part of [{}, { build: "1.0" }, { platform: "mac" }]) {
      const query = { ...ALL, ...part, stepMs };
      for (const metric of ["event", "death"]) {
        for (const by of [[], ["key1", "platform"]] as const) {
          sums.push(
            await store.counts({ ...query, metric, by }),
            await store.counts({ ...query, metric, by, key1: "lava" }),
          );
        }
      }
      const by = ["build"] as const;
      sums.push(await store.sketches({ ...query, metric: "frameTime", by }));
    }
  }
  return sums;
}

Deno.test("SqliteAnalyticsStore tells the same of sums that are pending, in their tables, or both", async () => {
  await using file = new TestFile();
  const runs = Array.from({ length: 9 }, (_, i) =>
    runOf(`s${i}`, [
      death(0, i % 2 === 0 ? "lava" : "spikes", i % 3, {
        timeMs: NOW_MS + i * 7 * HOUR_MS,
      }),
      frames(1, [1, 600, i], { timeMs: NOW_MS + i * 5 * HOUR_MS }),
      death(2, "lava", 1),
    ], { build: `1.${i % 2}`, platform: i % 3 === 0 ? "mac" : "linux" }));
  let pending: unknown;
  {
    const { store, db } = openWithConnection(file.path);
    // Closing writes all that pends: here it is to be half and half.
    for (const run of runs.slice(0, 4)) await store.write([run], rollUp);
    await store.close();
    assert(!db.isOpen);
  }
  assertEquals(file.query("SELECT count(*) FROM pending_sums"), [[0]]);
  {
    const { store, db } = openWithConnection(file.path);
    for (const run of runs.slice(4)) await store.write([run], rollUp);
    pending = await sumsOf(store);
    const rows = db.prepare("SELECT count(*) AS rows FROM pending_sums").get();
    assertEquals(rows!.rows, 5);
    // What closing writes fails, and is still there afterwards.
    db.exec(
      "CREATE TRIGGER fails BEFORE INSERT ON counts BEGIN SELECT raise(ABORT, 'no'); END",
    );
    await store.close();
  }
  assertEquals(file.query("SELECT count(*) FROM pending_sums"), [[5]]);
  {
    const { store, db } = openWithConnection(file.path);
    assertEquals(await sumsOf(store), pending);
    db.exec("DROP TRIGGER fails");
    await store.close();
  }
  assertEquals(file.query("SELECT count(*) FROM pending_sums"), [[0]]);
  await using model = new MemoryAnalyticsStore();
  await model.write(runs, rollUp);
  await using store = file.open();
  assertEquals(await sumsOf(store), pending);
  assertEquals(await contentOf(store), await contentOf(model));
});

Deno.test("SqliteAnalyticsStore merges each pending sketch once, however many slices those in the table are read in", async () => {
  await using file = new TestFile();
  await using model = new MemoryAnalyticsStore();
  // Of these, texts in memory have another order than in the file.
  const builds = Array.from(
    { length: 350 },
    (_, i) => `${["1", "\uffee", "\u{1f600}", "z"][i % 4]}.${i}`,
  );
  const runs = (from: number, step: number) =>
    builds.flatMap((build, i) =>
      i % step === 0
        ? [runOf(`s${from}-${i}`, [frames(from, [from, i])], { build })]
        : []
    );
  const first = runs(1, 1).filter((_, i) => i % 21 !== 0);
  {
    await using store = file.open();
    await store.write(first, rollUp);
  }
  const { store, db } = openWithConnection(file.path);
  await store.write(runs(2, 7), rollUp);
  await model.write([...first, ...runs(2, 7)], rollUp);
  assertEquals(
    [...Object.values(db.prepare("SELECT count(*) FROM pending_sums").get()!)],
    [1],
  );
  for (const by of [["build"], []] as const) {
    const query = { ...ALL, metric: "frameTime", stepMs: 0, by };
    assertEquals(await store.sketches(query), await model.sketches(query));
  }
  await store.close();
});

Deno.test("SqliteAnalyticsStore tells sums of what was written before, while others write", async () => {
  await using store = new SqliteAnalyticsStore({ path: ":memory:" });
  const random = new SeededRandom(7);
  const hours = 1500;
  const timeOf = (hour: number): number => NOW_MS + (hour - 750) * HOUR_MS;
  await store.write([
    runOf(
      "all",
      Array.from(
        { length: hours },
        (_, i) => death(i, "lava", 1, { timeMs: timeOf(i) }),
      ),
    ),
  ], rollUp);
  let issued = hours;
  let acknowledged = hours;
  let isReading = true;
  async function write(session: string): Promise<void> {
    for (let number = 0; isReading; number++) {
      const timeMs = timeOf(random.nextU32() % hours);
      issued++;
      await store.write(
        [runOf(session, [death(number, "lava", 1, { timeMs })])],
        rollUp,
      );
      acknowledged++;
    }
  }
  const writing = [write("a"), write("b")];
  for (let i = 0; i < 10; i++) {
    const before = acknowledged;
    const rows = await store.counts(
      countQuery({ ...ALL, metric: "death", stepMs: HOUR_MS }),
    );
    const sum = rows.reduce((sum, { count }) => sum + count, 0);
    assert(sum >= before && sum <= issued, `${before} ${sum} ${issued}`);
  }
  isReading = false;
  await Promise.all(writing);
  assert(acknowledged > hours + 20, `${acknowledged}`);
});

Deno.test("SqliteAnalyticsStore keeps few sums pending, however many commits there are", async () => {
  await using file = new TestFile();
  const { store, db } = openWithConnection(file.path);
  const rows = db.prepare("SELECT count(*) AS rows FROM pending_sums");
  let most = 0;
  let isEmptied = false;
  for (let i = 0; i < 60; i++) {
    await store.write([runOf("s", [death(i, "lava", 1)])], rollUp);
    const now = rows.get()!.rows as number;
    isEmptied ||= now < most;
    most = Math.max(most, now);
  }
  assert(isEmptied && most > 1 && most <= 16, `${most}`);
  // So many sums that they are written at once.
  const events = Array.from({ length: 5000 }, (_, i) => death(i, `c${i}`, 1));
  await store.write([runOf("t", events)], rollUp);
  assertEquals(rows.get()!.rows, 0);
  const [all] = await store.counts(countQuery({ metric: "death" }));
  assertEquals(all?.count, 5060);
  await store.close();
});

Deno.test("SqliteAnalyticsStore refuses a file whose pending sums are damaged", async () => {
  for (const sums of ["", "[", "[[1]]", '[["t","b","p",[],[["m",0,[1]]]]]']) {
    await using file = new TestFile();
    await file.open().close();
    {
      using db = new DatabaseSync(file.path);
      db.prepare("INSERT INTO pending_sums VALUES (NULL, ?)").run(sums);
    }
    const { code } = assertThrows(() => file.open(), AnalyticsError);
    assertEquals(code, "storeFailed");
  }
});

Deno.test("SqliteAnalyticsStore is open once at a time", async () => {
  await using file = new TestFile();
  const store = file.open();
  const error = assertThrows(() => file.open(), AnalyticsError);
  assertEquals(error.code, "storeFailed");
  assertEquals(
    error.message,
    `Cannot open the database "${file.path}": another one has it open`,
  );
  await store.close();
  await file.open().close();
});

Deno.test("SqliteAnalyticsStore refuses files that are something else", async () => {
  await using file = new TestFile();
  await Deno.writeTextFile(file.path, "This is no database. ".repeat(100));
  const { code } = assertThrows(() => file.open(), AnalyticsError);
  assertEquals(code, "storeFailed");
  await Deno.remove(file.path);
  for (
    const [sql, message] of [
      ["PRAGMA application_id = 1", "it is of another application"],
      [
        `PRAGMA application_id = ${0x5457_414e}; PRAGMA user_version = ${
          MIGRATIONS.length + 1
        }`,
        `its version must be at most ${MIGRATIONS.length}`,
      ],
    ] as const
  ) {
    {
      using db = new DatabaseSync(file.path);
      db.exec(`${sql}; CREATE TABLE other (x)`);
    }
    const error = assertThrows(() => file.open(), AnalyticsError, message);
    assertEquals(error.code, "storeFailed");
    await Deno.remove(file.path);
  }
  const missing = new URL(`file://${file.folder}/none/events.db`).pathname;
  const error = assertThrows(
    () => new SqliteAnalyticsStore({ path: missing }),
    AnalyticsError,
  );
  assertEquals(error.code, "storeFailed");
});

Deno.test("SqliteAnalyticsStore rejects what a damaged file cannot give", async () => {
  await using file = new TestFile();
  {
    await using store = file.open();
    for (let i = 0; i < 50; i++) {
      const events = Array.from({ length: 50 }, (_, n) => death(n, "lava", n));
      await store.write([runOf(`s${i}`, events)], rollUp);
    }
  }
  const bytes = await Deno.readFile(file.path);
  // All but the schema.
  bytes.fill(0xa5, 20 * 4096);
  await Deno.writeFile(file.path, bytes);
  let store: SqliteAnalyticsStore | undefined;
  try {
    store = file.open();
    assertEquals(await codeOf(store.eventsAfter(0, 10_000)), "storeFailed");
  } catch (error) {
    assert(error instanceof AnalyticsError && error.code === "storeFailed");
  }
  await store?.close();
});

Deno.test("SqliteAnalyticsStore takes back what does not fit on the disk", async () => {
  await using file = new TestFile();
  const { store, db } = openWithConnection(file.path);
  await store.write([runOf("s", [eventOf(0)])], rollUp);
  // As large as it is: the same error as that of a disk.
  const { page_count } = db.prepare("PRAGMA page_count").get()!;
  db.exec(`PRAGMA max_page_count = ${page_count}`);
  const data = JSON.stringify({ key: "x".repeat(60_000) });
  const big = runOf("s", [eventOf(1, { data }), death(2, "lava", 1)]);
  const small = runOf("s", [eventOf(3)]);
  const [bigCode, smallOutcome] = await Promise.all([
    codeOf(store.write([big], rollUp)),
    store.write([small], rollUp),
  ]);
  assertEquals(bigCode, "storeFailed");
  assertEquals(smallOutcome[0]!.accepted, 1);
  db.exec("PRAGMA max_page_count = 1000000");
  assertEquals((await store.write([big], rollUp))[0]!.accepted, 2);
  await store.erase("main", small.player, rollUp);
  const { rows } = await store.events(ALL, undefined, 10);
  assertEquals(rows, []);
  await store.close();
});

Deno.test("SqliteAnalyticsStore takes back a commit that fails, and reads on", async () => {
  await using file = new TestFile();
  const { store, db } = openWithConnection(file.path);
  await store.write([runOf("s", [eventOf(0)])], rollUp);
  const before = await contentOf(store);
  // What refers to nothing fails at the commit.
  db.exec("PRAGMA foreign_keys = ON");
  db.exec(
    `CREATE TABLE late (x INTEGER REFERENCES sessions DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER fails AFTER INSERT ON blocks BEGIN INSERT INTO late VALUES (99999); END`,
  );
  const codes = await Promise.all([
    codeOf(store.write([runOf("s", [eventOf(1)])], rollUp)),
    codeOf(store.write([runOf("t", [death(0, "lava", 1)])], rollUp)),
  ]);
  assertEquals(codes, ["storeFailed", "storeFailed"]);
  assertEquals(await contentOf(store), before);
  db.exec("DROP TRIGGER fails");
  assertEquals(
    await codeOf(store.write([runOf("u", [eventOf(0)])], rollUp)),
    "storeFailed",
  );
  assertEquals(await contentOf(store), before);
  await store.close();
});

Deno.test("SqliteAnalyticsStore refuses more than 262144 events at a time", async () => {
  await using store = new SqliteAnalyticsStore({ path: ":memory:" });
  const events = Array.from({ length: 131_072 }, (_, i) => eventOf(i));
  const first = store.write([runOf("s", events)], () => NOTHING);
  const second = store.write([runOf("t", events)], () => NOTHING);
  assertEquals(
    await codeOf(store.write([runOf("u", [eventOf(0)])], () => NOTHING)),
    "full",
  );
  await Promise.all([first, second]);
  const [outcome] = await store.write(
    [runOf("u", [eventOf(0)])],
    () => NOTHING,
  );
  assertEquals(outcome!.accepted, 1);
});

const NOTHING = {
  counts: [],
  sketches: [],
  startMs: undefined,
  endReason: undefined,
};

Deno.test("SqliteAnalyticsStore leaves nothing of an erased player in its files", async () => {
  await using file = new TestFile();
  await using store = file.open();
  const player = idOf("the-player");
  const secrets = ["rareCause", "rareBuild", "rareKey", "rareId", "5150515"];
  for (let i = 0; i < 60; i++) {
    const isRare = i % 3 === 0;
    const events = Array.from({ length: 40 }, (_, n) => {
      const number = i * 40 + n;
      const timeMs = NOW_MS + n * HOUR_MS;
      const late = { timeMs: timeMs + 100 * HOUR_MS };
      if (!isRare) return death(number, "lava", n % 3, { timeMs });
      return n % 4 === 0
        ? frames(number, [5_150_515, n], late)
        : death(number, "rareCause", n, late);
    });
    await store.write([
      isRare
        ? runOf(`rareId${i % 4}`, events, {
          player,
          build: "rareBuild",
          common: '{"rareKey":1}',
        })
        : runOf(`other${i}`, events),
    ], rollUp);
    // Pages are split, merged and written again in between, as in use.
    if (i % 10 === 9) {
      const eventsBeforeMs = NOW_MS + i * HOUR_MS / 5;
      await store.expire({ eventsBeforeMs, rollupsBeforeMs: 0, limit: 200 });
    }
  }
  for (const secret of secrets) assert(await file.holds(secret), secret);
  const { sessions, events } = await store.erase("main", player, rollUp);
  assertEquals([sessions, events], [4, 800]);
  for (const secret of secrets) assert(!await file.holds(secret), secret);
  // The hash of the id is all that is kept.
  assert(await file.holds("the-player"));
  assert(await file.holds("lava"));
});

/** Whether a step of a plan goes through all of a table, or all of a title. */
function isLookAtAll(step: string): boolean {
  return /^SCAN (?:blocks|sessions|players)|\(title=\?\)$/.test(step);
}

Deno.test("SqliteAnalyticsStore finds and erases a player without a look at all others", async () => {
  await using store = new SqliteAnalyticsStore({ path: ":memory:" });
  const runs = Array.from({ length: 500 }, (_, i): StoredRun => ({
    title: "main",
    session: `s${i}`,
    player: `p${i}`,
    build: "1",
    platform: "linux",
    common: "{}",
    receivedMs: 1,
    events: [{ number: 0, name: "death", timeMs: 1, data: "{}" }],
  }));
  await store.write(runs, () => NOTHING);
  const range = { title: "main", fromMs: 0, toMs: 2 };
  using log = new StatementLog();
  for (let i = 0; i < 40; i++) {
    const player = `p${i}`;
    const { rows } = await store.sessions({ ...range, player }, undefined, 10);
    assertEquals(rows.map(({ session }) => session), [`s${i}`]);
    await store.events({ ...range, player }, undefined, 10);
    await store.erase("main", player, () => NOTHING);
  }
  for (const { sql, plan, rows } of log.take()) {
    assert(rows <= 40, `${rows} rows: ${sql}`);
    assertEquals(plan.filter(isLookAtAll), [], sql);
  }
});

Deno.test("SqliteAnalyticsStore lists and erases a player of very many runs, without looking through them again and again", async () => {
  await using store = new SqliteAnalyticsStore({ path: ":memory:" });
  const range = { title: "main", player: "p", fromMs: 0, toMs: 2 };
  const run = (i: number): StoredRun => ({
    title: "main",
    session: `s${i % 1_000}`,
    player: "p",
    build: "1",
    platform: "linux",
    common: "{}",
    receivedMs: 1,
    events: [{ number: i, name: "death", timeMs: 1, data: "{}" }],
  });
  const runs = Array.from({ length: 10_000 }, (_, i) => run(i));
  for (let at = 0; at < runs.length; at += 2_000) {
    await store.write(runs.slice(at, at + 2_000), () => NOTHING);
  }
  using log = new StatementLog();
  const numbers: number[] = [];
  let after: string | undefined;
  do {
    const page = await store.events(range, after, 500);
    for (const { number } of page.rows) numbers.push(number);
    after = page.next;
    // What comes meanwhile is behind the end of what was found before.
    if (numbers.length === 2_000) {
      await store.write([run(10_000)], () => NOTHING);
    }
  } while (after !== undefined);
  assertEquals(numbers, Array.from({ length: 10_001 }, (_, i) => i));
  for (const { sql, plan, runs, rows } of log.take()) {
    // Each is looked for once, and read once more where a page ends.
    assert(rows <= 10_001 + 20, `${rows} rows: ${sql}`);
    // Whoever sorts has gone through all that he has.
    const isOfAll = plan.some((step) => step.endsWith("FOR ORDER BY"));
    assert(!isOfAll || runs <= 4, `${runs} times: ${sql}`);
    assertEquals(plan.filter(isLookAtAll), [], sql);
  }
  assertEquals(
    await store.erase("main", "p", () => NOTHING),
    { sessions: 1_000, events: 10_001 },
  );
  for (const { sql, plan, runs, rows } of log.take()) {
    assert(runs <= 11_002 && rows <= 10_001, `${runs} times: ${sql}`);
    assertEquals(plan.filter((step) => step.endsWith("ORDER BY")), [], sql);
    assertEquals(plan.filter(isLookAtAll), [], sql);
  }
});

Deno.test("SqliteAnalyticsStore lets others have turns while it merges many wide sketches of one hour", async () => {
  await using store = new SqliteAnalyticsStore({ path: ":memory:" });
  const wide = new QuantileSketch();
  for (let i = 0; i < 2_000; i++) wide.add(2 ** (20 - (i + 0.5) / 64));
  const sketch = wide.toJson();
  const builds = 600;
  await store.write(
    Array.from({ length: builds }, (_, i): StoredRun => ({
      ...runOf(`s${i}`, [eventOf(0)]),
      build: `1.${i}`,
    })),
    () => ({
      ...NOTHING,
      sketches: [{ metric: "frameTime", hourMs: HOUR_MS, sketch }],
    }),
  );
  let turns = 0;
  let timer = setTimeout(function turn() {
    turns++;
    timer = setTimeout(turn, 0);
  }, 0);
  const range = { fromMs: 0, toMs: 2 * HOUR_MS, stepMs: 0 };
  const title = runOf("s", []).title;
  // Each look at the clock finds that a while has passed, as on a slow machine.
  let nowMs = performance.now();
  performance.now = () => nowMs += 10;
  try {
    const [row] = await store.sketches(
      { ...range, title, metric: "frameTime", by: [] },
    );
    assertEquals(QuantileSketch.fromJson(row!.sketch)!.count, builds * 2_000);
  } finally {
    Reflect.deleteProperty(performance, "now");
    clearTimeout(timer);
  }
  assert(turns >= 6, `${turns}`);
});
