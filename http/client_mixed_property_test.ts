// Everything at once: random schedules against a moody server, stores that fail or fall silent, durable requests over a
// restart, streams, signals, outages, clocks that jump and callbacks that call the client, checked for what must always
// hold. The whole count is 10,000 cases (TICKWIRE_SOAK=1); an ordinary run takes a slice of them.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, MemoryJournal, SeededRandom } from "../core/mod.ts";
import { type FakeCall, FakeFetch } from "./_testing/fake_fetch.ts";
import { MemoryCacheStore } from "./cache/memory_store.ts";
import type { CacheEntry, HttpCacheStore } from "./cache/store.ts";
import { CachePolicy } from "./cache_policy.ts";
import { HttpClient } from "./client.ts";
import type { HttpEvent, HttpTerminalEvent } from "./event.ts";
import type { HttpHeaders } from "./headers.ts";
import { Method } from "./method.ts";
import { HttpRequest } from "./request.ts";
import type { HttpResponse } from "./response.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 10_000 : 300;
const BASE = "http://game.test";
const ORIGINS = [BASE, "http://other.test"];
const START_EPOCH_MS = Date.UTC(2026, 0, 1);
/** Above 1.5 times the longest that a circuit stays open, and the second in which its probe goes out. */
const OPEN_AT_MOST_MS = 100_000;
/** Stands for any of the client's own tokens. */
const OWN_TOKEN = "Bearer t*";

/** What must have come up for the schedules to be worth something. */
const WANTED = [
  ...["success", "failure", "timeout", "cancelled", "retrying", "rateLimited"],
  ...["responseStarted", "chunk", "stored", "restored", "circuitChanged"],
  ...["coalesced", "cacheHits"],
];

class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  below(n: number): number {
    return this.#random.nextU32() % n;
  }

  /** Once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** Lets what was answered arrive: fakes need microtasks only. */
async function settleMicrotasks(): Promise<void> {
  for (let i = 0; i < 30; i++) await undefined;
}

/** A cache store that may be slow, fail in every way there is, or never answer. */
class MoodyStore implements HttpCacheStore {
  isCalm = false;
  readonly #inner: MemoryCacheStore;
  readonly #kind: "prompt" | "slow" | "flaky";
  readonly #dice: Dice;

  constructor(
    kind: "prompt" | "slow" | "flaky",
    maxBytes: number,
    dice: Dice,
  ) {
    this.#kind = kind;
    this.#inner = new MemoryCacheStore({ maxBytes });
    this.#dice = dice;
  }

  get entryCount(): number {
    return this.#inner.entryCount;
  }
  get usedBytes(): number {
    return this.#inner.usedBytes;
  }
  get evictedCount(): number {
    return this.#inner.evictedCount;
  }

  get(key: string) {
    // A copy, as what a slow one read must not change before it arrives.
    return this.#answer(() => [...this.#inner.get(key)]);
  }
  put(entry: CacheEntry) {
    return this.#answer(() => this.#inner.put(entry));
  }
  delete(key: string, id?: string) {
    return this.#answer(() => this.#inner.delete(key, id));
  }
  evictStale(nowEpochMs: number) {
    return this.#answer(() => this.#inner.evictStale(nowEpochMs));
  }
  clear() {
    return this.#answer(() => this.#inner.clear());
  }

  #answer<T>(work: () => T): T | Promise<T> {
    if (this.#kind === "prompt") return work();
    if (this.#kind === "flaky" && !this.isCalm) {
      switch (this.#dice.below(6)) {
        case 0:
          throw new Error("No store");
        case 1:
          return Promise.reject(new Error("Disk full"));
        case 2:
          return new Promise(() => {});
      }
    }
    return Promise.resolve().then(work);
  }
}

/** A server of many moods. Every body names the URL and the Authorization that it is for, and ends with ";". */
class MoodyServer {
  isCalm = false;
  /** The origin that is down. */
  down: string | undefined;
  /** The idempotency keys that came with each URL of a durable request. */
  readonly keys = new Map<string, Set<string>>();
  readonly #dice: Dice;
  readonly #clock: ManualClock;
  readonly #versions = new Map<string, number>();

