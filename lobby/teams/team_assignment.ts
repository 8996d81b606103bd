// This module is browser compatible.

/** How players come into teams. */
export const TeamAssignment = {
  /** So that the teams are equally strong. */
  Auto: "auto",
  /** By chance. */
  Random: "random",
  /** By their own choice; who has made none goes where the fewest are. */
  Manual: "manual",
} as const;

/** One of {@linkcode TeamAssignment}. */
export type TeamAssignment = typeof TeamAssignment[keyof typeof TeamAssignment];
