import { assert, assertEquals, assertThrows } from "@std/assert";
import { renderOpenMetrics } from "../../core/mod.ts";
import { Channel, Packet, PacketDecoder } from "../../protocol/mod.ts";
import { ConnectionState } from "../connection/connection_state.ts";
import type { LinkEndReason } from "../link/datagram_link.ts";
import { InsecureLink } from "../link/insecure_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import {
  ManagerWorld,
  SERVER_HOST,
  SERVER_PORT,
} from "./_testing/manager_world.ts";
import { ConnectionManager } from "./connection_manager.ts";

const { ReliableOrdered } = Channel;

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

Deno.test("ConnectionManager.connect() connects in two round trips, with user data", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: 10 } });
  const client = world.client();
  const { peer } = world.connect(client, bytesOf(1, 2, 3));
  assertEquals(client.manager.peerState(peer), ConnectionState.Connecting);
  assertEquals(client.manager.send(peer, bytesOf(1), ReliableOrdered), false);
  world.run(41);
  assertEquals(client.manager.peerState(peer), ConnectionState.Connected);
  assertEquals(client.of("peerConnected").map(({ peer }) => peer), [peer]);
  assertEquals(client.of("peerConnected")[0]?.isClient, false);
  const [event] = world.server.of("peerConnected");
  assertEquals(event?.userData, bytesOf(1, 2, 3));
  assertEquals(event?.isClient, true);
  assertEquals(world.server.manager.peerCount, 1);
  assertEquals(world.server.manager.peers(), [event!.peer]);
  assertEquals(
    world.server.manager.peerAddrs().map(String),
    [`${client.socket.localAddress}`],
  );
  assert(client.manager.send(peer, bytesOf(4), ReliableOrdered));
  client.manager.flush();
  world.run(12);
  assertEquals(world.server.received, [{
    peer: event!.peer,
    bytes: [4],
    channel: ReliableOrdered,
  }]);
});

Deno.test("ConnectionManager.connect() fails with the server's reason", () => {
  const table: [
    LinkEndReason,
    Partial<ConstructorParameters<typeof InsecureLink>[0]>,
    string,
  ][] = [
    ["serverFull", { maxClients: 1 }, "test 1"],
    ["denied", { authorize: ([first]) => first === 9 }, "test 1"],
    ["wrongProtocol", {}, "another"],
    [
      "denied",
      {
        authorize() {
          throw new Error("a bad token");
        },
      },
      "test 1",
    ],
  ];
  for (const [reason, server, protocol] of table) {
    const world = new ManagerWorld({ server });
    if (reason === "serverFull") world.connected();
    const { end, peer } = world.connect(world.client({ protocol }), bytesOf(1));
    world.run(200);
    assertEquals(
      end.events.map((event) => ({ ...event, message: "" })),
      [{ type: "connectFailed", peer, reason, message: "" }],
    );
    assertEquals(end.manager.peerState(peer), ConnectionState.Disconnected);
    assertEquals(end.manager.peerCount, 0);
  }
});

Deno.test("ConnectionManager.connect() lets in whom authorize() lets in", () => {
  const seen: string[] = [];
  const world = new ManagerWorld({
    server: {
      authorize(userData, from) {
        seen.push(`${[...userData]} ${from.host}`);
        return userData[0] === 9;
      },
    },
  });
  const { end } = world.connect(world.client(), bytesOf(9, 1));
  world.run(100);
  assertEquals(end.events.map(({ type }) => type), ["peerConnected"]);
  assertEquals(seen, ["9,1 10.0.1.1"]);
});

Deno.test("ConnectionManager.connect() gives up where nobody answers, and where it is told to", () => {
  const world = new ManagerWorld();
  world.network.setConditions({ isBlackout: true });
  const { end, peer } = world.connect();
  const other = world.connect();
  other.end.manager.disconnect(other.peer);
  world.run(12_000, 50);
  assertEquals(end.of("connectFailed").map(({ reason }) => reason), [
    "noAnswer",
  ]);
  assertEquals(end.manager.peerState(peer), ConnectionState.TimedOut);
  assertEquals(end.manager.nextWakeMs, Infinity);
  assertEquals(other.end.of("connectFailed").map(({ reason }) => reason), [
    "disconnected",
  ]);
});

