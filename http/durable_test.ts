import { assert, assertEquals } from "@std/assert";
import {
  type Journal,
  ManualClock,
  MemoryJournal,
  SeededRandom,
} from "../core/mod.ts";
import { decodeRecord, DurableQueue } from "./_durable_queue.ts";
import { FakeFetch, settle } from "./_testing/fake_fetch.ts";
import { CachePolicy } from "./cache_policy.ts";
import { HttpClient } from "./client.ts";
import type { HttpEvent } from "./event.ts";
import { HttpRequest } from "./request.ts";

const BASE = "http://game.test";
const CRASHES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000 : 100;

/** A run of the game: a client that dies with `kill`, which a real crash does without a word. */
function start(journal: MemoryJournal, seed = 1) {
  const fake = new FakeFetch();
  const client = new HttpClient({
    baseUrl: BASE,
    fetch: fake.fetch,
    clock: new ManualClock(),
    random: new SeededRandom(seed),
    journal,
    retries: 0,
  });
  const events: HttpEvent[] = [];
  const step = async (dt = 0): Promise<string[]> => {
    await settle();
    client.tick(dt);
    const drained = [...client.drainEvents()];
    events.push(...drained);
    return drained.map((event) => event.type);
  };
  return { client, fake, events, step };
}

function options(request: HttpRequest): unknown {
  const { redirect, timeoutMs, maxBodyBytes, cachePolicy } = request;
  return { redirect, timeoutMs, maxBodyBytes, cachePolicy };
}

/** A journal whose calls hang from one on: that one takes effect, and nobody hears of it. */
function crashingJournal(crashAt: number) {
  const journal = new MemoryJournal();
  const state = { calls: 0, isCrashed: true };
  async function call<T>(work: () => Promise<T>): Promise<T> {
    state.calls++;
    const hangs = state.isCrashed && state.calls >= crashAt;
    if (hangs && state.calls > crashAt) return await new Promise(() => {});
    const result = work();
    return await (hangs ? new Promise(() => {}) : result);
  }
  const crashing: Journal = {
    append: (bytes) => call(() => journal.append(bytes)),
    read: (afterId, maxBytes) => call(() => journal.read(afterId, maxBytes)),
    remove: (upToId) => call(() => journal.remove(upToId)),
    close: () => journal.close(),
  };
  return { journal, crashing, state };
}

async function journalSize(journal: MemoryJournal): Promise<number> {
  return (await journal.read(0, 1e9)).length;
}

Deno.test("HttpClient stores a durable request before it sends it, and removes it when it is answered", async () => {
  const journal = new MemoryJournal();
  const { client, fake, step } = start(journal);
  client.send(HttpRequest.post("/score", "42").withDurability());
  client.tick(0);
  assertEquals(fake.calls.length, 0);
  assertEquals(await step(), ["stored"]);
  assertEquals(await journalSize(journal), 1);
  assertEquals(fake.calls.length, 1);
  fake.calls[0]!.answer("", { status: 201 });
  assertEquals(await step(), ["success"]);
  await settle();
  assertEquals(await journalSize(journal), 0);
});

Deno.test("HttpClient sends what an earlier run left, with the same idempotency key", async () => {
  const journal = new MemoryJournal();
  const first = start(journal, 1);
  first.client.send(
    HttpRequest.postJson("/score?s=1", { score: 42 }).withDurability()
      .withTag("score").withPriority(3).bearerAuth("secret"),
  );
  await first.step();
  const sent = first.fake.calls[0]!;
  assertEquals(sent.headers.get("authorization"), "Bearer secret");

  const second = start(journal, 2);
  assertEquals(await second.step(), ["restored"]);
  const again = second.fake.calls[0]!;
  assertEquals(again.url, sent.url);
  assertEquals(
    again.headers.get("idempotency-key"),
    sent.headers.get("idempotency-key"),
  );
  assertEquals(again.headers.get("content-type"), "application/json");
  assertEquals(again.headers.has("authorization"), false);
  assertEquals(await (again.init.body as Blob).text(), '{"score":42}');
  const [restored] = second.events;
  assert(restored?.type === "restored");
  assertEquals(restored.tag, "score");
  again.answer();
  assertEquals(await second.step(), ["success"]);
  await settle();
  assertEquals(await start(journal, 3).step(), []);
});

