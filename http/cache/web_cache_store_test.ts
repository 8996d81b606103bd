import { assert, assertEquals, assertThrows } from "@std/assert";
import { HttpHeaders } from "../headers.ts";
import { FakeCache, FakeCacheStorage } from "./_testing/stores.ts";
import type { CacheEntry } from "./store.ts";
import { HttpCache } from "./http_cache.ts";
import { WebCacheStore } from "./web_cache_store.ts";

const KEY = "https://example.com/a?b=c d&é#x";

function entry(overrides: Partial<CacheEntry> = {}): CacheEntry {
  return {
    key: KEY,
    id: '["GET","authorization","#0123"]',
    method: "GET",
    status: 200,
    statusText: "OK",
    fields: [["etag", '"1"']],
    body: new TextEncoder().encode("body"),
    requestEpochMs: 1_000,
    responseEpochMs: 2_000,
    staleEpochMs: 3_000,
    selecting: [["authorization", "#0123"]],
    ...overrides,
  };
}

async function statuses(store: WebCacheStore, key = KEY): Promise<number[]> {
  return (await store.get(key)).map(({ status }) => status);
}

Deno.test("WebCacheStore finds again what an earlier one has stored", async () => {
  const caches = new FakeCacheStorage();
  const before = new WebCacheStore({ caches });
  await before.put(entry({ status: 201 }));
  await before.put(entry({ id: "2", status: 202 }));
  await before.put(entry({ id: "2", status: 203 }));
  await before.put(entry({ key: "other", staleEpochMs: 9_000 }));
  await before.delete("other");
  const { usedBytes } = before;

  const after = new WebCacheStore({ caches });
  assertEquals(await statuses(after), [203, 201]);
  assertEquals(after.entryCount, 2);
  assertEquals(after.usedBytes, usedBytes);
  assertEquals(await after.evictStale(3_000), 2);
  assertEquals((await caches.open("tickwire-http")).bytes.size, 0);

  const other = new WebCacheStore({ caches, name: "other" });
  assertEquals(await statuses(other), []);
});

Deno.test("WebCacheStore keeps its bound over a restart that lowers it", async () => {
  const caches = new FakeCacheStorage();
  const before = new WebCacheStore({ caches });
  for (let i = 0; i < 10; i++) {
    await before.put(entry({ key: `${i}`, body: new Uint8Array(10_000) }));
  }
  const after = new WebCacheStore({ caches, maxBytes: 50_000 });
  assertEquals(await statuses(after, "0"), []);
  assertEquals(await statuses(after, "9"), [200]);
  assert(after.usedBytes <= 50_000);
  assertEquals(
    (await caches.open("tickwire-http")).bytes.size,
    after.entryCount,
  );
});

Deno.test("WebCacheStore writes neither the bound's victims nor the replaced twice", async () => {
  const caches = new FakeCacheStorage();
  const store = new WebCacheStore({ caches, maxBytes: 50_000 });
  await Promise.all(
    Array.from(
      { length: 30 },
      (_, i) =>
        store.put(entry({ key: `${i % 15}`, body: new Uint8Array(10_000) })),
    ),
  );
  assertEquals(
    (await caches.open("tickwire-http")).bytes.size,
    store.entryCount,
  );
  assertEquals(store.entryCount, 4);
});

Deno.test("WebCacheStore takes what is corrupt for a miss and removes it", async () => {
  const caches = new FakeCacheStorage();
  const store = new WebCacheStore({ caches });
  await store.put(entry());
  const cache = await caches.open("tickwire-http");
  const [[url, bytes]] = [...cache.bytes] as [[string, Uint8Array]];
  const corruptions: ReadonlyArray<() => void> = [
    () => cache.bytes.delete(url),
    () => cache.bytes.set(url, bytes.subarray(0, bytes.length - 1)),
    () => cache.bytes.set(url, new Uint8Array(0)),
    () => cache.bytes.set(url, new Uint8Array(bytes.length).fill(0xff)),
  ];
  for (const corrupt of corruptions) {
    cache.bytes.set(url, bytes);
    const again = new WebCacheStore({ caches });
    await again.delete("wait until it is open");
    corrupt();
    assertEquals(await statuses(again), []);
    assertEquals(again.entryCount, 0);
    assertEquals(cache.bytes.size, 0);
  }
});

