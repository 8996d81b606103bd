// This module is browser compatible.
import { HttpProblem, internalError, notFound } from "../../http/server/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import type { Call, Routes } from "./call.ts";
import { Problem } from "./problem.ts";

/** When to ask again, where a store or the whole server is away. */
export const RETRY_AFTER_MS = 1_000;

/** Lets the first of the parts answer that has the path. Rejects with an {@linkcode HttpProblem} if none has. */
export async function route(
  parts: readonly Routes[],
  call: Call,
): Promise<Response> {
  for (const part of parts) {
    const response = part.handle(call);
    if (response !== undefined) return await response;
  }
  throw notFound();
}

/** What is answered where something was thrown. `onUnknown` is told of what nobody expected. */
export function problemOf(
  error: unknown,
  onUnknown: (error: unknown) => void,
): HttpProblem {
  if (error instanceof HttpProblem) return error;
  // What exactly is nobody's business here: the store's guard has told who runs the server.
  if (error instanceof LeaderboardError) return unavailable();
  onUnknown(error);
  return internalError();
}

/** That the server cannot answer now. */
export function unavailable(): Problem {
  return new Problem(
    "unavailable",
    "Cannot answer now: ask again later",
    { retryAfterMs: RETRY_AFTER_MS },
  );
}
