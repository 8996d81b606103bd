// What the user of a ConnectionManager sees of netcode, outcome by outcome, on a simulated network.
import { assert, assertEquals } from "@std/assert";
import { type Clock, SeededRandom } from "../../core/mod.ts";
import {
  Channel,
  CloseCode,
  ConnectionManager,
  ConnectionState,
  type DatagramSocket,
  type ManagerEvent,
  type NetworkConditions,
  type PeerId,
  SessionRecorder,
  SessionReplay,
} from "../mod.ts";
import { NetcodeClient } from "../netcode.ts";
import {
  NetcodeWorld,
  SERVER_HOST,
  SERVER_PORT,
  type ServerEnd,
} from "./_testing/netcode_world.ts";

const { ReliableOrdered } = Channel;
const SECOND_SERVER = "10.0.0.2:40000";

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

/** Takes out what happened, without what is told of it to people. */
function eventsOf(end: { readonly events: ManagerEvent[] }): unknown[] {
  return end.events.splice(0).map((event) =>
    "message" in event ? { ...event, message: "" } : event
  );
}

function failed(peer: PeerId, reason: string): unknown {
  return { type: "connectFailed", peer, reason, message: "" };
}

/** A client whose doings follow from its socket, its clock and its token. */
class Player {
  readonly log: string[] = [];
  readonly #manager: ConnectionManager;
  readonly #clock: Clock;
  #frames = 0;

  constructor(socket: DatagramSocket, clock: Clock, token: Uint8Array) {
    this.#clock = clock;
    this.#manager = new ConnectionManager({
      link: new NetcodeClient({ random: new SeededRandom(6) }),
      connection: { random: new SeededRandom(5) },
      clock,
    });
    this.#manager.bind(socket);
    this.#manager.connect(socket.address(SERVER_HOST, SERVER_PORT), token);
  }

  frame(): void {
    const [peer] = this.#manager.peers();
    if (++this.#frames % 5 === 0 && peer !== undefined) {
      this.#manager.send(peer, bytesOf(this.#frames), ReliableOrdered);
    }
    this.#manager.poll((_peer, bytes) => this.#note(`${bytes}`));
    for (const { type } of this.#manager.drainEvents()) this.#note(type);
  }

  #note(what: string): void {
    this.log.push(`${this.#clock.nowMs()} ${what}`);
  }
}

/** Sends a message each way, and sees both arrive. */
function talk(
  world: NetcodeWorld,
  { end, peer, atServer }: ReturnType<NetcodeWorld["connected"]>,
  server: ServerEnd = world.server,
): void {
  const before = [server.received.length, end.received.length];
  assert(end.manager.send(peer, bytesOf(1), ReliableOrdered));
  assert(server.manager.send(atServer, bytesOf(2), ReliableOrdered));
  world.run(100);
  assertEquals(
    [server.received.length, end.received.length],
    before.map((count) => count + 1),
  );
}

Deno.test("ConnectionManager connects by netcode in two round trips, to the millisecond", () => {
  for (const latencyMs of [0, 10, 75]) {
    const world = new NetcodeWorld({ conditions: { latencyMs } });
    const { end, peer } = world.connect();
    const times: Record<string, number> = {};
    while (world.nowMs < 1_000) {
      // Events are what time goes by: no poll is late, and none is early.
      const nextMs = Math.min(
        world.network.nextEventMs,
        world.server.manager.nextWakeMs,
        end.manager.nextWakeMs,
      );
      world.network.advanceTo(Math.max(nextMs, world.nowMs));
      world.server.poll();
      end.poll();
      if (world.server.manager.peerCount > 0) times.server ??= world.nowMs;
      if (end.manager.peerState(peer) === ConnectionState.Connected) {
        times.client ??= world.nowMs;
        break;
      }
    }
    // Request and challenge; response and keep-alive.
    assertEquals(times, { server: 3 * latencyMs, client: 4 * latencyMs });
  }
});

