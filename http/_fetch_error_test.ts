import { assertEquals, assertLessOrEqual, fail } from "@std/assert";
import { growthOf } from "../core/_testing/count_steps.ts";
import { FaultServer } from "./_testing/fault_server.ts";
import { classifyFetchError, type FetchErrorReason } from "./_fetch_error.ts";

/** What a fetch that must fail rejects with. */
async function failure(url: string, init?: RequestInit): Promise<unknown> {
  let response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    return error;
  }
  await response.body?.cancel();
  fail(`Expected ${url} to fail: status ${response.status}`);
}

/** An error as it was recorded. */
function recorded(fields: RecordedError): Error {
  const { cause, ...own } = fields;
  return Object.assign(
    new TypeError(fields.message, cause && { cause: recorded(cause) }),
    own,
  );
}

interface RecordedError {
  readonly message: string;
  readonly code?: string;
  readonly cause?: RecordedError;
}

/** Node wraps what happened. */
function node(code: string | undefined, message: string): RecordedError {
  const cause = code === undefined ? { message } : { code, message };
  return { message: "fetch failed", cause };
}

/** So does Deno. */
function deno(message: string): RecordedError {
  return node(undefined, message);
}

Deno.test("classifyFetchError() tells apart what Deno's fetch rejects with", async (t) => {
  await using server = await FaultServer.start();
  const { origin } = server;
  await using dead = await FaultServer.start();
  await dead.die();
  const to = (url: string): string => encodeURIComponent(url);
  // Too long a label fails in the resolver, before any packet.
  const nowhere = `http://${"a".repeat(64)}.invalid/`;
  const cases: [string, RequestInit | undefined, FetchErrorReason["type"]][] = [
    [dead.origin, undefined, "connectionFailed"],
    [`${origin}/reset`, undefined, "connectionFailed"],
    [`${origin}/close`, undefined, "connectionFailed"],
    [`${origin}/close`, { method: "POST", body: "x" }, "connectionFailed"],
    [`${origin}/redirect?to=${to(dead.origin)}`, undefined, "connectionFailed"],
    [nowhere, undefined, "dnsFailure"],
    [`${origin.replace("http", "https")}/close`, undefined, "tlsError"],
    [`${origin}/redirect-loop`, undefined, "tooManyRedirects"],
    [`${origin}/redirect`, { redirect: "error" }, "tooManyRedirects"],
    [`${origin}/redirect?to=${to("http://[x")}`, undefined, "readError"],
    [`${origin}/redirect?to=${to("ftp://x/")}`, undefined, "readError"],
    [`${origin}/huge-headers?close`, undefined, "readError"],
    [`${origin}/length?value=-1`, undefined, "readError"],
    [`${origin}/length?value=x`, undefined, "readError"],
    [`${origin}/length?value=11&value=5`, undefined, "readError"],
    [`${origin}/malformed/garbage`, undefined, "readError"],
    [`${origin}/malformed/status-text`, undefined, "readError"],
    [`${origin}/malformed/status-range`, undefined, "readError"],
    [`${origin}/malformed/version`, undefined, "readError"],
    [`${origin}/malformed/header-name`, undefined, "readError"],
    [`${origin}/malformed/header-colon`, undefined, "readError"],
    ["http://[x", undefined, "invalidRequest"],
    ["ftp://127.0.0.1/", undefined, "invalidRequest"],
    ["http://127.0.0.1:6000/", undefined, "invalidRequest"],
    [origin, { headers: { "a b": "" } }, "invalidRequest"],
    [origin, { headers: { a: "b\nc" } }, "invalidRequest"],
    [origin, { method: "CONNECT" }, "invalidRequest"],
    [origin, { method: "A B" }, "invalidRequest"],
    [origin, { method: "GET", body: "x" }, "invalidRequest"],
  ];
  for (const [url, init, type] of cases) {
    const name = `${url.replace(origin, "").replace(dead.origin, "dead")} ${
      JSON.stringify(init) ?? ""
    }`;
    await t.step(name, async () => {
      assertEquals(classifyFetchError(await failure(url, init)), { type });
    });
  }
});

Deno.test("classifyFetchError() says connectionFailed where a reply is cut in its header", async () => {
  await using server = await FaultServer.start();
  for (const kind of ["empty-line", "header-cut"]) {
    const error = await failure(`${server.origin}/malformed/${kind}`);
    assertEquals(classifyFetchError(error), { type: "connectionFailed" });
  }
});

