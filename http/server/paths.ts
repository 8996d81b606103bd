// This module is browser compatible.
import { invalidRequest, notFound } from "./http_problem.ts";

/** The most characters of a URL. */
const MAX_URL_LENGTH = 8_192;
const VERSION = "v1";
const BASE_PATH = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/**
 * Refuses what is no path to be mounted at.
 *
 * @param basePath The option `basePath` of a server.
 * @returns The same.
 * @throws {RangeError} If it is neither `""` nor one or more of `/name`.
 */
export function checkBasePath(basePath: string): string {
  if (BASE_PATH.test(basePath)) return basePath;
  throw new RangeError(
    `Cannot use basePath as it must be "" or like "/name": current value is ${
      JSON.stringify(basePath)
    }`,
  );
}

/**
 * Cuts a path at its slashes, and decodes what is between them.
 *
 * @param url The URL.
 * @param basePath What comes before `/v1`.
 * @returns What comes behind it: 1 or more.
 * @throws {HttpProblem} `notFound`, or `invalidRequest` if it is encoded wrongly.
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
      throw invalidRequest(
        "Cannot answer as the path is not percent-encoded UTF-8",
      );
    }
  });
}

/**
 * Reads the URL of a request.
 *
 * @throws {HttpProblem} `invalidRequest` if it is none, or too long.
 */
export function urlOf(request: Request): URL {
  try {
    if (request.url.length <= MAX_URL_LENGTH) return new URL(request.url);
  } catch {
    // A runtime makes it of what the peer says to be its host.
  }
  throw invalidRequest(
    `Cannot answer as the URL must be one of at most ${MAX_URL_LENGTH} characters`,
  );
}
