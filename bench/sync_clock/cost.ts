// What a message costs, both stamps taken.
import { time } from "../_nanoseconds.ts";
import type { Section } from "../_report.ts";
import {
  ORDINARY,
  simulateExchange,
} from "../../sync/clock/_testing/simulate_exchange.ts";
import { makeEstimators } from "./_estimators.ts";

export async function measureCost(isSmoke: boolean): Promise<Section> {
  const run = simulateExchange({ ...ORDINARY, seconds: isSmoke ? 60 : 3_600 });
  const names = [...makeEstimators().keys()];
  const loops = names.map((name) => {
    let estimator = makeEstimators().get(name)!;
    let at = 0;
    return {
      name,
      run(count: number): number {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          if (at === run.length) {
            at = 0;
            estimator = makeEstimators().get(name)!;
          }
          estimator.take(run[at++]!);
          const { offset } = estimator;
          if (!Number.isNaN(offset)) sum += offset;
        }
        return sum;
      },
    };
  });
  const timings = await time(loops, isSmoke, 1_024);
  return {
    title: "clock: cost",
    notes: ["One message with its stamp and an echo, and the offset read; ns."],
    rows: names.map((name) => ({
      name,
      "p50": timings.ns(name),
      "p10": timings.quietNs(name),
    })),
    bars: [],
  };
}
