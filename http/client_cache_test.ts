// The cache as the client uses it; its rules themselves are tested beside it.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { FakeFetch, settle } from "./_testing/fake_fetch.ts";
import type { CacheEntry, HttpCacheStore } from "./cache/store.ts";
import { MemoryCacheStore } from "./cache/memory_store.ts";
import { CachePolicy } from "./cache_policy.ts";
import { HttpClient } from "./client.ts";
import type { HttpClientOptions } from "./client_options.ts";
import type { HttpEvent } from "./event.ts";
import { HttpRequest } from "./request.ts";

const BASE = "http://game.test";

function setUp(options: HttpClientOptions = {}) {
  const fake = new FakeFetch();
  const clock = new ManualClock();
  clock.setEpochMs(Date.UTC(2026, 0, 1));
  const client = new HttpClient({
    baseUrl: BASE,
    fetch: fake.fetch,
    clock,
    random: new SeededRandom(1),
    retries: 0,
    ...options,
  });
  const step = async (dt = 0): Promise<HttpEvent[]> => {
    await settle();
    clock.advance(dt * 1_000);
    client.tick(dt);
    return [...client.drainEvents()];
  };
  return { fake, clock, client, step };
}

function texts(events: readonly HttpEvent[]): string[] {
  return events.map((event) =>
    event.type === "success"
      ? `${event.id} ${event.response.text} ${event.response.fromCache}`
      : "id" in event
      ? `${event.id} ${event.type}`
      : event.type
  );
}

function cacheable(body: string, control = "max-age=60"): Response {
  return new Response(body, {
    headers: { "cache-control": control, etag: `"${body}"` },
  });
}

Deno.test("HttpClient answers a fresh GET from its cache at the next tick", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one"));
  assertEquals(texts(await step()), ["1 one false"]);
  client.send(HttpRequest.get("/a"));
  client.tick(0);
  assertEquals(texts([...client.drainEvents()]), ["2 one true"]);
  assertEquals(fake.calls.length, 1);
  assertEquals(client.stats.cacheHits, 1);
});

Deno.test("HttpClient keeps its stored bytes and fields apart from what it handed out", async () => {
  const { fake, client, step } = setUp();
  for (let round = 0; round < 3; round++) {
    client.send(HttpRequest.get("/a"));
    await step();
    if (round === 0) fake.calls[0]!.answer(cacheable("one"));
    const event = round === 0
      ? (await step())[0]
      : (client.send(HttpRequest.get("/a")), (await step())[0]);
    assert(event?.type === "success");
    assertEquals(event.response.text, "one");
    event.response.body.fill(0);
    event.response.headers.set("etag", "spoilt");
  }
  client.send(HttpRequest.get("/a"));
  const [event] = await step();
  assert(event?.type === "success");
  assertEquals(event.response.text, "one");
  assertEquals(event.response.etag, '"one"');
});

Deno.test("HttpClient validates a stale response and hands out the stored body after 304", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one"));
  await step(61);
  await step(61);
  client.send(HttpRequest.get("/a"));
  await step();
  assertEquals(fake.calls[1]!.headers.get("if-none-match"), '"one"');
  fake.calls[1]!.answer(new Response(null, { status: 304 }));
  assertEquals(texts(await step()), ["2 one true"]);
});

Deno.test("HttpClient sends again without conditions after a 304 to what it did not ask", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one", "max-age=0"));
  await step();
  client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/a"));
  await step();
  assertEquals(fake.calls[1]!.headers.get("if-none-match"), '"one"');
  fake.calls[1]!.answer(
    new Response(null, { status: 304, headers: { etag: '"two"' } }),
  );
  assertEquals(await step(), []);
  assertEquals(fake.calls[2]!.headers.has("if-none-match"), false);
  fake.calls[2]!.answer(cacheable("two", "max-age=9"));
  assertEquals(texts(await step()).sort(), ["2 two false", "3 two true"]);
  assertEquals(fake.calls.length, 3);
});

