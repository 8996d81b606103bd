import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ManualClock } from "./clock.ts";
import { type LoopTimer, type Pollable, PollLoop } from "./poll_loop.ts";
import { SeededRandom } from "./random.ts";

/** A timer whose waits pass when the test says so, on a clock of its own. */
class FakeTimer implements LoopTimer {
  readonly clock: ManualClock;
  readonly delays: number[] = [];
  #wake: (() => void) | undefined;

  constructor(startMs = 0) {
    this.clock = new ManualClock({ nowMs: startMs });
  }

  get waiting(): boolean {
    return this.#wake !== undefined;
  }

  wait(delayMs: number, wake: () => void): void {
    assert(!this.waiting, "one wait at a time");
    this.delays.push(delayMs);
    this.#wake = wake;
  }

  cancel(): void {
    this.#wake = undefined;
  }

  /** Ends the wait under way. A wait of 0 takes `hopMs`. */
  fire(lateMs = 0, hopMs = 0.1): void {
    const wake = this.#wake;
    assert(wake !== undefined);
    this.#wake = undefined;
    this.clock.advance((this.delays.at(-1) || hopMs) + lateMs);
    wake();
  }

  fireAt(nowMs: number): void {
    const wake = this.#wake;
    assert(wake !== undefined);
    this.#wake = undefined;
    this.clock.setNowMs(nowMs);
    wake();
  }

  fireUntil(nowMs: number): void {
    while (this.clock.nowMs() < nowMs) this.fire();
  }
}

class Recorder implements Pollable {
  readonly dts: number[] = [];
  onTick: (dt: number) => void = () => {};

  tick(dt: number): void {
    this.dts.push(dt);
    this.onTick(dt);
  }

  get seconds(): number {
    return this.dts.reduce((sum, dt) => sum + dt, 0);
  }
}

function start(
  hz: number,
  options: { maxCatchUpTicks?: number } = {},
  startMs = 0,
) {
  const timer = new FakeTimer(startMs);
  const loop = new PollLoop({ timer, clock: timer.clock, ...options });
  const recorder = new Recorder();
  loop.add(recorder);
  const controller = new AbortController();
  const run = loop.run({ hz, signal: controller.signal });
  return { timer, loop, recorder, controller, run };
}

Deno.test("PollLoop.run() ticks once per period with a fixed dt", async () => {
  const { timer, loop, recorder, controller, run } = start(50);
  assertEquals(recorder.dts, []);
  timer.fireUntil(19.85);
  assertEquals(recorder.dts, []);
  timer.fireUntil(20.05);
  assertEquals(recorder.dts, [0.02]);
  timer.fireUntil(1000.05);
  assertEquals(recorder.dts, new Array(50).fill(0.02));
  assertEquals(loop.overruns, 0);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() waits coarsely, then hops to the tick", async () => {
  const { timer, controller, run } = start(100);
  timer.fireUntil(10.05);
  // Whole milliseconds until 1.5 ms before the tick, then as short as possible.
  assertEquals(timer.delays[0], 8);
  assertEquals(new Set(timer.delays.slice(1, -1)), new Set([0]));
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() never sleeps beyond what a timeout can hold", async () => {
  const { timer, recorder, controller, run } = start(1 / 10_000_000);
  timer.fireUntil(10_000_000_001);
  assert(timer.delays.every((delayMs) => delayMs <= 60_000));
  assertEquals(recorder.dts, [10_000_000]);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() does not drift though every wait ends late", async () => {
  const { timer, recorder, controller, run } = start(60);
  const random = new SeededRandom(60);
  const lateness: number[] = [];
  recorder.onTick = () => {
    const dueMs = recorder.dts.length * 1000 / 60;
    lateness.push(timer.clock.nowMs() - dueMs);
  };
  while (recorder.dts.length < 36_000) timer.fire(random.nextFloat() * 1.4);
  // Ten minutes on, ticks are as late as one wait makes them, not more.
  for (const late of lateness) assert(late >= 0 && late < 1.5, `${late} ms`);
  assertAlmostEquals(recorder.seconds, 600, 1e-6);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() ticks when the clock stands exactly at the time", async () => {
  // Times that are rounded, of which the quotient may fall short of the tick.
  for (const startMs of [0, 0.1, 123_456.789, 1e9 / 3]) {
    for (const hz of [3, 7, 30, 60, 144, 999]) {
      const { timer, loop, recorder, controller, run } = start(hz, {}, startMs);
      for (let n = 1; n <= 200; n++) {
        const dueMs = startMs + n * (1000 / hz);
        timer.fireAt(dueMs);
        assertEquals(recorder.dts.length, n, `${startMs}, ${hz} Hz, ${n}`);
      }
      assertEquals(loop.overruns, 0);
      controller.abort();
      await run;
    }
  }
});

