import { assert, assertEquals, assertThrows } from "@std/assert";
import { MTU } from "../constants.ts";
import { LinkEnd } from "../link/_testing/link_end.ts";
import type { PeerId } from "../link/peer_id.ts";
import { ClientWorld } from "./_testing/client_world.ts";
import {
  KEEP_ALIVE,
  openPacket,
  sealPacket,
  testToken,
} from "./_testing/plain_server.ts";
import { NetcodeClient } from "./netcode_client.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

const { SendingConnectionRequest, SendingConnectionResponse, Connected } =
  NetcodeClientState;
/** The events of a third as many would fill the queue; the slice is beyond the 256 states that are kept. */
const INVALID_TOKENS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 400_000 : 2_000;
const NEVER = 0xffff_ffff_ffff_ffffn - 1_000n;

Deno.test("NetcodeClient connects in two round trips, and carries payloads both ways", () => {
  const world = new ClientWorld();
  const { client, end, server } = world;
  const peer = world.connect();
  assertEquals(client.stateOf(peer), SendingConnectionRequest);
  assertEquals(client.clientIndexOf(peer), undefined);
  assertEquals(client.maxClientsOf(peer), undefined);
  world.pass(20);
  assertEquals(client.stateOf(peer), SendingConnectionResponse);
  assertEquals(end.send(new Uint8Array(1), peer), false);
  world.pass(20);
  assertEquals(client.stateOf(peer), Connected);
  const [event, ...more] = end.events;
  assert(event?.type === "peerConnected");
  assertEquals([event.peer, event.address.port], [peer, 9_000]);
  assertEquals(more, []);
  assertEquals(client.clientIndexOf(peer), 3);
  assertEquals(client.maxClientsOf(peer), 64);

  assert(end.send(new Uint8Array([1, 2, 3]), peer));
  server.send(world.key, 5, new Uint8Array([4, 5]));
  world.pass(20);
  assertEquals(server.heard.map(({ type }) => type), [0, 3, 5]);
  assertEquals(server.heard.at(-1)!.body, new Uint8Array([1, 2, 3]));
  assertEquals(end.payloads, [{ peer, bytes: new Uint8Array([4, 5]) }]);
  assertEquals(client.counters.connected, 1);
});

Deno.test("NetcodeClient sends what the standard's text has, byte by byte", () => {
  const world = new ClientWorld();
  const token = world.token();
  const sent: Uint8Array[] = [];
  world.network.fate = (datagram, from) => {
    if (from === world.key) sent.push(datagram.slice());
    return "deliver";
  };
  const peer = world.connect(token);
  world.pass(40);
  world.end.send(new Uint8Array([9]), peer);
  world.pass(150);
  world.client.disconnect(peer);
  const { bytes, clientToServerKey: key } = token;
  assertEquals(
    sent[0],
    new Uint8Array([
      0,
      ...bytes.subarray(0, 21),
      ...bytes.subarray(29, 61),
      ...bytes.subarray(61, 61 + 1_024),
    ]),
  );
  const challenge = Uint8Array.from({ length: 308 }, (_, i) => i * 7);
  const expected: [type: number, body: Uint8Array][] = [
    [3, challenge],
    [5, new Uint8Array([9])],
    [4, new Uint8Array(8)],
    ...Array<[number, Uint8Array]>(10).fill([6, new Uint8Array(0)]),
  ];
  const { sequence } = openPacket(token, key, sent[1]!)!;
  assertEquals(
    sent.slice(1),
    expected.map(([type, body], i) =>
      sealPacket(token, key, type, sequence + BigInt(i), body)
    ),
  );
});

Deno.test("NetcodeClient repeats requests and responses ten times a second", () => {
  for (
    const [state, type] of [
      [SendingConnectionRequest, 0],
      [SendingConnectionResponse, 3],
    ] as const
  ) {
    const world = new ClientWorld(1, 0);
    const peer = world.enter(state);
    const { heard } = world.server;
    world.pass(950);
    const times = heard.filter((packet) => packet.type === type)
      .map(({ atMs }) => atMs - heard[0]!.atMs);
    const firstMs = times[0]!;
    assert(firstMs <= 10, `${firstMs}`);
    assertEquals(
      times,
      times.map((_, i) => firstMs + 100 * i),
      "every 100 ms from the first",
    );
    assert(times.length >= 9 && times.length <= 10, `${times.length}`);
    assertEquals(world.client.stateOf(peer), state);
  }
});

