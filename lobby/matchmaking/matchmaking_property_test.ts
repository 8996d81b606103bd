import { assert, assertEquals } from "@std/assert";
import {
  type PlayerId,
  playerId,
  type Random,
  SeededRandom,
} from "../../core/mod.ts";
import type { MatchMode } from "./match_mode.ts";
import { MatchmakingQueue } from "./matchmaking_queue.ts";
import type { ProposedMatch } from "./proposed_match.ts";
import type { TicketId, TicketRequest } from "./ticket.ts";
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
  skillWindow: { initial: 50, final: 400, overMs: 35_000 },
  latencyWindow: { initial: 80, final: 200, overMs: 30_000 },
} as const;
const LAYOUTS = [[2, 5], [2, 1], [3, 2], [2, 3], [6, 1], [1, 4], [2, 12]];

function randomMode(random: Random): MatchMode {
  const [teams, teamSize] = pick(random, LAYOUTS) as [number, number];
  return {
    teams,
    teamSize,
    rules: RULES,
    ...(random.nextFloat() < 0.4 ? { maps: ["ice", "sand", "wood"] } : {}),
    ...(random.nextFloat() < 0.5
      ? { patience: { waitMs: 5_000, spreadPerTicket: 20 } }
      : {}),
    ...(random.nextFloat() < 0.4
      ? {
        fewerTeams: {
          min: 1 + Math.floor(random.nextFloat() * teams),
          afterMs: pick(random, [500, 4_000]),
        },
      }
      : {}),
    costs: {
      latency: pick(random, [0, 12]),
      asymmetry: pick(random, [0, 20]),
    },
  };
}

function randomRequest(
  random: Random,
  modes: Record<string, MatchMode>,
  regions: readonly string[],
): TicketRequest {
  const names = Object.keys(modes);
  const chosen = names.filter(() => random.nextFloat() < 0.5);
  if (chosen.length === 0) chosen.push(pick(random, names));
  const most = Math.min(...chosen.map((name) => modes[name]!.teamSize));
  const size = 1 +
    Math.floor(random.nextFloat() ** 2 * Math.min(most, 5));
  const skill = 1000 + random.nextFloat() * 400;
  return requestOf(
    Array.from({ length: size }, () => skill + random.nextFloat() * 100),
    {
      modes: chosen,
      latenciesMs: Object.fromEntries(
        regions.map((region) => [region, random.nextFloat() * 220]),
      ),
      ...(random.nextFloat() < 0.3
        ? { maps: pick(random, [["ice"], ["ice", "sand"], ["wood", "sand"]]) }
        : {}),
      ...(random.nextFloat() < 0.1 ? { ttlMs: 8_000 } : {}),
    },
  );
}

