import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHttpDate } from "../http_date.ts";
import { type Answer, type Origin, TestCache } from "./_testing/test_cache.ts";
import type { CacheMode } from "./http_cache.ts";
import { MemoryCacheStore } from "./memory_store.ts";

// Sites that differ in what they vary by. The body says for whom it is, so that a wrong one is seen.
const SITES = ["plain", "vary", "auth", "public"] as const;

interface Policy {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly mustRevalidate: boolean;
  readonly maxAge: number | undefined;
  readonly swr: number | undefined;
  readonly sie: number | undefined;
  readonly age: number;
}

interface Get {
  readonly type: "get";
  readonly method: "GET" | "HEAD";
  readonly site: typeof SITES[number];
  readonly variant: "1" | "2" | undefined;
  readonly user: "A" | "B" | undefined;
  readonly mode: CacheMode;
  readonly requestCc: string | undefined;
  readonly range: readonly [number, number] | undefined;
  readonly policy: Policy;
  readonly server: "up" | "down" | "error" | "forgetful";
  readonly waitSecs: number;
}

interface Change {
  readonly type: "change";
  readonly site: typeof SITES[number];
  /** Whether the client itself makes the change, so that the cache sees it. */
  readonly isOwn: boolean;
  readonly hasFailed: boolean;
}

const secs = fc.option(fc.nat(90), { nil: undefined, freq: 3 });

const policy: fc.Arbitrary<Policy> = fc.record({
  noStore: fc.nat(9).map((n) => n === 0),
  noCache: fc.nat(9).map((n) => n === 0),
  mustRevalidate: fc.nat(4).map((n) => n === 0),
  maxAge: secs,
  swr: secs,
  sie: secs,
  age: fc.constantFrom(0, 0, 0, 10, 70),
});

const step: fc.Arbitrary<Get | Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record<Get>({
      type: fc.constant("get"),
      method: fc.constantFrom("GET", "GET", "GET", "HEAD"),
      site: fc.constantFrom(...SITES),
      variant: fc.constantFrom(undefined, undefined, "1", "2"),
      user: fc.constantFrom(undefined, undefined, undefined, "A", "B"),
      mode: fc.constantFrom(
        "default",
        "default",
        "default",
        "default",
        "revalidate",
        "noCache",
        "noStore",
      ),
      requestCc: fc.option(
        fc.constantFrom(
          "no-cache",
          "no-store",
          "max-age=20",
          "max-stale",
          "max-stale=20",
          "min-fresh=20",
          "stale-if-error=30",
          "only-if-cached",
        ),
        { nil: undefined, freq: 3 },
      ),
      range: fc.option(
        fc.tuple(fc.nat(9), fc.nat(9))
          .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
        { nil: undefined, freq: 5 },
      ),
      policy,
      server: fc.constantFrom("up", "up", "up", "down", "error", "forgetful"),
      waitSecs: fc.constantFrom(0, 0, 1, 5, 20, 40),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record<Change>({
      type: fc.constant("change"),
      site: fc.constantFrom(...SITES),
      isOwn: fc.boolean(),
      hasFailed: fc.boolean(),
    }),
  },
);

interface Seen {
  readonly policy: Policy;
  readonly cameEpochMs: number;
}

/**
 * What the server said of a body, by the form in which it came. Where it depends on what is stored if something newer
 * replaces something older, both are possible.
 */
interface Forms {
  whole: readonly Seen[];
  part: readonly Seen[];
  head: readonly Seen[];
}

/** The origin, and what a cache may know of what it sent. */
class World {
  readonly cache: TestCache;
  readonly #versions = new Map<string, number>();
  // By body and credentials: what the server said about it, as far as the cache may keep it.
  readonly #seen = new Map<string, Map<string, Forms>>();

  constructor(maxBytes: number) {
    this.cache = new TestCache(new MemoryCacheStore({ maxBytes }));
  }

  async change({ site, isOwn, hasFailed }: Change): Promise<void> {
    this.#versions.set(site, (this.#versions.get(site) ?? 0) + 1);
    if (!isOwn) return;
    const status = hasFailed ? 500 : 204;
    await this.cache.fetch({ method: "POST", url: urlOf(site) }, {
      status,
      body: "",
    });
    if (hasFailed) return;
    for (const body of this.#seen.keys()) {
      if (body.startsWith(`${site}_`)) this.#seen.delete(body);
    }
  }

