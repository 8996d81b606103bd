// What happens when a route changes at 60 s, or a clock is set.
import { atMost, quantile, type Row, type Section } from "../_report.ts";
import {
  type ExchangeOptions,
  ORDINARY,
  simulateExchange,
} from "../../sync/clock/_testing/simulate_exchange.ts";
import { makeEstimators, OURS } from "./_estimators.ts";

const AT_MS = 60_000;
const BY_MS = 30;
const SETTLED_MS = 4_000;
const BAR_MS = 5;

const CASES: readonly (readonly [string, Partial<ExchangeOptions>])[] = [
  ["+30 ms up", route(BY_MS, 0)],
  ["+30 ms down", route(0, BY_MS)],
  ["+30 ms both", route(BY_MS, BY_MS)],
  ["-30 ms up", route(-BY_MS, 0)],
  ["-30 ms down", route(0, -BY_MS)],
  ["+30 ms up, hard", { ...route(BY_MS, 0), shape: 3 }],
  ["+30 ms down, hard", { ...route(0, BY_MS), shape: 3 }],
  ["clock set by 30 ms", { suspend: { atMs: AT_MS, forMs: BY_MS } }],
  ["asleep for 10 min", { suspend: { atMs: AT_MS, forMs: 600_000 } }],
];

// deno-lint-ignore require-await
export async function measureRoutes(isSmoke: boolean): Promise<Section> {
  const runs = isSmoke ? 1 : 20;
  const rows: Row[] = [];
  const bars = [];
  for (const [name, options] of CASES) {
    const worst = new Map<string, number[]>();
    const until: number[] = [];
    for (let seed = 1; seed <= runs; seed++) {
      const run = simulateExchange({
        ...ORDINARY,
        ...options,
        seconds: isSmoke ? 70 : 180,
        seed,
      });
      const estimators = makeEstimators();
      const after = new Map<string, number>();
      let lastBad = 0;
      for (const arrival of run) {
        for (const [who, estimator] of estimators) {
          estimator.take(arrival);
          const sinceMs = arrival.atMs - AT_MS;
          if (sinceMs < 0) continue;
          const error = Math.abs(estimator.offset - arrival.offsetMs);
          if (who === OURS && error >= BAR_MS) lastBad = sinceMs;
          if (sinceMs >= SETTLED_MS) {
            after.set(who, Math.max(after.get(who) ?? 0, error));
          }
        }
      }
      until.push(lastBad);
      for (const [who, error] of after) {
        worst.set(who, [...worst.get(who) ?? [], error]);
      }
    }
    rows.push({
      name,
      ...Object.fromEntries(
        [...worst].map(([who, of]) => [who, quantile(of, 1)]),
      ),
    });
    bars.push(
      atMost(
        `${name}: until the error stays below ${BAR_MS} ms, worst run`,
        SETTLED_MS / 1_000,
        quantile(until, 1) / 1_000,
        "s",
      ),
    );
  }
  return {
    title: "clock: route changes",
    notes: [
      `The highest |offset error| in ms from ${
        SETTLED_MS / 1_000
      } s after the change to the end; worst of ${runs} runs.`,
    ],
    rows,
    bars,
  };
}

function route(upMs: number, downMs: number): Partial<ExchangeOptions> {
  return { steps: [{ atMs: AT_MS, upMs, downMs }] };
}
