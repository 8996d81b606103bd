// This module is browser compatible.

import { parseHttpDate } from "./http_date.ts";

/** The longest wait that a `Retry-After` field can ask for: one day, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 86_400_000;

const DIGITS = /^[0-9]+$/;

/**
 * Reads a `Retry-After` field (RFC 9110 section 10.2.3): a number of seconds, or a date.
 *
 * A date that has passed means now. A longer wait than {@linkcode MAX_RETRY_AFTER_MS}
 * is shortened to it, so that no server can put a request to sleep for years.
 *
 * @param value The value of the field.
 * @param nowEpochMs The time now, in milliseconds since 1970-01-01T00:00:00Z.
 * @returns How long to wait, in milliseconds from 0 to 86,400,000, or `undefined` if the value is in neither form.
 *
 * @example Both forms
 * ```ts
 * import { parseRetryAfter } from "./_retry_after.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const now = Date.UTC(2026, 0, 1);
 * assertEquals(parseRetryAfter("120", now), 120_000);
 * assertEquals(parseRetryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now), 5_000);
 * assertEquals(parseRetryAfter("soon", now), undefined);
 * ```
 */
export function parseRetryAfter(
  value: string,
  nowEpochMs: number,
): number | undefined {
  const text = value.trim();
  // Digits beyond what a number holds read as Infinity, which the limit below takes care of.
  const waitMs = DIGITS.test(text)
    ? Number(text) * 1000
    : dateWaitMs(text, nowEpochMs);
  if (waitMs === undefined) return undefined;
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}

function dateWaitMs(text: string, nowEpochMs: number): number | undefined {
  const dateMs = parseHttpDate(text, nowEpochMs);
  return dateMs === undefined ? undefined : dateMs - nowEpochMs;
}
