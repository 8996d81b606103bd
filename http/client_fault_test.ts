// The client on the runtime's own fetch, against a server that misbehaves: whatever it does, each
// request has one terminal event, what is given up is closed, and nothing grows without a bound.

import {
  assert,
  assertEquals,
  assertExists,
  assertGreater,
  assertLessOrEqual,
} from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { FaultServer } from "./_testing/fault_server.ts";
import { MemoryCacheStore } from "./cache/memory_store.ts";
import { HttpClient } from "./client.ts";
import type { HttpClientOptions } from "./client_options.ts";
import type { HttpEvent, HttpTerminalEvent } from "./event.ts";
import { Method } from "./method.ts";
import { HttpRequest } from "./request.ts";

const GIVE_UP_MS = 120_000;
const FRAME_SECS = 0.05;

/** A client, driven by frames that pass as fast as the event loop turns. */
class Player implements AsyncDisposable {
  readonly client: HttpClient;
  readonly server: FaultServer;
  readonly events: HttpEvent[] = [];

  constructor(server: FaultServer, options: HttpClientOptions = {}) {
    this.server = server;
    this.client = new HttpClient({
      baseUrl: server.origin,
      random: new SeededRandom(1),
      cache: false,
      circuitBreaker: false,
      // The time of frames has nothing to do with that of sockets here: only tests that want a time-out set one.
      timeoutMs: Infinity,
      ...options,
    });
  }

  /** One frame, and a turn of the event loop. */
  async frame(dt = FRAME_SECS): Promise<void> {
    this.client.tick(dt);
    this.events.push(...this.client.drainEvents());
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Plays frames until a condition holds. */
  async until(condition: () => boolean, dt = FRAME_SECS): Promise<void> {
    for (const deadline = Date.now() + GIVE_UP_MS; !condition();) {
      assert(
        Date.now() < deadline,
        `Gave up waiting for ${condition}: ${JSON.stringify(this.outcomes())}`,
      );
      await this.frame(dt);
    }
  }

  /** Plays frames until nothing is pending, and some more in which nothing may come. */
  async finish(): Promise<HttpTerminalEvent[]> {
    await this.until(() => this.client.pendingCount === 0);
    for (let extra = 0; extra < 5; extra++) await this.frame(60);
    const ends = this.terminals();
    assertEquals(new Set(ends.map((event) => event.id)).size, ends.length);
    assertEquals(ends.length, this.client.stats.done);
    assertEquals(this.client.stats.inFlight, 0);
    return ends;
  }

  /** Sends one request and plays until it has ended. */
  async play(request: HttpRequest): Promise<HttpTerminalEvent> {
    const id = this.client.send(request);
    const ends = await this.finish();
    const end = ends.find((event) => event.id === id);
    assertExists(end);
    return end;
  }

  terminals(): HttpTerminalEvent[] {
    return this.events.filter((event) =>
      event.type === "success" || event.type === "failure" ||
      event.type === "timeout" || event.type === "cancelled"
    );
  }

  outcomes(): string[] {
    return this.terminals().map(outcome);
  }

  /** Ends the client, and waits until the server knows that nothing is read any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.frame(0);
  }
}

function outcome(event: HttpTerminalEvent): string {
  switch (event.type) {
    case "success":
      return `${event.response.status} ${event.response.body.length}`;
    case "failure":
      return event.reason.type === "retriesExhausted"
        ? `${event.reason.attempts}x ${event.reason.last.type}`
        : event.reason.type;
    case "timeout":
      return `timeout ${event.limit}`;
    case "cancelled":
      return "cancelled";
  }
}

interface Echo {
  readonly body: string;
  readonly bodyBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly connection: number;
  readonly arrivals: number;
}

function echo(event: HttpTerminalEvent): Echo {
  assert(event.type === "success", outcome(event));
  return event.response.json<Echo>();
}

// What a GET comes to, and how often the server saw it with one retry allowed.
const FAULTS: [target: string, outcome: string, hits: number][] = [
  ["/json", "200 11", 1],
  ["/status/404", "404 11", 1],
  ["/status/500", "2x serverError", 2],
  ["/status/501", "serverError", 1],
  ["/status/503", "2x serverError", 2],
  ["/status/999", "serverError", 1],
  ["/status/204", "204 0", 1],
  ["/reset", "2x connectionFailed", 2],
  ["/close", "2x connectionFailed", 2],
  ["/reset-mid-body", "2x readError", 2],
  ["/close-mid-body", "2x readError", 2],
  ["/reset-mid-chunked", "2x readError", 2],
  ["/close-mid-chunked", "2x readError", 2],
  ["/length?value=3", "200 3", 1],
  ["/length?value=100", "2x readError", 2],
  ["/length?value=-1", "2x readError", 2],
  ["/length?value=x", "2x readError", 2],
  ["/length?value=11&value=11", "200 11", 1],
  ["/length?value=11&value=5", "2x readError", 2],
  ["/length?value=99999999999999999999", "2x readError", 2],
  ["/length", "200 11", 1],
  ["/drip?bytes=100", "200 100", 1],
  ["/redirect", "200", 1],
  ["/status/302", "302 ", 1],
  ["/status/307", "307 ", 1],
  ["/redirect-loop", "tooManyRedirects", 1],
  ["/redirect?to=http%3A%2F%2F%5Bx", "2x readError", 2],
  ["/redirect?to=ftp%3A%2F%2Fx", "2x readError", 2],
  ["/huge-headers?close", "2x readError", 2],
  ["/malformed/empty-line", "2x connectionFailed", 2],
  ["/malformed/garbage", "2x readError", 2],
  ["/malformed/status-text", "2x readError", 2],
  ["/malformed/status-range", "2x readError", 2],
  ["/malformed/version", "2x readError", 2],
  ["/malformed/header-name", "2x readError", 2],
  ["/malformed/header-colon", "2x readError", 2],
  ["/malformed/header-cut", "2x connectionFailed", 2],
  ["/malformed/header-control", "2x readError", 2],
  ["/malformed/chunk-size", "2x readError", 2],
  ["/malformed/chunk-end", "2x readError", 2],
  ["/malformed/chunk-extension", "2x readError", 2],
  ["/malformed/chunk-huge", "2x readError", 2],
  ["/malformed/gzip", "2x readError", 2],
  ["/malformed/gzip-cut", "2x readError", 2],
  ["/malformed/switching", "2x readError", 2],
];

Deno.test("HttpClient ends each request once, whatever the server does", async (t) => {
  for (const [target, expected, hits] of FAULTS) {
    await t.step(target, async () => {
      await using server = await FaultServer.start();
      await using player = new Player(server, { retries: 1 });
      const end = await player.play(HttpRequest.get(target));
      const found = outcome(end);
      assertEquals(found.slice(0, expected.length), expected);
      const path = target.replace(/\?.*/, "");
      assertEquals(server.hits(path), hits);
      assertEquals(player.client.stats.attempts, hits);
    });
  }
});

