import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, playerId, SeededRandom } from "../../core/mod.ts";
import {
  type FakeCall,
  FakeFetch,
  settle,
} from "../../http/_testing/fake_fetch.ts";
import { HttpClient } from "../../http/mod.ts";
import { LiveWatches } from "./_live_watches.ts";
import { LeaderboardClient } from "./client.ts";
import type { ClientContext } from "./client_part.ts";
import type { LeaderboardCallId, LeaderboardEvent } from "./event.ts";
import { LeaderboardFilter } from "./filter.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 500;
const CHANGE = {
  season: 5,
  total: 2,
  entries: [{
    rank: 1,
    playerId: playerId("ada"),
    name: "Ada",
    score: "9223372036854775807",
    subscore: 0,
    timestamp: "2026-11-25T21:28:39.000Z",
  }],
  removed: [playerId("bob")],
};

/** One answer of a server, sent as the test says. */
class Stream {
  readonly call: FakeCall;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(call: FakeCall, type = "text/event-stream; charset=utf-8") {
    this.call = call;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    call.answer(new Response(body, { headers: { "content-type": type } }));
    call.init.signal?.addEventListener("abort", () => this.cut());
  }

  send(...lines: string[]): void {
    const text = lines.map((line) => `${line}\n`).join("");
    this.#controller.enqueue(new TextEncoder().encode(text));
  }

  event(type: string, id: string, data: unknown): void {
    const json = typeof data === "string" ? data : JSON.stringify(data);
    this.send(`event: ${type}`, `id: ${id}`, `data: ${json}`, "");
  }

  end(): void {
    this.#controller.close();
  }

  cut(): void {
    try {
      this.#controller.error(new TypeError("connection reset"));
    } catch {
      // It has ended already.
    }
  }
}

/** The part with a real HTTP client, and a context that keeps what it is told. */
class Rig implements ClientContext {
  readonly clock = new ManualClock();
  readonly board = "race";
  readonly fake = new FakeFetch();
  readonly http: HttpClient;
  readonly live: LiveWatches;
  events: LeaderboardEvent[] = [];
  /** How many events that may be lost still find room. */
  room = Infinity;
  isFull = false;
  readonly #open = new Set<LeaderboardCallId>();
  #nextId = 1;

  constructor(seed = 1) {
    this.http = new HttpClient({
      baseUrl: "http://game.test/boards/",
      fetch: this.fake.fetch,
      clock: this.clock,
      random: new SeededRandom(seed),
      cache: false,
      circuitBreaker: false,
    });
    this.live = new LiveWatches(this, new SeededRandom(seed));
  }

  readonly open: ClientContext["open"] = () => {
    const id = this.#nextId++ as LeaderboardCallId;
    if (!this.isFull) this.#open.add(id);
    return id;
  };
  readonly isOpen: ClientContext["isOpen"] = (id) => this.#open.has(id);
  readonly inform: ClientContext["inform"] = (event) => {
    if (this.room <= 0) return false;
    this.room--;
    this.events.push(event);
    return true;
  };
  readonly emit: ClientContext["emit"] = (event) => this.inform(event);
  readonly end: ClientContext["end"] = (event) => {
    if (!this.#open.delete(event.id)) return false;
    this.events.push(event);
    return true;
  };
  readonly send: ClientContext["send"] = (request) => this.http.send(request);
  readonly abort: ClientContext["abort"] = (id) => this.http.cancel(id);
  readonly resolve: ClientContext["resolve"] = (url) =>
    URL.parse(url, "http://game.test/boards/")?.href;

  async tick(dt = 0): Promise<void> {
    await settle();
    this.http.tick(dt);
    for (const event of this.http.drainEvents()) {
      assert(this.live.handle(event), event.type);
    }
    this.live.tick(dt);
    await settle();
  }

  /** Ticks until there is a request that nobody answered. */
  async nextCall(): Promise<FakeCall> {
    for (let i = 0; i < 1_000; i++) {
      await this.tick(0.1);
      const [call] = this.fake.open;
      if (call !== undefined) return call;
    }
    throw new Error("There is no request");
  }

  async nextStream(): Promise<Stream> {
    const stream = new Stream(await this.nextCall());
    await this.tick();
    await this.tick();
    return stream;
  }

  take(): LeaderboardEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }

