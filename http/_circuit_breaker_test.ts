import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { type Random, SeededRandom } from "../core/mod.ts";
import { CircuitBreaker } from "./_circuit_breaker.ts";

/** Always draws the same number: 0.5 makes the jitter factor exactly 1. */
function fixedRandom(value: number): Random {
  return { nextU32: () => 0, nextFloat: () => value, fill: () => {} };
}

const NO_JITTER = fixedRandom(0.5);

/** Begins an attempt; a probe as late as it may be. */
function begin(breaker: CircuitBreaker, nowMs: number): number {
  breaker.advance(nowMs);
  assert(breaker.tryAcquire(nowMs + 1_000));
  return breaker.generation;
}

function openAt(breaker: CircuitBreaker, nowMs: number): void {
  while (breaker.state === "closed") {
    breaker.onFailure(begin(breaker, nowMs), nowMs);
  }
}

Deno.test("CircuitBreaker opens after failureThreshold failures in a row", () => {
  const breaker = new CircuitBreaker({
    random: NO_JITTER,
    failureThreshold: 3,
  });
  assertEquals(breaker.onFailure(begin(breaker, 0), 0), undefined);
  assertEquals(breaker.onFailure(begin(breaker, 1), 1), undefined);
  assertEquals(breaker.onSuccess(begin(breaker, 2)), undefined);
  assertEquals(breaker.onFailure(begin(breaker, 3), 3), undefined);
  assertEquals(breaker.onFailure(begin(breaker, 4), 4), undefined);
  assertEquals(breaker.state, "closed");
  assertEquals(breaker.onFailure(begin(breaker, 5), 5), "open");
  assertEquals(breaker.state, "open");
  assertEquals(breaker.retryAtMs, 5_005);
});

Deno.test("CircuitBreaker.tryAcquire() lets exactly one probe through", () => {
  const breaker = new CircuitBreaker({ random: NO_JITTER });
  openAt(breaker, 0);
  assertEquals(breaker.advance(4_999), undefined);
  assertFalse(breaker.tryAcquire(4_999));
  assertEquals(breaker.state, "open");
  assertEquals(breaker.advance(5_000), "halfOpen");
  assertEquals(breaker.advance(5_001), undefined);
  // Half of the spread of one second, as the random number has it.
  assertFalse(breaker.tryAcquire(5_499));
  assert(breaker.isReady(5_500));
  assert(breaker.tryAcquire(5_500));
  assertFalse(breaker.tryAcquire(5_500));
  assertFalse(breaker.tryAcquire(1e12));
});

Deno.test("CircuitBreaker.onSuccess() of the probe closes the circuit and forgets", () => {
  const breaker = new CircuitBreaker({ random: NO_JITTER });
  openAt(breaker, 0);
  breaker.onFailure(begin(breaker, 5_000), 5_000);
  assertEquals(breaker.onSuccess(begin(breaker, 15_000)), "closed");
  for (let i = 0; i < 4; i++) breaker.onFailure(begin(breaker, 20_000), 20_000);
  assertEquals(breaker.state, "closed");
  openAt(breaker, 20_000);
  assertEquals(breaker.retryAtMs, 25_000);
});

Deno.test("CircuitBreaker.onFailure() of a probe doubles the opening time up to maxOpenMs", () => {
  const breaker = new CircuitBreaker({
    random: NO_JITTER,
    openMs: 1_000,
    maxOpenMs: 6_000,
  });
  openAt(breaker, 0);
  const waits = [breaker.retryAtMs];
  for (let i = 0; i < 2_000; i++) {
    const now = breaker.retryAtMs;
    assertEquals(breaker.onFailure(begin(breaker, now), now), "open");
    waits.push(breaker.retryAtMs - now);
  }
  assertEquals(waits.slice(0, 5), [1_000, 2_000, 4_000, 6_000, 6_000]);
  assertEquals(waits.at(-1), 6_000);
});

Deno.test("CircuitBreaker jitters the opening time from half to one and a half", () => {
  for (const [value, wait] of [[0, 500], [0.25, 750], [1 - 2 ** -53, 1_500]]) {
    const breaker = new CircuitBreaker({
      random: fixedRandom(value!),
      openMs: 1_000,
    });
    openAt(breaker, 0);
    assertEquals(Math.round(breaker.retryAtMs), wait);
  }
});

Deno.test("CircuitBreaker spreads 1,000 clients that opened at the same time", () => {
  const random = new SeededRandom(11);
  const slots = new Map<number, number>();
  for (let client = 0; client < 1_000; client++) {
    const breaker = new CircuitBreaker({ random });
    openAt(breaker, 0);
    const slot = Math.floor(breaker.retryAtMs / 100);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
  }
  assert(
    Math.max(...slots.values()) <= 100,
    `${Math.max(...slots.values())} in one slot`,
  );
  assertEquals(Math.min(...slots.keys()), 25);
  assertEquals(Math.max(...slots.keys()), 74);
});

