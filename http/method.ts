// This module is browser compatible.

/** The request methods of RFC 9110 section 9.3 and RFC 5789 that `fetch` can send. */
export const Method = {
  /** Reads; safe and idempotent. */
  GET: "GET",
  /** Processes the body; neither safe nor idempotent. */
  POST: "POST",
  /** Replaces; idempotent. */
  PUT: "PUT",
  /** Removes; idempotent. */
  DELETE: "DELETE",
  /** Changes a part; neither safe nor idempotent. */
  PATCH: "PATCH",
  /** Like GET without the body; safe and idempotent. */
  HEAD: "HEAD",
  /** Asks what is possible; safe and idempotent. */
  OPTIONS: "OPTIONS",
} as const;

/** A request method. */
export type Method = typeof Method[keyof typeof Method];

/**
 * Tells whether repeating a request has the effect of sending it once (RFC 9110 section 9.2.2).
 *
 * @param method The method.
 * @returns `true` for all but POST and PATCH.
 */
export function isIdempotent(method: Method): boolean {
  return method !== Method.POST && method !== Method.PATCH;
}

/**
 * Tells whether a request only reads (RFC 9110 section 9.2.1).
 *
 * @param method The method.
 * @returns `true` for GET, HEAD and OPTIONS.
 */
export function isSafe(method: Method): boolean {
  return method === Method.GET || method === Method.HEAD ||
    method === Method.OPTIONS;
}
