// 2,000 tickets a second.
import { atMost, quantile, type Section } from "../_report.ts";
import { liveWorkload } from "../matchmaking_workload.ts";
import { runLive, type Tuning } from "./_engine.ts";
import { judgeLive, liveRow, SEED } from "./_live_rows.ts";
import { matchSorted, runPeerLive } from "./_peers.ts";

const PER_SECOND = 2_000;
const TUNINGS: readonly [string, Tuning][] = [
  ["ours, no patience", {}],
  ["ours, 1 s", { patience: { waitMs: 1_000, spreadPerTicket: 3 } }],
  ["ours, 2 s", { patience: { waitMs: 2_000, spreadPerTicket: 3 } }],
];

/** Measures ticks of a busy queue. */
export function measureBusy(isSmoke: boolean): Promise<Section> {
  const seconds = isSmoke ? 12 : 120;
  const workload = liveWorkload(SEED, PER_SECOND, seconds);
  // The first ticks are those of a queue that fills up, and of code that is not yet compiled.
  const from = seconds / 4;
  const runs = TUNINGS.map(([name, tuning]) => {
    const { matches, tickMs } = runLive(workload, seconds, tuning);
    const it = judgeLive(workload, matches, seconds);
    return { name, it, tickMs: tickMs.slice(from) };
  });
  const peer = runPeerLive(matchSorted, workload, seconds);
  return Promise.resolve({
    title: `${PER_SECOND.toLocaleString("en-US")} tickets a second`,
    notes: [
      `${seconds} s, a tick a second, of which the first quarter does not count.`,
    ],
    rows: [
      ...runs.map(({ name, it, tickMs }) => liveRow(name, it, tickMs)),
      liveRow(
        "sorted greedy",
        judgeLive(workload, peer.matches, seconds),
        peer.tickMs.slice(from),
      ),
    ],
    bars: runs.flatMap(({ name, it, tickMs }) => [
      atMost(`tick p99, ${name}`, 8, quantile(tickMs, 0.99), "ms"),
      atMost(`violations, ${name}`, 0, it.violations, "pairs"),
    ]),
  });
}