Deno.test("HttpClient gives no bare 304 to a game, however often it comes", async () => {
  const { fake, client, step } = setUp();
  fake.onCall = (call) =>
    call.answer(
      call.headers.has("if-none-match")
        ? new Response(null, {
          status: 304,
          headers: { etag: `"${fake.calls.length}"` },
        })
        : cacheable("whole", "max-age=0"),
    );
  for (let round = 0; round < 3; round++) {
    client.send(HttpRequest.get("/a"));
    client.send(HttpRequest.get("/a"));
    client.clearCache();
    const events = [];
    for (let i = 0; i < 8; i++) events.push(...await step());
    assertEquals(events.length, 2);
    for (const event of events) {
      assert(event.type === "success" && event.response.text === "whole");
    }
  }
});

Deno.test("HttpClient sends again without conditions after a 304 behind a redirect", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one", "max-age=0"));
  await step();
  client.send(HttpRequest.get("/a"));
  await step();
  const elsewhere = new Response(null, { status: 304 });
  Object.defineProperty(elsewhere, "redirected", { value: true });
  fake.calls[1]!.answer(elsewhere);
  assertEquals(await step(), []);
  assertEquals(fake.calls[2]!.headers.has("if-none-match"), false);
  fake.calls[2]!.answer("there");
  assertEquals(texts(await step()), ["2 there false"]);
});

Deno.test("HttpClient sends one request for identical ones and answers them all", async () => {
  const { fake, client, step } = setUp();
  for (let i = 0; i < 4; i++) client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/a").withHeader("accept", "text/html"));
  client.send(HttpRequest.get("/a").withCache(CachePolicy.NoStore));
  await step();
  assertEquals(fake.calls.length, 3);
  fake.calls[0]!.answer(cacheable("one"));
  const events = await step();
  assertEquals(texts(events).sort(), [
    "1 one false",
    "2 one true",
    "3 one true",
    "4 one true",
  ]);
  assertEquals(client.stats.coalesced, 3);
  const bodies = events.map((event) =>
    event.type === "success" ? event.response.body : undefined
  );
  bodies[0]![0] = 0;
  assert(bodies.slice(1).every((body) => body![0] !== 0));
  client.close();
});

Deno.test("HttpClient sends each of identical requests if the answer is not to be shared", async () => {
  const { fake, client, step } = setUp();
  for (let i = 0; i < 3; i++) client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("private", "no-store"));
  await step();
  assertEquals(fake.calls.length, 3);
  fake.open.forEach((call, i) => call.answer(cacheable(`${i}`, "no-store")));
  assertEquals(texts(await step()), ["2 0 false", "3 1 false"]);
});

Deno.test("HttpClient lets a follower lead when its leader is cancelled", async () => {
  const { fake, client, step } = setUp();
  const leader = client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/a"));
  const other = client.send(HttpRequest.get("/a"));
  await step();
  client.cancel(other);
  client.cancel(leader);
  assertEquals(texts(await step()), ["3 cancelled", "1 cancelled"]);
  assertEquals(fake.calls.length, 2);
  fake.calls[1]!.answer(cacheable("one"));
  assertEquals(texts(await step()), ["2 one false"]);
});

Deno.test("HttpClient ends followers with their leader's network error", async () => {
  const { fake, client, step } = setUp();
  for (let i = 0; i < 3; i++) client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.fail();
  assertEquals(texts(await step()), ["1 failure", "2 failure", "3 failure"]);
  assertEquals(fake.calls.length, 1);
});

Deno.test("HttpClient ends followers with their leader's last status of 500 or above", async () => {
  const { fake, client, step } = setUp({ retries: 1 });
  for (let i = 0; i < 3; i++) client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer("down", { status: 500 });
  await step();
  await step(1);
  fake.calls[1]!.answer("down", { status: 500 });
  const events = await step();
  assertEquals(events.length, 3);
  for (const event of events) {
    assert(event.type === "failure");
    assertEquals(event.response?.text, "down");
  }
  assertEquals(fake.calls.length, 2);
});

Deno.test("HttpClient ends a follower at its own deadline", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/a").withDeadline(100));
  await step();
  assertEquals(texts(await step(0.2)), ["2 timeout"]);
  fake.calls[0]!.answer(cacheable("one"));
  assertEquals(texts(await step()), ["1 one false"]);
});