  constructor(dice: Dice, clock: ManualClock) {
    this.#dice = dice;
    this.#clock = clock;
  }

  noteKey(call: FakeCall): void {
    if (!call.path.startsWith("/durable")) return;
    const keys = this.keys.get(call.url) ?? new Set();
    this.keys.set(call.url, keys.add(`${call.headers.get("idempotency-key")}`));
  }

  answer(call: FakeCall): void {
    if (call.isSettled) return;
    if (!this.isCalm && new URL(call.url).origin === this.down) {
      if (this.#dice.once(2)) call.fail();
      else call.answer(this.#named(call, "down"), { status: 503 });
      return;
    }
    const body = this.#named(call, `${this.#version(call)}`);
    const etag = `"${body.replace(/[^\x21-\x7e]/g, "")}"`;
    const headers = this.#headers(call, etag);
    if (this.#confirm(call, etag, headers)) return;
    if (this.#sendPart(call, etag, headers, body)) return;
    if (this.isCalm) this.#sendWhole(call, headers, body);
    else this.#misbehave(call, headers, body);
  }

  #version(call: FakeCall): number {
    const owner = ownerOf(call.url, call.headers.get("authorization"));
    const version = (this.#versions.get(owner) ?? 0) +
      (this.#dice.once(4) ? 1 : 0);
    this.#versions.set(owner, version);
    return version;
  }

  #named(call: FakeCall, content: string): string {
    return ownerOf(call.url, call.headers.get("authorization")) + content + ";";
  }

  #headers(call: FakeCall, etag: string): Record<string, string> {
    const dice = this.#dice;
    const nowMs = this.#clock.epochMs();
    const date = (ms: number): string => new Date(nowMs + ms).toUTCString();
    const headers: Record<string, string> = {};
    const set = (oneIn: number, name: string, ...values: string[]): void => {
      if (dice.once(oneIn)) headers[name] = dice.pick(...values);
    };
    set(2, "etag", etag, etag, etag, etag, `"junk${dice.below(3)}"`);
    set(
      1,
      "cache-control",
      ...["", "max-age=1", "max-age=100", "no-store", "no-cache"],
      ...["max-age=1, stale-while-revalidate=20", "max-age=1, max-age=2"],
      ...["max-age=0, stale-if-error=50", "must-revalidate, max-age=1"],
    );
    set(5, "vary", "x-v", "*", "authorization, x-v", "x-v, x-w");
    set(6, "last-modified", date(-dice.below(1e6)));
    set(8, "age", "5", "99999999999", "-1", "x");
    set(10, "date", "junk", date(-50_000), date(5e7));
    set(10, "expires", "0", date(9e4));
    set(20, "content-location", call.url, "/p0", "http://other.test/");
    if (!this.isCalm) {
      set(12, "ratelimit", '"a";r=0;t=2', "limit=1, remaining=0, reset=1", "x");
    }
    return headers;
  }

  #confirm(
    call: FakeCall,
    etag: string,
    headers: Record<string, string>,
  ): boolean {
    const known = call.headers.get("if-none-match");
    if (
      call.init.method !== "GET" || !known?.includes(etag) || this.#dice.once(2)
    ) return false;
    call.answer(
      new Response(null, { status: 304, headers: { ...headers, etag } }),
    );
    return true;
  }

  #sendPart(
    call: FakeCall,
    etag: string,
    headers: Record<string, string>,
    body: string,
  ): boolean {
    const range = /^bytes=(\d+)-(\d+)$/.exec(call.headers.get("range") ?? "");
    // Now and then nobody asked for a part.
    const isUnasked = range === null && !this.isCalm && this.#dice.once(24);
    if (!isUnasked && (range === null || this.#dice.once(2))) return false;
    const first = Number(range?.[1] ?? 0);
    const last = Math.min(Number(range?.[2] ?? 3), body.length - 1);
    call.answer(body.slice(first, last + 1), {
      status: 206,
      headers: {
        ...headers,
        etag,
        "content-range": `bytes ${first}-${last}/${body.length}`,
      },
    });
    return true;
  }

  #sendWhole(
    call: FakeCall,
    headers: Record<string, string>,
    body: string,
  ): void {
    const isHead = call.init.method === "HEAD";
    call.answer(new Response(isHead ? null : body, { headers }));
  }

  #misbehave(
    call: FakeCall,
    headers: Record<string, string>,
    body: string,
  ): void {
    const dice = this.#dice;
    const status = (status: number, more: Record<string, string> = {}): void =>
      call.answer(this.#named(call, `${status}`), {
        status,
        headers: { ...headers, ...more },
      });
    switch (dice.below(24)) {
      case 0:
        return call.fail();
      case 1:
        return call.fail(new TypeError("redirect count exceeded"));
      case 2:
        return status(503, dice.once(2) ? { "retry-after": "1" } : {});
      case 3:
        return status(429, { "retry-after": dice.pick("1", "99999", "junk") });
      case 4:
        return status(dice.pick(401, 404, 416, 500));
      case 5:
        return call.answer(
          new Response(null, { status: dice.pick(304, 204), headers }),
        );
      case 6:
        return call.answer(
          new Response(null, {
            status: 301,
            headers: { ...headers, location: "/p1" },
          }),
        );
      case 7: // Breaks off.
        return call.answer(body.slice(0, 5), {
          headers: { ...headers, "content-length": "500" },
        });
      case 8:
        delete headers["etag"];
        return this.#sendWhole(
          call,
          headers,
          this.#named(call, "x".repeat(3_000)),
        );
      case 9:
        return call.answer(
          new Response(chunked(body, dice.once(2)), { headers }),
        );
      case 10: // Hangs.
        return;
      default:
        return this.#sendWhole(call, headers, body);
    }
  }
}