const MIXES: [string, HttpClientOptions][] = [
  ["alone", {}],
  ["with a circuit breaker", { circuitBreaker: {} }],
  ["with a cache", { cache: new MemoryCacheStore() }],
];

for (const [name, options] of MIXES) {
  Deno.test(`HttpClient ends each of many requests once, all faults at a time, ${name}`, async () => {
    await using server = await FaultServer.start();
    await using player = new Player(server, {
      retries: 1,
      maxConcurrent: 16,
      ...options,
    });
    const ids = new Set<number>();
    for (let round = 0; round < 3; round++) {
      for (const [target] of FAULTS) {
        ids.add(player.client.send(HttpRequest.get(target)));
        ids.add(player.client.send(HttpRequest.get(target).withStreaming()));
        ids.add(player.client.send(HttpRequest.post(target, "body")));
      }
      for (const target of ["/stall", "/stall-mid-body"]) {
        const request = HttpRequest.get(target).withTimeout(10_000);
        ids.add(player.client.send(request));
      }
    }
    const ends = await player.finish();
    assertEquals(new Set<number>(ends.map((event) => event.id)), ids);
    await player.until(() => server.busy === 0);
  });
}

for (const fault of ["reset", "close"]) {
  Deno.test(`HttpClient repeats a GET whose body broke off by ${fault}`, async () => {
    await using server = await FaultServer.start();
    await using player = new Player(server, { retries: 2 });
    for (const where of ["mid-body", "mid-chunked"]) {
      const path = `/flaky/2?fault=/${fault}-${where}`;
      const request = HttpRequest.get(path).withHeader("X-Request-Id", where);
      const end = await player.play(request);
      assertEquals(echo(end).arrivals, 3);
      assert(end.type === "success");
      assertEquals(end.response.attempts, 3);
    }
    const reasons = player.events.map((event) =>
      event.type === "retrying" ? event.reason.type : ""
    );
    assertEquals(reasons.filter((type) => type === "readError").length, 4);
  });
}