Deno.test("NetcodeClient keeps alive after 100 ms without sending", () => {
  const world = new ClientWorld(1, 0);
  const { server, end } = world;
  const peer = world.enter(Connected);
  server.heard.length = 0;
  world.pass(1_000);
  const keepAlives = server.heard;
  assert(keepAlives.length >= 9 && keepAlives.length <= 10);
  for (const { type, body } of keepAlives) {
    assertEquals([type, body], [4, new Uint8Array(8)]);
  }
  server.heard.length = 0;
  for (let i = 0; i < 20; i++) {
    assert(end.send(new Uint8Array([i]), peer));
    world.pass(50);
  }
  assertEquals(server.heard.map(({ type }) => type), Array(20).fill(5));
});

Deno.test("NetcodeClient confirms at once that it is connected, by a payload or a keep-alive", () => {
  for (const isSending of [false, true]) {
    const world = new ClientWorld();
    const peer = world.connect();
    world.pass(40);
    assertEquals(world.client.stateOf(peer), Connected);
    assertEquals(world.client.nextTickMs, 0);
    if (isSending) world.end.send(new Uint8Array(1), peer);
    world.pass(20);
    assertEquals(
      world.server.heard.map(({ type }) => type),
      [0, 3, isSending ? 5 : 4],
    );
  }
});

Deno.test("NetcodeClient ends invalidToken by an event, whatever it is given", () => {
  const { client, end, network } = new ClientWorld();
  const good = testToken(new ClientWorld().random).bytes;
  const to = end.socket.address("127.0.0.1", 9_000);
  const bad = [
    new Uint8Array(0),
    new Uint8Array(2_048),
    good.subarray(1),
    new Uint8Array([...good, 0]),
    Uint8Array.from(good, (byte, i) => i === 11 ? 51 : byte),
    // As many addresses as there are not, and an unknown type of one.
    Uint8Array.from(good, (byte, i) => i === 1_089 ? 0 : byte),
    Uint8Array.from(good, (byte, i) => i === 1_089 ? 33 : byte),
    Uint8Array.from(good, (byte, i) => i === 1_093 ? 3 : byte),
    // Made after it expires.
    Uint8Array.from(good, (byte, i) => i === 26 ? 1 : byte),
  ];
  for (const [i, token] of bad.entries()) {
    const peer = client.connect(to, token);
    assertEquals(client.stateOf(peer), NetcodeClientState.InvalidConnectToken);
    assertEquals(client.addressOf(peer), undefined);
    end.pump(0);
    const event = end.events[i];
    assert(event?.type === "peerEnded", `token ${i}`);
    assertEquals([event.peer, event.reason], [peer, "invalidToken"]);
  }
  assertEquals(end.events.length, bad.length);
  assertEquals([client.nextTickMs, network.sent], [Infinity, 0]);
  assertEquals(end.socket.retained, 0);
});

Deno.test("NetcodeClient takes invalid tokens as long as events are drained", () => {
  const { client, end } = new ClientWorld();
  const to = end.socket.address("127.0.0.1", 9_000);
  const peers = new Set<PeerId>();
  for (let i = 0; i < INVALID_TOKENS; i++) {
    peers.add(client.connect(to, new Uint8Array(1)));
    for (const _ of client.drainEvents());
  }
  assertEquals(peers.size, INVALID_TOKENS);
  const [first] = peers;
  assertEquals(client.stateOf(first!), NetcodeClientState.Disconnected);
  assertThrows(
    () => {
      for (;;) client.connect(to, new Uint8Array(1));
    },
    RangeError,
    "events be drained",
  );
  for (const _ of client.drainEvents());
  client.connect(to, new Uint8Array(1));
});

Deno.test("NetcodeClient tries the servers of its token in order", () => {
  const world = new ClientWorld(3);
  const addresses = world.servers.map(({ socket }) => socket.key);
  const [first, second, third] = world.servers;
  first!.onRequest = "deny";
  second!.onResponse = "deny";
  const peer = world.connect(world.token({ addresses }));
  world.pass(20);
  assertEquals(world.client.addressOf(peer)?.port, 9_001);
  assertEquals(world.client.stateOf(peer), SendingConnectionRequest);
  world.pass(80);
  const [event, ...more] = world.end.events;
  assert(event?.type === "peerConnected");
  assertEquals([event.peer, event.address.port], [peer, 9_002]);
  assertEquals(more, []);
  // On denied it goes on at once.
  assertEquals(
    [first, second, third].map((server) => server!.heard[0]!.atMs),
    [10, 30, 70],
  );
  assertEquals(world.end.socket.retained, 1);
  assertEquals(world.client.counters.denied, 2);
  assertEquals(world.client.counters.nextServers, 2);
  // What the others send now is a stranger's.
  first!.send(world.key, 1);
  world.pass(20);
  assertEquals(world.client.counters.strangers, 1);
});

