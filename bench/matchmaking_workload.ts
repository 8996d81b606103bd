// The seeded workload of matchmaking: 5v5, parties of 1 to 5 that are never split, skill N(1500, 350), eight regions with
// a fixed matrix of round trips and a log-normal last mile; all at once, or by Poisson arrivals. The same seed gives the
// same tickets.
import { type Random, SeededRandom } from "../core/mod.ts";

/** Players of a team, and teams of a match. */
export const TEAM_SIZE = 5;
export const TEAMS = 2;
/** Shares of parties of 1, 2, 3, 4 and 5 players. */
const PARTY_SHARES = [0.55, 0.20, 0.12, 0.06, 0.07] as const;
const SKILL_MEAN = 1500;
const SKILL_DEVIATION = 350;
/** A member's skill is within this of the party's. */
const MEMBER_SPREAD = 120;
/** Beyond this of the mean a ticket counts as one of the tail. */
export const TAIL_DISTANCE = 700;
/** Median of the last mile's round trip, and the deviation of its logarithm. */
const LAST_MILE_MS = 15;
const LAST_MILE_LOG_DEVIATION = 0.6;

/** Where players live, in equal shares, and matches are played. */
export const REGIONS = [
  "us-east",
  "us-west",
  "sa-east",
  "eu-west",
  "eu-central",
  "ap-southeast",
  "ap-northeast",
  "oceania",
] as const;

/** Round trips between the regions' data centres in ms, as clouds have them; the diagonal is the way inside a region. */
export const REGION_RTT_MS: readonly (readonly number[])[] = [
  [8, 68, 115, 70, 90, 215, 160, 200],
  [68, 8, 175, 128, 146, 165, 98, 140],
  [115, 175, 8, 180, 202, 325, 258, 312],
  [70, 128, 180, 8, 26, 178, 205, 258],
  [90, 146, 202, 26, 8, 160, 228, 250],
  [215, 165, 325, 178, 160, 8, 70, 93],
  [160, 98, 258, 205, 228, 70, 8, 105],
  [200, 140, 312, 258, 250, 93, 105, 8],
];

/** Tickets as columns: what matchers and the evaluator read. */
export interface Workload {
  readonly count: number;
  /** Players of each ticket, 1 to 5. */
  readonly sizes: Uint8Array;
  /** Mean skill of each ticket's members. */
  readonly skills: Float64Array;
  /** Five places a ticket: the skills of its members. */
  readonly memberSkills: Float64Array;
  /** Eight places a ticket: the worst member's round trip to each region, whole ms. */
  readonly latencies: Uint16Array;
  /** Region each ticket's players live in. */
  readonly homes: Uint8Array;
  /** When each ticket arrives, in seconds; never falls. */
  readonly arrivals: Float64Array;
}

/** Tickets that are all there at once. */
export function batchWorkload(seed: number, count: number): Workload {
  return draw(new SeededRandom(seed), new Float64Array(count));
}

/** Tickets that arrive one by one, the gaps between them exponential. */
export function liveWorkload(
  seed: number,
  perSecond: number,
  seconds: number,
): Workload {
  const random = new SeededRandom(seed);
  const arrivals: number[] = [];
  let at = 0;
  while (true) {
    at -= Math.log(1 - random.nextFloat()) / perSecond;
    if (at >= seconds) break;
    arrivals.push(at);
  }
  return draw(random, Float64Array.from(arrivals));
}

function draw(random: Random, arrivals: Float64Array): Workload {
  const count = arrivals.length;
  const regions = REGIONS.length;
  const sizes = new Uint8Array(count);
  const skills = new Float64Array(count);
  const memberSkills = new Float64Array(count * TEAM_SIZE);
  const latencies = new Uint16Array(count * regions);
  const homes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const size = drawPartySize(random);
    const skill = SKILL_MEAN + SKILL_DEVIATION * normal(random);
    const home = Math.floor(random.nextFloat() * regions);
    let sum = 0;
    let lastMile = 0;
    for (let member = 0; member < size; member++) {
      // Skill of one player alone is the party's.
      const off = size === 1 ? 0 : (random.nextFloat() * 2 - 1) * MEMBER_SPREAD;
      memberSkills[i * TEAM_SIZE + member] = skill + off;
      sum += skill + off;
      const ms = LAST_MILE_MS *
        Math.exp(LAST_MILE_LOG_DEVIATION * normal(random));
      lastMile = Math.max(lastMile, ms);
    }
    for (let region = 0; region < regions; region++) {
      latencies[i * regions + region] = Math.round(
        REGION_RTT_MS[home]![region]! + lastMile,
      );
    }
    sizes[i] = size;
    skills[i] = sum / size;
    homes[i] = home;
  }
  return { count, sizes, skills, memberSkills, latencies, homes, arrivals };
}

