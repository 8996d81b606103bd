// The interpolation delay that adapts beside the best fixed one, and inputs that come in time.
import {
  atMost,
  type Bar,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import {
  type ExchangeOptions,
  ORDINARY,
} from "../../sync/clock/_testing/simulate_exchange.ts";
import { simulateTimelines } from "../../sync/clock/_testing/simulate_timelines.ts";

const CASES: readonly (readonly [string, Partial<ExchangeOptions>])[] = [
  ["60 Hz", {}],
  ["60 Hz, hard", { shape: 3 }],
  ["30 Hz", { hz: 30 }],
  ["20 Hz", { hz: 20 }],
  ["60 Hz, little jitter", { jitterDownMs: 2, spikes: 0 }],
  ["60 Hz, no spikes", { spikes: 0 }],
];

// deno-lint-ignore require-await
export async function measureTimelines(isSmoke: boolean): Promise<Section> {
  const runs = isSmoke ? 1 : 10;
  const rows: Row[] = [];
  const bars: Bar[] = [];
  for (const [name, options] of CASES) {
    const delays: number[] = [];
    const best: number[] = [];
    const ratios: number[] = [];
    const underruns: number[] = [];
    const rules: number[] = [];
    const ruleUnderruns: number[] = [];
    const late: number[] = [];
    const leads: number[] = [];
    for (let seed = 1; seed <= runs; seed++) {
      const run = simulateTimelines({
        ...ORDINARY,
        ...options,
        seconds: isSmoke ? 40 : 600,
        seed,
      });
      delays.push(run.delayMs);
      best.push(run.bestFixedMs);
      ratios.push(run.delayMs / run.bestFixedMs);
      underruns.push(100 * run.underruns);
      rules.push(run.ruleMs);
      ruleUnderruns.push(100 * run.ruleUnderruns);
      late.push(100 * run.lateInputs);
      leads.push(run.leadMs - (options.floorUpMs ?? ORDINARY.floorUpMs));
    }
    rows.push({
      name,
      "best fixed ms": mean(best),
      "ours ms": mean(delays),
      "of best": mean(ratios),
      "worst run": quantile(ratios, 1),
      "underruns %": mean(underruns),
      "worst run %": quantile(underruns, 1),
      "1.7 + 4 ms": mean(rules),
      "its underruns %": mean(ruleUnderruns),
      "lead ms": mean(leads),
      "late inputs %": mean(late),
    });
    bars.push(
      atMost(`${name}: underruns`, 0.1, mean(underruns), "%"),
      atMost(`${name}: delay beside the best fixed`, 1.2, mean(ratios), "x"),
    );
  }
  return {
    title: "timelines",
    notes: [
      `${runs} runs, from 30 s on, in frames of 1/120 s. Delays and leads are above the lowest delay of the way.`,
      "Best fixed: the lowest delay with 0.1 % underruns, known only afterwards. 1.7 + 4: send intervals and mean jitters.",
      "Late inputs: each is sent three times, 1 % of all messages is lost, 1 % late by 50-300 ms.",
    ],
    rows,
    bars,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
