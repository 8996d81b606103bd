// Games that are played at random, in one process and by clocks of the test's own: frames, records of all kinds, flushes,
// restarts, kills, journals that are slow or too small, clocks that are set, requests that fail in all ways, consent that is
// withdrawn and given again, and data that is erased. In the end everything works, and then
//
// - no event is stored twice, and no number was ever used for two;
// - what was recorded is stored or in the drop report, by name and reason, or was recorded after the last that the journal
//   had of a process that was killed;
// - after `disable` nothing is left in memory or journal, and nothing is sent; after `deleteMyData` nothing is stored.
//
// TICKWIRE_SOAK=1 plays 5,000 games, an ordinary run as many as it can in seconds. A failure names its seed; to play that
// game alone, set it as TICKWIRE_SEED.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { settle } from "../http/_testing/fake_fetch.ts";
import { FAULT_NAMES } from "./_testing/fault_events.ts";
import { SoakGame } from "./_testing/soak_game.ts";
import {
  allEvents,
  dropsOf,
  idsIn,
  reportedDrops,
} from "./_testing/stored_events.ts";
import { MemoryAnalyticsStore } from "./store/memory_analytics_store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const GAMES = IS_SOAK ? 5_000 : 100;
const FIRST_SEED = 1;
const STEPS = 60;
/** Turns of the event loop after which nothing that was under way is. */
const TURNS = 40;

interface Nature {
  readonly identity: "session" | "install";
  /** Whether the journal is too small for what is recorded. */
  readonly isSmall: boolean;
  readonly mayLoseAnswers: boolean;
  readonly mayWithdraw: boolean;
  readonly mayBeKilled: boolean;
  /** Whether its page may be hidden, which sends what the journal may not have yet. */
  readonly mayHide: boolean;
}

async function play(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const coin = (): boolean => random.nextU32() % 2 === 0;
  const nature: Nature = {
    identity: coin() ? "session" : "install",
    isSmall: random.nextU32() % 3 === 0,
    mayLoseAnswers: coin(),
    mayWithdraw: random.nextU32() % 3 === 0,
    mayBeKilled: coin(),
    mayHide: coin(),
  };
  const store = new MemoryAnalyticsStore();
  const game = new SoakGame(store, random, {
    client: {
      identity: nature.identity,
      sample: coin() ? { rare: 0.5 } : {},
      rateLimit: coin() ? { burst: 20, perSecond: 4 } : false,
      maxQueued: coin() ? 12 : 32_768,
      flushMs: 5_000,
      flushEvents: 30,
      sliceMs: 0.01,
      http: { backoffBaseMs: 100, backoffMaxMs: 5_000, timeoutMs: 86_400_000 },
    },
    maxBytes: nature.isSmall ? 6_000 : 4_194_304,
    failing: coin() ? 0.3 : 0.9,
    mayLoseAnswers: nature.mayLoseAnswers,
  });
  const beginMs = game.clock.epochMs();
  // What had been sent before it was forgotten.
  const allowed = new Set<number>();
  await game.start();
  for (let step = 0; step < STEPS; step++) {
    await act(game, nature, allowed);
  }
  await end(game);

  const events = await allEvents(store);
  const ids = idsIn(events, FAULT_NAMES);
  assertEquals(new Set(ids).size, ids.length, "an event is stored twice");
  for (const id of ids) {
    assert(!game.erased.has(id), `event ${id} is not erased`);
    assert(
      !game.forgotten.has(id) || allowed.has(id),
      `event ${id} was sent after it was to be forgotten`,
    );
  }
  assertEquals(game.failures, []);
  if (!game.hasForgotten) {
    account(game, nature, ids, dropsOf(events, FAULT_NAMES));
    assertEquals(
      await reportedDrops(store, FAULT_NAMES, beginMs, game.clock.epochMs()),
      dropsOf(events, FAULT_NAMES),
    );
  }
  await game.collector.close();
  await store.close();
}