Deno.test("PollLoop.run() makes up for a late start one by one", async () => {
  const { timer, loop, recorder, controller, run } = start(100);
  timer.fire(42); // 8 ms were asked for: four ticks are due after 50 ms.
  assertEquals(recorder.dts, new Array(5).fill(0.01));
  assertEquals(loop.overruns, 4);
  assertEquals(timer.delays.at(-1), 8);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() passes time beyond the cap on as one larger dt", async () => {
  const { timer, loop, recorder, controller, run } = start(100, {
    maxCatchUpTicks: 3,
  });
  timer.fire(3_600_000 - 8);
  assertEquals(recorder.dts, [0.01, 0.01, 3599.98]);
  assertEquals(loop.overruns, 359_999);
  timer.fireUntil(3_600_010.05);
  assertEquals(recorder.dts.at(-1), 0.01);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() with a cap of 1 passes all time on at once", async () => {
  const { timer, recorder, controller, run } = start(100, {
    maxCatchUpTicks: 1,
  });
  timer.fire(22);
  assertEquals(recorder.dts, [0.03]);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() yields between ticks even when it cannot keep up", async () => {
  const { timer, recorder, controller, run } = start(100, {
    maxCatchUpTicks: 2,
  });
  recorder.onTick = () => timer.clock.advance(30);
  timer.fire(2);
  for (let i = 0; i < 100; i++) timer.fire();
  assertEquals(timer.delays.slice(1), new Array(101).fill(0));
  // Two ticks of 30 ms per turn: the time is kept, the ticks get longer.
  assertEquals(recorder.dts.length, 1 + 2 * 100);
  assertAlmostEquals(recorder.seconds, timer.clock.nowMs() / 1000, 0.08);
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() keeps the sum of all dt equal to the time", async () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new SeededRandom(seed);
    const hz = 1 + random.nextU32() % 240;
    const { timer, loop, recorder, controller, run } = start(hz);
    recorder.onTick = () => {
      if (random.nextU32() % 10 === 0) {
        timer.clock.advance(random.nextFloat() * 200);
      }
    };
    for (let i = 0; i < 1000; i++) {
      timer.fire(random.nextU32() % 50 === 0 ? random.nextFloat() * 5000 : 0);
    }
    const behind = timer.clock.nowMs() / 1000 - recorder.seconds;
    // Catching up takes time itself: five ticks of 200 ms at most.
    assert(behind > -1e-6 && behind < 1.2 + 1 / hz, `seed ${seed}: ${behind}`);
    const periods = Math.round(recorder.seconds * hz);
    assert(periods - loop.overruns <= recorder.dts.length, `seed ${seed}`);
    controller.abort();
    await run;
  }
});

Deno.test("PollLoop.run() resolves on abort and leaves nothing behind", async () => {
  const { timer, loop, recorder, controller, run } = start(100);
  timer.fireUntil(10.05);
  controller.abort();
  await run;
  assertEquals(timer.waiting, false);
  assertEquals(recorder.dts.length, 1);

  // It can run again, and its time starts anew.
  const again = new AbortController();
  const second = loop.run({ hz: 100, signal: again.signal });
  timer.fireUntil(20.2);
  assertEquals(recorder.dts, [0.01, 0.01]);
  again.abort();
  await second;
});

Deno.test("PollLoop.run() lets go of the signal", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    Reflect.apply(removeEventListener, signal, args);
  };
  const timer = new FakeTimer();
  const loop = new PollLoop({ timer, clock: timer.clock });
  loop.add({
    tick: () => {
      throw new Error("broken");
    },
  });
  const run = loop.run({ hz: 100, signal });
  assertEquals(listeners, 1);
  timer.fire(10);
  await assertRejects(() => run, Error, "broken");
  assertEquals(listeners, 0);
});