Deno.test("CircuitBreaker ignores late answers of attempts begun before it opened", () => {
  const breaker = new CircuitBreaker({
    random: NO_JITTER,
    failureThreshold: 2,
  });
  const late = [0, 1, 2, 3, 4, 5].map(() => begin(breaker, 0));
  breaker.onFailure(late[0]!, 10);
  assertEquals(breaker.onFailure(late[1]!, 10), "open");

  assertEquals(breaker.onSuccess(late[2]!), undefined);
  assertEquals(breaker.onFailure(late[3]!, 20), undefined);
  assertEquals(breaker.state, "open");
  assertEquals(breaker.retryAtMs, 5_010);

  const probe = begin(breaker, 5_010);
  assertEquals(breaker.onSuccess(late[4]!), undefined);
  assertEquals(breaker.onFailure(late[5]!, 5_011), undefined);
  assertEquals(breaker.state, "halfOpen");
  assertFalse(breaker.tryAcquire(5_012));
  assertEquals(breaker.onSuccess(probe), "closed");
});

Deno.test("CircuitBreaker ignores failures from before the outage once it has closed", () => {
  const breaker = new CircuitBreaker({
    random: NO_JITTER,
    failureThreshold: 1,
  });
  const late = begin(breaker, 0);
  openAt(breaker, 0);
  breaker.onSuccess(begin(breaker, 5_000));
  assertEquals(breaker.onFailure(late, 5_001), undefined);
  assertEquals(breaker.state, "closed");
});

Deno.test("CircuitBreaker.onCancel() of the probe makes room for another", () => {
  const breaker = new CircuitBreaker({ random: NO_JITTER });
  openAt(breaker, 0);
  const first = begin(breaker, 5_000);
  breaker.onCancel(first);
  assertEquals(breaker.state, "halfOpen");
  const second = begin(breaker, 5_001);
  assertEquals(breaker.onSuccess(first), undefined);
  assertEquals(breaker.onFailure(first, 5_002), undefined);
  breaker.onCancel(first);
  assertFalse(breaker.tryAcquire(5_003));
  assertEquals(breaker.onFailure(second, 5_004), "open");
  assertEquals(breaker.retryAtMs, 15_004);
});

Deno.test("CircuitBreaker.onCancel() neither counts nor resets failures", () => {
  const breaker = new CircuitBreaker({
    random: NO_JITTER,
    failureThreshold: 2,
  });
  breaker.onFailure(begin(breaker, 0), 0);
  breaker.onCancel(begin(breaker, 0));
  breaker.onCancel(begin(breaker, 0));
  assertEquals(breaker.state, "closed");
  assertEquals(breaker.onFailure(begin(breaker, 0), 0), "open");
});

Deno.test("CircuitBreaker keeps its promises over 100,000 random steps", () => {
  const seed = 42;
  const random = new SeededRandom(seed);
  const breaker = new CircuitBreaker({
    random,
    failureThreshold: 3,
    openMs: 100,
    maxOpenMs: 400,
  });
  const running: number[] = [];
  const seen = new Set<string>();
  let nowMs = 0;
  let probes = 0;
  for (let step = 0; step < 100_000; step++) {
    const message = `seed ${seed}, step ${step}`;
    const choice = random.nextFloat();
    const before = breaker.state;
    if (choice < 0.5) {
      nowMs += random.nextFloat() * 20;
      const due = nowMs >= breaker.retryAtMs;
      breaker.advance(nowMs);
      if (before === "open") {
        assertEquals(breaker.state, due ? "halfOpen" : "open", message);
      }
      const isReady = breaker.isReady(nowMs);
      const acquired = breaker.tryAcquire(nowMs);
      assertEquals(acquired, isReady, message);
      if (before === "closed") assert(acquired, message);
      if (breaker.state === "open" || probes > 0) {
        assertFalse(acquired, message);
      }
      // A fifth of openMs is the longest spread.
      if (breaker.state === "halfOpen" && probes === 0 && !acquired) {
        assert(breaker.isReady(nowMs + 20), message);
      }
      if (acquired && running.length < 20) running.push(breaker.generation);
      else if (acquired) breaker.onCancel(breaker.generation);
      probes = breaker.state === "halfOpen"
        ? running.filter((each) => each === breaker.generation).length
        : 0;
    } else if (running.length > 0) {
      const [ended] = running.splice(random.nextU32() % running.length, 1);
      const current = ended === breaker.generation;
      const state = choice < 0.7
        ? breaker.onSuccess(ended!)
        : choice < 0.95
        ? breaker.onFailure(ended!, nowMs)
        : breaker.onCancel(ended!);
      if (!current) assertEquals(breaker.state, before, message);
      assertEquals(
        state,
        breaker.state === before ? undefined : breaker.state,
        message,
      );
      if (current) probes = 0;
    }
    if (breaker.state !== before) seen.add(`${before} ${breaker.state}`);
    assert(probes <= 1, message);
  }
  assertEquals([...seen].sort(), [
    "closed open",
    "halfOpen closed",
    "halfOpen open",
    "open halfOpen",
  ]);
});

Deno.test("CircuitBreaker refuses bad options", () => {
  const random = NO_JITTER;
  for (const failureThreshold of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(
      () => new CircuitBreaker({ random, failureThreshold }),
      RangeError,
      "failureThreshold",
    );
  }
  for (const openMs of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => new CircuitBreaker({ random, openMs }),
      RangeError,
      "openMs must be",
    );
  }
  for (const maxOpenMs of [4_999, NaN, Infinity]) {
    assertThrows(
      () => new CircuitBreaker({ random, maxOpenMs }),
      RangeError,
      "maxOpenMs must be",
    );
  }
  assertEquals(
    new CircuitBreaker({ random, openMs: 120_000 }).state,
    "closed",
  );
});
