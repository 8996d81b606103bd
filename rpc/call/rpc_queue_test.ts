import { assert, assertEquals, assertThrows } from "@std/assert";
import { RpcCall } from "./rpc_call.ts";
import { rpcId } from "./rpc_id.ts";
import { RpcParam } from "./rpc_param.ts";
import { RpcQueue } from "./rpc_queue.ts";

const OWN = rpcId(100);

/** A call of 7 bytes while its sequence is below 128. */
function numbered(value: number): RpcCall {
  return new RpcCall({
    id: OWN,
    params: [RpcParam.int(value), RpcParam.string("a")],
  });
}

function valuesOf(calls: Iterable<RpcCall>): unknown[] {
  return Array.from(calls, ({ params }) => params[0]?.value);
}

Deno.test("RpcQueue hands calls out in their order, with sequences in turn", () => {
  const queue = new RpcQueue();
  const call = numbered(1).withSequence(4_000);
  for (let i = 0; i < 3; i++) assert(queue.enqueue(call));
  assertEquals(queue.nextSequence, 3);
  assertEquals(queue.peek()?.sequence, 0);
  assertEquals([...queue.drain()].map(({ sequence }) => sequence), [0, 1, 2]);
  assertEquals([queue.size, queue.peek(), [...queue.drain()]], [
    0,
    undefined,
    [],
  ]);
  queue.enqueue(call);
  assertEquals(queue.peek()?.sequence, 3);
});

Deno.test("RpcQueue refuses what is above its bound, and says so", () => {
  const queue = new RpcQueue({ capacity: 2 });
  const accepted = [1, 2, 3, 4].map((value) => queue.enqueue(numbered(value)));
  assertEquals(accepted, [true, true, false, false]);
  assertEquals([queue.refused, queue.dropped, queue.size], [2, 0, 2]);
  assertEquals(queue.nextSequence, 2);
  assertEquals(valuesOf(queue.drain()), [1, 2]);
  assert(queue.enqueue(numbered(5)));
});

Deno.test("RpcQueue drops the oldest call where it is told to, and counts it", () => {
  const queue = new RpcQueue({ capacity: 2, policy: "dropOldest" });
  for (const value of [1, 2, 3, 4]) assert(queue.enqueue(numbered(value)));
  assertEquals([queue.refused, queue.dropped, queue.size], [0, 2, 2]);
  const calls = [...queue.drain()];
  assertEquals(valuesOf(calls), [3, 4]);
  assertEquals(calls.map(({ sequence }) => sequence), [2, 3]);
});

Deno.test("RpcQueue refuses a call that is too large under either policy", () => {
  for (const policy of ["refuse", "dropOldest"] as const) {
    const queue = new RpcQueue({ capacity: 1, maxCallBytes: 7, policy });
    assert(queue.enqueue(numbered(1)));
    const large = new RpcCall({ id: OWN, params: [RpcParam.string("abcd")] });
    assertEquals(large.byteLength, 9);
    assertEquals(queue.enqueue(large), false);
    assertEquals([queue.refused, queue.dropped, queue.size], [1, 0, 1]);
  }
});

Deno.test("RpcQueue measures a call with the sequence it gets", () => {
  const queue = new RpcQueue({ maxCallBytes: 7 });
  for (let i = 0; i < 128; i++) assert(queue.enqueue(numbered(1)));
  assertEquals(queue.enqueue(numbered(1)), false);
});

Deno.test("RpcQueue.drain() keeps to its budget of bytes", () => {
  const queue = new RpcQueue();
  for (let value = 0; value < 6; value++) queue.enqueue(numbered(value));
  assertEquals(valuesOf(queue.drain(0)), []);
  assertEquals(valuesOf(queue.drain(14)), [0, 1]);
  assertEquals(valuesOf(queue.drain(20)), [2, 3]);
  // One that is larger than the whole budget goes first and alone.
  assertEquals(valuesOf(queue.drain(1)), [4]);
  assertEquals(valuesOf(queue.drain()), [5]);
  for (const budget of [-1, NaN]) {
    assertThrows(() => queue.drain(budget), RangeError, "budgetBytes");
  }
});

Deno.test("RpcQueue.drain() leaves what is queued meanwhile for the next one", () => {
  const queue = new RpcQueue();
  queue.enqueue(numbered(0));
  queue.enqueue(numbered(1));
  const seen: unknown[] = [];
  for (const call of queue.drain()) {
    seen.push(call.params[0]?.value);
    queue.enqueue(numbered(2));
  }
  assertEquals(seen, [0, 1]);
  assertEquals(queue.size, 2);
  for (const _ of queue.drain()) break;
  assertEquals(queue.size, 1);
});

Deno.test("RpcQueue.clear() removes calls without counting them as dropped", () => {
  const queue = new RpcQueue();
  queue.enqueue(numbered(0));
  queue.clear();
  assertEquals([queue.size, queue.dropped, queue.nextSequence], [0, 0, 1]);
  queue.enqueue(numbered(1));
  assertEquals(valuesOf(queue.drain()), [1]);
});

Deno.test("RpcQueue keeps its order over many rounds", () => {
  const queue = new RpcQueue({ capacity: 50 });
  let next = 0;
  for (let round = 0; round < 500; round++) {
    for (let i = 0; i < round % 7; i++) queue.enqueue(numbered(0));
    let left = round % 5;
    if (left === 0) continue;
    for (const { sequence } of queue.drain()) {
      assertEquals(sequence, next++);
      if (--left === 0) break;
    }
  }
  assert(next > 800, `${next}`);
});

Deno.test("RpcQueue throws for what is no call's making, and stays as it was", () => {
  const queue = new RpcQueue();
  const wrong = new RpcCall({ id: OWN, params: [{ type: "int", value: 0.5 }] });
  assertThrows(() => queue.enqueue(wrong), RangeError, "parameter 0");
  assertEquals([queue.size, queue.nextSequence, queue.refused], [0, 0, 0]);
});

Deno.test("RpcQueue refuses bounds that are none", () => {
  for (const capacity of [0, 1.5, 65_537, NaN]) {
    assertThrows(() => new RpcQueue({ capacity }), RangeError, "capacity");
  }
  for (const maxCallBytes of [2, 1e6, NaN]) {
    assertThrows(() => new RpcQueue({ maxCallBytes }), RangeError, "maxCall");
  }
  const policy = "silent" as "refuse";
  assertThrows(() => new RpcQueue({ policy }), TypeError, "silent");
  assertEquals(new RpcQueue().capacity, 1_024);
});