/** Does random things to a queue; returns all that it answered, as text. */
function play(seed: number, steps: number): string {
  const random = new SeededRandom(seed);
  const modes: Record<string, MatchMode> = { first: randomMode(random) };
  if (random.nextFloat() < 0.4) modes["second"] = randomMode(random);
  const regions = pick(random, [[], ["eu"], ["eu", "us", "ap"]]);
  const acceptTimeoutMs = pick(random, [0, 3_000]);
  const queue = new MatchmakingQueue({ modes, regions, acceptTimeoutMs });
  const known = new Map<TicketId, KnownTicket>();
  const waiting = new Set<TicketId>();
  const proposals = new Map<number, ProposedMatch>();
  const answers = new Map<number, Set<PlayerId>>();
  const log: unknown[] = [];
  let now = 0;
  const fail = (what: string): never => {
    throw new Error(`seed ${seed}, ${log.length} answers: ${what}`);
  };
  const drain = (): void => {
    for (const event of queue.drainEvents()) {
      log.push(event);
      if (event.type === "ticketExpired") {
        if (!waiting.delete(event.ticket)) fail("expired what did not wait");
      } else if (event.type === "matchCancelled") {
        if (!proposals.delete(event.match.id)) fail("cancelled twice");
        const all = [...event.requeued, ...event.removed].sort();
        assertEquals(all, ticketsOf(event.match).sort(), `seed ${seed}`);
        for (const ticket of event.requeued) {
          waiting.add(ticket);
          const view = queue.ticket(ticket) ?? fail("requeued is gone");
          const wait = (now - known.get(ticket)!.arrived) * 1000;
          if (Math.abs(view.waitMs - wait) > 1e-6) fail("wait was not kept");
        }
      } else if (event.type === "matchConfirmed") {
        const players = event.match.teams.flatMap((it) => it.parties.flat());
        if (!proposals.delete(event.match.id)) fail("confirmed twice");
        if (players.some((it) => !answers.get(event.match.id)!.has(it))) {
          fail("confirmed without an answer");
        }
      }
    }
  };
  for (let step = 0; step < steps; step++) {
    const dice = random.nextFloat();
    if (dice < 0.55) {
      const request = randomRequest(random, modes, regions);
      const id = enqueued(queue, request);
      if (known.has(id)) fail(`ticket ${id} was there before`);
      known.set(id, { id, request, arrived: now });
      waiting.add(id);
      log.push(id);
    } else if (dice < 0.6 && waiting.size > 0) {
      const id = pick(random, [...waiting]);
      log.push(queue.dequeue(id).isOk);
      waiting.delete(id);
    } else if (dice < 0.75 && proposals.size > 0) {
      const match = pick(random, [...proposals.values()]);
      const players = match.teams.flatMap(({ parties }) => parties.flat());
      if (random.nextFloat() < 0.1) {
        log.push(queue.decline(match.id, pick(random, players)).isOk);
      } else {
        for (const player of players) {
          answers.get(match.id)!.add(player);
          log.push(queue.accept(match.id, player).isOk);
        }
      }
      drain();
    } else if (dice < 0.78 && proposals.size > 0) {
      const match = pick(random, [...proposals.values()]);
      log.push(queue.dequeue(pick(random, ticketsOf(match))).isOk);
      drain();
    } else {
      const dt = pick(random, [0, 0.3, 1, 4]);
      now += dt;
      const budget = random.nextFloat() < 0.3 ? { work: 25 } : {};
      const matches = queue.tick(dt, budget);
      log.push(matches, queue.lastWork);
      // Of before the matches: who was let go may be in one already.
      drain();
      for (const match of matches) {
        const faults = faultsOf(match, known, modes[match.mode]!, regions, now);
        if (faults.length > 0) fail(`${faults} in ${JSON.stringify(match)}`);
        for (const id of ticketsOf(match)) {
          if (!waiting.delete(id)) fail(`ticket ${id} did not wait`);
        }
        if (!match.needsAcceptance) continue;
        proposals.set(match.id, match);
        answers.set(match.id, new Set());
      }
    }
    drain();
    const reserved = [...proposals.values()].flatMap(ticketsOf);
    assertEquals(queue.size, waiting.size + reserved.length, `seed ${seed}`);
  }
  return JSON.stringify(log);
}

Deno.test("MatchmakingQueue keeps its rules whatever is done to it", () => {
  const seeds = IS_SOAK ? 4_000 : 60;
  for (let seed = 1; seed <= seeds; seed++) play(seed, IS_SOAK ? 400 : 120);
});

Deno.test("MatchmakingQueue answers the same calls the same, to the byte", () => {
  const clean = (log: string): string => {
    // Players are named anew in each run: by what order they first appear in is enough.
    const names = new Map<string, string>();
    return log.replaceAll(/player \d+/g, (name) => {
      if (!names.has(name)) names.set(name, `#${names.size}`);
      return names.get(name)!;
    });
  };
  for (let seed = 1; seed <= (IS_SOAK ? 500 : 10); seed++) {
    assertEquals(
      clean(play(seed, 150)),
      clean(play(seed, 150)),
      `seed ${seed}`,
    );
  }
});

