// This module is browser compatible.

import type { HttpHeaders } from "../headers.ts";
import { MAX_FIELD_LENGTH, type ResponseDirectives } from "./cache_control.ts";

// RFC 9110 section 15.1: reusable for a time that the cache may choose itself.
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200,
  203,
  204,
  206,
  300,
  301,
  308,
  404,
  405,
  410,
  414,
  501,
]);

// The final status codes of RFC 9110 section 15 whose meaning for a cache is known here (must-understand).
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 201, 202, 203, 204, 205, 206],
  ...[300, 301, 302, 303, 305, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 413, 414],
  ...[415, 417, 421, 422, 426],
  ...[500, 501, 502, 503, 504, 505],
]);

// These answer a condition or a range of one request and say nothing about the resource to another one. Parts (206) are
// stored on their own terms.
const ABOUT_ONE_REQUEST: ReadonlySet<number> = new Set([206, 304, 412, 416]);

/**
 * Tells whether a status may be given a freshness lifetime by heuristics alone (RFC 9111 section 4.2.2).
 *
 * @param status The status.
 * @returns `true` if it may.
 */
export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTICALLY_CACHEABLE.has(status);
}

/**
 * Tells whether a response may be kept at all (RFC 9111 sections 3 and 5.2.2.3), as far as it itself says.
 *
 * @param status Its status.
 * @param directives Its `Cache-Control`.
 * @returns `false` if it may not.
 */
export function permitsStorage(
  status: number,
  directives: ResponseDirectives,
): boolean {
  if (directives.mustUnderstand) return UNDERSTOOD.has(status);
  return !directives.noStore;
}

/**
 * Tells whether the response to a `GET` or `HEAD` is to be stored as a whole (RFC 9111 section 3, for a private cache).
 *
 * @param status Its status.
 * @param directives Its `Cache-Control`.
 * @param headers Its header fields.
 * @returns `true` if it is.
 */
export function isStorable(
  status: number,
  directives: ResponseDirectives,
  headers: HttpHeaders,
): boolean {
  if (status < 200 || status > 999 || ABOUT_ONE_REQUEST.has(status)) {
    return false;
  }
  if (!permitsStorage(status, directives)) return false;
  return directives.public || directives.private ||
    directives.maxAgeSeconds !== undefined || headers.has("expires") ||
    isHeuristicallyCacheable(status);
}

// RFC 9111 section 3.1, with the fields of RFC 9110 section 7.6.1 that are for one connection only.
const NOT_STORED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Takes the fields of a response that may be stored (RFC 9111 section 3.1).
 *
 * @param headers The response's header fields.
 * @returns The fields that are not for one connection only.
 */
export function storableFields(
  headers: HttpHeaders,
): Array<readonly [string, string]> {
  const connection = headers.get("connection");
  const listed = connection === undefined ? undefined : new Set(
    // Whoever lists more is hostile, and harms nobody but himself by a field that stays.
    connection.slice(0, MAX_FIELD_LENGTH).toLowerCase().split(",")
      .map((name) => name.trim()),
  );
  const fields: Array<readonly [string, string]> = [];
  for (const [name, value] of headers) {
    if (NOT_STORED.has(name) || listed?.has(name)) continue;
    fields.push([name, value]);
  }
  return fields;
}