Deno.test("ConnectionManager tells who a netcode client is, and talks to it over IPv4 and IPv6", () => {
  for (
    const [server, client] of [
      ["10.0.0.7:40000", "10.0.1.9"],
      ["[2001:db8::7]:40000", "2001:db8::1:9"],
    ] as const
  ) {
    const world = new NetcodeWorld();
    const end = world.client(client);
    world.server = world.startServer(server);
    const clientId = 0xffff_ffff_ffff_fff1n;
    const userData = new Uint8Array(256).map((_, i) => i);
    const token = world.token({ clientId, userData, addresses: [server] });
    const { peer } = world.connect(token, end, server);
    world.run(50);
    const address = world.server.socket.address(
      client,
      end.socket.localAddress.port,
    );
    const [event, ...more] = world.server.events;
    assert(event?.type === "peerConnected");
    assertEquals(more, []);
    assertEquals(
      [event.clientId, event.userData, event.isClient, `${event.address}`],
      [clientId, userData, true, `${address}`],
    );
    assertEquals(
      end.events.map((event) => ({ ...event, address: undefined })),
      [{
        type: "peerConnected",
        peer,
        address: undefined,
        userData: new Uint8Array(0),
        isClient: false,
      }],
    );
    talk(world, { end, peer, atServer: event.peer });
    const { counters } = world.server.link;
    assertEquals([counters.accepted, counters.forged], [1, 0]);
  }
});

Deno.test("ConnectionManager keeps its promises on netcode over networks that do their worst", () => {
  const table: NetworkConditions[] = [
    { latencyMs: 20, loss: 0.3 },
    { latencyMs: 20, duplication: 0.5 },
    { latencyMs: 20, jitterMs: 40, reordering: 0.3, reorderingMs: 60 },
    { latencyMs: 20, corruption: 0.2, truncation: 0.1 },
    {
      latencyMs: 30,
      jitterMs: 30,
      loss: 0.15,
      duplication: 0.2,
      reordering: 0.2,
      corruption: 0.1,
      truncation: 0.05,
    },
  ];
  for (const [i, conditions] of table.entries()) {
    const about = JSON.stringify(conditions);
    const world = new NetcodeWorld({ conditions, seed: i + 1 });
    const { end, peer, atServer } = world.connected();
    const messages = 60;
    for (let i = 0; i < messages; i++) {
      const message = new Uint8Array(i % 20 === 19 ? 3_000 : 40).fill(i);
      assert(end.manager.send(peer, message, ReliableOrdered));
      assert(world.server.manager.send(atServer, message, ReliableOrdered));
      world.run(16);
    }
    for (let ms = 0; ms < 20_000; ms += 50) {
      if (
        world.server.received.length >= messages &&
        end.received.length >= messages
      ) break;
      world.run(50);
    }
    for (const { received } of [world.server, end]) {
      assertEquals(
        received.map(({ bytes }) => bytes[0]),
        Array.from({ length: messages }, (_, i) => i),
        about,
      );
    }
    assertEquals(
      [world.server.events.length, end.events.length],
      [1, 1],
      about,
    );
    const server = world.server.link.counters;
    const client = end.link.counters;
    const isDamaged = "corruption" in conditions;
    for (const { replayed, forged, malformed } of [server, client]) {
      assertEquals(forged + malformed > 0, isDamaged, about);
      // What is merely late is no replay, as 256 packets may overtake it; what is damaged may look like one.
      if (!isDamaged) assertEquals(replayed > 0, "duplication" in conditions);
    }
    // Nothing of it came as far as the connection.
    for (
      const stats of [
        end.manager.peerStats(peer),
        world.server.manager.peerStats(atServer),
      ]
    ) assertEquals([stats?.malformed, stats?.duplicates], [0, 0], about);
  }
});

Deno.test("ConnectionManager finds 1,225 bytes of datagram on netcode, and no more", () => {
  const world = new NetcodeWorld({
    conditions: { latencyMs: 10, mtuBytes: 1_225 },
  });
  const { end, peer, atServer } = world.connected();
  const message = new Uint8Array(60_000).fill(3);
  for (let i = 0; i < 5; i++) {
    assert(end.manager.send(peer, message, ReliableOrdered));
    world.run(300);
  }
  assertEquals(world.server.received.length, 5);
  assertEquals(end.manager.peerStats(peer)?.pathMtuBytes, 1_225);
  assertEquals(end.manager.peerStats(peer)?.packetsLost, 0);
  assertEquals(
    world.network.countersOf(end.socket, world.server.socket).tooLarge,
    0,
  );
  assertEquals(world.server.manager.peerStats(atServer)?.malformed, 0);
});

