import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  type ExchangeOptions,
  ORDINARY,
  simulateExchange,
} from "./_testing/simulate_exchange.ts";
import { simulateTimelines } from "./_testing/simulate_timelines.ts";
import { NetworkClock } from "./network_clock.ts";
import { toStamp } from "./stamp.ts";
import { Timelines } from "./timelines.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

Deno.test("Timelines stand until the clock is synchronised", () => {
  const timelines = new Timelines(new NetworkClock());
  timelines.recordSnapshot(5, 0);
  timelines.tick(1);
  assertEquals(timelines.serverTick, 0);
  assertEquals(timelines.renderTick, 0);
  assertEquals(timelines.predictionTick, 0);
  assertEquals(timelines.underrunMs, 0);
});

Deno.test("Timelines refuse options and times that are none", () => {
  const clock = new NetworkClock();
  for (
    const [options, name] of [
      [{ sendIntervalMs: 0 }, "sendIntervalMs"],
      [{ maxUnderrunShare: 0 }, "maxUnderrunShare"],
      [{ maxLateShare: 1 }, "maxLateShare"],
      [{ maxDelayMs: NaN }, "maxDelayMs"],
      [{ snapMs: -1 }, "snapMs"],
      [{ maxCatchUpTicks: 0 }, "maxCatchUpTicks"],
    ] as const
  ) {
    assertThrows(() => new Timelines(clock, options), RangeError, name);
  }
  assertThrows(() => new Timelines(clock).tick(-1), RangeError);
});

Deno.test("Timelines begin with 1.7 intervals and 4 jitters, a tick and 4 jitters", () => {
  const clock = new NetworkClock({ tickRate: 50 });
  const timelines = new Timelines(clock, { sendIntervalMs: 40 });
  clock.recordPingPong(0, 5_050, 100);
  timelines.tick(0, 100);
  assertAlmostEquals(timelines.interpolationDelayMs, 68);
  assertAlmostEquals(timelines.renderDelayMs, 50 + 68);
  assertAlmostEquals(timelines.leadMs, 50 + 20);
  assertAlmostEquals(timelines.serverTick, 5_100 / 20);
});

Deno.test("Timelines.ticksToPredict() tells each tick once, and few after a pause", () => {
  const timelines = new Timelines(new NetworkClock({ tickRate: 50 }));
  assertEquals([...timelines.ticksToPredict()], []);
  timelines.clock.recordPingPong(0, 5_050, 100);
  timelines.tick(0, 100);
  const first = Math.floor(timelines.predictionTick);
  const due = [...timelines.ticksToPredict()];
  assertEquals([due.length, due.at(-1)], [8, first]);
  assertEquals([...timelines.ticksToPredict()], []);
  let nowMs = 100;
  const told: number[] = [];
  for (let frame = 0; frame < 144; frame++) {
    nowMs += 1_000 / 144;
    timelines.tick(1 / 144, nowMs);
    told.push(...timelines.ticksToPredict());
  }
  const last = Math.floor(timelines.predictionTick);
  assertEquals(
    told,
    Array.from({ length: last - first }, (_, i) => first + 1 + i),
  );
  // What is not taken stays due; what the server has is not.
  timelines.tick(0.1, nowMs += 100);
  for (const tick of timelines.ticksToPredict()) {
    assertEquals(tick, last + 1);
    break;
  }
  assertEquals([...timelines.ticksToPredict(last + 3)], [last + 4, last + 5]);
  assertEquals([...timelines.ticksToPredict(last + 99)], []);
  timelines.tick(3, nowMs += 3_000);
  const now = Math.floor(timelines.predictionTick);
  assert(now > last + 100);
  assertEquals(
    [...timelines.ticksToPredict()],
    Array.from({ length: 8 }, (_, i) => now - 7 + i),
  );
  timelines.reset();
  assertEquals([...timelines.ticksToPredict()], []);
});

