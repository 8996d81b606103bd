import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  type Arrival,
  type ExchangeOptions,
  ORDINARY,
  simulateExchange,
  simulateOffset,
} from "./_testing/simulate_exchange.ts";
import { NetworkClock, type NetworkClockOptions } from "./network_clock.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const FRAME_MS = 1_000 / 60;

function take(clock: NetworkClock, arrival: Arrival): void {
  if (arrival.hasUp) clock.recordUp(arrival.upSentMs, arrival.upReceivedMs);
  clock.recordDown(arrival.sentMs, arrival.atMs);
}

/** What a run showed, looked at in frames of 1/60 s. */
interface Run {
  readonly clock: NetworkClock;
  /** |offset error| by frame, from the time on that was asked for. */
  readonly errors: number[];
  /** Of the moments since the first second: inside floorErrorMs, inside errorBoundMs. */
  readonly inFloor: number;
  readonly inBound: number;
}

/** Plays an exchange and checks what holds in every frame. */
function play(
  options: Partial<ExchangeOptions>,
  fromMs = 10_000,
  clockOptions: NetworkClockOptions = {},
): Run {
  const all = { ...ORDINARY, seconds: 60, ...options };
  const what = JSON.stringify(options);
  const run = simulateExchange(all);
  const offsetAt = simulateOffset(all);
  const clock = new NetworkClock(clockOptions);
  const errors: number[] = [];
  let at = 0;
  let seen = 0;
  let inFloor = 0;
  let inBound = 0;
  let before = 0;
  for (let frame = 0; frame < all.seconds * 60; frame++) {
    const nowMs = frame * FRAME_MS;
    while (at < run.length && run[at]!.atMs <= nowMs) take(clock, run[at++]!);
    const wasSynced = clock.isSynced;
    const jumps = clock.jumps;
    before = clock.serverTime;
    clock.tick(FRAME_MS / 1_000, nowMs);
    if (!wasSynced) continue;
    const passed = clock.serverTime - before;
    assert(passed >= 0, `backwards at ${nowMs} of ${what}`);
    if (clock.jumps === jumps) {
      assert(
        passed <= FRAME_MS * 1.05 + 1e-6 &&
          (passed === 0 || passed >= FRAME_MS * 0.95 - 1e-6),
        `slewed to ${passed} at ${nowMs} of ${what}`,
      );
    }
    const error = Math.abs(clock.offset - offsetAt(nowMs));
    if (nowMs > 1_000) {
      seen++;
      if (error <= clock.floorErrorMs) inFloor++;
      if (error <= clock.errorBoundMs) inBound++;
    }
    if (nowMs >= fromMs) errors.push(error);
  }
  return { clock, errors, inFloor: inFloor / seen, inBound: inBound / seen };
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

Deno.test("NetworkClock knows nothing before a message in each direction", () => {
  const clock = new NetworkClock();
  assertEquals(clock.isSynced, false);
  clock.tick(1);
  for (
    const value of [
      clock.serverTime,
      clock.offset,
      clock.rttMs,
      clock.rttFloorMs,
      clock.upFloorMs,
      clock.downFloorMs,
      clock.serverTimeAt(5),
      clock.toServerTick(),
    ]
  ) {
    assertEquals(value, 0);
  }
  assertEquals(clock.errorBoundMs, Infinity);
  assertEquals(clock.floorErrorMs, Infinity);
  clock.recordDown(1_000, 40);
  assertEquals(clock.isSynced, false);
  clock.recordUp(10, 1_010);
  assertEquals(clock.isSynced, true);
  assertAlmostEquals(clock.offset, 980);
  assertAlmostEquals(clock.serverTime, 1_020);
  assertAlmostEquals(clock.errorBoundMs, 20, 0.1);
});

Deno.test("NetworkClock.recordPingPong() gives offset, delays and ticks", () => {
  const clock = new NetworkClock({ tickRate: 50 });
  clock.recordPingPong(100, 5_130, 165, 5_135);
  assertAlmostEquals(clock.rttMs, 60);
  assertAlmostEquals(clock.offset, 5_000);
  assertAlmostEquals(clock.upFloorMs, 30);
  assertAlmostEquals(clock.downFloorMs, 30);
  assertEquals(clock.toServerTick(), Math.floor(5_165 / 20));
  assertEquals(clock.toServerTick(1_019), 50);
  assertEquals(clock.toServerTick(-5), 0);
  clock.recordPingPong(200, 5_230, 260);
  assertAlmostEquals(clock.rttMs, 60);
  assertAlmostEquals(clock.serverTimeAt(300), 5_300);
});

Deno.test("NetworkClock refuses options and times that are none", () => {
  assertThrows(() => new NetworkClock({ tickRate: 0 }), RangeError, "tickRate");
  assertThrows(() => new NetworkClock({ snapMs: NaN }), RangeError, "snapMs");
  const clock = new NetworkClock();
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => clock.tick(dt), RangeError, "Cannot tick the clock");
  }
});

