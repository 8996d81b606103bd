import type { FrameSummary, Percentiles } from "./frame_stats.ts";
import type { Scene } from "./scene.ts";

/**
 * Sums up a run for people.
 *
 * @param run What the frames have cost, and how long the run was.
 * @param scenes The parts of the demo.
 * @returns Some lines of text.
 */
export function renderReport(
  run: FrameSummary & { readonly seconds: number },
  scenes: readonly Scene[],
): string {
  const { frames, seconds, lateFrames, frameMs, networkMs, budgetMs } = run;
  const because = run.framesOverBudgetBecauseOfNetwork;
  const otherwise = run.framesOverBudget - because;
  const lines = [
    `${frames} frames in ${seconds.toFixed(1)} s, ${lateFrames} of them late`,
    `  from frame to frame   ${times(frameMs)}`,
    `  of that, the network  ${times(networkMs)}  (a frame has ${
      budgetMs.toFixed(1)
    } ms)`,
    because === 0
      ? "No frame exceeded its budget because of the network."
      : `Frames that exceeded their budget because of the network: ${because}`,
  ];
  if (otherwise > 0) {
    lines.push(
      `Frames that exceeded their budget for other reasons (the machine was busy, say): ${otherwise}`,
    );
  }
  return [...lines, ...scenes.flatMap((scene) => scene.report())].join("\n");
}

function times({ p50, p99, worst }: Percentiles): string {
  return `p50 ${p50.toFixed(2)}  p99 ${p99.toFixed(2)}  worst ${
    worst.toFixed(2)
  } ms`;
}