Deno.test("WebCacheStore does not take one entry for another", async () => {
  const caches = new FakeCacheStorage();
  const store = new WebCacheStore({ caches });
  await store.put(entry({ key: "a" }));
  await store.put(entry({ key: "b" }));
  const cache = await caches.open("tickwire-http");
  const [[urlA], [, bytesB]] = [...cache.bytes] as [
    [string, Uint8Array],
    [string, Uint8Array],
  ];
  cache.bytes.set(urlA, bytesB);
  assertEquals(await statuses(store, "a"), []);
  assertEquals(await statuses(store, "b"), [200]);
});

Deno.test("WebCacheStore removes what it does not know from its cache", async () => {
  const caches = new FakeCacheStorage();
  const cache = await caches.open("tickwire-http");
  for (
    const url of [
      "https://example.com/",
      "https://tickwire.invalid/http-cache/1",
      "https://tickwire.invalid/http-cache/1?key=a&id=b",
      "https://tickwire.invalid/http-cache/1?number=1&bytes=-1&stale=1&key=a&id=b",
      "https://tickwire.invalid/http-cache/1?number=1&bytes=0&stale=1&key=a&id=b",
      "https://tickwire.invalid/http-cache/1?number=1&bytes=1&stale=x&key=a&id=b",
      "https://tickwire.invalid/http-cache/1?number=1&bytes=1&stale=&key=a&id=b",
      "https://tickwire.invalid/http-cache/1?number=9007199254740992&bytes=1&stale=1&key=a&id=b",
      "https://tickwire.invalid/http-cache/1?number=1&bytes=1&stale=1&key=%ff&id=b",
      "https://tickwire.invalid/http-cache/1?number=1&bytes=1&stale=1&key=a&id=b&x=1",
      "https://tickwire.invalid/http-cache/0?number=1&bytes=1&stale=1&key=a&id=b",
    ]
  ) cache.bytes.set(url, new Uint8Array(1));
  const store = new WebCacheStore({ caches });
  await store.get(KEY);
  assertEquals(cache.bytes.size, 0);
});

Deno.test("WebCacheStore reads many entries without holding up the game", async () => {
  const entryCount = 20_000;
  let read = 0;
  const keys = Array.from({ length: entryCount }, (_, i) => {
    const query = new URLSearchParams({
      number: `${i * 7_919 % entryCount}`,
      bytes: "2000",
      stale: "1768478400000",
      key: `https://example.com/avatars/${i}.png?size=64`,
      id: '["GET","authorization",null]',
    });
    const url = `https://tickwire.invalid/http-cache/1?${query}`;
    return {
      get url() {
        read++;
        return url;
      },
    } as Request;
  });
  const cache = new FakeCache();
  cache.keys = () => Promise.resolve(keys);
  const store = new WebCacheStore({
    caches: {
      open: () => Promise.resolve(cache),
      delete: () => Promise.resolve(false),
    },
  });
  let isOpen = false;
  const opened = store.delete("wait until it is open").then(() => {
    isOpen = true;
  });
  let most = 0;
  let turns = 0;
  for (let before = 0; !isOpen; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    most = Math.max(most, read - before);
    before = read;
  }
  await opened;
  assertEquals(store.entryCount, entryCount);
  // All are read, and then put in order.
  assert(turns > 30, `${turns} turns`);
  assert(most <= 2_000, `${most} of ${entryCount} in one turn`);
});

