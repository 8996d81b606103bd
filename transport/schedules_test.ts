// Connections over a simulated network that does its worst, each schedule from one seed: 100,000 of them in a soak
// (TICKWIRE_SOAK=1, about half an hour), a slice in an ordinary run. A failure names its seed; that one alone:
//
//     TICKWIRE_SEED=1234 deno test -A transport/schedules_test.ts

import { assert, assertEquals } from "@std/assert";
import { runSchedule, type ScheduleOptions } from "./_testing/schedule.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const ONE_SEED = Deno.env.get("TICKWIRE_SEED");
const SCHEDULES = IS_SOAK ? 100_000 : 40;
const HOSTILE_SCHEDULES = IS_SOAK ? 20_000 : 10;
const REPEATED = IS_SOAK ? 1_000 : 5;

interface Sums {
  accepted: number;
  delivered: number;
  datagrams: number;
  ended: number;
}

function runSchedules(count: number, options: ScheduleOptions = {}): Sums {
  const sums = { accepted: 0, delivered: 0, datagrams: 0, ended: 0 };
  const first = ONE_SEED === undefined ? 1 : Number(ONE_SEED);
  const last = ONE_SEED === undefined ? count : first;
  for (let seed = first; seed <= last; seed++) {
    try {
      const result = runSchedule(seed, options);
      sums.accepted += result.accepted;
      sums.delivered += result.delivered;
      sums.datagrams += result.datagrams;
      if (result.isEnded) sums.ended += 1;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return sums;
}

Deno.test("Connection keeps the promise of each channel on every schedule", () => {
  const { accepted, delivered, datagrams, ended } = runSchedules(SCHEDULES);
  assertEquals(ended, 0);
  // Unreliable ones may be lost, but not most of them.
  assert(delivered > accepted / 2, `${delivered} of ${accepted}`);
  assert(datagrams > 0);
});

Deno.test("Connection survives damaged datagrams: nothing throws, grows or hangs", () => {
  const { datagrams } = runSchedules(HOSTILE_SCHEDULES, { isHostile: true });
  assert(datagrams > 0);
});

Deno.test("Connection sends the same bytes at the same times for the same seed", () => {
  for (let seed = 1; seed <= REPEATED; seed++) {
    assertEquals(runSchedule(seed), runSchedule(seed), `seed ${seed}`);
    const isHostile = true;
    assertEquals(
      runSchedule(seed, { isHostile }),
      runSchedule(seed, { isHostile }),
      `seed ${seed}`,
    );
  }
});