Deno.test("ConnectionManager.connect() has no answer by a token of another key or game", () => {
  for (
    const [options, counter] of [
      [{ privateKey: new Uint8Array(32).fill(8) }, "badToken"],
      [{ protocolId: 1n }, "wrongProtocol"],
      [{ internalAddresses: ["10.0.0.9:40000"] }, "otherServer"],
    ] as const
  ) {
    const world = new NetcodeWorld();
    const { end, peer } = world.connect(world.token(options));
    world.run(4_990, 10);
    assertEquals(end.events, []);
    world.run(20, 1);
    assertEquals(eventsOf(end), [failed(peer, "noAnswer")]);
    assertEquals(end.manager.peerState(peer), ConnectionState.TimedOut);
    assertEquals(end.manager.nextWakeMs, Infinity);
    const { counters } = world.server.link;
    assert(counters[counter] >= 45, `${counter} is ${counters[counter]}`);
    // Silent: nothing was sent to whoever may be there.
    assertEquals(world.server.socket.counters.sent, 0);
    assertEquals(world.server.events, []);
  }
});

Deno.test("ConnectionManager.connect() fails at once by what is no token", () => {
  const world = new NetcodeWorld();
  for (
    const token of [
      new Uint8Array(0),
      world.token().subarray(1),
      new Uint8Array(2_048),
    ]
  ) {
    const { end, peer } = world.connect(token);
    end.poll();
    assertEquals(eventsOf(end), [failed(peer, "invalidToken")]);
    assertEquals(end.manager.counters.connectFailedBy.invalidToken, 1);
    assertEquals(end.socket.counters.sent, 0);
  }
});

Deno.test("ConnectionManager.connect() tells of a token that expires", () => {
  // Expired when it is shown: the server says nothing, and the client cannot know until its time is over.
  const late = new NetcodeWorld();
  const old = late.token({ expireSeconds: 2 });
  late.run(3_000, 100);
  const { end, peer } = late.connect(old);
  late.run(1_990, 10);
  assertEquals(end.events, []);
  late.run(20);
  assertEquals(eventsOf(end), [failed(peer, "tokenExpired")]);
  assert(late.server.link.counters.expired >= 15);
  assertEquals(end.manager.peerState(peer), ConnectionState.Disconnected);

  // It expires while nobody answers, and the next server would be too late.
  const lost = new NetcodeWorld({ conditions: { isBlackout: true } });
  const token = lost.token({
    expireSeconds: 3,
    timeoutSeconds: 2,
    addresses: ["10.0.0.1:40000", SECOND_SERVER],
  });
  const { end: second, peer: secondPeer } = lost.connect(token);
  lost.run(2_990, 10);
  assertEquals(second.events, []);
  lost.run(20);
  assertEquals(eventsOf(second), [failed(secondPeer, "tokenExpired")]);

  // Connected, it does not matter any more.
  const world = new NetcodeWorld();
  const connected = world.connected(world.token({ expireSeconds: 1 }));
  world.run(5_000, 10);
  talk(world, connected);
});

Deno.test("ConnectionManager.connect() fails where the server is full, and succeeds when there is room", () => {
  const world = new NetcodeWorld({ server: { maxClients: 1 } });
  const first = world.connected();
  const token = world.token();
  const { end, peer } = world.connect(token);
  world.run(21);
  assertEquals(eventsOf(end), [failed(peer, "serverFull")]);
  assertEquals(end.manager.peerState(peer), ConnectionState.Disconnected);
  assertEquals(world.server.link.counters.full, 1);
  first.end.manager.disconnect(first.peer);
  world.run(500);
  // The same token is good for the same client.
  talk(world, world.connected(token, end));
});