Deno.test("WebCacheStore keeps the newer of two left by a crash", async () => {
  const caches = new FakeCacheStorage();
  const store = new WebCacheStore({ caches });
  const cache = await caches.open("tickwire-http");
  await store.put(entry({ status: 201 }));
  const [older] = [...cache.bytes];
  await store.put(entry({ status: 202 }));
  cache.bytes.set(...older!);
  const after = new WebCacheStore({ caches });
  assertEquals(await statuses(after), [202]);
  assertEquals(cache.bytes.size, 1);
});

Deno.test("WebCacheStore neither throws nor stores if the medium fails", async () => {
  const caches = new FakeCacheStorage();
  const cache = await caches.open("tickwire-http");
  const store = new WebCacheStore({ caches });
  await store.put(entry());
  cache.check = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  assertEquals(await store.put(entry({ key: "b" })), false);
  assertEquals(await statuses(store, "b"), []);
  assertEquals(await statuses(store), []);
  assertEquals(store.entryCount, 0);
  assertEquals(await store.delete(KEY), 0);
  assertEquals(await store.evictStale(9_999), 0);
  await store.clear();
});

Deno.test("WebCacheStore without a usable Cache API is always empty", async () => {
  const store = new WebCacheStore({
    caches: {
      open: () => Promise.reject(new DOMException("no", "SecurityError")),
      delete: () => Promise.reject(new DOMException("no", "SecurityError")),
    },
  });
  assertEquals(await store.put(entry()), false);
  assertEquals(await statuses(store), []);
  await store.clear();
  assertEquals(await store.put(entry()), false);
});

Deno.test("WebCacheStore() checks its options", () => {
  for (const maxBytes of [-1, NaN]) {
    assertThrows(
      () => new WebCacheStore({ maxBytes, caches: new FakeCacheStorage() }),
      RangeError,
      "maxBytes must be >= 0",
    );
  }
});

Deno.test("WebCacheStore writes no cookies", async () => {
  const caches = new FakeCacheStorage();
  const store = new WebCacheStore({ caches });
  const fields = [["set-cookie", "session=secret"], ["etag", '"1"']] as const;
  await store.put(entry({ fields }));
  const [found] = await store.get(KEY);
  assertEquals(found?.fields, [["etag", '"1"']]);
  const { bytes } = await caches.open("tickwire-http");
  for (const [url, written] of bytes) {
    const text = url + new TextDecoder().decode(written);
    assert(!text.includes("secret") && !text.includes("set-cookie"));
  }
  assertEquals(bytes.size, 1);
});

Deno.test("WebCacheStore keeps what is fresh for ever", async () => {
  const caches = new FakeCacheStorage();
  const request = { method: "GET", url: KEY, headers: new HttpHeaders() };
  const newCache = (): HttpCache =>
    new HttpCache({
      store: new WebCacheStore({ caches }),
      fallbackTtlMs: Infinity,
    });
  const before = newCache();
  await before.handleResponse(
    request,
    "useCache",
    undefined,
    {
      status: 200,
      statusText: "OK",
      headers: new HttpHeaders(),
      body: new Uint8Array(3),
    },
    1_000,
    1_000,
  );
  for (const cache of [before, newCache()]) {
    const lookup = await cache.lookup(request, "useCache", 9e12);
    assertEquals(lookup.type, "fresh");
    assertEquals(await cache.evictStale(9e12), 0);
  }
});

Deno.test("WebCacheStore works on the Cache API of the runtime", async () => {
  const name = `tickwire-test-${crypto.randomUUID()}`;
  try {
    const before = new WebCacheStore({ name });
    const body = crypto.getRandomValues(new Uint8Array(10_000));
    assertEquals(await before.put(entry({ body })), true);
    await before.put(entry({ key: "b" }));
    await before.delete("b");
    const after = new WebCacheStore({ name });
    const [found] = await after.get(KEY);
    assertEquals(found?.body, body);
    assertEquals(found?.fields, [["etag", '"1"']]);
    assertEquals(after.entryCount, 1);
    await after.clear();
    assertEquals(await statuses(new WebCacheStore({ name })), []);
  } finally {
    await caches.delete(name);
  }
});
