// This module is browser compatible.

import { isCount } from "../is_count.ts";
import { bucketOf, lowerEnd, MAX_BUCKET, MIN_BUCKET } from "./_log_index.ts";

/** From the lowest bucket to the highest, both included. */
const MAX_BUCKETS = 2048;
/** The first numbers of the form of JSON: sum, min, max, zeros. */
const HEAD = 4;
/** 2·γ/(γ + 1) with γ = 2^(1/64): what is equally far from both ends of a bucket, in relation to them. */
const MIDDLE = 2 * 2 ** (1 / 64) / (2 ** (1 / 64) + 1);
/** How much more than count·max a sum may be by the rounding of its additions. */
const SUM_TOLERANCE = 1.001;

/** A sketch as OpenTelemetry's exponential histograms have it. */
export interface ExponentialHistogram {
  /** The base of the buckets is 2^(2^-scale). */
  readonly scale: 6;
  /** How many values there are. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** The smallest; 0 if there is none. */
  readonly min: number;
  /** The largest; 0 if there is none. */
  readonly max: number;
  /** How many of them are 0. */
  readonly zeroCount: number;
  /** The others: `bucketCounts[k]` are above 2^((offset + k)/64) and not above 2^((offset + k + 1)/64). */
  readonly positive: {
    /** The lowest bucket; 0 if there is none. */
    readonly offset: number;
    /** How many each holds, from the lowest that has any to the highest. */
    readonly bucketCounts: readonly number[];
  };
}

/**
 * Counts values in buckets that grow by 1.09 %, so that any quantile of millions of
 * them is known within 0.55 % and in little room, and sketches of parts add up to
 * the sketch of the whole. Takes values of 0 and more, such as times and sizes: one
 * below 0 counts as 0.
 *
 * It never has more than 2,048 buckets from the lowest to the highest, in which the
 * largest value is 4.3·10^9 times the smallest. What is smaller counts in the lowest
 * of them: quantiles that fall there are too high, others stay right.
 *
 * Of two sketches and their parts, merged in any order, everything is the same to
 * the last bit, except the sum, which is rounded as sums are.
 *
 * Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
 * Relative-Error Guarantees", VLDB 2019, with the buckets of OpenTelemetry's
 * exponential histograms of scale 6.
 *
 * @example Percentiles of frame times
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import { QuantileSketch } from "@tickwire/net/analytics";
 *
 * const sketch = new QuantileSketch();
 * for (let frame = 1; frame <= 1000; frame++) sketch.add(frame % 100 ? 16.7 : 50);
 * assertEquals(sketch.count, 1000);
 * assertAlmostEquals(sketch.quantile(0.5), 16.7, 16.7 * 0.0055);
 * assertEquals(sketch.quantile(1), 50);
 * ```
 */
export class QuantileSketch {
  /** By bucket, from `#offset` on. At its longest its highest bucket is never empty while a lower value comes. */
  #counts = new Float64Array(0);
  #offset = 0;
  #count = 0;
  #zeros = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;
  #ignored = 0;

