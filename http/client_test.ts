import { assert, assertEquals, assertExists, assertThrows } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { FakeFetch, settle } from "./_testing/fake_fetch.ts";
import { HttpClient } from "./client.ts";
import type { HttpClientOptions } from "./client_options.ts";
import type { HttpEvent } from "./event.ts";
import { HttpRequest } from "./request.ts";

const BASE = "http://game.test";

function setUp(options: HttpClientOptions = {}) {
  const fake = new FakeFetch();
  const clock = new ManualClock();
  const client = new HttpClient({
    baseUrl: BASE,
    fetch: fake.fetch,
    clock,
    random: new SeededRandom(1),
    cache: false,
    ...options,
  });
  const events: HttpEvent[] = [];
  /** Lets answers arrive, ticks, and collects the events. */
  const step = async (dt = 0): Promise<HttpEvent[]> => {
    await settle();
    clock.advance(dt * 1_000);
    client.tick(dt);
    const drained = [...client.drainEvents()];
    events.push(...drained);
    return drained;
  };
  return { fake, clock, client, events, step };
}

function summary(events: readonly HttpEvent[]): string[] {
  return events.map((event) => {
    const id = "id" in event ? ` ${event.id}` : "";
    switch (event.type) {
      case "success":
        return `success${id} ${event.response.status}`;
      case "failure":
        return event.reason.type === "retriesExhausted"
          ? `failure${id} retriesExhausted ${event.reason.attempts} ${event.reason.last.type}`
          : `failure${id} ${event.reason.type}`;
      case "timeout":
        return `timeout${id} ${event.limit}`;
      case "circuitChanged":
        return `circuit ${event.state}`;
      default:
        return event.type + id;
    }
  });
}

Deno.test("HttpClient sends at tick() and reports one success", async () => {
  const { fake, client, clock, step } = setUp();
  const id = client.send(
    HttpRequest.get("/a").withTag("menu").withHeader("X-Trace", "7"),
  );
  assertEquals(fake.calls.length, 0);
  assertEquals(client.pendingCount, 1);
  clock.advance(3);
  await step();
  clock.advance(20);
  fake.calls[0]!.answer(Response.json({ n: 1 }, { headers: { etag: '"e"' } }));
  const [event] = await step();
  assert(event?.type === "success");
  assertEquals(event.id, id);
  assertEquals(event.tag, "menu");
  assertEquals(event.response.status, 200);
  assertEquals(event.response.jsonField("n"), 1);
  assertEquals(event.response.etag, '"e"');
  assertEquals(event.response.url, `${BASE}/a`);
  assertEquals(event.response.attempts, 1);
  assertEquals(event.response.fromCache, false);
  assertEquals(event.response.timings.queuedMs, 3);
  assertEquals(event.response.latencyMs, 20);
  assertEquals(fake.calls[0]!.headers.get("x-trace"), "7");
  assertEquals(client.pendingCount, 0);
  assertEquals(client.stats.done, 1);
});

Deno.test("HttpClient keeps to maxConcurrent, priorities and the order of send()", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 2 });
  client.send(HttpRequest.get("/low1"));
  client.send(HttpRequest.get("/low2"));
  client.send(HttpRequest.get("/high1").withPriority(5));
  client.send(HttpRequest.get("/high2").withPriority(5));
  client.send(HttpRequest.get("/lowest").withPriority(-1));
  await step();
  assertEquals(fake.paths, ["/high1", "/high2"]);
  fake.calls[1]!.answer();
  await step();
  assertEquals(fake.paths, ["/high1", "/high2", "/low1"]);
  fake.calls[0]!.answer();
  fake.calls[2]!.answer();
  await step();
  assertEquals(fake.paths.slice(3), ["/low2", "/lowest"]);
  fake.open.forEach((call) => call.answer());
  await step();
  assertEquals(client.stats.done, 5);
});

Deno.test("HttpClient keeps priorities across origins", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 1 });
  client.send(HttpRequest.get("/low"));
  client.send(HttpRequest.get("http://other.test/high").withPriority(1));
  client.send(HttpRequest.get("http://third.test/higher").withPriority(2));
  await step();
  assertEquals(fake.paths, ["/higher"]);
  client.close();
});

Deno.test("HttpClient keeps to maxConcurrentPerOrigin without holding up others", async () => {
  const { fake, client, step } = setUp({ maxConcurrentPerOrigin: 1 });
  client.send(HttpRequest.get("/a1"));
  client.send(HttpRequest.get("/a2"));
  client.send(HttpRequest.get("http://other.test/b1"));
  await step();
  assertEquals(fake.paths, ["/a1", "/b1"]);
  fake.open.forEach((call) => call.answer());
  await step();
  assertEquals(fake.paths, ["/a1", "/b1", "/a2"]);
  client.close();
});

