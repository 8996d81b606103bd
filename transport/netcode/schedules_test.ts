// Managers over netcode on a simulated network that does its worst, each schedule from one seed: 1,000 without roaming and
// 1,000 with it in a soak (TICKWIRE_SOAK=1), a slice in an ordinary run. A failure names its seed; that one alone:
//
//     TICKWIRE_SEED=1234 deno test -A transport/netcode/schedules_test.ts

import { assert } from "@std/assert";
import { runManagerSchedules } from "../_testing/manager_schedule.ts";
import { netcodeLinks } from "./_testing/netcode_links.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 2;

Deno.test("ConnectionManager gives each connection one beginning and one end, and keeps its promises, on every schedule over netcode", () => {
  const sums = runManagerSchedules(SCHEDULES, () => netcodeLinks(false));
  if (sums === undefined) return;
  const about = JSON.stringify(sums);
  assert(sums.connected > sums.connects / 2 && sums.delivered > 0, about);
  // Who has another address is lost, by the standard.
  assert(sums.moved === 0 && sums.timedOut > 0, about);
});

Deno.test("ConnectionManager does so over netcode that roams, where next to nobody is lost", () => {
  const sums = runManagerSchedules(SCHEDULES, () => netcodeLinks(true));
  if (sums === undefined) return;
  const about = JSON.stringify(sums);
  assert(sums.connected > sums.connects / 2 && sums.delivered > 0, about);
  assert(sums.moved > 0, about);
  assert(sums.timedOut <= sums.connected / 10, about);
});