  /** What happened in short. */
  story(): string[] {
    return this.take().map((event) => {
      switch (event.type) {
        case "boardChanged":
          return event.isReset
            ? `reset ${event.reason}`
            : `${
              event.entries.map(({ playerId }) => playerId)
            }-${event.removed}`;
        case "liveState":
          return `${event.state} ${event.reason ?? ""}`.trim();
        default:
          return event.type;
      }
    });
  }
}

Deno.test("LiveWatches.watch() asks for a stream of the ranking, and says when to fetch", async () => {
  const rig = new Rig();
  const filter = LeaderboardFilter.daily().class("any%").onBoard("other")
    .page(3);
  const id = rig.live.watch(filter);
  const call = await rig.nextCall();
  assertEquals(
    call.url,
    "http://game.test/boards/v1/boards/other/events?period=daily&class=any%25",
  );
  assertEquals(call.headers.get("accept"), "text/event-stream");
  assertEquals(call.headers.get("last-event-id"), null);
  assertEquals(rig.take(), []);
  new Stream(call);
  await rig.tick();
  await rig.tick();
  assertEquals(rig.take(), [
    {
      type: "liveState",
      id,
      state: "connected",
      reason: undefined,
      retryInMs: 0,
    },
    {
      type: "boardChanged",
      id,
      board: "other",
      period: "daily",
      class: "any%",
      isReset: true,
      reason: "opened",
    },
  ]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches tells what has changed as the client's own types", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const stream = await rig.nextStream();
  rig.take();
  stream.send(":", "", "event: future", 'data: {"x":1}', "");
  stream.event("change", "b-1", CHANGE);
  await rig.tick();
  assertEquals(rig.take(), [{
    type: "boardChanged",
    id,
    board: "race",
    period: undefined,
    class: undefined,
    isReset: false,
    season: 5,
    total: 2,
    entries: [{
      rank: 1,
      playerId: playerId("ada"),
      name: "Ada",
      score: 9223372036854775807n,
      subscore: 0,
      class: undefined,
      metadata: {},
      timestamp: "2026-11-25T21:28:39.000Z",
      replayUrl: undefined,
    }],
    removed: [playerId("bob")],
  }]);
  for (const reason of ["season", "missed", "cleared"]) {
    stream.event("reset", "b-2", { season: 6, reason });
    await rig.tick();
    assertEquals(rig.story(), [`reset ${reason}`]);
  }
  rig.live.cancel(id);
});

Deno.test("LiveWatches goes on where the stream was cut", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const first = await rig.nextStream();
  first.send("id: b-7", "");
  await rig.tick();
  first.cut();
  await rig.tick();
  assertEquals(rig.story(), ["connected", "reset opened", "lost unreachable"]);
  const second = await rig.nextStream();
  assertEquals(second.call.headers.get("last-event-id"), "b-7");
  second.event("change", "b-8", CHANGE);
  // Half of an event is none.
  second.send("event: change", "id: b-9", "data: {");
  await rig.tick();
  second.end();
  await rig.tick();
  assertEquals(rig.story(), ["connected", "ada-bob", "lost ended"]);
  const third = await rig.nextStream();
  assertEquals(third.call.headers.get("last-event-id"), "b-8");
  rig.live.cancel(id);
});