Deno.test("HttpClient moves a leader up to the priority of its followers", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 1 });
  client.send(HttpRequest.get("/first").withPriority(9));
  client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/b").withPriority(1));
  await step();
  client.send(HttpRequest.get("/a").withPriority(2));
  await step();
  fake.calls[0]!.answer();
  await step();
  assertEquals(fake.paths, ["/first", "/a"]);
  client.close();
});

Deno.test("HttpClient answers stale-while-revalidate at once and asks once in the background", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(
    cacheable("one", "max-age=1, stale-while-revalidate=60"),
  );
  await step();
  await step(5);
  client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/a"));
  assertEquals(texts(await step()), ["2 one true", "3 one true"]);
  assertEquals(fake.calls.length, 2);
  assertEquals(client.pendingCount, 0);
  fake.calls[1]!.answer(cacheable("two", "max-age=60"));
  assertEquals(texts(await step()), []);
  client.send(HttpRequest.get("/a"));
  assertEquals(texts(await step()), ["4 two true"]);
  assertEquals(fake.calls.length, 2);
});

Deno.test("HttpClient survives a background request that fails", async () => {
  const { fake, client, step } = setUp({
    circuitBreaker: { failureThreshold: 1 },
  });
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(
    cacheable("one", "max-age=1, stale-while-revalidate=60"),
  );
  await step();
  await step(5);
  client.send(HttpRequest.get("/a"));
  assertEquals(texts(await step()), ["2 one true"]);
  fake.calls[1]!.fail();
  assertEquals(texts(await step()), ["circuitChanged"]);
  client.send(HttpRequest.get("/a"));
  assertEquals(texts(await step()), ["3 one true"]);
  assertEquals(texts(await step()), []);
});

Deno.test("HttpClient serves stale when the origin is disconnected or its circuit is open", async () => {
  const { fake, client, step } = setUp({
    circuitBreaker: { failureThreshold: 1 },
  });
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one"));
  await step();
  await step(100);
  client.send(HttpRequest.get("/a"));
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[1]!.fail();
  assertEquals(
    texts(await step()),
    ["circuitChanged", "2 one true", "3 one true"],
  );
  client.send(HttpRequest.get("/a"));
  assertEquals(texts(await step()), ["4 one true"]);
  assertEquals(fake.calls.length, 2);
});

Deno.test("HttpClient serves stale while it is told to be offline", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one"));
  await step();
  await step(100);
  client.setOnline(false);
  client.send(HttpRequest.get("/a"));
  assertEquals(texts(await step()), ["2 one true"]);
  assertEquals(fake.calls.length, 1);
});

Deno.test("HttpClient answers 504 where a disconnected cache must not serve stale", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one", "max-age=1, must-revalidate"));
  await step();
  await step(100);
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[1]!.fail();
  const [event] = await step();
  assert(event?.type === "failure");
  assertEquals(event.reason, { type: "serverError", status: 504 });
  assertEquals(event.response?.fromCache, true);
});

Deno.test("HttpClient answers only-if-cached with 504 without sending", async () => {
  const { fake, client, step } = setUp();
  client.send(
    HttpRequest.get("/a").withHeader("cache-control", "only-if-cached"),
  );
  const [event] = await step();
  assert(event?.type === "failure");
  assertEquals(event.reason, { type: "serverError", status: 504 });
  assertEquals(fake.calls.length, 0);
});

Deno.test("HttpClient.cacheTtlMs counts for UseCache and responses that say nothing", async () => {
  const { fake, client, step } = setUp({ cacheTtlMs: 5_000 });
  fake.onCall = (call) => call.answer("plain");
  const named = HttpRequest.get("/a").withCache(CachePolicy.UseCache);
  client.send(named);
  await step();
  await step();
  client.send(named);
  assertEquals(texts(await step()), ["2 plain true"]);
  client.send(HttpRequest.get("/a"));
  await step();
  assertEquals(fake.calls.length, 2);
  await step();
  await step(6);
  client.send(named);
  await step();
  assertEquals(fake.calls.length, 3);
  client.cacheTtlMs = 1_000;
  assertEquals(client.cacheTtlMs, 1_000);
});

