import { assert, assertEquals } from "@std/assert";
import { countAsyncSteps } from "../../core/_testing/count_steps.ts";
import { HttpHeaders } from "../headers.ts";
import { TestCache } from "./_testing/test_cache.ts";
import { type CacheableRequest, HttpCache } from "./http_cache.ts";
import { MemoryCacheStore } from "./memory_store.ts";

const NOW = Date.UTC(2026, 0, 15, 12);

const REQUEST: CacheableRequest = {
  method: "GET",
  url: "https://example.com/a",
  headers: new HttpHeaders(),
};

const FRESH = { headers: { "cache-control": "max-age=100" } } as const;

function newCache(maxBytes = 1_000_000): TestCache {
  return new TestCache(new MemoryCacheStore({ maxBytes }));
}

Deno.test("HttpCache answers at once if its store does", () => {
  const cache = new HttpCache({
    store: new MemoryCacheStore(),
    fallbackTtlMs: 0,
  });
  const lookup = cache.lookup(REQUEST, "default", NOW);
  assert(!(lookup instanceof Promise) && lookup.type === "miss");
  // What the cache adds nothing to is passed through, not copied.
  assert(lookup.headers === REQUEST.headers);
  const response = {
    status: 200,
    statusText: "OK",
    headers: new HttpHeaders({ "cache-control": "max-age=9" }),
    body: new Uint8Array(3),
  };
  const result = cache.handleResponse(
    REQUEST,
    "default",
    lookup,
    response,
    NOW,
    NOW,
  );
  assert(!(result instanceof Promise) && result.response === response);
  const hit = cache.lookup(REQUEST, "default", NOW);
  assert(!(hit instanceof Promise) && hit.type === "fresh");
  assertEquals(hit.response.statusText, "OK");
});

Deno.test("HttpCache.lookup() hands out header fields that belong to the receiver", async () => {
  const c = newCache();
  const first = await c.get(FRESH);
  first.headers.set("cache-control", "no-store");
  for (let i = 0; i < 3; i++) {
    const { from, headers } = await c.get("down");
    assertEquals(from, "cache");
    assertEquals(headers.get("cache-control"), "max-age=100");
    headers.set("cache-control", "no-store");
    headers.set("x", "1");
  }
});

Deno.test("HttpCache.lookup() does not change the request's header fields", async () => {
  const c = newCache();
  await c.get({ headers: { "cache-control": "max-age=0", etag: '"1"' } });
  const lookup = await c.cache.lookup(REQUEST, "revalidate", c.nowEpochMs);
  assert(lookup.type === "validate");
  assertEquals(lookup.headers.get("if-none-match"), '"1"');
  assertEquals(lookup.headers.get("cache-control"), "max-age=0");
  assertEquals(REQUEST.headers.size, 0);
});

Deno.test("HttpCache.handleResponse() keeps the body without what surrounds it", async () => {
  const store = new MemoryCacheStore();
  const cache = new HttpCache({ store, fallbackTtlMs: 0 });
  const whole = new Uint8Array(1_000_000).fill(7);
  await cache.handleResponse(
    REQUEST,
    "default",
    undefined,
    {
      status: 200,
      statusText: "",
      headers: new HttpHeaders({ "cache-control": "max-age=9" }),
      body: whole.subarray(10, 20),
    },
    NOW,
    NOW,
  );
  const [entry] = store.get(REQUEST.url);
  assertEquals(entry!.body, whole.slice(0, 10));
  assertEquals(entry!.body.buffer.byteLength, 10);
});

Deno.test("HttpCache.clear() also keeps out what is on its way", async () => {
  const c = newCache();
  await c.get({ headers: { "cache-control": "max-age=0", etag: '"1"' } });
  const whole = await c.cache.lookup(
    { ...REQUEST, url: "https://example.com/b" },
    "default",
    c.nowEpochMs,
  );
  const validation = await c.cache.lookup(REQUEST, "default", c.nowEpochMs);
  assert(whole.type === "miss" && validation.type === "validate");
  await c.cache.clear();
  assertEquals((await c.send(whole, FRESH)).text, "body");
  const validated = await c.send(
    validation,
    (sent) =>
      sent.has("if-none-match")
        ? {
          status: 304,
          headers: { etag: '"1"', "cache-control": "max-age=100" },
        }
        : { body: "new" },
  );
  // Whoever clears the cache, because another player signs in say, does not expect anything of it again.
  assertEquals([validated.from, validated.text], ["origin", "new"]);
  assertEquals((await c.get(FRESH)).from, "origin");
  assertEquals((await c.get("down")).from, "cache");
});

