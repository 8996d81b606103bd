import { assertEquals } from "@std/assert";
import {
  HttpProblem,
  internalError,
  invalidRequest,
  methodNotAllowed,
  unavailable,
} from "./http_problem.ts";

Deno.test("HttpProblem.toResponse() says what is wrong, and when to come back", async () => {
  const cases: [HttpProblem, number, unknown, Record<string, string>][] = [
    [
      invalidRequest("Cannot read v", "v"),
      400,
      { code: "invalidRequest", message: "Cannot read v", field: "v" },
      {},
    ],
    [
      methodNotAllowed("GET", "PUT"),
      405,
      {
        code: "methodNotAllowed",
        message:
          "Cannot answer as the method must be one of GET, PUT, HEAD, OPTIONS",
      },
      { allow: "GET, PUT, HEAD, OPTIONS" },
    ],
    [
      unavailable(1_001),
      503,
      {
        code: "unavailable",
        message: "Cannot answer now: ask again later",
        retryAfterMs: 1_001,
      },
      { "retry-after": "2" },
    ],
    [
      internalError(),
      500,
      {
        code: "internalError",
        message: "Cannot answer as something went wrong here",
      },
      {},
    ],
    [
      new HttpProblem("unauthenticated", 401, "Who?"),
      401,
      { code: "unauthenticated", message: "Who?" },
      { "www-authenticate": "Bearer" },
    ],
  ];
  for (const [problem, status, body, headers] of cases) {
    const response = problem.toResponse();
    assertEquals(response.status, status);
    assertEquals(await response.json(), body);
    assertEquals(Object.fromEntries(response.headers), {
      "cache-control": "no-store",
      "content-type": "application/json",
      ...headers,
    });
  }
});
