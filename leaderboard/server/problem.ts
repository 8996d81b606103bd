// This module is browser compatible.
import { HttpProblem, type ProblemDetails } from "../../http/server/mod.ts";
import type { LeaderboardProblemCode } from "./problem_code.ts";

/** The status of each code of an error; PROTOCOL.md, section 1. */
const STATUS: Readonly<Record<LeaderboardProblemCode, number>> = {
  invalidRequest: 400,
  invalidCursor: 400,
  invalidName: 400,
  unauthenticated: 401,
  forbidden: 403,
  playerMismatch: 403,
  invalidRun: 403,
  runTooShort: 403,
  boardNotFound: 404,
  playerNotFound: 404,
  replayNotFound: 404,
  uploadNotFound: 404,
  heldNotFound: 404,
  notFound: 404,
  methodNotAllowed: 405,
  idempotencyMismatch: 409,
  offsetMismatch: 409,
  conflict: 409,
  runUsed: 409,
  bodyTooLarge: 413,
  replayTooLarge: 413,
  unsupportedMediaType: 415,
  scoreOutOfBounds: 422,
  scoreOverflow: 422,
  invalidMetadata: 422,
  invalidClass: 422,
  attemptsExhausted: 422,
  runRequired: 422,
  replayRequired: 422,
  replayInvalid: 422,
  rejected: 422,
  boardFull: 422,
  checksumMismatch: 422,
  quotaExceeded: 422,
  rateLimited: 429,
  internalError: 500,
  unavailable: 503,
};

/** What else an error of leaderboards says. */
export interface LeaderboardProblemDetails extends ProblemDetails {
  /** With `offsetMismatch`: what the offset must be. */
  readonly offset?: number;
}

/** What is wrong with a request, by the codes of leaderboards. What all servers refuse is an `HttpProblem`. */
export class Problem extends HttpProblem {
  declare readonly code: LeaderboardProblemCode;
  declare readonly details: LeaderboardProblemDetails;

  constructor(
    code: LeaderboardProblemCode,
    message: string,
    details: LeaderboardProblemDetails = {},
  ) {
    super(code, STATUS[code], message, details);
    this.name = "Problem";
  }

  override toJson(): Record<string, unknown> {
    const { offset } = this.details;
    return offset === undefined
      ? super.toJson()
      : { ...super.toJson(), offset };
  }
}
