// This module is browser compatible.

/** What else an error says. */
export interface ProblemDetails {
  /** The field of the request that is at fault. */
  readonly field?: string;
  /** With 429 and 503: when to ask again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** With 405: the methods that there are, separated by `", "`. */
  readonly allow?: string;
}

/** What is wrong with a request. A route throws it, and the server answers with it. */
export class HttpProblem extends Error {
  /** What it is for programs. */
  readonly code: string;
  /** The status of the answer: 400 to 599. */
  readonly status: number;
  /** What else there is to say. */
  readonly details: ProblemDetails;

  constructor(
    code: string,
    status: number,
    message: string,
    details: ProblemDetails = {},
  ) {
    super(message);
    this.name = "HttpProblem";
    this.code = code;
    this.status = status;
    this.details = details;
  }

  /** The error as it is in an answer. */
  toJson(): Record<string, unknown> {
    const { field, retryAfterMs } = this.details;
    return {
      code: this.code,
      message: this.message,
      ...(field === undefined ? {} : { field }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }

  /** The answer. */
  toResponse(): Response {
    const { retryAfterMs, allow } = this.details;
    const headers: Record<string, string> = {};
    if (retryAfterMs !== undefined) {
      headers["retry-after"] = `${Math.ceil(retryAfterMs / 1_000)}`;
    }
    if (allow !== undefined) headers["allow"] = allow;
    if (this.status === 401) headers["www-authenticate"] = "Bearer";
    return json(this.status, this.toJson(), headers);
  }
}

/** An answer in JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...headers,
    },
  });
}

/** The problem that a path is there, but not for this method. */
export function methodNotAllowed(...methods: readonly string[]): HttpProblem {
  const all = methods.includes("GET") ? [...methods, "HEAD"] : methods;
  const allow = [...all, "OPTIONS"].join(", ");
  return new HttpProblem(
    "methodNotAllowed",
    405,
    `Cannot answer as the method must be one of ${allow}`,
    { allow },
  );
}

/** The problem that there is nothing of this path. */
export function notFound(): HttpProblem {
  return new HttpProblem(
    "notFound",
    404,
    "Cannot answer as there is nothing here",
  );
}

/** The problem that a request is not what it must be. */
export function invalidRequest(message: string, field?: string): HttpProblem {
  return new HttpProblem(
    "invalidRequest",
    400,
    message,
    field === undefined ? {} : { field },
  );
}

/** The problem that the server cannot answer now: its store is away, or it is closing. */
export function unavailable(retryAfterMs: number = 1_000): HttpProblem {
  return new HttpProblem(
    "unavailable",
    503,
    "Cannot answer now: ask again later",
    { retryAfterMs },
  );
}

/** The problem that something went wrong that nobody expected. What it was is nobody's business outside. */
export function internalError(): HttpProblem {
  return new HttpProblem(
    "internalError",
    500,
    "Cannot answer as something went wrong here",
  );
}
