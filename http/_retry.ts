// This module is browser compatible.

import { fullJitter, type Random } from "../core/mod.ts";
import type { Job } from "./_job.ts";
import { isIdempotent } from "./method.ts";
import type { RetryBudget } from "./_retry_budget.ts";

/** What decides about repetitions besides the job itself. */
export interface RetryOptions {
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly random: Random;
}

/**
 * Whether a status says that the same request may succeed later (RFC 9110 section 15, RFC 6585, RFC 8470). For a durable
 * one any from 500 on does: what a proxy says of a server that is down (520 to 530, say) is no answer of the server.
 */
export function isRetryableStatus(status: number, isDurable: boolean): boolean {
  if (isDurable && status >= 500) return true;
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

/**
 * Decides whether a failed attempt is repeated; a repetition is charged to the origin's budget.
 *
 * @returns Milliseconds to wait before it, or `undefined` if there is none.
 */
export function retryDelayMs(
  job: Job,
  nowMs: number,
  retryAfterMs: number | undefined,
  budget: RetryBudget,
  { backoffBaseMs, backoffMaxMs, random }: RetryOptions,
): number | undefined {
  const { request, attempts } = job;
  if (
    job.isBackground || job.hasStarted || job.body instanceof ReadableStream ||
    !(isIdempotent(request.method) || job.idempotencyKey !== undefined)
  ) {
    return undefined;
  }
  let delayMs = fullJitter(attempts - 1, backoffBaseMs, backoffMaxMs, random);
  if (retryAfterMs !== undefined) {
    if (retryAfterMs > backoffMaxMs && !request.isDurable) return undefined;
    // Everybody was told the same time: the jitter keeps them from coming back together.
    delayMs += retryAfterMs;
  }
  if (nowMs + delayMs >= job.deadlineAtMs) return undefined;
  // A durable request is repeated until it is answered, at a pace that needs no budget.
  if (
    !request.isDurable &&
    (attempts > job.retries + job.freeAttempts || !budget.tryWithdraw())
  ) {
    return undefined;
  }
  return delayMs;
}