/** What a body begins with. The client's own tokens are one user. */
function ownerOf(url: string, authorization: string | null): string {
  const user = authorization ?? "nobody";
  return `${url}|${user.replace(/^Bearer t\d+$/, OWN_TOKEN)}|`;
}

function chunked(body: string, breaks: boolean): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(body));
      if (breaks) controller.error(new Error("Broke"));
      else controller.close();
    },
  });
}

/** What the test knows of a request. */
interface Sent {
  readonly url: string;
  readonly method: string;
  readonly authorization: string | null;
  readonly isStream: boolean;
  readonly isDurable: boolean;
  readonly hasDeadline: boolean;
  readonly isRestored: boolean;
  /** Where a stream of a part begins. */
  firstByte: number;
  isStored: boolean;
  /** Whether the closing of the client ended it. */
  isLeft: boolean;
  end?: HttpTerminalEvent;
}

/** One run of a game: a client, what was sent through it, and what must hold of it. */
class Run {
  readonly client: HttpClient;
  readonly fake = new FakeFetch();
  readonly sent = new Map<number, Sent>();
  readonly violations: string[] = [];
  readonly seen = new Set<string>();
  isCalm = false;
  readonly #world: World;
  readonly #store: MoodyStore | undefined;
  readonly #maxPerOrigin: number;
  readonly #tokenKind: "none" | "text" | "function";
  readonly #hasStreams: boolean;
  readonly #aborts: AbortController[] = [];
  /** What `maxConcurrent` allows, or allowed when the attempts under way began. */
  #allowed: number;
  #tokens = 0;
  #isCalledBack = false;
  #isClosed = false;

