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

/** A method, or the name of another one (RFC 9110 section 16.1.1): a token, case-sensitive. */
export type MethodName = Method | (string & Record<never, never>);

/**
 * Tells whether repeating a request has the effect of sending it once (RFC 9110 section 9.2.2).
 *
 * @param method The method.
 * @returns `true` for GET, HEAD, OPTIONS, PUT and DELETE; of others nothing is known.
 */
export function isIdempotent(method: MethodName): boolean {
  return isSafe(method) || method === Method.PUT || method === Method.DELETE;
}

/**
 * Tells whether a request only reads (RFC 9110 section 9.2.1).
 *
 * @param method The method.
 * @returns `true` for GET, HEAD and OPTIONS.
 */
export function isSafe(method: MethodName): boolean {
  return method === Method.GET || method === Method.HEAD ||
    method === Method.OPTIONS;
}
