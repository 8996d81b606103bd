// This module is browser compatible.

/** What is known of a player's skill. */
export interface Rating {
  /** Mean, from -1e9 to 1e9: what {@linkcode TicketPlayer.skill} wants. */
  readonly mu: number;
  /** Standard deviation, from 0 to 1e9: {@linkcode TicketPlayer.uncertainty}. */
  readonly sigma: number;
  /** How erratic results have been, in systems that know it: from 1e-9 to 1e9. */
  readonly volatility?: number;
}

/** Learns ratings from matches; what it returns is new, what it is given stays as it is. */
export interface RatingSystem {
  /**
   * Makes the rating of somebody of whom nothing is known.
   *
   * @returns The rating.
   */
  initial(): Rating;
  /**
   * Learns from a match.
   *
   * @param teams The players' ratings before it, by team: two teams or more of one player or
   * more.
   * @param ranks The rank of each team: any numbers, the least wins, equal ones are a draw.
   * @returns Their ratings after it, in the same places.
   * @throws {RangeError} If a team, a rating or a rank is none.
   */
  update(
    teams: readonly (readonly Rating[])[],
    ranks: readonly number[],
  ): Rating[][];
}
