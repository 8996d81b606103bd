import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "./clock.ts";
import { EventQueue, type EventQueuePolicy } from "./event_queue.ts";
import { SeededRandom } from "./random.ts";

function queueOf(capacity: number, ...events: number[]): EventQueue<number> {
  const queue = new EventQueue<number>({ capacity });
  for (const event of events) assert(queue.push(event));
  return queue;
}

Deno.test("EventQueue hands events out in the order they came", () => {
  const queue = queueOf(100);
  for (let i = 0; i < 100; i++) queue.push(i);
  assertEquals(queue.size, 100);
  assertEquals(queue.last, 99);
  for (let i = 0; i < 100; i++) assertEquals(queue.poll(), i);
  assertEquals(queue.poll(), undefined);
  assertEquals(queue.last, undefined);
  assertEquals(queue.size, 0);
});

Deno.test("EventQueue.push() refuses the newest event at the bound", () => {
  const queue = queueOf(2, 1, 2);
  assertEquals(queue.push(3), false);
  assertEquals(queue.dropped, 1);
  assertEquals([...queue.drain()], [1, 2]);
  assert(queue.push(4));
  assertEquals(queue.dropped, 1);
});

Deno.test('EventQueue.push() drops the oldest event with "dropOldest"', () => {
  const queue = new EventQueue<number>({ capacity: 2, policy: "dropOldest" });
  for (let i = 1; i <= 5; i++) assert(queue.push(i));
  assertEquals(queue.dropped, 3);
  assertEquals(queue.size, 2);
  assertEquals(queue.last, 5);
  assertEquals([...queue.drain()], [4, 5]);
});

Deno.test("EventQueue.reserve() keeps a slot that push() cannot take", () => {
  const queue = queueOf(3);
  assert(queue.reserve(2));
  assert(queue.push(1));
  assertEquals(queue.push(2), false);
  assertEquals(queue.reserve(), false);
  assertEquals([queue.size, queue.reserved, queue.dropped], [1, 2, 1]);
  queue.pushReserved(10);
  queue.pushReserved(11);
  assertEquals([queue.size, queue.reserved], [3, 0]);
  assertEquals([...queue.drain()], [1, 10, 11]);
});

Deno.test("EventQueue.reserve() takes all slots or none", () => {
  const queue = queueOf(3, 1);
  assertEquals(queue.reserve(3), false);
  assertEquals(queue.reserve(Number.MAX_SAFE_INTEGER), false);
  assertEquals(queue.reserved, 0);
  assert(queue.reserve(2));
});

Deno.test("EventQueue.release() gives slots back", () => {
  const queue = queueOf(2);
  assert(queue.reserve(2));
  queue.release();
  assert(queue.push(1));
  assertThrows(
    () => queue.release(2),
    RangeError,
    "Cannot release slots as count must be <= 1, the slots reserved: current value is 2",
  );
  assertEquals(queue.reserved, 1);
});

Deno.test("EventQueue.pushReserved() throws without a reserved slot", () => {
  const queue = queueOf(2);
  assertThrows(
    () => queue.pushReserved(1),
    RangeError,
    "Cannot push a reserved event as reserved slots must be >= 1: current value is 0",
  );
  assert(queue.reserve());
  queue.pushReserved(1);
  assertThrows(() => queue.pushReserved(2), RangeError);
  assertEquals(queue.size, 1);
});

Deno.test('EventQueue.reserve() throws with "dropOldest"', () => {
  const queue = new EventQueue<number>({ capacity: 2, policy: "dropOldest" });
  assertThrows(
    () => queue.reserve(),
    TypeError,
    'Cannot reserve a slot as policy must be "dropNewest": current value is "dropOldest"',
  );
});