Deno.test("NetworkClock.tick() goes on by dt alone between messages", () => {
  const clock = new NetworkClock();
  clock.recordPingPong(0, 1_000, 20);
  const start = clock.serverTime;
  for (let i = 0; i < 600; i++) clock.tick(1 / 60);
  assertAlmostEquals(clock.serverTime, start + 10_000, 1e-6);
});

Deno.test("NetworkClock is right, smooth and honest over seeds and networks", () => {
  const random = new SeededRandom(20);
  const runs = IS_SOAK ? 300 : 3;
  let covered = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const shape = random.nextU32() % 2 === 0 ? 1 : 3;
    const jitterUpMs = 0.05 + 6 * random.nextFloat();
    const jitterDownMs = 0.05 + 30 * random.nextFloat();
    const floorMs = 0.05 + 150 * random.nextFloat();
    const options: Partial<ExchangeOptions> = {
      seed,
      seconds: IS_SOAK ? 200 : 40,
      shape,
      hz: [20, 30, 60, 128][random.nextU32() % 4]!,
      jitterUpMs,
      jitterDownMs,
      floorUpMs: floorMs,
      floorDownMs: floorMs,
      loss: 0.1 * random.nextFloat(),
      driftPpm: 300 * (random.nextFloat() - 0.5),
      offsetMs: 1e12 * (random.nextFloat() - 0.2),
    };
    const { clock, errors, inFloor, inBound } = play(options);
    const what = JSON.stringify(options);
    const worst = shape === 1 ? 0.05 : 0.2;
    const p95 = quantile(errors, 0.95);
    assert(
      p95 <= 0.05 + worst * (jitterUpMs + jitterDownMs),
      `${p95} of ${what}`,
    );
    assertEquals(clock.clockSteps, 0, what);
    assertEquals(inBound, 1, what);
    covered += inFloor;
  }
  assert(covered / runs >= 0.99, `covered: ${covered / runs}`);
});

Deno.test("NetworkClock reaches the figures that are promised", () => {
  const runs = IS_SOAK ? 50 : 1;
  for (const [shape, wanted] of [[1, 0.3], [3, 1.2]] as const) {
    const errors: number[] = [];
    for (let seed = 1; seed <= runs; seed++) {
      const run = play({ seed, shape });
      errors.push(...run.errors);
      assert(
        run.inFloor >= 0.99,
        `seed ${seed}, shape ${shape}: ${run.inFloor}`,
      );
    }
    const p95 = quantile(errors, 0.95);
    assert(p95 <= wanted, `shape ${shape}: ${p95}`);
  }
});

Deno.test("NetworkClock counts the asymmetry that cannot be known in its bound", () => {
  for (const [floorUpMs, floorDownMs] of [[5, 95], [95, 5], [1, 1]] as const) {
    const { clock, errors, inBound } = play({ floorUpMs, floorDownMs });
    assertAlmostEquals(
      quantile(errors, 0.5),
      Math.abs(floorUpMs - floorDownMs) / 2,
      0.5,
    );
    assertEquals(inBound, 1);
    // Not more than the floors' half and what jitter hides.
    assert(clock.errorBoundMs < (floorUpMs + floorDownMs) / 2 + 1);
    assert(clock.floorErrorMs < 1);
  }
});

