import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, SystemClock } from "./clock.ts";

Deno.test("SystemClock.nowMs() never goes backwards and has a fraction", () => {
  const clock = new SystemClock();
  let last = clock.nowMs();
  let fractions = 0;
  for (let i = 0; i < 10_000; i++) {
    const now = clock.nowMs();
    assert(now >= last);
    if (!Number.isInteger(now)) fractions++;
    last = now;
  }
  assert(fractions > 0);
});

Deno.test("SystemClock.epochMs() is the wall clock", () => {
  const before = Date.now();
  const epochMs = new SystemClock().epochMs();
  assert(epochMs >= before && epochMs <= Date.now());
});

Deno.test("ManualClock stands still until it is advanced", () => {
  const clock = new ManualClock();
  assertEquals([clock.nowMs(), clock.epochMs()], [0, 0]);
  clock.advance(16.5);
  clock.advance(0);
  assertEquals([clock.nowMs(), clock.epochMs()], [16.5, 16.5]);
});

Deno.test("ManualClock starts where the options say", () => {
  const clock = new ManualClock({ nowMs: 5, epochMs: 1_700_000_000_000 });
  clock.advance(10);
  assertEquals([clock.nowMs(), clock.epochMs()], [15, 1_700_000_000_010]);
});

Deno.test("ManualClock.setNowMs() moves both clocks, forwards only", () => {
  const clock = new ManualClock({ nowMs: 5, epochMs: 100 });
  clock.setNowMs(25);
  assertEquals([clock.nowMs(), clock.epochMs()], [25, 120]);
  assertThrows(
    () => clock.setNowMs(24),
    RangeError,
    "Cannot set the clock as nowMs must be finite and >= 25: current value is 24",
  );
  assertThrows(() => clock.setNowMs(Infinity), RangeError);
  assertEquals([clock.nowMs(), clock.epochMs()], [25, 120]);
});

Deno.test("ManualClock.setEpochMs() leaves the monotonic time alone", () => {
  const clock = new ManualClock({ nowMs: 7, epochMs: 1000 });
  clock.setEpochMs(-5);
  assertEquals([clock.nowMs(), clock.epochMs()], [7, -5]);
});

Deno.test("ManualClock refuses times that are not finite", () => {
  assertThrows(() => new ManualClock({ nowMs: NaN }), RangeError, "nowMs");
  assertThrows(
    () => new ManualClock({ epochMs: Infinity }),
    RangeError,
    "epochMs",
  );
  const clock = new ManualClock();
  for (const ms of [-1, NaN, Infinity]) {
    assertThrows(
      () => clock.advance(ms),
      RangeError,
      `Cannot advance the clock as ms must be finite and >= 0: current value is ${ms}`,
    );
  }
  assertThrows(() => clock.setEpochMs(NaN), RangeError, "epochMs");
});