Deno.test("Timelines run smoothly, with few underruns and late inputs, over networks", () => {
  const random = new SeededRandom(31);
  const runs = IS_SOAK ? 60 : 1;
  for (let seed = 1; seed <= runs; seed++) {
    const options: ExchangeOptions = {
      ...ORDINARY,
      seed,
      seconds: IS_SOAK ? 600 : 120,
      hz: [20, 30, 60][random.nextU32() % 3]!,
      shape: random.nextU32() % 2 === 0 ? 1 : 3,
      jitterUpMs: 0.1 + 5 * random.nextFloat(),
      jitterDownMs: 0.1 + 25 * random.nextFloat(),
      floorUpMs: 1 + 80 * random.nextFloat(),
      floorDownMs: 1 + 80 * random.nextFloat(),
      driftPpm: 200 * (random.nextFloat() - 0.5),
    };
    const run = simulateTimelines(options);
    const what = JSON.stringify(options);
    assert(run.worstSlew <= 0.05 + 1e-9, `${run.worstSlew} of ${what}`);
    // Two minutes have a handful of bad moments: single runs stray.
    assert(run.underruns <= 0.003, `${run.underruns} of ${what}`);
    assert(run.delayMs <= 1.4 * run.bestFixedMs, `${run.delayMs} of ${what}`);
    assert(run.lateInputs <= 0.02, `${run.lateInputs} of ${what}`);
  }
});

Deno.test("Timelines reach the figures that are promised", () => {
  let underruns = 0;
  let delay = 0;
  let best = 0;
  const runs = IS_SOAK ? 40 : 1;
  for (let seed = 1; seed <= runs; seed++) {
    const run = simulateTimelines({
      ...ORDINARY,
      seed,
      seconds: IS_SOAK ? 600 : 200,
    });
    underruns += run.underruns / runs;
    delay += run.delayMs / runs;
    best += run.bestFixedMs / runs;
  }
  assert(underruns <= 0.001, `${underruns}`);
  assert(delay <= 1.2 * best, `${delay} beside ${best}`);
});

Deno.test("Timelines correct a lead that the clock cannot know", () => {
  for (const [floorUpMs, floorDownMs] of [[10, 90], [90, 10]] as const) {
    const run = simulateTimelines({
      ...ORDINARY,
      seconds: 100,
      floorUpMs,
      floorDownMs,
    });
    // One copy later than the lowest delay, as 1 % are lost and 1 % are late.
    assertAlmostEquals(run.leadMs, floorUpMs + 22, 8);
    assert(run.lateInputs <= 0.02, `${run.lateInputs}`);
  }
});

Deno.test("Timelines follow a route that changes", () => {
  const { seconds, hz } = { seconds: 60, hz: 60 };
  const clock = new NetworkClock({ tickRate: hz });
  const timelines = new Timelines(clock);
  const run = simulateExchange({
    ...ORDINARY,
    offsetMs: 10_000,
    seconds,
    steps: [{ atMs: 30_000, upMs: 0, downMs: 60 }],
  });
  let at = 0;
  let late = 0;
  let before = 0;
  let soon = 0;
  let delay = 0;
  for (let frame = 0; frame < seconds * hz; frame++) {
    const nowMs = frame * 1_000 / hz;
    while (at < run.length && run[at]!.atMs <= nowMs) {
      const arrival = run[at++]!;
      clock.recordUp(arrival.upSentMs, arrival.upReceivedMs);
      clock.recordDown(arrival.sentMs, arrival.atMs);
      timelines.recordSnapshot(arrival.sentMs * hz / 1_000, arrival.atMs);
    }
    timelines.tick(1 / hz, nowMs);
    if (nowMs > 29_000 && nowMs < 30_000) before = timelines.renderDelayMs;
    if (nowMs < 31_500) soon = timelines.interpolationDelayMs;
    if (nowMs > 29_000 && nowMs < 30_000) delay = soon;
    if (nowMs > 35_000 && late === 0) late = timelines.underrunMs;
  }
  // Before the new floor is known.
  assert(soon > delay + 30, `${soon} after ${delay}`);
  assertAlmostEquals(timelines.renderDelayMs - before, 60, 25);
  assert(timelines.underrunMs - late < 100, `${timelines.underrunMs - late}`);
});