Deno.test("NetworkClock tells drift and jitter", () => {
  for (const driftPpm of [-200, 0, 40]) {
    const { clock } = play({ driftPpm, wanderPpm: 0 });
    assertAlmostEquals(clock.driftPpm, driftPpm, 5);
    // 1 % of the messages are 175 ms late on average.
    assertAlmostEquals(clock.jitterUpMs, 3.75, 3);
    assertAlmostEquals(clock.jitterDownMs, 21.75, 6);
    assertAlmostEquals(clock.rttFloorMs, 100, 0.5);
  }
});

Deno.test("NetworkClock does not take a pause of its own for jitter", () => {
  const clock = new NetworkClock();
  let nowMs = 0;
  let serverMs = 0;
  function frame(dtMs: number): void {
    nowMs += dtMs;
    // What has come since the last frame is taken now: 30 ms and up to 4 more.
    for (; serverMs + 34 < nowMs; serverMs += 1_000 / 37) {
      clock.recordUp(serverMs, serverMs + 30);
      clock.recordDown(serverMs, nowMs);
    }
    clock.tick(dtMs / 1_000, nowMs);
  }
  for (let i = 0; i < 600; i++) frame(FRAME_MS);
  const { jitterDownMs, rttMs } = clock;
  assert(jitterDownMs > 1 && jitterDownMs < 20, `${jitterDownMs}`);
  frame(3_000);
  frame(FRAME_MS);
  assertAlmostEquals(clock.jitterDownMs, jitterDownMs, 0.2);
  assertAlmostEquals(clock.rttMs, rttMs, 0.5);
  // Nor does it end there: what is prompt counts again.
  for (let i = 0; i < 600; i++) frame(FRAME_MS * 3);
  assert(clock.jitterDownMs > jitterDownMs + 5, `${clock.jitterDownMs}`);
});

Deno.test("NetworkClock keeps its offset when a route changes, and learns the delay", () => {
  const runs = IS_SOAK ? 60 : 1;
  for (let seed = 1; seed <= runs; seed++) {
    // The first of them alone, unless there is time.
    for (const shape of [1, 3] as const) {
      for (
        const [upMs, downMs] of [
          [30, 0],
          [0, 30],
          [30, 30],
          [-30, 0],
          [0, -30],
          [200, 0],
        ].slice(0, IS_SOAK ? 6 : shape === 1 ? 4 : 1) as [number, number][]
      ) {
        const what = `${upMs} up, ${downMs} down, shape ${shape}, seed ${seed}`;
        // Until long after the old floor is forgotten.
        const { clock, errors, inBound } = play({
          seed,
          seconds: 110,
          shape,
          steps: [{ atMs: 30_000, upMs, downMs }],
        }, 34_000);
        const worst = quantile(errors, 1);
        assert(worst < (shape === 1 ? 1 : 3), `${worst} ms: ${what}`);
        assert(inBound >= 0.999, `${inBound}: ${what}`);
        assertAlmostEquals(clock.rttFloorMs, 100 + upMs + downMs, 5, what);
        assertEquals(clock.clockSteps, 0, what);
        assertEquals(clock.jumps, 0, what);
      }
    }
  }
});

Deno.test("NetworkClock takes a block of both routes for neither, whatever came before it", () => {
  // By chance alone the half second before the change was a slow one.
  const { clock, errors } = play({
    seed: 14,
    seconds: 110,
    steps: [{ atMs: 30_000, upMs: 0, downMs: 30 }],
  }, 34_000);
  const worst = quantile(errors, 1);
  assert(worst < 1, `${worst} ms`);
  assertAlmostEquals(clock.rttFloorMs, 130, 5);
});

Deno.test("NetworkClock knows a new delay within 4 s", () => {
  const run = simulateExchange({
    ...ORDINARY,
    seconds: 40,
    steps: [{ atMs: 30_000, upMs: 0, downMs: 30 }],
  });
  const clock = new NetworkClock();
  for (const arrival of run) {
    take(clock, arrival);
    if (arrival.atMs > 29_000 && arrival.atMs < 30_000) {
      assertAlmostEquals(clock.downFloorMs, 50, 1);
    }
    if (arrival.atMs > 34_000) assertAlmostEquals(clock.downFloorMs, 80, 3);
  }
});

