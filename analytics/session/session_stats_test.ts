import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { checkFields } from "../event/check_fields.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { SessionStats } from "./session_stats.ts";

function play(stats: SessionStats, frames: number, ms: number): void {
  for (let i = 0; i < frames; i++) stats.recordFrame(ms);
}

Deno.test("SessionStats begins with nothing", () => {
  const stats = new SessionStats();
  assertEquals(stats.avgFrameMs, 0);
  assertEquals(stats.p99FrameMs, 0);
  assertEquals(stats.maxMemoryBytes, 0);
  assertEquals(stats.takeFrames(), undefined);
  assertEquals(stats.takeMemory(), undefined);
  assertEquals(stats.toCsvRow(), SessionStats.csvHeader().replace(/\w+/g, "0"));
});

Deno.test("SessionStats.apply() updates by what events say", () => {
  const stats = new SessionStats();
  stats.apply({ name: "death", fields: { cause: "spikes", floor: 3 } });
  stats.apply({
    name: "bossEncounter",
    fields: {
      boss: "slug",
      floor: 5,
      won: true,
      durationMs: 9,
      damageDealt: 120.5,
      damageTaken: 7,
    },
  });
  stats.apply({
    name: "bossEncounter",
    fields: {
      boss: "slug",
      floor: 4,
      won: false,
      durationMs: 9,
      damageDealt: undefined,
    },
  });
  stats.apply({ name: "itemPickup", fields: { item: "potion" } });
  stats.apply({ name: "itemPickup", fields: { item: "potion", floor: 6 } });
  stats.apply({
    name: "floorComplete",
    fields: { floor: 6, durationMs: 9, kills: 12, items: 2 },
  });
  stats.apply({ name: "floorComplete", fields: { floor: 2, durationMs: 9 } });
  stats.apply({ name: "custom", fields: { key: "x", floor: 99 } });
  assertEquals(stats.figures(), {
    playTimeMs: 0,
    deaths: 1,
    kills: 12,
    floors: 2,
    items: 2,
    score: 0,
    bossesSeen: 2,
    bossesKilled: 1,
    maxFloor: 6,
    totalDamageDealt: 120.5,
    totalDamageTaken: 7,
  });
});

Deno.test("SessionStats.figures() fits whatever a game has set", () => {
  const stats = new SessionStats();
  stats.playTime = 12.3456;
  stats.deaths = -1;
  stats.kills = 2.5;
  stats.items = NaN;
  stats.floors = Infinity;
  stats.score = -Infinity;
  stats.maxFloor = 2e6;
  stats.totalDamageTaken = -3;
  const figures = stats.figures();
  assertEquals(figures.playTimeMs, 12346);
  assertEquals(figures.deaths, 0);
  assertEquals(figures.kills, 3);
  assertEquals(figures.items, 0);
  assertEquals(figures.floors, Number.MAX_SAFE_INTEGER);
  assertEquals(figures.score, -Number.MAX_VALUE);
  assertEquals(figures.maxFloor, 1_000_000);
  const { definition, fields } = AnalyticsEvent.sessionEnd({
    reason: "closed",
    durationMs: 1,
    ...figures,
  });
  assertEquals(checkFields(definition, fields), undefined);
  assertEquals(figures.totalDamageTaken, 0);
});

Deno.test("SessionStats estimates the quantiles of frames within 0.55 %", () => {
  const random = new SeededRandom(3);
  const stats = new SessionStats();
  const frames = Array.from(
    { length: 20_000 },
    () => 8 + 20 * random.nextFloat() ** 8,
  );
  for (const ms of frames) stats.recordFrame(ms);
  frames.sort((a, b) => a - b);
  for (
    const [q, estimate] of [[0.5, stats.p50FrameMs], [0.99, stats.p99FrameMs], [
      0.999,
      stats.p999FrameMs,
    ]] as const
  ) {
    const exact = frames[Math.floor(q * (frames.length - 1))]!;
    assert(Math.abs(estimate - exact) <= 0.0055 * exact, `${q}`);
    assertEquals(stats.frameQuantile(q), estimate);
  }
  const mean = frames.reduce((sum, ms) => sum + ms) / frames.length;
  assert(Math.abs(stats.avgFrameMs - mean) < 1e-9);
  assertThrows(() => stats.frameQuantile(2), RangeError);
});

Deno.test("SessionStats counts what is far longer than the frames before as a hitch", () => {
  const stats = new SessionStats();
  play(stats, 200, 16.7);
  stats.recordFrame(34);
  assertEquals(stats.hitches, 1);
  play(stats, 200, 6.9);
  // Three frames' time, but nobody sees it.
  stats.recordFrame(21);
  assertEquals(stats.hitches, 1);
  stats.recordFrame(26);
  assertEquals(stats.hitches, 2);
});

Deno.test("SessionStats has no hitches at a steady rate, however low", () => {
  const random = new SeededRandom(4);
  for (const rate of [144, 60, 40, 30, 20]) {
    const stats = new SessionStats();
    // It may take a moment to know the rate.
    for (let i = 0; i < 100; i++) stats.recordFrame(1000 / rate);
    const before = stats.hitches;
    for (let i = 0; i < 1000; i++) {
      stats.recordFrame(1000 / rate * (0.9 + 0.2 * random.nextFloat()));
    }
    assertEquals(stats.hitches - before, 0, `${rate}`);
    assert(before < 50, `${rate}: ${before}`);
  }
});

