// This module is browser compatible.

/** How often something may be tried. */
export interface AttemptRate {
  /** How many times at once: 1 or more. */
  readonly burst: number;
  /** How many microseconds one attempt takes to be forgotten: an integer above 0. */
  readonly intervalUs: number;
}

/**
 * Tells when the next attempt is allowed. What is kept of the earlier ones is a single
 * integer: when all of them will be forgotten (the virtual scheduling of ITU-T I.371,
 * annex A).
 *
 * @param rate How often.
 * @param forgottenUs When the earlier ones will be forgotten.
 * @param nowUs What time it is.
 * @returns How many microseconds from now: 0 for now.
 */
export function waitForAttemptUs(
  rate: AttemptRate,
  forgottenUs: number,
  nowUs: number,
): number {
  const after = Math.max(forgottenUs, nowUs) + rate.intervalUs;
  return Math.max(0, after - nowUs - rate.burst * rate.intervalUs);
}

/** When all will be forgotten after one more attempt. */
export function countAttempt(
  rate: AttemptRate,
  forgottenUs: number,
  nowUs: number,
): number {
  return Math.max(forgottenUs, nowUs) + rate.intervalUs;
}