Deno.test("NetworkClock follows routes that change back and forth", () => {
  const steps = Array.from({ length: 9 }, (_, i) => ({
    atMs: 20_000 + i * 7_000,
    upMs: i % 2 === 0 ? 30 : -30,
    downMs: 0,
  }));
  const { errors, inBound } = play({ seconds: 200, steps });
  assert(quantile(errors, 1) < 1, `${quantile(errors, 1)}`);
  assertEquals(inBound, 1);
});

Deno.test("NetworkClock bears the silence of one direction", () => {
  for (const direction of ["up", "down"] as const) {
    const { clock, errors, inFloor, inBound } = play({
      seconds: 120,
      silence: { fromMs: 20_000, toMs: 80_000, direction },
    });
    assert(quantile(errors, 1) < 1, `${direction}: ${quantile(errors, 1)}`);
    assert(inFloor >= 0.99);
    assertEquals(inBound, 1);
    assertEquals(clock.clockSteps, 0);
  }
});

Deno.test("NetworkClock bounds its error higher the longer it hears nothing", () => {
  const { clock } = play({});
  const before = clock.floorErrorMs;
  clock.tick(60);
  const after = clock.floorErrorMs;
  clock.tick(600);
  assert(before < after && after < clock.floorErrorMs);
});

Deno.test("NetworkClock does not mind that stamps wrap", () => {
  const wrap = 2 ** 26;
  const plain = play({ offsetMs: 30_000 });
  const wrapped = play({ offsetMs: wrap - 30_000 });
  assertAlmostEquals(
    wrapped.clock.serverTime - plain.clock.serverTime,
    wrap - 60_000,
    0.05,
  );
  assert(quantile(wrapped.errors, 1) < 0.5);
  assertEquals(wrapped.clock.ignoredStamps, 0);
});

Deno.test("NetworkClock finds the time again after the machine has slept", () => {
  for (const forMs of [600_000, -600_000, 3_000, 200, 30, -30]) {
    const { clock, errors } = play({
      seconds: 60,
      suspend: { atMs: 20_000, forMs },
    }, 24_000);
    assert(quantile(errors, 1) < 5, `${forMs}: ${quantile(errors, 1)}`);
    assertEquals(clock.clockSteps, 1, `${forMs}`);
    if (forMs > 250) {
      assertEquals(clock.jumps, 1, `${forMs}`);
      const wanted = 60_000 + clock.offset;
      assertAlmostEquals(clock.serverTime, wanted, 25, `${forMs}`);
    }
  }
});

Deno.test("NetworkClock.serverTime stands still while it is far ahead", () => {
  const clock = new NetworkClock({ snapMs: 100 });
  clock.recordPingPong(0, 10_000, 20);
  const start = clock.serverTime;
  // The server's clock is set back by a second.
  for (let i = 1; i < 200; i++) {
    clock.recordPingPong(i * 20, 9_000 + i * 20, i * 20 + 20);
    const before = clock.serverTime;
    clock.tick(0.02, i * 20 + 20);
    assert(clock.serverTime >= before);
    if (i === 20) assert(clock.serverTime < start + 300);
  }
  assertEquals(clock.clockSteps, 1);
  assertEquals(clock.jumps, 0);
  assertAlmostEquals(clock.serverTime, clock.serverTimeAt(4_000), 5);
});

Deno.test("NetworkClock ignores stamps that cannot be true, and counts them", () => {
  const { clock } = play({});
  const { offset } = clock;
  const now = 60_000;
  const stamps: (readonly [number, number])[] = [];
  for (const bad of [NaN, Infinity, -Infinity, 1e300, -1e300]) {
    stamps.push([bad, now], [now, bad]);
  }
  for (const [one, other] of stamps) {
    clock.recordUp(one, other);
    clock.recordDown(one, other);
  }
  assertEquals(clock.ignoredStamps, 2 * stamps.length);
  // Echoes of what was never sent, and of what was sent long ago.
  clock.recordUp(now + 5_000, offset);
  clock.recordUp(now - 100_000, offset);
  assertEquals(clock.ignoredStamps, 2 * stamps.length + 2);
  assertEquals(clock.offset, offset);
});

