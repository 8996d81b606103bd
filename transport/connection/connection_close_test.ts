// This module is browser compatible.
import { assert, assertEquals } from "@std/assert";
import { Channel, CloseCode, ConnectionState } from "../mod.ts";
import { LossyPair } from "./_testing/lossy_pair.ts";

function events(pair: LossyPair, end: number): unknown[] {
  return [...pair.ends[end]!.drainEvents()];
}

Deno.test("Connection.close() delivers what was sent before, then the reason", () => {
  let told = 0;
  for (let seed = 0; seed < 30; seed++) {
    const pair = new LossyPair(seed, { loss: 0.3, jitterMs: 10 });
    const [a, b] = pair.ends;
    pair.run(50);
    const got: number[] = [];
    for (let i = 0; i < 50; i++) {
      a.send(Channel.ReliableOrdered, new Uint8Array([i]));
    }
    a.close(CloseCode.Closed, "bye");
    assertEquals(a.state, ConnectionState.Disconnected);
    assertEquals(a.send(Channel.Reliable, new Uint8Array(1)), false);
    pair.run(pair.nowMs + 20_000, (end, bytes) => {
      assertEquals(end, 1);
      assertEquals(b.state, ConnectionState.Connected);
      got.push(bytes[0]!);
    });
    assertEquals(got, Array.from({ length: 50 }, (_, i) => i), `seed ${seed}`);
    assert(a.isOver && b.isOver);
    assertEquals(a.nextWakeMs, Infinity);
    assertEquals(b.nextWakeMs, Infinity);
    // All three of the packets that tell may be lost.
    if (b.state === ConnectionState.TimedOut) continue;
    told++;
    assertEquals(events(pair, 1), [{
      type: "ended",
      state: ConnectionState.Disconnected,
      code: 0,
      reason: "bye",
      isRemote: true,
    }]);
  }
  assert(told >= 27, `${told}`);
});

Deno.test("Connection repeats its reason, and tells it to who still sends", () => {
  const pair = new LossyPair(1, { delayMs: 20 });
  const [a, b] = pair.ends;
  for (let i = 0; i < 10; i++) {
    a.send(Channel.Reliable, new Uint8Array(1));
    b.send(Channel.Reliable, new Uint8Array(1));
    pair.run(pair.nowMs + 16);
  }
  const closes: number[] = [];
  const startMs = pair.nowMs;
  pair.tap = (_packet, from) => {
    if (from === 0) closes.push(pair.nowMs - startMs);
    return from === 1 || closes.length > 3;
  };
  a.close(CloseCode.Kicked, "cheat");
  pair.run(startMs + 30);
  assertEquals(closes, [0, 10, 20]);
  // All three were lost, but the other end goes on.
  b.send(Channel.Reliable, new Uint8Array(1));
  pair.run(startMs + 500);
  assert(closes.length > 3);
  assertEquals(b.state, ConnectionState.Kicked);
  assertEquals((events(pair, 1)[0] as { reason: string }).reason, "cheat");
});

Deno.test("Connection.close() of both ends ends both", () => {
  const pair = new LossyPair(1, { delayMs: 20 });
  pair.run(100);
  for (const end of pair.ends) end.close(64, "game over");
  pair.run(pair.nowMs + 1000);
  for (const end of pair.ends) {
    assert(end.isOver);
    assertEquals([...end.drainEvents()].length, 1);
  }
});

Deno.test("Connection ends after what had come in was polled", () => {
  const pair = new LossyPair(1, { delayMs: 20 });
  const [a, b] = pair.ends;
  pair.run(100);
  a.send(Channel.Reliable, new Uint8Array([5]));
  a.close(70, "done");
  while (pair.step(pair.nowMs + 500));
  assertEquals(b.state, ConnectionState.Connected);
  assertEquals(b.isOver, false);
  // What it sends in the meantime is accepted and lost.
  assert(b.send(Channel.Reliable, new Uint8Array(1)));
  const got: number[] = [];
  b.poll((bytes) => got.push(bytes[0]!));
  assertEquals(got, [5]);
  assertEquals(b.state, ConnectionState.Disconnected);
  assertEquals(b.send(Channel.Reliable, new Uint8Array(1)), false);
  assertEquals((events(pair, 1)[0] as { code: number }).code, 70);
  assert(b.isOver);
});

Deno.test("Connection.close() hands nothing out any more, also within poll()", () => {
  const pair = new LossyPair(1, { delayMs: 20 });
  const [a, b] = pair.ends;
  pair.run(100);
  for (let i = 0; i < 5; i++) a.send(Channel.Reliable, new Uint8Array([i]));
  while (pair.step(pair.nowMs + 200));
  const got: number[] = [];
  b.poll((bytes) => {
    got.push(bytes[0]!);
    if (got.length === 2) b.close();
  });
  assertEquals(got, [0, 1]);
  assertEquals(b.poll(() => assert(false)), 0);
});

Deno.test("Connection gives up what a dead peer does not take", () => {
  const pair = new LossyPair(1, { delayMs: 20 });
  const [a] = pair.ends;
  pair.run(100);
  pair.tap = () => false;
  a.send(Channel.Reliable, new Uint8Array(1));
  a.close(0, "bye");
  pair.run(pair.nowMs + 15_000);
  assert(a.isOver);
  assertEquals([...a.drainEvents()].length, 1);
});

Deno.test("Connection.close() cuts a reason that is too long", () => {
  const pair = new LossyPair(1);
  pair.run(100);
  pair.ends[0].close(0, "€".repeat(100));
  pair.run(pair.nowMs + 1000);
  assertEquals(
    (events(pair, 1)[0] as { reason: string }).reason,
    "€".repeat(41),
  );
});
