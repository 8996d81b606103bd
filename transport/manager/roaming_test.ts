import { assert, assertEquals, assertThrows } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import type { PeerId } from "../link/peer_id.ts";
import { ManagerWorld, type Received } from "./_testing/manager_world.ts";

const CHANGES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 20;
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

Deno.test("ConnectionManager.move() goes on over another socket: nothing reliable is lost, silence is two round trips", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: LATENCY_MS } });
  const { server, network } = world;
  const { end, peer, atServer } = world.connected();
  let { socket } = end;
  let sent = 0;
  let silentMs = 0;
  const heard = [0, 0];
  const heardMs = [world.nowMs, world.nowMs];
  function run(ms: number): void {
    for (let i = 0; i < ms / TICK_MS; i++) {
      for (
        const [{ manager }, to] of [[end, peer], [server, atServer]] as const
      ) assert(manager.send(to, numbered(sent), Channel.ReliableOrdered));
      sent++;
      world.run(TICK_MS);
      for (const [k, { received }] of [server, end].entries()) {
        silentMs = Math.max(silentMs, world.nowMs - heardMs[k]!);
        if (received.length > heard[k]!) heardMs[k] = world.nowMs;
        heard[k] = received.length;
      }
    }
  }
  run(500);
  assert(silentMs <= 2 * LATENCY_MS + TICK_MS, `at first ${silentMs} ms`);
  const moves = Math.min(CHANGES, 40);
  for (let move = 0; move < moves; move++) {
    const next = network.socket(`10.3.0.${1 + move}`);
    end.manager.bind(next);
    // What breaks is not there any more; what is changed by will is left behind.
    if (move % 2 === 0) socket.close();
    const old = socket;
    assert(end.manager.move(peer, next.address("10.0.0.1", 9_000)));
    assertEquals(end.manager.peerAddress(peer)?.socket, next);
    socket = next;
    run(300);
    old.close();
  }
  world.run(1_000);
  for (const { received } of [server, end]) {
    assertEquals(
      received.map(({ bytes }) => numberOf(bytes)),
      Array.from({ length: sent }, (_, i) => i),
    );
  }
  assertEquals(server.of("peerMoved").length, moves);
  assertEquals([server.events.length, end.events.length], [1 + moves, 1]);
  assertEquals(end.manager.counters.moved, moves);
  // From the last that came before a move.
  assert(silentMs <= 3 * RTT_MS + TICK_MS, `silent for ${silentMs} ms`);
});

Deno.test("ConnectionManager.move() tells the server although nothing is said", () => {
  const world = new ManagerWorld({
    conditions: { latencyMs: LATENCY_MS, loss: 0.3 },
  });
  const { end, peer, atServer } = world.connected();
  world.run(20_000, 5);
  const next = world.network.socket("10.3.0.1");
  end.manager.bind(next);
  end.socket.close();
  assert(end.manager.move(peer, next.address("10.0.0.1", 9_000)));
  world.run(1_500);
  assertEquals(world.server.of("peerMoved").map(({ peer }) => peer), [
    atServer,
  ]);
  assertEquals(
    String(world.server.manager.peerAddress(atServer)),
    `${next.localAddress}`,
  );
});

Deno.test("ConnectionManager.move() refuses who cannot be moved", () => {
  const world = new ManagerWorld();
  const { end, peer, atServer } = world.connected();
  const next = world.network.socket("10.3.0.1");
  const to = next.address("10.0.0.1", 9_000);
  assertThrows(() => end.manager.move(peer, to), TypeError, "bound");
  end.manager.bind(next);
  const connecting = end.manager.connect(to);
  assertEquals(end.manager.move(connecting, to), false);
  assertEquals(end.manager.move(0x7fff_0001 as PeerId, to), false);
  const back = world.server.socket.address("10.0.7.7", 7);
  assertEquals(world.server.manager.move(atServer, back), false);
  end.manager.disconnect(peer);
  assertEquals(end.manager.move(peer, to), false);
  end.manager.close();
  assertThrows(() => end.manager.move(peer, to), TypeError, "closed");
});