Deno.test("PollLoop.run() stops within a catch-up when a tick aborts", async () => {
  const { timer, recorder, controller, run } = start(100);
  recorder.onTick = () => {
    if (recorder.dts.length === 2) controller.abort();
  };
  timer.fire(30);
  assertEquals(recorder.dts.length, 2);
  assertEquals(timer.waiting, false);
  await run;
});

Deno.test("PollLoop.run() does nothing with a signal that is aborted", async () => {
  const timer = new FakeTimer();
  const loop = new PollLoop({ timer, clock: timer.clock });
  await loop.run({ hz: 60, signal: AbortSignal.abort() });
  assertEquals(timer.delays, []);
});

Deno.test("PollLoop.run() refuses a bad rate and a second run", async () => {
  const { loop, controller, run } = start(60);
  await assertRejects(
    () => loop.run({ hz: 60 }),
    TypeError,
    "Cannot run the loop as it is running already",
  );
  for (const hz of [0, -1, NaN, 1001]) {
    await assertRejects(
      () => new PollLoop().run({ hz }),
      RangeError,
      `Cannot run the loop as hz must be > 0 and <= 1000: current value is ${hz}`,
    );
  }
  controller.abort();
  await run;
});

Deno.test("PollLoop.run() rejects with what a pollable threw", async () => {
  const { timer, loop, recorder, run } = start(100);
  const error = new Error("broken");
  recorder.onTick = () => {
    throw error;
  };
  const other = new Recorder();
  loop.add(other);
  timer.fire(30);
  assertStrictEquals(await run.catch((reason) => reason), error);
  assertEquals([recorder.dts.length, other.dts.length], [1, 1]);
  assertEquals(timer.waiting, false);
});

Deno.test("PollLoop.run() goes on after an error with onError", async () => {
  const timer = new FakeTimer();
  const errors: [unknown, Pollable][] = [];
  const loop = new PollLoop({
    timer,
    clock: timer.clock,
    onError: (error, pollable) => errors.push([error, pollable]),
  });
  const broken = new Recorder();
  broken.onTick = () => {
    throw "broken";
  };
  const other = new Recorder();
  loop.add(broken);
  loop.add(other);
  const controller = new AbortController();
  const run = loop.run({ hz: 100, signal: controller.signal });
  timer.fireUntil(30.05);
  assertEquals([broken.dts.length, other.dts.length], [3, 3]);
  assertEquals(errors.length, 3);
  assertStrictEquals(errors[0]?.[1], broken);
  controller.abort();
  await run;
});

Deno.test("PollLoop.step() ticks everything once, in the order added", () => {
  const loop = new PollLoop();
  const order: string[] = [];
  for (const name of ["a", "b", "c"]) {
    loop.add({ tick: (dt) => order.push(`${name} ${dt}`) });
  }
  loop.step(0.25);
  loop.step(0);
  assertEquals(order, ["a 0.25", "b 0.25", "c 0.25", "a 0", "b 0", "c 0"]);
});

Deno.test("PollLoop.step() throws what pollables threw after all were ticked", () => {
  const loop = new PollLoop();
  const last = new Recorder();
  function failing(message: string): Pollable {
    return {
      tick: () => {
        throw new Error(message);
      },
    };
  }
  const first = failing("one");
  loop.add(first);
  loop.add(last);
  assertThrows(() => loop.step(1), Error, "one");
  loop.add(failing("two"));
  const both = assertThrows(() => loop.step(1), AggregateError);
  assertInstanceOf(both, AggregateError);
  assertEquals(both.message, "Cannot go on as 2 pollables threw");
  assertEquals(
    both.errors.map((error: Error) => error.message),
    ["one", "two"],
  );
  assertEquals(last.dts.length, 2);
});

Deno.test("PollLoop.step() throws what onError threw", () => {
  const loop = new PollLoop({
    onError: (error) => {
      throw error;
    },
  });
  const last = new Recorder();
  loop.add({
    tick: () => {
      throw new Error("one");
    },
  });
  loop.add(last);
  assertThrows(() => loop.step(1), Error, "one");
  assertEquals(last.dts, [1]);
});