Deno.test("LiveWatches says that something was missed where it got no id", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  (await rig.nextStream()).cut();
  await rig.nextStream();
  assertEquals(rig.story(), [
    "connected",
    "reset opened",
    "lost unreachable",
    "connected",
    "reset missed",
  ]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches gives a silent stream up after 40 seconds", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const stream = await rig.nextStream();
  rig.take();
  for (let i = 0; i < 10; i++) {
    await rig.tick(15);
    stream.send(":", "");
    await rig.tick();
  }
  assertEquals(rig.story(), []);
  await rig.tick(39);
  assertEquals(rig.story(), []);
  await rig.tick(2);
  assertEquals(rig.story(), ["lost timeout"]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches waits longer with each attempt that fails, and as long as the server says", async () => {
  const rig = new Rig(3);
  const id = rig.live.watch(LeaderboardFilter.period());
  const waits: number[] = [];
  for (let i = 0; i < 40; i++) {
    const call = await rig.nextCall();
    // One that ends at once is no better than none.
    if (i % 2 === 0) call.fail();
    else new Stream(call).end();
    await rig.tick();
    await rig.tick();
    for (const event of rig.take()) {
      if (event.type !== "liveState" || event.state !== "lost") continue;
      waits.push(event.retryInMs);
    }
  }
  assertEquals(waits.length, 40);
  assert(
    waits.every((ms, i) => ms >= 0 && ms <= Math.min(30_000, 1_000 * 2 ** i)),
  );
  const late = waits.slice(5);
  assert(Math.max(...late) > 20_000 && Math.min(...late) < 10_000, `${late}`);
  // After a stream that lasted, it is asked at once again.
  const stream = await rig.nextStream();
  await rig.tick(10);
  stream.cut();
  await rig.tick();
  const lost = rig.take().at(-1);
  assert(lost?.type === "liveState" && lost.retryInMs < 1_000);
  const body = JSON.stringify({
    code: "rateLimited",
    message: "Too many",
    retryAfterMs: 10_000,
  });
  (await rig.nextCall()).answer(body, { status: 429 });
  await rig.tick();
  await rig.tick();
  const limited = rig.take().at(-1);
  assert(
    limited?.type === "liveState" && limited.retryInMs === 10_000,
    `${JSON.stringify(limited)}`,
  );
  const told = await rig.nextStream();
  told.send("retry: 20000", "");
  await rig.tick();
  told.end();
  await rig.tick();
  const asked = rig.take().at(-1);
  assert(asked?.type === "liveState" && asked.retryInMs === 20_000);
  rig.live.cancel(id);
});

Deno.test("LiveWatches ends where the server says no", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const code = "boardNotFound";
  (await rig.nextCall()).answer(
    JSON.stringify({ code, message: "There is no such board" }),
    { status: 404 },
  );
  await rig.tick();
  await rig.tick();
  assertEquals(rig.take(), [{
    type: "watchFailed",
    id,
    board: "race",
    reason: "refused",
    code,
    message: "There is no such board",
    field: undefined,
    status: 404,
    retryAfterMs: undefined,
    cause: undefined,
  }]);
  await rig.tick(100);
  assertEquals([rig.fake.calls.length, rig.live.cancel(id)], [1, false]);
});