  constructor(world: World) {
    this.#world = world;
    const { dice, clock, server, journal, seed } = world;
    this.#store = makeStore(dice);
    this.#tokenKind = dice.pick("none", "text", "function", "function");
    this.#hasStreams = !dice.once(3);
    this.#allowed = 1 + dice.below(5);
    this.#maxPerOrigin = 1 + dice.below(5);
    this.fake.onCall = (call) => this.#onCall(call);
    this.client = new HttpClient({
      baseUrl: BASE,
      fetch: this.fake.fetch,
      clock,
      random: new SeededRandom(seed + world.runs++),
      cache: this.#store ?? false,
      maxConcurrent: this.#allowed,
      maxConcurrentPerOrigin: this.#maxPerOrigin,
      maxPending: 10 + dice.below(60),
      retries: dice.below(3),
      timeoutMs: 200 + dice.below(3_000),
      circuitBreaker: dice.once(4) ? false : {
        failureThreshold: 1 + dice.below(3),
        openMs: 300 + dice.below(2_000),
      },
      verbose: dice.once(4),
      log: () => this.#callBack(),
      ...(journal !== undefined && { journal }),
      ...(this.#tokenKind === "text" && { bearerToken: "t0" }),
      ...(this.#tokenKind === "function" &&
        { bearerToken: (info: { refresh: boolean }) => this.#token(info) }),
    });
    server.isCalm = false;
  }

  /** Does one random thing. */
  async step(): Promise<void> {
    const { dice } = this.#world;
    switch (dice.below(9)) {
      case 0:
      case 1:
        for (let n = dice.below(6); n > 0; n--) this.#send();
        break;
      case 2:
      case 3:
        this.#answerOne();
        await settleMicrotasks();
        break;
      case 4:
      case 5:
        this.#tick(dice.pick(0, 16, 16, 100, 1_000, dice.below(5_000)));
        if (!dice.once(5)) await settleMicrotasks();
        break;
      case 6:
        if (dice.once(2)) this.#drain();
        else this.#interfere();
        break;
      case 7:
        this.#changeWeather();
        break;
      case 8:
        this.#misuse();
        break;
    }
    this.#checkStats();
  }

  /** The network, the server and the store are well again: everything must come to its end. */
  async recover(): Promise<void> {
    const { server } = this.#world;
    this.#calmDown();
    for (let i = 0; i < 600; i++) {
      for (const call of this.fake.open) server.answer(call);
      await settleMicrotasks();
      // Some wait for a Retry-After of a day.
      this.#tick(i > 200 ? 3_600_000 : 500);
      await settleMicrotasks();
      this.#drain();
      if (i > 20 && this.#isIdle()) break;
    }
    for (const [id, sent] of this.sent) {
      if (sent.end === undefined) this.#violate(`no end of ${id} ${sent.url}`);
    }
    const { queued, inFlight } = this.client.stats;
    if (queued !== 0 || inFlight !== 0) {
      this.#violate(`${queued} queued and ${inFlight} in flight at the end`);
    }
  }

  /** No slot, reservation or probe was lost: every origin is asked, and answers. */
  async serveAgain(): Promise<void> {
    const { client, fake } = this;
    for (let i = 0; i < OPEN_AT_MOST_MS; i += 2_000) this.#tick(2_000);
    const ids = new Set(ORIGINS.flatMap((origin) =>
      [0, 1, 2, 3, 4].map((i) => {
        const url = `${origin}/last${i}`;
        return client.send(
          HttpRequest.get(url).withHeader("authorization", "Bearer u0")
            .withCache(CachePolicy.NoStore).withTimeout(1e6),
        ) as number;
      })
    ));
    for (let i = 0; i < 100 && client.pendingCount > 0; i++) {
      this.#tick(1_000);
      for (const call of fake.open) call.answer("fine");
      await settleMicrotasks();
    }
    this.#tick(0);
    for (const event of client.drainEvents()) {
      if (event.type === "success") ids.delete(event.id);
    }
    if (ids.size > 0) this.#violate(`${ids.size} not served after the outage`);
  }

  /** Closes the client as the end of the game does. Durable requests that had no answer are left to the next run. */
  async close(): Promise<void> {
    const { client } = this;
    this.#calmDown();
    this.#drain();
    this.#isClosed = true;
    client.close();
    this.#drain();
    const late = client.send(HttpRequest.get("/late"));
    const [event, ...more] = client.drainEvents();
    if (event?.type !== "cancelled" || event.id !== late || more.length > 0) {
      this.#violate(`${event?.type} for a request after close()`);
    }
    if (client.pendingCount > 0) this.#violate("pending after close()");
    await settleMicrotasks();
    const { stats } = client;
    for (
      const name of ["coalesced", "cacheHits", "cacheRevalidated"] as const
    ) {
      if (stats[name] > 0) this.seen.add(name);
    }
  }

  #violate(what: string): void {
    this.violations.push(what);
  }

  #calmDown(): void {
    this.isCalm = true;
    this.#world.server.isCalm = true;
    if (this.#store !== undefined) this.#store.isCalm = true;
    this.client.setOnline(true);
  }

  #isIdle(): boolean {
    const { queued, inFlight } = this.client.stats;
    return queued === 0 && inFlight === 0 && this.fake.open.length === 0;
  }

  #token({ refresh }: { refresh: boolean }): string | Promise<string> {
    if (this.isCalm) return `t${this.#tokens}`;
    this.#callBack();
    if (refresh) this.#tokens++;
    switch (this.#world.dice.below(8)) {
      case 0:
        throw new Error("No token");
      case 1:
        return Promise.reject(new Error("Signed out"));
      case 2:
        return new Promise(() => {});
      case 3:
        return Promise.resolve(`t${this.#tokens}`);
      default:
        return `t${this.#tokens}`;
    }
  }

  #onCall(call: FakeCall): void {
    this.#world.server.noteKey(call);
    this.#checkConcurrency(new URL(call.url).origin);
    call.init.signal?.addEventListener("abort", () => this.#callBack());
    this.#callBack();
  }

  /** Streams take no slot, so as many more may be open as there are streams without an end. */
  #checkConcurrency(origin: string): void {
    const streams = [...this.sent.values()].filter((sent) =>
      sent.isStream && sent.end === undefined
    ).map((sent) => sent.url);
    const open = this.fake.open.map((call) => call.url);
    const here = (url: string): boolean => url.startsWith(`${origin}/`);
    if (open.length > this.#allowed + streams.length) {
      this.#violate(`${open.length} at a time, allowed ${this.#allowed}`);
    }
    if (
      open.filter(here).length >
        this.#maxPerOrigin + streams.filter(here).length
    ) {
      this.#violate(`more than ${this.#maxPerOrigin} at a time for ${origin}`);
    }
  }

