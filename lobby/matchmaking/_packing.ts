// This module is browser compatible.

/** Beyond these a layout has no tables: parties are put into teams one after another. */
const MAX_CELLS = 20_000;
const MAX_SHAPES = 512;

/**
 * Places that the sums of one party size take: that of no ticket, of the first, of the first
 * two … up to as many as a search passes.
 */
export const SUMS = 161;

/**
 * The shapes of matches that hold a party of a given size: for each how many parties it has,
 * whether its teams can be formed so that their largest parties are of one size (1 or 0), of
 * how many sizes the other parties are, and for each of those the place of its sum.
 */
export type Shapes = Int32Array;

/** Parties by size; the place of size 0 is unused. */
interface Multiset {
  readonly counts: Uint8Array;
  isSymmetric: boolean;
}

/**
 * Which multisets of party sizes fill all teams of a layout, tabulated: whether the parties
 * of a window hold a whole match is one look-up, however many there are.
 */
export class Packing {
  readonly teams: number;
  readonly teamSize: number;
  readonly players: number;
  /** Whether there are tables. */
  readonly isTabulated: boolean;
  /** How many parties of each size a match can hold. */
  readonly caps: Uint8Array;
  /** What one more party of a size adds to a cell's number. */
  readonly strides: Int32Array;
  /** All shapes that hold a party of a size, by that size, and another of a size, by that. */
  readonly shapesWith: readonly (readonly Shapes[])[];
  /**
   * Which shape a cell holds with one party of a size beside it, by that size: the first of
   * {@linkcode Packing.others} is 1, and 0 is none. Of several it is that with the largest
   * parties, for which it is the hardest to find others.
   */
  readonly holds: readonly Uint16Array[];
  /** For each shape with a party of a size, by that size, how many other ones it has by size. */
  readonly others: readonly (readonly Uint8Array[])[];

  constructor(teams: number, teamSize: number) {
    this.teams = teams;
    this.teamSize = teamSize;
    this.players = teams * teamSize;
    this.caps = new Uint8Array(teamSize + 1);
    this.strides = new Int32Array(teamSize + 1);
    let cells = 1;
    for (let size = 1; size <= teamSize; size++) {
      this.caps[size] = Math.floor(teamSize / size) * teams;
      this.strides[size] = cells;
      cells = Math.min(cells * (this.caps[size]! + 1), MAX_CELLS + 1);
    }
    const shapes = cells > MAX_CELLS ? undefined : shapesOf(teams, teamSize);
    this.isTabulated = shapes !== undefined;
    this.shapesWith = [[]];
    this.holds = [new Uint16Array(0)];
    this.others = [[]];
    if (shapes === undefined) return;
    const holds: Uint16Array[] = [new Uint16Array(0)];
    const others: Uint8Array[][] = [[]];
    const shapesWith: Shapes[][] = [[]];
    for (let size = 1; size <= teamSize; size++) {
      const own = shapes.filter(({ counts }) => counts[size]! > 0);
      // A party that is a whole match has no other one: size 0 stands for it.
      shapesWith.push(
        Array.from(
          { length: teamSize + 1 },
          (_, other) => shapesOfBoth(own, size, other),
        ),
      );
      others.push(own.map(({ counts }) => {
        const left = counts.slice();
        left[size]!--;
        return left;
      }));
      holds.push(this.#table(others[size]!, cells));
    }
    this.shapesWith = shapesWith;
    this.others = others;
    this.holds = holds;
  }

  /** Marks the cell of each shape, then all cells that have as many or more. */
  #table(shapes: readonly Uint8Array[], cells: number): Uint16Array {
    const table = new Uint16Array(cells);
    for (const [i, counts] of shapes.entries()) {
      let cell = 0;
      for (let s = 1; s <= this.teamSize; s++) {
        cell += counts[s]! * this.strides[s]!;
      }
      table[cell] = i + 1;
    }
    for (let s = 1; s <= this.teamSize; s++) {
      const stride = this.strides[s]!;
      const places = this.caps[s]! + 1;
      for (let cell = 0; cell < cells; cell++) {
        if (Math.floor(cell / stride) % places === 0) continue;
        const fewer = table[cell - stride]!;
        const own = table[cell]!;
        if (own === 0 || (fewer > 0 && fewer < own)) table[cell] = fewer;
      }
    }
    return table;
  }
}

/** Of the multisets that hold a party of size `own` those with another of size `other`. */
function shapesOfBoth(
  multisets: readonly Multiset[],
  own: number,
  other: number,
): Shapes {
  const shapes: number[] = [];
  for (const { counts, isSymmetric } of multisets) {
    const left = counts.slice();
    left[own]!--;
    // The largest first, of which there are most often too few.
    const sizes = [...left.keys()].filter((size) => left[size]! > 0).reverse();
    if (other === 0 ? sizes.length > 0 : left[other] === 0) continue;
    shapes.push(
      counts.reduce((sum, count) => sum + count, 0),
      isSymmetric ? 1 : 0,
      sizes.length,
      ...sizes.map((size) => size * SUMS + left[size]!),
    );
  }
  return Int32Array.from(shapes);
}

/** All shapes, each once, or `undefined` if they are too many. */
function shapesOf(teams: number, teamSize: number): Multiset[] | undefined {
  const partitions = partitionsOf(teamSize, teamSize);
  const shapes = new Map<string, Multiset>();
  const counts = new Uint8Array(teamSize + 1);
  let steps = 0;
  const isSmall = addTeams(0, 0, 0);
  return isSmall ? [...shapes.values()] : undefined;

  function addTeams(team: number, first: number, unlike: number): boolean {
    if (++steps > MAX_SHAPES * 64) return false;
    if (team === teams) {
      const key = counts.join();
      const known = shapes.get(key);
      if (known !== undefined) {
        known.isSymmetric ||= unlike === 0;
      } else {
        if (shapes.size === MAX_SHAPES) return false;
        shapes.set(key, { counts: counts.slice(), isSymmetric: unlike === 0 });
      }
      return true;
    }
    // Teams are alike, so that their partitions may come in one order only.
    for (let i = first; i < partitions.length; i++) {
      const parts = partitions[i]!;
      for (const size of parts) counts[size]!++;
      const differs = team > 0 && parts[0] !== partitions[first]![0] ? 1 : 0;
      const goesOn = addTeams(team + 1, i, unlike + differs);
      for (const size of parts) counts[size]!--;
      if (!goesOn) return false;
    }
    return true;
  }
}

/** The partitions of a number into parts of at most `max`, each from its largest part down. */
function partitionsOf(total: number, max: number): number[][] {
  if (total === 0) return [[]];
  // As many as a layout without tables would have need not be listed.
  if (total > 24) return [];
  const all: number[][] = [];
  for (let part = Math.min(total, max); part >= 1; part--) {
    for (const rest of partitionsOf(total - part, part)) {
      all.push([part, ...rest]);
    }
  }
  return all;
}
