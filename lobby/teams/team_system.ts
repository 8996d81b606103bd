// This module is browser compatible.
import {
  checkInteger,
  type PlayerId,
  type Random,
  SecureRandom,
} from "../../core/mod.ts";
import { isTeamId, MAX_TEAMS, type TeamId } from "../team_id.ts";
import { divideEvenly } from "./_divide_evenly.ts";
import { costOf, isBetter, type TeamGroup } from "./_team_group.ts";
import { TeamAssignment } from "./team_assignment.ts";

/** Somebody who is to be in a team. */
export interface TeamMember {
  /** Who. */
  readonly player: PlayerId;
  /**
   * How strong, in any unit: from -1e9 to 1e9.
   *
   * @default {0}
   */
  readonly skill?: number;
  /** With whom the player came: members with the same text stay together. */
  readonly party?: string;
  /** In which team the player is, or wants to be. */
  readonly team?: TeamId;
}

/** A place in a team. */
export interface TeamSeat {
  /** Who. */
  readonly player: PlayerId;
  /** In which team. */
  readonly team: TeamId;
}

/** Options for {@linkcode TeamSystem}. */
export interface TeamSystemOptions {
  /** How many teams there are: 2 to 16. */
  readonly count: number;
  /**
   * How players come into them.
   *
   * @default {TeamAssignment.Auto}
   */
  readonly assignment?: TeamAssignment;
  /**
   * How many players a team has at most: 1 to 256.
   *
   * @default {256}
   */
  readonly maxSize?: number;
  /**
   * What `Random` draws from.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}

const MAX_MEMBERS = 4096;
const MAX_SKILL = 1e9;

/**
 * Divides players over teams. Parties are never divided, whatever the assignment.
 *
 * - **Auto**: the teams' numbers differ by one at most, unless parties force more; then
 *   the least possible. Of the divisions with those numbers it is the one in which the
 *   sums of skill differ least, between the strongest and the weakest team. That is
 *   exact for up to ten parties or single players, and for up to 24 in two teams;
 *   beyond, the difference is above the least possible by at most 1 % of the range from
 *   the weakest to the strongest player wherever the tests could find out.
 * - **Random**: by chance, with the numbers as equal as in Auto.
 * - **Manual**: who has a team stays in it. A party of which nobody has one goes where
 *   the fewest are, the rest of one after the first of it who has chosen.
 *
 * The same members in the same order give the same teams, but for what `random` says.
 *
 * @example Four players of unequal strength
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { TeamSystem } from "@tickwire/net/lobby";
 *
 * const teams = new TeamSystem({ count: 2 });
 * const seats = teams.assign([
 *   { player: playerId("ada"), skill: 2000 },
 *   { player: playerId("bob"), skill: 1900 },
 *   { player: playerId("cy"), skill: 1200 },
 *   { player: playerId("di"), skill: 1100 },
 * ]);
 * assertEquals(seats?.map(({ team }) => team), [0, 1, 1, 0]);
 * ```
 */
export class TeamSystem {
  readonly #count: number;
  readonly #assignment: TeamAssignment;
  readonly #maxSize: number;
  readonly #random: Random;

  /**
   * Creates a system of teams.
   *
   * @param options Its teams.
   * @throws {RangeError} If `count` or `maxSize` is outside its range, or `assignment` is
   * none.
   */
  constructor(options: TeamSystemOptions) {
    const {
      count,
      assignment = TeamAssignment.Auto,
      maxSize = 256,
      random = new SecureRandom(),
    } = options;
    this.#count = checkInteger("count", count, 2, MAX_TEAMS);
    this.#maxSize = checkInteger("maxSize", maxSize, 1, 256);
    if (!Object.values(TeamAssignment).includes(assignment)) {
      throw new RangeError(
        `Cannot use assignment as it must be "auto", "random" or "manual": current value is ${
          JSON.stringify(assignment)
        }`,
      );
    }
    this.#assignment = assignment;
    this.#random = random;
  }

  /**
   * Gives everybody a team.
   *
   * @param members Who: up to 4096, each once.
   * @returns Their teams, in the same order; `undefined` if no division was found that
   * keeps parties together and no team above `maxSize`.
   * @throws {RangeError} If there are too many, or a skill is outside its range.
   */
  assign(members: readonly TeamMember[]): TeamSeat[] | undefined {
    checkMembers(members);
    const teams = this.#assignment === TeamAssignment.Manual
      ? this.#placeManually(members)
      : this.#divide(members);
    return teams && members.map(({ player }, i) => ({
      player,
      team: teams[i] as TeamId,
    }));
  }