  /** What a game may do from inside its fetch, its log, its token provider or a listener of a signal. */
  #callBack(): void {
    const { dice } = this.#world;
    if (this.isCalm || this.#isCalledBack || !dice.once(12)) return;
    this.#isCalledBack = true;
    switch (dice.below(4)) {
      case 0:
        this.#send();
        break;
      case 1:
        this.#tick(dice.below(100));
        break;
      case 2:
        this.#drain();
        break;
      case 3:
        this.#interfere();
        break;
    }
    this.#isCalledBack = false;
  }

  #guard(name: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#violate(`${name}() threw ${(error as Error).stack}`);
    }
  }

  #tick(ms: number): void {
    const { client } = this;
    this.#world.clock.advance(ms);
    this.#guard("tick", () => client.tick(ms / 1_000));
    if (client.stats.inFlight <= client.maxConcurrent) {
      this.#allowed = client.maxConcurrent;
    }
  }

  #drain(): void {
    const { client } = this;
    this.#guard("drainEvents", () => {
      for (const event of client.drainEvents()) {
        this.#onEvent(event);
        this.#callBack();
      }
    });
    this.#guard("pollEvent", () => {
      const event = client.pollEvent();
      if (event !== undefined) this.#onEvent(event);
    });
  }

  #answerOne(): void {
    const { dice, server } = this.#world;
    const { open } = this.fake;
    if (open.length > 0) server.answer(dice.pick(...open));
  }

  #interfere(): void {
    const { client } = this;
    const { dice } = this.#world;
    switch (dice.below(8)) {
      case 0:
        client.cancelByTag("t0");
        break;
      case 1:
        client.clearCache();
        break;
      case 2:
        client.evictStaleCache();
        break;
      case 3:
        if (this.#aborts.length > 0) dice.pick(...this.#aborts).abort();
        break;
      case 4:
        client.maxConcurrent = 1 + dice.below(6);
        this.#allowed = Math.max(this.#allowed, client.maxConcurrent);
        break;
      case 5:
        if (dice.once(4)) client.cancelAll();
        break;
      case 6:
        this.#cancelOne();
        break;
    }
  }

  #cancelOne(): void {
    const { dice } = this.#world;
    const pending = [...this.sent.keys()].filter((id) =>
      this.sent.get(id)!.end === undefined
    );
    const id = dice.pick(...pending, this.sent.size + 1_000);
    this.client.cancel(id as never);
  }

  #changeWeather(): void {
    const { client } = this;
    const { dice, server, clock } = this.#world;
    switch (dice.below(8)) {
      case 0:
      case 1:
        client.setOnline(dice.once(2));
        break;
      case 2:
        client.setRateLimit(
          dice.pick(BASE, `${ORIGINS[1]}/p1`),
          1 + dice.below(3),
          1,
        );
        break;
      case 3:
      case 5:
      case 6:
        server.down = dice.pick(undefined, ...ORIGINS);
        break;
      case 4:
        clock.setEpochMs(
          clock.epochMs() + dice.pick(-3_600_000, 3_600_000, -5_000),
        );
        break;
    }
  }

  /** The programming errors that are documented, and nothing else, throw. */
  #misuse(): void {
    const { client } = this;
    const { dice, journal } = this.#world;
    const throws = (type: ErrorConstructor, call: () => unknown): void => {
      try {
        call();
      } catch (error) {
        if (!(error instanceof type)) this.#violate(`threw ${error}`);
        return;
      }
      this.#violate(`${type.name} not thrown`);
    };
    const durable = HttpRequest.post(`${BASE}/p0`, "x").withDurability();
    switch (dice.below(4)) {
      case 0:
        throws(RangeError, () => client.tick(-1));
        break;
      case 1:
        throws(RangeError, () => [...client.drainEvents(-1)]);
        break;
      case 2:
        if (journal === undefined) {
          throws(TypeError, () => client.send(durable));
        }
        break;
      case 3:
        throws(
          TypeError,
          () => client.send(durable.withStreaming({ idleTimeoutMs: 1 })),
        );
        break;
    }
  }

  #send(): void {
    const request = this.#makeRequest();
    const { url, method, headers } = request;
    const absolute = new URL(url, BASE).href;
    const isForBase = absolute.startsWith(`${BASE}/`);
    this.#guard("send", () => {
      const id = this.client.send(request);
      this.sent.set(id, {
        url: absolute,
        method,
        authorization: headers.get("authorization") ??
          (isForBase && this.#tokenKind !== "none" ? OWN_TOKEN : null),
        isStream: request.idleTimeoutMs !== undefined,
        isDurable: request.isDurable,
        hasDeadline: request.deadlineMs !== undefined,
        isRestored: false,
        firstByte: 0,
        isStored: false,
        isLeft: false,
      });
    });
  }

  #makeRequest(): HttpRequest {
    const world = this.#world;
    const { dice } = world;
    const isDurable = world.journal !== undefined && dice.once(8);
    const path = isDurable ? `durable${world.durables++}` : `p${dice.below(3)}`;
    const method = dice.pick<Method>(
      ...[
        "GET",
        "GET",
        "GET",
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "OPTIONS",
      ] as const,
    );
    let request = HttpRequest.create(
      method,
      `${dice.pick(...ORIGINS, isDurable ? BASE : "")}/${path}`,
    );
    if (isDurable) request = request.withDurability();
    else if (this.#hasStreams && dice.once(8)) {
      request = request.withStreaming({ idleTimeoutMs: 200 + dice.below(2e3) });
    }
    if (dice.once(10)) {
      const abort = new AbortController();
      this.#aborts.push(abort);
      request = request.withSignal(abort.signal);
    }
    return withRandomLimits(withRandomHeaders(request, dice), dice);
  }

  #onEvent(event: HttpEvent): void {
    this.seen.add(event.type);
    if (!("id" in event)) return;
    if (event.type === "restored") this.#onRestored(event);
    const sent = this.sent.get(event.id);
    if (sent === undefined) return this.#violate(`unknown id ${event.id}`);
    if (sent.end !== undefined) {
      this.#violate(`${event.type} after the ${sent.end.type} of ${event.id}`);
    }
    switch (event.type) {
      case "responseStarted":
        sent.firstByte = firstByte(event.headers);
        break;
      case "stored":
        sent.isStored = true;
        break;
      case "chunk":
        // The server sends what it streams in one piece.
        this.#checkOwner(
          sent,
          new TextDecoder().decode(event.bytes),
          sent.firstByte,
        );
        break;
      case "failure":
        if (event.response !== undefined) {
          this.#checkResponse(sent, event.response);
        }
        sent.end = event;
        break;
      case "success":
        this.#checkResponse(sent, event.response);
        sent.end = event;
        break;
      case "timeout":
      case "cancelled":
        sent.isLeft = this.#isClosed;
        sent.end = event;
        break;
    }
  }

  #onRestored({ id, url }: HttpEvent & { type: "restored" }): void {
    this.sent.set(id, {
      url,
      method: "",
      authorization: null,
      isStream: false,
      isDurable: true,
      hasDeadline: false,
      isRestored: true,
      firstByte: 0,
      isStored: true,
      isLeft: false,
    });
  }

  /** Nobody gets what is for another URL or another user, nor a piece of it for the whole. */
  #checkResponse(sent: Sent, { status, text, headers }: HttpResponse): void {
    if (status === 206) {
      this.#checkOwner(sent, text, firstByte(headers));
    } else if (text !== "" && !sent.isStream) {
      this.#checkOwner(sent, text);
      if (!text.endsWith(";")) this.#violate(`cut off: "${text}"`);
    } else if (status === 200 && sent.method === "GET" && !sent.isStream) {
      this.#violate(`empty 200 for ${sent.url}`);
    }
  }

  #checkOwner(sent: Sent, text: string, first = 0): void {
    // Which token a restored request brings is up to the run that sends it.
    const owner = sent.isRestored
      ? `${sent.url}|`
      : ownerOf(sent.url, sent.authorization);
    const wanted = owner.slice(first);
    if (!text.startsWith(wanted) && !wanted.startsWith(text)) {
      this.#violate(`${owner} got "${text.slice(0, 60)}" from ${first}`);
    }
  }

  #checkStats(): void {
    const { queued, inFlight } = this.client.stats;
    if (queued < 0 || inFlight < 0) {
      this.#violate(`${queued} queued, ${inFlight} in flight`);
    }
  }
}