Deno.test("Timelines jump forwards after the machine has slept, and go on", () => {
  const clock = new NetworkClock({ tickRate: 50 });
  const timelines = new Timelines(clock);
  for (let i = 0; i < 500; i++) {
    const at = i * 20;
    // At 5 s the client's clock has stood still for a minute.
    const serverMs = 10_000 + at + (i >= 250 ? 60_000 : 0);
    clock.recordPingPong(at - 40, serverMs - 20, at);
    timelines.recordSnapshot(Math.floor((serverMs - 20) / 20), at);
    const before = timelines.renderTick;
    timelines.tick(0.02, at);
    assert(timelines.renderTick >= before);
  }
  assertAlmostEquals(
    timelines.serverTick,
    (10_000 + 500 * 20 + 60_000) / 20,
    2,
  );
  assert(timelines.serverTick - timelines.renderTick < 10);
  assert(timelines.predictionTick - timelines.serverTick < 10);
  assertEquals(clock.jumps, 1);
});

Deno.test("Timelines take what waited in a connection that stood for no delay", () => {
  const clock = new NetworkClock({ tickRate: 50 });
  const timelines = new Timelines(clock);
  let before = 0;
  for (let i = 0; i < 1_000; i++) {
    const at = i * 20;
    clock.recordPingPong(at - 40, 10_000 + at - 20, at);
    if (at === 10_000) before = timelines.interpolationDelayMs;
    // Nothing comes from 10 s to 13 s; then what was sent at 10 s, and a while later what is new.
    const isLate = at === 13_000 || at === 13_060;
    const sentMs = isLate ? 10_000 + (at - 13_000) / 3 : at - 20;
    if (at < 10_000 || isLate || at > 13_100) {
      timelines.recordSnapshot((10_000 + sentMs) / 20, at);
    }
    timelines.tick(0.02, at);
    if (at <= 10_000) continue;
    assertAlmostEquals(timelines.interpolationDelayMs, before, 20, `at ${at}`);
  }
});

Deno.test("Timelines take frames that were not drawn for no delay of the network", () => {
  for (const pauseMs of [200, 600, 1_500, 3_000]) {
    const clock = new NetworkClock({ tickRate: 50 });
    const timelines = new Timelines(clock);
    let drawnMs = 0;
    let before = 0;
    for (let i = 0; i < 2_000; i++) {
      const at = i * 20;
      if (at > 30_000 && at < 30_000 + pauseMs) continue;
      // What came while the game stood is taken in with the next frame.
      for (let sent = drawnMs; sent < at; sent += 20) {
        clock.recordUp(sent - 20, 10_000 + sent);
        clock.recordDown(10_000 + sent, at);
        timelines.recordSnapshot((10_000 + sent) / 20, at);
      }
      timelines.tick((at - drawnMs) / 1_000, at);
      drawnMs = at;
      const { interpolationDelayMs } = timelines;
      if (at <= 30_000) before = interpolationDelayMs;
      else assertAlmostEquals(interpolationDelayMs, before, 5, `${pauseMs} ms`);
    }
  }
});

Deno.test("Timelines ignore snapshots and reports that cannot be", () => {
  const clock = new NetworkClock({ tickRate: 50 });
  const timelines = new Timelines(clock, { maxDelayMs: 200 });
  const bad = [NaN, Infinity, -Infinity, -1, 0.5, 2 ** 53, 1e300];
  let before = 0;
  for (let i = 0; i < 2_000; i++) {
    const at = i * 20;
    clock.recordPingPong(at - 40, 10_000 + at - 20, at);
    const tick = (10_000 + at - 20) / 20;
    timelines.recordSnapshot(bad[i % bad.length]!, at);
    timelines.recordSnapshot(tick, at);
    timelines.recordInputLead(bad[i % bad.length]!, 5);
    timelines.recordInputLead(tick, bad[(i + 3) % bad.length]!);
    timelines.tick(0.02, at);
    assert(timelines.predictionTick >= before);
    before = timelines.predictionTick;
    assert(timelines.leadMs <= 20 + 200 + 50, `${timelines.leadMs}`);
    assert(timelines.leadMs >= -250, `${timelines.leadMs}`);
    assert(timelines.renderDelayMs <= 20 + 200 + 50);
  }
});