Deno.test("ConnectionManager.connect() goes on to the next server of the list, where the first is full or is not there", () => {
  for (
    const [isThere, connectedMs] of [
      [true, 2 * 10 + 4 * 10],
      [false, 5_000 + 4 * 10],
    ] as const
  ) {
    const world = new NetcodeWorld({ server: { maxClients: 1 } });
    const second = world.startServer(SECOND_SERVER);
    world.connected();
    if (!isThere) world.killServer(world.server);
    const token = world.token({
      addresses: ["10.0.0.1:40000", SECOND_SERVER],
    });
    const startMs = world.nowMs;
    const { end, peer } = world.connect(token);
    while (end.events.length === 0 && world.nowMs < startMs + 20_000) {
      world.run(1);
    }
    const [event] = end.of("peerConnected");
    assertEquals(`${event?.address}`, SECOND_SERVER);
    const tookMs = world.nowMs - startMs;
    assert(
      tookMs >= connectedMs && tookMs <= connectedMs + 2,
      `${tookMs} ms`,
    );
    const atServer = second.of("peerConnected")[0]!.peer;
    talk(world, { end, peer, atServer }, second);
    assertEquals(`${end.manager.peerAddress(peer)}`, SECOND_SERVER);
    // The manager sends to where the link is, also in what it closes with.
    end.manager.disconnect(peer, "bye", 77);
    world.run(100);
    assertEquals(second.of("peerDisconnected").map(({ code }) => code), [77]);
  }
});

Deno.test("ConnectionManager.connect() passes servers over that its socket cannot reach", () => {
  const world = new NetcodeWorld();
  const token = world.token({
    addresses: ["10.0.0.9:40000", "[2001:db8::1]:40000", "10.0.0.1:40000"],
  });
  const { end, peer } = world.connect(token, undefined, "10.0.0.9:40000");
  world.run(16_000, 10);
  assertEquals(eventsOf(end).length, 1);
  assertEquals(end.manager.peerState(peer), ConnectionState.Connected);
});

Deno.test("ConnectionManager tells what netcode's ends end by: kick, disconnect, and silence", () => {
  for (const isServer of [true, false]) {
    for (const how of ["kick", "disconnect"] as const) {
      const world = new NetcodeWorld();
      const { end, peer, atServer } = world.connected();
      const [ender, other, id, otherId] = isServer
        ? [world.server, end, atServer, peer]
        : [end, world.server, peer, atServer];
      eventsOf(ender);
      eventsOf(other);
      assert(ender.manager.send(id, bytesOf(9), ReliableOrdered));
      if (how === "kick") ender.manager.kick(id, "cheater");
      else ender.manager.disconnect(id, "bye", 64);
      world.run(300);
      const reason = how === "kick" ? "kicked" : "closed";
      const code = how === "kick" ? CloseCode.Kicked : 64;
      const ended = { type: "peerDisconnected", reason, code, message: "" };
      assertEquals(eventsOf(ender), [{ ...ended, peer: id, isRemote: false }]);
      assertEquals(eventsOf(other), [{
        ...ended,
        peer: otherId,
        isRemote: true,
      }]);
      // What was sent before is still delivered, unless somebody is thrown out.
      assertEquals(other.received.length, how === "kick" ? 0 : 1);
      assertEquals(world.server.link.clientCount, 0);
      assertEquals(world.server.manager.peerAddress(atServer), undefined);
      assertEquals(end.manager.nextWakeMs, Infinity);
      talk(world, world.connected(undefined, end));
    }
  }
});

Deno.test("ConnectionManager times a netcode peer out after its token's time, or its own if that is less", () => {
  for (
    const [timeoutSeconds, afterMs] of [
      [3, 3_000],
      [60, 10_000],
      [-1, 10_000],
    ] as const
  ) {
    for (const vanishes of ["client", "server"] as const) {
      const world = new NetcodeWorld();
      const { end, peer, atServer } = world.connected(
        world.token({ timeoutSeconds }),
      );
      world.run(1_000);
      assertEquals([world.server.events.length, end.events.length], [1, 1]);
      eventsOf(world.server);
      eventsOf(end);
      const left = vanishes === "client" ? world.server : end;
      const id = vanishes === "client" ? atServer : peer;
      if (vanishes === "client") {
        world.clients.length = 0;
        end.socket.close();
      } else world.killServer(world.server);
      const startMs = world.nowMs;
      while (left.events.length === 0 && world.nowMs < startMs + 30_000) {
        world.run(10, 10);
      }
      const tookMs = world.nowMs - startMs;
      const about = `${vanishes}, ${timeoutSeconds} s: ${tookMs} ms`;
      assertEquals(eventsOf(left), [{ type: "peerTimedOut", peer: id }], about);
      assert(tookMs > afterMs - 1_000 && tookMs <= afterMs + 50, about);
      assertEquals(left.manager.peerState(id), ConnectionState.TimedOut);
      assertEquals(left.manager.counters.timedOut, 1);
      assertEquals(left.manager.counters.disconnected, 0);
      world.run(500);
      assertEquals([left.events, left.manager.peerCount], [[], 0]);
      if (vanishes === "client") {
        assertEquals(world.server.link.clientCount, 0);
        talk(world, world.connected());
      }
    }
  }
});

