// This module is browser compatible.
import { type Packing, SUMS } from "./_packing.ts";

/** Tickets that a search weighs against one another at most. */
export const MAX_PASSED = SUMS - 1;

/**
 * The tickets that a search has passed, by party size, the cheapest first, with the sums that
 * tell at once what the first few of a size cost.
 */
export class PassedTickets {
  /** How many there are. */
  count = 0;
  /** Where they stand in the packing's tables. */
  cell = 0;
  /** How many there are of each size. */
  readonly counts: Int32Array;
  /** Places in the index, by size. */
  readonly places: readonly Int32Array[];
  #packing: Packing;
  #columnOfSkills: Float64Array = new Float64Array(0);
  #columnOfWorths: Float64Array | undefined;
  #farCost = 0;
  readonly #prices: readonly Float64Array[];
  readonly #skills: readonly Float64Array[];
  readonly #worths: readonly Float64Array[];
  readonly #isFar: readonly Uint8Array[];
  /** The highest skill of the first few tickets of a size; infinite if there are not as many. */
  readonly topSkills: Float64Array;
  /** What the waits of the first few tickets of a size are worth. */
  readonly worths: Float64Array;
  /** How many of the first few tickets of a size are beyond comfort. */
  readonly far: Int32Array;

  constructor(packing: Packing) {
    const sizes = packing.teamSize + 1;
    const floats = (): Float64Array[] =>
      Array.from({ length: sizes }, () => new Float64Array(MAX_PASSED));
    this.#packing = packing;
    this.counts = new Int32Array(sizes);
    this.places = Array.from(
      { length: sizes },
      () => new Int32Array(MAX_PASSED),
    );
    this.#prices = floats();
    this.#skills = floats();
    this.#worths = floats();
    this.#isFar = Array.from(
      { length: sizes },
      () => new Uint8Array(MAX_PASSED),
    );
    this.topSkills = new Float64Array(sizes * SUMS).fill(Infinity);
    for (let size = 0; size < sizes; size++) {
      this.topSkills[size * SUMS] = -Infinity;
    }
    this.worths = new Float64Array(sizes * SUMS);
    this.far = new Int32Array(sizes * SUMS);
  }

  /** Forgets all, and takes in tickets for another number of teams of the same size. */
  setPacking(packing: Packing): void {
    this.clear();
    this.#packing = packing;
  }

  clear(): void {
    for (let size = 1; size < this.counts.length; size++) {
      const count = this.counts[size]!;
      if (count === 0) continue;
      this.#forget(size, 0, count);
      this.counts[size] = 0;
    }
    this.count = this.cell = 0;
  }

  /**
   * Begins anew with columns by place: skills, and what waits are worth, if they are worth
   * anything; and with the price of being beyond comfort.
   */
  begin(
    skills: Float64Array,
    worths: Float64Array | undefined,
    farCost: number,
  ): void {
    this.#columnOfSkills = skills;
    this.#columnOfWorths = worths;
    this.#farCost = farCost;
  }

  /**
   * Takes a ticket in; of equally cheap ones the earlier stay first. It is given no number
   * with a fraction: each would be an object that the next collection of garbage is for.
   */
  add(place: number, size: number, isFar: number): void {
    const skill = this.#columnOfSkills[place]!;
    const worth = this.#columnOfWorths === undefined
      ? 0
      : this.#columnOfWorths[place]!;
    const price = isFar * this.#farCost - worth;
    const { caps, strides } = this.#packing;
    const count = this.counts[size]!;
    if (count < caps[size]!) this.cell += strides[size]!;
    this.counts[size] = count + 1;
    this.count++;
    const places = this.places[size]!;
    const prices = this.#prices[size]!;
    const skills = this.#skills[size]!;
    const worths = this.#worths[size]!;
    const far = this.#isFar[size]!;
    let at = count;
    while (at > 0 && prices[at - 1]! > price) {
      places[at] = places[at - 1]!;
      prices[at] = prices[at - 1]!;
      skills[at] = skills[at - 1]!;
      worths[at] = worths[at - 1]!;
      far[at] = far[at - 1]!;
      at--;
    }
    places[at] = place;
    prices[at] = price;
    skills[at] = skill;
    worths[at] = worth;
    far[at] = isFar;
    this.#sum(size, at);
  }

  /** Forgets those whose window ends below a place; returns the lowest end of the others'. */
  drop(place: number, high: Float64Array): number {
    const skill = this.#columnOfSkills[place]!;
    const { caps, strides, teamSize } = this.#packing;
    let lowestHigh = Infinity;
    this.cell = this.count = 0;
    for (let size = 1; size <= teamSize; size++) {
      const count = this.counts[size]!;
      const places = this.places[size]!;
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const end = high[places[i]!]!;
        if (end < skill) continue;
        if (end < lowestHigh) lowestHigh = end;
        places[kept] = places[i]!;
        this.#prices[size]![kept] = this.#prices[size]![i]!;
        this.#skills[size]![kept] = this.#skills[size]![i]!;
        this.#worths[size]![kept] = this.#worths[size]![i]!;
        this.#isFar[size]![kept] = this.#isFar[size]![i]!;
        kept++;
      }
      this.counts[size] = kept;
      this.cell += Math.min(kept, caps[size]!) * strides[size]!;
      this.count += kept;
      if (kept === count) continue;
      this.#forget(size, kept, count);
      this.#sum(size, 0);
    }
    return lowestHigh;
  }

  /** Says that there are `kept` of a size, and no more. */
  #forget(size: number, kept: number, count: number): void {
    const end = size * SUMS + Math.min(count, this.#packing.caps[size]!);
    for (let at = size * SUMS + kept + 1; at <= end; at++) {
      this.topSkills[at] = Infinity;
    }
  }

  /** Sums up a size anew from a ticket on, as far as a match can hold as many. */
  #sum(size: number, from: number): void {
    const count = Math.min(this.counts[size]!, this.#packing.caps[size]!);
    const skills = this.#skills[size]!;
    const worths = this.#worths[size]!;
    const isFar = this.#isFar[size]!;
    for (let i = from; i < count; i++) {
      const to = size * SUMS + i + 1;
      const top = this.topSkills[to - 1]!;
      this.topSkills[to] = skills[i]! > top ? skills[i]! : top;
      this.worths[to] = this.worths[to - 1]! + worths[i]!;
      this.far[to] = this.far[to - 1]! + isFar[i]!;
    }
  }
}