  async get(get: Get): Promise<void> {
    const { method, mode, requestCc, range, variant, user } = get;
    const headers: Record<string, string> = {};
    if (variant !== undefined) headers["a"] = variant;
    if (user !== undefined) headers["authorization"] = user;
    if (requestCc !== undefined) headers["cache-control"] = requestCc;
    if (range !== undefined) headers["range"] = `bytes=${range.join("-")}`;
    this.cache.wait(get.waitSecs);
    let wasAsked = false;
    const seenBefore = structuredClone(this.#seen);
    const answer = await this.cache.fetch(
      { method, url: urlOf(get.site), headers, mode },
      (sent) => {
        wasAsked = true;
        return this.#serve(get, sent.get("if-none-match"));
      },
    );
    assert(!(wasAsked && requestCc === "only-if-cached"));
    assert(!(wasAsked && (answer.from === "cache" || answer.from === "stale")));
    this.#check(get, answer, seenBefore);
    const { store } = this.cache;
    assert(store.usedBytes <= MAX_BYTES, `${store.usedBytes} bytes`);
    assert(store.usedBytes >= 0 && store.entryCount >= 0);
  }

  #bodyFor({ site, variant, user }: Get): string {
    const version = String(this.#versions.get(site) ?? 0).padStart(3, "0");
    const a = site === "vary" ? variant ?? "-" : "";
    const who = site === "auth" ? user ?? "-" : "";
    return `${site}_v${version}_a${a}_u${who}_`.padEnd(40, ".");
  }

  #serve(get: Get, ifNoneMatch: string | undefined): Origin {
    const { site, policy, server, method, mode, requestCc, range } = get;
    if (server === "down") return "down";
    if (server === "error") return { status: 503, body: "error" };
    const body = this.#bodyFor(get);
    const etag = JSON.stringify(body);
    const isPart = range !== undefined && method === "GET";
    const is304 = ifNoneMatch?.includes(etag) === true &&
      server !== "forgetful";
    if (mode !== "noStore" && requestCc !== "no-store") {
      this.#note(get, body, is304 ? "304" : isPart ? "part" : method);
    }
    const headers = { ...fieldsOf(site, policy), etag };
    if (is304) return { status: 304, headers, body: "" };
    if (isPart) {
      return {
        status: 206,
        headers: {
          ...headers,
          "content-range": `bytes ${range.join("-")}/${body.length}`,
        },
        body: body.slice(range[0], range[1] + 1),
      };
    }
    return { headers, body: method === "HEAD" ? "" : body };
  }