Deno.test("HttpClient.cancel() ends a request once, wherever it is", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 1 });
  const inFlight = client.send(HttpRequest.get("/1"));
  const queued = client.send(HttpRequest.get("/2"));
  const next = client.send(HttpRequest.get("/3"));
  await step();
  assert(client.cancel(inFlight));
  assert(client.cancel(queued));
  assertEquals(client.cancel(queued), false);
  assertEquals(fake.calls[0]!.init.signal!.aborted, true);
  assertEquals(summary(await step()), ["cancelled 1", "cancelled 2"]);
  assertEquals(fake.paths, ["/1", "/3"]);
  fake.calls[1]!.answer();
  assertEquals(summary(await step()), [`success ${next} 200`]);
  assertEquals(client.cancel(next), false);
});

Deno.test("HttpClient.cancelByTag() and cancelAll() count what they end", async () => {
  const { client, step } = setUp();
  client.send(HttpRequest.get("/1").withTag("a"));
  client.send(HttpRequest.get("/2").withTag("b"));
  client.send(HttpRequest.get("/3").withTag("a"));
  await step();
  assertEquals(client.cancelByTag("a"), 2);
  assertEquals(client.cancelByTag("a"), 0);
  assertEquals(client.cancelAll(), 1);
  assertEquals(summary(await step()), [
    "cancelled 1",
    "cancelled 3",
    "cancelled 2",
  ]);
});

Deno.test("HttpClient cancels when the request's signal aborts", async () => {
  const { fake, client, step } = setUp();
  const controller = new AbortController();
  const request = HttpRequest.get("/1").withSignal(controller.signal);
  client.send(request);
  await step();
  controller.abort();
  client.send(request);
  assertEquals(summary(await step()), ["cancelled 1", "cancelled 2"]);
  assertEquals(fake.calls.length, 1);
});

Deno.test("HttpClient ends an attempt at timeoutMs of tick time and repeats it", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/slow").withTimeout(1_000).withRetries(1));
  await step();
  assertEquals(await step(0.9), []);
  assertEquals(summary(await step(0.2)), ["retrying 1"]);
  assert(fake.calls[0]!.init.signal!.aborted);
  await step(0.5);
  assertEquals(fake.calls.length, 2);
  assertEquals(summary(await step(1)), ["timeout 1 attempt"]);
  assertEquals(client.pendingCount, 0);
});

Deno.test("HttpClient prefers an answer that is there to a time-out", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/").withTimeout(1_000));
  await step();
  fake.calls[0]!.answer();
  assertEquals(summary(await step(60)), ["success 1 200"]);
});

Deno.test("HttpClient ends a request at deadlineMs in the queue, in flight and in back-off", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 1 });
  client.send(HttpRequest.get("/1").withDeadline(100));
  client.send(HttpRequest.get("/2").withDeadline(50));
  await step();
  assertEquals(summary(await step(0.06)), ["timeout 2 deadline"]);
  assertEquals(summary(await step(0.05)), ["timeout 1 deadline"]);
  client.send(HttpRequest.get("/3").withDeadline(10_000));
  await step();
  fake.open[0]!.answer("", { status: 503, headers: { "retry-after": "8" } });
  assertEquals(summary(await step()), ["retrying 3"]);
  assertEquals(summary(await step(10)), ["timeout 3 deadline"]);
});

Deno.test("HttpClient does not wait for a repetition that the deadline forbids", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/").withDeadline(5_000));
  await step();
  fake.calls[0]!.answer("", { status: 503, headers: { "retry-after": "8" } });
  assertEquals(summary(await step()), ["failure 1 serverError"]);
});

for (const status of [408, 425, 429, 500, 502, 503, 504]) {
  Deno.test(`HttpClient repeats a GET after status ${status}`, async () => {
    const { fake, client, step } = setUp();
    client.send(HttpRequest.get("/").withRetries(1));
    await step();
    fake.calls[0]!.answer("", { status });
    assertEquals(summary(await step()), ["retrying 1"]);
    await step(0.5);
    fake.calls[1]!.answer("", { status });
    assertEquals(summary(await step()), [
      status < 500
        ? `success 1 ${status}`
        : "failure 1 retriesExhausted 2 serverError",
    ]);
  });
}