Deno.test("ConnectionManager.connect() gives up as late after a long sleep as without one", () => {
  const tookMs: number[] = [];
  for (const sleptMs of [0, 60_000]) {
    const world = new ManagerWorld({ conditions: { isBlackout: true } });
    const end = world.client();
    // Nobody polls a manager that wants nothing.
    assertEquals(end.manager.nextWakeMs, Infinity);
    world.network.advance(sleptMs);
    world.connect(end);
    while (end.events.length === 0) {
      const { nextWakeMs } = end.manager;
      world.network.advanceTo(Math.max(world.nowMs, nextWakeMs));
      end.poll();
    }
    tookMs.push(world.nowMs - sleptMs);
  }
  const [awake, slept] = tookMs;
  assert(Math.abs(slept! - awake!) < 1, `${awake} ms, then ${slept} ms`);
});

Deno.test("ConnectionManager.connect() refuses addresses of other sockets, and a closed manager", () => {
  const world = new ManagerWorld();
  const a = world.client();
  const b = world.client();
  const to = b.socket.address(SERVER_HOST, SERVER_PORT);
  assertThrows(() => a.manager.connect(to), TypeError, "socket that is bound");
  assertThrows(
    () => b.manager.connect(to, new Uint8Array(257)),
    RangeError,
    "256",
  );
  b.manager.close();
  assert(b.manager.isClosed);
  assertThrows(() => b.manager.connect(to), TypeError, "closed");
});

Deno.test("ConnectionManager.disconnect() delivers what was sent before, then tells why", () => {
  const world = new ManagerWorld({
    conditions: { latencyMs: 20, loss: 0.2 },
    seed: 4,
  });
  const { end, peer, atServer } = world.connected();
  for (let i = 0; i < 50; i++) {
    assert(end.manager.send(peer, bytesOf(i), ReliableOrdered));
  }
  end.manager.disconnect(peer, "bye", 77);
  assertEquals(end.manager.peerCount, 0);
  assertEquals(end.manager.send(peer, bytesOf(1), ReliableOrdered), false);
  assertEquals(end.manager.pollEvent(), {
    type: "peerDisconnected",
    peer,
    reason: "closed",
    code: 77,
    message: "bye",
    isRemote: false,
  });
  world.run(2_000);
  assertEquals(
    world.server.received.map(({ bytes }) => bytes[0]),
    Array.from({ length: 50 }, (_, i) => i),
  );
  assertEquals(world.server.events.slice(1), [{
    type: "peerDisconnected",
    peer: atServer,
    reason: "closed",
    code: 77,
    message: "bye",
    isRemote: true,
  }]);
  assertEquals(end.events.length, 1);
  assertEquals([world.server, end].map(({ manager }) => manager.nextWakeMs), [
    Infinity,
    Infinity,
  ]);
});

Deno.test("ConnectionManager.disconnect() does not linger for ever", () => {
  const world = new ManagerWorld({ lingerMs: 1_000 });
  const { end, peer } = world.connected();
  world.network.setConditions({ isBlackout: true });
  assert(end.manager.send(peer, bytesOf(1), ReliableOrdered));
  end.manager.disconnect(peer);
  world.run(900, 10);
  assert(end.manager.nextWakeMs < Infinity);
  world.run(300, 10);
  assertEquals(end.manager.nextWakeMs, Infinity);
});

Deno.test("ConnectionManager.kick() throws a peer out at once", () => {
  const world = new ManagerWorld();
  const { end, peer, atServer } = world.connected();
  world.server.manager.kick(atServer, "cheater");
  world.run(50);
  assertEquals(world.server.events.at(-1), {
    type: "peerDisconnected",
    peer: atServer,
    reason: "kicked",
    code: 1,
    message: "cheater",
    isRemote: false,
  });
  assertEquals(end.events.at(-1), {
    type: "peerDisconnected",
    peer,
    reason: "kicked",
    code: 1,
    message: "cheater",
    isRemote: true,
  });
  assertEquals(
    [
      world.server.manager.peerState(atServer),
      end.manager.peerState(peer),
    ],
    [ConnectionState.Kicked, ConnectionState.Kicked],
  );
});