Deno.test("HttpClient does not repeat a stream that has begun", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, { retries: 2 });
  const request = HttpRequest.get("/close-mid-body").withStreaming();
  const end = await player.play(request);
  assertEquals(outcome(end), "readError");
  assertEquals(server.hits("/close-mid-body"), 1);
  const types = player.events.map((event) => event.type);
  assertEquals(types, ["responseStarted", "chunk", "failure"]);
});

// Bodies as a game may give them.
const BODIES: [string, (request: HttpRequest) => HttpRequest][] = [
  ["no body", (request) => request],
  ["an empty text", (request) => request.withBody("")],
  ["text", (request) => request.withBody("abc")],
  ["bytes", (request) => request.withBody(new Uint8Array([1, 2, 3]))],
  ["a buffer", (request) => request.withBody(new Uint8Array(3).buffer)],
  ["a blob", (request) => request.withBody(new Blob(["abc"]))],
  ["an empty blob", (request) => request.withBody(new Blob([]))],
  ["a form", (request) => request.withBody(new FormData())],
  [
    "parameters",
    (request) => request.withBody(new URLSearchParams({ a: "b" })),
  ],
  ["JSON", (request) => request.withJson({ a: 1 })],
  ["large text", (request) => request.withBody("x".repeat(300_000))],
  ["text with progress", (request) => request.withBody("abc").withProgress()],
  ["a stream", (request) => request.withBody(new Blob(["abc"]).stream())],
];

for (const method of [Method.POST, Method.PATCH, Method.PUT, Method.DELETE]) {
  for (const how of ["close", "reset"]) {
    Deno.test(`HttpClient sends ${method} once per attempt when pooled connections die by ${how}`, async () => {
      await using server = await FaultServer.start();
      for (const [name, withBody] of BODIES) {
        for (const retries of [0, 2]) {
          const id = `${name}, ${retries} retries`;
          await using player = new Player(server);
          // Leaves a connection in the pool of fetch, which the request then takes.
          await player.play(HttpRequest.get("/json"));
          const request = withBody(
            HttpRequest.create(method, `/drop-reused?how=${how}`),
          ).withHeader("X-Request-Id", id).withRetries(retries);
          const end = await player.play(
            retries > 0 ? request.withIdempotencyKey() : request,
          );
          const attempts = player.client.stats.attempts - 1;
          const arrived = server.requests.filter((it) =>
            it.headers.get("x-request-id") === id
          );
          assertEquals(arrived.length, attempts, id);
          assertGreater(arrived[0]!.earlier, 0, `${id}: no pooled connection`);
          if (retries > 0 && name !== "a stream") {
            assertEquals(attempts, 2, id);
            assertEquals(echo(end).arrivals, 2, id);
          } else {
            assertEquals(attempts, 1, id);
            assertEquals(outcome(end), "connectionFailed", id);
          }
          const keys = arrived.map((it) => it.headers.get("idempotency-key"));
          assertEquals(new Set(keys).size, 1, id);
          assertEquals(keys[0] !== null, retries > 0, id);
        }
      }
    });
  }
}

Deno.test("The runtime itself repeats a POST of text, so the tests above can fail", async () => {
  await using server = await FaultServer.start();
  const url = `${server.origin}/drop-reused`;
  await (await fetch(url)).bytes();
  const headers = { "X-Request-Id": "a" };
  const response = await fetch(url, { method: "POST", headers, body: "abc" });
  await response.bytes();
  assertEquals(server.arrivals("a"), 2);
});