Deno.test("SessionStats still finds hitches after a long load", () => {
  const stats = new SessionStats();
  play(stats, 20, 4000);
  play(stats, 200, 16.7);
  const before = stats.hitches;
  stats.recordFrame(100);
  assertEquals(stats.hitches, before + 1);
});

Deno.test("SessionStats.takeFrames() gives each frame once, and all add up", () => {
  const random = new SeededRandom(5);
  const stats = new SessionStats();
  const all = new QuantileSketch();
  const taken = new QuantileSketch();
  let hitches = 0;
  for (let i = 0; i < 5000; i++) {
    const ms = random.nextFloat() < 0.01 ? 80 : 16 + random.nextFloat();
    stats.recordFrame(ms);
    all.add(ms);
    if (i % 700 !== 0) continue;
    const part = stats.takeFrames();
    assert(part !== undefined);
    taken.merge(part.sketch);
    hitches += part.hitches;
    assertEquals(stats.takeFrames(), undefined);
  }
  const last = stats.takeFrames();
  assert(last !== undefined);
  taken.merge(last.sketch);
  assertEquals(taken.toJson().slice(1), all.toJson().slice(1));
  assertEquals(hitches + last.hitches, stats.hitches);
  assert(stats.hitches > 20);
  assertEquals(stats.frames, 5000);
});

Deno.test("SessionStats.takeMemory() gives what was measured", () => {
  const stats = new SessionStats();
  stats.recordMemory(1e6);
  stats.recordMemory(3e6);
  assertEquals(stats.takeMemory()?.sum, 4e6);
  stats.recordMemory(2e6);
  assertEquals(stats.takeMemory()?.sum, 2e6);
  assertEquals(stats.maxMemoryBytes, 3e6);
  assert(Math.abs(stats.memoryQuantile(0.5) - 2e6) <= 0.0055 * 2e6);
});

Deno.test("SessionStats loses no frames to one that never ends", () => {
  const stats = new SessionStats();
  play(stats, 100, 0.5);
  for (const ms of [1e300, Infinity, NaN, -1]) stats.recordFrame(ms);
  assertEquals(stats.frames, 103);
  assert(Math.abs(stats.p50FrameMs - 0.5) <= 0.0055 * 0.5);
  assertEquals(stats.frameQuantile(1), 2 ** 22);
  const taken = stats.takeFrames();
  const { definition, fields } = AnalyticsEvent.frameTime({
    sketch: taken!.sketch.toJson(),
    hitches: taken!.hitches,
  });
  assertEquals(checkFields(definition, fields), undefined);
  stats.recordMemory(1e300);
  assertEquals(stats.maxMemoryBytes, 2 ** 42);
});

Deno.test("SessionStats.toCsvRow() has a number for each name", () => {
  const stats = new SessionStats();
  stats.deaths = 2;
  stats.playTime = 61.23456;
  stats.recordFrame(16);
  stats.recordMemory(1024);
  const names = SessionStats.csvHeader().split(",");
  const row = Object.fromEntries(
    stats.toCsvRow().split(",").map((cell, at) => [names[at], Number(cell)]),
  );
  assertEquals(row, {
    deaths: 2,
    kills: 0,
    floors: 0,
    items: 0,
    score: 0,
    playTime: 61.235,
    bossesSeen: 0,
    bossesKilled: 0,
    maxFloor: 0,
    totalDamageDealt: 0,
    totalDamageTaken: 0,
    frames: 1,
    avgFrameMs: 16,
    p50FrameMs: 16,
    p99FrameMs: 16,
    p999FrameMs: 16,
    hitches: 0,
    maxMemoryBytes: 1024,
  });
});

Deno.test("SessionStats.toCsvRow() has finite numbers whatever a game has set", () => {
  const stats = new SessionStats();
  stats.score = NaN;
  stats.totalDamageDealt = Infinity;
  stats.totalDamageTaken = 1e307;
  for (const cell of stats.toCsvRow().split(",")) {
    assert(Number.isFinite(Number(cell)), cell);
  }
});

Deno.test("SessionStats.figures() fit a sessionEnd whatever a game has set, and events go on counting", () => {
  const values = [5n, 2n ** 70n, undefined, null, "7", {}, []];
  const names = Object.keys(new SessionStats().figures());
  for (const value of values) {
    const stats = new SessionStats();
    for (const name of [...names, "playTime"]) {
      if (name in stats) {
        (stats as unknown as Record<string, unknown>)[name] = value;
      }
    }
    stats.addPlayTime(1);
    const before = AnalyticsEvent.sessionEnd({
      reason: "closed",
      durationMs: 1,
      ...stats.figures(),
    });
    assertEquals(checkFields(before.definition, before.fields), undefined);
    stats.apply(
      AnalyticsEvent.floorComplete({ floor: 2, durationMs: 1, kills: 3 }),
    );
    stats.apply(
      AnalyticsEvent.bossEncounter({
        boss: "bone lord",
        floor: 3,
        won: true,
        durationMs: 1,
        damageDealt: 4,
      }),
    );
    const { kills, totalDamageDealt, maxFloor } = stats.figures();
    const set = typeof value === "bigint" ? Number(value) : 0;
    assertEquals(kills, Math.min(set + 3, Number.MAX_SAFE_INTEGER));
    assertEquals(totalDamageDealt, set + 4);
    assert(maxFloor >= 3);
    for (const cell of stats.toCsvRow().split(",")) {
      assert(Number.isFinite(Number(cell)), cell);
    }
  }
});