// Recorded on Linux x64 with Deno 2.9.6, Node 22.23.3, Bun 1.4.5, Chromium 156.
const RECORDED: [RecordedError, FetchErrorReason["type"]][] = [
  // Deno, where this test cannot provoke them.
  [
    deno(
      "error sending request for url (http://name.invalid/): client error (Connect): dns error: failed to lookup address information: Name or service not known",
    ),
    "dnsFailure",
  ],
  [
    deno(
      "error sending request for url (https://127.0.0.1:1234/): client error (Connect): invalid peer certificate: UnknownIssuer",
    ),
    "tlsError",
  ],
  [
    deno(
      "error sending request for url (https://127.0.0.1:1234/): client error (Connect): received corrupt message of type InvalidContentType",
    ),
    "tlsError",
  ],
  [
    deno(
      "error sending request for url (https://127.0.0.1:1234/): client error (Connect): tcp connect error: Connection refused (os error 111)",
    ),
    "connectionFailed",
  ],
  [deno("Connection reset by peer (os error 104)"), "connectionFailed"],
  [{ message: "ReadableStream is locked or disturbed" }, "invalidRequest"],
  // What a URL says counts for nothing.
  [
    deno(
      "error sending request from 127.0.0.1:1 for http://x/?:%20client%20error%20(Connect):%20dns%20error (127.0.0.1:2): client error (SendRequest): connection closed before message completed",
    ),
    "connectionFailed",
  ],
  // Node.
  [node("ENOTFOUND", "getaddrinfo ENOTFOUND name.invalid"), "dnsFailure"],
  [node("EAI_AGAIN", "getaddrinfo EAI_AGAIN name.invalid"), "dnsFailure"],
  [
    node("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1234"),
    "connectionFailed",
  ],
  [node("ECONNRESET", "read ECONNRESET"), "connectionFailed"],
  [node("UND_ERR_SOCKET", "other side closed"), "connectionFailed"],
  [
    node(
      "ECONNRESET",
      "Client network socket disconnected before secure TLS connection was established",
    ),
    "tlsError",
  ],
  [node("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"), "tlsError"],
  [node("CERT_HAS_EXPIRED", "certificate has expired"), "tlsError"],
  [
    node(
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "unable to verify the first certificate",
    ),
    "tlsError",
  ],
  [
    node(
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "Hostname/IP does not match certificate's altnames",
    ),
    "tlsError",
  ],
  [node(undefined, "redirect count exceeded"), "tooManyRedirects"],
  [node(undefined, "unexpected redirect"), "tooManyRedirects"],
  [
    node(
      "HPE_INVALID_CONSTANT",
      "Response does not match the HTTP/1.1 protocol (Expected HTTP/)",
    ),
    "readError",
  ],
  [
    node(
      "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
      "Response body length does not match content-length header",
    ),
    "readError",
  ],
  [node("UND_ERR_HEADERS_OVERFLOW", "Headers Overflow Error"), "readError"],
  [node("ERR_INVALID_URL", "Invalid URL"), "readError"],
  [node(undefined, "URL scheme must be a HTTP(S) scheme"), "readError"],
  [
    {
      message: "Failed to parse URL from http://[x",
      cause: { code: "ERR_INVALID_URL", message: "Invalid URL" },
    },
    "invalidRequest",
  ],
  [node(undefined, "bad port"), "invalidRequest"],
  [node(undefined, "unknown scheme"), "invalidRequest"],
  [node(undefined, "not implemented... yet..."), "invalidRequest"],
  [
    {
      message:
        "Request cannot be constructed from a URL that includes credentials: http://u:p@127.0.0.1:1234/",
    },
    "invalidRequest",
  ],
  [
    { message: 'Headers.append: "bad name" is an invalid header name.' },
    "invalidRequest",
  ],
  [{ message: "'CONNECT' HTTP method is unsupported." }, "invalidRequest"],
  [{ message: "'B D' is not a valid HTTP method." }, "invalidRequest"],
  [
    { message: "Request with GET/HEAD method cannot have body." },
    "invalidRequest",
  ],
  // Bun, which cannot tell a server that does not speak TLS from a lost connection.
  [
    { code: "ENOTFOUND", message: "getaddrinfo ENOTFOUND name.invalid" },
    "dnsFailure",
  ],
  [
    {
      code: "ECONNREFUSED",
      message:
        "ECONNREFUSED: Unable to connect. Is the computer able to access the url?",
    },
    "connectionFailed",
  ],
  [
    {
      code: "ECONNRESET",
      message: "ECONNRESET: The socket connection was closed unexpectedly.",
    },
    "connectionFailed",
  ],
  [
    { code: "DEPTH_ZERO_SELF_SIGNED_CERT", message: "self signed certificate" },
    "tlsError",
  ],
  [
    {
      code: "TooManyRedirects",
      message: "TooManyRedirects: The response redirected too many times.",
    },
    "tooManyRedirects",
  ],
  [
    { code: "UnexpectedRedirect", message: "UnexpectedRedirect fetching" },
    "tooManyRedirects",
  ],
  [
    { code: "Malformed_HTTP_Response", message: "Malformed_HTTP_Response" },
    "readError",
  ],
  [{ code: "InvalidHTTPResponse", message: "" }, "readError"],
  [{ code: "InvalidContentLength", message: "" }, "readError"],
  [{ code: "ZlibError", message: "" }, "readError"],
  [{ code: "RedirectURLInvalid", message: "" }, "readError"],
  [{ code: "UnsupportedRedirectProtocol", message: "" }, "readError"],
  [
    { code: "ERR_INVALID_URL", message: "fetch() URL is invalid" },
    "invalidRequest",
  ],
  [
    {
      code: "ERR_INVALID_ARG_VALUE",
      message: "protocol must be http:, https: or s3:",
    },
    "invalidRequest",
  ],
  [{ message: "Invalid header name: 'bad name'" }, "invalidRequest"],
  [{ message: "Header 'x' has invalid value" }, "invalidRequest"],
  [
    { message: "fetch() request with GET/HEAD method cannot have body." },
    "invalidRequest",
  ],
  // Chromium.
  [{ message: "Failed to fetch" }, "connectionFailed"],
  [
    {
      message:
        "Failed to execute 'fetch' on 'Window': Failed to parse URL from http://[x",
    },
    "invalidRequest",
  ],
  [
    { message: "Failed to execute 'fetch' on 'Window': Invalid name" },
    "invalidRequest",
  ],
];

