// This module is browser compatible.
import { SeededRandom } from "../../core/mod.ts";
import { MAX_SPLIT, splitExactly } from "./_split_exactly.ts";
import {
  costOf,
  type DivisionCost,
  isBetter,
  type TeamGroup,
} from "./_team_group.ts";

/** Up to so many groups every division is tried: at most 115975, Bell's number of ten. */
const MAX_EXHAUSTIVE = 10;
/** How many steps the search takes at most where there are more. */
const MAX_STEPS = 100_000;
/** A spread of less than this part of the groups' range of skill is as good as none. */
const GOOD_ENOUGH = 1 / 1024;
/** How many groups of two teams are divided anew at once: 2 × 256 halves. */
const WINDOW = 16;
/** Beyond so many groups trying everything gets nowhere in any number of steps. */
const MAX_TRIED = 24;
/** From how many beginnings the search goes on. */
const STARTS = 32;
/** How much work dividing two teams anew takes beside its halves, in halves. */
const SPLIT_WORK = 64;
/** How much of it there is at most, from all beginnings together. */
const MAX_WORK = 128_000;

/** A division, and how good it is. */
interface Division {
  /** The team of each group. */
  readonly teams: Uint8Array;
  readonly cost: DivisionCost;
}

/**
 * Divides groups over teams so that first the numbers and then the skills are as equal
 * as they can be: exactly, for up to {@linkcode MAX_EXHAUSTIVE} groups, and for up to
 * {@linkcode MAX_SPLIT} over two teams; beyond, by a search that ends after a number of
 * steps. The same input gives the same division.
 *
 * @param groups The groups.
 * @param teamCount How many teams: 2 to 16.
 * @param maxSize How many players a team has at most.
 * @returns The team of each group; `undefined` if none was found that keeps `maxSize`.
 */
export function divideEvenly(
  groups: readonly TeamGroup[],
  teamCount: number,
  maxSize: number,
): Uint8Array | undefined {
  const best = groups.length <= MAX_EXHAUSTIVE
    ? searchAll(groups, teamCount, maxSize, undefined, Infinity)
    : teamCount === 2 && groups.length <= MAX_SPLIT
    ? splitInTwo(groups, maxSize)
    : search(groups, teamCount, maxSize);
  return best.cost.overflow === 0 ? best.teams : undefined;
}

function search(
  groups: readonly TeamGroup[],
  teamCount: number,
  maxSize: number,
): Division {
  const skills = groups.map(({ skill }) => skill);
  const goodSpread = (Math.max(...skills) - Math.min(...skills)) * GOOD_ENOUGH;
  const near = searchNear(groups, teamCount, maxSize, goodSpread);
  return isGood(near, goodSpread) || groups.length > MAX_TRIED
    ? near
    : searchAll(groups, teamCount, maxSize, near, MAX_STEPS);
}

function isGood({ cost }: Division, goodSpread: number): boolean {
  return cost.overflow === 0 && cost.sizeSpread === 1 &&
    cost.skillSpread <= goodSpread;
}

function splitInTwo(groups: readonly TeamGroup[], maxSize: number): Division {
  const mask = splitExactly(groups, 0, 0);
  const teams = new Uint8Array(groups.length);
  for (let i = 0; i < teams.length; i++) teams[i] = (mask >> i & 1) ^ 1;
  return { teams, cost: measure(groups, teams, 2, maxSize) };
}

/**
 * Tries every division, one of each that differ in the teams' numbers alone, or as many
 * as so many steps allow.
 */