for (const status of [400, 404, 501, 505]) {
  Deno.test(`HttpClient does not repeat a GET after status ${status}`, async () => {
    const { fake, client, step } = setUp();
    client.send(HttpRequest.get("/"));
    await step();
    fake.calls[0]!.answer("why", { status });
    const [event] = await step();
    assertExists(event);
    if (status < 500) assertEquals(event.type, "success");
    else {
      assert(event.type === "failure");
      assertEquals(event.reason, { type: "serverError", status });
      assertEquals(event.response?.text, "why");
    }
  });
}

Deno.test("HttpClient repeats after a network error and says why it gave up", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/?token=secret"));
  await step();
  for (let i = 0; i < 3; i++) {
    fake.open[0]!.fail();
    await step();
    await step(1);
  }
  const { events } = { events: await step() };
  assertEquals(events, []);
  assertEquals(fake.calls.length, 3);
  assertEquals(client.pendingCount, 0);
});

Deno.test("HttpClient tells attempts and last reason, and no query, in retriesExhausted", async () => {
  const { fake, client, events, step } = setUp();
  client.send(HttpRequest.get("/?token=secret").withRetries(1));
  await step();
  fake.calls[0]!.fail();
  await step();
  await step(1);
  const cause = new TypeError("connection refused");
  fake.calls[1]!.fail(cause);
  await step();
  const last = events.at(-1)!;
  assert(last.type === "failure");
  assertEquals(last.reason, {
    type: "retriesExhausted",
    attempts: 2,
    last: { type: "connectionFailed" },
  });
  assertEquals(last.cause, cause);
  assert(!last.message.includes("secret"), last.message);
});

Deno.test("HttpClient does not repeat POST or PATCH without an idempotency key", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.post("/", "x"));
  client.send(HttpRequest.create("PATCH", "/"));
  await step();
  fake.calls[0]!.answer("", { status: 503 });
  fake.calls[1]!.fail();
  assertEquals(summary(await step()).sort(), [
    "failure 1 serverError",
    "failure 2 connectionFailed",
  ]);
});

Deno.test("HttpClient repeats a POST with the same idempotency key", async () => {
  const { fake, client, step } = setUp();
  const request = HttpRequest.post("/", "x").withIdempotencyKey();
  client.send(request);
  client.send(request);
  await step();
  const keys = fake.calls.map((call) => call.headers.get("idempotency-key"));
  assert(keys[0] !== keys[1]);
  fake.calls[0]!.answer("", { status: 503 });
  await step();
  await step(0.6);
  assertEquals(fake.calls[2]!.headers.get("idempotency-key"), keys[0]!);
  assertEquals(await (fake.calls[2]!.init.body as Blob).text(), "x");
  client.close();
});

Deno.test("HttpClient waits for Retry-After in both its forms", async () => {
  const { fake, clock, client, step } = setUp();
  clock.setEpochMs(Date.UTC(2026, 0, 1));
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.answer("", { status: 503, headers: { "retry-after": "4" } });
  await step();
  await step(3.9);
  assertEquals(fake.calls.length, 1);
  await step(0.7);
  assertEquals(fake.calls.length, 2);
  const date = new Date(clock.epochMs() + 7_000).toUTCString();
  fake.calls[1]!.answer("", { status: 503, headers: { "retry-after": date } });
  await step();
  await step(5.9);
  assertEquals(fake.calls.length, 2);
  await step(2.2);
  assertEquals(fake.calls.length, 3);
  client.close();
});

Deno.test("HttpClient does not wait for a Retry-After beyond backoffMaxMs", async () => {
  const { fake, client, step } = setUp({ backoffMaxMs: 10_000 });
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.answer("", {
    status: 503,
    headers: { "retry-after": "86400" },
  });
  assertEquals(summary(await step()), ["failure 1 serverError"]);
});

Deno.test("HttpClient stops repeating when the origin's retry budget is spent", async () => {
  const { fake, client, step } = setUp({
    circuitBreaker: false,
    maxConcurrent: 64,
  });
  fake.onCall = (call) => call.answer("", { status: 503 });
  for (let i = 0; i < 40; i++) client.send(HttpRequest.get(`/${i}`));
  for (let i = 0; i < 20; i++) await step(1);
  assertEquals(client.pendingCount, 0);
  // Ten in reserve and a tenth of the forty first attempts, which refill only what was spent.
  assert(client.stats.retries <= 14, `${client.stats.retries}`);
  assert(client.stats.retries >= 10, `${client.stats.retries}`);
});

