// This module is browser compatible.
import { HttpProblem } from "../../http/server/mod.ts";
import { AnalyticsError } from "../analytics_error.ts";

/** When to send again, where a store or the whole collector is away, or there is too much under way. */
const RETRY_AFTER_MS = 1_000;
/** The same, where a store is full: somebody has to make room. */
const FULL_RETRY_AFTER_MS = 60_000;

/** That the collector cannot answer now. */
export function unavailable(
  retryAfterMs: number = RETRY_AFTER_MS,
): HttpProblem {
  return new HttpProblem(
    "unavailable",
    503,
    "Cannot answer now: ask again later",
    { retryAfterMs },
  );
}

/** That somebody asks too often. */
export function rateLimited(retryAfterMs: number): HttpProblem {
  return new HttpProblem(
    "rateLimited",
    429,
    `Cannot answer as there were too many events: send them again in ${retryAfterMs} ms`,
    { retryAfterMs },
  );
}

/** What is answered where something was thrown. `onUnknown` is told of what nobody expected. */
export function problemOf(
  error: unknown,
  onUnknown: (error: unknown) => void,
): HttpProblem {
  if (error instanceof HttpProblem) return error;
  // What exactly is nobody's business here: the store's guard has told who runs the collector.
  if (error instanceof AnalyticsError) {
    return unavailable(error.code === "full" ? FULL_RETRY_AFTER_MS : undefined);
  }
  onUnknown(error);
  return new HttpProblem(
    "internalError",
    500,
    "Cannot answer as something went wrong here",
  );
}
