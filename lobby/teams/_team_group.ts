// This module is browser compatible.

/** Players who stay together: a party, or one alone. */
export interface TeamGroup {
  /** Where they stand among the members. */
  readonly members: readonly number[];
  /** How many they are. */
  readonly size: number;
  /** Their skills added up. */
  readonly skill: number;
}

/** How good a division is: the first number that differs decides, and less is better. */
export interface DivisionCost {
  /** By how many players teams are above their limit, all together. */
  readonly overflow: number;
  /** How many more players the largest team has than the smallest, but 1 for 0. */
  readonly sizeSpread: number;
  /** How much stronger the strongest team is than the weakest. */
  readonly skillSpread: number;
}

/** Tells whether one division is better than another. */
export function isBetter(a: DivisionCost, b: DivisionCost): boolean {
  if (a.overflow !== b.overflow) return a.overflow < b.overflow;
  if (a.sizeSpread !== b.sizeSpread) return a.sizeSpread < b.sizeSpread;
  return a.skillSpread < b.skillSpread;
}

/** Works out how good a division is, from the teams' sizes and skills. */
export function costOf(
  sizes: ArrayLike<number>,
  skills: ArrayLike<number>,
  maxSize: number,
): DivisionCost {
  let overflow = 0;
  let least = Infinity;
  let most = -Infinity;
  let weakest = Infinity;
  let strongest = -Infinity;
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i]!;
    const skill = skills[i]!;
    if (size > maxSize) overflow += size - maxSize;
    if (size < least) least = size;
    if (size > most) most = size;
    if (skill < weakest) weakest = skill;
    if (skill > strongest) strongest = skill;
  }
  return {
    overflow,
    // One more is as good as none, which the number of players decides alone.
    sizeSpread: Math.max(1, most - least),
    skillSpread: strongest - weakest,
  };
}