Deno.test("NetcodeClient begins where it is told, and goes on from there", () => {
  const world = new ClientWorld(4);
  for (const server of world.servers) server.onRequest = "deny";
  const addresses = [9_000, 9_001, 9_002].map((port) => `127.0.0.1:${port}`);
  const token = world.token({ addresses });
  const tried = (port: number) => {
    for (const { heard } of world.servers) heard.length = 0;
    world.connect(token, port);
    world.pass(200);
    assertEquals(world.end.of("peerEnded").pop()?.reason, "serverFull");
    return world.servers.flatMap(({ heard, socket }) =>
      heard.map(({ atMs }) => ({ atMs, port: socket.port }))
    ).sort((a, b) => a.atMs - b.atMs).map(({ port }) => port);
  };
  assertEquals(tried(9_000), [9_000, 9_001, 9_002]);
  assertEquals(tried(9_001), [9_001, 9_002]);
  assertEquals(tried(9_002), [9_002]);
  // One that is not listed, as behind a relay, stands for the first.
  assertEquals(tried(9_003), [9_003, 9_001, 9_002]);
});

Deno.test("NetcodeClient passes over a server of another family than its socket's", () => {
  const world = new ClientWorld(2);
  const { socket } = world.end;
  const address = socket.address.bind(socket);
  socket.address = (host, port) => {
    if (host.includes(":")) throw new TypeError("Cannot give an address");
    if (port === 0) throw new RangeError("Cannot give an address");
    return address(host, port);
  };
  world.server.onRequest = "deny";
  const addresses = [
    "127.0.0.1:9000",
    "[2001:db8::7]:9000",
    "127.0.0.1:0",
    "127.0.0.1:9001",
    "[2001:db8::8]:9000",
  ];
  const token = world.token({ addresses });
  world.connect(token);
  world.pass(100);
  assertEquals(world.end.of("peerConnected")[0]?.address.port, 9_001);
  assertEquals(world.client.counters.passedOver, 2);
  world.servers[1]!.forget(world.key);
  world.servers[1]!.onRequest = "deny";
  world.connect(token);
  world.pass(100);
  assertEquals(world.end.of("peerEnded")[0]?.reason, "serverFull");
  assertEquals(world.client.counters.passedOver, 5);
});

Deno.test("NetcodeClient reaches a server by IPv6", () => {
  const world = new ClientWorld(1);
  world.server.onRequest = "deny";
  const { network } = world;
  let asked = "";
  network.fate = (_datagram, from, to) => {
    if (from === world.key) asked = to;
    return "deliver";
  };
  world.connect(
    world.token({ addresses: ["127.0.0.1:9000", "[2001:db8::7]:9"] }),
  );
  world.pass(50);
  assertEquals(asked, "2001:db8::7:9");
});

Deno.test("NetcodeClient gives each server its own timeout, and all of them one token", () => {
  const world = new ClientWorld(3);
  const addresses = world.servers.map(({ socket }) => socket.key);
  for (const server of world.servers) server.onRequest = "ignore";
  const ended = (lifeSeconds: bigint) => {
    const peer = world.connect(
      world.token({ addresses, timeoutSeconds: 2, lifeSeconds }),
    );
    const fromMs = world.network.nowMs;
    const at: number[] = [];
    while (world.end.of("peerEnded").at(-1)?.peer !== peer) {
      const port = world.client.addressOf(peer)!.port;
      at[port - 9_000] ??= world.network.nowMs - fromMs;
      world.pass(5);
    }
    const { reason } = world.end.of("peerEnded").at(-1)!;
    return [...at, world.network.nowMs - fromMs, reason];
  };
  assertEquals(ended(30n), [0, 2_000, 4_000, 6_000, "noAnswer"]);
  assertEquals(ended(5n), [0, 2_000, 4_000, 5_000, "tokenExpired"]);
  assertEquals(ended(1n), [0, 1_000, "tokenExpired"]);
  assertEquals(ended(0n), [0, 5, "tokenExpired"]);
  assertEquals(world.client.counters.unanswered, 5);
});