Deno.test("DurableQueue.restore() keeps how a request is sent", async () => {
  const plain = HttpRequest.post(BASE, "x");
  const requests = [
    plain,
    plain.withRedirect("error").withTimeout(5).withMaxBodyBytes(0)
      .withCache(CachePolicy.NoStore),
    plain.withRedirect("manual").withTimeout(Infinity).withMaxBodyBytes(7)
      .withCache(CachePolicy.Revalidate),
  ];
  const journal = new MemoryJournal();
  const queue = new DurableQueue(journal);
  for (const request of requests) await queue.append(request, "key");
  const restored = await new DurableQueue(journal).restore();
  assertEquals(
    restored.map(({ request }) => options(request)),
    requests.map(options),
  );
});

for (
  const bad of [
    { timeoutMs: 0 },
    { timeoutMs: "5" },
    { maxBodyBytes: -1 },
    { maxBodyBytes: 0.5 },
    { cachePolicy: "toString" },
    { cachePolicy: 1 },
    { redirect: "else" },
  ]
) {
  Deno.test(`decodeRecord() leaves out ${JSON.stringify(bad)} and keeps the request`, () => {
    const json = new TextEncoder().encode(JSON.stringify({
      v: 1,
      key: "k",
      method: "POST",
      url: BASE,
      headers: [],
      priority: 0,
      hasBody: false,
      ...bad,
    }));
    const bytes = new Uint8Array(4 + json.length);
    new DataView(bytes.buffer).setUint32(0, json.length, true);
    bytes.set(json, 4);
    const record = decodeRecord(bytes);
    assert(record !== undefined && "request" in record);
    assertEquals(options(record.request), options(HttpRequest.post(BASE)));
  });
}

Deno.test("HttpClient repeats a durable request until the server answers, through an open circuit", async () => {
  const journal = new MemoryJournal();
  const { client, fake, events, step } = start(journal);
  let failures = 0;
  fake.onCall = (call) => {
    if (failures++ < 20) call.fail();
    else call.answer();
  };
  client.send(HttpRequest.post("/", "x").withDurability());
  for (let i = 0; i < 4_000 && client.pendingCount > 0; i++) await step(1);
  assertEquals(events.filter((event) => event.type === "success").length, 1);
  assertEquals(events.filter((event) => event.type === "failure").length, 0);
  assertEquals(fake.calls.length, 21);
  const keys = fake.calls.map((call) => call.headers.get("idempotency-key"));
  assertEquals(new Set(keys).size, 1);
});

Deno.test("HttpClient.cancel() removes a durable request from the journal, close() does not", async () => {
  const journal = new MemoryJournal();
  const first = start(journal);
  const id = first.client.send(HttpRequest.post("/1", "x").withDurability());
  const early = first.client.send(HttpRequest.post("/2", "x").withDurability());
  first.client.cancel(early);
  await first.step();
  first.client.cancel(id);
  await first.step();
  assertEquals(await start(journal).step(), []);

  const second = start(journal);
  second.client.send(HttpRequest.post("/3", "x").withDurability());
  await second.step();
  second.client.close();
  const third = start(journal);
  assertEquals(await third.step(), ["restored"]);
  third.client.close();
});

Deno.test("HttpClient reports a journal that takes nothing", async () => {
  const { client, fake, events, step } = start(
    new MemoryJournal({ maxBytes: 10 }),
  );
  client.send(HttpRequest.post("/", "too much for it").withDurability());
  assertEquals(await step(), ["failure"]);
  const [event] = events;
  assert(event?.type === "failure");
  assertEquals(event.reason, { type: "journalFailed" });
  assertEquals(fake.calls.length, 0);
});

Deno.test("HttpClient passes over records that are not its own", async () => {
  const journal = new MemoryJournal();
  await journal.append(new TextEncoder().encode("not ours"));
  await journal.append(new Uint8Array(0));
  const { client, step } = start(journal);
  assertEquals(await step(), []);
  client.close();
});