async function act(
  game: SoakGame,
  { isSmall, mayWithdraw, mayBeKilled, mayHide }: Nature,
  allowed: Set<number>,
): Promise<void> {
  const records = [0, 0, 1, 3, 8, 30][game.below(6)]!;
  for (let i = 0; i < records; i++) game.record();
  const what = game.below(100);
  if (what < 4) game.isOnline = !game.isOnline;
  else if (what < 8) game.analytics.flush();
  else if (what < 12) {
    // What arrived and is dropped, as nobody knows of it, would be told as dropped.
    if (isSmall) await game.calm();
    await game.restart(mayBeKilled && game.below(2) === 0);
    game.isOnline = true;
  } else if (what < 14 && mayHide) {
    game.analytics.handlePageHide(game.below(4) === 0);
  } else if (what < 17 && mayWithdraw) {
    if (game.below(2) === 0) game.forget();
    else game.erase();
    await assertForgotten(game, allowed);
    game.record();
    if (game.below(3) > 0) game.enable();
  } else if (what < 25 && game.analytics.consent === "denied") game.enable();
  await game.step([0, 0.016, 0.1, 1, 10, 40][game.below(6)]!);
}

/** Nothing may be left of what was recorded, but for what arrived already. */
async function assertForgotten(
  game: SoakGame,
  allowed: Set<number>,
): Promise<void> {
  const { analytics } = game;
  assertEquals(analytics.localLogEntries(), []);
  assertEquals(analytics.drops, []);
  assertEquals(analytics.sessionId, undefined);
  const { recorded, queued, stored } = analytics.counters;
  assertEquals([recorded, queued, stored], [0, 0, 0]);
  const { json } = await analytics.exportMyData();
  assertEquals(json, '{"consent":"denied"}');
  do {
    for (let i = 0; i < TURNS; i++) await settle();
  } while (game.inFlight > 0);
  assertEquals(await game.journal.read(0, Number.MAX_SAFE_INTEGER), []);
  for (const id of await game.storedIds()) allowed.add(id);
}

/** Everything works from now on: all that is left arrives, and what was to be erased is. */
async function end(game: SoakGame): Promise<void> {
  game.isOnline = true;
  game.gateway = (_request, forward) => forward();
  if (game.analytics.consent === "denied") game.enable();
  await game.flush();
  let done = 0;
  for (let turn = 0; turn < 10_000; turn++) {
    for (; done < game.notices.length; done++) {
      const notice = game.notices[done]!;
      if (notice.type === "deletionFailed") game.eraseAgain(notice.again);
    }
    if (game.answeredErasures === game.erasures) break;
    await game.step(60);
  }
  assertEquals(game.answeredErasures, game.erasures);
  // What was dropped last is told with the next batch.
  await game.flush();
  game.assumeAllKnown();
  await game.analytics.close(0);
}

/**
 * Compares what is stored and told with what was recorded. More may be told where something arrived of which the client
 * does not know: what is dropped after its answer was lost is told as dropped, with what it told itself, and a page sends
 * what the journal may not have.
 */
function account(
  game: SoakGame,
  { isSmall, mayLoseAnswers, mayBeKilled, mayHide }: Nature,
  ids: readonly number[],
  drops: ReadonlyMap<string, number>,
): void {
  const isExact = !(isSmall && (mayLoseAnswers || mayHide)) &&
    !(mayBeKilled && mayHide);
  const compare = (actual: number, expected: number, what: string): void => {
    assert(
      isExact ? actual === expected : actual >= expected,
      `${what}: ${actual} are stored or told of, and ${expected} were recorded`,
    );
  };
  const reasons = new Set<string>();
  for (const key of [...drops.keys(), ...game.known.keys()]) {
    reasons.add(key.split(" ")[1]!);
  }
  if (!isSmall) assert(!reasons.has("journalFull"));
  for (const name of FAULT_NAMES) {
    const stored = ids.filter((id) => game.nameOf(id) === name).length;
    const told = (reason: string): number =>
      drops.get(`${name} ${reason}`) ?? 0;
    const known = (reason: string): number =>
      game.known.get(`${name} ${reason}`) ?? 0;
    compare(
      stored + told("crash") + told("journalFull"),
      known("taken"),
      `${name} taken`,
    );
    for (const reason of reasons) {
      if (["crash", "journalFull", "taken"].includes(reason)) continue;
      compare(told(reason), known(reason), `${name} ${reason}`);
    }
  }
}

Deno.test("Analytics has each event stored once, told as dropped, or forgotten, whatever happens", async () => {
  const only = Deno.env.get("TICKWIRE_SEED");
  const seeds = only !== undefined
    ? [Number(only)]
    : Array.from({ length: GAMES }, (_, i) => FIRST_SEED + i);
  for (const seed of seeds) {
    try {
      await play(seed);
    } catch (error) {
      throw new Error(`The seed is ${seed}`, { cause: error });
    }
  }
});
