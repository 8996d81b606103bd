// This module is browser compatible.
import type { TeamGroup } from "./_team_group.ts";

/** The most groups that are split exactly: 2 × 4096 halves. */
export const MAX_SPLIT = 24;

/** Every way to divide half of the groups over two sides. */
interface HalfSplits {
  /** By how much the first side is larger, then stronger, then the mask, ascending. */
  readonly order: Uint32Array;
  readonly sizes: Int32Array;
  readonly skills: Float64Array;
  /** Where each size begins in `order`, ascending. */
  readonly starts: readonly number[];
}

/**
 * Divides groups over two sides so that the sides are as equal as they can be: in
 * numbers first, then in skill. It meets in the middle (Horowitz and Sahni, "Computing
 * Partitions with Applications to the Knapsack Problem", 1974), which takes the square
 * root of the steps that trying everything takes.
 *
 * @param groups The groups: at most {@linkcode MAX_SPLIT}.
 * @param sizeAhead By how many players the first side is larger already.
 * @param skillAhead By how much it is stronger.
 * @returns A bit for each group: 1 for the first side.
 */
export function splitExactly(
  groups: readonly TeamGroup[],
  sizeAhead: number,
  skillAhead: number,
): number {
  const middle = groups.length >> 1;
  const low = splitHalf(groups.slice(0, middle));
  const high = splitHalf(groups.slice(middle));
  let bestSize = Infinity;
  let bestSkill = Infinity;
  let best = 0;
  for (let i = 0; i + 1 < low.starts.length; i++) {
    const lowStart = low.starts[i]!;
    const lowEnd = low.starts[i + 1]!;
    const lowSize = low.sizes[low.order[lowStart]!]!;
    for (let j = 0; j + 1 < high.starts.length; j++) {
      const highStart = high.starts[j]!;
      const size = Math.abs(
        sizeAhead + lowSize + high.sizes[high.order[highStart]!]!,
      );
      if (size > bestSize) continue;
      if (size < bestSize) {
        bestSize = size;
        bestSkill = Infinity;
      }
      // One ascends while the other descends: each step leaves one behind that can do
      // no better with what is yet to come.
      let a = lowStart;
      let b = high.starts[j + 1]! - 1;
      while (a < lowEnd && b >= highStart) {
        const lowMask = low.order[a]!;
        const highMask = high.order[b]!;
        const skill = skillAhead + low.skills[lowMask]! +
          high.skills[highMask]!;
        if (Math.abs(skill) < bestSkill) {
          bestSkill = Math.abs(skill);
          best = lowMask | (highMask << middle);
        }
        if (skill > 0) b--;
        else a++;
      }
    }
  }
  return best;
}

function splitHalf(groups: readonly TeamGroup[]): HalfSplits {
  const count = 1 << groups.length;
  const sizes = new Int32Array(count);
  const skills = new Float64Array(count);
  for (const { size, skill } of groups) {
    sizes[0]! -= size;
    skills[0]! -= skill;
  }
  for (let mask = 1; mask < count; mask++) {
    const bit = 31 - Math.clz32(mask);
    const rest = mask ^ (1 << bit);
    sizes[mask] = sizes[rest]! + 2 * groups[bit]!.size;
    skills[mask] = skills[rest]! + 2 * groups[bit]!.skill;
  }
  const order = new Uint32Array(count);
  for (let mask = 0; mask < count; mask++) order[mask] = mask;
  order.sort((a, b) =>
    sizes[a]! - sizes[b]! || skills[a]! - skills[b]! || a - b
  );
  const starts: number[] = [];
  for (let i = 0; i < count; i++) {
    if (i === 0 || sizes[order[i]!] !== sizes[order[i - 1]!]) starts.push(i);
  }
  starts.push(count);
  return { order, sizes, skills, starts };
}
