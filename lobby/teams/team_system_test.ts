import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { playerId, SeededRandom } from "../../core/mod.ts";
import { type TeamId, teamId } from "../team_id.ts";
import { type TeamMember, type TeamSeat, TeamSystem } from "./team_system.ts";
import { TeamAssignment } from "./team_assignment.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

interface Drawn {
  readonly members: TeamMember[];
  readonly range: number;
}

/** Players of whom some are in parties, with skills as people have them. */
function draw(
  random: SeededRandom,
  count: number,
  partyChance: number,
  isWhole: boolean,
): Drawn {
  const members: TeamMember[] = [];
  for (let i = 0; i < count;) {
    const isParty = random.nextFloat() < partyChance;
    const size = isParty
      ? Math.min(count - i, 2 + Math.floor(random.nextFloat() * 3))
      : 1;
    for (let j = 0; j < size; j++) {
      const skill = 1500 + 700 * (random.nextFloat() + random.nextFloat() - 1);
      const member = {
        player: playerId(`p${i + j}`),
        skill: isWhole ? Math.round(skill) : skill,
      };
      members.push(isParty ? { ...member, party: `party ${i}` } : member);
    }
    i += size;
  }
  const skills = members.map(({ skill }) => skill!);
  return { members, range: Math.max(...skills) - Math.min(...skills) };
}

interface Measured {
  readonly sizeSpread: number;
  readonly skillSpread: number;
}

/** Written anew, so that it shares nothing with what it judges. */
function measure(
  members: readonly TeamMember[],
  teams: readonly number[],
  count: number,
): Measured {
  const sizes = new Array<number>(count).fill(0);
  const skills = new Array<number>(count).fill(0);
  for (let i = 0; i < members.length; i++) {
    sizes[teams[i]!]! += 1;
    skills[teams[i]!]! += members[i]!.skill ?? 0;
  }
  return {
    sizeSpread: Math.max(1, Math.max(...sizes) - Math.min(...sizes)),
    skillSpread: Math.max(...skills) - Math.min(...skills),
  };
}

/** Tries every division there is, parties together. */
function bruteForce(
  members: readonly TeamMember[],
  count: number,
): Measured {
  const firstOf = members.map(({ party }, i) =>
    party === undefined ? i : members.findIndex((m) => m.party === party)
  );
  const teams = new Array<number>(members.length).fill(0);
  let best: Measured = { sizeSpread: Infinity, skillSpread: Infinity };
  const at = (i: number): void => {
    if (i === members.length) {
      const found = measure(members, teams, count);
      if (
        found.sizeSpread < best.sizeSpread ||
        found.sizeSpread === best.sizeSpread &&
          found.skillSpread < best.skillSpread
      ) best = found;
      return;
    }
    if (firstOf[i]! < i) {
      teams[i] = teams[firstOf[i]!]!;
      at(i + 1);
      return;
    }
    // The first of all is in the first team: which team is which does not matter.
    for (let team = 0; team < (i === 0 ? 1 : count); team++) {
      teams[i] = team;
      at(i + 1);
    }
  };
  at(0);
  return best;
}

function teamsOf(seats: readonly TeamSeat[] | undefined): number[] {
  assert(seats !== undefined);
  return seats.map(({ team }) => team);
}

function assertPartiesTogether(
  members: readonly TeamMember[],
  teams: readonly number[],
  message: string,
): void {
  const byParty = new Map<string, number>();
  members.forEach(({ party }, i) => {
    if (party === undefined) return;
    assertEquals(byParty.get(party) ?? teams[i], teams[i], message);
    byParty.set(party, teams[i]!);
  });
}

function assertBest(
  seed: number,
  playerCount: number,
  teamCount: number,
  partyChance: number,
  /** How much of the range of skills may be missing to the best. */
  slack: number,
): void {
  const random = new SeededRandom(seed);
  const isWhole = seed % 2 === 0;
  const { members, range } = draw(random, playerCount, partyChance, isWhole);
  const message =
    `seed ${seed}: ${playerCount} players, ${teamCount} teams, parties ${partyChance}`;
  const teams = teamsOf(new TeamSystem({ count: teamCount }).assign(members));
  assertPartiesTogether(members, teams, message);
  const found = measure(members, teams, teamCount);
  const best = bruteForce(members, teamCount);
  assertEquals(found.sizeSpread, best.sizeSpread, message);
  // Sums in another order may differ by their rounding.
  assert(
    found.skillSpread <= best.skillSpread + range * slack + 1e-6,
    `${message}: ${found.skillSpread} instead of ${best.skillSpread}`,
  );
}

