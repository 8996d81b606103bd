import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { Reconnect } from "./_reconnect.ts";

/** How many of 1,000 clients that failed at once come back in the fullest 100 ms. */
function fullestWindow(firstRetryMaxMs: number, seed: number): number {
  const random = new SeededRandom(seed);
  const times = Array.from({ length: 1_000 }, () =>
    new Reconnect({
      maxReconnects: 0,
      firstRetryMaxMs,
      maxBackoffMs: 30_000,
      minUptimeMs: 5_000,
      terminalCodes: [],
      random,
    }).next()!).sort((a, b) => a - b);
  let fullest = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while (times[to]! - times[from]! >= 100) from++;
    fullest = Math.max(fullest, to - from + 1);
  }
  return fullest;
}

Deno.test("Reconnect spreads clients that failed together", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const fullest = fullestWindow(1_000, seed);
    assert(fullest <= 150, `${fullest} with the default, seed ${seed}`);
    const slower = fullestWindow(6_000, seed);
    assert(slower <= 40, `${slower} with 6000, seed ${seed}`);
  }
});

Deno.test("Reconnect.hurry() never lengthens a wait and spreads a past one", () => {
  const make = (seed: number): Reconnect =>
    new Reconnect({
      maxReconnects: 0,
      firstRetryMaxMs: 1_000,
      maxBackoffMs: 30_000,
      minUptimeMs: 0,
      terminalCodes: [],
      random: new SeededRandom(seed),
    });
  let immediate = 0;
  for (let seed = 0; seed < 100; seed++) {
    const waiting = make(seed);
    for (let i = 0; i < 8; i++) waiting.next();
    waiting.hurry();
    assert(waiting.wait(1_000));
    const past = make(seed);
    past.next();
    past.wait(60_000);
    past.hurry();
    if (past.wait(0)) immediate++;
    assert(past.wait(1_000));
  }
  assertEquals(immediate, 0);
});

Deno.test("Reconnect.retryAfter() keeps clients apart that the server has spread", () => {
  const random = new SeededRandom(1);
  const waits = Array.from({ length: 1_000 }, (_, i) => {
    const reconnect = new Reconnect({
      maxReconnects: 0,
      firstRetryMaxMs: 1_000,
      maxBackoffMs: 30_000,
      minUptimeMs: 5_000,
      terminalCodes: [],
      random,
    });
    reconnect.retryAfter(3 * (i + 1));
    return reconnect.next();
  });
  assertEquals(waits, Array.from({ length: 1_000 }, (_, i) => 3 * (i + 1)));
});

Deno.test("Reconnect.retryAfter() is obeyed once, and within ten minutes", () => {
  const reconnect = new Reconnect({
    maxReconnects: 0,
    firstRetryMaxMs: 100,
    maxBackoffMs: 1_000,
    minUptimeMs: 5_000,
    terminalCodes: [],
    random: new SeededRandom(1),
  });
  reconnect.retryAfter(30_000);
  assertEquals(reconnect.next(), 30_000);
  assert(reconnect.next()! <= 1_000);
  reconnect.retryAfter(2 ** 31 - 1);
  assertEquals(reconnect.next(), 600_000);
});
