import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { type EchoOptions, simulateEcho } from "./_testing/echo_simulation.ts";
import { AdaptiveRedundancy } from "./adaptive_redundancy.ts";
import { NoRedundancy } from "./no_redundancy.ts";
import type { RedundancyPolicy } from "./redundancy_policy.ts";

const FRAME_MS = 1000 / 60;

/** Sends a message each frame and tells of each packet's fate; returns the time at the end. */
function feed(
  policy: RedundancyPolicy,
  frames: number,
  isLost: (number: number) => boolean,
  fromMs = 0,
  firstNumber = 0,
): number {
  policy.onRtt(100, 1, 100);
  for (let i = 0; i < frames; i++) {
    const nowMs = fromMs + i * FRAME_MS;
    policy.copies(100, nowMs);
    policy.onSent(100, false, nowMs);
    const number = firstNumber + i;
    policy.onFate(number, nowMs, isLost(number), nowMs + 100);
  }
  return fromMs + frames * FRAME_MS;
}

function never(): boolean {
  return false;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(share * sorted.length))
  ]!;
}

function adaptive(): RedundancyPolicy {
  return new AdaptiveRedundancy();
}

Deno.test("AdaptiveRedundancy makes some copies at first, none on a path known as clean", () => {
  const policy = new AdaptiveRedundancy();
  assert(policy.copies(100, 0) >= 2);
  const endMs = feed(policy, 240, never);
  assertEquals(policy.copies(100, endMs), 0);
  assertEquals(policy.lossRate, 0);
});

Deno.test("AdaptiveRedundancy is switched on by two losses", () => {
  const policy = new AdaptiveRedundancy();
  let nowMs = feed(policy, 2000, never);
  nowMs = feed(policy, 10, (n) => n === 2003, nowMs, 2000);
  assertEquals(policy.copies(100, nowMs), 0);
  nowMs = feed(policy, 1, () => true, nowMs, 2010);
  assert(policy.copies(100, nowMs) >= 2);
});

Deno.test("AdaptiveRedundancy keeps copies for some seconds after a loss, not for ever", () => {
  const policy = new AdaptiveRedundancy();
  let nowMs = feed(policy, 600, (n) => n % 20 === 7);
  assert(policy.copies(100, nowMs) >= 2);
  nowMs = feed(policy, 120, never, nowMs, 600);
  assert(policy.copies(100, nowMs) >= 2);
  nowMs = feed(policy, 10_000, never, nowMs, 720);
  assertEquals(policy.copies(100, nowMs), 0);
});

Deno.test("AdaptiveRedundancy makes more copies the more is lost", () => {
  let before = 0;
  for (const loss of [0, 0.01, 0.05, 0.15]) {
    const policy = new AdaptiveRedundancy({ maxOverhead: 7 });
    const random = new SeededRandom(5);
    const nowMs = feed(policy, 3000, () => random.nextFloat() < loss);
    const copies = policy.copies(100, nowMs);
    assert(copies >= before && copies <= 7, `${loss}: ${copies}`);
    assert(Math.abs(policy.lossRate - loss) < 0.03, `${loss}`);
    before = copies;
  }
  assert(before >= 4);
});

Deno.test("AdaptiveRedundancy puts copies beyond a burst", () => {
  for (let burst = 1; burst <= 8; burst++) {
    const policy = new AdaptiveRedundancy();
    const nowMs = feed(policy, 3000, (n) => n % (30 * burst) < burst);
    const copies = policy.copies(100, nowMs);
    assert(copies >= 2, `${burst}`);
    assert(Math.abs(policy.burstLength - burst) < 0.5, `${burst}`);
    // Those of the last, seldom needed one are not among them.
    const slotMs = FRAME_MS / copies;
    const packets = policy.delayMs(0) / slotMs;
    assert(packets > burst - 1.01, `${burst}: ${packets}`);
    assert(packets < 2 * burst + 1.01, `${burst}: ${packets}`);
  }
});

Deno.test("AdaptiveRedundancy.delayMs() grows, and keeps copies out of each other's packets", () => {
  for (let burst = 1; burst <= 6; burst++) {
    const policy = new AdaptiveRedundancy({ maxOverhead: 7 });
    const nowMs = feed(policy, 3000, (n) => n % (12 * burst) < burst);
    const copies = policy.copies(100, nowMs);
    const phases = [0];
    for (let i = 0; i < copies - 1; i++) {
      assert(policy.delayMs(i) > (i === 0 ? 0 : policy.delayMs(i - 1)));
      if (policy.delayMs(i) >= 150) continue;
      phases.push(policy.delayMs(i) % FRAME_MS);
    }
    phases.sort((a, b) => a - b);
    phases.push(FRAME_MS);
    for (let i = 1; i < phases.length; i++) {
      assert(
        phases[i]! - phases[i - 1]! > 0.9 * FRAME_MS / copies,
        `${burst}: ${phases}`,
      );
    }
    assert(policy.delayMs(copies - 1) > policy.delayMs(copies - 2));
  }
});