Deno.test("HttpClient sends bodies and their types as they are", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server);
  const form = new FormData();
  form.set("name", "value");
  const cases: [HttpRequest, string, RegExp][] = [
    [HttpRequest.post("/echo", "grüß"), "grüß", /^text\/plain;charset=utf-8$/i],
    [HttpRequest.post("/echo", new Uint8Array([97, 98])), "ab", /^$/],
    [
      HttpRequest.postJson("/echo", { a: 1 }),
      '{"a":1}',
      /^application\/json$/,
    ],
    [
      HttpRequest.post("/echo", new URLSearchParams({ a: "b c" })),
      "a=b+c",
      /^application\/x-www-form-urlencoded;charset=utf-8$/i,
    ],
    [
      HttpRequest.post("/echo", new Blob(["ab"], { type: "x/y" })),
      "ab",
      /^x\/y$/,
    ],
    [
      HttpRequest.post("/echo", "ab").withHeader("content-type", "x/z"),
      "ab",
      /^x\/z$/,
    ],
    [
      HttpRequest.post("/echo", "ab").withProgress(),
      "ab",
      /^text\/plain;charset=utf-8$/i,
    ],
    [HttpRequest.create("PUT", "/echo"), "", /^$/],
  ];
  for (const [request, body, type] of cases) {
    const received = echo(await player.play(request));
    assertEquals(received.body, body);
    const contentType = received.headers["content-type"] ?? "";
    assert(type.test(contentType), `${body}: ${contentType}`);
  }
  const received = echo(await player.play(HttpRequest.post("/echo", form)));
  assert(/name="name"\r\n\r\nvalue\r\n/.test(received.body));
  const contentType = received.headers["content-type"]!;
  const boundary = /^multipart\/form-data; ?boundary=(\S+)$/.exec(contentType);
  assert(received.body.includes(`--${boundary?.[1]}--`), contentType);
});

/** The runtime's fetch, counting the decoded bytes that were taken out of bodies. */
class CountingFetch {
  bytes = 0;

  readonly fetch = async (
    url: string,
    init: RequestInit,
  ): Promise<Response> => {
    const response = await fetch(url, init);
    const reader = response.body!.getReader();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller): Promise<void> => {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        this.bytes += value.length;
        controller.enqueue(value);
      },
      cancel: (reason): Promise<void> => reader.cancel(reason),
    }, { highWaterMark: 0 });
    return new Response(body, response);
  };
}

const CAP = 1_000_000;

for (
  const [what, target] of [
    ["1 GiB of unknown length", "/endless?undeclared"],
    ["200 MB from a gzip bomb", "/bomb"],
  ] as const
) {
  Deno.test(`HttpClient stops reading ${what} within 64 KiB of maxBodyBytes`, async () => {
    await using server = await FaultServer.start();
    const counting = new CountingFetch();
    await using player = new Player(server, {
      fetch: counting.fetch,
      maxBodyBytes: CAP,
    });
    const end = await player.play(HttpRequest.get(target));
    assertEquals(outcome(end), "bodyTooLarge");
    assertEquals(player.client.stats.attempts, 1);
    assertGreater(counting.bytes, CAP);
    assertLessOrEqual(counting.bytes, CAP + 65_536);
    await player.until(() => server.openConnections === 0);
    assertLessOrEqual(server.bytesSent, 2 ** 24);
  });
}

Deno.test("HttpClient reads nothing of a body declared larger than maxBodyBytes", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, { maxBodyBytes: CAP });
  const end = await player.play(HttpRequest.get("/endless"));
  assertEquals(outcome(end), "bodyTooLarge");
  await player.until(() => server.openConnections === 0);
  assertLessOrEqual(server.bytesSent, 2 ** 24);
});

Deno.test("HttpClient pauses a stream of 1 GiB while the game drains nothing", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server);
  const request = HttpRequest.get("/endless").withStreaming();
  const id = player.client.send(request);
  let before = -1;
  for (let still = 0; still < 20;) {
    player.client.tick(FRAME_SECS);
    await new Promise((resolve) => setTimeout(resolve, 0));
    still = server.bytesSent === before && before > 0 ? still + 1 : 0;
    before = server.bytesSent;
  }
  assertLessOrEqual(server.bytesSent, 2 ** 24);
  player.client.cancel(id);
  const [end] = await player.finish();
  assertEquals(outcome(end!), "cancelled");
  await player.until(() => server.openConnections === 0);
});

