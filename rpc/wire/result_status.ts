// This module is browser compatible.

/** What a call was answered with. */
export const ResultStatus = {
  /** What its handler returned. */
  Value: 0,
  /** An error of the game's: a code and a text. */
  Failure: 1,
  /** Its handler threw something else. */
  HandlerFailed: 2,
  /** There is no handler. */
  NoHandler: 3,
  /** The caller may not make it. */
  Unauthorised: 4,
  /** The caller makes too many. */
  RateLimited: 5,
  /** The caller waits for too many answers. */
  TooManyOutstanding: 6,
} as const;

/** One of the statuses. */
export type ResultStatus = typeof ResultStatus[keyof typeof ResultStatus];

/** The largest status. */
export const LAST_RESULT_STATUS: ResultStatus = ResultStatus.TooManyOutstanding;
