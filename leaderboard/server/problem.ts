// This module is browser compatible.
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

/** What else an error says. */
export interface ProblemDetails {
  /** The field of the request that is at fault. */
  readonly field?: string;
  /** With 429 and 503: when to ask again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** With `offsetMismatch`: what the offset must be. */
  readonly offset?: number;
  /** With `methodNotAllowed`: the methods that there are, separated by `", "`. */
  readonly allow?: string;
}

/** What is wrong with a request. A route throws it, and the server answers with it. */
export class Problem extends Error {
  readonly code: LeaderboardProblemCode;
  readonly details: ProblemDetails;

  constructor(
    code: LeaderboardProblemCode,
    message: string,
    details: ProblemDetails = {},
  ) {
    super(message);
    this.name = "Problem";
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** The error as it is in an answer. */
  toJson(): Record<string, unknown> {
    const { field, retryAfterMs, offset } = this.details;
    return {
      code: this.code,
      message: this.message,
      ...(field === undefined ? {} : { field }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(offset === undefined ? {} : { offset }),
    };
  }

  toResponse(): Response {
    const { retryAfterMs, allow } = this.details;
    const headers: Record<string, string> = {};
    if (retryAfterMs !== undefined) {
      headers["retry-after"] = `${Math.ceil(retryAfterMs / 1_000)}`;
    }
    if (allow !== undefined) headers["allow"] = allow;
    if (this.status === 401) headers["www-authenticate"] = "Bearer";
    return json(this.status, this.toJson(), headers);
  }
}

/** An answer in JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...headers,
    },
  });
}

/** The problem that a path is there, but not for this method. */
export function methodNotAllowed(...methods: readonly string[]): Problem {
  const all = methods.includes("GET") ? [...methods, "HEAD"] : methods;
  const allow = [...all, "OPTIONS"].join(", ");
  return new Problem(
    "methodNotAllowed",
    `Cannot answer as the method must be one of ${allow}`,
    { allow },
  );
}
