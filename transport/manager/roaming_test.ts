import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { ManagerWorld, type Received } from "./_testing/manager_world.ts";

const CHANGES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 40;
const LATENCY_MS = 25;
const RTT_MS = 2 * LATENCY_MS;
const TICK_MS = 5;

function numbered(value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function numberOf(bytes: readonly number[]): number {
  return new DataView(new Uint8Array(bytes).buffer).getUint32(0);
}

/** The newest of a channel. */
function newest(received: readonly Received[], channel: Channel): number {
  const last = received.findLast((message) => message.channel === channel);
  return last === undefined ? -1 : numberOf(last.bytes);
}

Deno.test("ConnectionManager keeps a peer whose address changes again and again: nothing reliable is lost, silence is two round trips", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: LATENCY_MS } });
  const { end, peer, atServer } = world.connected();
  const { server } = world;
  let up = 0;
  let down = 0;
  function tick(): void {
    for (const channel of [Channel.ReliableOrdered, Channel.Unreliable]) {
      assert(end.manager.send(peer, numbered(up), channel));
      assert(server.manager.send(atServer, numbered(down), channel));
    }
    up++;
    down++;
    world.run(TICK_MS);
  }
  /** How long until something has come, in both directions, that is sent from now on. */
  function waitMs(
    firstUp: number,
    firstDown: number,
    channel: Channel,
  ): number {
    const startMs = world.nowMs;
    while (
      newest(server.received, channel) < firstUp ||
      newest(end.received, channel) < firstDown
    ) {
      tick();
      assert(world.nowMs - startMs < 1_000, "silent for a second");
    }
    return world.nowMs - startMs;
  }
  for (let i = 0; i < 30; i++) tick();
  let silentMs = 0;
  let orderedMs = 0;
  for (let change = 0; change < CHANGES; change++) {
    world.network.rebind(end.socket, 0, `10.1.${change % 200}.7`);
    const [firstUp, firstDown] = [up, down];
    const ms = waitMs(firstUp, firstDown, Channel.Unreliable);
    silentMs = Math.max(silentMs, ms);
    // What was lost meanwhile comes first.
    orderedMs = Math.max(
      orderedMs,
      ms + waitMs(firstUp, firstDown, Channel.ReliableOrdered),
    );
    for (let i = 0; i < 20 + change % 30; i++) tick();
  }
  world.run(2_000);
  assertEquals(server.of("peerMoved").length, CHANGES);
  for (const [{ received }, sent] of [[server, up], [end, down]] as const) {
    const ordered = received.filter(({ channel }) =>
      channel === Channel.ReliableOrdered
    );
    assertEquals(ordered.length, sent);
    for (const [i, { bytes }] of ordered.entries()) {
      assertEquals(numberOf(bytes), i);
    }
  }
  assertEquals([server.events.length, end.events.length], [1 + CHANGES, 1]);
  // The game sends every 5 ms: the first after a change goes that much later.
  assert(silentMs <= 2 * RTT_MS + TICK_MS, `silent for ${silentMs} ms`);
  assert(orderedMs <= 3 * RTT_MS, `held up for ${orderedMs} ms`);
});

Deno.test("ConnectionManager keeps a peer that only listens when its address changes", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: LATENCY_MS } });
  const { end, atServer } = world.connected();
  world.run(300);
  for (let change = 0; change < 20; change++) {
    world.network.rebind(end.socket, 0, `10.2.0.${change + 1}`);
    let sent = 0;
    const startMs = world.nowMs;
    const before = end.received.length;
    while (end.received.length === before) {
      world.server.manager.send(
        atServer,
        numbered(sent++),
        Channel.ReliableOrdered,
      );
      world.run(TICK_MS);
      // The client's next sign of life, and what it takes from there.
      assert(world.nowMs - startMs < 2_500, `change ${change}`);
    }
    world.run(500);
  }
});

Deno.test("ConnectionManager keeps an idle peer whose address changes", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: LATENCY_MS } });
  const { end, peer, atServer } = world.connected();
  world.run(30_000, 10);
  world.network.rebind(end.socket);
  world.run(5_000, 10);
  assertEquals(world.server.of("peerMoved").length, 1);
  assert(world.server.manager.send(atServer, numbered(1), Channel.Reliable));
  world.run(100);
  assertEquals(end.received.length, 1);
  assertEquals([world.server.manager.peerCount, end.events.length], [1, 1]);
  assert(end.manager.peerRttMs(peer) > 0);
});