Deno.test("PollLoop.step() refuses a bad dt and a tick inside a tick", () => {
  const loop = new PollLoop();
  for (const dt of [-0.1, NaN, Infinity]) {
    assertThrows(
      () => loop.step(dt),
      RangeError,
      `Cannot step the loop as dt must be finite and >= 0: current value is ${dt}`,
    );
  }
  loop.add({ tick: (dt) => loop.step(dt) });
  assertThrows(
    () => loop.step(1),
    TypeError,
    "Cannot step the loop as it is in a tick already",
  );
});

Deno.test("PollLoop.add() during a tick takes part from the next tick on", () => {
  const loop = new PollLoop();
  const late = new Recorder();
  const early = new Recorder();
  early.onTick = () => loop.add(late);
  loop.add(early);
  loop.step(1);
  assertEquals(late.dts, []);
  loop.step(2);
  loop.step(3);
  assertEquals(late.dts, [2, 3]);
});

Deno.test("PollLoop.remove() during a tick holds at once", () => {
  const loop = new PollLoop();
  const recorders = Array.from({ length: 5 }, () => new Recorder());
  for (const recorder of recorders) loop.add(recorder);
  const [a, b, c, d, e] = recorders as [
    Recorder,
    Recorder,
    Recorder,
    Recorder,
    Recorder,
  ];
  c.onTick = () => {
    c.onTick = () => {};
    assert(loop.remove(a)); // before the one that is ticking
    assert(loop.remove(c)); // itself
    assert(loop.remove(d)); // after it
    assertEquals(loop.remove(d), false);
    loop.add(a); // back, but at the end and from the next tick on
  };
  loop.step(1);
  assertEquals(recorders.map((it) => it.dts), [[1], [1], [1], [], [1]]);
  const order: Recorder[] = [];
  for (const recorder of [a, b, e]) {
    recorder.onTick = () => order.push(recorder);
  }
  loop.step(2);
  assertEquals(recorders.map((it) => it.dts.length), [2, 2, 1, 0, 2]);
  assert(order[0] === b && order[1] === e && order[2] === a);
});

Deno.test("PollLoop.add() twice has no effect, remove() tells if it was there", () => {
  const loop = new PollLoop();
  const recorder = new Recorder();
  loop.add(recorder);
  loop.add(recorder);
  loop.step(1);
  assertEquals(recorder.dts, [1]);
  assert(loop.remove(recorder));
  assertEquals(loop.remove(recorder), false);
  loop.step(1);
  assertEquals(recorder.dts, [1]);
});

Deno.test("PollLoop refuses a bad maxCatchUpTicks", () => {
  for (const maxCatchUpTicks of [0, 1.5, NaN]) {
    assertThrows(
      () => new PollLoop({ maxCatchUpTicks }),
      RangeError,
      `Cannot create a PollLoop as maxCatchUpTicks must be an integer >= 1: current value is ${maxCatchUpTicks}`,
    );
  }
});

Deno.test("PollLoop.run() keeps time with the timers of the runtime", async () => {
  for (const withSetImmediate of [true, false]) {
    const global = globalThis as { setImmediate?: unknown };
    const original = global.setImmediate;
    if (!withSetImmediate) global.setImmediate = undefined;
    try {
      const loop = new PollLoop();
      const recorder = new Recorder();
      loop.add(recorder);
      const controller = new AbortController();
      const startMs = performance.now();
      let io = 0;
      const timer = setInterval(() => io++, 1);
      recorder.onTick = () => {
        // A machine that was held up makes up for it at once, before others have had a turn.
        if (recorder.seconds > 0.0999 && io > 3) controller.abort();
      };
      await loop.run({ hz: 200, signal: controller.signal });
      clearInterval(timer);
      const tookMs = performance.now() - startMs;
      // A busy machine may be late, but never early. If no other tasks ran, it would not have ended.
      assert(tookMs >= 99.9, `${tookMs} ms`);
      // The time that was passed on is the time that went by, to a period.
      assert(
        recorder.seconds > 0.0999 && recorder.seconds <= tookMs / 1_000 + 0.005,
        `${recorder.seconds} s in ${tookMs} ms`,
      );
      const second = new AbortController();
      const run = loop.run({ hz: 1, signal: second.signal });
      second.abort();
      await run;
    } finally {
      global.setImmediate = original;
    }
  }
});
