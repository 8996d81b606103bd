// This module is browser compatible.
import { LeaderboardError } from "../leaderboard_error.ts";
import type { Call, Routes } from "./call.ts";
import { Problem } from "./problem.ts";

/** The most characters of a URL. */
const MAX_URL_LENGTH = 8_192;
const VERSION = "v1";
/** When to ask again, where a store or the whole server is away. */
export const RETRY_AFTER_MS = 1_000;

/**
 * Cuts a path at its slashes, and decodes what is between them.
 *
 * @param url The URL.
 * @param basePath What comes before `/v1`.
 * @returns What comes behind it: 1 or more.
 * @throws {Problem} `notFound`, or `invalidRequest` if it is encoded wrongly.
 */
export function segmentsOf(url: URL, basePath: string): readonly string[] {
  const { pathname } = url;
  if (!pathname.startsWith(`${basePath}/${VERSION}/`)) throw notFound();
  const raw = pathname.slice(basePath.length + VERSION.length + 2).split("/");
  return raw.map((segment) => {
    if (segment === "") throw notFound();
    try {
      return decodeURIComponent(segment);
    } catch {
      throw new Problem(
        "invalidRequest",
        "Cannot answer as the path is not percent-encoded UTF-8",
      );
    }
  });
}

/**
 * Reads the URL of a request.
 *
 * @throws {Problem} `invalidRequest` if it is none, or too long.
 */
export function urlOf(request: Request): URL {
  try {
    if (request.url.length <= MAX_URL_LENGTH) return new URL(request.url);
  } catch {
    // A runtime makes it of what the peer says to be its host.
  }
  throw new Problem(
    "invalidRequest",
    `Cannot answer as the URL must be one of at most ${MAX_URL_LENGTH} characters`,
  );
}

/** Lets the first of the parts answer that has the path. Rejects with a {@linkcode Problem} if none has. */
export async function route(
  parts: readonly Routes[],
  call: Call,
): Promise<Response> {
  for (const part of parts) {
    const response = part.handle(call);
    if (response !== undefined) return await response;
  }
  throw notFound();
}

/** What is answered where something was thrown. `onUnknown` is told of what nobody expected. */
export function problemOf(
  error: unknown,
  onUnknown: (error: unknown) => void,
): Problem {
  if (error instanceof Problem) return error;
  // What exactly is nobody's business here: the store's guard has told who runs the server.
  if (error instanceof LeaderboardError) return unavailable();
  onUnknown(error);
  return new Problem(
    "internalError",
    "Cannot answer as something went wrong here",
  );
}

/** That the server cannot answer now. */
export function unavailable(): Problem {
  return new Problem(
    "unavailable",
    "Cannot answer now: ask again later",
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

function notFound(): Problem {
  return new Problem("notFound", "Cannot answer as there is nothing here");
}