Deno.test("ConnectionManager.poll() times out either end's silent peer", () => {
  const world = new ManagerWorld();
  const { end, peer, atServer } = world.connected();
  world.network.setConditions({ isBlackout: true });
  world.run(14_000, 20);
  assertEquals(end.events.slice(1), [{ type: "peerTimedOut", peer }]);
  assertEquals(world.server.events.slice(1), [{
    type: "peerTimedOut",
    peer: atServer,
  }]);
  assertEquals(world.server.manager.peerCount, 0);
  assertEquals(
    world.server.manager.peerState(atServer),
    ConnectionState.TimedOut,
  );
  assertEquals(world.server.manager.nextWakeMs, Infinity);
});

Deno.test("ConnectionManager.poll() finds out at once that the server was started anew", () => {
  const world = new ManagerWorld();
  const { end, peer } = world.connected();
  // Killed: it tells nobody.
  world.server.socket.close();
  world.startServer();
  assert(end.manager.send(peer, bytesOf(1), ReliableOrdered));
  world.run(30);
  assertEquals(
    end.events.slice(1).map((event) => ({ ...event, message: "" })),
    [{
      type: "peerDisconnected",
      peer,
      reason: "unknownSession",
      code: 0,
      message: "",
      isRemote: true,
    }],
  );
  const again = world.connect(end);
  world.run(100);
  assertEquals(
    end.manager.peerState(again.peer),
    ConnectionState.Connected,
  );
});

Deno.test("ConnectionManager.poll() passes a sink's error on and keeps the rest", () => {
  const world = new ManagerWorld();
  const clients = [world.connected(), world.connected(), world.connected()];
  world.server.takes = false;
  for (const { end, peer } of clients) {
    for (const i of [1, 2]) {
      assert(end.manager.send(peer, bytesOf(i), ReliableOrdered));
    }
  }
  world.run(50);
  const got: number[] = [];
  let errors = 0;
  for (let i = 0; i < 10; i++) {
    try {
      world.server.manager.poll((_peer, bytes) => {
        got.push(bytes[0]!);
        if (errors < 2) throw new Error(`broken ${++errors}`);
      });
    } catch (error) {
      assert(error instanceof Error && error.message.startsWith("broken"));
    }
  }
  assertEquals(errors, 2);
  assertEquals(got.toSorted(), [1, 1, 1, 2, 2, 2]);
});

Deno.test("ConnectionManager.poll() refuses to be called from its sink, and lets it do the rest", () => {
  const world = new ManagerWorld();
  const { end, peer } = world.connected();
  world.server.takes = false;
  for (const i of [1, 2, 3]) {
    assert(end.manager.send(peer, bytesOf(i), ReliableOrdered));
  }
  world.run(50);
  const got: number[] = [];
  const { manager } = world.server;
  manager.receive((from, bytes) => {
    got.push(bytes[0]!);
    assertThrows(() => manager.poll(), TypeError, "inside of it");
    assertThrows(() => manager.receive(() => {}), TypeError, "inside of it");
    assert(manager.send(from, bytesOf(7), ReliableOrdered));
    manager.flush();
    if (bytes[0] === 2) manager.disconnect(from, "enough");
  });
  // What came after the second is lost by the disconnect.
  assertEquals(got, [1, 2]);
  world.run(300);
  assertEquals(end.received.map(({ bytes }) => bytes[0]), [7, 7]);
  const last = end.events.at(-1);
  assert(last?.type === "peerDisconnected" && last.message === "enough");
});

Deno.test("ConnectionManager.broadcast() and sendPacket() reach who is connected", () => {
  const world = new ManagerWorld();
  const clients = [world.connected(), world.connected(), world.connected()];
  const { manager } = world.server;
  assertEquals(
    manager.broadcast(bytesOf(5), ReliableOrdered, clients[1]!.atServer),
    2,
  );
  const packet = Packet.ping(9, 1_234);
  assert(manager.sendPacket(clients[1]!.atServer, packet, Channel.Reliable));
  assertEquals(
    manager.sendPacket(
      clients[1]!.atServer,
      new Packet({ kind: 1, sequence: -1 }),
      Channel.Reliable,
    ),
    false,
  );
  world.run(50);
  assertEquals(clients.map(({ end }) => end.received.length), [1, 1, 1]);
  const bytes = new Uint8Array(clients[1]!.end.received[0]!.bytes);
  assertEquals(new PacketDecoder().decode(bytes), packet);
  assertThrows(
    () => manager.send(clients[0]!.atServer, bytes, 99),
    RangeError,
    "channel",
  );
  assertEquals(manager.send(12_345 as PeerId, bytes, 0), false);
});