Deno.test("AdaptiveRedundancy gives bulk no copies", () => {
  const policy = new AdaptiveRedundancy();
  const nowMs = feed(policy, 600, (n) => n % 10 === 7);
  assertEquals(policy.copies(1100, nowMs), 0);
  // 2 MB/s of small messages: the next packet is never far.
  for (let i = 0; i < 40_000; i++) policy.copies(100, nowMs + i / 20);
  assertEquals(policy.copies(100, nowMs + 2001), 0);
});

Deno.test("AdaptiveRedundancy plans for an empty message", () => {
  const policy = new AdaptiveRedundancy();
  const copies = policy.copies(0, 0);
  assert(Number.isInteger(copies) && copies >= 0 && copies <= 7, `${copies}`);
});

Deno.test("AdaptiveRedundancy keeps to its byte budgets", () => {
  for (const maxOverhead of [0, 0.5, 1, 2.5]) {
    const policy = new AdaptiveRedundancy({ maxOverhead });
    const random = new SeededRandom(3);
    let copyBytes = 0;
    for (let i = 0; i < 6000; i++) {
      const nowMs = i * FRAME_MS;
      const copies = policy.copies(100, nowMs);
      policy.onSent(100, false, nowMs);
      for (let c = 0; c < copies; c++) policy.onSent(100, true, nowMs);
      copyBytes += copies * 100;
      policy.onFate(i, nowMs, random.nextFloat() < 0.3, nowMs);
    }
    const overhead = copyBytes / 600_000;
    assert(overhead <= maxOverhead + 0.03, `${maxOverhead}: ${overhead}`);
    assert(overhead >= 0.9 * maxOverhead, `${maxOverhead}: ${overhead}`);
  }
});

Deno.test("AdaptiveRedundancy.onSpuriousLoss() takes a loss back", () => {
  const policy = new AdaptiveRedundancy();
  let nowMs = feed(policy, 2000, never);
  for (let i = 0; i < 60; i++) {
    const number = 2000 + 10 * i;
    nowMs = feed(policy, 10, (n) => n === number, nowMs, number);
    policy.onSpuriousLoss(number, nowMs);
  }
  assert(policy.lossRate < 0.001);
  assert(policy.burstLength >= 1 && policy.burstLength < 4);
});

Deno.test("AdaptiveRedundancy keeps the round trips of a game short, in the bytes it is given", () => {
  const cases: [
    string,
    Omit<EchoOptions, "seed" | "policy">,
    number,
    number,
  ][] = [
    ["random", { delayMs: 50, loss: 0.05 }, 120, 1.35e6],
    ["bursts", { delayMs: 25, jitterMs: 20, loss: 0.03, burst: 4 }, 130, 1.5e6],
    ["clean", { delayMs: 50, loss: 0 }, 105, 0.5e6],
  ];
  for (const [name, options, limitMs, limitBytes] of cases) {
    const tails: number[] = [];
    for (let seed = 1; seed <= 5; seed++) {
      const result = simulateEcho({ ...options, seed, policy: adaptive });
      assertEquals(result.rttMs.length, 1800);
      assert(result.bytes <= limitBytes, `${name}, seed ${seed}`);
      tails.push(percentile(result.rttMs, 0.99));
    }
    assert(percentile(tails, 0.5) <= limitMs, `${name}: ${tails}`);
  }
});

Deno.test("AdaptiveRedundancy has a much shorter tail than no copies", () => {
  const options = { delayMs: 50, loss: 0.05, seed: 4 };
  const none = simulateEcho({ ...options, policy: () => new NoRedundancy() });
  const some = simulateEcho({ ...options, policy: adaptive });
  assert(percentile(none.rttMs, 0.99) > 200);
  assert(percentile(some.rttMs, 0.99) <= 120);
});

Deno.test("AdaptiveRedundancy plans for empty messages too", () => {
  const policy = new AdaptiveRedundancy();
  for (let i = 0; i < 20; i++) {
    const copies = policy.copies(0, i);
    assert(copies >= 0 && copies <= 7, `${copies}`);
  }
});

Deno.test("AdaptiveRedundancy refuses limits out of range", () => {
  for (const maxOverhead of [-0.1, 7.1, NaN]) {
    assertThrows(
      () => new AdaptiveRedundancy({ maxOverhead }),
      RangeError,
      `Cannot create an AdaptiveRedundancy as maxOverhead must be from 0 to 7: current value is ${maxOverhead}`,
    );
  }
  assertThrows(
    () => new AdaptiveRedundancy({ maxBytesPerSecond: -1 }),
    RangeError,
    "Cannot create an AdaptiveRedundancy as maxBytesPerSecond must be >= 0: current value is -1",
  );
});
