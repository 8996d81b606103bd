import { assert, assertEquals, assertThrows } from "@std/assert";
import { Backoff, fullJitter } from "./backoff.ts";
import { type Random, SeededRandom } from "./random.ts";

/** A Random whose doubles are all the same. */
function constant(float: number): Random {
  return {
    nextU32: () => 0,
    nextFloat: () => float,
    fill: () => {},
  };
}

const NEARLY_ONE = constant(1 - 2 ** -53);

Deno.test("fullJitter() doubles the ceiling per attempt up to maxMs", () => {
  const ceilings = [0, 1, 2, 3, 4, 5].map((attempt) =>
    Math.ceil(fullJitter(attempt, 100, 1500, NEARLY_ONE))
  );
  assertEquals(ceilings, [100, 200, 400, 800, 1500, 1500]);
});

Deno.test("fullJitter() starts at 0", () => {
  assertEquals(fullJitter(7, 100, 1500, constant(0)), 0);
});

Deno.test("fullJitter() does not overflow", () => {
  for (const attempt of [62, 63, 64, 1023, 1024, 10_000, 2 ** 53]) {
    assertEquals(fullJitter(attempt, 100, 30_000, constant(0.5)), 15_000);
    assertEquals(fullJitter(attempt, 0, 30_000, constant(0.5)), 0);
    assertEquals(fullJitter(attempt, 0.001, 30_000, constant(0.5)), 15_000);
  }
});

Deno.test("fullJitter() spreads the waits evenly from 0 to the ceiling", () => {
  const random = new SeededRandom(2015);
  const counts = new Array<number>(8).fill(0);
  for (let i = 0; i < 80_000; i++) {
    const waitMs = fullJitter(3, 100, 30_000, random);
    assert(waitMs >= 0 && waitMs < 800);
    counts[Math.floor(waitMs / 100)]!++;
  }
  // 10,000 each, with a standard deviation of 94.
  for (const count of counts) assert(Math.abs(count - 10_000) < 660);
});

Deno.test("fullJitter() refuses arguments out of range", () => {
  const random = constant(0.5);
  for (const attempt of [-1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => fullJitter(attempt, 1, 2, random),
      RangeError,
      `Cannot pick a wait as attempt must be an integer >= 0: current value is ${attempt}`,
    );
  }
  assertThrows(() => fullJitter(0, -1, 2, random), RangeError, "baseMs");
  assertThrows(() => fullJitter(0, NaN, 2, random), RangeError, "baseMs");
  assertThrows(
    () => fullJitter(0, 5, 4, random),
    RangeError,
    "Cannot pick a wait as maxMs must be finite and >= 5, the baseMs: current value is 4",
  );
  assertThrows(() => fullJitter(0, 5, Infinity, random), RangeError, "maxMs");
});

Deno.test("Backoff.next() grows until reset()", () => {
  const backoff = new Backoff({ baseMs: 10, maxMs: 50, random: NEARLY_ONE });
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) waits.push(Math.ceil(backoff.next()));
  assertEquals(waits, [10, 20, 40, 50, 50]);
  assertEquals(backoff.attempt, 5);
  backoff.reset();
  assertEquals(backoff.attempt, 0);
  assertEquals(Math.ceil(backoff.next()), 10);
});

Deno.test("Backoff.next() stays within maxMs at attempt 10,000", () => {
  const random = new SeededRandom(3);
  const backoff = new Backoff({ baseMs: 100, maxMs: 60_000, random });
  let largestMs = 0;
  for (let i = 0; i < 10_001; i++) {
    const waitMs = backoff.next();
    assert(waitMs >= 0 && waitMs < 60_000);
    largestMs = Math.max(largestMs, waitMs);
  }
  assertEquals(backoff.attempt, 10_001);
  assert(largestMs > 59_000);
});

Deno.test("Backoff repeats its waits with the same seed", () => {
  function waits(seed: number): number[] {
    const random = new SeededRandom(seed);
    const backoff = new Backoff({ baseMs: 100, maxMs: 60_000, random });
    return Array.from({ length: 20 }, () => backoff.next());
  }
  assertEquals(waits(1), waits(1));
  assert(waits(1).join() !== waits(2).join());
});

Deno.test("Backoff refuses options out of range", () => {
  const random = constant(0);
  assertThrows(
    () => new Backoff({ baseMs: -1, maxMs: 1, random }),
    RangeError,
    "Cannot pick a wait as baseMs must be >= 0: current value is -1",
  );
  assertThrows(
    () => new Backoff({ baseMs: 2, maxMs: 1, random }),
    RangeError,
  );
});