Deno.test("NetworkClock is not moved by single forged stamps", () => {
  for (const lieMs of [40, 1_000, 1e9, -40, -1e9]) {
    const run = simulateExchange({ ...ORDINARY, seconds: 60 });
    const clock = new NetworkClock();
    run.forEach((arrival, i) => {
      // One in a hundred, in both directions.
      const isForged = i % 100 === 50 && arrival.atMs > 10_000;
      take(
        clock,
        isForged
          ? {
            ...arrival,
            sentMs: arrival.sentMs + lieMs,
            upReceivedMs: arrival.upReceivedMs + lieMs,
          }
          : arrival,
      );
      if (arrival.atMs > 12_000 && Math.abs(lieMs) > 100) {
        assertAlmostEquals(clock.offset, arrival.offsetMs, 1);
      }
      // What is possible may be believed, within what the bound says.
      assert(Math.abs(clock.offset - arrival.offsetMs) <= clock.errorBoundMs);
    });
    if (Math.abs(lieMs) > 100) assertEquals(clock.clockSteps, 0);
  }
});

/** A stamp that may be anything. */
function anyTime(random: SeededRandom, nowMs: number): number {
  const float = random.nextFloat() - 0.5;
  switch (random.nextU32() % 5) {
    case 0:
      return nowMs + float * 200;
    case 1:
      return nowMs + float * 1e5;
    case 2:
      return float * 2 ** 51;
    case 3:
      return [NaN, Infinity, 0, -0, 2 ** 50][random.nextU32() % 5]!;
    default:
      return nowMs;
  }
}

Deno.test("NetworkClock takes any nonsense and recovers from it", () => {
  const runs = IS_SOAK ? 200 : 1;
  for (let seed = 1; seed <= runs; seed++) {
    const random = new SeededRandom(seed);
    const clock = new NetworkClock();
    let nowMs = 0;
    let before = 0;
    for (let i = 0; i < 20_000; i++) {
      nowMs += 5;
      if (random.nextU32() % 2 === 0) {
        clock.recordUp(anyTime(random, nowMs), anyTime(random, nowMs));
      } else clock.recordDown(anyTime(random, nowMs), nowMs);
      clock.tick(0.005, nowMs);
      assert(clock.serverTime >= before, `seed ${seed}, message ${i}`);
      before = clock.serverTime;
      for (
        const value of [
          clock.offset,
          clock.rttMs,
          clock.driftPpm,
          clock.upFloorMs,
          clock.downFloorMs,
          clock.jitterUpMs,
        ]
      ) {
        assert(Number.isFinite(value), `seed ${seed}, message ${i}: ${value}`);
      }
      assert(clock.errorBoundMs >= 0 && clock.floorErrorMs >= 0);
    }
    for (
      const arrival of simulateExchange({ ...ORDINARY, seed, seconds: 100 })
    ) {
      const sinceMs = arrival.atMs;
      const later = nowMs;
      clock.recordUp(arrival.upSentMs + later, arrival.upReceivedMs);
      clock.recordDown(arrival.sentMs, sinceMs + later);
      const truth = arrival.offsetMs - later;
      if (sinceMs > 90_000) {
        assertAlmostEquals(clock.offset, truth, 5, `seed ${seed}`);
      }
    }
  }
});

Deno.test("NetworkClock.reset() forgets all but the counters", () => {
  const { clock } = play({ seconds: 20 });
  clock.recordUp(NaN, 0);
  clock.reset();
  assertEquals(clock.isSynced, false);
  assertEquals(clock.serverTime, 0);
  assertEquals(clock.driftPpm, 0);
  assertEquals(clock.ignoredStamps, 1);
  clock.recordPingPong(0, 500, 20);
  assertAlmostEquals(clock.offset, 490);
  assertAlmostEquals(clock.serverTime, 510);
});

Deno.test("NetworkClock gives the same for the same, to the bit", () => {
  const one = play({ seconds: 30 });
  const two = play({ seconds: 30 });
  assertEquals(one.errors, two.errors);
  assertEquals(one.clock.serverTime, two.clock.serverTime);
});
