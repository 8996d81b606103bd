// This module is browser compatible.

/** Beyond as many the splits of a shape are not listed. */
const MAX_SPLITS = 512;

/** All ways to split parties of given sizes into two teams that they fill. */
export interface TeamSplits {
  /** For each split and each party 1 if that is in the first team, and -1 if in the second. */
  readonly signs: Int8Array;
  /** For each split 0 if the largest parties of both teams are of one size, and 1 if not. */
  readonly isAsymmetric: Uint8Array;
}

/**
 * Lists the splits of parties, each once: the first party is always in the first team, as
 * teams are alike. `undefined` if there are too many.
 */
export function teamSplitsOf(
  sizes: Uint8Array,
  teamSize: number,
): TeamSplits | undefined {
  const signs: number[] = [];
  const isAsymmetric: number[] = [];
  const own = new Int8Array(sizes.length);
  const left = [teamSize, teamSize];
  if (!place(0)) return undefined;
  return {
    signs: Int8Array.from(signs),
    isAsymmetric: Uint8Array.from(isAsymmetric),
  };

  function place(at: number): boolean {
    if (at === sizes.length) {
      if (isAsymmetric.length === MAX_SPLITS) return false;
      signs.push(...own);
      isAsymmetric.push(largestOf(1) === largestOf(-1) ? 0 : 1);
      return true;
    }
    const size = sizes[at]!;
    for (let team = 0; team < (at === 0 ? 1 : 2); team++) {
      if (left[team]! < size) continue;
      left[team]! -= size;
      own[at] = 1 - 2 * team;
      const goesOn = place(at + 1);
      left[team]! += size;
      if (!goesOn) return false;
    }
    return true;
  }

  function largestOf(sign: number): number {
    let largest = 0;
    for (let i = 0; i < sizes.length; i++) {
      if (own[i] === sign && sizes[i]! > largest) largest = sizes[i]!;
    }
    return largest;
  }
}
