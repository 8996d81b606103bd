import { assertEquals, assertThrows } from "@std/assert";
import { HttpProblem } from "./http_problem.ts";
import { RateLimits } from "./rate_limits.ts";

Deno.test("RateLimits forgets those who have a full bucket again", () => {
  const limits = new RateLimits({ perSecond: 1, burst: 2 });
  limits.take("a", 0);
  limits.take("a", 0);
  limits.take("b", 0);
  limits.sweep(1_000);
  assertEquals(limits.size, 1);
  limits.sweep(2_000);
  assertEquals(limits.size, 0);
});

Deno.test("RateLimits is bounded, and forgets first who was not seen for the longest time", () => {
  const limits = new RateLimits({ perSecond: 0.001, burst: 1 });
  limits.take("first", 0);
  limits.take("second", 0);
  assertThrows(() => limits.take("first", 0), HttpProblem, "too many requests");
  for (let i = 0; i < 65_535; i++) limits.take(`flood ${i}`, 0);
  assertEquals(limits.size, 65_536);
  assertThrows(() => limits.take("first", 0), HttpProblem);
  limits.take("second", 0);
  assertEquals(limits.refused, 2);
});