Deno.test("Timelines.predictionTick stays one that an input can be for, whatever a server says", () => {
  const timelines = new Timelines(new NetworkClock());
  let last = 0;
  for (let i = 1; i < 200; i++) {
    const nowMs = i * 20;
    timelines.recordTimes({
      sent: toStamp(nowMs),
      received: toStamp(nowMs),
      tick: i < 100 ? i : 0xffff_ffff,
      echo: toStamp(nowMs - 10),
      held: 0,
      input: undefined,
    });
    timelines.tick(0.02, nowMs);
    const { predictionTick } = timelines;
    assert(predictionTick >= last && predictionTick <= 0xffff_ffff);
    last = predictionTick;
  }
  assertEquals(last, 0xffff_ffff);
});

Deno.test("Timelines.reset() begins anew", () => {
  const clock = new NetworkClock({ tickRate: 50 });
  const timelines = new Timelines(clock);
  clock.recordPingPong(0, 90_000, 40);
  timelines.tick(0.02, 60);
  assert(timelines.renderTick > 4_000);
  timelines.reset();
  assertEquals(clock.isSynced, false);
  assertEquals(timelines.renderTick, 0);
  clock.recordPingPong(80, 500, 120);
  timelines.tick(0.02, 140);
  assertAlmostEquals(timelines.serverTick, 540 / 50 * 2.5, 1);
  assert(timelines.renderTick < timelines.serverTick);
});

Deno.test("Timelines.recordTimes() takes what SyncClient tells, whatever the server's clock", () => {
  for (const startMs of [0, 123_456.5, 2 ** 26 - 5_000, 2 ** 26 * 3 - 2_000]) {
    for (const localMs of [7, 2 ** 26 * 2 - 3_000]) {
      const clock = new NetworkClock({ tickRate: 50 });
      const timelines = new Timelines(clock);
      timelines.tick(0, localMs);
      let before = 0;
      for (let i = 0; i < 500; i++) {
        const nowMs = localMs + i * 20;
        // Tick 400 was at the start; the loop is up to 3 ms late; 30 ms each way.
        const loopMs = i % 4;
        timelines.recordTimes({
          sent: toStamp(startMs + i * 20 + loopMs),
          received: toStamp(nowMs + 30 + loopMs),
          tick: 400 + i,
          echo: i < 5 ? undefined : toStamp(nowMs - 40),
          held: (10 + loopMs) * 64,
          input: undefined,
        });
        timelines.tick(0.02, nowMs + 35);
        assert(timelines.serverTick >= before);
        before = timelines.serverTick;
      }
      const what = `${startMs}, ${localMs}`;
      assertAlmostEquals(clock.rttFloorMs, 60, 0.1, what);
      // 35 ms after tick 899.
      assertAlmostEquals(timelines.serverTick, 899 + 35 / 20, 0.05, what);
      assertEquals(clock.clockSteps + clock.jumps + clock.ignoredStamps, 0);
    }
  }
});

Deno.test("Timelines.recordTimes() takes the lead of inputs, in ticks", () => {
  const [both, byHand, none] = [0, 1, 2].map(() => {
    const timelines = new Timelines(new NetworkClock({ tickRate: 50 }));
    timelines.tick(0, 0);
    return timelines;
  }) as [Timelines, Timelines, Timelines];
  for (let i = 0; i < 500; i++) {
    const nowMs = i * 20;
    for (const timelines of [both, byHand, none]) {
      const tick = Math.floor(timelines.predictionTick);
      // What is a tick too late is told of the newest input.
      const input = { tick, lead: -1 };
      timelines.recordTimes({
        sent: toStamp(nowMs),
        received: toStamp(nowMs + 30),
        tick: i,
        echo: i < 5 ? undefined : toStamp(nowMs - 40),
        held: 10 * 64,
        input: timelines === both ? input : undefined,
      });
      if (timelines === byHand) timelines.recordInputLead(tick, -20);
      timelines.tick(0.02, nowMs + 35);
    }
  }
  assert(both.leadMs > none.leadMs + 20, `${both.leadMs}, ${none.leadMs}`);
  assertEquals(both.leadMs, byHand.leadMs);
});