Deno.test("classifyFetchError() knows the errors of Deno, Node, Bun and Chromium", () => {
  for (const [fields, type] of RECORDED) {
    const shown = JSON.stringify(fields);
    assertEquals(classifyFetchError(recorded(fields)), { type }, shown);
    // Not by class: an error may come from another realm, or as a plain object.
    assertEquals(classifyFetchError(fields), { type }, shown);
  }
});

Deno.test("classifyFetchError() looks into an AggregateError", () => {
  const refused = recorded({ code: "ENOTFOUND", message: "x" });
  const error = new TypeError("fetch failed", {
    cause: new AggregateError([refused, new Error()]),
  });
  assertEquals(classifyFetchError(error), { type: "dnsFailure" });
});

Deno.test("classifyFetchError() survives anything", () => {
  const type = "connectionFailed";
  const cycle = new Error("fetch failed");
  cycle.cause = cycle;
  let reads = 0;
  const endless = (): object => ({
    get cause(): object {
      reads++;
      return endless();
    },
  });
  const throwing = new Proxy({}, {
    get(): never {
      throw new Error("No property for you");
    },
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const values: unknown[] = [
    undefined,
    null,
    0,
    1n,
    "ENOTFOUND",
    Symbol("x"),
    () => {},
    {},
    [],
    Object.create(null),
    cycle,
    endless(),
    throwing,
    { cause: throwing },
    revoked.proxy,
    { code: 7, message: {}, cause: null, errors: 1 },
    { code: { toString: () => "ENOTFOUND" } },
    new DOMException("aborted", "AbortError"),
  ];
  for (const value of values) {
    assertEquals(classifyFetchError(value), { type });
  }
  assertLessOrEqual(reads, 16);
});

Deno.test("classifyFetchError() takes time in proportion to the message", () => {
  const starts = [
    "error sending request for url (",
    "'",
    "Header '",
    "Invalid URL: '",
    "error sending request : client error (",
  ];
  for (const start of starts) {
    for (const filler of ["x", ": client error (a", "' ", "certificat"]) {
      const times = growthOf(
        filler,
        (text) => classifyFetchError({ message: start + text }),
        1_000,
      );
      assertLessOrEqual(times, 5, `${start}${filler}`);
    }
  }
});
