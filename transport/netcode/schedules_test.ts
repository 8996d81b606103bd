// Managers over netcode on a simulated network that does its worst, each schedule from one seed: 1,000 without roaming and
// 1,000 with it in a soak (TICKWIRE_SOAK=1), a slice in an ordinary run. A failure names its seed; that one alone:
//
//     TICKWIRE_SEED=1234 deno test -A transport/netcode/schedules_test.ts

import { assert } from "@std/assert";
import {
  type ManagerScheduleResult,
  runManagerSchedule,
} from "../_testing/manager_schedule.ts";
import { netcodeLinks } from "./_testing/netcode_links.ts";

const ONE_SEED = Deno.env.get("TICKWIRE_SEED");
const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 4;

function runSchedules(roams: boolean): ManagerScheduleResult {
  const first = ONE_SEED === undefined ? 1 : Number(ONE_SEED);
  const last = ONE_SEED === undefined ? SCHEDULES : first;
  const sums: ManagerScheduleResult = {
    connects: 0,
    connected: 0,
    unanswered: 0,
    timedOut: 0,
    moved: 0,
    delivered: 0,
  };
  for (let seed = first; seed <= last; seed++) {
    try {
      const result = runManagerSchedule(seed, netcodeLinks(roams));
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) {
        sums[name] += result[name];
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return sums;
}

Deno.test("ConnectionManager gives each connection one beginning and one end, and keeps its promises, on every schedule over netcode", () => {
  const sums = runSchedules(false);
  if (ONE_SEED !== undefined) return;
  const about = JSON.stringify(sums);
  assert(sums.connected > sums.connects / 2 && sums.delivered > 0, about);
  // Who has another address is lost, by the standard.
  assert(sums.moved === 0 && sums.timedOut > 0, about);
});

Deno.test("ConnectionManager does so over netcode that roams, where next to nobody is lost", () => {
  const sums = runSchedules(true);
  if (ONE_SEED !== undefined) return;
  const about = JSON.stringify(sums);
  assert(sums.connected > sums.connects / 2 && sums.delivered > 0, about);
  assert(sums.moved > 0, about);
  assert(sums.timedOut <= sums.connected / 10, about);
});