function drawPartySize(random: Random): number {
  let left = random.nextFloat();
  for (let i = 0; i < PARTY_SHARES.length; i++) {
    left -= PARTY_SHARES[i]!;
    if (left < 0) return i + 1;
  }
  return PARTY_SHARES.length;
}

/** Box and Muller's normal deviate. */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  return radius * Math.cos(2 * Math.PI * random.nextFloat());
}

/** A match that a matcher made, its tickets by their numbers. */
export interface PlayedMatch {
  /** When, in seconds. */
  readonly at: number;
  readonly region: number;
  readonly teams: readonly (readonly number[])[];
}

/** What a matcher's matches are like. */
export interface Evaluation {
  readonly matches: number;
  /** Share of the counted tickets that had a match. */
  readonly matched: number;
  /** Mean of the matches' differences between the highest and the lowest skill of their tickets. */
  readonly spread: number;
  readonly spreadP95: number;
  /** The same between their players: parties have one of their own, which no matcher can change. */
  readonly memberSpread: number;
  readonly waitP50: number;
  readonly waitP95: number;
  /** 95th percentile of the tickets beyond {@linkcode TAIL_DISTANCE}. */
  readonly tailWaitP95: number;
  readonly latencyP50: number;
  readonly latencyP95: number;
  /** Share of the matches whose teams' largest parties are not of one size. */
  readonly asymmetry: number;
  /** Mean difference of the teams' mean skills. */
  readonly teamGap: number;
  readonly violations: number;
}

/** Which tickets and matches count: those of the beginning and the end would tell of an empty queue. */
export interface EvaluationWindow {
  readonly from: number;
  readonly to: number;
}

/** How far two tickets' skills may be apart after a wait, in seconds. */
export function skillWindow(wait: number): number {
  return Math.min(50 + 10 * wait, 400);
}

/** How far away a region may be after a wait, in ms. */
export function latencyWindow(wait: number): number {
  return Math.min(80 + 4 * wait, 200);
}

/** Waits are sums of ticks: they may be off by so many seconds. */
const EPSILON = 1e-6;

/**
 * Judges matches by the tickets alone. A ticket that had no match by the end of the window
 * counts as waiting until `at` of the last match.
 */
