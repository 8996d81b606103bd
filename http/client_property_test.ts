// Random schedules of send, cancel, tick and answers against what must always hold: exactly one terminal event per
// request, concurrency and rate never exceeded, priorities kept. The whole count is 100,000 cases (TICKWIRE_SOAK=1); an
// ordinary run takes a slice of them.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { FakeFetch } from "./_testing/fake_fetch.ts";
import { HttpClient } from "./client.ts";
import { HttpRequest } from "./request.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100_000 : 2_000;
const ORIGINS = ["http://a.test", "http://b.test", "http://c.test"];
const LIMIT = 5;
const WINDOW_SECS = 1;

/** Lets answers without a stream arrive: they need microtasks only. */
async function settleMicrotasks(): Promise<void> {
  for (let i = 0; i < 12; i++) await undefined;
}

async function runCase(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const clock = new ManualClock();
  const fake = new FakeFetch();
  const maxConcurrent = 1 + below(6);
  const client = new HttpClient({
    fetch: fake.fetch,
    clock,
    random: new SeededRandom(seed + 1),
    maxConcurrent,
    maxPending: 5 + below(40),
    retries: below(3),
    timeoutMs: 200 + below(2_000),
    circuitBreaker: below(2) === 0
      ? false
      : { failureThreshold: 3, openMs: 500 },
    cache: false,
  });
  client.setRateLimit(ORIGINS[0]!, LIMIT, WINDOW_SECS);
  let nowMs = 0;
  const limitedAtMs: number[] = [];
  let highestWaiting = new Map<string, number>();
  let isFirstOfTick = new Set<string>();
  // The client would take what `fetch` throws for a failed attempt, so it is noted here.
  const violations: string[] = [];
  fake.onCall = (call) => {
    if (fake.open.length > maxConcurrent) {
      violations.push(`concurrency ${fake.open.length} > ${maxConcurrent}`);
    }
    const { origin, searchParams } = new URL(call.url);
    if (origin === ORIGINS[0]) limitedAtMs.push(nowMs);
    // The first dispatch of a tick to an origin is of the highest priority that waited there.
    if (isFirstOfTick.has(origin)) {
      isFirstOfTick.delete(origin);
      const wanted = highestWaiting.get(origin);
      if (wanted !== undefined && Number(searchParams.get("p")) < wanted) {
        violations.push(`priority ${searchParams.get("p")} < ${wanted}`);
      }
    }
  };
  const sent = new Map<
    number,
    { priority: number; origin: string; isFresh: boolean }
  >();
  const ended = new Set<number>();
  const drain = (): void => {
    for (const event of client.drainEvents()) {
      switch (event.type) {
        case "success":
        case "failure":
        case "timeout":
        case "cancelled":
          assert(sent.has(event.id), `unknown id ${event.id}`);
          assert(!ended.has(event.id), `second end of ${event.id}`);
          ended.add(event.id);
          break;
        default:
          if ("id" in event) {
            assert(!ended.has(event.id), `${event.type} after the end`);
          }
      }
    }
  };
  const tick = (dtMs: number): void => {
    nowMs += dtMs;
    clock.advance(dtMs);
    // Only requests sent since the last tick, without a deadline, are surely waiting and not backing off.
    drain();
    highestWaiting = new Map();
    for (const [id, { priority, origin, isFresh }] of sent) {
      if (!isFresh || ended.has(id)) continue;
      const known = highestWaiting.get(origin) ?? -Infinity;
      highestWaiting.set(origin, Math.max(known, priority));
    }
    isFirstOfTick = new Set(ORIGINS);
    client.tick(dtMs / 1_000);
    for (const it of sent.values()) it.isFresh = false;
  };
  const steps = 10 + below(40);
  for (let i = 0; i < steps; i++) {
    switch (below(6)) {
      case 0:
      case 1:
        for (let n = below(8); n > 0; n--) {
          const priority = below(4);
          const origin = ORIGINS[below(ORIGINS.length)]!;
          let request = (below(4) === 0
            ? HttpRequest.post(`${origin}/?p=${priority}`)
            : HttpRequest
              .get(`${origin}/?p=${priority}`))
            .withPriority(priority).withTag(`t${below(3)}`);
          const isFresh = below(3) > 0;
          if (!isFresh) {
            request = request.withDeadline(1 + below(3_000));
          }
          if (below(9) === 0) {
            request = request.withHeader("bad name", "x");
          }
          const id = client.send(request);
          sent.set(id, { priority, origin, isFresh });
        }
        break;
      case 2: {
        const { open } = fake;
        const call = open[below(Math.max(1, open.length))];
        if (call === undefined) break;
        const kind = below(6);
        if (kind === 0) call.fail();
        else {
          const status = [200, 200, 404, 429, 503][kind - 1]!;
          call.answer(
            new Response(null, {
              status,
              headers: kind === 4 ? { "retry-after": "1" } : {},
            }),
          );
        }
        await settleMicrotasks();
        break;
      }
      case 3:
        if (below(2) === 0) client.cancel(1 + below(sent.size + 1) as never);
        else if (below(4) === 0) client.cancelByTag(`t${below(3)}`);
        break;
      case 4:
        tick(below(400));
        await settleMicrotasks();
        break;
      case 5:
        if (below(2) === 0) drain();
        else if (below(8) === 0) client.setOnline(below(3) > 0);
        break;
    }
  }
  client.setOnline(true);
  fake.onCall = (call) => call.answer(new Response(null, { status: 204 }));
  for (const call of fake.open) {
    call.answer(new Response(null, { status: 204 }));
  }
  for (let i = 0; i < 400 && client.pendingCount > 0; i++) {
    tick(250);
    await settleMicrotasks();
    drain();
  }
  drain();
  assertEquals(violations, []);
  assertEquals(client.pendingCount, 0, "left pending");
  assertEquals(ended.size, sent.size, "requests without an end");
  assertEquals(client.stats.inFlight, 0);
  // A bucket of LIMIT tokens lets LIMIT through at once and refills LIMIT per window.
  for (let i = 0; i < limitedAtMs.length; i++) {
    for (let j = i; j < limitedAtMs.length; j++) {
      const spanSecs = (limitedAtMs[j]! - limitedAtMs[i]!) / 1_000;
      assert(
        j - i + 1 <= LIMIT + spanSecs * LIMIT / WINDOW_SECS + 1e-6,
        `rate: ${j - i + 1} in ${spanSecs} s`,
      );
    }
  }
  client.close();
}

Deno.test(`HttpClient keeps its promises over ${CASES} random schedules`, async () => {
  for (let seed = 0; seed < CASES; seed++) {
    try {
      await runCase(seed * 2 + 1);
    } catch (error) {
      throw new Error(`Case failed with seed ${seed * 2 + 1}`, {
        cause: error,
      });
    }
  }
});