Deno.test("ConnectionManager.bind() brings clients of several sockets to one server", () => {
  const world = new ManagerWorld();
  const second = world.network.socket("10.0.9.9", 443);
  world.server.manager.bind(second);
  const native = world.connected();
  const browser = world.client();
  const to = browser.socket.address("10.0.9.9", 443);
  const peer = browser.manager.connect(to);
  world.run(100);
  assertEquals(world.server.manager.peerCount, 2);
  assert(browser.manager.send(peer, bytesOf(1), ReliableOrdered));
  assert(native.end.manager.send(native.peer, bytesOf(2), ReliableOrdered));
  world.run(50);
  assertEquals(world.server.manager.broadcast(bytesOf(3), 0), 2);
  world.run(50);
  assertEquals(world.server.received.length, 2);
  assertEquals(browser.received[0]?.bytes, [3]);
  assertEquals(native.end.received[0]?.bytes, [3]);
  // A socket that breaks takes only its own with it.
  second.close();
  world.run(50);
  assert(native.end.manager.send(native.peer, bytesOf(4), ReliableOrdered));
  world.run(50);
  assertEquals(world.server.received.at(-1)?.bytes, [4]);
});

Deno.test("ConnectionManager.close() tells all peers that it goes down, and closes its sockets", () => {
  const world = new ManagerWorld();
  const clients = [world.connected(), world.connected()];
  const { manager } = world.server;
  assert(manager.send(clients[0]!.atServer, bytesOf(8), ReliableOrdered));
  manager.close("maintenance");
  const late = world.connect();
  world.run(500);
  assert(manager.isClosed);
  assert(world.server.socket.isClosed);
  for (const { end } of clients) {
    const event = end.events.at(-1);
    assert(event?.type === "peerDisconnected");
    assertEquals([event.reason, event.message], ["shutdown", "maintenance"]);
  }
  assertEquals(clients[0]!.end.received[0]?.bytes, [8]);
  assertEquals(world.server.of("peerDisconnected").length, 2);
  // Sent away at once, if it got as far as that.
  assertEquals(late.end.manager.peerCount, 0);
  manager.poll();
  manager.close();
});

Deno.test("ConnectionManager[Symbol.dispose]() ends everything at once", () => {
  const world = new ManagerWorld();
  const { end } = world.connected();
  world.connect();
  world.server.manager[Symbol.dispose]();
  assert(world.server.manager.isClosed && world.server.socket.isClosed);
  world.run(20);
  const event = end.events.at(-1);
  assert(event?.type === "peerDisconnected" && event.isRemote);
  assertEquals(world.server.manager.peerCount, 0);
});

Deno.test("ConnectionManager.signal closes it", () => {
  const world = new ManagerWorld();
  const controller = new AbortController();
  const manager = new ConnectionManager({
    link: new InsecureLink({ protocol: "test 1" }),
    clock: world.network.clock,
    signal: controller.signal,
  });
  const socket = world.network.socket("10.0.3.1");
  manager.bind(socket);
  controller.abort();
  assert(manager.isClosed && socket.isClosed);
});

Deno.test("ConnectionManager listens to its signal no longer than it lives", () => {
  const signal = new AbortController().signal;
  let listeners = 0;
  signal.addEventListener = () => void listeners++;
  signal.removeEventListener = () => void listeners--;
  const link = new InsecureLink({ protocol: "test 1" });
  const manager = new ConnectionManager({ link, signal });
  assertEquals(listeners, 1);
  manager.close();
  assertEquals([manager.isClosed, listeners], [true, 0]);
});