Deno.test("HttpCache.clear() leaves nothing to stand in for a failure", async () => {
  for (const cacheControl of ["max-age=1", "max-age=1, must-revalidate"]) {
    const c = newCache();
    await c.get({ headers: { "cache-control": cacheControl } });
    c.wait(10);
    const lookup = await c.cache.lookup(REQUEST, "default", c.nowEpochMs);
    const fail = (): unknown =>
      c.cache.handleFailure(lookup, "disconnected", c.nowEpochMs);
    assert(fail() !== undefined);
    await c.cache.clear();
    assertEquals(fail(), undefined);
  }
});

Deno.test("HttpCache.clear() empties a lookup that waits for its store", async () => {
  const store = new MemoryCacheStore();
  const c = new TestCache({
    entryCount: 0,
    usedBytes: 0,
    evictedCount: 0,
    get: async (key) => await store.get(key),
    put: (entry) => store.put(entry),
    delete: (key, id) => store.delete(key, id),
    evictStale: (nowEpochMs) => store.evictStale(nowEpochMs),
    clear: () => store.clear(),
  });
  await c.get(FRESH);
  const lookup = c.cache.lookup(REQUEST, "default", c.nowEpochMs);
  await c.cache.clear();
  assertEquals((await lookup).type, "miss");
});

Deno.test("HttpCache.handleResponse() does not put back what was removed while it was validated", async () => {
  const c = newCache();
  await c.get({ headers: { "cache-control": "max-age=0", etag: '"1"' } });
  const lookup = await c.cache.lookup(REQUEST, "default", c.nowEpochMs);
  assert(lookup.type === "validate");
  await c.store.delete(REQUEST.url);
  const answer = await c.send(lookup, {
    status: 304,
    headers: { etag: '"1"', "cache-control": "max-age=100" },
  });
  assertEquals([answer.from, answer.text], ["validated", "body"]);
  assertEquals(c.store.entryCount, 0);
});

Deno.test("HttpCache.handleResponse() stores without a lookup, too", async () => {
  const c = newCache();
  await c.cache.handleResponse(
    REQUEST,
    "default",
    undefined,
    {
      status: 200,
      statusText: "",
      headers: new HttpHeaders(FRESH.headers),
      body: new Uint8Array(0),
    },
    c.nowEpochMs,
    c.nowEpochMs,
  );
  assertEquals((await c.get("down")).from, "cache");
});

Deno.test("HttpCache.evictStale() removes what could not be used without asking", async () => {
  const c = newCache();
  const url = (name: string): string => `https://example.com/${name}`;
  await c.fetch({ url: url("short") }, {
    headers: { "cache-control": "max-age=10" },
  });
  await c.fetch({ url: url("long") }, FRESH);
  await c.fetch({ url: url("aged") }, {
    headers: { "cache-control": "max-age=100", age: "95" },
  });
  // Nothing says how long: the fallback of mode useCache, a minute, holds.
  await c.fetch({ url: url("unknown") }, {});
  c.wait(20);
  assertEquals(await c.cache.evictStale(c.nowEpochMs), 2);
  assertEquals(c.store.entryCount, 2);
  c.wait(40);
  assertEquals(await c.cache.evictStale(c.nowEpochMs), 1);
  assertEquals((await c.fetch({ url: url("long") }, "down")).from, "cache");
  assertEquals(c.cache.counters.evicted, 3);
});

Deno.test("HttpCache.counters tells what was done", async () => {
  const c = newCache(20_000);
  const stale = { headers: { "cache-control": "max-age=1", etag: '"1"' } };
  await c.get(stale);
  await c.get("down");
  c.wait(10);
  await c.get({ status: 304, headers: { etag: '"1"' } });
  c.wait(10);
  await c.get("down", { "cache-control": "max-stale" });
  await c.get("down");
  await c.fetch({ method: "POST" }, {});
  assertEquals(c.cache.counters, {
    hits: 2,
    misses: 1,
    revalidated: 1,
    stale: 2,
    stored: 2,
    evicted: 0,
  });
  for (let i = 0; i < 20; i++) {
    await c.fetch({ url: `https://example.com/${i}` }, FRESH);
  }
  const { evicted, stored } = c.cache.counters;
  assertEquals(stored, 22);
  assertEquals(evicted, 20 - c.store.entryCount);
  assert(evicted > 0);
});

Deno.test("HttpCache.handleFailure() says nothing about what was answered", async () => {
  const c = newCache();
  await c.get(FRESH);
  const lookup = await c.cache.lookup(REQUEST, "default", c.nowEpochMs);
  assertEquals(lookup.type, "fresh");
  assertEquals(
    c.cache.handleFailure(lookup, "disconnected", c.nowEpochMs),
    undefined,
  );
});