Deno.test("HttpClient refuses at maxPending with one queueFull each, in bounded memory", async () => {
  const { fake, client, step } = setUp({ maxPending: 10, maxConcurrent: 10 });
  fake.onCall = (call) => call.answer();
  const ids = Array.from(
    { length: 100_000 },
    () => client.send(HttpRequest.get("/")),
  );
  const seen = new Set<number>();
  let full = 0;
  while (seen.size < ids.length) {
    for (const event of await step()) {
      assert("id" in event && !seen.has(event.id));
      seen.add(event.id);
      if (event.type === "failure" && event.reason.type === "queueFull") full++;
    }
  }
  assertEquals(full, 99_990);
  client.send(HttpRequest.get("/"));
  await step();
  assertEquals(summary(await step()), ["success 100001 200"]);
});

Deno.test("HttpClient refuses while refusals wait, so that none is lost", async () => {
  const { fake, client, step } = setUp({ maxPending: 1 });
  fake.onCall = (call) => call.answer();
  client.send(HttpRequest.get("/"));
  client.send(HttpRequest.get("/"));
  await settle();
  client.tick(0);
  await settle();
  client.tick(0);
  assertEquals(summary([client.pollEvent()!]), ["failure 2 queueFull"]);
  assertEquals(summary([client.pollEvent()!]), ["success 1 200"]);
  assertEquals(client.pollEvent(), undefined);
  client.send(HttpRequest.get("/"));
  await step();
  assertEquals(summary(await step()), ["success 3 200"]);
});

const INVALID: [string, HttpRequest][] = [
  ["a scheme that is not http", HttpRequest.get("ftp://x/")],
  ["a URL that cannot be parsed", HttpRequest.get("http://[")],
  ["credentials in the URL", HttpRequest.get("http://u:p@x/")],
  ["a header name with a space", HttpRequest.get("/").withHeader("a b", "c")],
  [
    "a header value with a line break",
    HttpRequest.get("/").withHeader("a", "b\r\nc: d"),
  ],
  ["a header value beyond Latin-1", HttpRequest.get("/").withHeader("a", "€")],
  ["a body on GET", HttpRequest.get("/").withBody("x")],
  ["a method that is no token", HttpRequest.create("GET /x", "/")],
  [
    "an idempotency key with a line break",
    HttpRequest.post("/").withIdempotencyKey("a\nb"),
  ],
];

for (const [what, request] of INVALID) {
  Deno.test(`HttpClient answers invalidRequest to ${what}`, () => {
    const { fake, client } = setUp();
    client.send(request);
    assertEquals(summary([...client.drainEvents()]), [
      "failure 1 invalidRequest",
    ]);
    client.tick(0);
    assertEquals(fake.calls.length, 0);
  });
}

Deno.test("HttpClient sends a method of the game's own, and does not repeat it", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.create("M-SEARCH", "/"));
  await step();
  assertEquals(fake.calls[0]!.init.method, "M-SEARCH");
  fake.calls[0]!.fail();
  assertEquals(summary(await step()), ["failure 1 connectionFailed"]);
});

Deno.test("HttpClient without baseUrl asks for an absolute URL", () => {
  const client = new HttpClient();
  client.send(HttpRequest.get("/a"));
  const [event] = [...client.drainEvents()];
  assert(event?.type === "failure");
  assert(event.message.includes("baseUrl"), event.message);
});

Deno.test("HttpClient.setRateLimit() holds back its prefix alone and says so once", async () => {
  const { fake, client, events, step } = setUp();
  fake.onCall = (call) => call.answer();
  client.setRateLimit(`${BASE}/api`, 2, 1);
  for (let i = 0; i < 4; i++) client.send(HttpRequest.get(`/api/${i}`));
  client.send(HttpRequest.get("/apis"));
  client.send(HttpRequest.get("http://other.test/x"));
  await step();
  assertEquals(fake.paths, ["/api/0", "/api/1", "/apis", "/x"]);
  await step(0.1);
  await step(0.1);
  assertEquals(
    events.filter((event) => event.type === "rateLimited").length,
    1,
  );
  await step(0.31);
  assertEquals(fake.paths.at(-1), "/api/2");
  await step(0.5);
  assertEquals(fake.paths.at(-1), "/api/3");
  await step();
  assertEquals(client.stats.done, 6);
});

Deno.test("HttpClient.setRateLimit() with an origin covers all of it", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/b/c?d"));
  client.setRateLimit(BASE, 1, 10);
  await step();
  assertEquals(fake.paths, ["/a"]);
  client.close();
});