Deno.test("NetcodeClient never times out where its token says so", () => {
  for (const timeoutSeconds of [-1, 0, -(2 ** 31)]) {
    const world = new ClientWorld();
    const options = { timeoutSeconds, lifeSeconds: NEVER };
    const peer = world.enter(SendingConnectionRequest, world.token(options));
    world.pass(20_000, 100);
    assertEquals(world.client.stateOf(peer), SendingConnectionRequest);
    world.server.onRequest = "challenge";
    world.server.onResponse = "ignore";
    world.pass(20_000, 100);
    assertEquals(world.client.stateOf(peer), SendingConnectionResponse);
    world.server.onResponse = "accept";
    world.server.keepsAlive = false;
    world.pass(20_000, 100);
    assertEquals(world.client.stateOf(peer), Connected);
    assertEquals(world.end.events.length, 1);
  }
});

Deno.test("NetcodeClient takes no stall of its own for silence of the server", () => {
  const world = new ClientWorld();
  const peer = world.enter(Connected);
  world.network.advance(7_000);
  world.server.send(world.key, 4, KEEP_ALIVE);
  world.network.advance(10);
  world.end.pump(7_010);
  assertEquals(world.client.stateOf(peer), Connected);
  // Nothing has come in after this one: the next tick ends it.
  world.end.pump(7_000);
  assertEquals(world.client.stateOf(peer), Connected);
  assertEquals(world.client.nextTickMs, 0);
  world.end.pump(0);
  assertEquals(
    world.client.stateOf(peer),
    NetcodeClientState.ConnectionTimedOut,
  );
});

Deno.test("NetcodeClient gives a silent server up however long its ticks are", () => {
  for (const ms of [50, 300, 1_000, 2_500]) {
    for (const state of [Connected, SendingConnectionRequest]) {
      const world = new ClientWorld();
      const peer = world.enter(state);
      world.server.keepsAlive = false;
      // At the latest with the second tick after the timeout of 5 s.
      for (let passed = 0; passed < 5_000 + 2 * ms; passed += ms) {
        world.network.advance(ms);
        world.end.pump(ms);
      }
      assertEquals(
        world.client.stateOf(peer),
        state === Connected
          ? NetcodeClientState.ConnectionTimedOut
          : NetcodeClientState.ConnectionRequestTimedOut,
      );
    }
  }
});

Deno.test("NetcodeClient is due when it says, and never when it is idle", () => {
  const world = new ClientWorld(1, 0);
  const { client, end, network } = world;
  assertEquals(client.nextTickMs, Infinity);
  world.server.onRequest = "ignore";
  const peer = world.connect(world.token({ timeoutSeconds: 1 }));
  const ticks: number[] = [];
  while (client.stateOf(peer) > 0) {
    const { nextTickMs } = client;
    ticks.push(nextTickMs);
    const { sent } = network;
    if (nextTickMs > 1) {
      end.pump(nextTickMs - 1);
      assertEquals(network.sent, sent, "sent too early");
      end.pump(1);
    } else end.pump(nextTickMs);
    assert(ticks.length < 20);
  }
  assertEquals(ticks, Array(10).fill(100));
  assertEquals(client.nextTickMs, Infinity);

  world.server.onRequest = "challenge";
  const second = world.connect();
  world.pass(20);
  assertEquals(client.stateOf(second), Connected);
  world.pass(5);
  end.send(new Uint8Array(1), second);
  assertEquals(client.nextTickMs, 100, "put off by what was sent");
  client.disconnect(second);
  assertEquals(client.nextTickMs, Infinity);
});

Deno.test("NetcodeClient is due with the first of several sessions", () => {
  const world = new ClientWorld(2, 0);
  const { client, end } = world;
  const first = world.enter(Connected);
  end.send(new Uint8Array(1), first);
  end.pump(30);
  const second = world.connect(world.token(), 9_001);
  world.pass(10);
  end.send(new Uint8Array(1), second);
  assertEquals(client.nextTickMs, 60);
  end.send(new Uint8Array(1), first);
  assertEquals(client.nextTickMs, 100);
  end.pump(10);
  client.disconnect(first);
  assertEquals(client.nextTickMs, 90);
  client.disconnect(second);
  assertEquals(client.nextTickMs, Infinity);
});

