// What it costs to draw a game between its snapshots, and how far that is from what was: 901 entities with a position
// and a rotation, beside geckos.io's interpolation in the same run.
//
// cost       microseconds and memory of a frame in which all of them move
// rotations  how far blended rotations are from slerp
// paths      how far lines and curves are from the recording of bench/data (60 Hz), with every third snapshot known
// guesses    the same for what is extrapolated beyond the last snapshot
//
//     deno task bench sync_motion.ts [--smoke] [--json] [--only=cost]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureCost } from "./sync_motion/cost.ts";
import { measureGuesses, measurePaths } from "./sync_motion/paths.ts";
import { measureRotations } from "./sync_motion/rotations.ts";

const PARTS: Parts = {
  cost: measureCost,
  rotations: measureRotations,
  paths: measurePaths,
  guesses: measureGuesses,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
