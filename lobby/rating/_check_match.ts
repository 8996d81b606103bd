// This module is browser compatible.
import type { Rating } from "./rating.ts";

/** Refuses what is no match of rated teams. */
export function checkMatch(
  teams: readonly (readonly Rating[])[],
  ranks: readonly number[],
): void {
  if (teams.length < 2) throw unusable("teams", "two or more", teams.length);
  if (ranks.length !== teams.length) {
    throw unusable("ranks", `as many as teams, ${teams.length}`, ranks.length);
  }
  for (const rank of ranks) {
    if (Number.isNaN(rank)) throw unusable("a rank", "a number", rank);
  }
  for (const team of teams) {
    if (team.length === 0) {
      throw unusable("players of a team", "one or more", 0);
    }
    for (const rating of team) checkRating(rating);
  }
}

/** Refuses what is no rating. */
export function checkRating({ mu, sigma }: Rating): void {
  if (!Number.isFinite(mu)) throw unusable("mu", "finite", mu);
  if (!(sigma >= 0 && sigma < Infinity)) {
    throw unusable("sigma", "finite and 0 or more", sigma);
  }
}

function unusable(what: string, wanted: string, value: number): RangeError {
  return new RangeError(
    `Cannot update ratings as ${what} must be ${wanted}: current value is ${value}`,
  );
}