export function evaluate(
  workload: Workload,
  matches: readonly PlayedMatch[],
  { from, to }: EvaluationWindow,
): Evaluation {
  const { count, sizes, skills, latencies, arrivals } = workload;
  const regions = REGIONS.length;
  const uses = new Uint8Array(count);
  const matchedAt = new Float64Array(count).fill(Infinity);
  const spreads: number[] = [];
  const memberSpreads: number[] = [];
  const gaps: number[] = [];
  const playedMs: number[] = [];
  let violations = 0;
  let asymmetric = 0;
  let end = 0;
  for (const match of matches) {
    end = Math.max(end, match.at);
    const tickets = match.teams.flat();
    violations += violationsOf(workload, match, uses);
    for (const ticket of tickets) matchedAt[ticket] = match.at;
    if (match.at < from || match.at > to) continue;
    spreads.push(rangeOf(tickets.map((it) => skills[it]!)));
    const teams = match.teams.map((team) => membersOf(workload, team));
    memberSpreads.push(rangeOf(teams.flat()));
    gaps.push(rangeOf(teams.map(meanOf)));
    const largest = match.teams.map((team) =>
      Math.max(...team.map((it) => sizes[it]!))
    );
    if (new Set(largest).size > 1) asymmetric++;
    for (const ticket of tickets) {
      playedMs.push(latencies[ticket * regions + match.region]!);
    }
  }
  const waits: number[] = [];
  const tailWaits: number[] = [];
  let counted = 0;
  let matched = 0;
  for (let ticket = 0; ticket < count; ticket++) {
    const arrival = arrivals[ticket]!;
    if (arrival < from || arrival > to) continue;
    counted++;
    if (matchedAt[ticket]! < Infinity) matched++;
    const wait = Math.min(matchedAt[ticket]!, end) - arrival;
    waits.push(wait);
    if (Math.abs(skills[ticket]! - SKILL_MEAN) > TAIL_DISTANCE) {
      tailWaits.push(wait);
    }
  }
  return {
    matches: spreads.length,
    matched: matched / counted,
    spread: meanOf(spreads),
    spreadP95: quantileOf(spreads, 0.95),
    memberSpread: meanOf(memberSpreads),
    waitP50: quantileOf(waits, 0.5),
    waitP95: quantileOf(waits, 0.95),
    tailWaitP95: quantileOf(tailWaits, 0.95),
    latencyP50: quantileOf(playedMs, 0.5),
    latencyP95: quantileOf(playedMs, 0.95),
    asymmetry: asymmetric / spreads.length,
    teamGap: meanOf(gaps),
    violations,
  };
}

/** Counts broken rules: each pair, each latency, each team, each ticket used twice or before it came. */
function violationsOf(
  { sizes, skills, latencies, arrivals }: Workload,
  { at, region, teams }: PlayedMatch,
  uses: Uint8Array,
): number {
  let violations = teams.length === TEAMS ? 0 : 1;
  for (const team of teams) {
    let players = 0;
    for (const ticket of team) players += sizes[ticket]!;
    if (players !== TEAM_SIZE) violations++;
  }
  const tickets = teams.flat();
  for (let i = 0; i < tickets.length; i++) {
    const ticket = tickets[i]!;
    if (uses[ticket]!++ > 0) violations++;
    const wait = at - arrivals[ticket]! + EPSILON;
    if (wait < 0) violations++;
    const ms = latencies[ticket * REGIONS.length + region]!;
    if (ms > latencyWindow(wait)) violations++;
    for (let j = 0; j < i; j++) {
      const other = tickets[j]!;
      const limit = Math.min(
        skillWindow(wait),
        skillWindow(at - arrivals[other]! + EPSILON),
      );
      if (Math.abs(skills[ticket]! - skills[other]!) > limit) violations++;
    }
  }
  return violations;
}

/**
 * The mean spread that there is if tickets are sorted by skill and cut into tens of players,
 * parties too: among all, and among those who live in one region.
 */
export function sortedBounds(
  { count, sizes, skills, homes }: Workload,
): { readonly everywhere: number; readonly byRegion: number } {
  const sorted = Array.from({ length: count }, (_, i) => i)
    .sort((a, b) => skills[a]! - skills[b]!);
  const byRegion = REGIONS.flatMap((_, region) =>
    cutIntoTens(sorted.filter((it) => homes[it] === region))
  );
  return {
    everywhere: meanOf(cutIntoTens(sorted)),
    byRegion: meanOf(byRegion),
  };

  function cutIntoTens(tickets: readonly number[]): number[] {
    const spreads: number[] = [];
    let players = 0;
    let lowest = 0;
    for (const ticket of tickets) {
      if (players === 0) lowest = skills[ticket]!;
      players += sizes[ticket]!;
      if (players < TEAMS * TEAM_SIZE) continue;
      players -= TEAMS * TEAM_SIZE;
      spreads.push(skills[ticket]! - lowest);
      lowest = skills[ticket]!;
    }
    return spreads;
  }
}

function membersOf(
  { sizes, memberSkills }: Workload,
  team: readonly number[],
): number[] {
  return team.flatMap((ticket) => [
    ...memberSkills.subarray(
      ticket * TEAM_SIZE,
      ticket * TEAM_SIZE + sizes[ticket]!,
    ),
  ]);
}

function rangeOf(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, it) => sum + it, 0) / values.length;
}

function quantileOf(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ??
    NaN;
}