function searchAll(
  groups: readonly TeamGroup[],
  teamCount: number,
  maxSize: number,
  known: Division | undefined,
  maxSteps: number,
): Division {
  const players = groups.reduce((sum, { size }) => sum + size, 0);
  const teams = new Uint8Array(groups.length);
  const sizes = new Int32Array(teamCount);
  const skills = new Float64Array(teamCount);
  let best = known;
  let steps = 0;

  // Large groups first: they leave the fewest ways open.
  const order = groups.map((_, i) => i).sort((a, b) =>
    groups[b]!.size - groups[a]!.size || groups[b]!.skill - groups[a]!.skill ||
    a - b
  );

  function place(at: number, used: number): void {
    if (steps++ >= maxSteps) return;
    if (at === order.length) {
      const cost = costOf(sizes, skills, maxSize);
      if (best === undefined || isBetter(cost, best.cost)) {
        best = { teams: teams.slice(), cost };
      }
      return;
    }
    const index = order[at]!;
    const { size, skill } = groups[index]!;
    // A team nobody is in yet is like every other such team.
    const open = Math.min(used + 1, teamCount);
    for (let team = 0; team < open; team++) {
      const size0 = sizes[team]!;
      const skill0 = skills[team]!;
      if (isHopeless(size0 + size)) continue;
      sizes[team] = size0 + size;
      skills[team] = skill0 + skill;
      teams[index] = team;
      place(at + 1, Math.max(used, team + 1));
      sizes[team] = size0;
      // Put back, not subtracted: that would round.
      skills[team] = skill0;
    }
  }

  /** Whether a team of this size makes the numbers more unequal than is known to do. */
  function isHopeless(size: number): boolean {
    if (best === undefined || best.cost.overflow > 0) return false;
    if (size > maxSize) return true;
    const least = Math.floor((players - size) / (teamCount - 1));
    return size - least > best.cost.sizeSpread;
  }

  place(0, 0);
  return best!;
}

/**
 * Looks for a good division from several beginnings: two teams at a time are divided
 * anew, exactly, with as many of their groups as that can be done for, until it helps
 * no more.
 */
function searchNear(
  groups: readonly TeamGroup[],
  teamCount: number,
  maxSize: number,
  goodSpread: number,
): Division {
  // It decides where to look and nothing else; a constant keeps the answer the same.
  const random = new SeededRandom(1);
  let workLeft = MAX_WORK;

  /** Divides the two most unequal teams anew that can be more equal, if there are any. */
  function improveOnce(teams: Uint8Array): boolean {
    for (const [a, b] of unequalPairs(groups, teams, teamCount, goodSpread)) {
      if (workLeft <= 0) return false;
      const pair = pairOf(groups, teams, a, b);
      const count = Math.min(WINDOW, pair.both.length);
      workLeft -= SPLIT_WORK + 2 * 2 ** (count / 2);
      if (improvePair(groups, teams, pair, random)) return true;
    }
    return false;
  }

  let best: Division | undefined;
  for (let start = 0; start < STARTS && workLeft > 0; start++) {
    const teams = placeGreedily(groups, teamCount, random, start > 0);
    while (improveOnce(teams));
    const cost = measure(groups, teams, teamCount, maxSize);
    if (best === undefined || isBetter(cost, best.cost)) best = { teams, cost };
    if (isGood(best, goodSpread)) break;
  }
  return best!;
}

/** The largest groups first, the stronger first of those, each to where the fewest are. */
function placeGreedily(
  groups: readonly TeamGroup[],
  teamCount: number,
  random: SeededRandom,
  isShuffled: boolean,
): Uint8Array {
  const teams = new Uint8Array(groups.length);
  const sizes = new Int32Array(teamCount);
  const skills = new Float64Array(teamCount);
  const keys = groups.map(({ skill }) =>
    isShuffled ? random.nextFloat() : skill
  );
  const order = groups.map((_, i) => i).sort((a, b) =>
    groups[b]!.size - groups[a]!.size || keys[b]! - keys[a]! || a - b
  );
  for (const index of order) {
    let to = 0;
    for (let team = 1; team < teamCount; team++) {
      if (
        sizes[team]! < sizes[to]! ||
        sizes[team] === sizes[to] && skills[team]! < skills[to]!
      ) to = team;
    }
    teams[index] = to;
    sizes[to]! += groups[index]!.size;
    skills[to]! += groups[index]!.skill;
  }
  return teams;
}

