// This module is browser compatible.

import { HttpHeaders } from "../headers.ts";
import { parseHttpDate } from "../http_date.ts";
import {
  MAX_DELTA_SECONDS,
  MAX_FIELD_LENGTH,
  parseDeltaSeconds,
  parseResponseDirectives,
  type ResponseDirectives,
} from "./cache_control.ts";
import { entityTag } from "./entity_tag.ts";
import { isHeuristicallyCacheable } from "./storable.ts";
import type { CacheEntry } from "./store.ts";
import { Selector } from "./vary.ts";

// RFC 9111 section 4.2.2: "a typical setting of this fraction might be 10%".
const HEURISTIC_FRACTION = 0.1;
// A file that was not touched for years still is not taken for granted for longer than a day.
const MAX_HEURISTIC_MS = 24 * 3_600_000;
// Corrections of the wall clock up to this do not make a stored response one from the future.
const CLOCK_SLACK_MS = 1_000;

/** An entry with what its header fields say, parsed once. */
export interface StoredResponse {
  /** The entry. */
  readonly entry: CacheEntry;
  /** The fields to send with a hit, `Age` as it came; shared, to be copied. */
  readonly headers: HttpHeaders;
  /** Its `Cache-Control`. */
  readonly directives: ResponseDirectives;
  /** RFC 9111 section 4.2.1, or `undefined` if neither the server nor a heuristic says anything. */
  readonly lifetimeMs: number | undefined;
  /** The corrected initial age of RFC 9111 section 4.2.3. */
  readonly initialAgeMs: number;
  /** The origin's time of it. */
  readonly dateEpochMs: number;
  /** Its entity tag. */
  readonly etag: string | undefined;
  /** Its `Last-Modified` field, if it is a valid date. */
  readonly lastModified: string | undefined;
  /** The time that field names. */
  readonly lastModifiedEpochMs: number | undefined;
  /** Whether it answers a request, by its selecting fields. */
  readonly selector: Selector;
}

/** What {@linkcode interpret} reads of an entry; everything that is known before it is stored. */
export type UnfinishedEntry = Omit<CacheEntry, "staleEpochMs">;

/**
 * Reads what the header fields of an entry say.
 *
 * @param entry The entry.
 * @returns The entry with what it says.
 */
export function interpret(entry: CacheEntry): StoredResponse {
  return { ...readFields(entry), entry };
}

/**
 * Makes an entry, with the time at which it becomes stale.
 *
 * @param entry The entry without that time.
 * @param fallbackTtlMs The freshness lifetime if there is nothing to go by.
 * @returns The entry with what it says.
 */
export function finishEntry(
  entry: UnfinishedEntry,
  fallbackTtlMs: number,
): StoredResponse {
  const read = readFields(entry);
  const lifetimeMs = read.lifetimeMs ??
    (hasFallback(entry.status, read.directives) ? fallbackTtlMs : 0);
  // JSON, by which stores keep entries, has no infinity.
  const staleEpochMs = Math.min(
    entry.responseEpochMs + lifetimeMs - read.initialAgeMs,
    Number.MAX_SAFE_INTEGER,
  );
  return { ...read, entry: { ...entry, staleEpochMs } };
}

/**
 * Tells whether a response without any freshness information may be given a lifetime of the user's choice.
 *
 * @param status Its status.
 * @param directives Its `Cache-Control`.
 * @returns `true` if it may (RFC 9111 section 4.2.2).
 */
export function hasFallback(
  status: number,
  directives: ResponseDirectives,
): boolean {
  return directives.public || isHeuristicallyCacheable(status);
}

/**
 * The current age of a stored response (RFC 9111 section 4.2.3).
 *
 * @param stored The response.
 * @param nowEpochMs The current time in milliseconds since the epoch.
 * @returns Milliseconds; `Infinity` if the wall clock was set back behind the response, as then nobody knows.
 */
export function currentAgeMs(
  stored: StoredResponse,
  nowEpochMs: number,
): number {
  const residentMs = nowEpochMs - stored.entry.responseEpochMs;
  if (residentMs < 0) {
    return residentMs < -CLOCK_SLACK_MS ? Infinity : stored.initialAgeMs;
  }
  return stored.initialAgeMs + residentMs;
}

function readFields(entry: UnfinishedEntry): Omit<StoredResponse, "entry"> {
  const headers = new HttpHeaders(entry.fields);
  const directives = parseResponseDirectives(headers.get("cache-control"));
  const { requestEpochMs, responseEpochMs } = entry;
  const ageSeconds = parseAge(headers.get("age"));
  const date = headers.get("date");
  const dateEpochMs =
    (date === undefined ? undefined : parseHttpDate(date, responseEpochMs)) ??
      responseEpochMs;
  const lastModified = headers.get("last-modified");
  const lastModifiedEpochMs = lastModified === undefined
    ? undefined
    : parseHttpDate(lastModified, responseEpochMs);

  // Dates have whole seconds: without rounding, everything would be half a second old at birth.
  const apparentAgeMs = Math.max(
    0,
    Math.floor((responseEpochMs - dateEpochMs) / 1_000) * 1_000,
  );
  const responseDelayMs = Math.max(0, responseEpochMs - requestEpochMs);
  const initialAgeMs = Math.max(
    apparentAgeMs,
    ageSeconds * 1_000 + responseDelayMs,
  );

  let lifetimeMs: number | undefined;
  const expires = headers.get("expires");
  if (directives.maxAgeSeconds !== undefined) {
    lifetimeMs = directives.maxAgeSeconds * 1_000;
  } else if (expires !== undefined) {
    // Section 5.3: an invalid date, "0" above all, is in the past.
    const expiresEpochMs = parseHttpDate(expires, responseEpochMs);
    lifetimeMs = expiresEpochMs === undefined
      ? 0
      : Math.max(0, expiresEpochMs - dateEpochMs);
  } else if (
    lastModifiedEpochMs !== undefined && hasFallback(entry.status, directives)
  ) {
    lifetimeMs = Math.min(
      MAX_HEURISTIC_MS,
      Math.max(0, dateEpochMs - lastModifiedEpochMs) * HEURISTIC_FRACTION,
    );
  }
  const etag = entityTag(headers.get("etag"));
  for (const name of directives.noCacheFields) headers.delete(name);
  return {
    headers,
    directives,
    lifetimeMs,
    initialAgeMs,
    dateEpochMs,
    etag,
    lastModified: lastModifiedEpochMs === undefined ? undefined : lastModified,
    lastModifiedEpochMs,
    selector: new Selector(entry.selecting),
  };
}

// Section 5.1: of a list the first member counts, and what is invalid is ignored.
function parseAge(value: string | undefined): number {
  if (value === undefined) return 0;
  // A number so long is large.
  if (value.length > MAX_FIELD_LENGTH) return MAX_DELTA_SECONDS;
  const comma = value.indexOf(",");
  const first = comma < 0 ? value : value.slice(0, comma);
  return parseDeltaSeconds(first.trim()) ?? 0;
}
