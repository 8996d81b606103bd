// This module is browser compatible.

/** Names a game that looks for players; never used again by its queue. */
export type BackfillId = number & { readonly "~brand": "BackfillId" };

/** What {@linkcode MatchmakingQueue.addBackfill} is told about a game that has seats left. */
export interface BackfillRequest {
  /** Its mode. */
  readonly mode: string;
  /**
   * Seats that are open in each of the mode's teams: 0 to the size of a team, and 0 for teams
   * that the game has not.
   */
  readonly openSeats: readonly number[];
  /** Mean skill of those who play, from -1e9 to 1e9. Tickets must have it within their window. */
  readonly skill: number;
  /** Where it is played: one of the queue's regions, if it has any. */
  readonly region?: string;
  /** What it is played on: one of the mode's maps, if tickets are to have chosen it. */
  readonly map?: string;
}