Deno.test("TeamSystem.assign() finds the least difference for up to ten players, as trying everything does", () => {
  const runs = IS_SOAK ? 400 : 15;
  let seed = 1;
  for (let run = 0; run < runs; run++) {
    for (const partyChance of [0, 0.4]) {
      for (const playerCount of [2, 3, 5, 7, 8, 9, 10]) {
        assertBest(seed++, playerCount, 2, partyChance, 0);
      }
      for (const playerCount of [4, 6, 8]) {
        assertBest(seed++, playerCount, 3, partyChance, 0);
      }
      assertBest(seed++, 7, 4, partyChance, 0);
    }
  }
});

Deno.test("TeamSystem.assign() finds the least difference for two teams of more than ten too", () => {
  const runs = IS_SOAK ? 60 : 3;
  let seed = 10_001;
  for (let run = 0; run < runs; run++) {
    for (const partyChance of [0, 0.3]) {
      for (const playerCount of [11, 12, 14, 15]) {
        assertBest(seed++, playerCount, 2, partyChance, 0);
      }
    }
  }
});

Deno.test("TeamSystem.assign() comes within 1 % of the range of skills for three and four teams of more than ten", () => {
  const runs = IS_SOAK ? 8 : 1;
  let seed = 20_001;
  for (let run = 0; run < runs; run++) {
    for (const partyChance of [0, 0.3]) {
      for (const playerCount of IS_SOAK ? [11, 12, 13] : [11, 12]) {
        assertBest(seed++, playerCount, 3, partyChance, 0.01);
      }
      if (IS_SOAK) assertBest(seed++, 12, 4, partyChance, 0.01);
    }
  }
});

Deno.test("TeamSystem.assign() leaves large teams within 1 % of the range of skills of each other", () => {
  let seed = 30_001;
  for (let run = 0; run < (IS_SOAK ? 20 : 1); run++) {
    for (
      const [playerCount, teamCount, partyChance] of [
        [40, 2, 0],
        [40, 2, 0.3],
        [256, 2, 0],
        [24, 3, 0],
        [64, 4, 0],
        [64, 4, 0.2],
        [100, 10, 0],
        [255, 16, 0],
        [256, 16, 0],
      ] as const
    ) {
      const message = `seed ${seed}: ${playerCount} in ${teamCount}`;
      const random = new SeededRandom(seed++);
      const { members, range } = draw(random, playerCount, partyChance, false);
      const count = teamCount;
      const teams = teamsOf(new TeamSystem({ count }).assign(members));
      const found = measure(members, teams, teamCount);
      assertEquals(found.sizeSpread, 1, message);
      assertPartiesTogether(members, teams, message);
      // Teams of unequal numbers cannot be equally strong: then the floor is unknown.
      if (playerCount % teamCount > 0) continue;
      assert(
        found.skillSpread <= range / 100,
        `${message}: ${found.skillSpread} of ${range}`,
      );
    }
  }
});

Deno.test("TeamSystem.assign() makes numbers as equal as parties permit", () => {
  const sizes = [3, 3, 2, 2, 2];
  const members = sizes.flatMap((size, i) =>
    Array.from({ length: size }, (_, j) => ({
      player: playerId(`p${i}-${j}`),
      skill: 100 * i,
      party: `${i}`,
    }))
  );
  // Putting each where the fewest are ends with 7 and 5.
  for (const assignment of [TeamAssignment.Auto, TeamAssignment.Random]) {
    const system = new TeamSystem({ count: 2, assignment });
    const teams = teamsOf(system.assign(members));
    assertEquals(teams.filter((team) => team === 0).length, 6);
  }
});

