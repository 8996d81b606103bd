// 50 tickets a second: the frontier of wait and spread, beside the plain matchers.
import { atMost, type Row, type Section } from "../_report.ts";
import { type Evaluation, liveWorkload } from "../matchmaking_workload.ts";
import { runLive, type Tuning } from "./_engine.ts";
import { judgeLive, liveRow, SEED } from "./_live_rows.ts";
import { matchNaively, matchSorted, runPeerLive } from "./_peers.ts";

/** The tuning that the bars are measured with; symmetry builds on it. */
export const TUNED: Tuning = {
  patience: { waitMs: 23_000, spreadPerTicket: 16.1 },
  costs: { latency: 14 },
};
const TUNED_NAME = "ours, 23 s";

/** Measures what patience buys. */
export function measureLive(isSmoke: boolean): Promise<Section> {
  const seconds = isSmoke ? 40 : 600;
  const workload = liveWorkload(SEED, 50, seconds);
  const rows: Row[] = [];
  const judged = new Map<string, Evaluation>();
  for (
    const [name, peer] of [
      ["sorted greedy", matchSorted],
      ["naive, O(n²)", matchNaively],
    ] as const
  ) {
    const { matches, tickMs } = runPeerLive(peer, workload, seconds);
    const it = judgeLive(workload, matches, seconds);
    rows.push(liveRow(name, it, tickMs));
  }
  const tunings: [string, Tuning][] = [
    ["ours, no patience", {}],
    ["ours, 8 s", tuned(8_000, 24)],
    ["ours, 15 s", tuned(15_000, 19)],
    [TUNED_NAME, TUNED],
    ["ours, 35 s", tuned(35_000, 11)],
  ];
  for (const [name, tuning] of tunings) {
    const { matches, tickMs } = runLive(workload, seconds, tuning);
    const it = judgeLive(workload, matches, seconds);
    judged.set(name, it);
    rows.push(liveRow(name, it, tickMs));
  }
  const it = judged.get(TUNED_NAME)!;
  return Promise.resolve({
    title: "50 tickets a second",
    notes: [
      `${seconds} s of Poisson arrivals, a tick a second; those of the first and last minute do not count. Tail is beyond 700 points of the mean.`,
    ],
    rows,
    bars: [
      atMost("wait p95", 23, it.waitP95, "s"),
      atMost("spread at that", 18, it.spread, "points"),
      atMost("latency p50 at that", 50, it.latencyP50, "ms"),
      atMost("tail's wait p95 to all's", 2, it.tailWaitP95 / it.waitP95, "×"),
      atMost("violations", 0, it.violations, "pairs"),
    ],
  });
}

function tuned(waitMs: number, spreadPerTicket: number): Tuning {
  return { ...TUNED, patience: { waitMs, spreadPerTicket } };
}