Deno.test("EventQueue refuses bad options and counts", () => {
  for (const capacity of [0, -1, 1.5, NaN, 2 ** 24 + 1]) {
    assertThrows(
      () => new EventQueue({ capacity }),
      RangeError,
      `Cannot create an EventQueue as capacity must be an integer from 1 to 16777216: current value is ${capacity}`,
    );
  }
  assertThrows(
    () => new EventQueue({ capacity: 1, policy: "drop" as "dropNewest" }),
    TypeError,
    'current value is "drop"',
  );
  const queue = queueOf(4);
  for (const count of [0, -1, 0.5, NaN]) {
    assertThrows(() => queue.reserve(count), RangeError, `${count}`);
    assertThrows(() => queue.release(count), RangeError, `${count}`);
  }
  for (const budgetMs of [-1, NaN]) {
    assertThrows(
      () => queue.drain(budgetMs),
      RangeError,
      `Cannot drain events as budgetMs must be >= 0: current value is ${budgetMs}`,
    );
  }
});

Deno.test("EventQueue.drain() leaves what is queued meanwhile to the next drain", () => {
  const queue = queueOf(100, 1, 2, 3);
  const seen: number[] = [];
  for (const event of queue.drain()) {
    seen.push(event);
    queue.push(event * 10);
    queue.push(event * 100);
  }
  assertEquals(seen, [1, 2, 3]);
  assertEquals([...queue.drain()], [10, 100, 20, 200, 30, 300]);
});

Deno.test("EventQueue.drain() snapshots the end at the first step", () => {
  const queue = queueOf(100, 1);
  const drain = queue.drain();
  queue.push(2);
  assertEquals(drain.next(), { done: false, value: 1 });
  queue.push(3);
  assertEquals([...drain], [2]);
  assertEquals([...queue.drain()], [3]);
});

Deno.test("EventQueue.drain() keeps the rest when the loop is left early", () => {
  const queue = queueOf(100, 1, 2, 3, 4);
  const drain = queue.drain();
  for (const event of drain) if (event === 2) break;
  assertEquals(drain.next(), { done: true, value: undefined });
  assertEquals([...queue.drain()], [3, 4]);

  queue.push(5);
  queue.push(6);
  assertThrows(() => {
    for (const _event of queue.drain()) throw new Error("handler");
  });
  assertEquals([...queue.drain()], [6]);
});

Deno.test("EventQueue.drain() yields nothing that was taken elsewhere", () => {
  const queue = queueOf(100, 1, 2, 3, 4, 5);
  const seen: (number | undefined)[] = [];
  for (const event of queue.drain()) {
    seen.push(event);
    if (event === 2) {
      seen.push(queue.poll(), queue.poll());
      queue.push(6);
      queue.push(7);
    }
  }
  assertEquals(seen, [1, 2, 3, 4, 5]);

  for (const event of queue.drain()) {
    assertEquals(event, 6);
    queue.clear();
    queue.push(8);
  }
  assertEquals([...queue.drain()], [8]);
});

Deno.test("EventQueue.drain() survives the oldest being dropped meanwhile", () => {
  const queue = new EventQueue<number>({ capacity: 3, policy: "dropOldest" });
  for (let i = 1; i <= 3; i++) queue.push(i);
  const seen: number[] = [];
  for (const event of queue.drain()) {
    seen.push(event);
    for (let i = 0; i < 3; i++) queue.push(10 + i);
  }
  assertEquals(seen, [1]);
  assertEquals([...queue.drain()], [10, 11, 12]);
});

Deno.test("EventQueue.drain() stops when the budget is spent", () => {
  const clock = new ManualClock({ nowMs: 1000 });
  const queue = queueOf(100, 1, 2, 3, 4, 5);
  const drain = queue.drain(10, clock);
  clock.advance(500); // Before the first step: not on the budget.
  const seen: number[] = [];
  for (const event of drain) {
    seen.push(event);
    clock.advance(4);
  }
  assertEquals(seen, [1, 2, 3]);
  assertEquals(drain.next().done, true);
  assertEquals([...queue.drain(0, clock)], [4]);
  assertEquals([...queue.drain(1e-9)].length, 1);
});

Deno.test("EventQueue.drain() of an empty queue shares one finished iterator", () => {
  const queue = queueOf(4, 1);
  queue.poll();
  assert(queue.drain() === queue.drain());
  assert(queue.drain() === queueOf(1).drain());
  assertEquals([...queue.drain()], []);
  queue.push(2);
  assertEquals([...queue.drain()], [2]);
});