Deno.test("LiveWatches asks again where something else answers, or the server cannot now", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  new Stream(await rig.nextCall(), "text/html").send("<html>");
  await rig.tick();
  await rig.tick();
  (await rig.nextCall()).answer("<html>", { status: 404 });
  await rig.tick();
  await rig.tick();
  (await rig.nextCall()).answer("{}", { status: 503 });
  await rig.tick();
  await rig.tick();
  assertEquals(rig.story(), [
    "lost malformedResponse",
    "lost malformedResponse",
    "lost serverFailed",
  ]);
  await rig.nextStream();
  assertEquals(rig.story(), ["connected", "reset opened"]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches takes what it cannot understand as a reset, and counts it", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const stream = await rig.nextStream();
  rig.take();
  const entry = CHANGE.entries[0]!;
  const broken: [type: string, data: unknown][] = [
    ["change", "{"],
    ["change", "null"],
    ["change", []],
    ["change", { ...CHANGE, season: -1 }],
    ["change", { ...CHANGE, total: 1.5 }],
    ["change", { ...CHANGE, entries: undefined }],
    ["change", { ...CHANGE, entries: [{ ...entry, score: 0.5 }] }],
    ["change", { ...CHANGE, entries: [{ ...entry, playerId: "" }] }],
    ["change", { ...CHANGE, entries: [{ ...entry, timestamp: "now" }] }],
    ["change", { ...CHANGE, removed: [1] }],
    ["change", { ...CHANGE, removed: "bob" }],
    ["reset", { season: 1, reason: "constructor" }],
    ["reset", "7"],
  ];
  for (const [i, [type, data]] of broken.entries()) {
    stream.event(type, `b-${i}`, data);
    await rig.tick();
    assertEquals(rig.story(), ["reset malformed"], JSON.stringify(data));
    assertEquals(rig.live.malformedCount, i + 1);
  }
  // The stream itself goes on.
  stream.event("change", "b-99", CHANGE);
  await rig.tick();
  assertEquals(rig.story(), ["ada-bob"]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches begins anew behind an event without end", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const stream = await rig.nextStream();
  stream.send("id: b-1", "");
  for (let i = 0; i < 8; i++) {
    stream.send(`data: ${"x".repeat(65_536)}`);
    await rig.tick();
  }
  assertEquals(rig.story(), [
    "connected",
    "reset opened",
    "lost malformedResponse",
  ]);
  assertEquals(rig.live.malformedCount, 1);
  const next = await rig.nextStream();
  assertEquals(next.call.headers.get("last-event-id"), null);
  assertEquals(rig.story(), ["connected", "reset missed"]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches sends no id that a header cannot have", async () => {
  for (const bad of ["é", "x".repeat(257), "a b"]) {
    const rig = new Rig();
    const id = rig.live.watch(LeaderboardFilter.period());
    const stream = await rig.nextStream();
    stream.send("id: b-1", "");
    await rig.tick();
    stream.send(`id: ${bad}`, "");
    await rig.tick();
    stream.cut();
    const next = await rig.nextStream();
    assertEquals(next.call.headers.get("last-event-id"), "b-1");
    rig.live.cancel(id);
  }
});

Deno.test("LiveWatches turns changes that nobody drains into one reset", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  const stream = await rig.nextStream();
  rig.take();
  rig.room = 2;
  for (let i = 0; i < 5; i++) {
    stream.event("change", `b-${i}`, CHANGE);
    await rig.tick();
  }
  assertEquals(rig.story(), ["ada-bob", "ada-bob"]);
  rig.room = Infinity;
  await rig.tick();
  stream.event("change", "b-9", CHANGE);
  await rig.tick();
  assertEquals(rig.story(), ["reset missed", "ada-bob"]);
  rig.room = 0;
  stream.cut();
  await rig.tick();
  rig.room = Infinity;
  await rig.tick();
  assertEquals(rig.story(), ["lost unreachable"]);
  rig.live.cancel(id);
});

Deno.test("LiveWatches.cancel() ends the stream, and the wait for one", async () => {
  const rig = new Rig();
  const [one, two] = [
    rig.live.watch(LeaderboardFilter.daily()),
    rig.live.watch(LeaderboardFilter.weekly()),
  ];
  const stream = await rig.nextStream();
  (await rig.nextCall()).fail();
  await rig.tick();
  rig.take();
  assertEquals(rig.live.cancel(one), true);
  assertEquals(stream.call.init.signal?.aborted, true);
  assertEquals(rig.live.cancel(two), true);
  assertEquals(rig.live.cancel(two), false);
  await rig.tick(60);
  await rig.tick(60);
  assertEquals(rig.take(), [
    { type: "cancelled", id: one },
    { type: "cancelled", id: two },
  ]);
  assertEquals([rig.fake.calls.length, rig.http.pendingCount], [2, 0]);
});

Deno.test("LiveWatches ends with the client", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  await rig.nextStream();
  rig.take();
  rig.http.close();
  await rig.tick();
  await rig.tick(60);
  assertEquals(rig.take(), [{ type: "cancelled", id }]);
  assertEquals(rig.fake.calls.length, 1);
});