for (const path of ["/stall", "/stall-mid-body", "/drip?gate=never"]) {
  Deno.test(`HttpClient times out ${path} by tick time and closes its connection`, async () => {
    await using server = await FaultServer.start();
    await using player = new Player(server, {
      timeoutMs: 10_000,
      backoffBaseMs: 1,
      retries: 1,
    });
    player.client.send(HttpRequest.get(path));
    for (let attempt = 1; attempt <= 2; attempt++) {
      await player.until(
        () => player.client.stats.attempts === attempt,
        0.001,
      );
      // From here on the attempt's time passes.
      await player.until(() => server.requests.length === attempt, 0);
      // Only tick time counts, however long the turns of the event loop take.
      await player.frame(9.9);
      assertEquals(server.openConnections, 1);
      assertEquals(player.client.stats.inFlight, 1);
      await player.frame(0.2);
      await player.until(() => server.openConnections === 0, 0);
    }
    const [end] = await player.finish();
    assert(end?.type === "timeout");
    assertEquals(
      [end.limit, end.limitMs, end.attempts],
      ["attempt", 10_000, 2],
    );
    assertEquals(server.requests.length, 2);
  });
}

Deno.test("HttpClient times out identical requests together, and those in more of a hurry before", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, {
    cache: new MemoryCacheStore(),
    timeoutMs: 10_000,
    retries: 0,
  });
  const request = HttpRequest.get("/stall");
  for (let count = 0; count < 5; count++) player.client.send(request);
  player.client.send(request.withTimeout(1_000));
  await player.until(() => server.requests.length === 2, 0);
  await player.frame(2);
  assertEquals(player.outcomes(), ["timeout attempt"]);
  await player.frame(9);
  assertEquals((await player.finish()).length, 6);
  assertEquals(new Set(player.outcomes()).size, 1);
  assertEquals(server.requests.length, 2);
});

Deno.test("HttpClient ends a stream that stalls at its idle time", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server);
  const request = HttpRequest.get("/stall-mid-body")
    .withStreaming({ idleTimeoutMs: 1_000 });
  player.client.send(request);
  await player.until(
    () => player.events.some((event) => event.type === "chunk"),
    0,
  );
  await player.frame(1.1);
  const [end] = await player.finish();
  assertEquals(outcome(end!), "timeout idle");
  await player.until(() => server.openConnections === 0);
});

Deno.test("HttpClient waits for a server that accepts late, and no longer than timeoutMs", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, { timeoutMs: 5_000, retries: 0 });
  server.pauseAccepting();
  player.client.send(HttpRequest.get("/json"));
  player.client.send(HttpRequest.get("/json").withTimeout(1_000));
  await player.until(() => server.openConnections === 2, 0);
  await player.frame(2);
  server.resumeAccepting();
  await player.until(() => player.client.pendingCount === 0, 0);
  assertEquals(player.outcomes().sort(), ["200 11", "timeout attempt"]);
});

Deno.test("HttpClient takes what drips", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, { timeoutMs: 10_000 });
  const request = HttpRequest.get("/drip?bytes=5&gate=g").withProgress();
  player.client.send(request);
  const received = () =>
    player.events.findLast((event) => event.type === "downloadProgress")
      ?.receivedBytes ?? 0;
  for (let bytes = 1; bytes <= 4; bytes++) {
    server.release("g", 1);
    await player.until(() => received() === bytes, 0);
    await player.frame(1);
  }
  server.release("g", 1);
  await player.until(() => player.client.pendingCount === 0, 0);
  const [end] = await player.finish();
  assertEquals(outcome(end!), "200 5");
});

Deno.test("HttpClient waits out Retry-After before it asks again", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server);
  for (const status of [429, 503]) {
    const fault = encodeURIComponent(`/status/${status}?header=Retry-After:7`);
    const id = player.client.send(
      HttpRequest.get(`/flaky/1?key=${status}&fault=${fault}`),
    );
    const retrying = () =>
      player.events.find((event) =>
        event.type === "retrying" && event.id === id
      );
    await player.until(() => retrying() !== undefined, 0);
    const event = retrying();
    assert(event?.type === "retrying");
    assertEquals(event.reason, { type: "serverError", status });
    assertGreater(event.delayMs, 7_000 - 1);
    assertLessOrEqual(event.delayMs, 7_000 + 500);
    const hits = server.requests.length;
    await player.frame(6.9);
    for (let turn = 0; turn < 20; turn++) await player.frame(0);
    assertEquals(server.requests.length, hits);
    await player.until(() => player.client.pendingCount === 0);
    assertEquals(server.requests.length, hits + 1);
  }
  assertEquals(
    (await player.finish()).map((event) => event.type),
    ["success", "success"],
  );
});

