// A game is killed (kill -9) again and again while it plays, with its events in a file, and 30 % of its requests fail.
// What can be promised then, and is shown here, of the events of a game:
//
// - What the journal took is in the store, exactly once, and nothing else is. Where the journal was full, the oldest of it
//   is in the drop report instead, exactly.
// - Whatever else was recorded before the journal took its newest entry is in the drop report, exactly: by its name and the
//   reason, which is "crash" for what only the process had.
// - What was recorded after that nobody can know of, as it never left the process. It is counted here, and is what comes
//   within 250 ms and two writes to the disk; where the journal is full, also what comes while a batch is under way. The
//   store shows of the sessions that they were torn: they were resumed, or repaired. A full journal may give that up too,
//   which the drop report tells.
//
// The processes tell of everything through a pipe, by writes that are over before the game goes on; so an event that was
// recorded and not told of cannot be in the journal yet. TICKWIRE_SOAK=1 kills 300 times, an ordinary run 12 times.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom, SystemClock } from "../core/mod.ts";
import {
  ANALYTICS_STORE_KINDS,
  type AnalyticsStoreKind,
} from "./_testing/analytics_stores.ts";
import { FAULT_DEFINITIONS, FAULT_NAMES } from "./_testing/fault_events.ts";
import { KillLedger, sumOf } from "./_testing/kill_ledger.ts";
import { NumberGuard } from "./_testing/number_guard.ts";
import { playGame } from "./_testing/player.ts";
import {
  allEvents,
  dropsOf,
  idsIn,
  reportedDrops,
} from "./_testing/stored_events.ts";
import {
  type Fault,
  FAULTS,
  UnreliableServer,
} from "./_testing/unreliable_server.ts";
import { AnalyticsCollector } from "./collector/collector.ts";
import { playerHash } from "./collector/player_hash.ts";
import type { EventRow } from "./store/store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const KILLS = IS_SOAK ? 300 : 12;
const SEED = 20_261_126;
/** How much faster than ours the game's time passes. */
const SPEED = 20;
const MINUTE_MS = 60_000;
/**
 * The client stores what waits every 250 ms of the game's time. The rest is for a disk that has more to do: fifty frames,
 * which is what the game's time counts.
 */
const MAX_BLIND_MS = 250 + 100 * SPEED;

const SQLITE = ANALYTICS_STORE_KINDS.at(-1)!;

/** What becomes of the game. */
interface Misery {
  readonly kills: number;
  /** The share of requests that fail, and how. */
  readonly share: number;
  readonly kinds: readonly Fault[];
  /** How large the journal may become, in bytes. */
  readonly maxBytes: number;
}

/** What the game said, and what is in the store in the end. */
interface Outcome {
  readonly ledger: KillLedger;
  readonly events: readonly EventRow[];
  readonly ids: readonly number[];
}