Deno.test("ConnectionManager lets a netcode client whose NAT has forgotten it come back by a new token", () => {
  const world = new NetcodeWorld();
  const clientId = 77n;
  const token = world.token({ clientId });
  const { end, peer, atServer } = world.connected(token);
  eventsOf(world.server);
  eventsOf(end);
  world.network.rebind(end.socket);
  assert(end.manager.send(peer, bytesOf(1), ReliableOrdered));
  world.run(4_000, 5);
  // The server takes nothing from there, and the client hears nothing.
  assertEquals([world.server.events, end.events], [[], []]);
  assert(world.server.link.counters.unknownAddress > 10);
  // Who comes by another token meanwhile is the client that is still there, and waits.
  world.connect(world.token({ clientId }), end);
  world.run(2_000, 5);
  assertEquals(
    world.server.events.map(({ type, peer }) => [type, peer === atServer]),
    [["peerTimedOut", true], ["peerConnected", false]],
  );
  assertEquals(
    end.events.map((event) => [event.type, event.peer === peer]).sort(),
    [["peerConnected", false], ["peerTimedOut", true]],
  );
  assert(world.server.link.counters.clientConnected > 5);
  assertEquals(world.server.manager.peerCount, 1);
  // The first token is one of another address for good.
  const { end: again, peer: againPeer } = world.connect(token);
  world.run(5_100, 10);
  assertEquals(eventsOf(again), [failed(againPeer, "noAnswer")]);
});

Deno.test("ConnectionManager takes a token from one address alone", () => {
  const world = new NetcodeWorld();
  const token = world.token();
  const first = world.connected(token);
  // Somebody else has got hold of it.
  const thief = world.connect(token);
  world.run(5_100, 10);
  assertEquals(eventsOf(thief.end), [failed(thief.peer, "noAnswer")]);
  talk(world, first);
  first.end.manager.disconnect(first.peer);
  world.run(500);
  const again = world.connect(token, thief.end);
  world.run(5_100, 10);
  assertEquals(eventsOf(thief.end), [failed(again.peer, "noAnswer")]);
  const { tokenUsed, addressConnected, clientConnected, accepted } =
    world.server.link.counters;
  assert(tokenUsed + clientConnected >= 90, `${tokenUsed} ${clientConnected}`);
  assertEquals([addressConnected, accepted], [0, 1]);
  // From its own address it is good until it expires.
  talk(world, world.connected(token, first.end));
});

Deno.test("ConnectionManager is not deceived by netcode packets that come again", () => {
  const world = new NetcodeWorld();
  world.killServer(world.server);
  let inner: DatagramSocket | undefined;
  let recorder: SessionRecorder | undefined;
  const server = world.startServer(undefined, {}, (socket) => {
    inner = socket;
    recorder = new SessionRecorder(socket, { clock: world.clock });
    return recorder.socket;
  });
  const { end, peer, atServer } = world.connected();
  for (let i = 0; i < 50; i++) {
    assert(end.manager.send(peer, bytesOf(i), ReliableOrdered));
    world.run(20);
  }
  const gone = world.connected();
  gone.end.manager.disconnect(gone.peer);
  world.run(500);
  const capture = recorder!.takeBytes();
  eventsOf(server);
  eventsOf(end);
  assertEquals(server.received.length, 50);

  // All of it, from where it came: handshakes, payloads, one client's end.
  const { accepted, replayed } = server.link.counters;
  const replay = new SessionReplay(capture);
  let count = 0;
  for (let step = replay.next(); step !== undefined; step = replay.next()) {
    if (step.type !== "poll") continue;
    replay.socket.poll((datagram, { host, port }) => {
      count++;
      world.network.inject(datagram, inner!.address(host, port));
    });
    world.run(1);
  }
  world.run(500);
  assert(count > 80, `${count}`);
  assertEquals(server.received.length, 50);
  assertEquals([eventsOf(server), eventsOf(end)], [[], []]);
  assertEquals(server.link.counters.accepted, accepted);
  assert(server.link.counters.replayed > replayed + 50);
  assertEquals(server.manager.peers(), [atServer]);
  talk(world, { end, peer, atServer }, server);
});

