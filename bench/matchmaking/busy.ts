// 2,000 tickets a second.
import { atMost, quantile, type Section } from "../_report.ts";
import { liveWorkload } from "../matchmaking_workload.ts";
import { runLive } from "./_engine.ts";
import { judgeLive, liveRow, SEED } from "./_live_rows.ts";
import { matchSorted, runPeerLive } from "./_peers.ts";

const PER_SECOND = 2_000;

/** Measures ticks of a busy queue. */
export function measureBusy(isSmoke: boolean): Promise<Section> {
  const seconds = isSmoke ? 12 : 240;
  const workload = liveWorkload(SEED, PER_SECOND, seconds);
  const run = runLive(workload, seconds, {
    patience: { waitMs: 5_000, spreadPerTicket: 2 },
  });
  const peer = runPeerLive(matchSorted, workload, seconds);
  // The first ticks are those of a queue that fills up, and of code that is not yet compiled.
  const tickMs = run.tickMs.slice(seconds / 4);
  const it = judgeLive(workload, run.matches, seconds);
  return Promise.resolve({
    title: `${PER_SECOND.toLocaleString("en-US")} tickets a second`,
    notes: [
      `${seconds} s, a tick a second, of which the first quarter does not count.`,
    ],
    rows: [
      liveRow("ours, 5 s", it, tickMs),
      liveRow(
        "sorted greedy",
        judgeLive(workload, peer.matches, seconds),
        peer.tickMs.slice(seconds / 4),
      ),
    ],
    bars: [
      atMost("tick p99", 8, quantile(tickMs, 0.99), "ms"),
      atMost("violations", 0, it.violations, "pairs"),
    ],
  });
}