Deno.test("TeamSystem.assign() finds no teams for a party that is too large for one", () => {
  const members = ["a", "b", "c"].map((name) => ({
    player: playerId(name),
    party: "abc",
  }));
  for (const assignment of Object.values(TeamAssignment)) {
    const system = new TeamSystem({ count: 2, assignment, maxSize: 2 });
    assertEquals(system.assign(members), undefined);
  }
  const seats = new TeamSystem({ count: 2, maxSize: 3 }).assign(members);
  assertEquals(teamsOf(seats), [0, 0, 0]);
});

Deno.test("TeamSystem.assign() gives the same teams for the same members", () => {
  const { members } = draw(new SeededRandom(5), 64, 0.3, false);
  const system = new TeamSystem({ count: 4 });
  assertEquals(system.assign(members), system.assign(members));
});

Deno.test("TeamSystem.assign() by chance repeats with the seed and varies with it", () => {
  const { members } = draw(new SeededRandom(6), 12, 0, false);
  const assign = (seed: number) =>
    teamsOf(
      new TeamSystem({
        count: 3,
        assignment: TeamAssignment.Random,
        random: new SeededRandom(seed),
      }).assign(members),
    );
  assertEquals(assign(1), assign(1));
  assertNotEquals(assign(1), assign(2));
});

Deno.test("TeamSystem.assign() by chance puts everybody with everybody alike", () => {
  const members = Array.from({ length: 6 }, (_, i) => ({
    player: playerId(`p${i}`),
    skill: i * 1000,
  }));
  const system = new TeamSystem({
    count: 2,
    assignment: TeamAssignment.Random,
    random: new SeededRandom(7),
  });
  const runs = 4000;
  const together = new Array<number>(6).fill(0);
  const first = new Array<number>(6).fill(0);
  for (let run = 0; run < runs; run++) {
    const teams = teamsOf(system.assign(members));
    assertEquals(teams.filter((team) => team === 0).length, 3);
    for (let i = 0; i < 6; i++) {
      if (teams[i] === teams[0]) together[i]!++;
      if (teams[i] === 0) first[i]!++;
    }
  }
  // Two of the five others, and one of two teams; six deviations of a fair draw.
  for (let i = 0; i < 6; i++) {
    const deviation = 6 * Math.sqrt(runs / 4);
    assert(Math.abs(first[i]! - runs / 2) < deviation, `team of ${i}`);
    if (i === 0) continue;
    assert(Math.abs(together[i]! - runs * 0.4) < deviation, `with ${i}`);
  }
});

Deno.test("TeamSystem.assign() by choice keeps the choice and fills up", () => {
  const system = new TeamSystem({
    count: 2,
    assignment: TeamAssignment.Manual,
    maxSize: 3,
  });
  const seats = system.assign([
    { player: playerId("a"), team: 1 as TeamId },
    { player: playerId("b"), party: "bc" },
    { player: playerId("c"), party: "bc" },
    { player: playerId("d") },
    { player: playerId("e"), party: "ef", team: 1 as TeamId },
    { player: playerId("f"), party: "ef" },
  ]);
  // b and c where nobody was yet; f where e has gone, and d finds one team smaller.
  assertEquals(seats?.map(({ team }) => team), [1, 0, 0, 0, 1, 1]);
  const tooMany = ["a", "b", "c", "d"].map((name) => ({
    player: playerId(name),
    team: 0 as TeamId,
  }));
  assertEquals(system.assign(tooMany), undefined);
});

Deno.test("TeamSystem.rebalance() moves the one whose move helps most", () => {
  const system = new TeamSystem({ count: 2 });
  const member = (name: string, skill: number, team: number): TeamMember => ({
    player: playerId(name),
    skill,
    team: team as TeamId,
  });
  // 5 against 3: one has to go, and the one of 100 leaves 300 against 310.
  assertEquals(
    system.rebalance([
      member("a", 50, 0),
      member("b", 100, 0),
      member("c", 90, 0),
      member("d", 80, 0),
      member("e", 80, 0),
      member("f", 70, 1),
      member("g", 70, 1),
      member("h", 70, 1),
    ]),
    [{ player: playerId("b"), team: 1 as TeamId }],
  );
  assertEquals(system.rebalance([member("a", 5, 0), member("b", 5, 1)]), []);
});