Deno.test("ConnectionManager does the same again with a capture of a netcode client's socket, bit for bit", () => {
  const world = new NetcodeWorld({
    conditions: { latencyMs: 20, jitterMs: 15, loss: 0.1, duplication: 0.1 },
  });
  const token = world.token();
  const recorder = new SessionRecorder(world.network.socket("10.0.1.1"), {
    clock: world.clock,
  });
  const client = new Player(recorder.socket, recorder.clock, token);
  for (let i = 0; i < 1_000; i++) {
    world.network.advance(2);
    world.server.poll();
    for (const { peer, bytes } of world.server.received.splice(0)) {
      world.server.manager.send(peer, new Uint8Array(bytes), ReliableOrdered);
    }
    client.frame();
  }
  assert(client.log.length > 150, `${client.log.length}`);
  const replay = new SessionReplay(recorder.takeBytes());
  const again = new Player(replay.socket, replay.clock, token);
  while (replay.next() !== undefined) again.frame();
  assertEquals(replay.difference, undefined);
  assertEquals(again.log, client.log);
});

Deno.test("ConnectionManager finds out that a netcode server was started anew, and comes back", () => {
  const world = new NetcodeWorld();
  const { end, peer } = world.connected();
  world.run(500);
  eventsOf(end);
  world.killServer(world.server);
  const server = world.startServer();
  world.run(4_000, 5);
  // It answers nothing that it has no key for.
  assertEquals([server.events, end.events], [[], []]);
  assertEquals(server.socket.counters.sent, 0);
  assert(server.link.counters.unknownAddress > 10);
  world.run(1_200, 5);
  assertEquals(eventsOf(end), [{ type: "peerTimedOut", peer }]);
  talk(world, world.connected(undefined, end));
  // Another client comes by an old token: the new server has not seen it, and it has not expired.
  const old = world.token();
  const other = world.connected(old);
  world.killServer(world.server);
  world.startServer();
  world.run(6_000, 5);
  eventsOf(other.end);
  talk(world, world.connected(old, other.end));
});

Deno.test("ConnectionManager.close() on netcode delivers what was sent, lets nobody in, and tells all", () => {
  const world = new NetcodeWorld();
  const clients = [world.connected(), world.connected()];
  const { server } = world;
  // It takes long to tell this one.
  world.network.setConditions(
    { isBlackout: true },
    server.socket,
    clients[1]!.end.socket,
  );
  for (const { atServer, end } of clients) {
    assert(server.manager.send(atServer, bytesOf(5), ReliableOrdered));
    eventsOf(end);
  }
  eventsOf(server);
  server.manager.close("maintenance");
  const late = world.connect();
  world.run(1_000);
  assertEquals(eventsOf(late.end), [failed(late.peer, "serverFull")]);
  assertEquals(clients[0]!.end.received.length, 1);
  assertEquals(clients[0]!.end.events, [{
    type: "peerDisconnected",
    peer: clients[0]!.peer,
    reason: "shutdown",
    code: CloseCode.Shutdown,
    message: "maintenance",
    isRemote: true,
  }]);
  assertEquals(server.manager.isClosed, false);
  world.run(11_000, 10);
  assert(server.manager.isClosed);
  assert(server.socket.isClosed);
  assertEquals(eventsOf(clients[1]!.end), [
    { type: "peerTimedOut", peer: clients[1]!.peer },
  ]);
});

Deno.test("ConnectionManager disposed of tells its netcode peers in ten datagrams", () => {
  for (const isServer of [true, false]) {
    const world = new NetcodeWorld();
    const { end, peer, atServer } = world.connected();
    eventsOf(world.server);
    eventsOf(end);
    const [ender, other, id] = isServer
      ? [world.server, end, peer]
      : [end, world.server, atServer];
    const before = ender.socket.counters.sent;
    ender.manager[Symbol.dispose]();
    assertEquals(ender.socket.counters.sent, before + 10);
    world.run(50);
    assertEquals(eventsOf(other), [{
      type: "peerDisconnected",
      peer: id,
      reason: "closed",
      code: 0,
      message: "",
      isRemote: true,
    }]);
  }
});
