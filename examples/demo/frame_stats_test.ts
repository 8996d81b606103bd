import { assertEquals } from "@std/assert";
import { FrameStats } from "./frame_stats.ts";

Deno.test("FrameStats.summary() tells percentiles", () => {
  const stats = new FrameStats(16);
  for (let i = 1; i <= 100; i++) stats.add(i / 10, 1, 0.5, 0.25);
  const { frames, frameMs, workMs, networkMs } = stats.summary();
  assertEquals(frames, 100);
  assertEquals(frameMs, { p50: 5.01, p99: 9.91, worst: 10 });
  assertEquals(workMs, { p50: 1, p99: 1, worst: 1 });
  assertEquals(networkMs, { p50: 0.5, p99: 0.5, worst: 0.5 });
});

Deno.test("FrameStats.summary() is zero without frames", () => {
  const zero = { p50: 0, p99: 0, worst: 0 };
  assertEquals(new FrameStats(16).summary(), {
    frames: 0,
    frameMs: zero,
    workMs: zero,
    networkMs: zero,
    budgetMs: 16,
    lateFrames: 0,
    framesOverBudget: 0,
    framesOverBudgetBecauseOfNetwork: 0,
  });
});

Deno.test("FrameStats.add() tells the network's frames over budget from others", () => {
  const stats = new FrameStats(16);
  stats.add(undefined, 16, 16, 16);
  stats.add(16, 17, 0.5, 0.5);
  stats.add(16, 17, 1.5, 1.5);
  stats.add(16, 40, 20, 20);
  stats.add(16, 40, 39, 2);
  const { framesOverBudget, framesOverBudgetBecauseOfNetwork } = stats
    .summary();
  assertEquals(framesOverBudget, 4);
  assertEquals(framesOverBudgetBecauseOfNetwork, 1);
});

Deno.test("FrameStats.add() counts frames that began more than half a frame late", () => {
  const stats = new FrameStats(16);
  for (const frameMs of [undefined, 16, 24, 24.1, 1_000]) {
    stats.add(frameMs, 1, 1, 1);
  }
  assertEquals(stats.summary().lateFrames, 2);
  assertEquals(stats.summary().frameMs.worst, 1_000);
});

Deno.test("FrameStats.recentFrameMs() keeps the last ones, oldest first", () => {
  const stats = new FrameStats(16);
  for (let i = 0; i < 1_000; i++) stats.add(i, 0, i / 2, 0);
  assertEquals(stats.recentFrameMs(3), [997, 998, 999]);
  assertEquals(stats.recentNetworkMs(2), [499, 499.5]);
  assertEquals(stats.recentFrameMs(1_000).length, 256);
});
