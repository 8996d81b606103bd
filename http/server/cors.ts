// This module is browser compatible.

const MAX_AGE_SECONDS = 86_400;

/** What pages may ask, and read of the answers: each a list, separated by `", "`. */
export interface CorsLists {
  /** The methods. */
  readonly methods: string;
  /** The fields of a request's header. */
  readonly requestFields: string;
  /** The fields of an answer's header. */
  readonly responseFields: string;
}

/** Says which pages of other origins may read the answers (Fetch, section 3.2). */
export class Cors {
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #lists: CorsLists;

  /** Takes origins as browsers write them, `"*"` for all of them, `undefined` for none. */
  constructor(origins: readonly string[] | undefined, lists: CorsLists) {
    this.#origins = origins === undefined ? undefined : new Set(origins);
    this.#lists = lists;
  }

  /** The answer to a request of `OPTIONS`. */
  preflight(request: Request): Response {
    const { methods, requestFields } = this.#lists;
    const response = new Response(null, {
      status: 204,
      headers: { "allow": methods, "cache-control": "no-store" },
    });
    const isPreflight = this.#allowed(request) !== undefined &&
      request.headers.has("access-control-request-method");
    if (isPreflight) {
      const { headers } = response;
      headers.set("access-control-allow-methods", methods);
      headers.set("access-control-allow-headers", requestFields);
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
    headers.set(
      "access-control-expose-headers",
      this.#lists.responseFields,
    );
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
