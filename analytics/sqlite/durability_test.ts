import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SeededRandom } from "../../core/mod.ts";
import { ALL, allRows, countQuery } from "../store/_testing/store_fixture.ts";
import { sessionId } from "./_testing/writer.ts";
import { SqliteAnalyticsStore } from "./sqlite_analytics_store.ts";

const SESSIONS = 12;
/** All 200 under TICKWIRE_SOAK, else one in forty. */
const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200 : 5;

const WRITER = new URL("_testing/writer.ts", import.meta.url);
const IMPORT_MAP = new URL("../../tools/std/import_map.json", import.meta.url);

/** Lets sessions write until some runs are acknowledged, kills them, and tells how far each has come. */
async function writeAndKill(
  path: string,
  killAfter: number,
): Promise<Map<number, number>> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--quiet"],
      ...[`--import-map=${IMPORT_MAP.href}`, WRITER.href],
      ...[path, String(SESSIONS)],
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const acknowledged = new Map<number, number>();
  let count = 0;
  let rest = "";
  // What was written before the end is read after it.
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [session, next] = line.split(" ").map(Number);
      acknowledged.set(session!, next!);
    }
    const before = count;
    count += lines.length;
    if (before <= killAfter && count > killAfter) child.kill("SIGKILL");
  }
  assertEquals((await child.status).signal, "SIGKILL");
  assert(count > killAfter);
  return acknowledged;
}

/** How many commits have sums that are pending, and how many events the tables of sums know, as a kill left it. */
async function leftBehind(
  path: string,
): Promise<{ readonly pending: number; readonly summed: number }> {
  const folder = await Deno.makeTempDir();
  try {
    // Of a copy, as the store is to be the one that recovers the file.
    await Deno.copyFile(path, `${folder}/copy.db`);
    await Deno.copyFile(`${path}-wal`, `${folder}/copy.db-wal`);
    using db = new DatabaseSync(`${folder}/copy.db`);
    const left = db.prepare(
      `SELECT (SELECT count(*) FROM pending_sums) AS pending,
        (SELECT total(count) FROM counts WHERE metric = 'death') AS summed`,
    ).get()!;
    return { pending: Number(left.pending), summed: Number(left.summed) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Checks that each session has every acknowledged event once, and at most the run that was under way besides, which is
 * noted, and that sums say the same.
 */
async function checkAll(
  path: string,
  acknowledged: Map<number, number>,
  why: string,
): Promise<void> {
  await using store = new SqliteAnalyticsStore({ path });
  const events = await allRows((after, limit) =>
    store.events(ALL, after, limit)
  );
  const sums = new Map(
    (await store.counts(
      countQuery({ metric: "death", fromMs: ALL.fromMs, by: ["key1"] }),
    )).map(({ key1, count }) => [key1, count]),
  );
  const numbers = Map.groupBy(events, ({ session }) => session);
  for (const [i, next] of acknowledged) {
    const own = numbers.get(sessionId(i)) ?? [];
    const message = `${why}, session ${i}: ${own.length} of ${next}`;
    assertEquals(
      own.map(({ number }) => number).sort((a, b) => a - b),
      Array.from(own, (_, number) => number),
      message,
    );
    // What was under way at the end is there as a whole or not at all.
    const isWhole = own.length === next ||
      own.length === next + 1 + (next + i) % 40;
    assert(isWhole, message);
    assertEquals(sums.get(`cause ${i}`), own.length, message);
    acknowledged.set(i, own.length);
  }
}

Deno.test(`SqliteAnalyticsStore has every acknowledged event once after each of ${RUNS} kills`, async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/events.db`;
  const seed = 20_261_126;
  const random = new SeededRandom(seed);
  const last = new Map<number, number>();
  // Kills that left sums pending, and those before which pending ones had gone to their tables.
  let withPending = 0;
  let withSummed = 0;
  for (let run = 0; run < RUNS; run++) {
    const why = `seed ${seed}, run ${run}`;
    const killAfter = random.nextU32() % 600;
    const before = [...last.values()].reduce((sum, next) => sum + next, 0);
    for (const [session, next] of await writeAndKill(path, killAfter)) {
      // Numbers go on where the file was.
      assert(next > (last.get(session) ?? 0), why);
      last.set(session, next);
    }
    const { pending, summed } = await leftBehind(path);
    if (pending > 0) withPending++;
    if (summed > before) withSummed++;
    await checkAll(path, last, why);
    // A file of its own for each dozen, so that reading all of it stays short.
    if (run % 12 !== 11) continue;
    last.clear();
    await Deno.remove(path);
  }
  assert(withPending > 0, `seed ${seed}`);
  assert(withSummed > 0, `seed ${seed}`);
  await Deno.remove(folder, { recursive: true });
});
