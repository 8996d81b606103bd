import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "./random.ts";
import { TokenBucket } from "./token_bucket.ts";

Deno.test("TokenBucket.tryTake() grants a burst, then the rate", () => {
  const bucket = new TokenBucket({ capacity: 3, refillPerSecond: 10 });
  assert(bucket.tryTake(2, 0));
  assert(bucket.tryTake(1, 0));
  assertEquals(bucket.tryTake(1, 99), false);
  assert(bucket.tryTake(1, 100));
  assertEquals(bucket.tryTake(1, 199), false);
  assertEquals(bucket.tryTake(2, 299), false);
  assert(bucket.tryTake(2, 300));
});

Deno.test("TokenBucket.tryTake() takes nothing when it refuses", () => {
  const bucket = new TokenBucket({ capacity: 5, refillPerSecond: 1 });
  assertEquals(bucket.tryTake(6, 0), false);
  assert(bucket.tryTake(4, 0));
  assertEquals(bucket.tryTake(2, 0), false);
  assert(bucket.tryTake(1, 0));
});

Deno.test("TokenBucket never holds more than its capacity", () => {
  const bucket = new TokenBucket({ capacity: 5, refillPerSecond: 100 });
  assert(bucket.tryTake(5, 0));
  assertEquals(bucket.available(1e9), 5);
  assertEquals(bucket.tryTake(6, 1e9), false);
  assert(bucket.tryTake(5, 1e9));
  assertEquals(bucket.tryTake(1, 1e9), false);
});

Deno.test("TokenBucket.available() tells the fraction that flows in", () => {
  const bucket = new TokenBucket({ capacity: 4, refillPerSecond: 2 });
  assertEquals(bucket.available(1000), 4);
  bucket.tryTake(4, 1000);
  assertEquals(bucket.available(1000), 0);
  assertEquals(bucket.available(1250), 0.5);
  assertEquals(bucket.available(2500), 3);
});

Deno.test("TokenBucket.waitMs() tells when the tokens are there", () => {
  const bucket = new TokenBucket({ capacity: 4, refillPerSecond: 2 });
  assertEquals(bucket.waitMs(4, 0), 0);
  bucket.tryTake(4, 0);
  assertEquals(bucket.waitMs(0, 0), 0);
  assertEquals(bucket.waitMs(1, 0), 500);
  assertEquals(bucket.waitMs(4, 0), 2000);
  assertEquals(bucket.waitMs(4, 1900), 100);
  assertEquals(bucket.waitMs(5, 0), Infinity);
});

Deno.test("TokenBucket.tryTake() succeeds after exactly waitMs()", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new SeededRandom(seed);
    const capacity = 1 + random.nextU32() % 20;
    const bucket = new TokenBucket({
      capacity,
      refillPerSecond: random.nextFloat() * 1000 + 1e-3,
    });
    // From process uptimes to epochs, where a double is 0.0002 ms coarse.
    let nowMs = random.nextFloat() * 10 ** (random.nextU32() % 13);
    for (let i = 0; i < 100; i++) {
      const count = 1 + random.nextU32() % capacity;
      nowMs += bucket.waitMs(count, nowMs);
      assert(bucket.tryTake(count, nowMs), `seed ${seed}, step ${i}`);
      nowMs += random.nextFloat();
    }
  }
});

Deno.test("TokenBucket does not drift over 10,000,000 takes", () => {
  // A third of a millisecond per token cannot be stored exactly: a fill level
  // that is refilled by small steps would be off by thousands of roundings.
  const takes = 10_000_000;
  const startMs = 0.1;
  const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 3000 });
  let nowMs = startMs;
  assert(bucket.tryTake(1, nowMs));
  for (let i = 0; i < takes; i++) {
    // Time comes in uneven steps, some too early.
    const waitMs = bucket.waitMs(1, nowMs);
    if (bucket.tryTake(1, nowMs + waitMs / 3)) throw new Error(`take ${i}`);
    nowMs += waitMs;
    if (!bucket.tryTake(1, nowMs)) throw new Error(`take ${i}`);
  }
  assert(Math.abs(nowMs - startMs - takes / 3) < 0.001, `${nowMs}`);
});