Deno.test("TeamSystem.rebalance() exchanges two where no move helps", () => {
  const system = new TeamSystem({ count: 2 });
  const members = [[30, 0], [20, 0], [10, 1], [15, 1]].map(
    ([skill, team], i) => ({
      player: playerId(`p${i}`),
      skill: skill!,
      team: team as TeamId,
    }),
  );
  // 50 against 25, 2 against 2: the 20 for the 10 leaves 40 against 35; the 30 for the
  // 15 leaves 35 against 40.
  const seats = system.rebalance(members);
  assertEquals(seats.map(({ player }) => player).length, 2);
  const after = members.map((member) => ({
    ...member,
    ...seats.find(({ player }) => player === member.player),
  }));
  assertEquals(
    measure(after, after.map(({ team }) => team), 2).skillSpread,
    5,
  );
});

Deno.test("TeamSystem.rebalance() does as well as trying every move and every exchange", () => {
  for (let seed = 1; seed <= (IS_SOAK ? 2000 : 150); seed++) {
    const random = new SeededRandom(seed);
    const count = 2 + seed % 3;
    const { members: drawn } = draw(random, 3 + seed % 9, 0.3, true);
    const byParty = new Map<string, TeamId>();
    const members = drawn.map((member) => {
      const drawnTeam = Math.floor(random.nextFloat() * count) as TeamId;
      const team = byParty.get(member.party ?? "") ?? drawnTeam;
      if (member.party !== undefined) byParty.set(member.party, team);
      return { ...member, team };
    });
    const seats = new TeamSystem({ count }).rebalance(members);
    const apply = (moves: Map<string, number>) =>
      measure(
        members,
        members.map((m) => moves.get(m.party ?? m.player) ?? m.team),
        count,
      );
    const units = [...new Map(members.map((m) => [m.party ?? m.player, m]))];
    const start = apply(new Map());
    const better = (a: Measured, b: Measured) =>
      a.sizeSpread < b.sizeSpread ||
      a.sizeSpread === b.sizeSpread && a.skillSpread < b.skillSpread;
    let best = start;
    for (const [unit, m] of units) {
      for (let to = 0; to < count; to++) {
        if (to === m.team) continue;
        const found = apply(new Map([[unit, to]]));
        if (better(found, best)) best = found;
      }
    }
    if (best === start) {
      for (const [a, { team: teamA }] of units) {
        for (const [b, { team: teamB }] of units) {
          const found = apply(new Map([[a, teamB], [b, teamA]]));
          if (better(found, best)) best = found;
        }
      }
    }
    const found = apply(
      new Map(seats.map(({ player, team }) => {
        const moved = members.find((m) => m.player === player)!;
        return [moved.party ?? moved.player, team];
      })),
    );
    assertEquals(found, best, `seed ${seed}`);
  }
});

Deno.test("TeamSystem refuses options and members that are none", () => {
  assertThrows(() => new TeamSystem({ count: 1 }), RangeError, "count");
  assertThrows(() => new TeamSystem({ count: 17 }), RangeError, "count");
  assertThrows(
    () => new TeamSystem({ count: 2, maxSize: 0 }),
    RangeError,
    "maxSize",
  );
  assertThrows(
    () => new TeamSystem({ count: 2, assignment: "fair" as TeamAssignment }),
    RangeError,
    "assignment",
  );
  const system = new TeamSystem({ count: 2 });
  const player = playerId("a");
  // Sums of what is near the largest number are infinite, and all teams alike.
  for (const skill of [NaN, Infinity, 1e308]) {
    assertThrows(() => system.assign([{ player, skill }]), RangeError, "skill");
  }
  assertThrows(() => system.rebalance([{ player }]), RangeError, "in a team");
  for (const team of [-1, 0.5, NaN]) {
    assertThrows(
      () => system.rebalance([{ player, team: team as TeamId }]),
      RangeError,
      "in a team",
    );
    // Who is in a team that is none is in none.
    const manual = new TeamSystem({
      count: 2,
      assignment: TeamAssignment.Manual,
    });
    assertEquals(
      manual.assign([{ player, team: team as TeamId }]),
      [{ player, team: teamId(0) }],
    );
  }
  assertThrows(
    () => system.rebalance([{ player, team: 2 as TeamId }]),
    RangeError,
    "below 2",
  );
  assertEquals(system.assign([]), []);
});