Deno.test("HttpClient honours the server's RateLimit fields", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/1"));
  await step();
  fake.calls[0]!.answer("", {
    headers: { "ratelimit": '"default";r=1;t=5' },
  });
  await step();
  for (let i = 2; i <= 4; i++) client.send(HttpRequest.get(`/${i}`));
  assertEquals(summary(await step()), ["rateLimited 3"]);
  assertEquals(fake.paths, ["/1", "/2"]);
  await step(5.1);
  assertEquals(fake.paths, ["/1", "/2", "/3", "/4"]);
  client.close();
});

Deno.test("HttpClient holds an origin back after 429 with Retry-After", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/1").withRetries(0));
  await step();
  fake.calls[0]!.answer("", { status: 429, headers: { "retry-after": "3" } });
  assertEquals(summary(await step()), ["success 1 429"]);
  client.send(HttpRequest.get("/2"));
  client.send(HttpRequest.get("http://other.test/3"));
  await step();
  assertEquals(fake.paths, ["/1", "/3"]);
  await step(3.1);
  assertEquals(fake.paths, ["/1", "/3", "/2"]);
  client.close();
});

Deno.test("HttpClient opens the circuit of an origin, probes once, and closes it", async () => {
  const { fake, client, step } = setUp({ retries: 0 });
  fake.onCall = (call) => call.fail();
  for (let i = 0; i < 6; i++) {
    client.send(HttpRequest.get("/"));
    await step();
  }
  assertEquals(summary(await step()), []);
  assertEquals(fake.calls.length, 5);
  client.send(HttpRequest.get("/"));
  client.send(HttpRequest.get("http://other.test/"));
  const refused = await step();
  assertEquals(summary(refused), ["failure 7 circuitOpen"]);
  assertEquals(fake.calls.length, 6);
  await step();
  fake.onCall = undefined;
  await step(8);
  client.send(HttpRequest.get("/probe"));
  client.send(HttpRequest.get("/waits"));
  assertEquals(summary(await step()), ["circuit halfOpen"]);
  assertEquals(fake.calls.length, 6);
  assertEquals(await step(1), []);
  assertEquals(fake.paths.slice(6), ["/probe"]);
  fake.calls[6]!.answer();
  assertEquals(summary(await step()), ["circuit closed", "success 9 200"]);
  assertEquals(fake.paths.slice(6), ["/probe", "/waits"]);
  client.close();
});

Deno.test("HttpClient lets another probe through when the first was cancelled", async () => {
  const { fake, client, step } = setUp({
    retries: 0,
    circuitBreaker: { failureThreshold: 1 },
  });
  fake.onCall = (call) => call.fail();
  client.send(HttpRequest.get("/"));
  await step();
  await step();
  fake.onCall = undefined;
  await step(8);
  const probe = client.send(HttpRequest.get("/probe1"));
  await step();
  await step(1);
  client.cancel(probe);
  client.send(HttpRequest.get("/probe2"));
  await step();
  assertEquals(fake.paths, ["/", "/probe1", "/probe2"]);
  fake.calls[2]!.answer();
  assertEquals(summary(await step()), ["circuit closed", "success 3 200"]);
});

Deno.test("HttpClient asks for a new token once after 401 and shares it", async () => {
  const asked: boolean[] = [];
  const { fake, client, step } = setUp({
    bearerToken: ({ refresh }) => {
      asked.push(refresh);
      return Promise.resolve(refresh ? "new" : "old");
    },
  });
  fake.onCall = (call) =>
    call.answer("", {
      status: call.headers.get("authorization") === "Bearer new" ? 200 : 401,
    });
  client.send(HttpRequest.get("/1"));
  client.send(HttpRequest.post("/2", "x"));
  for (let i = 0; i < 4; i++) await step();
  assertEquals(asked, [false, true]);
  assertEquals(client.stats.done, 2);
  assertEquals(fake.calls.length, 4);
  assertEquals(await (fake.calls[3]!.init.body as Blob).text(), "x");
});

Deno.test("HttpClient delivers a second 401", async () => {
  const { fake, client, events, step } = setUp({ bearerToken: () => "bad" });
  fake.onCall = (call) => call.answer("", { status: 401 });
  client.send(HttpRequest.get("/"));
  for (let i = 0; i < 4; i++) await step();
  assertEquals(summary(events), ["success 1 401"]);
  assertEquals(fake.calls.length, 2);
});