function firstByte(headers: HttpHeaders): number {
  const range = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "");
  return Number(range?.[1] ?? 0);
}

/** What outlives a run: the server, the clock and the journal. */
class World {
  readonly seed: number;
  readonly dice: Dice;
  readonly clock = new ManualClock({ epochMs: START_EPOCH_MS });
  readonly server: MoodyServer;
  readonly journal: MemoryJournal | undefined;
  durables = 0;
  runs = 1;

  constructor(seed: number) {
    this.seed = seed;
    this.dice = new Dice(seed);
    this.server = new MoodyServer(this.dice, this.clock);
    this.journal = this.dice.pick(undefined, new MemoryJournal());
  }
}

function makeStore(dice: Dice): MoodyStore | undefined {
  if (dice.once(6)) return undefined;
  const kind = dice.pick("prompt", "prompt", "slow", "flaky");
  return new MoodyStore(kind, dice.once(4) ? 20_000 : 1e6, dice);
}

function withRandomHeaders(request: HttpRequest, dice: Dice): HttpRequest {
  const set = (oneIn: number, name: string, ...values: string[]): void => {
    if (dice.once(oneIn)) {
      request = request.withHeader(name, dice.pick(...values));
    }
  };
  set(3, "authorization", "Bearer u0", "Bearer u1");
  set(4, "x-v", "0", "1");
  if (request.method === Method.GET) {
    set(10, "range", `bytes=${dice.below(5)}-${5 + dice.below(40)}`);
  }
  set(
    12,
    "cache-control",
    ...["no-cache", "no-store", "max-stale", "min-fresh=5"],
    // Would end a durable request before the server saw it.
    request.isDurable ? "max-age=0" : "only-if-cached",
  );
  set(15, "if-none-match", "*", '"junk0"');
  set(40, "bad name", "x");
  return request;
}