/** Every two teams that could be more equal, the most unequal first. */
function unequalPairs(
  groups: readonly TeamGroup[],
  teams: Uint8Array,
  teamCount: number,
  goodSpread: number,
): [a: number, b: number][] {
  const { sizes, skills } = addUp(groups, teams, teamCount);
  const pairs: { a: number; b: number; size: number; skill: number }[] = [];
  for (let a = 0; a < teamCount; a++) {
    for (let b = a + 1; b < teamCount; b++) {
      const size = Math.max(1, Math.abs(sizes[a]! - sizes[b]!));
      const skill = Math.abs(skills[a]! - skills[b]!);
      if (size > 1 || skill > goodSpread) pairs.push({ a, b, size, skill });
    }
  }
  pairs.sort((p, q) => q.size - p.size || q.skill - p.skill);
  return pairs.map(({ a, b }) => [a, b]);
}

/** Two teams, and by how much the first is ahead. */
interface Pair {
  readonly a: number;
  readonly b: number;
  /** The groups that are in either. */
  readonly both: number[];
  readonly sizeAhead: number;
  readonly skillAhead: number;
}

function pairOf(
  groups: readonly TeamGroup[],
  teams: Uint8Array,
  a: number,
  b: number,
): Pair {
  const both: number[] = [];
  let sizeAhead = 0;
  let skillAhead = 0;
  for (let i = 0; i < teams.length; i++) {
    if (teams[i] !== a && teams[i] !== b) continue;
    const sign = teams[i] === a ? 1 : -1;
    both.push(i);
    sizeAhead += sign * groups[i]!.size;
    skillAhead += sign * groups[i]!.skill;
  }
  return { a, b, both, sizeAhead, skillAhead };
}

function improvePair(
  groups: readonly TeamGroup[],
  teams: Uint8Array,
  pair: Pair,
  random: SeededRandom,
): boolean {
  const { a, b, both, sizeAhead, skillAhead } = pair;
  // Those that are divided anew come first.
  const count = Math.min(WINDOW, both.length);
  if (both.length > WINDOW) {
    for (let i = 0; i < count; i++) {
      const j = i + Math.floor(random.nextFloat() * (both.length - i));
      const index = both[i]!;
      both[i] = both[j]!;
      both[j] = index;
    }
  }
  const window = both.slice(0, count).map((index) => groups[index]!);
  let restSize = 0;
  let restSkill = 0;
  for (let i = count; i < both.length; i++) {
    const { size, skill } = groups[both[i]!]!;
    const sign = teams[both[i]!] === a ? 1 : -1;
    restSize += sign * size;
    restSkill += sign * skill;
  }
  const mask = splitExactly(window, restSize, restSkill);
  let newSize = restSize;
  let newSkill = restSkill;
  for (let i = 0; i < count; i++) {
    const sign = mask >> i & 1 ? 1 : -1;
    newSize += sign * window[i]!.size;
    newSkill += sign * window[i]!.skill;
  }
  // The same skills added in another order may differ by their rounding: that is no
  // improvement, and would go on for ever.
  const isBetterSplit = Math.abs(newSize) < Math.abs(sizeAhead) ||
    Math.abs(newSize) === Math.abs(sizeAhead) &&
      Math.abs(newSkill) < Math.abs(skillAhead) * (1 - 1e-9);
  if (!isBetterSplit) return false;
  for (let i = 0; i < count; i++) teams[both[i]!] = mask >> i & 1 ? a : b;
  return true;
}

function measure(
  groups: readonly TeamGroup[],
  teams: Uint8Array,
  teamCount: number,
  maxSize: number,
): DivisionCost {
  const { sizes, skills } = addUp(groups, teams, teamCount);
  return costOf(sizes, skills, maxSize);
}

function addUp(
  groups: readonly TeamGroup[],
  teams: Uint8Array,
  teamCount: number,
): { sizes: Int32Array; skills: Float64Array } {
  const sizes = new Int32Array(teamCount);
  const skills = new Float64Array(teamCount);
  for (let i = 0; i < teams.length; i++) {
    sizes[teams[i]!]! += groups[i]!.size;
    skills[teams[i]!]! += groups[i]!.skill;
  }
  return { sizes, skills };
}