Deno.test("ConnectionManager.metrics() counts what happened, by reason", () => {
  const world = new ManagerWorld({ server: { maxClients: 3 } });
  const [kicked, left, broken] = [
    world.connected(),
    world.connected(),
    world.connected(),
  ];
  const { manager } = world.server;
  const full = world.connect();
  world.run(100);
  manager.kick(kicked.atServer);
  left.end.manager.disconnect(left.peer);
  world.run(500);
  broken.end.socket.close();
  world.run(15_000, 20);
  const again = world.connected();
  const second = world.network.socket("10.0.9.9", 443);
  manager.bind(second);
  world.run(10);
  const text = renderOpenMetrics(manager.metrics());
  for (
    const line of [
      "tickwire_transport_peers 1",
      'tickwire_transport_connects_total{outcome="connected"} 4',
      'tickwire_transport_connects_total{outcome="denied"} 0',
      'tickwire_transport_ends_total{reason="closed"} 1',
      'tickwire_transport_ends_total{reason="kicked"} 1',
      'tickwire_transport_ends_total{reason="timedOut"} 1',
      'tickwire_transport_ends_total{reason="shutdown"} 0',
      'tickwire_transport_events_total{what="moved"} 0',
      'tickwire_transport_link_total{what="accepted"} 4',
      'tickwire_transport_link_total{what="full"} 1',
      `tickwire_transport_socket_bytes_total{socket="0",what="sent"} ${world.server.socket.counters.sentBytes}`,
      'tickwire_transport_socket_datagrams_total{socket="1",what="sent"} 0',
    ]
  ) assert(text.includes(`\n${line}\n`), `${line} of\n${text}`);
  const { connectFailedBy, disconnectedBy, disconnected } = manager.counters;
  assertEquals(
    Object.values(disconnectedBy).reduce((sum, count) => sum + count),
    disconnected,
  );
  assertEquals(connectFailedBy.serverFull, 0);
  assertEquals(full.end.manager.counters.connectFailedBy.serverFull, 1);
  // A socket keeps its number when another one is gone.
  world.server.socket.close();
  world.run(1);
  const rest = renderOpenMetrics(manager.metrics());
  assert(!rest.includes('socket="0"') && rest.includes('socket="1"'), rest);
  assertEquals(manager.peers(), [again.atServer]);
});

Deno.test("ConnectionManager.peers() is the same array until somebody comes or goes", () => {
  const world = new ManagerWorld();
  const { manager } = world.server;
  assertEquals(manager.peers(), []);
  const [a, b] = [world.connected().atServer, world.connected().atServer];
  const peers = manager.peers();
  assertEquals(peers, [a, b]);
  world.run(100);
  assert(manager.peers() === peers);
  // Whoever goes through it may throw everybody out.
  for (const peer of peers) manager.kick(peer);
  assertEquals([peers, manager.peers()], [[a, b], []]);
});

Deno.test("ConnectionManager.lateMessages() says why a message was late", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: 20 } });
  const { end, peer } = world.connected();
  assertEquals(end.manager.lateMessages(peer), []);
  assert(end.manager.send(peer, bytesOf(1), ReliableOrdered));
  world.run(200);
  world.network.setConditions({ isBlackout: true });
  assert(end.manager.send(peer, bytesOf(2), ReliableOrdered));
  world.run(500);
  world.network.setConditions({ latencyMs: 20 });
  world.run(3_000);
  const [late, ...more] = end.manager.lateMessages(peer);
  assertEquals(more, []);
  assertEquals([late?.channel, late?.id], [ReliableOrdered, 1]);
  assert(late!.queuedMs <= 1 && late!.underWayMs >= 500, JSON.stringify(late));
  const { lateBy } = end.manager.peerStats(peer)!.channels[ReliableOrdered]!;
  assertEquals(lateBy.underWayMs, late!.underWayMs);
  end.manager.disconnect(peer);
  world.run(500);
  assertEquals(end.manager.lateMessages(peer), []);
});

Deno.test("ConnectionManager.send() sends at once after a silence: nothing counts as old or late", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: 20 } });
  const { end, peer, atServer } = world.connected();
  const silencesMs = [100, 300, 450, 900, 1_900, 5_000];
  for (const ms of silencesMs) {
    world.run(ms);
    for (let channel = 0; channel < 4; channel++) {
      assert(end.manager.send(peer, bytesOf(channel), channel));
      assert(world.server.manager.send(atServer, bytesOf(channel), channel));
    }
    world.run(100);
  }
  for (
    const [{ received, manager }, to] of [
      [end, peer],
      [world.server, atServer],
    ] as const
  ) {
    assertEquals(received.length, 4 * silencesMs.length);
    assertEquals(manager.lateMessages(to), []);
    for (const { dropped, late } of manager.peerStats(to)!.channels) {
      assertEquals([dropped, late], [0, 0]);
    }
  }
});

