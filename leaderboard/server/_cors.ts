// This module is browser compatible.

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const REQUEST_FIELDS =
  "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Range, Upload-Offset, X-Api-Key";
const RESPONSE_FIELDS =
  "Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Retry-After";
const MAX_AGE_SECONDS = 86_400;

/** Says which pages of other origins may read the answers (Fetch, section 3.2). */
export class Cors {
  readonly #origins: ReadonlySet<string> | undefined;

  /** Takes origins as browsers write them, `"*"` for all of them, `undefined` for none. */
  constructor(origins: readonly string[] | undefined) {
    this.#origins = origins === undefined ? undefined : new Set(origins);
  }

  /** The answer to a request of `OPTIONS`. */
  preflight(request: Request): Response {
    const response = new Response(null, {
      status: 204,
      headers: { "allow": METHODS, "cache-control": "no-store" },
    });
    const isPreflight = this.#allowed(request) !== undefined &&
      request.headers.has("access-control-request-method");
    if (isPreflight) {
      const { headers } = response;
      headers.set("access-control-allow-methods", METHODS);
      headers.set("access-control-allow-headers", REQUEST_FIELDS);
      headers.set("access-control-max-age", `${MAX_AGE_SECONDS}`);
    }
    return this.apply(request, response);
  }

  /** Adds what a browser wants to see to an answer that was made here. */
  apply(request: Request, response: Response): Response {
    if (this.#origins === undefined) return response;
    const { headers } = response;
    headers.append("vary", "origin");
    const origin = this.#allowed(request);
    if (origin === undefined) return response;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", RESPONSE_FIELDS);
    return response;
  }

  #allowed(request: Request): string | undefined {
    const origin = request.headers.get("origin");
    if (origin === null || this.#origins === undefined) return undefined;
    return this.#origins.has(origin) || this.#origins.has("*")
      ? origin
      : undefined;
  }
}
