// The sketch of frame times: what adding costs, and how far its quantiles are off, beside Datadog's DDSketch and the
// usual way of keeping the last 1,000 samples and sorting them.
import { DDSketch } from "@datadog/sketches-js";
import { QuantileSketch } from "../../analytics/mod.ts";
import { SeededRandom } from "../../core/mod.ts";
import {
  atMost,
  median,
  type Row,
  type Section,
  takeTurns,
} from "../_report.ts";

const QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
const SAMPLES = 1_000;

/** What takes values and knows their quantiles. */
interface Measured {
  readonly name: string;
  /** A loop of its own for each, so that no call between them is measured. */
  addAll(values: Float64Array): void;
  quantile(q: number): number;
}

function makers(): readonly (() => Measured)[] {
  return [
    () => {
      const sketch = new QuantileSketch();
      return {
        name: "tickwire QuantileSketch",
        addAll(values) {
          for (let i = 0; i < values.length; i++) sketch.add(values[i]!);
        },
        quantile: (q) => sketch.quantile(q),
      };
    },
    () => {
      const sketch = new DDSketch({ relativeAccuracy: 0.0055 });
      return {
        name: "@datadog/sketches-js",
        addAll(values) {
          for (let i = 0; i < values.length; i++) sketch.accept(values[i]!);
        },
        quantile: (q) => sketch.getValueAtQuantile(q),
      };
    },
    () => {
      const kept = new Float64Array(SAMPLES);
      let count = 0;
      return {
        name: `the last ${SAMPLES.toLocaleString("en-US")} samples`,
        addAll(values) {
          for (let i = 0; i < values.length; i++) {
            kept[count++ % SAMPLES] = values[i]!;
          }
        },
        quantile: (q) => {
          const sorted = kept.slice(0, Math.min(count, SAMPLES)).sort();
          return sorted[Math.ceil(q * sorted.length) - 1]!;
        },
      };
    },
  ];
}

/** Frame times in milliseconds, and what else has long tails. */
const DISTRIBUTIONS: Readonly<
  Record<string, (random: SeededRandom) => number>
> = {
  "frames": (random) =>
    random.nextFloat() < 0.98
      ? 16.7 + normal(random) * 0.6
      : 30 + 40 * random.nextFloat(),
  "uniform": (random) => 1 + 99 * random.nextFloat(),
  "exponential": (random) => -20 * Math.log(1 - random.nextFloat()),
  "log-normal": (random) => Math.exp(2.5 + 0.7 * normal(random)),
  "Pareto": (random) => 5 / (1 - random.nextFloat()) ** (1 / 1.5),
};

function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.nextFloat())) *
    Math.cos(2 * Math.PI * random.nextFloat());
}

export async function measureSketch(isSmoke: boolean): Promise<Section> {
  const count = isSmoke ? 10_000 : 1_000_000;
  const values = valuesOf("frames", count);
  const samples = await takeTurns(
    makers().map((make) => {
      const { name } = make();
      return {
        name,
        run: () => {
          const measured = make();
          measured.addAll(values);
          // So that nothing is left out.
          if (measured.quantile(0.5) <= 0) throw new Error("Cannot measure");
        },
      };
    }),
    { count, repetitions: isSmoke ? 2 : 15, warmUps: 2 },
  );
  const rows: Row[] = [];
  let ownNs = 0;
  let ownError = 0;
  for (const make of makers()) {
    const { name } = make();
    const ns = median(samples.get(name)!.map(({ us }) => us)) * 1_000;
    const row: Record<string, number> = {};
    let worst = 0;
    for (const kind of Object.keys(DISTRIBUTIONS)) {
      row[`${kind} %`] = worstError(make(), valuesOf(kind, count));
      worst = Math.max(worst, row[`${kind} %`]!);
    }
    if (rows.length === 0) {
      ownNs = ns;
      ownError = worst;
    }
    rows.push({ name, "ns an add": ns, "x tickwire": ns / ownNs, ...row });
  }
  return {
    title: "analytics: quantiles of frame times",
    notes: [
      `${
        count.toLocaleString("en-US")
      } values of each distribution; the worst relative error of p50, p75, p90, p95, p99 and p99.9 against`,
      "a sort of all of them. Times are of frame times at 60 Hz with 2 % of hitches, medians of the rounds.",
    ],
    rows,
    bars: [
      atMost("an add", 15, ownNs, "ns"),
      atMost("the worst relative error", 0.55, ownError, "%"),
    ],
  };
}

function valuesOf(kind: string, count: number): Float64Array {
  const random = new SeededRandom(3);
  const next = DISTRIBUTIONS[kind]!;
  return Float64Array.from({ length: count }, () => next(random));
}

/** In percent. */
function worstError(measured: Measured, values: Float64Array): number {
  measured.addAll(values);
  const sorted = values.toSorted();
  let worst = 0;
  for (const q of QUANTILES) {
    const exact = sorted[Math.ceil(q * sorted.length) - 1]!;
    worst = Math.max(worst, Math.abs(measured.quantile(q) - exact) / exact);
  }
  return worst * 100;
}
