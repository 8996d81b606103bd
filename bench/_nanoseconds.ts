// What is measured here takes nanoseconds: many short turns, in which the contenders change.
import {
  type Contender,
  median,
  pairedMedian,
  quantile,
  type Sample,
  takeTurns,
} from "./_report.ts";

/** Something that does a number of operations and returns what depends on all of them. */
export interface Loop {
  readonly name: string;
  run(count: number): number;
}

/** What the loops took. */
export class Timings {
  readonly #samples: ReadonlyMap<string, Sample[]>;
  readonly #scale: number;

  constructor(samples: ReadonlyMap<string, Sample[]>, operations: number) {
    this.#samples = samples;
    this.#scale = 1_000 / operations;
  }

  /** The median of nanoseconds per operation. */
  ns(name: string): number {
    return median(this.#of(name).map(({ us }) => us * this.#scale));
  }

  /** The lowest tenth: what it takes while nothing else disturbs. */
  quietNs(name: string): number {
    return quantile(this.#of(name).map(({ us }) => us * this.#scale), 0.1);
  }

  /** How many times as long as `base` one takes: the median over the rounds. */
  ratio(name: string, base: string): number {
    return pairedMedian(this.#of(name), this.#of(base), (a, b) => a / b);
  }

  #of(name: string): readonly Sample[] {
    return this.#samples.get(name)!;
  }
}

/**
 * Measures loops in turns.
 *
 * @param loops What to measure.
 * @param isSmoke Whether a few rounds will do.
 * @param count Operations of a turn, to last a fraction of a millisecond.
 * @param operations What one operation of the loops counts as.
 */
export async function time(
  loops: readonly Loop[],
  isSmoke: boolean,
  count: number,
  operations = 1,
): Promise<Timings> {
  const contenders = loops.map(contend);
  const samples = await takeTurns(contenders, {
    count,
    repetitions: isSmoke ? 15 : 301,
    // So many that the optimizing compiler has been over each of them.
    warmUps: isSmoke ? 15 : 100,
  });
  return new Timings(samples, operations);
}

function contend({ name, run }: Loop): Contender {
  let kept = 0;
  return {
    name,
    run(count) {
      kept += run(count);
      // Never the case, but nobody can know.
      if (Number.isNaN(kept)) throw new Error(`Cannot measure ${name}`);
    },
  };
}
