import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import type { MatchMode } from "./match_mode.ts";
import { MatchmakingQueue } from "./matchmaking_queue.ts";
import type { ProposedMatch } from "./proposed_match.ts";
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
const FREE_FOR_ALL: MatchMode = {
  teams: 16,
  teamSize: 1,
  fewerTeams: { min: 8, afterMs: 30_000 },
};
const SQUADS: MatchMode = {
  teams: 4,
  teamSize: 3,
  fewerTeams: { min: 2, afterMs: 10_000 },
};
/** With each of them a mode is searched in another way. */
const KINDS: readonly Partial<MatchMode>[] = [
  { costs: { latency: 0 } },
  {},
  { patience: { waitMs: 20_000, spreadPerTicket: 1 } },
  { maps: ["ice", "sand"] },
  { score: () => 0 },
];

function teamCounts(matches: readonly ProposedMatch[]): number[] {
  return matches.map(({ teams }) => teams.length);
}

Deno.test("MatchmakingQueue makes a match with fewer teams once a ticket has waited for long enough", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: { ranked: { ...FREE_FOR_ALL, ...kind } },
    });
    for (let i = 0; i < 7; i++) enqueued(queue, requestOf([1500 + i]));
    assertEquals(queue.tick(29), []);
    // The others have come just now: one is enough who has waited.
    for (let i = 0; i < 5; i++) enqueued(queue, requestOf([1510 + i]));
    assertEquals(queue.tick(0.9), []);
    const [match, ...others] = queue.tick(0.1);
    assertEquals(others, []);
    assertEquals(match!.teams.length, 12);
    assertEquals(match!.longestWaitMs, 30_000);
    assertEquals(match!.map, kind.maps?.[0]);
    assertEquals(queue.size, 0);
  }
});

Deno.test("MatchmakingQueue makes no match below the fewest teams, and the next one as soon as it can", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: { ranked: { ...FREE_FOR_ALL, ...kind } },
    });
    for (let i = 0; i < 7; i++) enqueued(queue, requestOf([1500 + i]));
    for (let second = 0; second < 60; second++) {
      assertEquals(queue.tick(1), []);
    }
    enqueued(queue, requestOf([1507]));
    assertEquals(teamCounts([...queue.tick(0.5), ...queue.tick(0.5)]), [8]);
  }
});

Deno.test("MatchmakingQueue makes a match of all teams where it can, whoever has waited", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: { ranked: { ...FREE_FOR_ALL, ...kind } },
    });
    for (let i = 0; i < 7; i++) enqueued(queue, requestOf([1500 + i]));
    queue.tick(29.5);
    for (let i = 0; i < 16; i++) enqueued(queue, requestOf([1490 + i]));
    assertEquals(teamCounts(queue.tick(1)), [16]);
    assertEquals(queue.size, 7);
  }
});

Deno.test("MatchmakingQueue splits no party for a match with fewer teams", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: { ranked: { ...SQUADS, ...kind } },
    });
    for (const size of [3, 2, 2, 2, 1]) {
      enqueued(queue, requestOf(new Array<number>(size).fill(1500)));
    }
    assertEquals(queue.tick(9.9), []);
    const [match] = queue.tick(0.1);
    // Three twos and a one fill one team besides the three.
    assertEquals(
      match!.teams.map(({ parties }) =>
        parties.map(({ length }) => length).sort()
      ).sort(),
      [[1, 2], [3]],
    );
    assertEquals(queue.size, 2);
  }
});

Deno.test("MatchmakingQueue makes the cheapest of the matches of as many teams", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: {
        ranked: {
          teams: 3,
          teamSize: 1,
          rules: { skillWindow: { initial: 100, final: 100, overMs: 0 } },
          fewerTeams: { min: 2, afterMs: 5_000 },
          ...kind,
        },
      },
    });
    // Those beside it would not play with one another.
    const middle = enqueued(queue, requestOf([1500]));
    queue.tick(4.9);
    enqueued(queue, requestOf([1410]));
    const higher = enqueued(queue, requestOf([1560]));
    const [match] = queue.tick(0.1);
    assertEquals(ticketsOf(match!).sort(), [middle, higher]);
    assertEquals(match!.spread, 60);
  }
});

