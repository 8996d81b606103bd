import { assert, assertEquals } from "@std/assert";
import {
  type Journal,
  ManualClock,
  MemoryJournal,
  SeededRandom,
} from "../core/mod.ts";
import { FakeFetch, settle } from "./_testing/fake_fetch.ts";
import { HttpClient } from "./client.ts";
import type { HttpClientOptions } from "./client_options.ts";
import type { HttpEvent } from "./event.ts";
import { HttpRequest } from "./request.ts";

const BASE = "http://game.test";
const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 40;

function start(options: HttpClientOptions = {}, seed = 1) {
  const fake = new FakeFetch();
  const client = new HttpClient({
    baseUrl: BASE,
    fetch: fake.fetch,
    clock: new ManualClock(),
    random: new SeededRandom(seed),
    circuitBreaker: false,
    retries: 0,
    ...options,
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

function post(path: string, ...keys: string[]): HttpRequest {
  return HttpRequest.post(path, path).withOrder(...keys);
}

Deno.test("HttpClient sends requests of one order one after another, and others beside them", async () => {
  const { client, fake, step } = start();
  client.send(post("/a1", "a"));
  client.send(post("/a2", "a"));
  client.send(post("/b1", "b"));
  client.send(post("/ab", "a", "b", "a"));
  client.send(post("/a3", "a").withPriority(9));
  client.send(post("/none"));
  await step();
  assertEquals(fake.paths, ["/a1", "/b1", "/none"]);
  fake.calls[0]!.answer();
  await step();
  assertEquals(fake.paths.slice(3), ["/a2"]);
  // A failure makes room too.
  fake.calls[3]!.fail();
  await step();
  await step();
  assertEquals(fake.paths.slice(4), []);
  fake.calls[1]!.answer();
  await step();
  await step();
  assertEquals(fake.paths.slice(4), ["/ab"]);
  fake.calls[4]!.answer();
  await step();
  await step();
  assertEquals(fake.paths.slice(5), ["/a3"]);
});

Deno.test("HttpClient.cancel() of a request that waits in order lets nobody overtake", async () => {
  const { client, fake, step } = start();
  client.send(post("/1", "a"));
  const second = client.send(post("/2", "a"));
  client.send(post("/3", "a"));
  await step();
  client.cancel(second);
  await step();
  await step();
  assertEquals(fake.paths, ["/1"]);
  fake.calls[0]!.answer();
  await step();
  await step();
  assertEquals(fake.paths, ["/1", "/3"]);
});

Deno.test("HttpClient repeats a request before it sends the next one in order", async () => {
  const { client, fake, step } = start({ retries: 3 });
  client.send(HttpRequest.get("/1").withOrder("a"));
  client.send(post("/2", "a"));
  await step();
  fake.calls[0]!.answer("", { status: 503 });
  await step();
  assertEquals(fake.paths, ["/1"]);
  await step(60);
  assertEquals(fake.paths, ["/1", "/1"]);
  fake.calls[1]!.answer();
  await step();
  await step();
  assertEquals(fake.paths, ["/1", "/1", "/2"]);
});

Deno.test("HttpClient counts the deadline of a request that waits in order", async () => {
  const { client, fake, step } = start();
  client.send(post("/1", "a"));
  client.send(post("/2", "a").withDeadline(1_000));
  await step();
  await step(0.5);
  assertEquals(await step(0.6), ["timeout"]);
  assertEquals(fake.paths, ["/1"]);
});

/** A journal whose reading waits until it is let. */
function slowJournal(journal: MemoryJournal) {
  const gate = Promise.withResolvers<void>();
  const slow: Journal = {
    append: (bytes) => journal.append(bytes),
    remove: (upToId) => journal.remove(upToId),
    close: () => journal.close(),
    async read(afterId, maxBytes) {
      await gate.promise;
      return await journal.read(afterId, maxBytes);
    },
  };
  return { slow, open: () => gate.resolve(), fail: () => gate.reject("gone") };
}

Deno.test("HttpClient sends what an earlier run left before what this one sends in the same order", async () => {
  const journal = new MemoryJournal();
  const first = start({ journal });
  first.client.send(post("/1", "a").withDurability());
  first.client.send(post("/2", "a").withDurability());
  await first.step();
  await first.step();
  assertEquals(first.fake.paths, ["/1"]);

  const { slow, open } = slowJournal(journal);
  const second = start({ journal: slow }, 2);
  second.client.send(post("/3", "a").withDurability());
  second.client.send(post("/4", "a"));
  second.client.send(post("/other").withDurability());
  await second.step();
  await second.step();
  assertEquals(second.fake.paths, ["/other"]);
  open();
  for (let i = 0; i < 12; i++) {
    await settle();
    second.fake.open.forEach((call) => call.answer());
    await second.step();
  }
  assertEquals(second.fake.paths, ["/other", "/1", "/2", "/3", "/4"]);
});

Deno.test("HttpClient does not wait for a journal that cannot be read, or never is", async () => {
  for (const how of ["fails", "hangs"]) {
    const { slow, fail } = slowJournal(new MemoryJournal());
    const { client, fake, step } = start({ journal: slow, timeoutMs: 5_000 });
    client.send(post("/1", "a"));
    if (how === "fails") fail();
    await step();
    if (how === "hangs") {
      assertEquals(fake.paths, []);
      await step(4.9);
      assertEquals(fake.paths, []);
      await step(0.2);
    }
    await step();
    assertEquals(fake.paths, ["/1"], how);
  }
});

Deno.test(`HttpClient keeps the order of each key over ${RUNS} seeds of answers, faults and restarts`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new SeededRandom(seed);
    const journal = new MemoryJournal();
    /** By key: the numbers of the requests that an attempt was made of, each once. */
    const sent = new Map<string, number[]>();
    let number = 0;
    for (let life = 0; life < 3; life++) {
      const run = start({ journal, backoffMaxMs: 1_000 }, seed);
      const open = new Map<string, string>();
      run.fake.onCall = (call) => {
        const [, keys, text] = call.path.split("/");
        for (const key of keys!) {
          const before = open.get(key) ?? text;
          assert(before === text, `seed ${seed}: ${text} beside ${before}`);
          open.set(key, text!);
          const numbers = sent.get(key) ?? [];
          sent.set(key, numbers);
          if (numbers.at(-1) !== Number(text)) numbers.push(Number(text));
        }
      };
      for (let turn = 0; turn < 30; turn++) {
        if (random.nextFloat() < 0.6) {
          const keys = ["a", "b", "ab", "ca", "abc"][random.nextU32() % 5]!;
          run.client.send(
            post(`/${keys}/${++number}`, ...keys).withDurability(),
          );
        }
        for (const call of run.fake.open) {
          const dice = random.nextFloat();
          if (dice < 0.3) call.answer("", { status: 200 });
          else if (dice < 0.4) call.answer("", { status: 503 });
          else if (dice < 0.5) call.fail();
          else continue;
          const [, keys] = call.path.split("/");
          for (const key of keys!) open.delete(key);
        }
        await run.step(random.nextFloat());
        await run.step();
      }
    }
    for (const [key, numbers] of sent) {
      const order = numbers.filter((it, i) => numbers.indexOf(it) === i);
      assertEquals(order, order.toSorted((a, b) => a - b), `${seed} ${key}`);
      assertEquals(numbers, order, `seed ${seed}: key ${key} went back`);
    }
    assert(number > 20);
  }
});

Deno.test("HttpClient does not send a request whose time is over, in this run or a later one", async () => {
  const journal = new MemoryJournal();
  const clock = new ManualClock({ epochMs: 1_000 });
  const request = HttpRequest.post("/score", "1").withDurability()
    .withExpiry(5_000);
  const first = start({ journal, clock });
  first.client.send(request.withOrder("a"));
  first.client.send(request.withIdempotencyKey("second").withOrder("a"));
  await first.step();
  await first.step();
  first.fake.calls[0]!.fail();
  await first.step();
  clock.advance(4_000);
  await first.step(60);
  await first.step();
  await first.step();
  const reasons = first.events.map((event) =>
    event.type === "failure" ? event.reason.type : event.type
  );
  assertEquals(reasons, [
    "stored",
    "stored",
    "retrying",
    "expired",
    "expired",
  ]);
  assertEquals(first.fake.paths, ["/score"]);

  first.client.send(request.withExpiry(6_000));
  await settle();
  first.client.close();
  const second = start({ journal, clock }, 2);
  clock.advance(1_000);
  await second.step();
  const [restored, end] = second.events;
  assert(restored?.type === "restored");
  assertEquals(restored.request.expiresMs, 6_000);
  assertEquals(restored.request.body, new TextEncoder().encode("1"));
  assert(end?.type === "failure");
  assertEquals(end.reason, { type: "expired" });
  assertEquals(second.fake.paths, []);
  await settle();
  assertEquals((await journal.read(0, 1e9)).length, 0);
});

Deno.test("HttpClient lets a probe through after a request that expired in its place", async () => {
  const clock = new ManualClock({ epochMs: 1_000 });
  const { client, fake, step } = start({
    clock,
    journal: new MemoryJournal(),
    circuitBreaker: { failureThreshold: 1, openMs: 1_000 },
  });
  client.send(HttpRequest.get("/"));
  await step();
  fake.calls[0]!.fail();
  await step();
  client.send(HttpRequest.post("/late").withDurability().withExpiry(2_000));
  client.send(HttpRequest.post("/good").withDurability());
  await step();
  clock.advance(5_000);
  for (let i = 0; i < 4; i++) await step(2);
  assertEquals(fake.paths, ["/", "/good"]);
});

Deno.test("HttpClient repeats a durable request until isAnswer takes what comes", async () => {
  const asked: (readonly [string, number, string])[] = [];
  const { client, fake, step, events } = start({
    journal: new MemoryJournal(),
    isAnswer: (request, response) => {
      asked.push([request.url, response.status, response.text]);
      return response.text === "mine";
    },
  });
  client.send(HttpRequest.post("/score", "1").withDurability());
  await step();
  await step();
  for (const status of [200, 404, 503, 522]) {
    fake.open[0]!.answer("<html>", { status });
    await step();
    await step(60);
  }
  fake.open[0]!.answer("mine", { status: 422 });
  await step();
  assertEquals(asked, [
    ["/score", 200, "<html>"],
    ["/score", 404, "<html>"],
    ["/score", 422, "mine"],
  ]);
  const end = events.at(-1);
  assert(end?.type === "success");
  assertEquals([end.response.status, end.response.text], [422, "mine"]);
  // Others end with whatever comes.
  client.send(HttpRequest.get("/page"));
  await step();
  fake.open[0]!.answer("<html>");
  assertEquals(await step(), ["success"]);
});

Deno.test("HttpClient takes an answer where isAnswer throws", async () => {
  const { client, fake, step } = start({
    journal: new MemoryJournal(),
    isAnswer: () => {
      throw new Error("mistake");
    },
  });
  client.send(HttpRequest.post("/score", "1").withDurability());
  await step();
  await step();
  fake.open[0]!.answer();
  assertEquals(await step(), ["success"]);
});
