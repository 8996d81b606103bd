// This module is browser compatible.

/** Which of a board's rankings. */
export interface RankingQuery {
  /**
   * The period.
   *
   * @default {"allTime", or the board's first if there is no such}
   */
  readonly period?: string;
  /**
   * When the season began, in epoch milliseconds.
   *
   * @default {the running one}
   */
  readonly season?: number;
  /**
   * The class.
   *
   * @default {all of them}
   */
  readonly class?: string;
}