Deno.test("MatchmakingQueue.explain() needs players for the fewest teams once they are enough", () => {
  const queue = new MatchmakingQueue({ modes: { ranked: FREE_FOR_ALL } });
  const ticket = enqueued(queue, requestOf([1500]));
  const needed = (id = ticket): unknown[] => {
    const [mode] = queue.explain(id)!.modes;
    return [mode!.neededPlayers, mode!.reason];
  };
  queue.tick(29);
  assertEquals(needed(), [15, "notEnoughPlayers"]);
  queue.tick(1);
  assertEquals(needed(), [7, "notEnoughPlayers"]);
  const near = enqueued(queue, requestOf([1520]));
  const far = enqueued(queue, requestOf([2400]));
  assertEquals(needed(near), [7, "notEnoughPlayers"]);
  assertEquals(needed(far), [15, "notEnoughPlayers"]);
});

Deno.test("MatchmakingQueue lets a match that has fewer teams fall through", () => {
  const queue = new MatchmakingQueue({
    modes: { ranked: SQUADS },
    acceptTimeoutMs: 5_000,
  });
  const party = [1500, 1500, 1500];
  const requests = [1, 2, 3].map(() => requestOf(party));
  const tickets = requests.map((it) => enqueued(queue, it));
  const [match] = queue.tick(10);
  assertEquals(match!.teams.length, 3);
  queue.decline(match!.id, requests[0]!.players[0]!.player);
  assertEquals(queue.size, 2);
  const [next] = [...queue.tick(0.5), ...queue.tick(0.5)];
  assertEquals(ticketsOf(next!).sort(), tickets.slice(1));
});

Deno.test("MatchmakingQueue takes matches with fewer teams from a mode's own match", () => {
  for (const teams of [1, 2, 4]) {
    const queue = new MatchmakingQueue({
      modes: {
        ranked: {
          ...SQUADS,
          match: (tickets) => [tickets.slice(0, teams).map(({ id }) => [id])],
        },
      },
    });
    for (let i = 0; i < 4; i++) enqueued(queue, requestOf([1, 1, 1]));
    if (teams > 1) assertEquals(teamCounts(queue.tick(0)), [teams]);
    else assertThrows(() => queue.tick(0), TypeError, "have 2 to 4 teams");
  }
});

Deno.test("MatchmakingQueue refuses fewer teams that are none", () => {
  for (
    const fewerTeams of [
      { min: 0, afterMs: 1 },
      { min: 17, afterMs: 1 },
      { min: 1.5, afterMs: 1 },
      { min: 8, afterMs: 0 },
      { min: 8, afterMs: Infinity },
      { min: 8, afterMs: NaN },
    ]
  ) {
    assertThrows(
      () =>
        new MatchmakingQueue({
          modes: { ranked: { ...FREE_FOR_ALL, fewerTeams } },
        }),
      RangeError,
      "fewerTeams",
    );
  }
});

Deno.test("MatchmakingQueue gets to matches with fewer teams by the smallest budget", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: { ranked: { ...SQUADS, ...kind } },
    });
    const random = new SeededRandom(7);
    // Six whole matches' worth and more, in places too far apart for one.
    for (let place = 0; place < 8; place++) {
      for (let i = 0; i < 3; i++) {
        const skill = place * 2_000 + random.nextFloat();
        enqueued(queue, requestOf([skill, skill, skill]));
      }
    }
    let made = 0;
    queue.tick(10, { work: 1 });
    for (let tick = 0; tick < 200; tick++) {
      made += queue.tick(0.02, { work: 1 }).length;
    }
    assertEquals(made, 8, JSON.stringify(kind));
  }
});

Deno.test("MatchmakingQueue makes matches with fewer teams though whole ones use its budget up", () => {
  for (const kind of KINDS) {
    const queue = new MatchmakingQueue({
      modes: { ranked: { ...SQUADS, ...kind } },
    });
    for (let i = 0; i < 2; i++) enqueued(queue, requestOf([0, 0, 0]));
    const made: ProposedMatch[] = [];
    let skill = 10_000;
    for (let tick = 0; tick < 40 && made.length === 0; tick++) {
      // More come than can be looked at, all too far from one another.
      for (let i = 0; i < 4; i++) {
        enqueued(queue, requestOf([skill += 2_000]));
      }
      made.push(...queue.tick(tick === 0 ? 10 : 0.01, { work: 1 }));
    }
    assertEquals(teamCounts(made), [2], JSON.stringify(kind));
  }
});

