// This module is browser compatible.

import type { HttpHeaders } from "./headers.ts";

/** What a server has said about its rate limit. */
export interface ServerRateLimit {
  /** How many more requests the server will take until the limit resets: a whole number from 0 to 2^53 - 1. */
  readonly remaining: number;
  /** Milliseconds until the limit resets: 0 to {@linkcode MAX_RATE_LIMIT_RESET_MS}. */
  readonly resetMs: number;
}

/**
 * The longest time to a reset that is believed: one hour, in milliseconds. One answer holds back everything that goes
 * to its origin, so a wrong or hostile field must not silence a game for the day. Asking once an hour hurts no server
 * that meant it.
 */
export const MAX_RATE_LIMIT_RESET_MS = 3_600_000;

// Real fields have some tens of characters. More than this is not worth the frame's time.
const MAX_FIELD_LENGTH = 1024;

const SEPARATE_FIELDS = [
  { remainingName: "ratelimit-remaining", resetName: "ratelimit-reset" },
  { remainingName: "x-ratelimit-remaining", resetName: "x-ratelimit-reset" },
  { remainingName: "x-rate-limit-remaining", resetName: "x-rate-limit-reset" },
] as const;

// RFC 9651 section 3.3.1: an integer of structured fields has at most 15 digits.
const INTEGER = /^[0-9]{1,15}$/;
const DECIMAL = /^[0-9]{1,15}(?:\.[0-9]{1,9})?$/;

/**
 * Reads what a response says about the server's rate limit, in the first of these
 * forms that can be read:
 *
 * - the `RateLimit` field of draft-ietf-httpapi-ratelimit-headers, `"default";r=50;t=30`.
 *   Of several policies the one with the fewest requests left counts, and of these the
 *   one that resets last;
 * - the same field as earlier drafts had it, `limit=100, remaining=50, reset=30`;
 * - `RateLimit-Remaining` and `RateLimit-Reset` (drafts up to 06), or these two with the
 *   prefix `X-RateLimit-` or `X-Rate-Limit-`. Their reset may be seconds from now,
 *   seconds since 1970 (from 10^9 on) or milliseconds since 1970 (from 10^11 on), and
 *   may have a fraction.
 *
 * The limit itself is not needed and not read. What is malformed or has no reset is
 * ignored: nothing a server sends makes this function throw or take longer than linear time.
 *
 * @param headers The response's header fields.
 * @param nowEpochMs The time now, in milliseconds since 1970-01-01T00:00:00Z.
 * @returns The rate limit, or `undefined` if the response says nothing that can be read.
 *
 * @example Two policies
 * ```ts
 * import { HttpHeaders } from "./headers.ts";
 * import { parseServerRateLimit } from "./_server_rate_limit.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const headers = new HttpHeaders({ RateLimit: '"burst";r=3;t=1, "daily";r=900;t=3600' });
 * assertEquals(parseServerRateLimit(headers, 0), { remaining: 3, resetMs: 1000 });
 * ```
 */
export function parseServerRateLimit(
  headers: HttpHeaders,
  nowEpochMs: number,
): ServerRateLimit | undefined {
  const field = headers.get("ratelimit");
  if (field !== undefined && field.length <= MAX_FIELD_LENGTH) {
    const limit = parseRateLimitField(field);
    if (limit !== undefined) return limit;
  }
  for (const { remainingName, resetName } of SEPARATE_FIELDS) {
    const remaining = headers.get(remainingName);
    if (remaining === undefined) continue;
    const reset = headers.get(resetName);
    if (reset === undefined) continue;
    const limit = parseSeparateFields(remaining, reset, nowEpochMs);
    if (limit !== undefined) return limit;
  }
  return undefined;
}

function parseRateLimitField(field: string): ServerRateLimit | undefined {
  let strictest: ServerRateLimit | undefined;
  let dictionaryRemaining: string | undefined;
  let dictionaryReset: string | undefined;
  for (const member of splitOutsideQuotes(field, ",")) {
    const parts = splitOutsideQuotes(member, ";");
    const name = parts[0]!.trim();
    if (name.startsWith("remaining=")) dictionaryRemaining = name.slice(10);
    if (name.startsWith("reset=")) dictionaryReset = name.slice(6);
    let remaining: string | undefined;
    let reset: string | undefined;
    for (let i = 1; i < parts.length; i++) {
      const parameter = parts[i]!.trim();
      if (parameter.startsWith("r=")) remaining = parameter.slice(2);
      if (parameter.startsWith("t=")) reset = parameter.slice(2);
    }
    strictest = stricter(strictest, fromIntegers(remaining, reset));
  }
  return strictest ?? fromIntegers(dictionaryRemaining, dictionaryReset);
}

function fromIntegers(
  remaining: string | undefined,
  reset: string | undefined,
): ServerRateLimit | undefined {
  if (remaining === undefined || reset === undefined) return undefined;
  if (!INTEGER.test(remaining) || !INTEGER.test(reset)) return undefined;
  return {
    remaining: Number(remaining),
    resetMs: clampReset(Number(reset) * 1000),
  };
}

function stricter(
  a: ServerRateLimit | undefined,
  b: ServerRateLimit | undefined,
): ServerRateLimit | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.remaining !== b.remaining) return a.remaining < b.remaining ? a : b;
  return a.resetMs >= b.resetMs ? a : b;
}

function parseSeparateFields(
  remainingText: string,
  resetText: string,
  nowEpochMs: number,
): ServerRateLimit | undefined {
  const remaining = remainingText.trim();
  const reset = resetText.trim();
  if (!DECIMAL.test(remaining) || !DECIMAL.test(reset)) return undefined;
  return {
    remaining: Math.floor(Number(remaining)),
    resetMs: clampReset(untilReset(Number(reset), nowEpochMs)),
  };
}

// A delay of 10^9 s would be 31 years, and 10^11 s since 1970 the year 5138: the three meanings do not overlap.
function untilReset(reset: number, nowEpochMs: number): number {
  if (reset >= 1e11) return reset - nowEpochMs;
  if (reset >= 1e9) return reset * 1000 - nowEpochMs;
  return reset * 1000;
}

function clampReset(resetMs: number): number {
  return Math.min(Math.max(Math.ceil(resetMs), 0), MAX_RATE_LIMIT_RESET_MS);
}

// A policy's name is a quoted string that may hold the separators (RFC 9651 section 3.3.3).
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
