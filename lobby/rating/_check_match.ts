// This module is browser compatible.
import type { Rating } from "./rating.ts";

/** What a ticket takes for a skill at most; far beyond it squares and quotients overflow. */
const MAX_RATING = 1e9;

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
  if (!(Math.abs(mu) <= MAX_RATING)) {
    throw unusable("mu", `from -${MAX_RATING} to ${MAX_RATING}`, mu);
  }
  if (!(sigma >= 0 && sigma <= MAX_RATING)) {
    throw unusable("sigma", `from 0 to ${MAX_RATING}`, sigma);
  }
}

/** Refuses a parameter of a system that is not above 0, or beyond all ratings. */
export function checkParameter(name: string, value: number): number {
  if (value > 0 && value <= MAX_RATING) return value;
  throw unusable(name, `above 0 and up to ${MAX_RATING}`, value);
}

/** Keeps a mean that was learned within those that there are. */
export function clampMu(mu: number): number {
  return Math.min(MAX_RATING, Math.max(-MAX_RATING, mu));
}

function unusable(what: string, wanted: string, value: number): RangeError {
  return new RangeError(
    `Cannot update ratings as ${what} must be ${wanted}: current value is ${value}`,
  );
}
