// Tickets that are all there at once.
import {
  atLeast,
  atMost,
  type Bar,
  median,
  type Row,
  type Section,
} from "../_report.ts";
import {
  batchWorkload,
  evaluate,
  type Evaluation,
  sortedBounds,
  type Workload,
} from "../matchmaking_workload.ts";
import { runBatch } from "./_engine.ts";
import { matchNaively, matchSorted } from "./_peers.ts";

const SEED = 1;
/** Latency within the window costs nothing here: the spread is what counts. */
const TUNING = { costs: { latency: 0 } };
const NAIVE = "naive, O(n²)";
const SORTED = "sorted greedy";
const OURS = "MatchmakingQueue";

/** Measures batches of 10,000 and of 100,000. */
export function measureBatch(isSmoke: boolean): Promise<Section[]> {
  const sizes = isSmoke ? [500, 2_000] : [10_000, 100_000];
  return Promise.resolve(sizes.map((count, i) => {
    const isLarge = i === 1;
    return measureOne(batchWorkload(SEED, count), {
      hasNaive: !isLarge,
      rounds: isSmoke ? 2 : isLarge ? 9 : 5,
      hasBars: isLarge,
    });
  }));
}

interface BatchOptions {
  readonly hasNaive: boolean;
  readonly rounds: number;
  readonly hasBars: boolean;
}

function measureOne(
  workload: Workload,
  { hasNaive, rounds, hasBars }: BatchOptions,
): Section {
  const all = Array.from({ length: workload.count }, (_, i) => i);
  const times = new Map<string, number[]>();
  const evaluations = new Map<string, Evaluation>();
  const enqueueMs: number[] = [];
  const keep = (name: string, ms: number): void => {
    if (!times.has(name)) times.set(name, []);
    times.get(name)!.push(ms);
  };
  for (let round = 0; round < rounds; round++) {
    const run = runBatch(workload, TUNING);
    keep(OURS, run.tickMs[0]!);
    enqueueMs.push(run.enqueueMs);
    if (round === 0) evaluations.set(OURS, judge(workload, run.matches));
    for (
      const [name, peer] of [[SORTED, matchSorted], [
        NAIVE,
        matchNaively,
      ]] as const
    ) {
      if (name === NAIVE && (!hasNaive || round > 0)) continue;
      const startMs = performance.now();
      const matches = peer(workload, all, 0);
      keep(name, performance.now() - startMs);
      if (round === 0) evaluations.set(name, judge(workload, matches));
    }
  }
  const bounds = sortedBounds(workload);
  const ours = evaluations.get(OURS)!;
  const fastest = Math.min(...times.get(OURS)!);
  const rows: Row[] = [...evaluations].map(([name, it]) => ({
    name,
    "fastest ms": Math.min(...times.get(name)!),
    "median ms": median(times.get(name)!),
    "× ours": Math.min(...times.get(name)!) / fastest,
    "spread": it.spread,
    "p95": it.spreadP95,
    "× bound by region": it.spread / bounds.byRegion,
    "× bound anywhere": it.spread / bounds.everywhere,
    "between players": it.memberSpread,
    "matched %": it.matched * 100,
    "asymmetric %": it.asymmetry * 100,
    "latency p50 ms": it.latencyP50,
    "violations": it.violations,
  }));
  const bars: Bar[] = hasBars
    ? [
      atMost("one tick, the fastest", 50, fastest, "ms"),
      atMost(
        "spread to the sorted bound of each region",
        1.3,
        ours.spread / bounds.byRegion,
        "×",
      ),
      atMost(
        "spread to the sorted bound of all, wherever they live",
        1.3,
        ours.spread / bounds.everywhere,
        "×",
      ),
      atMost("violations", 0, ours.violations, "pairs"),
      atLeast("matched", 98, ours.matched * 100, "%"),
    ]
    : [];
  return {
    title: `${workload.count.toLocaleString("en-US")} tickets at once`,
    notes: [
      `Spread is the highest less the lowest skill of a match's tickets, a party counting by its mean; between players it is that of the players. Parties are never split, and their members are up to 240 points apart.`,
      `Sorted and cut into tens of players, without any rule (parties are split, latency is no matter), the spread is ${
        bounds.everywhere.toFixed(3)
      }; the same within each region where players live, ${
        bounds.byRegion.toFixed(3)
      }. Two thirds of the tickets reach one region only, so that the first is out of reach of whoever keeps the latency rule.`,
      `Enqueueing takes ${
        Math.min(...enqueueMs).toFixed(0)
      } ms before, and is not part of the tick.`,
    ],
    rows,
    bars,
  };
}

function judge(
  workload: Workload,
  matches: Parameters<typeof evaluate>[1],
): Evaluation {
  return evaluate(workload, matches, { from: 0, to: 0 });
}
