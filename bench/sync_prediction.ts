// What prediction and lag compensation cost, and how exact they are. The contenders take
// turns in one process, the figures are medians over all rounds, and each promised figure
// is printed with what was measured, met or missed.
//
// inputs   bytes of a report, and the time to write and read it
// replay   64 inputs applied again to 32 entities, after a divergence
// rewind   1,000 entities, all moving, at a fraction of a tick, and rays against them
//
//     deno task bench sync_prediction.ts [--smoke] [--json] [--only=replay]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureInputs } from "./sync_prediction/inputs.ts";
import { measureReplay } from "./sync_prediction/replay.ts";
import { measureRewind } from "./sync_prediction/rewind.ts";

const PARTS: Parts = {
  inputs: measureInputs,
  replay: measureReplay,
  rewind: measureRewind,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
