// The costs of the parts of `core` that run per event, per packet or per retry.
// Measured: taking events through an `EventQueue` against a plain array with
// push() and shift(), which has no bound; numbers of `SeededRandom` and
// `SecureRandom` against Math.random(), which cannot be seeded; a take from a
// `TokenBucket`; a wait of `Backoff`. "× 1000" is a thousand of them.
//
//     deno task bench core_bench.ts
import {
  Backoff,
  EventQueue,
  SecureRandom,
  SeededRandom,
  TokenBucket,
} from "../core/mod.ts";

const COUNT = 1000;
const EVENTS = Array.from({ length: COUNT }, (_, i) => ({ type: "data", i }));
// Consumed here, so that nothing is optimised away.
const sink = new Float64Array(1);

const queue = new EventQueue<{ type: string; i: number }>({ capacity: 4096 });
const array: { type: string; i: number }[] = [];

Deno.bench("array push() and shift() × 1000", {
  group: "queue",
  baseline: true,
}, () => {
  for (const event of EVENTS) array.push(event);
  for (let event = array.shift(); event; event = array.shift()) {
    sink[0]! += event.i;
  }
});

Deno.bench("EventQueue push() and poll() × 1000", { group: "queue" }, () => {
  for (const event of EVENTS) queue.push(event);
  for (let event = queue.poll(); event; event = queue.poll()) {
    sink[0]! += event.i;
  }
});

Deno.bench("EventQueue push() and drain() × 1000", { group: "queue" }, () => {
  for (const event of EVENTS) queue.push(event);
  for (const event of queue.drain()) sink[0]! += event.i;
});

Deno.bench("EventQueue reserved and drain() × 1000", { group: "queue" }, () => {
  for (const event of EVENTS) {
    queue.reserve();
    queue.pushReserved(event);
  }
  for (const event of queue.drain()) sink[0]! += event.i;
});

Deno.bench("EventQueue drain() of nothing × 1000", { group: "queue" }, () => {
  for (let i = 0; i < COUNT; i++) {
    for (const event of queue.drain()) sink[0]! += event.i;
  }
});

const seeded = new SeededRandom(1);
const secure = new SecureRandom();

Deno.bench("Math.random() × 1000", { group: "random", baseline: true }, () => {
  for (let i = 0; i < COUNT; i++) sink[0]! += Math.random();
});

Deno.bench("SeededRandom nextFloat() × 1000", { group: "random" }, () => {
  for (let i = 0; i < COUNT; i++) sink[0]! += seeded.nextFloat();
});

Deno.bench("SeededRandom nextU32() × 1000", { group: "random" }, () => {
  for (let i = 0; i < COUNT; i++) sink[0]! += seeded.nextU32();
});

Deno.bench("SecureRandom nextFloat() × 1000", { group: "random" }, () => {
  for (let i = 0; i < COUNT; i++) sink[0]! += secure.nextFloat();
});

const generous = new TokenBucket({ capacity: 1e6, refillPerSecond: 1e9 });
const empty = new TokenBucket({ capacity: 1, refillPerSecond: 1e-6 });
empty.tryTake(1, 0);
let nowMs = 0;

Deno.bench("TokenBucket tryTake(), granted × 1000", {
  group: "bucket",
  baseline: true,
}, () => {
  nowMs += 1;
  for (let i = 0; i < COUNT; i++) sink[0]! += +generous.tryTake(1, nowMs);
});

Deno.bench("TokenBucket tryTake(), refused × 1000", { group: "bucket" }, () => {
  for (let i = 0; i < COUNT; i++) sink[0]! += +empty.tryTake(1, i);
});

Deno.bench("TokenBucket waitMs() × 1000", { group: "bucket" }, () => {
  for (let i = 0; i < COUNT; i++) sink[0]! += empty.waitMs(1, i);
});

const backoff = new Backoff({ baseMs: 100, maxMs: 30_000, random: seeded });

Deno.bench(
  "Backoff next() × 1000",
  { group: "backoff", baseline: true },
  () => {
    for (let i = 0; i < COUNT; i++) sink[0]! += backoff.next();
    backoff.reset();
  },
);
