import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Pacer } from "./pacer.ts";

/** Sends packets of 1,000 bytes whenever it may, looking each `pollMs`; returns how many. */
function run(pacer: Pacer, pollMs: number, fromMs: number, toMs: number) {
  let packets = 0;
  for (let nowMs = fromMs; nowMs < toMs; nowMs += pollMs) {
    while (pacer.waitMs(nowMs) === 0) {
      pacer.onSent(1000, nowMs);
      packets += 1;
    }
  }
  return packets;
}

Deno.test("Pacer sends at once without a rate", () => {
  const pacer = new Pacer();
  for (let i = 0; i < 1000; i++) {
    assertEquals(pacer.waitMs(0), 0);
    assertEquals(pacer.allowedBytes(0), Infinity);
    pacer.onSent(1200, 0);
  }
});

Deno.test("Pacer keeps the rate however often its user looks", () => {
  for (const pollMs of [0.1, 1, 5, 16.7, 33]) {
    const pacer = new Pacer();
    pacer.setRate(500, 5000);
    const packets = run(pacer, pollMs, 0, 10_000);
    assert(Math.abs(packets - 5000) <= 25, `${pollMs}: ${packets}`);
  }
});

Deno.test("Pacer lets a burst leave after a pause, and no more", () => {
  const pacer = new Pacer();
  pacer.setRate(100, 4000);
  assertEquals(run(pacer, 1, 0, 1), 5);
  run(pacer, 1, 1, 100);
  pacer.onSent(1000, 100);
  // Nothing waited: the pause brings a burst, not all of its time.
  pacer.onSent(1000, 1000);
  assertEquals(pacer.allowedBytes(1000), 3000);
});

Deno.test("Pacer makes up for a late look, but not for a very late one", () => {
  const pacer = new Pacer();
  pacer.setRate(1000, 2000);
  run(pacer, 1, 0, 1);
  assert(pacer.waitMs(0) > 0);
  assertAlmostEquals(pacer.allowedBytes(20), 19_000);
  assertAlmostEquals(pacer.allowedBytes(5000), 50_000);
});

Deno.test("Pacer.waitMs() is over exactly when bytes are allowed", () => {
  const pacer = new Pacer();
  pacer.setRate(120, 1200);
  while (pacer.waitMs(0) === 0) pacer.onSent(1200, 0);
  const waitMs = pacer.waitMs(0);
  assertEquals(pacer.allowedBytes(waitMs / 2), 0);
  assertEquals(pacer.waitMs(waitMs), 0);
});

Deno.test("Pacer takes a new rate from now on", () => {
  const pacer = new Pacer();
  pacer.setRate(100, 1000);
  run(pacer, 1, 0, 100);
  pacer.setRate(1000, 1000);
  const packets = run(pacer, 1, 100, 1100);
  assert(packets >= 985 && packets <= 1002, `${packets}`);
});
