// This module is browser compatible.

import { HttpHeaders } from "../headers.ts";
import { strongMatch } from "./entity_tag.ts";
import { parseRange, resolveRange } from "./range.ts";
import type { CachePart } from "./store.ts";
import type { StoredResponse } from "./stored_response.ts";

/** Bytes of a stored response that answer a range. */
export interface RangeAnswer {
  /** 206, or 416 if the range cannot be satisfied. */
  readonly status: 206 | 416;
  /** The `Content-Range` field. */
  readonly contentRange: string;
  /** The bytes, shared with the stored response. */
  readonly body: Uint8Array;
}

/**
 * Answers a range from a stored response (RFC 9110 section 14.2).
 *
 * @param range The request's `Range` field.
 * @param stored The whole or a part.
 * @returns The answer; `"whole"` if the field is to be ignored; `undefined` if the part stored does not have the bytes.
 */
export function answerRange(
  range: string,
  stored: StoredResponse,
): RangeAnswer | "whole" | undefined {
  const { body, part, status } = stored.entry;
  const parsed = parseRange(range);
  if (part === undefined) {
    // The bytes we hold are decoded; a range counts the coded ones.
    if (stored.headers.has("content-encoding")) return undefined;
    if (parsed === undefined || status !== 200) return "whole";
    const bytes = resolveRange(parsed, body.length);
    if (bytes === undefined) {
      return {
        status: 416,
        contentRange: `bytes */${body.length}`,
        body: new Uint8Array(0),
      };
    }
    return slice(body, 0, bytes.first, bytes.last, body.length);
  }
  if (parsed === undefined) return undefined;
  if (range === part.range) {
    return {
      status: 206,
      contentRange: `bytes ${part.first}-${part.last}/${part.total ?? "*"}`,
      body,
    };
  }
  let bytes: { first: number; last: number } | undefined;
  if (part.total !== undefined) bytes = resolveRange(parsed, part.total);
  else if ("first" in parsed && parsed.last !== undefined) {
    bytes = { first: parsed.first, last: parsed.last };
  }
  if (
    bytes === undefined || bytes.first < part.first || bytes.last > part.last
  ) return undefined;
  // A part that came shorter than declared answers with what there is: a 206 says itself what it has.
  const last = Math.min(bytes.last, part.first + body.length - 1);
  if (last < bytes.first) return undefined;
  return slice(body, part.first, bytes.first, last, part.total);
}

/** Bytes put together from two parts of the same representation. */
export interface CombinedPart {
  /** The bytes. */
  readonly body: Uint8Array;
  /** Position of the first byte. */
  readonly first: number;
  /** Position of the last byte. */
  readonly last: number;
  /** Length of the whole, if it is known. */
  readonly total: number | undefined;
}

/**
 * Puts two parts of a response together (RFC 9111 section 3.4, RFC 9110 section 15.3.7.3).
 *
 * @param stored The part that is stored.
 * @param etag The entity tag of the new part.
 * @param part Which part the new one is.
 * @param body Its bytes.
 * @returns The bytes of both, or `undefined` if they do not have the same strong tag, do not touch each other, or one is
 * not as long as declared.
 */
export function combineParts(
  stored: StoredResponse,
  etag: string | undefined,
  part: CachePart,
  body: Uint8Array,
): CombinedPart | undefined {
  const older = stored.entry.part;
  const olderBody = stored.entry.body;
  if (older === undefined || !strongMatch(etag, stored.etag)) return undefined;
  if (
    olderBody.length !== older.last - older.first + 1 ||
    body.length !== part.last - part.first + 1 ||
    older.total !== part.total ||
    part.first > older.last + 1 || older.first > part.last + 1
  ) return undefined;
  const first = Math.min(older.first, part.first);
  const last = Math.max(older.last, part.last);
  const combined = new Uint8Array(last - first + 1);
  combined.set(olderBody, older.first - first);
  combined.set(body, part.first - first);
  return { body: combined, first, last, total: part.total };
}

/**
 * Makes the header fields of an answer to a range.
 *
 * @param headers The stored fields.
 * @param answer The answer.
 * @returns New fields.
 */
export function rangeHeaders(
  headers: HttpHeaders,
  answer: RangeAnswer,
): HttpHeaders {
  const result = new HttpHeaders(headers);
  result.set("content-range", answer.contentRange);
  result.set("content-length", String(answer.body.length));
  return result;
}

function slice(
  body: Uint8Array,
  offset: number,
  first: number,
  last: number,
  total: number | undefined,
): RangeAnswer {
  return {
    status: 206,
    contentRange: `bytes ${first}-${last}/${total ?? "*"}`,
    body: body.subarray(first - offset, last - offset + 1),
  };
}
