// What a game may do from inside what the client calls: its fetch, its log, the listeners of its signals.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, MemoryJournal, SeededRandom } from "../core/mod.ts";
import { FakeFetch, settle } from "./_testing/fake_fetch.ts";
import { HttpClient } from "./client.ts";
import type { HttpClientOptions } from "./client_options.ts";
import type { HttpEvent } from "./event.ts";
import { HttpRequest } from "./request.ts";

const TERMINAL = new Set(["success", "failure", "timeout", "cancelled"]);

function setUp(options: HttpClientOptions) {
  const client: HttpClient = new HttpClient({
    baseUrl: "http://game.test",
    clock: new ManualClock(),
    random: new SeededRandom(1),
    cache: false,
    ...options,
  });
  const ends = new Map<number, string[]>();
  const step = async (dt = 0): Promise<void> => {
    await settle();
    client.tick(dt);
    for (const event of client.drainEvents()) note(event);
  };
  const note = (event: HttpEvent): void => {
    if (!TERMINAL.has(event.type) || !("id" in event)) return;
    ends.set(event.id, [...ends.get(event.id) ?? [], event.type]);
  };
  return { client, ends, step };
}

/** A fetch whose requests never end but by their signal, which calls back first. */
function stuckFetch(onAbort: () => void) {
  return (_url: string, init: RequestInit): Promise<Response> =>
    new Promise((_, reject) =>
      init.signal!.addEventListener("abort", () => {
        onAbort();
        reject(new DOMException("Aborted", "AbortError"));
      })
    );
}

const FROM_A_LISTENER: [string, (client: HttpClient) => void][] = [
  ["cancelAll", (client) => client.cancelAll()],
  ["close", (client) => client.close()],
  ["tick", (client) => client.tick(1)],
  ["send", (client) => client.send(HttpRequest.get("/more").withDeadline(1))],
  ["drainEvents", (client) => [...client.drainEvents()]],
];

for (const [name, call] of FROM_A_LISTENER) {
  Deno.test(`HttpClient.${name}() may be called when an attempt is aborted`, async () => {
    let drained = 0;
    const { client, ends, step } = setUp({
      retries: 1,
      timeoutMs: 1_000,
      fetch: stuckFetch(() => {
        if (name === "drainEvents") {
          for (const event of client.drainEvents()) {
            if (TERMINAL.has(event.type)) drained++;
          }
        } else if (client.stats.done < 20) call(client);
      }),
    });
    for (let i = 0; i < 4; i++) client.send(HttpRequest.get(`/${i}`));
    await step();
    client.cancel(1 as never);
    for (let i = 0; i < 30; i++) await step(0.5);
    client.close();
    await step();
    assertEquals(client.pendingCount, 0);
    assertEquals(client.stats.inFlight, 0);
    for (const [id, types] of ends) assertEquals(types.length, 1, `${id}`);
    assertEquals(ends.size + drained, client.stats.done);
  });
}

for (
  const [name, call] of [
    ...FROM_A_LISTENER,
    ["throw", () => {
      throw new Error("disk full");
    }],
  ] as typeof FROM_A_LISTENER
) {
  Deno.test(`HttpClient survives a log that calls ${name}`, async () => {
    const fake = new FakeFetch();
    let calls = 0;
    let drained = 0;
    const { client, ends, step } = setUp({
      fetch: fake.fetch,
      verbose: true,
      circuitBreaker: { failureThreshold: 2, openMs: 100 },
      log: () => {
        if (++calls > 20) return;
        if (name === "drainEvents") {
          for (const event of client.drainEvents()) {
            if (TERMINAL.has(event.type)) drained++;
          }
        } else call(client);
      },
    });
    fake.onCall = (call) => call.answer("", { status: 503 });
    for (let i = 0; i < 6; i++) client.send(HttpRequest.get(`/${i}`));
    for (let i = 0; i < 40; i++) await step(0.5);
    client.close();
    await step();
    assertEquals(client.pendingCount, 0);
    for (const [id, types] of ends) assertEquals(types.length, 1, `${id}`);
    assertEquals(ends.size + drained, client.stats.done);
  });
}

Deno.test("HttpClient keeps a durable request in the journal when the log ticks", async () => {
  const journal = new MemoryJournal();
  const fake = new FakeFetch();
  const { client, step } = setUp({
    fetch: fake.fetch,
    journal,
    verbose: true,
    log: () => client.tick(0),
  });
  fake.onCall = (call) => call.answer("", { status: 503 });
  client.send(HttpRequest.post("/", "x").withDurability());
  for (let i = 0; i < 10; i++) await step();
  assertEquals((await journal.read(0, 1e6)).length, 1);
  assert(fake.calls.length > 0);
  client.close();
});

for (const [name, call] of FROM_A_LISTENER) {
  Deno.test(`HttpClient.${name}() may be called inside fetch`, async () => {
    let depth = 0;
    let drained = 0;
    const { client, ends, step } = setUp({
      retries: 0,
      fetch: () => {
        if (depth++ < 10) {
          if (name === "drainEvents") {
            for (const event of client.drainEvents()) {
              if (TERMINAL.has(event.type)) drained++;
            }
          } else call(client);
        }
        return Promise.resolve(new Response("ok"));
      },
    });
    for (let i = 0; i < 6; i++) client.send(HttpRequest.get(`/${i}`));
    for (let i = 0; i < 20; i++) await step(0.1);
    client.close();
    await step();
    assertEquals(client.pendingCount, 0);
    for (const [id, types] of ends) assertEquals(types.length, 1, `${id}`);
    assertEquals(ends.size + drained, client.stats.done);
  });
}