Deno.test("HttpClient gives its token to the origin of baseUrl alone", async () => {
  const { fake, client, step } = setUp({ bearerToken: "secret" });
  client.send(HttpRequest.get("/"));
  client.send(HttpRequest.get("http://other.test/"));
  client.send(HttpRequest.get("/").bearerAuth("own"));
  await step();
  assertEquals(
    fake.calls.map((call) => call.headers.get("authorization")),
    ["Bearer own", null, "Bearer secret"].reverse().sort((a, b) =>
      ["Bearer secret", null, "Bearer own"].indexOf(a) -
      ["Bearer secret", null, "Bearer own"].indexOf(b)
    ),
  );
  client.close();
  assertThrows(
    () => new HttpClient({ bearerToken: "x" }),
    TypeError,
    "baseUrl",
  );
});

Deno.test("HttpClient reports a token provider that fails", async () => {
  const { fake, client, step } = setUp({
    bearerToken: () => Promise.reject(new Error("no session")),
  });
  client.send(HttpRequest.get("/"));
  await step();
  assertEquals(summary(await step()), ["failure 1 tokenUnavailable"]);
  assertEquals(fake.calls.length, 0);
});

Deno.test("HttpClient streams chunks, pauses for a game that does not drain, and takes no slot", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 1 });
  let pulls = 0;
  client.send(HttpRequest.get("/busy"));
  client.send(HttpRequest.get("/stream").withStreaming());
  await step();
  assertEquals(fake.paths, ["/busy", "/stream"]);
  fake.calls[1]!.answer(
    new Response(
      new ReadableStream({
        pull(controller) {
          if (++pulls > 100) controller.close();
          else controller.enqueue(new Uint8Array([pulls]));
        },
      }, { highWaterMark: 0 }),
    ),
  );
  for (let i = 0; i < 10; i++) {
    await settle();
    client.tick(0);
  }
  assertEquals(pulls, 8);
  const bytes: number[] = [];
  let started = 0;
  for (let i = 0; i < 100; i++) {
    for (const event of await step()) {
      if (event.type === "responseStarted") started = event.status;
      if (event.type === "chunk") bytes.push(...event.bytes);
      if (event.type === "success") assertEquals(event.response.bodyLength, 0);
    }
  }
  assertEquals(started, 200);
  assertEquals(bytes, Array.from({ length: 100 }, (_, i) => i + 1));
  assertEquals(client.pendingCount, 1);
  client.close();
});

Deno.test("HttpClient ends a stream that is silent for idleTimeoutMs, but not one that the game lets lie", async () => {
  const { fake, client, step } = setUp();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(it) {
      controller = it;
    },
  });
  client.send(HttpRequest.get("/").withStreaming({ idleTimeoutMs: 1_000 }));
  await step();
  fake.calls[0]!.answer(new Response(body));
  assertEquals(summary(await step()), ["responseStarted 1"]);
  for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(1));
  await settle();
  client.tick(0);
  for (let i = 0; i < 10; i++) client.tick(1);
  assertEquals(client.pendingCount, 1);
  for (let i = 0; i < 10; i++) await step();
  assertEquals(summary(await step(0.9)), []);
  assertEquals(summary(await step(0.2)), ["timeout 1 idle"]);
});

Deno.test("HttpClient gives a streamed request whose status is not 2xx whole", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/").withStreaming());
  await step();
  fake.calls[0]!.answer("gone", { status: 404 });
  const [event] = await step();
  assert(event?.type === "success");
  assertEquals(event.response.text, "gone");
});

Deno.test("HttpClient reports progress of up- and downloads", async () => {
  const { fake, client, events, step } = setUp();
  client.send(HttpRequest.post("/", new Uint8Array(200_000)).withProgress());
  await step();
  const received = await new Response(fake.calls[0]!.init.body).bytes();
  assertEquals(received.length, 200_000);
  await step();
  fake.calls[0]!.answer(
    new Response("hello", { headers: { "content-length": "5" } }),
  );
  await step();
  const up = events.filter((event) => event.type === "uploadProgress").at(-1);
  assert(up?.type === "uploadProgress");
  assertEquals([up.sentBytes, up.totalBytes], [200_000, 200_000]);
  const down = events.find((event) => event.type === "downloadProgress");
  assert(down?.type === "downloadProgress");
  assertEquals([down.receivedBytes, down.totalBytes], [5, 5]);
});

Deno.test("HttpClient stops reading at maxBodyBytes", async () => {
  const { fake, client, step } = setUp({ maxBodyBytes: 1_000 });
  let pulled = 0;
  let isCancelled = false;
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.answer(
    new Response(
      new ReadableStream({
        pull(controller) {
          pulled += 100;
          controller.enqueue(new Uint8Array(100));
        },
        cancel() {
          isCancelled = true;
        },
      }, { highWaterMark: 0 }),
    ),
  );
  assertEquals(summary(await step()), ["failure 1 bodyTooLarge"]);
  assertEquals(pulled, 1_100);
  assert(isCancelled);
});

