// What the live parts share: which tickets count, and a row of figures.
import { quantile, type Row } from "../_report.ts";
import {
  evaluate,
  type Evaluation,
  type PlayedMatch,
  type Workload,
} from "../matchmaking_workload.ts";

export const SEED = 7;

/** The queue fills up in the first minute, and nobody knows how long those of the last wait. */
export function judgeLive(
  workload: Workload,
  matches: readonly PlayedMatch[],
  seconds: number,
): Evaluation {
  const edge = Math.min(60, seconds / 4);
  return evaluate(workload, matches, { from: edge, to: seconds - edge });
}

export function liveRow(
  name: string,
  it: Evaluation,
  tickMs: readonly number[],
): Row {
  return {
    name,
    "spread": it.spread,
    "p95": it.spreadP95,
    "team gap": it.teamGap,
    "wait p50 s": it.waitP50,
    "p95 s": it.waitP95,
    "tail p95 s": it.tailWaitP95,
    "latency p50 ms": it.latencyP50,
    "p95 ms": it.latencyP95,
    "asymmetric %": it.asymmetry * 100,
    "violations": it.violations,
    "tick p50 ms": quantile(tickMs, 0.5),
    "p99 ms": quantile(tickMs, 0.99),
  };
}
