import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { NOW_MS } from "../store/_testing/store_fixture.ts";
import type { TransactionChange, TransactionState } from "../store/store.ts";
import { whyNoStrace } from "./_testing/strace.ts";
import { RANKINGS, submitterId } from "./_testing/submitter.ts";
import { SqliteLeaderboardStore } from "./sqlite_leaderboard_store.ts";

const PLAYERS = 25;
/** All 200 under TICKWIRE_SOAK, else one in twenty. */
const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200 : 10;

const SUBMITTER = new URL("_testing/submitter.ts", import.meta.url);
const IMPORT_MAP = new URL("../../tools/std/import_map.json", import.meta.url);

/** What runs the submitter, behind the executable. */
function submitterArgs(path: string, players: number, count: number): string[] {
  return [
    ...["run", "-A", "--no-check", "--quiet"],
    ...[`--import-map=${IMPORT_MAP.href}`, SUBMITTER.href],
    ...[path, String(players), String(count)],
  ];
}

/** Lets players submit until some submissions are acknowledged, kills them, and tells the last one of each. */
async function submitAndKill(
  path: string,
  killAfter: number,
): Promise<Map<number, number>> {
  const child = new Deno.Command(Deno.execPath(), {
    args: submitterArgs(path, PLAYERS, 1e9),
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
      const [player, number] = line.split(" ").map(Number);
      acknowledged.set(player!, number!);
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
 * Checks that each player has every acknowledged submission once, and at most the one that was under way besides, which
 * is noted.
 */
async function checkAll(
  path: string,
  acknowledged: Map<number, number>,
  why: string,
): Promise<void> {
  await using store = new SqliteLeaderboardStore({ path });
  for (const [i, last] of acknowledged) {
    const playerId = submitterId(i);
    const { change } = await store.transact(
      {
        board: RANKINGS[0]!.board,
        playerId,
        rankings: RANKINGS,
        nowMs: NOW_MS,
        claims: [last - 1, last, last + 1, last + 2].map(String),
      },
      (state): TransactionChange & { state: TransactionState } => ({ state }),
    );
    const { entries, claimed } = change.state;
    const number = Number(entries[0]?.metadata);
    const message = `${why}, player ${i}: ${number} of ${last} acknowledged`;
    assert(number === last || number === last + 1, message);
    for (const entry of entries) {
      assertEquals(entry!.score, number * (number + 1) / 2, message);
    }
    assertEquals(
      claimed.map((value) => value !== undefined),
      [last > 1, true, number > last, false],
      message,
    );
    const standing = await store.standing(RANKINGS[1]!, playerId);
    assertEquals(standing?.entry, entries[1]!, message);
    acknowledged.set(i, number);
  }
  const page = await store.page(RANKINGS[0]!, { limit: 1000 });
  assertEquals(page.entries.length, page.total);
}

Deno.test(`SqliteLeaderboardStore has every acknowledged submission once after each of ${RUNS} kills`, async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/boards.db`;
  const seed = 20_261_125;
  const random = new SeededRandom(seed);
  const last = new Map<number, number>();
  for (let run = 0; run < RUNS; run++) {
    const why = `seed ${seed}, run ${run}`;
    const killAfter = random.nextU32() % 600;
    for (const [player, number] of await submitAndKill(path, killAfter)) {
      // Numbers go on where the file was.
      assert(number > (last.get(player) ?? 0), why);
      last.set(player, number);
    }
    await checkAll(path, last, why);
  }
  await Deno.remove(folder, { recursive: true });
});

const whyNot = await whyNoStrace();

Deno.test({
  name:
    `SqliteLeaderboardStore acknowledges nothing before its commit is synced${whyNot}`,
  ignore: whyNot !== "",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const trace = `${folder}/trace`;
    const count = 50;
    const { success, stdout } = await new Deno.Command("strace", {
      args: [
        ...["-f", "-e", "trace=fsync,fdatasync,write", "-s", "32", "-o", trace],
        Deno.execPath(),
        ...submitterArgs(`${folder}/boards.db`, 1, count),
      ],
      stdin: "null",
    }).output();
    assert(success);
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    assertEquals(lines.length, count);
    let syncs = 0;
    let syncsSince = 0;
    let acknowledged = 0;
    for (const line of (await Deno.readTextFile(trace)).split("\n")) {
      if (/f(?:data)?sync(?: resumed>.*|\(\d+\)) += 0$/.test(line)) {
        syncs++;
        syncsSince++;
      }
      if (!line.includes(`write(1, "0 ${acknowledged + 1}\\n"`)) continue;
      assert(syncsSince > 0, `before number ${acknowledged + 1}`);
      syncsSince = 0;
      acknowledged++;
    }
    assertEquals(acknowledged, count);
    assert(syncs >= count);
    await Deno.remove(folder, { recursive: true });
  },
});