Deno.test("MatchmakingQueue makes the largest matches that it can of those who have waited, by brute force", () => {
  let short = 0;
  let left = 0;
  for (let seed = 1; seed <= (IS_SOAK ? 3_000 : 60); seed++) {
    const random = new SeededRandom(seed);
    const [teams, teamSize, min] = pick(random, [
      [4, 1, 2],
      [3, 2, 2],
      [3, 2, 1],
      [2, 3, 1],
      [5, 1, 3],
    ]) as [number, number, number];
    const afterMs = pick(random, [1_500, 4_000]);
    const mode: MatchMode = {
      teams,
      teamSize,
      fewerTeams: { min, afterMs },
      rules: {
        skillWindow: { initial: 50, final: 400, overMs: 35_000 },
        latencyWindow: { initial: 80, final: 200, overMs: 30_000 },
      },
      costs: {
        latency: pick(random, [0, 12]),
        asymmetry: pick(random, [0, 20]),
      },
      ...(random.nextFloat() < 0.4
        ? { patience: { waitMs: 3_000, spreadPerTicket: 5 } }
        : {}),
    };
    const regions = pick(random, [[], ["eu", "us"]]);
    const queue = new MatchmakingQueue({ modes: { ranked: mode }, regions });
    const known = new Map<TicketId, KnownTicket>();
    let now = 0;
    const ofCount = (count: number): MatchMode => {
      const { fewerTeams: _, ...rest } = mode;
      return { ...rest, teams: count };
    };
    const isOverdue = (it: KnownTicket, at: number): boolean =>
      (at - it.arrived) * 1000 >= afterMs;
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 2; i++) {
        const skill = 1000 + random.nextFloat() * 300;
        const size = 1 + Math.floor(random.nextFloat() * teamSize);
        const request = requestOf(
          Array.from({ length: size }, () => skill + random.nextFloat() * 50),
          {
            latenciesMs: Object.fromEntries(
              regions.map((region) => [region, random.nextFloat() * 200]),
            ),
          },
        );
        const id = enqueued(queue, request);
        known.set(id, { id, request, arrived: now });
      }
      for (let i = 0; i < 3; i++) {
        now++;
        const matches = queue.tick(1);
        const waiting = [...known.values()].filter(({ id }) =>
          queue.ticket(id) !== undefined
        );
        for (const match of matches) {
          const faults = faultsOf(match, known, mode, regions, now);
          assertEquals(faults, [], `seed ${seed}`);
          if (match.teams.length === teams) continue;
          short++;
          // All of these waited when it was made: none of them can make it a larger one.
          const members = ticketsOf(match).map((id) => known.get(id)!);
          const pool = [...members, ...waiting];
          const inLarger = new Set<KnownTicket>();
          for (let count = match.teams.length + 1; count <= teams; count++) {
            for (
              const larger of allowedMatches(pool, ofCount(count), regions, now)
            ) {
              for (const it of larger) inLarger.add(it);
            }
          }
          assert(
            members.some((it) => isOverdue(it, now) && !inLarger.has(it)),
            `seed ${seed}: match ${match.id} could be larger at ${now} s`,
          );
        }
        left += waiting.length;
        // Whoever may play now was tried within the last second.
        for (let count = min; count <= teams; count++) {
          for (
            const match of allowedMatches(
              waiting,
              ofCount(count),
              regions,
              now - 1,
            )
          ) {
            assert(
              !match.some((it) => isOverdue(it, now - 1)) ||
                match.some(({ arrived }) => arrived > now - 2),
              `seed ${seed}: ${match.map(({ id }) => id)} at ${now} s`,
            );
          }
        }
      }
    }
  }
  assert(short > 100 && left > 100, `${short} matches, ${left} tickets`);
});
