// This module is browser compatible.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RttEstimator } from "./rtt_estimator.ts";

Deno.test("RttEstimator starts and smooths as RFC 6298, section 2", () => {
  const rtt = new RttEstimator();
  assertEquals([rtt.isKnown, rtt.smoothedMs, rtt.minMs], [false, 0, 0]);
  rtt.sample(80, 0, 0);
  assertEquals([rtt.smoothedMs, rtt.variationMs, rtt.minMs], [80, 40, 80]);
  rtt.sample(120, 0, 10);
  assertEquals([rtt.smoothedMs, rtt.variationMs, rtt.minMs], [85, 40, 80]);
});

Deno.test("RttEstimator takes the peer's delay off as far as it can be true", () => {
  const rtt = new RttEstimator();
  rtt.sample(50, 10, 0);
  assertEquals([rtt.latestMs, rtt.smoothedMs, rtt.minMs], [40, 40, 40]);
  rtt.sample(70, 20, 1);
  assertEquals([rtt.latestMs, rtt.minMs], [50, 40]);
  rtt.sample(70, 71, 2);
  assertEquals([rtt.latestMs, rtt.minMs], [70, 40]);
});

Deno.test("RttEstimator forgets the least RTT after five to ten seconds", () => {
  const rtt = new RttEstimator();
  rtt.sample(20, 0, 0);
  for (let nowMs = 100; nowMs < 20_000; nowMs += 100) {
    rtt.sample(60, 0, nowMs);
    if (nowMs < 5000) assertEquals(rtt.minMs, 20);
    if (nowMs >= 10_000) assertEquals(rtt.minMs, 60);
  }
  // After a pause longer than that, at once.
  rtt.sample(90, 0, 40_000);
  assertEquals(rtt.minMs, 90);
  assertAlmostEquals(rtt.smoothedMs, 63.75, 0.1);
});

Deno.test("RttEstimator.reset() forgets everything", () => {
  const rtt = new RttEstimator();
  rtt.sample(20, 0, 0);
  rtt.reset();
  assert(!rtt.isKnown);
  rtt.sample(200, 0, 1);
  assertEquals([rtt.smoothedMs, rtt.minMs], [200, 200]);
});
