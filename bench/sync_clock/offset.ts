// The error of the offset, from 10 s on, and whether the bounds cover it.
import {
  atLeast,
  atMost,
  type Bar,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import {
  type ExchangeOptions,
  ORDINARY,
  simulateExchange,
} from "../../sync/clock/_testing/simulate_exchange.ts";
import {
  type Estimator,
  makeEstimators,
  OURS,
  type Ours,
} from "./_estimators.ts";

/** Before, all learn. */
const LEARNT_MS = 10_000;

interface Case {
  readonly name: string;
  readonly options: Partial<ExchangeOptions>;
  readonly bars: readonly number[];
  readonly isSymmetric: boolean;
}

const CASES: readonly Case[] = [
  { name: "ordinary", options: {}, bars: [0.3], isSymmetric: true },
  {
    name: "hard: gamma(3) jitter of the same means",
    options: { shape: 3 },
    bars: [1.2],
    isSymmetric: true,
  },
  {
    name: "harder: gamma(3) jitter of three times the means",
    options: { shape: 3, jitterUpMs: 6, jitterDownMs: 60 },
    bars: [],
    isSymmetric: true,
  },
  {
    name: "20 messages a second",
    options: { hz: 20 },
    bars: [],
    isSymmetric: true,
  },
  {
    name: "30 ms up and 70 ms down, which nobody can know",
    options: { floorUpMs: 30, floorDownMs: 70 },
    bars: [],
    isSymmetric: false,
  },
];

// deno-lint-ignore require-await
export async function measureOffset(isSmoke: boolean): Promise<Section[]> {
  return CASES.map((it) => measureCase(it, isSmoke));
}

function measureCase(
  { name, options, bars, isSymmetric }: Case,
  isSmoke: boolean,
): Section {
  const runs = isSmoke ? 2 : 20;
  const seconds = isSmoke ? 30 : 300;
  const errors = new Map<string, number[]>();
  const early = new Map<string, number[]>();
  const floors: number[] = [];
  const bounds: number[] = [];
  let seen = 0;
  let inFloor = 0;
  let inBound = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const run = simulateExchange({ ...ORDINARY, ...options, seconds, seed });
    const estimators = makeEstimators();
    const { clock } = estimators.get(OURS) as Ours;
    for (const arrival of run) {
      for (const [who, estimator] of estimators) {
        estimator.take(arrival);
        note(
          arrival.atMs < LEARNT_MS ? early : errors,
          who,
          estimator,
          arrival.offsetMs,
        );
      }
      // Every moment counts, the first seconds as well.
      if (!clock.isSynced) continue;
      const error = Math.abs(clock.offset - arrival.offsetMs);
      seen++;
      if (error <= clock.floorErrorMs) inFloor++;
      if (error <= clock.errorBoundMs) inBound++;
      floors.push(clock.floorErrorMs);
      bounds.push(clock.errorBoundMs);
    }
  }
  const ours = quantile(errors.get(OURS)!, 0.95);
  const rows: Row[] = [...errors].map(([who, of]) => ({
    name: who,
    "p50 ms": quantile(of, 0.5),
    "p95 ms": quantile(of, 0.95),
    "p99.9 ms": quantile(of, 0.999),
    "p95 before 10 s": quantile(early.get(who)!, 0.95),
  }));
  const covered: Bar[] = [
    atLeast(
      `covered by errorBoundMs (median ${quantile(bounds, 0.5).toFixed(2)} ms)`,
      99,
      100 * inBound / seen,
      "%",
    ),
  ];
  const floorNote = `covered by floorErrorMs (median ${
    quantile(floors, 0.5).toFixed(2)
  } ms)`;
  if (isSymmetric) {
    covered.unshift(atLeast(floorNote, 99, 100 * inFloor / seen, "%"));
  }
  return {
    title: `clock: ${name}`,
    notes: [
      `|offset error| in ms; ${runs} runs of ${seconds} s, looked at after every message.`,
    ],
    rows,
    bars: [
      ...bars.map((bar) => atMost("|offset error| p95", bar, ours, "ms")),
      ...covered,
    ],
  };
}

function note(
  into: Map<string, number[]>,
  who: string,
  { offset }: Estimator,
  truth: number,
): void {
  if (Number.isNaN(offset)) return;
  const error = Math.abs(offset - truth);
  const of = into.get(who);
  if (of === undefined) into.set(who, [error]);
  else of.push(error);
}