Deno.test(`HttpClient loses no durable request and mints no second key over ${CRASHES} random lives`, async () => {
  let moves = 0;
  for (let seed = 1; seed <= CRASHES; seed++) {
    const random = new SeededRandom(seed);
    const below = (n: number): number => random.nextU32() % n;
    const journal = new MemoryJournal();
    // Most is answered, but not the first request: it has to move out of the way of the others.
    const isStuck = seed % 4 === 0;
    const append = journal.append.bind(journal);
    journal.append = (bytes) => {
      if (new TextDecoder().decode(bytes).includes('"moved":')) moves++;
      return append(bytes);
    };
    /** What the server saw: keys by body. */
    const keysByBody = new Map<string, Set<string>>();
    const answered = new Set<string>();
    const stored = new Set<string>();
    let next = 0;
    let isLast = false;
    for (let run = 0; !isLast; run++) {
      isLast = run === 6;
      const { client, fake, events, step } = start(journal, seed * 100 + run);
      const bodyById = new Map<number, string>();
      fake.onCall = async (call) => {
        const body = await (call.init.body as Blob).text();
        const key = call.headers.get("idempotency-key")!;
        const keys = keysByBody.get(body) ?? new Set();
        keysByBody.set(body, keys.add(key));
        const luck = isLast
          ? 0
          : !isStuck
          ? below(4)
          : body === "0"
          ? 1 + below(3)
          : Math.max(0, below(16) - 12);
        if (luck === 0) {
          answered.add(body);
          call.answer();
        } else if (luck === 1) call.fail();
        else if (luck === 2) call.answer("", { status: 503 });
      };
      if (!isLast) {
        for (let n = below(isStuck ? 40 : 6); n > 0; n--) {
          const body = `${next++}`;
          const url = isStuck && body === "0" ? "http://down.test/" : "/";
          bodyById.set(
            client.send(HttpRequest.post(url, body).withDurability()),
            body,
          );
        }
      }
      const steps = below(isStuck ? 60 : 12);
      for (let i = 0; i < steps; i++) await step(below(3));
      for (let i = 0; isLast && i < 400; i++) {
        await step(2);
        if (client.pendingCount === 0 && await journalSize(journal) === 0) {
          break;
        }
      }
      for (const event of events) {
        if (event.type === "stored") stored.add(bodyById.get(event.id)!);
      }
      // The run ends here without close(): a crash.
    }
    for (const body of stored) {
      assert(answered.has(body), `seed ${seed}: "${body}" was lost`);
    }
    for (const [body, keys] of keysByBody) {
      assertEquals(keys.size, 1, `seed ${seed}: "${body}" had several keys`);
    }
  }
  assert(moves > 0);
});

Deno.test("HttpClient keeps the journal small behind a durable request that is never answered", async () => {
  const journal = new MemoryJournal({ maxEntries: 300 });
  const { client, fake, events, step } = start(journal, 1);
  fake.onCall = (call) =>
    call.path === "/stuck" ? call.answer("", { status: 503 }) : call.answer();
  client.send(
    HttpRequest.post("http://down.test/stuck", "1").withDurability(),
  );
  for (let i = 0; i < 100; i++) {
    for (let n = 0; n < 10; n++) {
      client.send(HttpRequest.post("/score", "1").withDurability());
    }
    await step();
    await step();
    await settle();
  }
  const keys = fake.calls.filter((call) => call.path === "/stuck")
    .map((call) => call.headers.get("idempotency-key"));
  await step();
  assertEquals(events.filter((event) => event.type === "success").length, 1000);
  assertEquals(events.filter((event) => event.type === "failure").length, 0);
  assert(await journalSize(journal) < 150, `${await journalSize(journal)}`);

  const second = start(journal, 2);
  assertEquals(await second.step(), ["restored"]);
  const [restored] = second.events;
  assert(restored?.type === "restored");
  assertEquals(restored.idempotencyKey, keys[0]);
  second.fake.calls[0]!.answer();
  assertEquals(await second.step(), ["success"]);
  await settle();
  assertEquals(await journalSize(journal), 0);
});

Deno.test("DurableQueue loses nothing and repeats no answered request whatever call of the journal a crash follows", async () => {
  // Two requests that are not answered, one of them in the middle of those that are.
  async function live(journal: Journal): Promise<void> {
    const queue = new DurableQueue(journal);
    await queue.restore();
    for (let i = 0; i < 80; i++) {
      const body = `${i}`;
      const request = HttpRequest.post(`${BASE}/${body}`, body);
      const id = await queue.append(request, `key ${body}`);
      if (i !== 0 && i !== 20) await queue.done(id);
    }
  }
  const whole = crashingJournal(Infinity);
  await live(whole.crashing);
  assert(await journalSize(whole.journal) < 80);
  for (let crashAt = 100; crashAt <= whole.state.calls; crashAt++) {
    const { journal, crashing } = crashingJournal(crashAt);
    await Promise.race([live(crashing), settle()]);
    const restored = await new DurableQueue(journal).restore();
    const paths = restored.map(({ request }) => new URL(request.url).pathname);
    // The one that the crash came upon may not be answered yet.
    assert(/^\/0,\/20(,\/\d+)?$/.test(`${paths}`), `call ${crashAt}: ${paths}`);
    assertEquals(restored[0]!.request.idempotencyKey, "key 0");
    assertEquals(restored[1]!.request.idempotencyKey, "key 20");
  }
});