Deno.test("HttpClient comes through the death and return of its server", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, {
    backoffBaseMs: 10_000,
    maxConcurrent: 4,
  });
  const ids = new Set<number>();
  for (let count = 0; count < 8; count++) {
    ids.add(player.client.send(HttpRequest.get("/echo?gate=g")));
  }
  await player.until(() => server.hits("/echo") === 4);
  await server.die();
  const isRetrying = (event: HttpEvent) => event.type === "retrying";
  // No tick time passes, so each fails once and waits.
  await player.until(() => player.events.filter(isRetrying).length === 8, 0);
  await server.restart();
  server.release("g");
  const ends = await player.finish();
  assertEquals(new Set<number>(ends.map((event) => event.id)), ids);
  assertEquals(ends.map(echo).length, 8);
});

Deno.test("HttpClient opens the circuit of a dead server and closes it when it is back", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, {
    circuitBreaker: { failureThreshold: 3, openMs: 60_000 },
    retries: 0,
  });
  const states = (): string[] =>
    player.events.flatMap((event) =>
      event.type === "circuitChanged" ? [event.state] : []
    );
  await server.die();
  for (let count = 1; count <= 4; count++) {
    player.client.send(HttpRequest.get("/json"));
    await player.until(() => player.client.pendingCount === 0, 0);
  }
  const refused = "connectionFailed";
  assertEquals(player.outcomes(), [refused, refused, refused, "circuitOpen"]);
  assertEquals(player.client.stats.attempts, 3);
  assertEquals(states(), ["open"]);

  await server.restart();
  await player.frame(90);
  player.client.send(HttpRequest.get("/json"));
  const ends = await player.finish();
  assertEquals(outcome(ends[4]!), "200 11");
  assertEquals(states(), ["open", "halfOpen", "closed"]);
  assertEquals(server.requests.length, 1);
});

Deno.test("HttpClient closes what is cancelled, wherever it is", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server, { maxConcurrent: 8 });
  const targets = ["/stall", "/stall-mid-body", "/drip?gate=never"];
  const ids = targets.map((target) =>
    player.client.send(HttpRequest.get(target))
  );
  ids.push(
    player.client.send(HttpRequest.post("/stall", "x".repeat(5_000_000))),
  );
  await player.until(() => server.requests.length === 4);
  for (const id of ids) assert(player.client.cancel(id));
  await player.until(() => server.openConnections === 0);
  await player.finish();
  assertEquals(new Set(player.outcomes()), new Set(["cancelled"]));
});

Deno.test("HttpClient does not take Authorization to another origin", async () => {
  await using server = await FaultServer.start();
  await using other = await FaultServer.start();
  await using player = new Player(server, { bearerToken: "secret" });
  for (const status of [301, 302, 303, 307, 308]) {
    const to = encodeURIComponent(`${other.origin}/echo`);
    const target = `/redirect?status=${status}&to=${to}`;
    await player.play(HttpRequest.get(target));
    await player.play(HttpRequest.get(target).bearerAuth("secret"));
  }
  assertEquals(other.requests.length, 10);
  for (const request of server.requests) {
    assertEquals(request.headers.get("authorization"), "Bearer secret");
  }
  for (const request of other.requests) {
    assertEquals(request.headers.get("authorization"), null);
  }
});

Deno.test("HttpClient tells the URL that answered", async () => {
  await using server = await FaultServer.start();
  await using player = new Player(server);
  for (const target of ["/redirect?to=/json", "/json", "/json?a#b"]) {
    const end = await player.play(HttpRequest.get(target));
    assertEquals(end.type, "success");
    assertEquals(
      end.type === "success" && end.response.url,
      `${server.origin}/json${target.includes("?a") ? "?a" : ""}`,
    );
  }
});
