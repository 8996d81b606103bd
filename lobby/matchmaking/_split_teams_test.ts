import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Packing } from "./_packing.ts";
import { TeamSplitter } from "./_split_teams.ts";

const PARTIES = [
  [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  [5, 5],
  [2, 2, 2, 1, 1, 1, 1],
  [3, 2, 3, 2],
  [4, 1, 3, 1, 1],
  [2, 1, 2, 1, 2, 2],
];

Deno.test("TeamSplitter finds the most even split of 5v5", () => {
  const random = new SeededRandom(3);
  for (const parties of PARTIES) {
    for (let run = 0; run < 20; run++) {
      const sizes = Uint8Array.from(parties);
      const totals = Float64Array.from(
        parties,
        (size) => size * (1500 + random.nextFloat() * 300),
      );
      const splitter = new TeamSplitter(new Packing(2, 5), 0);
      splitter.split(sizes, totals, parties.length);
      const gapOf = (isSecond: (i: number) => boolean): number => {
        let players = 0;
        let gap = 0;
        for (const [i, size] of parties.entries()) {
          if (isSecond(i)) players += size;
          gap += isSecond(i) ? totals[i]! : -totals[i]!;
        }
        return players === 5 ? Math.abs(gap) : Infinity;
      };
      let best = Infinity;
      for (let bits = 0; bits < 1 << parties.length; bits++) {
        best = Math.min(best, gapOf((i) => (bits >>> i & 1) === 1));
      }
      const own = gapOf((i) => splitter.teamOf[i] === 1);
      assert(Math.abs(own - best) < 1e-6, `${parties}: ${own} and ${best}`);
    }
  }
});

Deno.test("TeamSplitter has premades meet if that is worth it", () => {
  const sizes = Uint8Array.from([2, 2, 1, 1, 1, 1, 1, 1]);
  // Both pairs and the strong one are exactly as strong as the five others.
  const totals = Float64Array.from([0, 0, 30, 6, 6, 6, 6, 6]);
  for (const [cost, teams] of [[0, 1], [100, 2]] as const) {
    const splitter = new TeamSplitter(new Packing(2, 5), cost);
    splitter.split(sizes, totals, sizes.length);
    const [a, b] = splitter.teamOf;
    assertEquals(new Set([a, b]).size, teams);
  }
});

Deno.test("TeamSplitter fills many teams, the sums close to one another", () => {
  const random = new SeededRandom(4);
  for (const [teams, teamSize] of [[25, 4], [2, 60], [4, 3]] as const) {
    const packing = new Packing(teams, teamSize);
    const count = teams * teamSize;
    const sizes = new Uint8Array(count).fill(1);
    const totals = Float64Array.from(sizes, () => random.nextFloat() * 100);
    const splitter = new TeamSplitter(packing, 0);
    splitter.split(sizes, totals, count);
    const sums = new Array<number>(teams).fill(0);
    const players = new Array<number>(teams).fill(0);
    for (let i = 0; i < count; i++) {
      sums[splitter.teamOf[i]!]! += totals[i]!;
      players[splitter.teamOf[i]!]!++;
    }
    assertEquals(players, new Array(teams).fill(teamSize));
    const gap = Math.max(...sums) - Math.min(...sums);
    assert(gap < 60, `${teams} x ${teamSize}: ${gap}`);
  }
});
