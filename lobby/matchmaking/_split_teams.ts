// This module is browser compatible.
import type { Packing } from "./_packing.ts";

/** Steps after which a split is the best so far: no tabulated 5v5 needs as many. */
const MAX_STEPS = 4_096;

/** Puts the tickets of a match into teams whose skills are as even as they can be. */
export class TeamSplitter {
  /** The team of each ticket, in the order in which they were given. */
  readonly teamOf: Uint8Array;
  readonly #packing: Packing;
  readonly #asymmetryCost: number;
  readonly #order: Uint8Array;
  readonly #team: Uint8Array;
  readonly #left: Int32Array;
  readonly #sums: Float64Array;
  readonly #largest: Uint8Array;
  #sizes: Uint8Array;
  #totals: Float64Array;
  #count = 0;
  #best = Infinity;
  #steps = 0;

  /** `asymmetryCost` is in points of a player's skill. */
  constructor(packing: Packing, asymmetryCost: number) {
    const { players, teams } = packing;
    this.#packing = packing;
    this.#asymmetryCost = asymmetryCost;
    this.teamOf = new Uint8Array(players);
    this.#order = new Uint8Array(players);
    this.#team = new Uint8Array(players);
    this.#left = new Int32Array(teams);
    this.#sums = new Float64Array(teams);
    this.#largest = new Uint8Array(teams);
    this.#sizes = new Uint8Array(0);
    this.#totals = new Float64Array(0);
  }

  /**
   * Splits tickets with these party sizes and sums of skills into {@linkcode teamOf}. They
   * must fill the teams: in some way, or one team after another where the packing has no
   * tables.
   */
  split(sizes: Uint8Array, totals: Float64Array, count: number): void {
    this.#sizes = sizes;
    this.#totals = totals;
    this.#count = count;
    this.#best = Infinity;
    this.#steps = 0;
    this.#left.fill(this.#packing.teamSize);
    this.#sums.fill(0);
    this.#largest.fill(0);
    if (this.#packing.isTabulated) {
      this.#sortBySize();
      this.#place(0, 0);
    } else {
      this.#inTurn();
      this.#exchange();
    }
  }

  /** The largest parties first, as they have the fewest places to go to. */
  #sortBySize(): void {
    const order = this.#order;
    const sizes = this.#sizes;
    for (let i = 0; i < this.#count; i++) {
      let j = i - 1;
      while (j >= 0 && sizes[order[j]!]! < sizes[i]!) {
        order[j + 1] = order[j]!;
        j--;
      }
      order[j + 1] = i;
    }
  }

  /** Tries all teams for a ticket and those behind it; `used` teams have one already. */
  #place(at: number, used: number): void {
    if (at === this.#count) return this.#keepIfBetter();
    const left = this.#left;
    const ticket = this.#order[at]!;
    const size = this.#sizes[ticket]!;
    const total = this.#totals[ticket]!;
    // Empty teams are alike: one of them is enough.
    const teams = Math.min(used + 1, left.length);
    for (let team = 0; team < teams; team++) {
      if (left[team]! < size) continue;
      if (this.#steps++ > MAX_STEPS && this.#best < Infinity) return;
      const sum = this.#sums[team]!;
      const largest = this.#largest[team]!;
      left[team]! -= size;
      this.#sums[team] = sum + total;
      if (size > largest) this.#largest[team] = size;
      this.#team[ticket] = team;
      this.#place(at + 1, team === used ? used + 1 : used);
      left[team]! += size;
      this.#sums[team] = sum;
      this.#largest[team] = largest;
    }
  }

  #keepIfBetter(): void {
    const cost = this.#cost();
    if (cost >= this.#best) return;
    this.#best = cost;
    for (let i = 0; i < this.#count; i++) this.teamOf[i] = this.#team[i]!;
  }

  #cost(): number {
    let lowest = Infinity;
    let highest = -Infinity;
    let isSymmetric = true;
    for (let team = 0; team < this.#sums.length; team++) {
      const sum = this.#sums[team]!;
      if (sum < lowest) lowest = sum;
      if (sum > highest) highest = sum;
      if (this.#largest[team] !== this.#largest[0]) isSymmetric = false;
    }
    return (highest - lowest) / this.#packing.teamSize +
      (isSymmetric ? 0 : this.#asymmetryCost);
  }

  #inTurn(): void {
    let team = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#left[team] === 0) team++;
      this.#left[team]! -= this.#sizes[i]!;
      this.#sums[team]! += this.#totals[i]!;
      this.teamOf[i] = team;
    }
  }

  /** Exchanges parties of one size between teams while that makes the sums more even. */
  #exchange(): void {
    const sums = this.#sums;
    let hasChanged = true;
    for (let round = 0; round < 8 && hasChanged; round++) {
      hasChanged = false;
      for (let i = 1; i < this.#count; i++) {
        for (let j = 0; j < i; j++) {
          const a = this.teamOf[i]!;
          const b = this.teamOf[j]!;
          if (a === b || this.#sizes[i] !== this.#sizes[j]) continue;
          const by = this.#totals[i]! - this.#totals[j]!;
          const gap = sums[a]! - sums[b]!;
          if (Math.abs(gap - 2 * by) >= Math.abs(gap)) continue;
          sums[a]! -= by;
          sums[b]! += by;
          this.teamOf[i] = b;
          this.teamOf[j] = a;
          hasChanged = true;
        }
      }
    }
  }
}