Deno.test("EventQueue.clear() keeps the reserved slots", () => {
  const queue = queueOf(40);
  queue.reserve(2);
  for (let i = 0; i < 38; i++) queue.push(i);
  queue.clear();
  assertEquals([queue.size, queue.reserved, queue.dropped], [0, 2, 0]);
  assertEquals([queue.poll(), queue.last], [undefined, undefined]);
  queue.pushReserved(1);
  queue.pushReserved(2);
  assertEquals([...queue.drain()], [1, 2]);
});

Deno.test("EventQueue keeps no reference to an event that was taken", async () => {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;

  const queues = [
    takeAll((queue) => {
      while (queue.poll() !== undefined) { /* taken */ }
    }),
    takeAll((queue) => {
      for (const _event of queue.drain()) { /* taken */ }
    }),
    takeAll((queue) => queue.clear()),
    takeAll((queue) => {
      for (let id = 0; id < queue.capacity; id++) queue.push({ id: -1 });
    }),
  ];
  // A WeakRef holds its target until the current task has ended.
  await new Promise((resolve) => setTimeout(resolve, 0));
  gc();
  for (const { queue, taken } of queues) {
    assertEquals(taken.filter((ref) => ref.deref() !== undefined).length, 0);
    assertEquals(queue.capacity, 50);
  }
});

interface Taken {
  queue: EventQueue<{ id: number }>;
  taken: WeakRef<{ id: number }>[];
}

function takeAll(take: (queue: Taken["queue"]) => void): Taken {
  const queue: Taken["queue"] = new EventQueue({
    capacity: 50,
    policy: "dropOldest",
  });
  const taken: Taken["taken"] = [];
  for (let id = 0; id < 40; id++) {
    const event = { id };
    taken.push(new WeakRef(event));
    queue.push(event);
  }
  take(queue);
  return { queue, taken };
}

Deno.test("EventQueue behaves like an array with a bound", () => {
  for (const policy of ["dropNewest", "dropOldest"] as const) {
    for (let seed = 0; seed < 400; seed++) runModel(seed, policy);
  }
});

/** Does the same to a queue and to a plain array and compares after each step. */
function runModel(seed: number, policy: EventQueuePolicy): void {
  const random = new SeededRandom(seed);
  const capacity = 1 + random.nextU32() % 70;
  const queue = new EventQueue<number>({ capacity, policy });
  const model: number[] = [];
  let reserved = 0;
  let dropped = 0;
  let id = 0;
  const where = `seed ${seed}, ${policy}, capacity ${capacity}`;

  function push(): void {
    const accepted = model.length + reserved < capacity;
    if (!accepted) dropped++;
    if (!accepted && policy === "dropOldest") model.shift();
    const result = accepted || policy === "dropOldest";
    assertEquals(queue.push(++id), result, where);
    if (result) model.push(id);
  }

  for (let step = 0; step < 300; step++) {
    const count = 1 + random.nextU32() % 4;
    switch (random.nextU32() % 8) {
      case 0:
      case 1:
      case 2:
        push();
        break;
      case 3:
        assertEquals(queue.poll(), model.shift(), where);
        break;
      case 4: {
        if (policy === "dropOldest") break;
        const fits = model.length + reserved + count <= capacity;
        assertEquals(queue.reserve(count), fits, where);
        if (fits) reserved += count;
        break;
      }
      case 5:
        if (reserved === 0) break;
        queue.pushReserved(++id);
        model.push(id);
        reserved--;
        break;
      case 6:
        if (count > reserved) break;
        queue.release(count);
        reserved -= count;
        break;
      default: {
        // A drain that is left after a while, with pushes and polls inside.
        const expected = model.slice();
        let taken = 0;
        for (const event of queue.drain()) {
          assertEquals(event, model.shift(), where);
          assert(expected.includes(event), where);
          if (random.nextU32() % 3 === 0) push();
          if (random.nextU32() % 9 === 0) {
            assertEquals(queue.poll(), model.shift(), where);
          }
          if (++taken === count * 8) break;
        }
      }
    }
    assertEquals(
      [queue.size, queue.reserved, queue.dropped, queue.last],
      [model.length, reserved, dropped, model.at(-1)],
      where,
    );
  }
  assertEquals([...queue.drain()], model, where);
}