for (const waitMs of [0, 2_000]) {
  Deno.test(
    `MatchmakingQueue leaves nobody unmatched who could be ${
      waitMs === 0 ? "at once" : "beyond its patience"
    }, by brute force`,
    () => {
      let left = 0;
      for (let seed = 1; seed <= (IS_SOAK ? 3_000 : 60); seed++) {
        const random = new SeededRandom(seed);
        const [teams, teamSize] = pick(random, [[2, 2], [2, 3], [2, 5], [
          3,
          1,
        ]]);
        const mode: MatchMode = {
          teams: teams!,
          teamSize: teamSize!,
          rules: RULES,
          costs: {
            latency: pick(random, [0, 12]),
            asymmetry: pick(random, [0, 20]),
          },
          ...(waitMs > 0
            ? { patience: { waitMs, spreadPerTicket: 0.01 } }
            : {}),
        };
        const regions = pick(random, [[], ["eu", "us"]]);
        const queue = new MatchmakingQueue({
          modes: { ranked: mode },
          regions,
        });
        const known: KnownTicket[] = [];
        let now = 0;
        const modes = { ranked: mode };
        for (let round = 0; round < 4; round++) {
          for (let i = 0; i < 3; i++) {
            const { ttlMs: _, ...request } = randomRequest(
              random,
              modes,
              regions,
            );
            known.push({ id: enqueued(queue, request), request, arrived: now });
          }
          // Whoever may play now is looked at within a second, and another time where a
          // better match took somebody away.
          for (let i = 0; i < 3; i++) {
            queue.tick(1);
            now++;
          }
          const waiting = known.filter(({ id }) =>
            queue.ticket(id) !== undefined
          );
          left += waiting.length;
          for (const match of allowedMatches(waiting, mode, regions, now - 1)) {
            assert(
              match.every(({ arrived }) =>
                now - 1 - arrived < waitMs * 3 / 1_000
              ),
              `seed ${seed}: ${match.map(({ id }) => id)} at ${now} s`,
            );
          }
        }
      }
      assert(left > 100);
    },
  );
}

Deno.test("MatchmakingQueue has nobody in two matches, however many tickets", () => {
  let made = 0;
  for (let seed = 1; seed <= (IS_SOAK ? 3_000 : 60); seed++) {
    const random = new SeededRandom(seed);
    const acceptTimeoutMs = pick(random, [0, 3_000]);
    const queue = new MatchmakingQueue({
      modes: {
        any: { teams: 2, teamSize: 2, rules: RULES, costs: { latency: 0 } },
        patient: {
          teams: 2,
          teamSize: 2,
          rules: RULES,
          patience: { waitMs: 2_000, spreadPerTicket: 20 },
        },
        short: {
          teams: 4,
          teamSize: 2,
          rules: RULES,
          fewerTeams: { min: 2, afterMs: 3_000 },
        },
      },
      maxTicketsPerPlayer: 3,
      acceptTimeoutMs,
    });
    const players = Array.from({ length: 24 }, (_, i) => playerId(`p${i}`));
    const tickets = new Map<TicketId, readonly PlayerId[]>();
    const proposals = new Map<number, ProposedMatch>();
    const playersOf = ({ teams }: ProposedMatch): PlayerId[] =>
      teams.flatMap(({ parties }) => parties.flat());
    for (let step = 0; step < 120; step++) {
      const party = new Set([pick(random, players), pick(random, players)]);
      const result = queue.enqueue({
        players: [...party].map((player) => ({
          player,
          skill: 1000 + random.nextFloat() * 60,
        })),
        modes: pick(random, [
          ["any"],
          ["patient"],
          ["any", "patient"],
          ["short"],
          ["patient", "short"],
        ]),
      });
      if (result.isOk) tickets.set(result.value, [...party]);
      for (const match of step % 4 === 0 ? queue.tick(1) : []) {
        made++;
        if (acceptTimeoutMs > 0) proposals.set(match.id, match);
        else for (const ticket of ticketsOf(match)) tickets.delete(ticket);
        const own = playersOf(match);
        assertEquals(new Set(own).size, own.length, `seed ${seed}`);
      }
      if (proposals.size > 0 && random.nextFloat() < 0.3) {
        const match = pick(random, [...proposals.values()]);
        for (const player of playersOf(match)) queue.accept(match.id, player);
      }
      for (const event of queue.drainEvents()) {
        if (event.type === "ticketSuperseded") tickets.delete(event.ticket);
        else if (event.type === "matchConfirmed") {
          proposals.delete(event.match.id);
          for (const it of ticketsOf(event.match)) tickets.delete(it);
        } else if (event.type === "matchCancelled") {
          proposals.delete(event.match.id);
          for (const it of event.removed) tickets.delete(it);
        }
      }
      const reserved = [...proposals.values()].flatMap(playersOf);
      assertEquals(new Set(reserved).size, reserved.length, `seed ${seed}`);
      assertEquals(queue.size, tickets.size, `seed ${seed}, step ${step}`);
      for (const player of players) {
        const expected = [...tickets].filter(([, its]) => its.includes(player));
        assertEquals(
          queue.ticketsOf(player),
          expected.map(([ticket]) => ticket),
          `seed ${seed}, step ${step}`,
        );
      }
    }
  }
  assert(made > 200, `${made} matches`);
});
