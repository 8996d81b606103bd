// What our queue is measured beside: two plain matchers, as they are written in an afternoon. Both keep the rules.
import {
  latencyWindow,
  type PlayedMatch,
  REGIONS,
  skillWindow,
  TEAM_SIZE,
  TEAMS,
  type Workload,
} from "../matchmaking_workload.ts";

/** Makes matches of the tickets that wait. */
export type Peer = (
  workload: Workload,
  waiting: readonly number[],
  now: number,
) => PlayedMatch[];

/** A match that is being filled: tickets that fit are taken as they come. */
class Filling {
  readonly region: number;
  readonly teams: number[][] = Array.from({ length: TEAMS }, () => []);
  readonly #workload: Workload;
  readonly #now: number;
  readonly #left = new Array<number>(TEAMS).fill(TEAM_SIZE);
  readonly #tickets: number[] = [];

  constructor(workload: Workload, region: number, now: number) {
    this.#workload = workload;
    this.region = region;
    this.#now = now;
  }

  /** Takes a ticket if the rules and the teams' seats allow it; says whether the match is full. */
  take(ticket: number): boolean {
    const { sizes, latencies, skills, arrivals } = this.#workload;
    const wait = this.#now - arrivals[ticket]!;
    const ms = latencies[ticket * REGIONS.length + this.region]!;
    if (ms > latencyWindow(wait)) return false;
    const own = skillWindow(wait);
    for (const other of this.#tickets) {
      const theirs = skillWindow(this.#now - arrivals[other]!);
      const gap = Math.abs(skills[ticket]! - skills[other]!);
      if (gap > Math.min(own, theirs)) return false;
    }
    const team = this.#teamFor(sizes[ticket]!);
    if (team < 0) return false;
    this.#left[team]! -= sizes[ticket]!;
    this.teams[team]!.push(ticket);
    this.#tickets.push(ticket);
    return this.#left.every((seats) => seats === 0);
  }

  /** The team with the fewest seats that are enough. */
  #teamFor(size: number): number {
    let best = -1;
    for (let team = 0; team < TEAMS; team++) {
      const left = this.#left[team]!;
      if (left >= size && (best < 0 || left < this.#left[best]!)) best = team;
    }
    return best;
  }
}

/**
 * Each ticket, the oldest first, is compared with all others in its nearest region, and
 * filled up with those whose skill is the closest: O(n²).
 */
export function matchNaively(
  workload: Workload,
  waiting: readonly number[],
  now: number,
): PlayedMatch[] {
  const { skills, latencies, arrivals } = workload;
  const taken = new Set<number>();
  const matches: PlayedMatch[] = [];
  for (const first of waiting) {
    if (taken.has(first)) continue;
    const region = nearestRegion(workload, first);
    const filling = new Filling(workload, region, now);
    const gapTo = (other: number): number =>
      Math.abs(skills[other]! - skills[first]!);
    const others = waiting.filter((other) => {
      const wait = now - arrivals[other]!;
      return other !== first && !taken.has(other) &&
        latencies[other * REGIONS.length + region]! <= latencyWindow(wait) &&
        gapTo(other) <=
          Math.min(skillWindow(wait), skillWindow(now - arrivals[first]!));
    }).sort((a, b) => gapTo(a) - gapTo(b));
    filling.take(first);
    if (!others.some((other) => filling.take(other))) continue;
    for (const ticket of filling.teams.flat()) taken.add(ticket);
    matches.push({ at: now, region, teams: filling.teams });
  }
  return matches;
}

/** Sorted by skill, region by region; each ticket that is left is filled up with those that follow it. */
export function matchSorted(
  workload: Workload,
  waiting: readonly number[],
  now: number,
): PlayedMatch[] {
  const { skills, arrivals } = workload;
  const lists: number[][] = REGIONS.map(() => []);
  for (const ticket of waiting) {
    lists[nearestRegion(workload, ticket)]!.push(ticket);
  }
  const matches: PlayedMatch[] = [];
  for (let region = 0; region < lists.length; region++) {
    const list = lists[region]!.sort((a, b) => skills[a]! - skills[b]!);
    const taken = new Uint8Array(list.length);
    for (let i = 0; i < list.length; i++) {
      if (taken[i] === 1) continue;
      const first = list[i]!;
      const limit = skills[first]! + skillWindow(now - arrivals[first]!);
      const filling = new Filling(workload, region, now);
      filling.take(first);
      for (let j = i + 1; j < list.length && skills[list[j]!]! <= limit; j++) {
        if (taken[j] === 1 || !filling.take(list[j]!)) continue;
        const used = new Set(filling.teams.flat());
        for (let k = i; k <= j; k++) if (used.has(list[k]!)) taken[k] = 1;
        matches.push({ at: now, region, teams: filling.teams });
        break;
      }
    }
  }
  return matches;
}

/** Has a peer match all tickets that come, second by second. */
export function runPeerLive(
  peer: Peer,
  workload: Workload,
  seconds: number,
): { readonly matches: PlayedMatch[]; readonly tickMs: number[] } {
  const matches: PlayedMatch[] = [];
  const tickMs: number[] = [];
  let waiting: number[] = [];
  let next = 0;
  for (let at = 1; at <= seconds; at++) {
    while (next < workload.count && workload.arrivals[next]! <= at) {
      waiting.push(next++);
    }
    const startMs = performance.now();
    const made = peer(workload, waiting, at);
    const taken = new Set(made.flatMap(({ teams }) => teams.flat()));
    waiting = waiting.filter((ticket) => !taken.has(ticket));
    tickMs.push(performance.now() - startMs);
    for (const match of made) matches.push(match);
  }
  return { matches, tickMs };
}

function nearestRegion({ latencies }: Workload, ticket: number): number {
  const from = ticket * REGIONS.length;
  let nearest = 0;
  for (let region = 1; region < REGIONS.length; region++) {
    if (latencies[from + region]! < latencies[from + nearest]!) {
      nearest = region;
    }
  }
  return nearest;
}