async function sufferAll(
  kind: AnalyticsStoreKind,
  misery: Misery,
): Promise<Outcome> {
  const random = new SeededRandom(SEED);
  const folder = await Deno.makeTempDir();
  const file = `${folder}/unsent.journal`;
  await using own = await kind.open();
  const { store } = own;
  const failures: unknown[] = [];
  const collector = new AnalyticsCollector({
    store,
    events: FAULT_DEFINITIONS,
    onError: (error) => failures.push(error),
  });
  await using server = await UnreliableServer.start(collector.handler, random);
  const guard = new NumberGuard();
  server.onEvents = (events) => guard.see(events);
  server.share = misery.share;
  server.kinds = misery.kinds;
  const ledger = new KillLedger();
  const clock = new SystemClock();
  const beginMs = clock.epochMs();
  let epochMs = beginMs;
  let kills = 0;
  const play = async (
    round: number,
    frames: number,
    killAfterMs: number | undefined,
  ): Promise<void> => {
    const startMs = clock.nowMs();
    const lines = await playGame({
      endpoint: server.url,
      file,
      seed: SEED + round,
      firstId: ledger.lastId + 1,
      epochMs,
      speed: SPEED,
      frames,
      maxBytes: misery.maxBytes,
      isLast: frames === 0 && killAfterMs === undefined,
    }, killAfterMs);
    await ledger.add(lines, file);
    epochMs += Math.ceil((clock.nowMs() - startMs) * SPEED);
  };
  try {
    for (let round = 0; kills < misery.kills; round++) {
      // One in five games ends by itself. Of the others some are killed while they begin.
      if (random.nextU32() % 5 === 0) {
        await play(round, 1 + random.nextU32() % 60, undefined);
      } else {
        const longestMs = random.nextU32() % 4 === 0 ? 20 : 400;
        await play(round, 0, random.nextFloat() * longestMs);
        kills++;
      }
      // Sometimes the game begins again too late for its session to go on.
      if (random.nextU32() % 4 === 0) epochMs += 31 * MINUTE_MS;
    }
    server.share = 0;
    await play(-1, 0, undefined);
    server.check();
    assertEquals(failures, []);

    const events = await allEvents(store);
    const ids = idsIn(events, FAULT_NAMES).sort((a, b) => a - b);
    assertEquals(ids.length, new Set(ids).size, "an event is there twice");
    const drops = dropsOf(events, FAULT_NAMES);
    assertEquals(
      await reportedDrops(store, FAULT_NAMES, beginMs, epochMs),
      drops,
    );
    if (misery.share < 1) {
      // Not of all: a machine that stands still for a moment makes one as long as it likes.
      const blindMs = ledger.blindMs(0.5);
      assert(blindMs <= MAX_BLIND_MS, `${blindMs} ms are unknown`);
    }
    await assertTorn(events, ledger);
    console.log(
      `${kills} kills: ${ledger.recorded} recorded, ${ids.length} stored, ${
        sumOf(drops)
      } in the drop report, ${sumOf(ledger.unknown)} unknown (${
        sumOf(ledger.unknown) - ledger.tracelessEvents
      } but for ${ledger.traceless} processes that had no journal yet; at most ${ledger.mostUnknown} of a process, of ${
        Math.round(ledger.blindMs(1))
      } ms); ${server.faultCount} of ${server.requests} requests failed`,
    );
    return { ledger, events, ids };
  } catch (error) {
    throw new Error(`seed ${SEED}, ${kills} kills`, { cause: error });
  } finally {
    await collector.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Of each session in which something is unknown the store has to show that it was torn, or that it had no room to. */
async function assertTorn(
  events: readonly EventRow[],
  ledger: KillLedger,
): Promise<void> {
  const stored = new Set(events.map(({ session }) => session));
  const marked = new Set<string>();
  const ended = new Set<string>();
  // A full journal gives up the oldest, and the drop report has it instead: none is, where it was never full.
  const starts = sumOf(dropsOf(events, ["sessionStart"]));
  let checked = 0;
  let whole = 0;
  for (const { session, name, data } of events) {
    const { isResumed, reason } = JSON.parse(data);
    if (isResumed === true || reason === "repaired") marked.add(session);
    if (name === "sessionEnd") ended.add(session);
  }
  for (const id of ledger.torn) {
    const session = await playerHash(id);
    // Of a session of which nothing was ever stored there is nothing to see.
    if (!stored.has(session)) continue;
    checked++;
    if (marked.has(session) || !ended.has(session)) continue;
    assert(starts > 0, `session ${session} looks whole`);
    whole++;
  }
  assert(whole <= starts, `${whole} sessions look whole, ${starts} gave up`);
  assert(checked > 0 || ledger.torn.size < 3, "no session was looked at");
}

// What a store does is the store's own affair: an ordinary run has the one that keeps a file.
for (const kind of IS_SOAK ? ANALYTICS_STORE_KINDS : [SQLITE]) {
  Deno.test(`Analytics loses nothing that it stored over ${KILLS} kills, and tells what else it lost (${kind.name})`, async () => {
    const { ledger, events, ids } = await sufferAll(kind, {
      kills: KILLS,
      share: 0.3,
      kinds: FAULTS,
      maxBytes: 4_194_304,
    });
    assertEquals(ids, [...ledger.persisted].sort((a, b) => a - b));
    assertEquals(
      dropsOf(events, FAULT_NAMES),
      new Map([...ledger.known].sort()),
    );
    assertEquals(
      ledger.recorded,
      ids.length + sumOf(ledger.known) + sumOf(ledger.unknown),
    );
  });
}

const FULL_KILLS = IS_SOAK ? 100 : 5;

Deno.test(`Analytics tells of all that its full journal had over ${FULL_KILLS} kills while nothing arrived`, async () => {
  const { ledger, events, ids } = await sufferAll(ANALYTICS_STORE_KINDS[0]!, {
    kills: FULL_KILLS,
    share: 1,
    kinds: ["cut", "unavailable", "failed"],
    maxBytes: 8_192,
  });
  for (const id of ids) assert(ledger.persisted.has(id), `event ${id}`);
  const told = dropsOf(events, FAULT_NAMES);
  const known = new Map(ledger.known);
  const full = ledger.persisted.size - ids.length;
  assert(full > 0, "the journal was never full");
  // What was taken and is gone is one of both: what was in no entry may have been on its way to one.
  assertEquals(
    takeOf(told, "crash") + takeOf(told, "journalFull"),
    takeOf(known, "crash") + full,
  );
  assertEquals(told, new Map([...known].sort()));
});

/** Takes the counts of a reason out of these. */
function takeOf(counts: Map<string, number>, reason: string): number {
  let sum = 0;
  for (const name of FAULT_NAMES) {
    sum += counts.get(`${name} ${reason}`) ?? 0;
    counts.delete(`${name} ${reason}`);
  }
  return sum;
}
