import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { OpeningBudget } from "./_opening_budget.ts";

/** Offers so many tokens of as many hosts each millisecond; tells how many were tried in each. */
function flood(budget: OpeningBudget, fromMs: number, ms: number): number[] {
  return Array.from({ length: ms }, (_, i) => {
    let tried = 0;
    for (let host = 0; host < 20; host++) {
      const name = `10.0.${i & 255}.${host}`;
      if (!budget.mayOpen(name, fromMs + i)) continue;
      budget.fail(name, 1);
      tried++;
    }
    return tried;
  });
}

Deno.test("OpeningBudget gives the same to each millisecond of a flood, and more only after a silence", () => {
  const budget = new OpeningBudget(new SeededRandom(1));
  const first = flood(budget, 0, 1_000);
  assertEquals(first.slice(0, 12), [...Array(11).fill(20), 2]);
  assert(first.slice(11).every((tried) => tried === 2), `${first}`);
  const afterSilence = flood(budget, 2_000, 100);
  assertEquals(afterSilence[0], 20);
  assertEquals(afterSilence.slice(12), Array(88).fill(2));
});

Deno.test("OpeningBudget gives one host a quarter, and a server of several keys no more for each", () => {
  const budget = new OpeningBudget(new SeededRandom(2));
  let tried = 0;
  for (let i = 0; i < 1_000 && budget.mayOpen("10.0.0.1", 0); i++) {
    budget.fail("10.0.0.1", 8);
    tried += 8;
  }
  assertEquals(tried, 56, "the last one begins below 50");
  assert(budget.mayOpen("10.0.0.2", 0));
  for (let i = 0; i < 18; i++) budget.fail(`10.0.1.${i}`, 8);
  assertEquals(budget.mayOpen("10.0.0.3", 0), false, "what was overdrawn");
  assertEquals(budget.mayOpen("10.0.0.3", 0.5), true);
});