Deno.test("HttpClient refuses a declared length above maxBodyBytes without reading", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/").withMaxBodyBytes(3));
  await step();
  fake.calls[0]!.answer(
    new Response("four", { headers: { "content-length": "4" } }),
  );
  assertEquals(summary(await step()), ["failure 1 bodyTooLarge"]);
});

Deno.test("HttpClient repeats a GET whose body is shorter than declared", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.answer(
    new Response("abc", { headers: { "content-length": "4" } }),
  );
  assertEquals(summary(await step()), ["retrying 1"]);
  client.close();
});

Deno.test("HttpClient keeps requests while it is offline", async () => {
  const { fake, client, step } = setUp();
  client.setOnline(false);
  client.send(HttpRequest.get("/"));
  client.send(HttpRequest.get("/").withDeadline(500));
  assertEquals(summary(await step(1)), ["timeout 2 deadline"]);
  assertEquals(fake.calls.length, 0);
  client.setOnline(true);
  await step();
  assertEquals(fake.calls.length, 1);
  client.close();
});

Deno.test("HttpClient.close() ends everything once and refuses what comes later", async () => {
  const { client, step } = setUp();
  client.send(HttpRequest.get("/1"));
  client.send(HttpRequest.get("/2").withStreaming());
  await step();
  client.close();
  client.close();
  client.send(HttpRequest.get("/3"));
  assertEquals(summary(await step()), [
    "cancelled 1",
    "cancelled 2",
    "cancelled 3",
  ]);
});

Deno.test("HttpClient logs without queries and header fields when it is verbose", async () => {
  const lines: string[] = [];
  const { fake, client, step } = setUp({
    verbose: true,
    log: (line) => lines.push(line),
    bearerToken: "hush",
  });
  client.send(HttpRequest.get("/a?key=hush#hush"));
  await step();
  fake.calls[0]!.answer();
  await step();
  assertEquals(lines, [
    `http: GET ${BASE}/a: attempt 1`,
    `http: GET ${BASE}/a: status 200`,
  ]);
});

Deno.test("HttpClient refuses bad options, and tick() a bad dt", () => {
  assertThrows(() => new HttpClient({ maxConcurrent: 0 }), RangeError, "0");
  assertThrows(() => new HttpClient({ timeoutMs: -1 }), RangeError, "-1");
  assertThrows(() => new HttpClient({ retries: 1.5 }), RangeError, "1.5");
  assertThrows(() => new HttpClient({ maxPending: NaN }), RangeError, "NaN");
  assertThrows(() => new HttpClient({ baseUrl: "/x" }), TypeError, "/x");
  for (
    const [options, name] of [
      [{ circuitBreaker: { failureThreshold: 0 } }, "failureThreshold"],
      [{ circuitBreaker: { openMs: 0 } }, "openMs"],
      [{ circuitBreaker: { openMs: 10, maxOpenMs: 5 } }, "maxOpenMs"],
      [{ backoffBaseMs: 500, backoffMaxMs: 10 }, "backoffBaseMs"],
      [{ backoffMaxMs: Infinity }, "backoffMaxMs"],
      [{ baseUrl: BASE, bearerToken: "a\nb" }, "token"],
      [{ baseUrl: BASE, bearerToken: "" }, "token"],
    ] as const
  ) {
    assertThrows(() => new HttpClient(options), Error, name);
  }
  assertThrows(
    () => new HttpClient({ defaultHeaders: { "a b": "c" } }),
    TypeError,
    "a b",
  );
  const client = new HttpClient();
  assertThrows(() => client.tick(-1), RangeError, "-1");
  assertThrows(() => client.tick(NaN), RangeError, "NaN");
  assertThrows(
    () => client.send(HttpRequest.post("/", "x").withDurability()),
    TypeError,
    "journal",
  );
});

Deno.test("HttpClient calls onWake once for what the next tick takes in", async () => {
  let wakes = 0;
  const { fake, client, step } = setUp({ onWake: () => wakes++ });
  client.send(HttpRequest.get("/1"));
  client.send(HttpRequest.get("/2"));
  await step();
  assertEquals(wakes, 0);
  fake.calls.forEach((call) => call.answer());
  await settle();
  assertEquals(wakes, 1);
  client.tick(0);
  assertEquals([...client.drainEvents()].length, 2);
  client.send(HttpRequest.get("/3"));
  await step();
  fake.calls[2]!.answer();
  await step();
  assertEquals(wakes, 2);
});

