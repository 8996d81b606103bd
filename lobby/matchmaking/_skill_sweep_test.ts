import { assert, assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../core/mod.ts";
import type { MatchMode } from "./match_mode.ts";
import { MatchmakingQueue } from "./matchmaking_queue.ts";
import type { TicketId } from "./ticket.ts";
import {
  allowedMatches,
  enqueued,
  faultsOf,
  type KnownTicket,
  pick,
  requestOf,
  ticketsOf,
} from "./_testing/queue_rig.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RULES = {
  skillWindow: { initial: 30, final: 300, overMs: 30_000 },
  latencyWindow: { initial: 80, final: 200, overMs: 20_000 },
} as const;

function randomMode(random: Random): MatchMode {
  const [teams, teamSize] = pick(random, [[2, 5], [2, 3], [2, 1], [3, 2], [
    1,
    3,
  ]]) as [number, number];
  return { teams, teamSize, rules: RULES, costs: { latency: 0 } };
}

/** Enqueues tickets of very different waits, and so windows. */
function fill(
  queue: MatchmakingQueue,
  known: Map<TicketId, KnownTicket>,
  count: number,
  random: Random,
  mode: MatchMode,
  regions: readonly string[],
): void {
  for (let i = 0; i < count; i++) {
    const size = 1 +
      Math.floor(random.nextFloat() ** 2 * Math.min(mode.teamSize, 5));
    const skill = 1000 + random.nextFloat() * 300;
    const waitedMs = random.nextFloat() < 0.5 ? 0 : random.nextFloat() * 40_000;
    const request = requestOf(new Array<number>(size).fill(skill), {
      waitedMs,
      latenciesMs: Object.fromEntries(
        regions.map((it) => [it, random.nextFloat() * 220]),
      ),
    });
    const id = enqueued(queue, request);
    known.set(id, { id, request, arrived: -waitedMs / 1000 });
  }
}

/** Fails if some that wait still are a match by the rules. */
function assertNoneLeft(
  queue: MatchmakingQueue,
  known: ReadonlyMap<TicketId, KnownTicket>,
  mode: MatchMode,
  regions: readonly string[],
  now: number,
  seed: number,
): number {
  const waiting = [...known.values()].filter(({ id }) =>
    queue.ticket(id) !== undefined
  );
  // Sets of more are too many to try.
  if (waiting.length > 13) return 0;
  for (const match of allowedMatches(waiting, mode, regions, now)) {
    throw new Error(`seed ${seed}: ${match.map(({ id }) => id)} could play`);
  }
  return waiting.length;
}

Deno.test("MatchmakingQueue makes all matches of one sweep, by brute force", () => {
  let left = 0;
  let made = 0;
  for (let seed = 1; seed <= (IS_SOAK ? 10_000 : 200); seed++) {
    const random = new SeededRandom(seed);
    const mode = randomMode(random);
    const regions = pick(random, [[], ["eu"], ["eu", "us", "ap"]]);
    const queue = new MatchmakingQueue({ modes: { ranked: mode }, regions });
    const known = new Map<TicketId, KnownTicket>();
    fill(queue, known, 16, random, mode, regions);
    const matches = queue.tick(0);
    made += matches.length;
    for (const match of matches) {
      assertEquals(
        faultsOf(match, known, mode, regions, 0),
        [],
        `seed ${seed}`,
      );
    }
    assertEquals(
      queue.size + matches.flatMap(ticketsOf).length,
      known.size,
      `seed ${seed}`,
    );
    left += assertNoneLeft(queue, known, mode, regions, 0, seed);
  }
  assert(left > 200 && made > 200, `${left} left, ${made} made`);
});

Deno.test("MatchmakingQueue ends a sweep bit by bit, however small the budget", () => {
  let left = 0;
  let most = 0;
  for (let seed = 1; seed <= (IS_SOAK ? 5_000 : 100); seed++) {
    const random = new SeededRandom(seed);
    const mode = randomMode(random);
    const regions = pick(random, [[], ["eu", "us"]]);
    const queue = new MatchmakingQueue({ modes: { ranked: mode }, regions });
    const known = new Map<TicketId, KnownTicket>();
    // Those who found nobody are not due when others come.
    fill(queue, known, 12, random, mode, regions);
    queue.tick(0);
    fill(queue, known, 8, random, mode, regions);
    let ticks = 0;
    let idle = 0;
    // One in which nothing is left undone ends it.
    while (idle < 30) {
      const matches = queue.tick(0, { work: 1 + Math.floor(ticks / 50) });
      for (const match of matches) {
        assertEquals(
          faultsOf(match, known, mode, regions, 0),
          [],
          `seed ${seed}`,
        );
      }
      idle = matches.length === 0 ? idle + 1 : 0;
      ticks++;
    }
    most = Math.max(most, ticks);
    left += assertNoneLeft(queue, known, mode, regions, 0, seed);
  }
  assert(left > 200, `${left} left`);
  assert(most < 200, `${most} ticks`);
});

Deno.test("MatchmakingQueue sweeps on past tickets that nobody can be found for", () => {
  const mode: MatchMode = {
    teams: 2,
    teamSize: 5,
    rules: { skillWindow: { initial: 500, final: 500, overMs: 0 } },
    costs: { latency: 0 },
  };
  const queue = new MatchmakingQueue({ modes: { ranked: mode } });
  // Parties of four wait for single players, of whom there are two in the end.
  for (let i = 0; i < 2_000; i++) {
    enqueued(queue, requestOf(new Array<number>(4).fill(1000 + i / 100)));
  }
  enqueued(queue, requestOf([1100]));
  enqueued(queue, requestOf([1101]));
  const matches = queue.tick(0);
  assertEquals(matches.length, 1);
  assertEquals(queue.size, 1_998);
  assert(queue.lastWork < 10_000, `${queue.lastWork}`);
});

Deno.test("MatchmakingQueue sweeps around those alone who may have found somebody", () => {
  const mode: MatchMode = {
    teams: 2,
    teamSize: 1,
    rules: { skillWindow: { initial: 10, final: 10, overMs: 0 } },
    costs: { latency: 0 },
  };
  const queue = new MatchmakingQueue({ modes: { ranked: mode } });
  for (let i = 0; i < 1_000; i++) enqueued(queue, requestOf([i * 20]));
  assertEquals(queue.tick(0).length, 0);
  queue.tick(10);
  enqueued(queue, requestOf([5_009]));
  const [match] = queue.tick(0);
  assertEquals(match?.spread, 9);
  assert(queue.lastWork < 10, `${queue.lastWork}`);
});