Deno.test("LiveWatches.close() ends what waits for its next attempt too", async () => {
  const rig = new Rig();
  const id = rig.live.watch(LeaderboardFilter.period());
  (await rig.nextCall()).fail();
  await rig.tick();
  rig.take();
  rig.live.close();
  await rig.tick(60);
  assertEquals(rig.take(), [{ type: "cancelled", id }]);
  assertEquals(rig.fake.calls.length, 1);
});

Deno.test("LiveWatches.watch() refuses a season, and begins nothing where there is no room", async () => {
  const rig = new Rig();
  assertThrows(
    () => rig.live.watch(LeaderboardFilter.daily().season(0)),
    RangeError,
    "season must not be set",
  );
  rig.isFull = true;
  const id = rig.live.watch(LeaderboardFilter.daily());
  await rig.tick(1);
  assertEquals([rig.fake.calls.length, rig.live.cancel(id)], [0, false]);
});

Deno.test("LiveWatches takes any bytes without a throw", async () => {
  const pieces = [
    "event: change\n",
    "event: reset\n",
    "data: ",
    "id: b-1\n",
    "\n",
    "\r",
    '{"season":0,"reason":"season"}\n',
    JSON.stringify(CHANGE),
    "[[[[",
    '{"entries":',
    "\0",
    "\u{1F600}",
    "retry: 1\n",
  ].map((text) => new TextEncoder().encode(text));
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new SeededRandom(seed);
    const rig = new Rig(seed);
    const id = rig.live.watch(LeaderboardFilter.period());
    const bytes = [];
    for (let i = random.nextU32() % 40; i > 0; i--) {
      bytes.push(...pieces[random.nextU32() % pieces.length]!);
    }
    for (let i = random.nextU32() % 4; i > 0; i--) {
      bytes[random.nextU32() % (bytes.length + 1)] = random.nextU32() % 256;
    }
    const call = await rig.nextCall();
    call.answer(
      new Response(new Uint8Array(bytes), {
        headers: { "content-type": "text/event-stream" },
      }),
    );
    await rig.tick();
    await rig.tick();
    await rig.tick();
    const story = rig.story();
    assertEquals(story.at(-1), "lost ended", `seed ${seed}: ${story}`);
    rig.live.cancel(id);
  }
});

Deno.test("LeaderboardClient.watch() goes through the client, until unwatch() or close()", async () => {
  const fake = new FakeFetch();
  const client = new LeaderboardClient("http://game.test/boards", {
    http: { fetch: fake.fetch, retries: 0, deadlineMs: 1_000 },
  }).withApiKey("key");
  const one = client.watch(LeaderboardFilter.daily());
  const two = client.watch();
  const step = async (dt = 0): Promise<string[]> => {
    await settle();
    client.tick(dt);
    await settle();
    client.tick(0);
    return [...client.drainEvents()].map(({ type }) => type);
  };
  await step();
  assertEquals(fake.paths, [
    "/boards/v1/boards/main/events",
    "/boards/v1/boards/main/events",
  ]);
  assertEquals(fake.calls[0]!.headers.get("x-api-key"), "key");
  const stream = new Stream(fake.calls[0]!);
  fake.calls[1]!.fail();
  assertEquals((await step()).sort(), [
    "boardChanged",
    "liveState",
    "liveState",
  ]);
  // A deadline is for requests that have an end.
  for (let i = 0; i < 10; i++) {
    stream.event("change", `b-${i}`, CHANGE);
    assert((await step(20)).includes("boardChanged"));
    fake.open.at(-1)?.fail();
    await step();
  }
  stream.event("change", "b-99", "[]");
  await step();
  assertEquals(client.malformedLiveEvents, 1);
  assertEquals([client.unwatch(one), client.unwatch(one)], [true, false]);
  assertEquals(stream.call.init.signal?.aborted, true);
  client.close();
  assertEquals((await step()).filter((type) => type === "cancelled"), [
    "cancelled",
    "cancelled",
  ]);
  assertEquals([client.pendingCount, client.unwatch(two)], [0, false]);
  client.watch();
  assertEquals([...client.drainEvents()].map(({ type }) => type), [
    "cancelled",
  ]);
});
