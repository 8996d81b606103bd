// Managers over a simulated network that does its worst, each schedule from one seed: 5,000 of them in a soak
// (TICKWIRE_SOAK=1), a slice in an ordinary run. A failure names its seed; that one alone:
//
//     TICKWIRE_SEED=1234 deno test -A transport/manager/schedules_test.ts

import { assert } from "@std/assert";
import { runManagerSchedules } from "../_testing/manager_schedule.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 5_000 : 25;

Deno.test("ConnectionManager gives each connection one beginning and one end, and keeps its promises, on every schedule", () => {
  const sums = runManagerSchedules(SCHEDULES);
  if (sums === undefined) return;
  const about = JSON.stringify(sums);
  assert(sums.connected > sums.connects / 2 && sums.delivered > 0, about);
  assert(sums.moved > 0, about);
  assert(sums.unanswered <= sums.connects / 5_000, about);
  assert(sums.timedOut <= sums.connected / 50, about);
});
