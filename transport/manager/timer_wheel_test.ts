import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { TimerWheel } from "./timer_wheel.ts";

Deno.test("TimerWheel.advance() hands out what is due, not earlier and a quarter of a millisecond later at most", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new SeededRandom(seed);
    const startMs = seed % 3 === 0 ? 0 : random.nextFloat() * 2 ** (seed % 40);
    const wheel = new TimerWheel(startMs);
    const due = new Map<number, number>();
    let nowMs = startMs;
    for (let step = 0; step < 400; step++) {
      const about = `seed ${seed}, step ${step}`;
      for (let i = random.nextU32() % 4; i > 0; i--) {
        const timer = random.nextU32() % 50;
        if (random.nextU32() % 5 === 0) {
          wheel.cancel(timer);
          due.delete(timer);
        } else {
          const waitMs = random.nextFloat() * 10 ** (random.nextU32() % 9);
          wheel.schedule(timer, nowMs + waitMs - 1);
          // What is past is due with the next quarter.
          due.set(timer, Math.max(nowMs, nowMs + waitMs - 1));
        }
      }
      assertEquals(wheel.size, due.size, about);
      const { nextMs } = wheel;
      let firstMs = Infinity;
      for (const ms of due.values()) firstMs = Math.min(firstMs, ms);
      assert(
        nextMs <= Math.max(firstMs, nowMs) + 0.5,
        `${about}: ${nextMs} > ${firstMs}`,
      );
      nowMs += random.nextFloat() * 10 ** (random.nextU32() % 9);
      wheel.advance(nowMs, (timer) => {
        const dueMs = due.get(timer);
        assert(dueMs !== undefined, `${about}: ${timer} was not set`);
        assert(dueMs <= nowMs, `${about}: ${timer} came early`);
        due.delete(timer);
      });
      for (const [timer, ms] of due) {
        assert(ms > nowMs - 0.5, `${about}: ${timer} is late`);
      }
    }
  }
});

Deno.test("TimerWheel.nextMs is when the first of a few timers is due", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new SeededRandom(seed);
    const wheel = new TimerWheel(seed * 1e5);
    let nowMs = seed * 1e5;
    let wakes = 0;
    let dueCount = 0;
    for (let step = 0; step < 200; step++) {
      // Within the last wheel's turn, beyond which it is looked at once a turn.
      const waitMs = random.nextFloat() * 10 ** (random.nextU32() % 8);
      wheel.schedule(random.nextU32() % 8, nowMs + 1 + waitMs);
      if (random.nextU32() % 3 === 0) wheel.cancel(random.nextU32() % 8);
      if (random.nextU32() % 2 === 0 || wheel.size === 0) continue;
      nowMs = wheel.nextMs;
      wakes++;
      let came = 0;
      wheel.advance(nowMs, () => came++);
      assert(came > 0, `seed ${seed}, step ${step}: woke for nothing`);
      dueCount += came;
    }
    assert(dueCount >= wakes && wakes > 50, `seed ${seed}: ${wakes} wakes`);
  }
});

Deno.test("TimerWheel.advance() keeps the order of times that are a millisecond apart", () => {
  const wheel = new TimerWheel(1e6);
  const random = new SeededRandom(5);
  const times = Array.from({ length: 500 }, (_, i) => i);
  for (let i = times.length - 1; i > 0; i--) {
    const j = random.nextU32() % (i + 1);
    [times[i], times[j]] = [times[j]!, times[i]!];
  }
  for (const time of times) wheel.schedule(time, 1e6 + 1 + time * 977);
  const got: number[] = [];
  wheel.advance(2e6, (timer) => got.push(timer));
  assertEquals(got, times.toSorted((a, b) => a - b));
});

Deno.test("TimerWheel.advance() lets its callback set timers, and leaves those of the past for the next time", () => {
  const wheel = new TimerWheel();
  wheel.schedule(1, 10);
  const got: number[] = [];
  function onDue(timer: number): void {
    got.push(timer);
    if (timer === 1) {
      wheel.schedule(1, 5);
      wheel.schedule(2, 15);
      wheel.schedule(3, 30);
      wheel.cancel(4);
    }
  }
  wheel.schedule(4, 12);
  wheel.advance(10, onDue);
  assertEquals(got, [1]);
  wheel.cancel(1);
  wheel.advance(20, onDue);
  assertEquals(got, [1, 2]);
  wheel.advance(1, onDue);
  wheel.schedule(3, Infinity);
  assertEquals([wheel.size, wheel.nextMs], [0, Infinity]);
});

Deno.test("TimerWheel.advance() passes over years at once", () => {
  const wheel = new TimerWheel();
  const yearMs = 365 * 86_400_000;
  wheel.schedule(0, 20 * yearMs);
  let steps = 0;
  let isDue = false;
  while (!isDue) {
    const { nextMs } = wheel;
    assert(nextMs <= 20 * yearMs + 0.25 && ++steps < 1_000);
    wheel.advance(nextMs, () => isDue = true);
    assertEquals(isDue, nextMs >= 20 * yearMs);
  }
});