Deno.test("HttpClient takes an openMs above the default maximum, and a short backoffMaxMs", async () => {
  const { fake, client, step } = setUp({
    circuitBreaker: { openMs: 120_000 },
    backoffMaxMs: 100,
  });
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.fail();
  assertEquals(summary(await step()), ["retrying 1"]);
  await step(0.11);
  fake.calls[1]!.answer();
  assertEquals(summary(await step()), ["success 1 200"]);
});

Deno.test("HttpClient takes the begin of a stream for the end of its probe", async () => {
  const { fake, client, step } = setUp({
    retries: 0,
    circuitBreaker: { failureThreshold: 1 },
  });
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.fail();
  await step();
  await step(8);
  client.send(HttpRequest.get("/events").withStreaming());
  await step();
  await step(1);
  fake.calls[1]!.answer(
    new Response(new ReadableStream(), {
      headers: { ratelimit: '"default";r=1;t=5' },
    }),
  );
  assertEquals(summary(await step()), ["circuit closed", "responseStarted 2"]);
  client.send(HttpRequest.get("/1"));
  client.send(HttpRequest.get("/2"));
  await step();
  assertEquals(fake.paths, ["/", "/events", "/1"]);
  client.close();
});

Deno.test("HttpClient asks again for a token that its provider never gave", async () => {
  let asked = 0;
  const { fake, client, step } = setUp({
    retries: 0,
    timeoutMs: 1_000,
    circuitBreaker: { failureThreshold: 1 },
    bearerToken: () => ++asked === 1 ? new Promise(() => {}) : "good",
  });
  client.send(HttpRequest.get("/1"));
  await step();
  assertEquals(summary(await step(1)), ["timeout 1 attempt"]);
  client.send(HttpRequest.get("/2"));
  await step();
  assertEquals(fake.calls[0]!.headers.get("authorization"), "Bearer good");
  client.close();
});

for (const token of ["top\nsecret", "t€n", "", undefined, 7]) {
  Deno.test(`HttpClient refuses the token ${JSON.stringify(token)} without showing or blaming`, async () => {
    const { fake, client, events, step } = setUp({
      circuitBreaker: { failureThreshold: 1 },
      bearerToken: () => token as string,
    });
    client.send(HttpRequest.get("/"));
    await step();
    await step();
    assertEquals(summary(events), ["failure 1 tokenUnavailable"]);
    const [event] = events;
    assert(event?.type === "failure" && !event.message.includes("secret"));
    assertEquals(fake.calls.length, 0);
  });
}

Deno.test("HttpClient ends a request whose body is gone, and keeps its slot", async () => {
  const { client, events, step } = setUp({ maxPending: 2 });
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  for (let i = 0; i < 5; i++) {
    client.send(HttpRequest.post("/", bytes.buffer));
    await step();
  }
  assertEquals(new Set(summary(events)).size, 5);
  assert(
    events.every((event) =>
      event.type === "failure" && event.reason.type === "invalidRequest"
    ),
  );
});

Deno.test("HttpClient takes the game's own Idempotency-Key field for the key", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.post("/", "x").withHeader("Idempotency-Key", "mine"));
  await step();
  fake.calls[0]!.answer("", { status: 503 });
  await step();
  await step(1);
  assertEquals(
    fake.calls.map((call) => call.headers.get("idempotency-key")),
    ["mine", "mine"],
  );
  client.close();
});

Deno.test("HttpClient lets go of a stream body that it never sent", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    cancel() {
      isCancelled = true;
    },
  });
  const { client, step } = setUp();
  const id = client.send(HttpRequest.post("/", body));
  client.cancel(id);
  await step();
  assert(isCancelled);
});

Deno.test("HttpClient holds as many streams as maxPending", () => {
  const { client } = setUp({ maxPending: 600 });
  for (let i = 0; i < 600; i++) {
    client.send(HttpRequest.get("/").withStreaming());
  }
  assertEquals(client.pendingCount, 600);
  client.close();
});

Deno.test("HttpClient lets a stream rest that nobody drains, however short its idle time", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/").withStreaming({ idleTimeoutMs: 1e-9 }));
  await settle();
  client.tick(0);
  fake.calls[0]!.answer(
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(1));
        },
      }),
    ),
  );
  await settle();
  client.tick(0);
  await settle();
  client.tick(0);
  client.tick(1);
  assertEquals(client.pendingCount, 1);
  client.close();
  await step();
});
