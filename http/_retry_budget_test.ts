import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { RetryBudget } from "./_retry_budget.ts";

Deno.test("RetryBudget.tryWithdraw() lets a quiet client use its reserve", () => {
  const budget = new RetryBudget();
  for (let i = 0; i < 10; i++) assert(budget.tryWithdraw());
  assertFalse(budget.tryWithdraw());
  assertEquals(budget.balance, 0);
});

Deno.test("RetryBudget.deposit() pays for a retry after exactly ten requests", () => {
  const budget = new RetryBudget();
  while (budget.tryWithdraw());
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 9; i++) {
      budget.deposit();
      assertFalse(budget.tryWithdraw());
    }
    budget.deposit();
    assert(budget.tryWithdraw());
  }
});

Deno.test("RetryBudget.deposit() saves up no more than the reserve", () => {
  const budget = new RetryBudget({ reserve: 3 });
  for (let i = 0; i < 1_000_000; i++) budget.deposit();
  assertEquals(budget.balance, 3);
});

Deno.test("RetryBudget bounds retries at its ratio when everything fails", () => {
  const budget = new RetryBudget({ ratio: 0.2, reserve: 10 });
  let retries = 0;
  for (let request = 0; request < 10_000; request++) {
    budget.deposit();
    for (let attempt = 0; attempt < 3; attempt++) {
      if (budget.tryWithdraw()) retries++;
    }
  }
  // The first deposits fall on a full reserve and are lost.
  assert(retries >= 2_000 && retries <= 2_010, `${retries} retries`);
});

Deno.test("RetryBudget with reserve 0 never allows a retry", () => {
  const budget = new RetryBudget({ ratio: 1, reserve: 0 });
  for (let i = 0; i < 100; i++) budget.deposit();
  assertFalse(budget.tryWithdraw());
});

Deno.test("RetryBudget refuses bad options", () => {
  for (const ratio of [-0.1, 1.1, NaN, Infinity]) {
    assertThrows(
      () => new RetryBudget({ ratio }),
      RangeError,
      `ratio must be 0 to 1: current value is ${ratio}`,
    );
  }
  for (const reserve of [-1, 0.5, NaN, Infinity, 1_000_001]) {
    assertThrows(
      () => new RetryBudget({ reserve }),
      RangeError,
      `reserve must be a whole number from 0 to 1000000: current value is ${reserve}`,
    );
  }
});
