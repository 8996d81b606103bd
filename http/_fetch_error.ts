// This module is browser compatible.

import type { HttpError } from "./event.ts";

/** The reasons that {@linkcode classifyFetchError} tells apart. */
export type FetchErrorReason = Extract<
  HttpError,
  {
    readonly type:
      | "connectionFailed"
      | "dnsFailure"
      | "tlsError"
      | "readError"
      | "tooManyRedirects"
      | "invalidRequest";
  }
>;

// Runtimes nest two deep, three with several addresses of a host.
const MAX_DEPTH = 8;

/** Codes of Node (libuv, OpenSSL, undici, llhttp) and Bun. */
const CODES: readonly (readonly [RegExp, FetchErrorReason["type"]])[] = [
  [/^(?:ENOTFOUND|ENODATA|ESERVFAIL|EAI_[A-Z]+)$/, "dnsFailure"],
  [
    // The X509_V_ERR_* names of OpenSSL without their prefix.
    /^(?:CERT_|CRL_|UNABLE_TO_|UNKNOWN_CERTIFICATE|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|ERR_TLS_|ERR_SSL_|EPROTO$)/,
    "tlsError",
  ],
  [/^(?:TooManyRedirects|UnexpectedRedirect)$/, "tooManyRedirects"],
  [
    /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW$|UND_ERR_RES|UND_ERR_BODY_TIMEOUT$|Z_|Malformed_HTTP_|InvalidHTTPResponse$|InvalidContentLength$|ZlibError$|RedirectURLInvalid$|UnsupportedRedirectProtocol$)/,
    "readError",
  ],
  [
    /^(?:ERR_INVALID_ARG|UND_ERR_INVALID_ARG$|UND_ERR_NOT_SUPPORTED$|UND_ERR_REQ_)/,
    "invalidRequest",
  ],
];

/** How messages begin, where no code tells. */
const MESSAGES: readonly (readonly [RegExp, FetchErrorReason["type"]])[] = [
  // Deno.
  [/^Fetch failed: Maximum number of redirects/, "tooManyRedirects"],
  [/^Fetch failed: Encountered redirect while/, "tooManyRedirects"],
  [/^Fetch failed: Can not redirect/, "readError"],
  [/^Fetch failed: Requests to port \d+ are blocked/, "invalidRequest"],
  [/^Url scheme /, "invalidRequest"],
  [/^Method is /, "invalidRequest"],
  [/^ReadableStream is locked or disturbed/, "invalidRequest"],
  // Node.
  [/^redirect count exceeded/, "tooManyRedirects"],
  [/^unexpected redirect/, "tooManyRedirects"],
  [/^URL scheme must be a HTTP\(S\) scheme/, "readError"],
  [
    /^Client network socket disconnected before secure TLS connection/,
    "tlsError",
  ],
  [
    /^(?:bad port$|unknown scheme$|not implemented\.\.\. yet)/,
    "invalidRequest",
  ],
  [/^(?:Failed to parse URL|Request cannot be constructed)/, "invalidRequest"],
  [/^Headers\.append: /, "invalidRequest"],
  [
    /^'[^']{0,100}' (?:is not a valid HTTP method|HTTP method is unsupported)/,
    "invalidRequest",
  ],
  // Bun; Deno begins the first one alike.
  [/^Invalid header (?:name|value)/, "invalidRequest"],
  [/^Header '[^']{0,100}' has invalid value/, "invalidRequest"],
  // Chromium: what is wrong with the arguments is all that it tells.
  [/^Failed to execute 'fetch' on /, "invalidRequest"],
  // All.
  [/^(?:fetch\(\) )?[Rr]equest with GET\/HEAD method/, "invalidRequest"],
];

/**
 * Tells why `fetch` rejected, as far as the runtime's error lets it be told: by codes in the
 * chain of causes (Node, Bun) and by texts (Deno). What is not recognised is a `connectionFailed`.
 *
 * Browsers keep the reason from the page, so that it cannot scan networks: a `TypeError` that says
 * "Failed to fetch", "Load failed" or the like stands for every network error, redirects in circles and
 * malformed responses included, and is a `connectionFailed`.
 *
 * @param error What `fetch` rejected with: anything, for a game may bring its own `fetch`. Accessors that throw and
 * chains without end are survived.
 * @returns The reason.
 */
export function classifyFetchError(error: unknown): FetchErrorReason {
  let current = error;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const type = classify(
      text(current, "code"),
      text(current, "message"),
      depth,
    );
    if (type !== undefined) return { type };
    // An AggregateError holds what happened with each address of a host.
    current = member(current, "cause") ?? member(member(current, "errors"), 0);
    if (current === undefined) break;
  }
  return { type: "connectionFailed" };
}

function classify(
  code: string,
  message: string,
  depth: number,
): FetchErrorReason["type"] | undefined {
  // A URL that is invalid is the game's own, unless a server redirected to it: Deno then names
  // the base, and Node's fetch had begun and wraps the error.
  if (code === "ERR_INVALID_URL") {
    return depth === 0 ? "invalidRequest" : "readError";
  }
  if (message.startsWith("Invalid URL: '")) {
    return message.includes("' with base '") ? "readError" : "invalidRequest";
  }
  return classifyHyper(message) ?? match(MESSAGES, message) ??
    match(CODES, code);
}

/** Deno's own fetch reports "error sending request for url (…): client error (<phase>): <reason>". */
function classifyHyper(
  message: string,
): FetchErrorReason["type"] | undefined {
  if (!message.startsWith("error sending request")) return undefined;
  // The URL in front cannot fake it: a serialised URL has no spaces.
  const [, phase, reason = ""] =
    /: client error \((\w+)\): (.*)/s.exec(message) ?? [];
  if (phase === "Connect") {
    if (reason.startsWith("dns error")) return "dnsFailure";
    return /certificate|^tls |^received |^peer |handshake|^no server/.test(
        reason,
      )
      ? "tlsError"
      : undefined;
  }
  // "connection closed before message completed" is a lost connection.
  return /^(?:invalid |message head is too large|unexpected message)/.test(
      reason,
    )
    ? "readError"
    : undefined;
}

function match(
  table: typeof CODES,
  value: string,
): FetchErrorReason["type"] | undefined {
  if (value === "") return undefined;
  for (const [pattern, type] of table) {
    if (pattern.test(value)) return type;
  }
  return undefined;
}

function text(value: unknown, key: string): string {
  const found = member(value, key);
  return typeof found === "string" ? found : "";
}

function member(value: unknown, key: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    return (value as Record<string | number, unknown>)[key] ?? undefined;
  } catch {
    return undefined;
  }
}
