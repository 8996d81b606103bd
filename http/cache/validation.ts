// This module is browser compatible.

import { HttpHeaders } from "../headers.ts";
import { parseHttpDate } from "../http_date.ts";
import { MAX_FIELD_LENGTH, splitList } from "./cache_control.ts";
import { isStrong, strongMatch, weakMatch } from "./entity_tag.ts";
import { storableFields } from "./storable.ts";
import type { StoredResponse } from "./stored_response.ts";

/**
 * Makes the fields that ask the server whether stored responses are still current (RFC 9111 section 4.3.1).
 *
 * @param headers The request's header fields.
 * @param selected The stored response that answers the request, if any.
 * @param variants The other stored responses of the URL, whose tags are sent if none answers the request.
 * @returns New fields with the conditions, or `undefined` if nothing has a validator.
 */
export function addConditions(
  headers: HttpHeaders,
  selected: StoredResponse | undefined,
  variants: readonly StoredResponse[],
): HttpHeaders | undefined {
  const tags = new Set<string>();
  let lastModified: string | undefined;
  if (selected !== undefined) {
    if (selected.etag !== undefined) tags.add(selected.etag);
    lastModified = selected.lastModified;
  } else {
    for (const { etag } of variants) if (etag !== undefined) tags.add(etag);
  }
  if (tags.size === 0 && lastModified === undefined) return undefined;
  const result = new HttpHeaders(headers);
  if (tags.size > 0) result.set("if-none-match", [...tags].join(", "));
  if (lastModified !== undefined) result.set("if-modified-since", lastModified);
  return result;
}

/**
 * Tells whether the conditions of a request that the game itself made are met by a stored response, so that the
 * answer is 304 (RFC 9111 section 4.3.2).
 *
 * @param headers The request's header fields.
 * @param stored The response.
 * @returns `true` if the game has what is stored.
 */
export function isNotModified(
  headers: HttpHeaders,
  stored: StoredResponse,
): boolean {
  // RFC 9110 section 13.2.1: conditions mean nothing to what is not a success without them.
  if (stored.entry.status < 200 || stored.entry.status > 299) return false;
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== undefined) {
    const { etag } = stored;
    if (ifNoneMatch.trim() === "*") return true;
    return etag !== undefined && ifNoneMatch.length <= MAX_FIELD_LENGTH &&
      splitList(ifNoneMatch).some((tag) => weakMatch(tag, etag));
  }
  const ifModifiedSince = headers.get("if-modified-since");
  if (ifModifiedSince === undefined) return false;
  const since = parseHttpDate(ifModifiedSince, stored.entry.responseEpochMs);
  return since !== undefined &&
    (stored.lastModifiedEpochMs ?? stored.dateEpochMs) <= since;
}

/**
 * Tells whether a `Range` field counts (RFC 9110 section 13.1.5).
 *
 * @param ifRange The request's `If-Range` field, or `undefined` if there is none.
 * @param stored The response.
 * @returns `true` if it does.
 */
export function ifRangeHolds(
  ifRange: string | undefined,
  stored: StoredResponse,
): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.includes('"')) return strongMatch(ifRange, stored.etag);
  // Section 8.8.2.2: a date is a strong validator only if the response is at least a second younger.
  return ifRange === stored.lastModified &&
    stored.dateEpochMs - stored.lastModifiedEpochMs! >= 1_000;
}

/**
 * Finds the stored responses that a 304 (Not Modified) is about (RFC 9111 section 4.3.4).
 *
 * @param headers The header fields of the 304.
 * @param asked The stored responses whose validators the request had.
 * @returns Those to update; empty if the 304 is about none of them.
 */
export function selectedBy304(
  headers: HttpHeaders,
  asked: readonly StoredResponse[],
): readonly StoredResponse[] {
  const etag = headers.get("etag");
  if (etag !== undefined) {
    return asked.filter((stored) =>
      stored.etag !== undefined &&
      (isStrong(etag)
        ? strongMatch(etag, stored.etag)
        : weakMatch(etag, stored.etag))
    );
  }
  // Without a tag it can only be about what was asked for, and only if there was no choice.
  if (asked.length !== 1) return [];
  const lastModified = headers.get("last-modified");
  return lastModified === undefined ||
      lastModified === asked[0]!.lastModified ||
      asked[0]!.lastModified === undefined
    ? asked
    : [];
}

/**
 * Tells whether a response to `HEAD` is about a stored response to `GET` (RFC 9111 section 4.3.5).
 *
 * @param headers The header fields of the response to `HEAD`.
 * @param stored The stored response.
 * @returns `false` if a validator or the length differs, so that the stored response is not current any more.
 */
export function agreesWithHead(
  headers: HttpHeaders,
  stored: StoredResponse,
): boolean {
  for (const name of ["etag", "last-modified", "content-length"]) {
    const value = headers.get(name);
    if (value === undefined) continue;
    const before = stored.headers.get(name);
    if (before === undefined ? name !== "content-length" : before !== value) {
      return false;
    }
  }
  return true;
}

// RFC 9111 section 3.2. The body is stored as it is, decoded: what describes its bytes stays.
const NOT_UPDATED: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
]);

/**
 * Updates the fields of a stored response by those of a newer one (RFC 9111 section 3.2).
 *
 * @param stored The fields as they are.
 * @param headers The header fields of the newer response.
 * @returns The new fields.
 */
export function mergeFields(
  stored: ReadonlyArray<readonly [string, string]>,
  headers: HttpHeaders,
): Array<readonly [string, string]> {
  const newer = new Map(
    storableFields(headers).filter(([name]) => !NOT_UPDATED.has(name)),
  );
  const fields: Array<readonly [string, string]> = [];
  for (const [name, value] of stored) {
    // Its age was that of the older response.
    if (name !== "age" && !newer.has(name)) fields.push([name, value]);
  }
  fields.push(...newer);
  return fields;
}
