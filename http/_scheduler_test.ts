import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { Job } from "./_job.ts";
import { type OriginState, Scheduler } from "./_scheduler.ts";
import { HttpRequest } from "./request.ts";
import type { RequestId } from "./event.ts";

const ORIGIN = "http://game.test";

function setUp() {
  const clock = new ManualClock();
  const scheduler = new Scheduler({
    clock,
    random: new SeededRandom(1),
    circuitBreaker: { failureThreshold: 1, openMs: 5_000, maxOpenMs: 60_000 },
    maxConcurrentPerOrigin: 6,
    onRateLimited: () => {},
    onCircuitOpen: () => {},
    onCircuitChanged: () => {},
  });
  let made = 0;
  /** Looks at ever new origins, which have no requests. */
  const visit = (
    count: number,
    then?: (origin: OriginState) => void,
  ): OriginState[] =>
    Array.from({ length: count }, () => {
      const origin = scheduler.origin(`http://visited${made++}.test`);
      then?.(origin);
      return origin;
    });
  const limit = (origin: OriginState): void => {
    origin.serverRemaining = 0;
    origin.serverResetMs = 60_000;
  };
  const fail = (origin: OriginState): void => {
    const { breaker } = origin;
    breaker!.onFailure(breaker!.generation, clock.nowMs());
  };
  const isKept = (origin: OriginState): boolean =>
    scheduler.origin(origin.origin) === origin;
  return { clock, scheduler, visit, limit, fail, isKept };
}

function makeJob(id: number): Job {
  const job = new Job(id as RequestId, HttpRequest.get(`${ORIGIN}/${id}`), id);
  job.url = job.request.url;
  job.origin = ORIGIN;
  return job;
}

Deno.test("Scheduler.origin() forgets idle origins", () => {
  const { scheduler, visit, isKept } = setUp();
  const idle = scheduler.origin(ORIGIN);
  visit(300);
  assert(!isKept(idle));
});

Deno.test("Scheduler.origin() keeps origins with requests, however many there are", () => {
  const { scheduler, visit, limit, isKept } = setUp();
  const active = scheduler.origin("http://active.test");
  active.active = 1;
  scheduler.add(makeJob(1));
  const queued = scheduler.origin(ORIGIN);
  visit(3_000, limit);
  assert(isKept(active));
  assert(isKept(queued));
});

Deno.test("Scheduler.origin() forgets an open circuit only when its time is over", () => {
  const { clock, visit, fail, isKept, scheduler } = setUp();
  const dead = scheduler.origin(ORIGIN);
  fail(dead);
  visit(300);
  assert(isKept(dead));
  clock.advance(7_500);
  visit(300);
  assert(!isKept(dead));
});

Deno.test("Scheduler.origin() keeps what the server said about its limit until it resets", () => {
  const { clock, scheduler, visit, limit, isKept } = setUp();
  const limited = scheduler.origin(ORIGIN);
  limit(limited);
  clock.advance(59_999);
  visit(300);
  assert(isKept(limited));
  clock.advance(1);
  visit(300);
  assert(!isKept(limited));
});

Deno.test("Scheduler.origin() forgets the oldest of 1,024 dead and limited origins", () => {
  const { visit, fail, limit, isKept } = setUp();
  const dead = visit(600, fail);
  const limited = visit(425, limit);
  assertEquals(dead.slice(1).every(isKept), true);
  assertEquals(limited.every(isKept), true);
  assertEquals(isKept(dead[0]!), false);
});

Deno.test("Scheduler.setRateLimit() with the same numbers leaves the tokens as they are", () => {
  const { scheduler, clock } = setUp();
  for (let id = 1; id <= 5; id++) scheduler.add(makeJob(id));
  const sent: number[] = [];
  for (let frame = 0; frame < 60; frame++) {
    scheduler.setRateLimit(`${ORIGIN}/`, 1, 60);
    const job = scheduler.next(clock.nowMs(), true);
    if (job !== undefined) sent.push(job.id);
    clock.advance(1_000);
  }
  assertEquals(sent, [1]);
  assertEquals(scheduler.queued, 4);
});

Deno.test("Scheduler.setRateLimit() with other numbers replaces the limit", () => {
  const { scheduler, clock } = setUp();
  for (let id = 1; id <= 5; id++) scheduler.add(makeJob(id));
  const burst = (): number[] => {
    const ids: number[] = [];
    for (;;) {
      const job = scheduler.next(clock.nowMs(), true);
      if (job === undefined) return ids;
      ids.push(job.id);
    }
  };
  scheduler.setRateLimit(`${ORIGIN}/`, 1, 60);
  assertEquals(burst(), [1]);
  scheduler.setRateLimit(`${ORIGIN}/`, 2, 60);
  assertEquals(burst(), [2, 3]);
  scheduler.setRateLimit(`${ORIGIN}/`, 2, 1);
  assertEquals(burst(), [4, 5]);
});
