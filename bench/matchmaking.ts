// What matches are like, how long they are waited for, and what finding them costs, beside two plain matchers in the same
// run: a naive one of O(n²), and a sorted greedy one. The workload is that of matchmaking_workload.ts, the same for all, and
// matches are judged by it alone. What they are like depends on nothing but the code; what they cost does on the machine.
//
// batch     10,000 and 100,000 tickets that are all there at once
// live      50 tickets a second: what patience buys
// symmetry  the same with a price on premades that meet strangers
// busy      2,000 tickets a second
//
//     deno task bench matchmaking.ts [--smoke] [--json] [--only=batch]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureBatch } from "./matchmaking/batch.ts";
import { measureBusy } from "./matchmaking/busy.ts";
import { measureLive } from "./matchmaking/live.ts";
import { measureSymmetry } from "./matchmaking/symmetry.ts";

const PARTS: Parts = {
  batch: measureBatch,
  live: measureLive,
  symmetry: measureSymmetry,
  busy: measureBusy,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