Deno.test("ConnectionManager.close() lets nobody in while it tells its peers", () => {
  const world = new ManagerWorld();
  const { end, atServer } = world.connected();
  const { manager } = world.server;
  // It takes long to tell this one.
  world.network.setConditions(
    { isBlackout: true },
    world.server.socket,
    end.socket,
  );
  assert(manager.send(atServer, bytesOf(1), ReliableOrdered));
  manager.close();
  const late = world.connect();
  world.run(1_000);
  assertEquals(manager.isClosed, false);
  assertEquals(
    late.end.events.map((event) => ({ ...event, message: "" })),
    [{
      type: "connectFailed",
      peer: late.peer,
      reason: "serverFull",
      message: "",
    }],
  );
  assertEquals([manager.counters.connected, manager.counters.turnedAway], [
    1,
    0,
  ]);
});

Deno.test("ConnectionManager.poll() tries a full socket again, for all its peers", () => {
  const world = new ManagerWorld();
  const clients = Array.from({ length: 4 }, () => world.connected());
  world.network.setFull(world.server.socket, true);
  assertEquals(world.server.manager.broadcast(bytesOf(1), ReliableOrdered), 4);
  world.run(5);
  const { manager } = world.server;
  assert(manager.nextWakeMs <= world.nowMs + 1);
  world.network.setFull(world.server.socket, false);
  world.run(30);
  assertEquals(clients.map(({ end }) => end.received.length), [1, 1, 1, 1]);
});

Deno.test("ConnectionManager needs no more polls than nextWakeMs says", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: 25, loss: 0.2 } });
  const { server, network } = world;
  const { end, peer } = world.connect();
  let polls = 0;
  let sent = 0;
  while (world.nowMs < 20_000) {
    const nextMs = Math.min(
      network.nextEventMs,
      server.manager.nextWakeMs,
      end.manager.nextWakeMs,
      20_000,
    );
    assert(nextMs >= world.nowMs - 0.3, `${nextMs} < ${world.nowMs}`);
    network.advanceTo(Math.max(nextMs, world.nowMs));
    server.poll();
    end.poll();
    if (end.manager.send(peer, bytesOf(sent), ReliableOrdered)) {
      if (++sent === 100) break;
    }
    assert(++polls < 20_000);
  }
  while (world.nowMs < 20_000) {
    network.advanceTo(Math.min(
      20_000,
      Math.max(
        world.nowMs,
        Math.min(
          network.nextEventMs,
          server.manager.nextWakeMs,
          end.manager.nextWakeMs,
        ),
      ),
    ));
    server.poll();
    end.poll();
    assert(++polls < 20_000);
  }
  assertEquals(server.received.length, 100);
});

Deno.test("ConnectionManager.poll() answers who was heard before it has taken in all that others have sent", () => {
  let opened = 0;
  const sealedAfter: number[] = [];
  class CountedLink extends InsecureLink {
    override open(...args: Parameters<InsecureLink["open"]>): number {
      opened++;
      return super.open(...args);
    }

    override seal(...args: Parameters<InsecureLink["seal"]>): number {
      sealedAfter.push(opened);
      return super.seal(...args);
    }
  }
  let links = 0;
  const world = new ManagerWorld({
    // The server's is the first one.
    link: (options) =>
      links++ === 0 ? new CountedLink(options) : new InsecureLink(options),
  });
  const { end, peer } = world.connected();
  const stranger = world.network.socket("10.0.2.1");
  const to = stranger.address(SERVER_HOST, SERVER_PORT);
  end.manager.send(peer, bytesOf(1), ReliableOrdered);
  end.manager.flush();
  for (let i = 0; i < 1_000; i++) stranger.send(bytesOf(9, 9, 9), to);
  world.network.advance(10);
  opened = 0;
  sealedAfter.length = 0;
  const { manager } = world.server;
  manager.poll((from, bytes, channel) => manager.send(from, bytes, channel));
  assertEquals(opened, 1_001);
  assertEquals(sealedAfter, [64]);
  for (let i = 0; i < 1_000; i++) stranger.send(bytesOf(9, 9, 9), to);
  world.network.advance(10);
  opened = 0;
  manager.poll();
  assertEquals(opened, 1_000, "also where nobody takes messages");
});
