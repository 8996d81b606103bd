// How wrong the client's idea of the server's time is, in seeded simulations, beside what else is done: NTP's best of
// 64, smoothed pings as lightyear has them, and the last ping. The simulation: 50 ms each way at least, exponential
// jitter of 2 ms up and 20 ms down on average, 1 % spikes of 50-300 ms, 1 % loss, clocks that drift by 40 ppm with a
// random walk, 60 stamped messages a second each way; and a hard one with gamma(3) jitter, in which low delays are rare.
//
// offset     the error of the offset, and whether the error bounds cover it
// routes     the error after a route has changed, or a clock was set
// timelines  the interpolation delay that adapts beside the best fixed one; inputs that come too late
// cost       nanoseconds a message
//
//     deno task bench sync_clock.ts [--smoke] [--json] [--only=offset]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureCost } from "./sync_clock/cost.ts";
import { measureOffset } from "./sync_clock/offset.ts";
import { measureRoutes } from "./sync_clock/routes.ts";
import { measureTimelines } from "./sync_clock/timelines.ts";

const PARTS: Parts = {
  offset: measureOffset,
  routes: measureRoutes,
  timelines: measureTimelines,
  cost: measureCost,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