  /** How many values there are: at most 2^53 − 1. */
  get count(): number {
    return atMostSafe(this.#count);
  }

  /** The sum of all values: at most `Number.MAX_VALUE`. */
  get sum(): number {
    return Math.min(this.#sum, Number.MAX_VALUE);
  }

  /** The smallest value; 0 if there is none. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** The largest value; 0 if there is none. */
  get max(): number {
    return this.#max;
  }

  /** How many values were 0 or below. */
  get zeros(): number {
    return atMostSafe(this.#zeros);
  }

  /** How many calls of `add` had no effect as the value was NaN or infinite. It is no part of the form of JSON. */
  get ignored(): number {
    return this.#ignored;
  }

  /**
   * Adds a value.
   *
   * @param value The value. One below 0 counts as 0; NaN and what is infinite is only counted as {@linkcode ignored}.
   */
  add(value: number): void {
    if (!(value > 0 && value < Infinity)) {
      this.#addOther(value);
      return;
    }
    const bucket = bucketOf(value);
    let at = bucket - this.#offset;
    // One comparison for both ends: what is below 0 becomes large.
    if (at >>> 0 >= this.#counts.length) at = this.#reach(bucket);
    this.#counts[at]!++;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /**
   * Adds all values of another sketch, as if each had been added here.
   *
   * @param other The other one, which stays as it is.
   */
  merge(other: QuantileSketch): void {
    if (other.#count === 0) return;
    const counts = other.#counts;
    const offset = other.#offset;
    const low = lowest(counts);
    if (low !== counts.length) {
      const high = highest(counts);
      this.#makeRoom(offset + low, offset + high);
      const shift = offset - this.#offset;
      for (let from = low; from <= high; from++) {
        const to = Math.max(from + shift, 0);
        this.#counts[to] = atMostSafe(this.#counts[to]! + counts[from]!);
      }
    }
    this.#count = atMostSafe(this.#count + other.#count);
    this.#zeros = atMostSafe(this.#zeros + other.#zeros);
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#setSum(this.sum + other.sum);
  }

  /**
   * Takes out the values of a sketch that was merged into this one. `min` and `max` stay as they were unless nothing is
   * left. What is not there is not taken: no count falls below 0.
   *
   * @param other The other one, which stays as it is.
   */
  subtract(other: QuantileSketch): void {
    const counts = other.#counts;
    const low = lowest(this.#counts);
    const shift = other.#offset - this.#offset;
    let left = 0;
    for (let from = 0; from < counts.length; from++) {
      if (counts[from] === 0) continue;
      // What is below the lowest bucket was counted there.
      const to = Math.max(from + shift, low);
      if (to >= this.#counts.length) break;
      this.#counts[to] = Math.max(this.#counts[to]! - counts[from]!, 0);
    }
    for (const count of this.#counts) left += count;
    this.#zeros = Math.max(this.#zeros - other.#zeros, 0);
    this.#count = atMostSafe(left + this.#zeros);
    this.#setSum(Math.max(this.sum - other.sum, 0));
    if (this.#count === 0) this.#reset();
  }

  /**
   * Estimates a quantile: of the values in order, the one of the number ⌊q·(count − 1)⌋, counted from 0.
   *
   * @param q Which: 0 for the smallest, 0.5 for the median, 1 for the largest.
   * @returns It within 0.55 %, where it is not in a lowest bucket that holds smaller values too; 0 if there are no
   * values.
   * @throws {RangeError} If `q` is not from 0 to 1.
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) {
      throw new RangeError(
        `Cannot estimate a quantile as q must be from 0 to 1: current value is ${q}`,
      );
    }
    if (this.#count === 0) return 0;
    const rank = Math.floor(q * (this.#count - 1));
    let passed = this.#zeros;
    if (passed > rank) return 0;
    for (let at = 0; at < this.#counts.length; at++) {
      passed += this.#counts[at]!;
      if (passed > rank) return this.#estimate(this.#offset + at, rank);
    }
    return this.#max;
  }

  /** Removes all values. */
  clear(): void {
    this.#reset();
    this.#counts.fill(0);
    this.#ignored = 0;
  }

  /**
   * Gives the form of JSON: `[sum, min, max, zeros, i0, c0, d1, c1, …]`, in which i0 is the lowest bucket that has any
   * values, c0 how many, and each d the distance to the next such bucket. The same values give the same array.
   *
   * @returns The array: 4 to 4,100 finite numbers.
   */
  toJson(): number[] {
    const json = [this.sum, this.min, this.max, this.zeros];
    let last = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at]!;
      if (count === 0) continue;
      const bucket = this.#offset + at;
      json.push(bucket - last, atMostSafe(count));
      last = bucket;
    }
    return json;
  }

  /**
   * Reads the form of JSON, from whomever it came.
   *
   * @param value What was parsed.
   * @returns The sketch; `undefined` if `value` is none that {@linkcode toJson} gives. Its `max` is not below its highest
   * bucket and its `min` not above its lowest, so that a check of these two is one of all its values.
   */
  static fromJson(value: unknown): QuantileSketch | undefined {
    if (
      !Array.isArray(value) || value.length < HEAD || value.length % 2 !== 0 ||
      value.length > HEAD + 2 * MAX_BUCKETS
    ) {
      return undefined;
    }
    const [sum, min, max, zeros] = value as unknown[];
    if (
      !isAmount(sum) || !isAmount(min) || !isAmount(max) || !isCount(zeros) ||
      min > max
    ) {
      return undefined;
    }
    const sketch = new QuantileSketch();
    if (!sketch.#readBuckets(value)) return undefined;
    if (zeros > 0 && min > 0) return undefined;
    sketch.#zeros = zeros;
    sketch.#count = atMostSafe(sketch.#count + zeros);
    if (sketch.#count === 0) {
      return sum === 0 && max === 0 ? sketch : undefined;
    }
    sketch.#min = min;
    sketch.#max = max;
    sketch.#setSum(sum);
    return sketch.#sum === sum ? sketch : undefined;
  }

  /**
   * Gives what OpenTelemetry's exponential histogram holds.
   *
   * @returns The histogram, of scale 6, with no empty bucket at either end.
   */
  toExponentialHistogram(): ExponentialHistogram {
    const low = lowest(this.#counts);
    const buckets = this.#counts.subarray(low, highest(this.#counts) + 1);
    return {
      scale: 6,
      count: this.count,
      sum: this.sum,
      min: this.min,
      max: this.max,
      zeroCount: this.zeros,
      positive: {
        offset: buckets.length === 0 ? 0 : this.#offset + low,
        bucketCounts: Array.from(buckets, atMostSafe),
      },
    };
  }

  #estimate(bucket: number, rank: number): number {
    const { min, max } = this;
    // The ends are known exactly, unless they were of what was taken out.
    if (rank === this.#count - 1 && bucketOf(max) === bucket) return max;
    if (rank === 0 && min > 0 && bucketOf(min) === bucket) return min;
    return Math.min(Math.max(lowerEnd(bucket) * MIDDLE, min), max);
  }

  #addOther(value: number): void {
    if (!(value <= 0 && value > -Infinity)) {
      this.#ignored++;
      return;
    }
    this.#zeros++;
    this.#count++;
    this.#min = 0;
  }

  /** Reads what follows the head into a new sketch; tells whether it is valid. */
  #readBuckets(json: readonly unknown[]): boolean {
    const min = json[1] as number;
    const max = json[2] as number;
    let bucket = 0;
    let first = 0;
    // The ends are looked at before anything is allocated.
    for (let at = HEAD; at < json.length; at += 2) {
      const step = json[at];
      const count = json[at + 1];
      if (!Number.isSafeInteger(step) || !isCount(count) || count === 0) {
        return false;
      }
      if (at === HEAD) first = step as number;
      else if ((step as number) < 1) return false;
      bucket += step as number;
      if (
        first < MIN_BUCKET || bucket > MAX_BUCKET ||
        bucket - first >= MAX_BUCKETS
      ) {
        return false;
      }
    }
    if (json.length === HEAD) return true;
    if (max === 0 || bucketOf(max) < bucket) return false;
    if (min > 0 && bucketOf(min) > first) return false;
    this.#offset = first;
    this.#counts = new Float64Array(bucket - first + 1);
    for (let at = HEAD, to = -first; at < json.length; at += 2) {
      to += json[at] as number;
      const count = json[at + 1] as number;
      this.#counts[to] = count;
      this.#count = atMostSafe(this.#count + count);
    }
    return true;
  }

  /** Sets the sum, within what the values allow: counts that stopped at 2^53 − 1 let it run away from them. */
  #setSum(sum: number): void {
    this.#sum = Math.min(sum, SUM_TOLERANCE * this.#max * this.#count);
  }

  #reset(): void {
    this.#count = 0;
    this.#zeros = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  /** Sees to it that a bucket has a place, and gives that: the lowest for what is below. */
  #reach(bucket: number): number {
    const counts = this.#counts;
    if (
      bucket > this.#offset || counts.length < MAX_BUCKETS ||
      counts[MAX_BUCKETS - 1] === 0
    ) {
      this.#makeRoom(bucket, bucket);
    }
    return Math.max(bucket - this.#offset, 0);
  }

  /** Sees to it that the buckets from `from` to `to` have places, but for those that are too low. */
  #makeRoom(from: number, to: number): void {
    const old = this.#counts;
    const oldOffset = this.#offset;
    if (from >= oldOffset && to < oldOffset + old.length) return;
    const oldLow = lowest(old);
    let low = from;
    let high = to;
    if (oldLow !== old.length) {
      low = Math.min(low, oldOffset + oldLow);
      high = Math.max(high, oldOffset + highest(old));
    }
    low = Math.max(low, high - MAX_BUCKETS + 1);
    const size = roomFor(high - low + 1);
    // What is spare goes to the end at which it was short, and else to both.
    const spare = size - (high - low + 1);
    const isUp = to >= oldOffset + old.length;
    const isDown = from < oldOffset;
    const below = old.length === 0 || isUp === isDown
      ? spare >>> 1
      : isDown
      ? spare
      : 0;
    const counts = new Float64Array(size);
    const offset = low - below;
    for (let at = oldLow; at < old.length; at++) {
      const place = Math.max(oldOffset + at, low) - offset;
      if (old[at] !== 0) counts[place]! += old[at]!;
    }
    this.#counts = counts;
    this.#offset = offset;
  }
}

/** The first place that is not 0; the length if there is none. */
function lowest(counts: Float64Array): number {
  let at = 0;
  while (at < counts.length && counts[at] === 0) at++;
  return at;
}

/** The last place that is not 0; -1 if there is none. */
function highest(counts: Float64Array): number {
  let at = counts.length - 1;
  while (at >= 0 && counts[at] === 0) at--;
  return at;
}

/** A power of two, so that growing is rare. */
function roomFor(buckets: number): number {
  let size = 64;
  while (size < buckets) size *= 2;
  return size;
}

/** Counts stay safe integers whatever is merged; `min(a + b, 2^53 − 1)` is associative as the sum is. */
function atMostSafe(count: number): number {
  return Math.min(count, Number.MAX_SAFE_INTEGER);
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}