Deno.test("NetcodeClient.disconnect() tells a server that may have let it in, ten times", () => {
  for (
    const [state, copies] of [
      [SendingConnectionRequest, 0],
      [SendingConnectionResponse, 10],
      [Connected, 10],
    ] as const
  ) {
    const world = new ClientWorld();
    const peer = world.enter(state);
    world.pass(100);
    world.server.heard.length = 0;
    world.client.disconnect(peer);
    world.client.disconnect(peer);
    assertEquals(world.client.nextTickMs, Infinity);
    world.pass(1_000);
    const heard = world.server.heard.filter(({ type }) => type === 6);
    assertEquals(heard.length, copies);
    assertEquals(world.server.isConnected(world.key), false);
    assertEquals(world.end.of("peerEnded"), []);
    assertEquals(world.client.stateOf(peer), NetcodeClientState.Disconnected);
    assertEquals(world.end.socket.retained, 0);
  }
});

Deno.test("NetcodeClient drops a packet that comes again", () => {
  const world = new ClientWorld();
  const { end, server, client } = world;
  world.enter(Connected);
  const payloads = Array.from(
    { length: 300 },
    (_, i) => server.packet(world.key, 5, new Uint8Array([i])),
  );
  const from = end.socket.address("127.0.0.1", 9_000);
  for (const payload of [...payloads, ...payloads]) end.take(payload, from);
  assertEquals(end.payloads.length, 300);
  assertEquals(client.counters.replayed, 300);
  const late = server.packet(world.key, 5, new Uint8Array(1));
  for (let i = 0; i < 256; i++) {
    end.take(server.packet(world.key, 5, new Uint8Array(1)), from);
  }
  end.take(late, from);
  assertEquals(client.counters.replayed, 301, "too old to tell");
});

Deno.test("NetcodeClient connects through a network that loses and doubles", () => {
  for (let seed = 0; seed < 40; seed++) {
    const world = new ClientWorld();
    const random = new ClientWorld().random;
    for (let i = 0; i < seed; i++) random.nextU32();
    world.network.fate = () => {
      const drawn = random.nextFloat();
      return drawn < 0.4 ? "drop" : drawn < 0.7 ? "double" : "deliver";
    };
    const peer = world.connect();
    for (let i = 0; i < 1_000 && world.end.events.length === 0; i++) {
      world.pass(5);
    }
    const about = `seed ${seed}`;
    assertEquals(world.client.stateOf(peer), Connected, about);
    world.network.fate = () => "double";
    world.pass(500);
    assertEquals(world.end.events.length, 1, about);
    assert(world.end.send(new Uint8Array([7]), peer));
    world.server.send(world.key, 5, new Uint8Array([8]));
    world.pass(30);
    assertEquals(world.end.payloads.length, 1, about);
  }
});

Deno.test("NetcodeClient tells sessions at one address apart by their keys", () => {
  const world = new ClientWorld();
  const { client, end, server } = world;
  const tokens = [world.token(), world.token(), world.token()];
  const peers = tokens.map((token) => world.connect(token));
  const from = end.socket.address("127.0.0.1", 9_000);
  const send = (i: number, type: number, sequence: bigint, body: Uint8Array) =>
    end.take(
      sealPacket(
        tokens[i]!,
        tokens[i]!.serverToClientKey,
        type,
        sequence,
        body,
      ),
      from,
    );
  for (const i of [2, 0, 1]) {
    send(i, 2, 1n << 63n, new Uint8Array(308));
    send(i, 4, 0n, new Uint8Array(8));
  }
  end.pump(0);
  assertEquals(
    end.of("peerConnected").map(({ peer }) => peer),
    [peers[2], peers[0], peers[1]],
  );
  for (let sequence = 1n; sequence < 20n; sequence++) {
    for (const i of [1, 2, 0]) {
      send(i, 5, sequence, new Uint8Array([i]));
      assertEquals(end.payloads.pop(), {
        peer: peers[i]!,
        bytes: new Uint8Array([i]),
      });
    }
  }
  send(1, 6, 20n, new Uint8Array(0));
  end.pump(0);
  assertEquals(end.of("peerEnded").map(({ peer }) => peer), [peers[1]]);
  send(1, 5, 21n, new Uint8Array(1));
  assertEquals(client.counters.forged, 1);
  assertEquals(end.socket.retained, 1);
  assertEquals(server.unread, 0);
});

Deno.test("NetcodeClient has at most 8 sessions at an address", () => {
  const world = new ClientWorld(2);
  world.servers[1]!.onRequest = "deny";
  const addresses = ["127.0.0.1:9001", "127.0.0.1:9000"];
  for (let i = 0; i < 8; i++) world.connect();
  assertThrows(
    () => world.connect(),
    RangeError,
    "Cannot connect as sessions at an address must be <= 8",
  );
  // One that would come there by its token passes it over.
  const peer = world.connect(world.token({ addresses }), 9_001);
  world.pass(50);
  assertEquals(world.end.of("peerEnded").map(({ peer }) => peer), [peer]);
  assertEquals(world.client.counters.passedOver, 1);
});

