import { assert, assertEquals, assertThrows } from "@std/assert";
import { CachePolicy } from "./cache_policy.ts";
import { HttpRequest } from "./request.ts";

Deno.test("HttpRequest makers set method, body and content type", () => {
  assertEquals(HttpRequest.get("/a").method, "GET");
  assertEquals(HttpRequest.post("/a", "x").body, "x");
  assertEquals(HttpRequest.post("/a").body, undefined);
  const json = HttpRequest.postJson("/a", { b: 1 });
  assertEquals(json.body, '{"b":1}');
  assertEquals(json.headers.get("content-type"), "application/json");
  assertEquals(HttpRequest.create("DELETE", "/a").method, "DELETE");
  assertEquals(HttpRequest.create("get", "/a").method, "GET");
  assertEquals(HttpRequest.create("m-search", "/a").method, "m-search");
});

Deno.test("HttpRequest is not changed by its with methods", () => {
  const plain = HttpRequest.get("/a");
  const changed = plain.withHeader("a", "b").withTimeout(1).withDeadline(2)
    .withRetries(3).withPriority(4).withTag("t").withMaxBodyBytes(5)
    .withCache(CachePolicy.NoStore).withStreaming().withProgress()
    .withRedirect("manual").withIdempotencyKey("k").bearerAuth("s");
  assertEquals(plain.headers.size, 0);
  assertEquals(
    [
      changed.timeoutMs,
      changed.deadlineMs,
      changed.retries,
      changed.priority,
      changed.tag,
      changed.maxBodyBytes,
      changed.cachePolicy,
      changed.idleTimeoutMs,
      changed.reportsProgress,
      changed.redirect,
      changed.idempotencyKey,
      changed.headers.get("authorization"),
    ],
    [1, 2, 3, 4, "t", 5, "noStore", 30_000, true, "manual", "k", "Bearer s"],
  );
  assertEquals(plain.timeoutMs, undefined);
  assertEquals(plain.tag, undefined);
});

for (
  const [url, expected] of [
    ["/a", "/a?x=1&y=a%26b"],
    ["/a?", "/a?x=1&y=a%26b"],
    ["/a?b=c", "/a?b=c&x=1&y=a%26b"],
    ["/a?b=c&", "/a?b=c&x=1&y=a%26b"],
    ["/a#frag?x", "/a?x=1&y=a%26b#frag?x"],
  ] as const
) {
  Deno.test(`HttpRequest.withQuery() extends "${url}"`, () => {
    const request = HttpRequest.get(url)
      .withQuery({ x: 1, y: "a&b", z: undefined });
    assertEquals(request.url, expected);
    assert(request.withQuery({}) === request);
  });
}

Deno.test("HttpRequest refuses what can never be right", () => {
  const request = HttpRequest.get("/");
  assertThrows(() => request.withTimeout(0), RangeError, "timeoutMs");
  assertThrows(() => request.withTimeout(-5), RangeError, "-5");
  assertThrows(() => request.withDeadline(NaN), RangeError, "NaN");
  assertThrows(() => request.withRetries(-1), RangeError, "-1");
  assertThrows(() => request.withRetries(101), RangeError, "101");
  assertThrows(() => request.withPriority(Infinity), RangeError, "Infinity");
  assertThrows(() => request.withMaxBodyBytes(1.5), RangeError, "1.5");
  assertThrows(() => request.withStreaming({ idleTimeoutMs: 0 }), RangeError);
  assertThrows(
    () => HttpRequest.postJson("/", undefined),
    TypeError,
    "undefined",
  );
  assertThrows(() => HttpRequest.postJson("/", 1n), TypeError);
});
