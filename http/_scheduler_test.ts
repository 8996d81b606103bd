import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
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
    circuitBreaker: { failureThreshold: 1, openMs: 5_000 },
    maxConcurrentPerOrigin: 6,
    onRateLimited: () => {},
    onCircuitOpen: () => {},
    onCircuitChanged: () => {},
  });
  let made = 0;
  /** Looks at ever new origins, which are idle. */
  const visit = (count: number): OriginState[] =>
    Array.from(
      { length: count },
      () => scheduler.origin(`http://visited${made++}.test`),
    );
  const fail = (origin: OriginState): void => {
    const { breaker } = origin;
    breaker!.onFailure(breaker!.generation, clock.nowMs());
  };
  const isKept = (origin: OriginState): boolean =>
    scheduler.origin(origin.origin) === origin;
  return { clock, scheduler, visit, fail, isKept };
}

function makeJob(id: number): Job {
  const job = new Job(id as RequestId, HttpRequest.get(`${ORIGIN}/${id}`), id);
  job.url = job.request.url;
  job.origin = ORIGIN;
  return job;
}

Deno.test("Scheduler.origin() forgets idle origins", () => {
  const { scheduler, visit } = setUp();
  const idle = scheduler.origin(ORIGIN);
  visit(300);
  assertNotStrictEquals(scheduler.origin(ORIGIN), idle);
});

Deno.test("Scheduler.origin() keeps origins with requests, however many there are", () => {
  const { scheduler, visit, isKept } = setUp();
  const active = scheduler.origin("http://active.test");
  active.active = 1;
  scheduler.add(makeJob(1));
  const queued = scheduler.origin(ORIGIN);
  visit(3_000).forEach((origin) => origin.serverResetMs = Infinity);
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
  const { clock, scheduler, visit, isKept } = setUp();
  const limited = scheduler.origin(ORIGIN);
  limited.serverRemaining = 0;
  limited.serverResetMs = 60_000;
  clock.advance(59_999);
  visit(300);
  assert(isKept(limited));
  clock.advance(1);
  visit(300);
  assert(!isKept(limited));
});

Deno.test("Scheduler.origin() forgets the oldest of 1,024 dead and limited origins", () => {
  const { visit, fail, isKept } = setUp();
  const dead = visit(600);
  dead.forEach(fail);
  const limited = visit(424);
  limited.forEach((origin) => origin.serverResetMs = 60_000);
  const [next] = visit(1);
  next!.serverResetMs = 60_000;
  assertEquals(dead.slice(1).every(isKept), true);
  assertEquals([...limited, next!].every(isKept), true);
  assertEquals(isKept(dead[0]!), false);
});
