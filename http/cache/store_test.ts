import { assert, assertEquals } from "@std/assert";
import { STORES } from "./_testing/stores.ts";
import { type CacheEntry, MAX_ENTRIES_PER_KEY } from "./store.ts";

const KEY = "https://example.com/a";

function entry(overrides: Partial<CacheEntry> = {}): CacheEntry {
  return {
    key: KEY,
    id: '["GET"]',
    method: "GET",
    status: 200,
    statusText: "OK",
    fields: [["etag", '"1"'], ["x-name", "Zoë"]],
    body: new TextEncoder().encode("body"),
    requestEpochMs: 1_000,
    responseEpochMs: 2_000.5,
    staleEpochMs: 3_000,
    selecting: [["a", "1"], ["b", null]],
    ...overrides,
  };
}

function plain(entries: readonly CacheEntry[]): unknown[] {
  return entries.map(({ key, id, method, status, statusText, ...rest }) => {
    const { fields, body, requestEpochMs, responseEpochMs } = rest;
    const { staleEpochMs, selecting, part } = rest;
    return [
      ...[key, id, method, status, statusText, fields, [...body]],
      ...[requestEpochMs, responseEpochMs, staleEpochMs, selecting, part],
    ];
  });
}

function kilobyte(key: string, id = "id"): CacheEntry {
  return entry({ key, id, body: new Uint8Array(1_000) });
}