Deno.test("HttpClient.clearCache() and evictStaleCache() forget", async () => {
  const store = new MemoryCacheStore();
  const { fake, client, step } = setUp({ cache: store });
  fake.onCall = (call) =>
    call.answer(cacheable("x", `max-age=${new URL(call.url).search.slice(1)}`));
  client.send(HttpRequest.get("/a?1"));
  client.send(HttpRequest.get("/a?100"));
  await step();
  await step();
  assertEquals(store.entryCount, 2);
  await step(5);
  client.evictStaleCache();
  assertEquals(store.entryCount, 1);
  client.clearCache();
  assertEquals(store.entryCount, 0);
});

Deno.test("HttpClient forgets what an unsafe request may have changed", async () => {
  const { fake, client, step } = setUp();
  fake.onCall = (call) => call.answer(cacheable("x"));
  client.send(HttpRequest.get("/a"));
  await step();
  await step();
  client.send(HttpRequest.create("DELETE", "/a"));
  await step();
  await step();
  client.send(HttpRequest.get("/a"));
  await step();
  assertEquals(fake.calls.length, 3);
  client.close();
});

/** A store that answers when the test says so. */
class SlowStore extends MemoryCacheStore implements HttpCacheStore {
  isBroken = false;
  isStuck = false;
  // deno-lint-ignore no-explicit-any
  #later<T>(work: () => T): any {
    if (this.isStuck) return new Promise(() => {});
    if (this.isBroken) return Promise.reject(new Error("disk"));
    return settle().then(work);
  }
  override get(key: string) {
    return this.#later(() => super.get(key));
  }
  override put(entry: CacheEntry) {
    return this.#later(() => super.put(entry));
  }
  override clear() {
    return this.#later(() => super.clear());
  }
}

Deno.test("HttpClient works with a store that answers later", async () => {
  const { fake, client, step } = setUp({ cache: new SlowStore() });
  fake.onCall = (call) => call.answer(cacheable("x"));
  client.send(HttpRequest.get("/a"));
  const first: HttpEvent[] = [];
  for (let i = 0; i < 12; i++) first.push(...await step());
  assertEquals(texts(first), ["1 x false"]);
  client.send(HttpRequest.get("/a"));
  const second: HttpEvent[] = [];
  for (let i = 0; i < 6; i++) second.push(...await step());
  assertEquals(texts(second), ["2 x true"]);
  assertEquals(fake.calls.length, 1);
});

Deno.test("HttpClient does without a store that is broken or stuck", async () => {
  const store = new SlowStore();
  const { fake, client, step } = setUp({ cache: store, timeoutMs: 1_000 });
  fake.onCall = (call) => call.answer(cacheable("x"));
  store.isBroken = true;
  client.send(HttpRequest.get("/a"));
  client.clearCache();
  const events: HttpEvent[] = [];
  for (let i = 0; i < 6; i++) events.push(...await step());
  assertEquals(texts(events), ["1 x false"]);
  store.isStuck = true;
  client.send(HttpRequest.get("/a"));
  events.length = 0;
  for (let i = 0; i < 8; i++) events.push(...await step(0.6));
  assertEquals(texts(events), ["2 x false"]);
});

/** A store that throws where others answer. */
class ThrowingStore extends MemoryCacheStore implements HttpCacheStore {
  what = "";
  #check(what: string): void {
    if (this.what.includes(what)) throw new Error("quota");
  }
  override get(key: string) {
    this.#check("get");
    return super.get(key);
  }
  override put(entry: CacheEntry) {
    this.#check("put");
    return super.put(entry);
  }
  override clear() {
    this.#check("clear");
    return super.clear();
  }
}

Deno.test("HttpClient does without a store that throws", async () => {
  for (const what of ["get", "put", "get put clear"]) {
    const store = new ThrowingStore();
    const { fake, client, step } = setUp({ cache: store });
    fake.onCall = (call) => call.answer(cacheable("x"));
    store.what = what;
    client.clearCache();
    client.evictStaleCache();
    client.send(HttpRequest.get("/a"));
    client.send(HttpRequest.post("/b", "x"));
    const events = [...await step(), ...await step(), ...await step()];
    assertEquals(texts(events).sort(), ["1 x false", "2 x false"], what);
  }
});

