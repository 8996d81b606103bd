import { assert, assertEquals } from "@std/assert";
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
  for (let run = 0; run < RUNS; run++) {
    const why = `seed ${seed}, run ${run}`;
    const killAfter = random.nextU32() % 300;
    for (const [session, next] of await writeAndKill(path, killAfter)) {
      // Numbers go on where the file was.
      assert(next > (last.get(session) ?? 0), why);
      last.set(session, next);
    }
    await checkAll(path, last, why);
    // A file of its own for each dozen, so that reading all of it stays short.
    if (run % 12 !== 11) continue;
    last.clear();
    await Deno.remove(path);
  }
  await Deno.remove(folder, { recursive: true });
});