Deno.test("TokenBucket grants the burst and the rate, no more and no less", () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new SeededRandom(seed);
    const capacity = 10 + random.nextU32() % 50;
    const refillPerSecond = 1 + random.nextFloat() * 50;
    const bucket = new TokenBucket({ capacity, refillPerSecond });
    let nowMs = 0;
    let latestMs = 0;
    let granted = 0;
    for (let i = 0; i < 2000; i++) {
      // About 400 tokens a second are asked for, so the bucket is never full
      // again; every fifth step goes back in time.
      const count = 1 + random.nextU32() % 4;
      if (bucket.tryTake(count, nowMs)) granted += count;
      latestMs = Math.max(latestMs, nowMs);
      const inflow = refillPerSecond * latestMs / 1000;
      const expected = capacity + inflow - bucket.available(nowMs);
      assertAlmostEquals(granted, expected, 1e-6, `seed ${seed}, step ${i}`);
      nowMs += random.nextFloat() * 20 - 4;
    }
    assert(granted > refillPerSecond * latestMs / 1000, `seed ${seed}`);
  }
});

Deno.test("TokenBucket counts time that goes backwards as standing still", () => {
  const bucket = new TokenBucket({ capacity: 2, refillPerSecond: 1 });
  assert(bucket.tryTake(2, 10_000));
  assertEquals(bucket.tryTake(1, 0), false);
  assertEquals(bucket.available(5000), 0);
  assertEquals(bucket.waitMs(1, 10_000), 1000);
  assertEquals(bucket.waitMs(1, 9000), 2000);
  assertEquals(bucket.tryTake(1, 10_999), false);
  assert(bucket.tryTake(1, 11_000));
});

Deno.test("TokenBucket takes negative times", () => {
  const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 1 });
  assert(bucket.tryTake(1, -5000));
  assertEquals(bucket.tryTake(1, -4001), false);
  assert(bucket.tryTake(1, -4000));
});

Deno.test("TokenBucket refuses bad options, counts and times", () => {
  for (const capacity of [0, 1.5, -1, NaN, Infinity]) {
    assertThrows(
      () => new TokenBucket({ capacity, refillPerSecond: 1 }),
      RangeError,
      `Cannot create a TokenBucket as capacity must be an integer >= 1: current value is ${capacity}`,
    );
  }
  for (const refillPerSecond of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => new TokenBucket({ capacity: 1, refillPerSecond }),
      RangeError,
      `must be finite and > 0: current value is ${refillPerSecond}`,
    );
  }
  const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 1 });
  for (const count of [-1, 0.5, NaN]) {
    assertThrows(() => bucket.tryTake(count, 0), RangeError, `${count}`);
    assertThrows(() => bucket.waitMs(count, 0), RangeError, `${count}`);
  }
  for (const nowMs of [NaN, Infinity]) {
    assertThrows(() => bucket.tryTake(1, nowMs), RangeError, `${nowMs}`);
    assertThrows(() => bucket.waitMs(1, nowMs), RangeError, `${nowMs}`);
    assertThrows(() => bucket.available(nowMs), RangeError, `${nowMs}`);
  }
  assert(bucket.tryTake(1, 0));
});

Deno.test("TokenBucket is full again when a burst has flowed in, and no rounding later", () => {
  // Of most rates the duration of one token is no double: 30 × (1000 / 30) > 1000.
  for (let rate = 1; rate <= 1000; rate++) {
    const bucket = new TokenBucket({ capacity: rate, refillPerSecond: rate });
    for (let second = 0; second < 3; second++) {
      assert(bucket.tryTake(rate, second * 1000), `${rate} per second`);
      assertEquals(bucket.tryTake(1, second * 1000), false);
    }
    assertEquals(bucket.waitMs(rate, 2000), 1000);
  }
});