Deno.test("DurableQueue.done() counts at every moment of the request's move", async () => {
  for (let turns = 0; turns < 40; turns++) {
    const journal = new MemoryJournal();
    const queue = new DurableQueue(journal);
    await queue.restore();
    const request = HttpRequest.post(BASE, "x");
    const first = await queue.append(request, "first");
    const ids: number[] = [];
    for (let i = 0; i < 33; i++) ids.push(await queue.append(request, `${i}`));
    const second = await queue.append(request, "second");
    const last = ids.pop()!;
    for (const id of ids) await queue.done(id);
    // The dead outweigh the others with this one.
    const moved = queue.done(last);
    for (let i = 0; i < turns; i++) await undefined;
    await Promise.all([moved, queue.done(first)]);
    const restored = await new DurableQueue(journal).restore();
    assertEquals(restored.map((it) => it.journalId), [second], `${turns}`);
    await queue.done(second);
    assertEquals(await journalSize(journal), 0);
  }
});

Deno.test("DurableQueue.restore() leaves out what this run sent and saw answered meanwhile", async () => {
  const journal = new MemoryJournal();
  const gate = Promise.withResolvers<void>();
  const slow: Journal = {
    append: (bytes) => journal.append(bytes),
    remove: (upToId) => journal.remove(upToId),
    close: () => journal.close(),
    async read(afterId, maxBytes) {
      const entries = await journal.read(afterId, maxBytes);
      if (entries.length === 0) await gate.promise;
      return entries;
    },
  };
  const queue = new DurableQueue(slow);
  const appended = queue.append(HttpRequest.post(BASE, "x"), "key");
  const restored = queue.restore();
  const id = await appended;
  await settle();
  await queue.done(id);
  gate.resolve();
  assertEquals(await restored, []);
});

Deno.test("decodeRecord() survives any bytes", () => {
  const random = new SeededRandom(3);
  for (let i = 0; i < 20_000; i++) {
    const bytes = new Uint8Array(random.nextU32() % 60);
    random.fill(bytes);
    if (bytes.length > 4) bytes.set([bytes.length % 30, 0, 0, 0]);
    decodeRecord(bytes);
  }
  const json = new TextEncoder().encode(
    '{"v":1,"key":"k","method":"POST","url":"/","headers":[[1,"\\n"]],"priority":0,"hasBody":true}',
  );
  const bytes = new Uint8Array(4 + json.length + 3);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      bytes[i]! ^= 1 << bit;
      decodeRecord(bytes);
      bytes[i]! ^= 1 << bit;
    }
    decodeRecord(bytes.subarray(0, i));
  }
  assert(typeof decodeRecord(bytes) === "object");
});

Deno.test("DurableQueue forgets nothing that the journal has but did not tell of yet", async () => {
  const journal = new MemoryJournal();
  const slow: (() => void)[] = [];
  let isSlow = false;
  const queue = new DurableQueue({
    append: async (bytes) => {
      const id = await journal.append(bytes);
      if (isSlow) await new Promise<void>((resolve) => slow.push(resolve));
      return id;
    },
    read: (afterId, maxBytes) => journal.read(afterId, maxBytes),
    remove: (upToId) => journal.remove(upToId),
    close: () => journal.close(),
  });
  await queue.restore();
  const first = await queue.append(HttpRequest.post("http://a.test/1"), "k1");
  isSlow = true;
  const second = queue.append(HttpRequest.post("http://a.test/2"), "k2");
  await settle();
  isSlow = false;
  const third = await queue.append(HttpRequest.post("http://a.test/3"), "k3");
  await queue.done(first);
  await queue.done(third);
  const left = await new DurableQueue(journal).restore();
  assertEquals(left.map(({ request }) => request.url), ["http://a.test/2"]);
  slow[0]!();
  await queue.done(await second);
  assertEquals(await journalSize(journal), 0);
});

Deno.test("HttpClient takes no answer of its cache for that of the server to a durable request", async () => {
  const { client, fake, step } = start(new MemoryJournal());
  client.send(
    HttpRequest.get("/").withHeader("cache-control", "only-if-cached")
      .withDurability(),
  );
  await step();
  assertEquals(fake.calls.length, 1);
  fake.calls[0]!.answer();
  assertEquals(await step(), ["success"]);
});
