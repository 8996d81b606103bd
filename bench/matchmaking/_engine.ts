// Our queue under the workload: how it is driven, and its matches by the tickets' numbers.
import { playerId } from "../../core/mod.ts";
import {
  MatchmakingQueue,
  type MatchMode,
  type TicketId,
  type TicketRequest,
} from "../../lobby/mod.ts";
import {
  type PlayedMatch,
  REGIONS,
  TEAM_SIZE,
  TEAMS,
  type Workload,
} from "../matchmaking_workload.ts";

const MODE = "ranked";
/** The rule profile that is measured. */
const RULES = {
  skillWindow: { initial: 50, final: 400, overMs: 35_000 },
  latencyWindow: { initial: 80, final: 200, overMs: 30_000 },
} as const;

/** What a run gave. */
export interface EngineRun {
  readonly matches: PlayedMatch[];
  /** Of each tick. */
  readonly tickMs: number[];
  readonly enqueueMs: number;
}

export type Tuning = Pick<MatchMode, "patience" | "costs">;

/** Has all tickets matched that come, second by second. */
export function runLive(
  workload: Workload,
  seconds: number,
  tuning: Tuning,
): EngineRun {
  const queue = makeQueue(tuning);
  const numbers = new Map<TicketId, number>();
  const run: EngineRun = { matches: [], tickMs: [], enqueueMs: 0 };
  let enqueueMs = 0;
  let next = 0;
  for (let at = 1; at <= seconds; at++) {
    // Time passes before this second's tickets are told of, so that they come with the
    // waits that they have, and not with a whole tick's.
    let startMs = performance.now();
    queue.tick(1, { work: 0 });
    let ms = performance.now() - startMs;
    startMs = performance.now();
    while (next < workload.count && workload.arrivals[next]! <= at) {
      enqueue(
        queue,
        requestOf(workload, next),
        next,
        at - workload.arrivals[next]!,
        numbers,
      );
      next++;
    }
    enqueueMs += performance.now() - startMs;
    startMs = performance.now();
    const matches = queue.tick(0);
    ms += performance.now() - startMs;
    run.tickMs.push(ms);
    for (const match of matches) {
      run.matches.push(played(match.region!, match.teams, at, numbers));
    }
  }
  return { ...run, enqueueMs };
}

/** Has all tickets matched that are there at once: one tick. */
export function runBatch(workload: Workload, tuning: Tuning): EngineRun {
  const queue = makeQueue(tuning);
  const numbers = new Map<TicketId, number>();
  let startMs = performance.now();
  for (let i = 0; i < workload.count; i++) {
    enqueue(queue, requestOf(workload, i), i, 0, numbers);
  }
  const enqueueMs = performance.now() - startMs;
  startMs = performance.now();
  const matches = queue.tick(0);
  const tickMs = [performance.now() - startMs];
  return {
    matches: matches.map(({ region, teams }) =>
      played(region!, teams, 0, numbers)
    ),
    tickMs,
    enqueueMs,
  };
}

function makeQueue(tuning: Tuning): MatchmakingQueue {
  return new MatchmakingQueue({
    modes: {
      [MODE]: { teams: TEAMS, teamSize: TEAM_SIZE, rules: RULES, ...tuning },
    },
    regions: REGIONS,
    maxTickets: 1 << 20,
  });
}

function enqueue(
  queue: MatchmakingQueue,
  request: TicketRequest,
  number: number,
  waited: number,
  numbers: Map<TicketId, number>,
): void {
  const result = queue.enqueue(
    waited === 0 ? request : { ...request, waitedMs: waited * 1000 },
  );
  if (!result.isOk) throw new Error(result.error.message);
  numbers.set(result.value, number);
}

function requestOf(workload: Workload, number: number): TicketRequest {
  const latenciesMs: Record<string, number> = {};
  for (let region = 0; region < REGIONS.length; region++) {
    latenciesMs[REGIONS[region]!] = workload
      .latencies[number * REGIONS.length + region]!;
  }
  return {
    modes: [MODE],
    players: Array.from({ length: workload.sizes[number]! }, (_, member) => ({
      player: playerId(`${number}/${member}`),
      skill: workload.memberSkills[number * TEAM_SIZE + member]!,
    })),
    latenciesMs,
  };
}

function played(
  region: string,
  teams: readonly { readonly tickets: readonly TicketId[] }[],
  at: number,
  numbers: Map<TicketId, number>,
): PlayedMatch {
  return {
    at,
    region: REGIONS.indexOf(region as typeof REGIONS[number]),
    teams: teams.map(({ tickets }) => tickets.map((it) => take(numbers, it))),
  };
}

/** Nothing is kept of who has played: what the bench holds is collected in the ticks, too. */
function take(numbers: Map<TicketId, number>, ticket: TicketId): number {
  const number = numbers.get(ticket)!;
  numbers.delete(ticket);
  return number;
}
