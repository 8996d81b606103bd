import { assert, assertEquals, assertThrows } from "@std/assert";
import { PlackettLuce } from "./plackett_luce.ts";
import type { Rating } from "./rating.ts";

function areNear(after: Rating[][], wanted: number[][][]): void {
  assertEquals(after.map((team) => team.length), wanted.map((it) => it.length));
  for (const [i, team] of after.entries()) {
    for (const [j, { mu, sigma }] of team.entries()) {
      const [wantedMu, wantedSigma] = wanted[i]![j]!;
      assert(Math.abs(mu - wantedMu!) < 1e-9, `mu ${mu}, not ${wantedMu}`);
      assert(
        Math.abs(sigma - wantedSigma!) < 1e-9,
        `sigma ${sigma}, not ${wantedSigma}`,
      );
    }
  }
}

// As the documentation of the OpenSkill libraries has it, whose older versions added no tau.
Deno.test("PlackettLuce.update() gives OpenSkill's published example of two teams", () => {
  const system = new PlackettLuce({ tau: 0 });
  areNear(
    system.update([
      [system.initial(), { mu: 32.444, sigma: 5.123 }],
      [{ mu: 43.381, sigma: 2.421 }, { mu: 25.188, sigma: 6.211 }],
    ], [1, 2]),
    [
      [[28.669648436582808, 8.071520788025197], [
        33.83086971107981,
        5.062772998705765,
      ]],
      [[43.071274808241974, 2.4166900452721256], [
        23.149503312339064,
        6.1378606973362135,
      ]],
    ],
  );
});

Deno.test("PlackettLuce.update() gives OpenSkill's published example of four players", () => {
  const system = new PlackettLuce({ tau: 0 });
  const fresh = system.initial();
  areNear(system.update([[fresh], [fresh], [fresh], [fresh]], [4, 1, 3, 2]), [
    [[20.96265504062538, 8.083731307186588]],
    [[27.795084971874736, 8.263160757613477]],
    [[24.68943500312503, 8.083731307186588]],
    [[26.552824984374855, 8.179213704945203]],
  ]);
});

Deno.test("PlackettLuce.update() does not care in which order teams come", () => {
  const system = new PlackettLuce();
  const teams = [
    [{ mu: 25, sigma: 8 }],
    [{ mu: 31, sigma: 4 }, { mu: 20, sigma: 6 }],
    [{ mu: 28, sigma: 2 }],
  ];
  const ranks = [2, 1, 2];
  const after = system.update(teams, ranks);
  const turned = system.update(teams.toReversed(), ranks.toReversed());
  areNear(
    turned.toReversed(),
    after.map((team) => team.map(({ mu, sigma }) => [mu, sigma])),
  );
});

Deno.test("PlackettLuce.update() moves nobody by an even draw", () => {
  const system = new PlackettLuce();
  const fresh = system.initial();
  const [[a], [b]] = system.update([[fresh], [fresh]], [7, 7]) as [
    [Rating],
    [Rating],
  ];
  assertEquals(a, b);
  assert(Math.abs(a.mu - 25) < 1e-12 && a.sigma < fresh.sigma);
});

Deno.test("PlackettLuce.update() stays finite however far apart teams are", () => {
  const system = new PlackettLuce();
  for (const gap of [1e3, 1e6, 1e9]) {
    for (const ranks of [[1, 2, 3], [3, 2, 1], [1, 1, 1]]) {
      const after = system.update(
        [[{ mu: gap, sigma: 1 }], [{ mu: 0, sigma: 1 }], [{
          mu: -gap,
          sigma: 0,
        }]],
        ranks,
      );
      for (const { mu, sigma } of after.flat()) {
        assert(Number.isFinite(mu) && sigma > 0, `${gap} ${ranks}`);
      }
    }
  }
});

Deno.test("PlackettLuce learns who is better", () => {
  const system = new PlackettLuce({ mu: 1500, sigma: 500 });
  let ratings = [system.initial(), system.initial(), system.initial()];
  for (let i = 0; i < 60; i++) {
    ratings = system.update(ratings.map((it) => [it]), [3, 1, 2]).flat();
  }
  const [worst, best, middle] = ratings;
  assert(best!.mu > middle!.mu && middle!.mu > worst!.mu);
  assert(ratings.every(({ sigma }) => sigma < 500));
});

Deno.test("PlackettLuce refuses what is no match and no option", () => {
  const system = new PlackettLuce();
  const one = system.initial();
  for (
    const refused of [
      () => system.update([[one]], [1]),
      () => system.update([[one], []], [1, 2]),
      () => system.update([[one], [one]], [1, 2, 3]),
      // Their squares are beyond all numbers.
      () => system.update([[one], [{ mu: 25, sigma: 1e155 }]], [1, 2]),
      () => system.update([[one], [{ mu: 1e308, sigma: 1 }]], [1, 2]),
      () => new PlackettLuce({ beta: 1e155 }),
      () => new PlackettLuce({ sigma: 0 }),
      () => new PlackettLuce({ beta: 0 }),
      () => new PlackettLuce({ tau: -1 }),
    ]
  ) assertThrows(refused, RangeError);
});
