import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { RateLimiter } from "./rate_limiter.ts";

Deno.test("RateLimiter.tryConsume() lets a burst of limit through", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ limit: 5, windowSecs: 10, clock });
  for (let i = 0; i < 5; i++) assert(limiter.tryConsume());
  assertFalse(limiter.tryConsume());
  clock.advance(1_999);
  assertFalse(limiter.tryConsume());
  clock.advance(1);
  assert(limiter.tryConsume());
  assertFalse(limiter.tryConsume());
});

Deno.test("RateLimiter.tryConsume() saves up no more than limit", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ limit: 3, windowSecs: 1, clock });
  clock.advance(3_600_000);
  for (let i = 0; i < 3; i++) assert(limiter.tryConsume());
  assertFalse(limiter.tryConsume());
});

Deno.test("RateLimiter.waitTime() tells the milliseconds until a token is there", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ limit: 2, windowSecs: 1, clock });
  assertEquals(limiter.waitTime(), 0);
  limiter.tryConsume();
  assertEquals(limiter.waitTime(), 0);
  limiter.tryConsume();
  assertEquals(limiter.waitTime(), 500);
  clock.advance(200);
  assertEquals(limiter.waitTime(), 300);
  clock.advance(limiter.waitTime());
  assert(limiter.tryConsume());
});

Deno.test("RateLimiter lets no more through than limit plus limit per window", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  for (let run = 0; run < 200; run++) {
    // A bucket of one token overflows between two steps, so it cannot reach its rate here.
    const limit = 2 + random.nextU32() % 20;
    const windowSecs = 0.1 + random.nextFloat() * 60;
    const clock = new ManualClock();
    const limiter = new RateLimiter({ limit, windowSecs, clock });
    // Emptied first: what flows into a full bucket is lost.
    let taken = 0;
    while (limiter.tryConsume()) taken++;
    for (let step = 0; step < 500; step++) {
      clock.advance(random.nextFloat() * windowSecs * 1000 / limit);
      while (limiter.tryConsume()) taken++;
      const allowed = limit + limit * clock.nowMs() / (windowSecs * 1000);
      assert(
        taken <= allowed + 1e-6 && taken > allowed - 1 - 1e-6,
        `seed ${seed}, run ${run}, step ${step}: ${taken} of ${allowed}`,
      );
    }
  }
});

Deno.test("RateLimiter refuses bad options", () => {
  for (const limit of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(
      () => new RateLimiter({ limit, windowSecs: 1 }),
      RangeError,
      `limit must be a whole number >= 1: current value is ${limit}`,
    );
  }
  for (const windowSecs of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => new RateLimiter({ limit: 1, windowSecs }),
      RangeError,
      `windowSecs must be a finite number > 0: current value is ${windowSecs}`,
    );
  }
});
