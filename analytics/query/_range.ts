// This module is browser compatible.
import type { RangeQuery } from "../store/store.ts";
import type { AnalyticsStep } from "./events_over_time.ts";

/** An hour. */
export const HOUR_MS = 3_600_000;
/** A day: UTC has no longer or shorter ones in epoch milliseconds. */
export const DAY_MS = 86_400_000;

/**
 * Widens a range to whole hours of UTC, which is how finely sums and sketches are kept.
 *
 * @throws {RangeError} If the range is none.
 */
export function wholeHours(
  query: RangeQuery,
): Pick<RangeQuery, "fromMs" | "toMs"> {
  checkRange(query);
  return {
    fromMs: Math.floor(query.fromMs / HOUR_MS) * HOUR_MS,
    toMs: Math.ceil(query.toMs / HOUR_MS) * HOUR_MS,
  };
}

/** Throws a `RangeError` if a query's range is none. */
export function checkRange({ fromMs, toMs }: RangeQuery): void {
  if (
    Number.isSafeInteger(fromMs) && Number.isSafeInteger(toMs) && fromMs <= toMs
  ) return;
  throw new RangeError(
    `Cannot query as fromMs and toMs must be integers, and fromMs <= toMs: current values are ${fromMs} and ${toMs}`,
  );
}

/** Throws a `RangeError` unless a value is an integer within bounds. */
export function checkInteger(
  name: string,
  value: number,
  min: number,
  max: number,
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot query as ${name} must be an integer from ${min} to ${max}: current value is ${value}`,
  );
}

/** What a store is asked for of a query: its title, build and platform. */
export function scopeOf(
  { title, build, platform }: RangeQuery,
): Pick<RangeQuery, "title" | "build" | "platform"> {
  return {
    title,
    ...(build === undefined ? {} : { build }),
    ...(platform === undefined ? {} : { platform }),
  };
}

/** How long a step is, in milliseconds. */
export function stepMsOf(step: AnalyticsStep): number {
  return step === "hour" ? HOUR_MS : DAY_MS;
}
