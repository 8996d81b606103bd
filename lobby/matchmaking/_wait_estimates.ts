// This module is browser compatible.

/** How much the last ticket counts against all before it, once there were many. */
const WEIGHT = 1 / 256;
/** Ranges of skill, half a standard deviation each, and those beyond. */
const BANDS = 13;

/** A mean that forgets: of the first tickets the plain one. */
class FadingMean {
  value = 0;
  count = 0;

  add(value: number): void {
    this.count++;
    this.value += (value - this.value) * Math.max(WEIGHT, 1 / this.count);
  }
}

/** How long tickets of a mode lately waited, by region and by range of skill. */
export class WaitEstimates {
  readonly #all = new FadingMean();
  readonly #regions: FadingMean[];
  readonly #bands = Array.from({ length: BANDS }, () => new FadingMean());
  readonly #skill = new FadingMean();
  readonly #square = new FadingMean();

  constructor(regions: number) {
    this.#regions = Array.from({ length: regions }, () => new FadingMean());
  }

  /** A ticket of a region and skill had a match after so many seconds. */
  add(region: number, skill: number, seconds: number): void {
    this.#skill.add(skill);
    const off = skill - this.#skill.value;
    this.#square.add(off * off);
    this.#all.add(seconds);
    this.#regions[region]!.add(seconds);
    this.#bandOf(skill).add(seconds);
  }

  /** Seconds that a ticket waits in all, as far as that can be told. */
  estimate(region: number, skill: number): number | undefined {
    const mean = this.mean();
    if (mean === undefined) return undefined;
    if (mean === 0) return 0;
    const ofRegion = this.regionMean(region) ?? mean;
    const band = this.#bandOf(skill);
    const ofBand = band.count > 0 ? band.value : mean;
    // The quotient first: the product may be beyond all numbers.
    return ofRegion * (ofBand / mean);
  }

  mean(): number | undefined {
    return this.#all.count > 0 ? this.#all.value : undefined;
  }

  regionMean(region: number): number | undefined {
    const { count, value } = this.#regions[region]!;
    return count > 0 ? value : undefined;
  }

  #bandOf(skill: number): FadingMean {
    const deviation = Math.sqrt(this.#square.value);
    const half = deviation === 0
      ? 0
      : Math.round((skill - this.#skill.value) / deviation * 2);
    const middle = (BANDS - 1) / 2;
    return this.#bands[middle + Math.max(-middle, Math.min(middle, half))]!;
  }
}
