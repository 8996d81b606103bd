// This module is browser compatible.
import {
  HttpProblem,
  internalError,
  unavailable,
} from "../../http/server/mod.ts";
import { AnalyticsError } from "../analytics_error.ts";

/** When to send again where a store is full: somebody has to make room. */
const FULL_RETRY_AFTER_MS = 60_000;

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
  return internalError();
}