Deno.test("HttpClient gets the whole when the store fails between validation and 304", async () => {
  const store = new ThrowingStore();
  const { fake, client, step } = setUp({ cache: store });
  client.send(HttpRequest.get("/a"));
  await step();
  fake.calls[0]!.answer(cacheable("one", "max-age=0"));
  await step();
  client.send(HttpRequest.get("/a"));
  await step();
  store.what = "get put";
  fake.calls[1]!.answer(new Response(null, { status: 304 }));
  assertEquals(await step(), []);
  assertEquals(fake.calls[2]!.headers.has("if-none-match"), false);
  fake.calls[2]!.answer("whole");
  assertEquals(texts(await step()), ["2 whole false"]);
});

Deno.test("HttpClient keeps the answers of different tokens apart", async () => {
  const store = new MemoryCacheStore();
  const players = ["alice", "bob"].map((token) =>
    setUp({ cache: store, bearerToken: () => token })
  );
  for (const { fake, client, step } of players) {
    fake.onCall = (call) =>
      call.answer(
        cacheable(
          `for ${call.headers.get("authorization")}`,
          "private, max-age=60",
        ),
      );
    for (let i = 0; i < 2; i++) {
      client.send(HttpRequest.get("/me"));
      await step();
      await step();
    }
    assertEquals(fake.calls.length, 1);
  }
  const { client, step } = players[1]!;
  client.send(HttpRequest.get("/me"));
  assertEquals(texts(await step()), ["3 for Bearer bob true"]);
});

Deno.test("HttpClient does not store what another way with redirects brought", async () => {
  const { fake, client, step } = setUp();
  const get = HttpRequest.get("/a");
  client.send(get.withRedirect("manual"));
  await step();
  fake.calls[0]!.answer(
    new Response(null, {
      status: 301,
      headers: { location: "/b", "cache-control": "max-age=3600" },
    }),
  );
  await step();
  client.send(get);
  await step();
  assertEquals(fake.calls.length, 2);
  client.close();
});

Deno.test("HttpClient stores nothing from behind a redirected POST, and forgets", async () => {
  const { fake, client, step } = setUp();
  client.send(HttpRequest.get("/shop"));
  await step();
  fake.calls[0]!.answer(cacheable("real"));
  await step();
  client.send(HttpRequest.post("/shop", "x"));
  await step();
  const evil = new Response("EVIL", {
    headers: {
      "content-location": `${BASE}/shop`,
      "cache-control": "max-age=3600",
    },
  });
  Object.defineProperty(evil, "redirected", { value: true });
  fake.calls[1]!.answer(evil);
  await step();
  client.send(HttpRequest.get("/shop"));
  await step();
  assertEquals(fake.calls.length, 3);
  client.close();
});

Deno.test("HttpClient bounds what it asks in the background, silently", async () => {
  const { fake, client, step } = setUp({ maxConcurrent: 6 });
  fake.onCall = (call) =>
    call.answer(cacheable("x", "max-age=1, stale-while-revalidate=600"));
  const get = HttpRequest.get("/a").withProgress();
  client.send(get);
  await step();
  await step();
  await step(5);
  fake.onCall = undefined;
  for (let i = 0; i < 50; i++) client.send(get.withHeader("x", `${i}`));
  const events = await step();
  assertEquals(events.length, 50);
  assertEquals(fake.calls.length, 2);
  assertEquals(client.stats.queued, 0);
  fake.calls[1]!.answer(cacheable("y"));
  assertEquals(texts(await step()), []);
});

Deno.test("HttpClient survives errors that cannot be told as text", async () => {
  const odd = [
    Object.create(null),
    Object.assign(new Error(), { message: 42 }),
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("never");
      },
    }),
    Symbol("odd"),
  ];
  for (const error of odd) {
    const store = new MemoryCacheStore();
    store.get = () => {
      throw error;
    };
    const { fake, client, step } = setUp({
      cache: store,
      log: () => {},
      verbose: true,
    });
    client.clearCache();
    client.send(HttpRequest.get("/a"));
    await step();
    fake.calls[0]!.fail(error);
    assertEquals(texts(await step()), ["1 failure"]);
  }
});
