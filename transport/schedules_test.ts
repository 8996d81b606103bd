// Connections over a simulated network that does its worst, each schedule from one seed: 100,000 of them in a soak
// (TICKWIRE_SOAK=1, some eight minutes), a slice in an ordinary run. A failure names its seed; that one alone, or others than
// the usual, or one of several parts of a soak:
//
//     TICKWIRE_SEED=1234 deno test -A transport/schedules_test.ts
//     TICKWIRE_SEEDS=50001-100000 deno test -A transport/schedules_test.ts

import { assert, assertEquals } from "@std/assert";
import { runSchedule, type ScheduleOptions } from "./_testing/schedule.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = Deno.env.get("TICKWIRE_SEEDS") ?? Deno.env.get("TICKWIRE_SEED");
const SCHEDULES = IS_SOAK ? 100_000 : 200;
const HOSTILE_SCHEDULES = IS_SOAK ? 20_000 : 40;
const REPEATED = IS_SOAK ? 1_000 : 10;
/** So many schedules cover everything. */
const COVERING = 200;

interface Sums {
  accepted: number;
  delivered: number;
  datagrams: number;
  ended: number;
  readonly coverage: Map<string, number>;
}

/** The seeds from 1 on, or those that were asked for. */
function seedsUpTo(count: number): readonly [first: number, last: number] {
  if (SEEDS === undefined) return [1, count];
  const [first, last = first] = SEEDS.split("-").map(Number);
  return [first!, last!];
}

function runSchedules(count: number, options: ScheduleOptions = {}): Sums {
  const sums: Sums = {
    accepted: 0,
    delivered: 0,
    datagrams: 0,
    ended: 0,
    coverage: new Map(),
  };
  const [first, last] = seedsUpTo(count);
  for (let seed = first; seed <= last; seed++) {
    try {
      const result = runSchedule(seed, options);
      sums.accepted += result.accepted;
      sums.delivered += result.delivered;
      sums.datagrams += result.datagrams;
      if (result.isEnded) sums.ended += 1;
      for (const [name, times] of Object.entries(result.coverage)) {
        sums.coverage.set(name, (sums.coverage.get(name) ?? 0) + times);
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  if (last - first + 1 >= COVERING) {
    const missed = [...sums.coverage].filter(([, times]) => times === 0);
    assertEquals(missed.map(([name]) => name), [], "never came about");
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
