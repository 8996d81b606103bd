// This module is browser compatible.
import type { Packing } from "./_packing.ts";
import { type TeamSplits, teamSplitsOf } from "./_team_splits.ts";

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
  /** Of two teams, by the cell of all parties; `null` if they are too many. */
  readonly #splits: (TeamSplits | null | undefined)[];
  /** Tickets' sizes, and where the next ticket of each goes in the order. */
  readonly #starts: Int32Array;
  readonly #sorted: Float64Array;

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
    this.#starts = new Int32Array(packing.teamSize + 1);
    this.#sorted = new Float64Array(players);
    this.#splits = new Array(packing.holds[1]?.length ?? 0);
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
    if (this.#packing.isTabulated) {
      const cell = this.#sortBySize();
      if (this.#splitByTable(cell)) return;
      this.#begin();
      this.#place(0, 0);
    } else {
      this.#begin();
      this.#inTurn();
      this.#exchange();
    }
  }

  #begin(): void {
    this.#best = Infinity;
    this.#steps = 0;
    this.#left.fill(this.#packing.teamSize);
    this.#sums.fill(0);
    this.#largest.fill(0);
  }

  /**
   * The largest parties first, as they have the fewest places to go to; returns the cell of
   * all in the packing's tables.
   */
  #sortBySize(): number {
    const { strides, teamSize } = this.#packing;
    const starts = this.#starts;
    const sizes = this.#sizes;
    for (let size = 1; size <= teamSize; size++) starts[size] = 0;
    let cell = 0;
    for (let i = 0; i < this.#count; i++) {
      starts[sizes[i]!]!++;
      cell += strides[sizes[i]!]!;
    }
    let start = 0;
    for (let size = teamSize; size >= 1; size--) {
      const count = starts[size]!;
      starts[size] = start;
      start += count;
    }
    for (let i = 0; i < this.#count; i++) {
      this.#order[starts[sizes[i]!]!++] = i;
    }
    return cell;
  }

  /** Tries all splits of two teams. `false` if they are not listed. */
  #splitByTable(cell: number): boolean {
    if (this.#packing.teams !== 2) return false;
    const count = this.#count;
    const order = this.#order;
    let splits = this.#splits[cell];
    if (splits === undefined) {
      const sizes = new Uint8Array(count).map((_, i) =>
        this.#sizes[order[i]!]!
      );
      splits = teamSplitsOf(sizes, this.#packing.teamSize) ?? null;
      this.#splits[cell] = splits;
    }
    if (splits === null) return false;
    const sorted = this.#sorted;
    for (let i = 0; i < count; i++) sorted[i] = this.#totals[order[i]!]!;
    const { signs, isAsymmetric } = splits;
    // As the sum of a team's skills, which is teamSize times as much as that of its mean.
    const asymmetryCost = this.#asymmetryCost * this.#packing.teamSize;
    let best = Infinity;
    let bestAt = 0;
    for (let split = 0, at = 0; at < signs.length; split++) {
      const from = at;
      let gap = 0;
      for (let i = 0; i < count; i++) gap += signs[at++]! * sorted[i]!;
      const cost = Math.abs(gap) + isAsymmetric[split]! * asymmetryCost;
      if (cost >= best) continue;
      best = cost;
      bestAt = from;
    }
    for (let i = 0; i < count; i++) {
      this.teamOf[order[i]!] = signs[bestAt + i]! > 0 ? 0 : 1;
    }
    return true;
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