  /**
   * Finds what helps most when teams have become unequal, as after somebody left: one
   * player or party in another team, or if none of those helps, two in each other's. It
   * helps if the numbers become more equal, where they differ by more than one, or the
   * sums of skill do, without that the numbers differ by more than one for it.
   *
   * @param members Everybody, with the teams they are in. Members of a party are moved
   * together if they are in the same team.
   * @returns Who is to go where, in the order of the members: empty if nothing helps.
   * @throws {RangeError} If there are too many members, a skill is outside its range, or one
   * has no team or one that is not of these.
   */
  rebalance(members: readonly TeamMember[]): TeamSeat[] {
    checkMembers(members);
    for (const { team } of members) {
      if (!isTeamId(team) || team >= this.#count) {
        throw new RangeError(
          `Cannot rebalance teams as each member must be in a team below ${this.#count}: current value is ${team}`,
        );
      }
    }
    const groups = groupMembers(
      members,
      ({ party, team }) => party === undefined ? undefined : `${team} ${party}`,
    );
    const teams = groups.map(({ members: [first] }) => members[first!]!.team!);
    const moved = findMove(groups, teams, this.#count, this.#maxSize);
    const seats: (TeamSeat | undefined)[] = members.map(() => undefined);
    for (const [group, team] of moved) {
      for (const i of groups[group]!.members) {
        seats[i] = { player: members[i]!.player, team };
      }
    }
    return seats.filter((seat) => seat !== undefined);
  }

  #divide(members: readonly TeamMember[]): number[] | undefined {
    const groups = groupMembers(members, ({ party }) => party);
    const isRandom = this.#assignment === TeamAssignment.Random;
    // What chance weighs is divided like what skill weighs: the numbers come out equal,
    // and nobody is likelier than another to be with anybody.
    const weighed = isRandom
      ? groups.map((group) => ({ ...group, skill: this.#random.nextFloat() }))
      : groups;
    const divided = divideEvenly(weighed, this.#count, this.#maxSize);
    if (divided === undefined) return undefined;
    const names = isRandom ? this.#shuffledTeams() : undefined;
    const teams = new Array<number>(members.length);
    groups.forEach((group, i) => {
      const team = divided[i]!;
      for (const member of group.members) teams[member] = names?.[team] ?? team;
    });
    return teams;
  }

  #shuffledTeams(): number[] {
    const names = Array.from({ length: this.#count }, (_, i) => i);
    for (let i = names.length - 1; i > 0; i--) {
      const j = Math.floor(this.#random.nextFloat() * (i + 1));
      [names[i], names[j]] = [names[j]!, names[i]!];
    }
    return names;
  }

  #placeManually(members: readonly TeamMember[]): number[] | undefined {
    const sizes = new Int32Array(this.#count);
    const teams = members.map(({ team }) =>
      isTeamId(team) && team < this.#count ? team : undefined
    ) as (number | undefined)[];
    for (const team of teams) if (team !== undefined) sizes[team]!++;
    for (const group of groupMembers(members, ({ party }) => party)) {
      const open = group.members.filter((i) => teams[i] === undefined);
      if (open.length === 0) continue;
      const chosen = group.members.find((i) => teams[i] !== undefined);
      let to = chosen === undefined ? undefined : teams[chosen];
      if (to === undefined) {
        to = 0;
        for (let team = 1; team < sizes.length; team++) {
          if (sizes[team]! < sizes[to]!) to = team;
        }
      }
      for (const i of open) teams[i] = to;
      sizes[to]! += open.length;
    }
    if (sizes.some((size) => size > this.#maxSize)) return undefined;
    return teams as number[];
  }
}

function checkMembers(members: readonly TeamMember[]): void {
  if (members.length > MAX_MEMBERS) {
    throw new RangeError(
      `Cannot make teams as there must be at most ${MAX_MEMBERS} members: current value is ${members.length}`,
    );
  }
  for (const { skill = 0 } of members) {
    if (!(Math.abs(skill) <= MAX_SKILL)) {
      throw new RangeError(
        `Cannot make teams as skill must be from -${MAX_SKILL} to ${MAX_SKILL}: current value is ${skill}`,
      );
    }
  }
}

function groupMembers(
  members: readonly TeamMember[],
  partyOf: (member: TeamMember) => string | undefined,
): TeamGroup[] {
  const groups: { members: number[]; size: number; skill: number }[] = [];
  const byParty = new Map<string, typeof groups[0]>();
  members.forEach((member, i) => {
    const { skill = 0 } = member;
    const party = partyOf(member);
    const known = party === undefined ? undefined : byParty.get(party);
    if (known !== undefined) {
      known.members.push(i);
      known.size++;
      known.skill += skill;
      return;
    }
    const group = { members: [i], size: 1, skill };
    groups.push(group);
    if (party !== undefined) byParty.set(party, group);
  });
  return groups;
}

/** Finds the move, or else the exchange, after which teams are most equal. */
function findMove(
  groups: readonly TeamGroup[],
  teams: readonly TeamId[],
  count: number,
  maxSize: number,
): [group: number, team: TeamId][] {
  const sizes = new Array<number>(count).fill(0);
  const skills = new Array<number>(count).fill(0);
  groups.forEach(({ size, skill }, i) => {
    sizes[teams[i]!]! += size;
    skills[teams[i]!]! += skill;
  });
  let bestCost = costOf(sizes, skills, maxSize);
  let best: [number, TeamId][] = [];

  function consider(moves: [group: number, team: TeamId][]): void {
    const newSizes = sizes.slice();
    const newSkills = skills.slice();
    for (const [i, to] of moves) {
      const { size, skill } = groups[i]!;
      newSizes[teams[i]!]! -= size;
      newSkills[teams[i]!]! -= skill;
      newSizes[to]! += size;
      newSkills[to]! += skill;
    }
    const cost = costOf(newSizes, newSkills, maxSize);
    if (!isBetter(cost, bestCost)) return;
    bestCost = cost;
    best = moves;
  }

  for (let i = 0; i < groups.length; i++) {
    for (let team = 0; team < count; team++) {
      if (team !== teams[i]) consider([[i, team as TeamId]]);
    }
  }
  if (best.length > 0) return best;
  for (let i = 0; i < groups.length; i++) {
    for (let j = i + 1; j < groups.length; j++) {
      if (teams[i] !== teams[j]) consider([[i, teams[j]!], [j, teams[i]!]]);
    }
  }
  return best;
}