Deno.test("NetcodeClient takes nothing from strangers, and does not even look", () => {
  const world = new ClientWorld(2);
  const { end, client, server } = world;
  const peer = world.enter(Connected);
  const from = end.socket.address("127.0.0.1", 9_001);
  end.take(server.packet(world.key, 5, new Uint8Array(1)), from);
  end.take(server.packet(world.key, 6), from);
  end.take(new Uint8Array(0), from);
  assertEquals(client.stateOf(peer), Connected);
  assertEquals([end.payloads, client.counters.strangers], [[], 3]);
});

Deno.test("NetcodeClient drops packets whose body has another length than their type's", () => {
  for (
    const [state, type, lengths] of [
      [SendingConnectionRequest, 1, [1, 8]],
      [SendingConnectionRequest, 2, [0, 300, 307, 309]],
      [SendingConnectionResponse, 4, [0, 7, 9]],
      [Connected, 5, [0, 1_201, 1_400]],
      [Connected, 6, [1]],
    ] as const
  ) {
    const world = new ClientWorld();
    const peer = world.enter(state);
    const from = world.end.socket.address("127.0.0.1", 9_000);
    for (const length of lengths) {
      const packet = world.server.packet(
        world.key,
        type,
        new Uint8Array(length),
      );
      world.end.take(packet, from);
    }
    assertEquals(world.client.stateOf(peer), state);
    assertEquals(world.end.payloads, []);
    assertEquals(world.client.counters.malformed, lengths.length);
  }
});

Deno.test("NetcodeClient.seal() refuses what no other implementation takes", () => {
  const world = new ClientWorld();
  const peer = world.enter(Connected);
  const out = new Uint8Array(MTU);
  for (const length of [0, 1_201]) {
    assertThrows(
      () => world.client.seal(new Uint8Array(length), peer, out),
      RangeError,
      `length must be 1 to 1200: current value is ${length}`,
    );
  }
  assert(world.client.seal(new Uint8Array(1_200), peer, out) > 1_200);
});

Deno.test("NetcodeClient.tick() refuses a time that is none", () => {
  const client = new NetcodeClient();
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => client.tick(dt), RangeError, `${dt}`);
  }
});

Deno.test("NetcodeClient.connect() tells by an event that a login server's answer had no token", () => {
  const world = new ClientWorld();
  for (const answer of [undefined, null, {}, "Bad gateway"]) {
    const to = world.end.socket.address("127.0.0.1", 9_000);
    const peer = world.client.connect(to, answer as unknown as Uint8Array);
    const [event] = world.client.drainEvents();
    assert(event?.type === "peerEnded");
    assertEquals([event.peer, event.reason], [peer, "invalidToken"]);
  }
});

Deno.test("NetcodeClient.disconnect() ends a session once, whatever sends does meanwhile", () => {
  for (const fails of [false, true]) {
    const world = new ClientWorld();
    const { client } = world;
    const peer = world.enter(Connected);
    let sent = 0;
    client.bind(() => {
      sent++;
      client.disconnect(peer);
      if (fails) throw new Error("The socket is closed");
    });
    if (fails) assertThrows(() => client.disconnect(peer), Error, "socket");
    else client.disconnect(peer);
    assertEquals(sent, fails ? 1 : 10);
    client.disconnect(peer);
    assertEquals(client.nextTickMs, Infinity);
    assertEquals(world.end.socket.retained, 0);
  }
});

Deno.test("NetcodeClient leaves alone who is not there", () => {
  const world = new ClientWorld();
  const { client } = world;
  const peer = world.enter(Connected);
  const nobody = (peer ^ 0x1_0000) as PeerId;
  client.disconnect(nobody);
  client.stopAccepting();
  assertEquals(client.addressOf(nobody), undefined);
  assertEquals(client.stateOf(nobody), NetcodeClientState.Disconnected);
  assertEquals(client.seal(new Uint8Array(1), nobody, new Uint8Array(99)), 0);
  assertEquals(client.stateOf(peer), Connected);
  // Without a way to send it waits, and does not throw.
  const alone = new LinkEnd(new NetcodeClient(), world.network.socket());
  assertEquals(alone.link.nextTickMs, Infinity);
});
