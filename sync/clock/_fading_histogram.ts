// This module is browser compatible.

/** Beyond this weights are made small again. */
const MOST_WEIGHT = 1e9;

/**
 * How long something was above what: a histogram of milliseconds in which the past counts
 * less and less.
 *
 * Time passes through a range of values at a constant pace (the age of a snapshot does
 * until the next one comes), so a range is one addition at each of its ends, however wide
 * it is.
 */
export class FadingHistogram {
  readonly #binMs: number;
  /** The sum up to a bin is what that bin holds. */
  readonly #changes: Float64Array;
  readonly #halfLifeMs: number;
  #weight = 1;
  #total = 0;

  constructor(binMs: number, bins: number, halfLifeMs: number) {
    this.#binMs = binMs;
    this.#changes = new Float64Array(bins + 1);
    this.#halfLifeMs = halfLifeMs;
  }

  /** How much it has seen, in milliseconds of the newest weight. */
  get evidenceMs(): number {
    return this.#total * this.#binMs / this.#weight;
  }

  /** Lets what there is fade. */
  fade(ms: number): void {
    this.#weight *= Math.pow(2, Math.min(8, ms / this.#halfLifeMs));
    if (this.#weight < MOST_WEIGHT) return;
    for (let i = 0; i < this.#changes.length; i++) {
      this.#changes[i]! /= this.#weight;
    }
    this.#total /= this.#weight;
    this.#weight = 1;
  }

  /** Adds the time in which a value rose from one to another. */
  addRise(fromMs: number, toMs: number): void {
    const from = this.#binOf(fromMs);
    const to = this.#binOf(toMs);
    if (!(from < to)) return;
    this.#changes[from]! += this.#weight;
    this.#changes[to]! -= this.#weight;
    this.#total += this.#weight * (to - from);
  }

  /** What the given share of all is not above, in milliseconds. */
  quantile(share: number): number {
    const wanted = share * this.#total;
    let inBin = 0;
    let sum = 0;
    for (let i = 0; i < this.#changes.length - 1; i++) {
      inBin += this.#changes[i]!;
      sum += inBin;
      if (sum >= wanted) return (i + 1) * this.#binMs;
    }
    return (this.#changes.length - 1) * this.#binMs;
  }

  clear(): void {
    this.#changes.fill(0);
    this.#total = 0;
    this.#weight = 1;
  }

  #binOf(ms: number): number {
    return Math.min(
      this.#changes.length - 1,
      Math.max(0, Math.floor(ms / this.#binMs)),
    );
  }
}