  #note(get: Get, body: string, how: "304" | "part" | "GET" | "HEAD"): void {
    const { policy, method, range } = get;
    const ofBody = this.#seen.get(body) ?? new Map<string, Forms>();
    this.#seen.set(body, ofBody);
    const who = credentials(get);
    const own = ofBody.get(who) ?? { whole: [], part: [], head: [] };
    ofBody.set(who, own);
    const seen = { policy, cameEpochMs: this.cache.nowEpochMs };
    const latest = policy.noStore ? [] : [seen];
    switch (how) {
      case "GET":
        own.whole = latest;
        own.part = [];
        own.head = [];
        break;
      case "part":
        own.whole = policy.noStore ? [] : [...own.whole, seen];
        own.part = latest;
        if (policy.noStore) own.head = [];
        break;
      case "HEAD":
        own.whole = policy.noStore ? [] : [...own.whole, seen];
        own.head = latest;
        break;
      case "304":
        for (const forms of ofBody.values()) {
          forms.whole = [...forms.whole, ...latest];
          forms.part = [...forms.part, ...latest];
          forms.head = [...forms.head, ...latest];
        }
        if (method === "GET" && range === undefined) own.whole = latest;
    }
  }

  #check(
    get: Get,
    answer: Answer,
    seenBefore: ReadonlyMap<string, ReadonlyMap<string, Forms>>,
  ): void {
    const { mode, requestCc, range, method } = get;
    switch (answer.from) {
      case "none":
        assertEquals(get.server, "down");
        return;
      case "origin":
        assert(get.server !== "down");
        return;
    }
    if (answer.status === 504) {
      assert(requestCc === "only-if-cached" || get.server === "down");
      return;
    }
    // Whatever comes out of the cache was sent by the server for this request, and it allowed to keep it.
    const etag = JSON.parse(answer.headers.get("etag")!) as string;
    const current = this.#bodyFor(get);
    assertEquals(
      etag.replace(/v\d+/, ""),
      current.replace(/v\d+/, ""),
      "another variant",
    );
    const wanted = method === "HEAD"
      ? ""
      : range === undefined
      ? etag
      : etag.slice(range[0], range[1] + 1);
    assertEquals(answer.text, wanted);
    assertEquals(answer.status, range && method === "GET" ? 206 : 200);
    assert(mode !== "noStore" && mode !== "noCache");
    assert(requestCc !== "no-store");
    if (answer.from === "validated") {
      assertEquals(etag, current, "confirmed by the server, yet not current");
      return;
    }
    const forms = seenBefore.get(etag)?.get(credentials(get));
    const seen = [...forms?.whole ?? []];
    if (method === "HEAD") seen.push(...forms?.head ?? []);
    else if (range !== undefined) seen.push(...forms?.part ?? []);
    assert(seen.length > 0, "not to be kept, or invalidated");
    const problems = seen.map((one) => this.#problem(get, answer, one));
    assert(problems.includes(undefined), problems.join("; "));
  }

  /** Says why an answer may not come from the cache, given what the server had said. */
  #problem(get: Get, answer: Answer, seen: Seen): string | undefined {
    const { mode, requestCc } = get;
    const { policy } = seen;
    const ageSecs = policy.age +
      (this.cache.nowEpochMs - seen.cameEpochMs) / 1_000;
    if (answer.headers.get("age") !== String(ageSecs)) return "another age";
    const date = parseHttpDate(answer.headers.get("date")!, 0);
    if (date !== seen.cameEpochMs) return "another date";
    if (policy.noCache) return "no-cache";
    const staleSecs = ageSecs - (policy.maxAge ?? 0);
    const mustAsk = requestCc === "no-cache" || mode === "revalidate";
    if (answer.from !== "fallback") {
      if (mustAsk) return "not validated";
      if (requestCc === "max-age=20" && ageSecs > 20) return "too old";
      if (requestCc === "min-fresh=20" && staleSecs > -20) {
        return "not so fresh";
      }
    }
    if (answer.from === "cache") {
      return staleSecs < 0 ? undefined : `stale for ${staleSecs} s`;
    }
    if (policy.mustRevalidate && staleSecs >= 0) return "must-revalidate";
    if (answer.from === "stale") {
      const isAsked = requestCc === "max-stale" ||
        (requestCc === "max-stale=20" && staleSecs <= 20);
      const isGranted = policy.swr !== undefined && staleSecs < policy.swr;
      if (isAsked) return answer.background && "asks without need";
      return isGranted && answer.background ? undefined : "stale, not allowed";
    }
    const sie = Math.max(
      policy.sie ?? -1,
      requestCc === "stale-if-error=30" ? 30 : -1,
    );
    if (sie >= 0) {
      return staleSecs <= sie ? undefined : "longer than stale-if-error";
    }
    if (mustAsk) return "in place of an answer of the server";
    return get.server === "down" ? undefined : "in place of an error";
  }
}

function credentials({ site, user }: Get): string {
  return site === "public" ? "" : user ?? "";
}

const MAX_BYTES = 18_000;

function urlOf(site: string): string {
  return `https://example.com/${site}`;
}

function fieldsOf(site: string, policy: Policy): Record<string, string> {
  const directives: string[] = [];
  if (policy.noStore) directives.push("no-store");
  if (policy.noCache) directives.push("no-cache");
  if (policy.mustRevalidate) directives.push("must-revalidate");
  if (policy.maxAge !== undefined) directives.push(`max-age=${policy.maxAge}`);
  if (policy.swr !== undefined) {
    directives.push(`stale-while-revalidate=${policy.swr}`);
  }
  if (policy.sie !== undefined) directives.push(`stale-if-error=${policy.sie}`);
  if (site === "public") directives.push("public");
  return {
    "cache-control": directives.join(", "),
    ...(policy.age > 0 ? { age: String(policy.age) } : {}),
    ...(site === "vary" ? { vary: "a" } : {}),
  };
}

Deno.test("HttpCache serves nothing that it may not, whatever happens", async () => {
  const counts: Record<string, number> = {};
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 200, size: "max" }),
    async (steps) => {
      const world = new World(MAX_BYTES);
      for (const step of steps) {
        if (step.type === "change") await world.change(step);
        else await world.get(step);
      }
      const { counters } = world.cache.cache;
      for (const [name, count] of Object.entries(counters)) {
        counts[name] = (counts[name] ?? 0) + count;
      }
    },
  );
  const numRuns = Deno.env.get("TICKWIRE_SOAK") === "1" ? 5_000 : 300;
  await fc.assert(property, { numRuns });
  // A test that never hits proves nothing.
  for (
    const name of [
      "hits",
      "misses",
      "revalidated",
      "stale",
      "stored",
      "evicted",
    ]
  ) {
    assert((counts[name] ?? 0) >= numRuns, `${name}: ${counts[name]}`);
  }
});
