import { assert, assertEquals, assertThrows } from "@std/assert";
import { Glicko2 } from "./glicko2.ts";

function isNear(value: number, wanted: number, by: number): void {
  assert(Math.abs(value - wanted) <= by, `${value} is not ${wanted} +- ${by}`);
}

// Mark Glickman, "Example of the Glicko-2 system", section "Example calculation".
Deno.test("Glicko2.rate() gives the published example", () => {
  const system = new Glicko2({ tau: 0.5 });
  const after = system.rate({ mu: 1500, sigma: 200, volatility: 0.06 }, [
    { opponent: { mu: 1400, sigma: 30 }, score: 1 },
    { opponent: { mu: 1550, sigma: 100 }, score: 0 },
    { opponent: { mu: 1700, sigma: 300 }, score: 0 },
  ]);
  isNear(after.mu, 1464.06, 0.01);
  isNear(after.sigma, 151.52, 0.01);
  isNear(after.volatility, 0.05999, 0.00001);
});

Deno.test("Glicko2.rate() knows less of who does not play, up to a limit", () => {
  const system = new Glicko2();
  let rating = system.rate({ mu: 1600, sigma: 50 }, []);
  isNear(rating.mu, 1600, 1e-9);
  isNear(rating.sigma, Math.hypot(50, 0.06 * 173.7178), 1e-9);
  for (let i = 0; i < 2_000; i++) rating = system.rate(rating, []);
  assertEquals(rating.sigma, 350);
});

Deno.test("Glicko2.update() rates each against the other teams", () => {
  const system = new Glicko2();
  const before = [
    [{ mu: 1500, sigma: 200 }, { mu: 1600, sigma: 100 }],
    [{ mu: 1550, sigma: 150 }],
    [{ mu: 1400, sigma: 300 }],
  ];
  const after = system.update(before, [1, 2, 2]);
  const team = { mu: 1550, sigma: Math.sqrt((200 ** 2 + 100 ** 2) / 2) };
  assertEquals(
    after[1]![0],
    system.rate(before[1]![0]!, [
      { opponent: team, score: 0 },
      { opponent: before[2]![0]!, score: 0.5 },
    ]),
  );
  assert(after[0]!.every(({ mu }, i) => mu > before[0]![i]!.mu));
  assertEquals(before[1]![0], { mu: 1550, sigma: 150 });
});

Deno.test("Glicko2 finds a volatility for any result", () => {
  const system = new Glicko2();
  for (const gap of [0, 100, 1_000, 10_000, 1_000_000]) {
    for (const sigma of [0, 1, 30, 350]) {
      for (const score of [0, 0.5, 1]) {
        const { mu, sigma: after, volatility } = system.rate(
          { mu: 1500, sigma },
          [{ opponent: { mu: 1500 + gap, sigma }, score }],
        );
        assert(Number.isFinite(mu), `${gap} ${sigma} ${score}`);
        assert(after >= 0 && after <= 350 && volatility > 0);
      }
    }
  }
});

Deno.test("Glicko2 makes of the widest ratings some that it takes", () => {
  const system = new Glicko2();
  for (const mu of [-1e9, -123_857, 0, 123_900, 1e9]) {
    for (const sigma of [0, 1e-200, 1, 1e9]) {
      for (const volatility of [1e-9, 0.06, 1e9]) {
        for (const score of [0, 1]) {
          const after = system.rate({ mu, sigma, volatility }, [
            { opponent: { mu: 1500, sigma }, score },
          ]);
          const again = system.rate(after, []);
          assert(
            Object.values(again).every(Number.isFinite),
            `${mu} ${sigma} ${volatility} ${score}`,
          );
        }
      }
    }
  }
});

Deno.test("Glicko2 refuses what is no match, no rating and no option", () => {
  const system = new Glicko2();
  const one = { mu: 1, sigma: 1 };
  for (
    const refused of [
      () => system.update([[one]], [1]),
      () => system.update([[one], []], [1, 2]),
      () => system.update([[one], [one]], [1]),
      () => system.update([[one], [one]], [1, NaN]),
      () => system.update([[one], [{ mu: NaN, sigma: 1 }]], [1, 2]),
      () => system.rate({ mu: 1, sigma: -1 }, []),
      // Their squares are beyond all numbers, or nothing.
      () => system.rate({ mu: 1e300, sigma: 1 }, []),
      () => system.rate({ mu: 1, sigma: 1e155 }, []),
      () => system.rate({ mu: 1, sigma: 1, volatility: 1e-200 }, []),
      () => system.rate(one, [{ opponent: { mu: 1, sigma: 1e155 }, score: 1 }]),
      () => system.rate(one, [{ opponent: one, score: 2 }]),
      () => new Glicko2({ sigma: 0 }),
      () => new Glicko2({ tau: -1 }),
      () => new Glicko2({ volatility: 1e-200 }),
    ]
  ) assertThrows(refused, RangeError);
});