Deno.test("HttpCache bounds what it remembers of one URL", async () => {
  const c = newCache();
  for (let i = 0; i < 100; i++) {
    await c.get({ headers: { ...FRESH.headers, vary: "a", etag: `"${i}"` } }, {
      a: `${i}`,
    });
  }
  assertEquals(c.store.entryCount, 16);
  const { sent } = await c.get({ status: 500 }, { a: "x" });
  assertEquals(sent!.get("if-none-match")!.split(",").length, 16);
});

Deno.test("HttpCache.handleResponse() is not held up by fields of a megabyte", async () => {
  const common = { "cache-control": "max-age=100", etag: '"1"' };
  for (
    const [name, part, from] of [
      ["cache-control", "a,", "origin"],
      ["vary", "a,", "origin"],
      ["connection", "a,", "cache"],
      ["etag", "a,", "cache"],
      ["expires", "a,", "cache"],
      ["last-modified", "a,", "cache"],
      ["age", "a,", "validated"],
      ["age", ",", "validated"],
      ["age", "0", "validated"],
      ["content-range", "a,", "cache"],
    ] as const
  ) {
    let found = "";
    const handle = async (length: number): Promise<void> => {
      const value = `${part === "," ? "0" : ""}${part.repeat(length)}`;
      const c = newCache(100_000_000);
      const origin = { headers: { ...common, [name]: value } };
      await c.get(origin);
      const answer = await c.get({ status: 304, headers: origin.headers });
      const match = `"1"${"a,".repeat(length)}`;
      const again = await c.get("down", { "if-none-match": match });
      assert(again.status !== 304);
      found = answer.from;
    };
    await handle(500_000);
    assertEquals(found, from, name);
    const few = await countAsyncSteps(() => handle(1_000));
    const many = await countAsyncSteps(() => handle(4_000));
    assert(many < 5 * few, `${name}: ${few} and ${many} steps`);
  }
});

Deno.test("HttpCache.handleResponse() leaves out what Connection lists, as far as it is read", async () => {
  const c = newCache();
  const list = `a,${" ".repeat(3_000)},b`;
  await c.get({
    headers: { ...FRESH.headers, connection: list, a: "1", b: "2" },
  });
  const { headers } = await c.get("down");
  assertEquals([headers.get("a"), headers.get("b")], [undefined, "2"]);
});

Deno.test("HttpCache neither throws nor trusts what it stored under an impossible clock", async () => {
  for (const epochMs of [NaN, Infinity, -Infinity, -1e18, 8.64e15 + 1, 1e300]) {
    const c = newCache();
    const headers = { "cache-control": "max-age=100, must-revalidate" };
    const noDate = { headers: { ...headers, date: "", etag: '"1"' } };
    await c.fetch({ url: "https://example.com/b" }, noDate);
    const nowEpochMs = c.nowEpochMs;
    c.nowEpochMs = epochMs;
    assertEquals((await c.get(noDate)).from, "origin", `${epochMs}`);
    await c.fetch({ method: "POST", url: "https://example.com/c" }, noDate);
    await c.cache.evictStale(NaN);
    const lost = await c.fetch({ url: "https://example.com/b" }, "down");
    assertEquals(lost.status, 504);
    c.nowEpochMs = nowEpochMs;
    assertEquals((await c.get(noDate)).from, "origin", `${epochMs}`);
  }
});

Deno.test("HttpCache stores again after the wall clock was ahead", async () => {
  const c = newCache();
  const nowEpochMs = c.nowEpochMs;
  c.wait(1e8);
  for (let i = 0; i < 100; i++) {
    await c.fetch({ method: "POST", url: `https://example.com/${i}` }, {});
  }
  await c.fetch({ method: "POST" }, {});
  c.nowEpochMs = nowEpochMs;
  await c.get(FRESH);
  c.wait(1);
  await c.get(FRESH);
  assertEquals((await c.get("down")).from, "cache");
});

Deno.test("HttpCache.handleResponse() leaves the body of a response to POST to the game", async () => {
  const c = newCache();
  const request = { ...REQUEST, method: "POST" };
  const body = new TextEncoder().encode("body");
  const { response } = await c.cache.handleResponse(
    request,
    "default",
    undefined,
    {
      status: 200,
      statusText: "OK",
      headers: new HttpHeaders({
        ...FRESH.headers,
        "content-location": REQUEST.url,
      }),
      body,
    },
    c.nowEpochMs,
    c.nowEpochMs,
  );
  response.body.fill(88);
  const { from, text } = await c.get("down");
  assertEquals([from, text], ["cache", "body"]);
});