for (const [name, newStore] of STORES) {
  Deno.test(`${name}.get() is empty for what is not stored`, async () => {
    const store = newStore();
    assertEquals([...await store.get(KEY)], []);
    assertEquals(store.entryCount, 0);
    assertEquals(store.usedBytes, 0);
  });

  Deno.test(`${name}.get() gives back what was put, the last one first`, async () => {
    const store = newStore();
    const first = entry();
    const second = entry({
      id: '["GET part"]',
      statusText: "",
      fields: [],
      selecting: [],
      body: new Uint8Array(0),
      part: { range: "bytes=0-3", first: 0, last: 3, total: undefined },
    });
    assertEquals(await store.put(first), true);
    assertEquals(await store.put(second), true);
    const other = entry({ key: `${KEY}?b` });
    assertEquals(await store.put(other), true);
    assertEquals(plain(await store.get(KEY)), plain([second, first]));
    assertEquals(plain(await store.get(`${KEY}?b`)), plain([other]));
    assertEquals(store.entryCount, 3);
    assert(store.usedBytes > 0);
  });

  Deno.test(`${name}.put() replaces the entry with the same key and id`, async () => {
    const store = newStore();
    await store.put(entry({ body: new Uint8Array(9_999) }));
    const { usedBytes } = store;
    await store.put(entry({ status: 404 }));
    assertEquals((await store.get(KEY)).map(({ status }) => status), [404]);
    assertEquals(store.entryCount, 1);
    assert(store.usedBytes < usedBytes);
  });

  Deno.test(`${name}.put() bounds the entries of a key`, async () => {
    const store = newStore();
    for (let i = 0; i < 3 * MAX_ENTRIES_PER_KEY; i++) {
      await store.put(entry({ id: `${i}` }));
    }
    const ids = (await store.get(KEY)).map(({ id }) => Number(id));
    assertEquals(
      ids,
      Array.from(
        { length: MAX_ENTRIES_PER_KEY },
        (_, i) => 3 * MAX_ENTRIES_PER_KEY - 1 - i,
      ),
    );
    assertEquals(store.evictedCount, 2 * MAX_ENTRIES_PER_KEY);
  });

  Deno.test(`${name}.put() drops what was not used for longest`, async () => {
    const store = newStore(20_000);
    for (let i = 0; i < 4; i++) await store.put(kilobyte(`${i}`));
    const each = store.usedBytes / 4;
    const fitting = Math.floor(20_000 / each);
    for (let i = 4; i < fitting; i++) await store.put(kilobyte(`${i}`));
    assertEquals(store.entryCount, fitting);
    await store.get("0");
    await store.put(kilobyte("new"));
    await store.put(kilobyte("newer"));
    const found: string[] = [];
    for (const key of ["0", "1", "2", "3", "new", "newer"]) {
      if ((await store.get(key)).length > 0) found.push(key);
    }
    assertEquals(found, ["0", "3", "new", "newer"]);
    assertEquals(store.evictedCount, 2);
  });

  Deno.test(`${name}.put() refuses what takes more than a quarter, and drops what it would replace`, async () => {
    const store = newStore(100_000);
    await store.put(entry());
    const large = entry({ body: new Uint8Array(25_000) });
    assertEquals(await store.put(large), false);
    assertEquals([...await store.get(KEY)], []);
    assertEquals(
      await store.put(entry({ body: new Uint8Array(20_000) })),
      true,
    );
  });

  Deno.test(`${name}.put() keeps within the bound when one key fills it alone`, async () => {
    const store = newStore(100_000);
    for (let i = 0; i < 10; i++) {
      await store.put(entry({ id: `${i}`, body: new Uint8Array(20_000) }));
      assert(store.usedBytes <= 100_000);
    }
    const ids = (await store.get(KEY)).map(({ id }) => id);
    assertEquals(ids, ["9", "8", "7", "6"]);
  });

  Deno.test(`${name}.delete() removes one entry, or all of a key`, async () => {
    const store = newStore();
    for (const id of ["1", "2", "3"]) await store.put(entry({ id }));
    await store.put(entry({ key: `${KEY}?b` }));
    assertEquals(await store.delete(KEY, "2"), 1);
    assertEquals(await store.delete(KEY, "2"), 0);
    assertEquals((await store.get(KEY)).map(({ id }) => id), ["3", "1"]);
    assertEquals(await store.delete(KEY), 2);
    assertEquals(await store.delete(KEY), 0);
    assertEquals(store.entryCount, 1);
    assertEquals(await store.delete(`${KEY}?b`), 1);
    assertEquals(store.usedBytes, 0);
    assertEquals(store.evictedCount, 0);
  });

  Deno.test(`${name}.evictStale() removes what is stale by then`, async () => {
    const store = newStore();
    for (const staleEpochMs of [1, 2, 3]) {
      await store.put(entry({ id: `${staleEpochMs}`, staleEpochMs }));
    }
    await store.put(entry({ key: `${KEY}?b`, staleEpochMs: 1 }));
    assertEquals(await store.evictStale(2), 3);
    assertEquals((await store.get(KEY)).map(({ id }) => id), ["3"]);
    assertEquals(store.entryCount, 1);
    assertEquals(await store.evictStale(2), 0);
  });

  Deno.test(`${name}.clear() removes everything, and it can be used again`, async () => {
    const store = newStore();
    for (let i = 0; i < 9; i++) await store.put(kilobyte(`${i}`));
    await store.clear();
    assertEquals(store.entryCount, 0);
    assertEquals(store.usedBytes, 0);
    assertEquals([...await store.get("1")], []);
    await store.put(kilobyte("1"));
    assertEquals((await store.get("1")).length, 1);
    assertEquals(store.entryCount, 1);
  });

  Deno.test(`${name} does what is asked for one key in order`, async () => {
    const store = newStore();
    const results = await Promise.all([
      store.put(entry({ status: 201 })),
      store.put(entry({ status: 202 })),
      store.get(KEY),
      store.delete(KEY),
      store.get(KEY),
      store.put(entry({ status: 203 })),
      store.clear(),
      store.get(KEY),
      store.put(entry({ status: 204 })),
      store.get(KEY),
    ]);
    const statuses = results.map((result) =>
      Array.isArray(result) ? result.map(({ status }) => status) : result
    );
    assertEquals(statuses[3], 1);
    assertEquals(statuses[4], []);
    assertEquals(statuses[7], []);
    assertEquals(statuses[9], [204]);
    assertEquals(
      (await store.get(KEY)).map(({ status }) => status),
      [204],
    );
    assertEquals(store.entryCount, 1);
  });

  const isSoak = Deno.env.get("TICKWIRE_SOAK") === "1";
  const slice = name === "MemoryCacheStore" ? 100_000 : 5_000;
  const count = isSoak && name === "MemoryCacheStore" ? 1_000_000 : slice;
  Deno.test(`${name} keeps ${count} URLs within its bound`, async () => {
    const maxBytes = 4_000_000;
    const store = newStore(maxBytes);
    let largest = 0;
    for (let i = 0; i < count; i++) {
      const done = store.put(entry({
        key: `https://example.com/${i}`,
        id: `${i % 3}`,
        body: new Uint8Array(i % 1_000),
      }));
      if (done instanceof Promise) await done;
      largest = Math.max(largest, store.usedBytes);
    }
    assert(largest <= maxBytes, `${largest}`);
    assert(largest > 0.9 * maxBytes, `${largest}`);
    assertEquals(store.entryCount + store.evictedCount, count);
    assertEquals(
      (await store.get(`https://example.com/${count - 1}`)).length,
      1,
    );
    assertEquals((await store.get("https://example.com/0")).length, 0);
  });
}