function withRandomLimits(request: HttpRequest, dice: Dice): HttpRequest {
  const { UseCache, NoCache, NoStore, Revalidate } = CachePolicy;
  if (dice.once(3)) {
    request = request.withCache(
      dice.pick<CachePolicy>(UseCache, NoCache, NoStore, Revalidate),
    );
  }
  if (dice.once(8)) request = request.withDeadline(1 + dice.below(5_000));
  if (dice.once(8)) request = request.withPriority(dice.below(5) - 2);
  if (dice.once(4)) request = request.withTag(`t${dice.below(2)}`);
  if (dice.once(10)) request = request.withProgress();
  if (dice.once(10)) request = request.withMaxBodyBytes(2_000);
  if (dice.once(6)) request = request.withRetries(dice.below(3));
  return request.method === Method.POST && dice.once(2)
    ? request.withIdempotencyKey()
    : request;
}

/** What is stored is answered at last, unless the game took it back or gave it a deadline. */
function checkDurable(runs: readonly Run[], server: MoodyServer): string[] {
  const violations: string[] = [];
  const restored = new Map(
    [...runs[1]?.sent.values() ?? []].map((sent) => [sent.url, sent]),
  );
  for (const sent of runs[0]!.sent.values()) {
    if (!sent.isStored || sent.hasDeadline) continue;
    const next = restored.get(sent.url);
    if (sent.end?.type === "success" && next !== undefined) {
      violations.push(`${sent.url} answered and sent again`);
    }
    if (sent.isLeft && next === undefined) {
      violations.push(`${sent.url} left and not restored`);
    }
    const { end } = next ?? sent;
    const isAnswered = end?.type === "success" || end?.type === "cancelled" ||
      (end?.type === "failure" && end.reason.type === "bodyTooLarge");
    if (!isAnswered) {
      const why = end?.type === "failure" ? end.message : end?.type;
      violations.push(`${sent.url} stored and not answered: ${why}`);
    }
  }
  for (const [url, keys] of server.keys) {
    if (keys.size !== 1) violations.push(`${url} sent with ${[...keys]}`);
  }
  const keys = [...server.keys.values()].flatMap((keys) => [...keys]);
  if (new Set(keys).size !== server.keys.size) violations.push("shared key");
  return violations;
}

async function play(run: Run, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) await run.step();
}

async function runCase(seed: number): Promise<Set<string>> {
  const world = new World(seed);
  const { dice, server, journal } = world;
  const runs = [new Run(world)];
  await play(runs[0]!, 20 + dice.below(60));
  if (journal !== undefined && dice.once(2)) {
    await runs[0]!.close();
    runs.push(new Run(world));
    await play(runs[1]!, dice.below(30));
  }
  const last = runs.at(-1)!;
  await last.recover();
  await last.serveAgain();
  await last.close();
  const violations = runs.flatMap((run) => run.violations);
  assertEquals([...violations, ...checkDurable(runs, server)], []);
  return new Set(runs.flatMap((run) => [...run.seen]));
}

Deno.test(`HttpClient keeps its promises over ${CASES} cases of everything at once`, async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= CASES; seed++) {
    try {
      for (const what of await runCase(seed)) seen.add(what);
    } catch (error) {
      throw new Error(`Case failed with seed ${seed}`, { cause: error });
    }
  }
  for (const what of WANTED) assert(seen.has(what), `${what} never came up`);
});
