import { assert, assertEquals } from "@std/assert";
import type { PlainClient } from "./_testing/plain_client.ts";
import { PROTOCOL_ID, SERVER, ServerWorld } from "./_testing/server_world.ts";
import { CHALLENGE_BODY_BYTES } from "./_challenge_token.ts";
import type { PrivateToken } from "./_private_token.ts";
import { CLIENT_TAKES, PacketType, SERVER_TAKES } from "./_packet_type.ts";
import type { IssueConnectTokenOptions } from "./issue_connect_token.ts";
import type { NetcodeServerCounters } from "./netcode_server_counters.ts";

/** One thing that is wrong with a request, and what is counted for it. */
interface Rule {
  readonly name: string;
  readonly reason: keyof NetcodeServerCounters;
  readonly token?: Partial<IssueConnectTokenOptions>;
  readonly before?: (world: ServerWorld, client: PlainClient) => void;
  readonly change?: (request: Uint8Array) => Uint8Array | void;
}

const RULES: readonly Rule[] = [
  {
    name: "a byte too short",
    reason: "malformed",
    change: (request) => request.subarray(0, 1_077),
  },
  {
    name: "a byte too long",
    reason: "malformed",
    change: (request) => Uint8Array.of(...request, 0),
  },
  {
    name: "a prefix that is no request's",
    reason: "wrongType",
    change: (request) => void (request[0] = 0x10),
  },
  {
    name: "another version",
    reason: "wrongVersion",
    change: (request) => void (request[12] = 0x31),
  },
  {
    name: "a version without its zero",
    reason: "wrongVersion",
    change: (request) => void (request[13] = 1),
  },
  {
    name: "another protocol",
    reason: "wrongProtocol",
    token: { protocolId: PROTOCOL_ID + 1n },
  },
  {
    name: "another protocol in its highest byte",
    reason: "wrongProtocol",
    change: (request) => void (request[21]! ^= 1),
  },
  {
    name: "a token that expires this second",
    reason: "expired",
    token: { expireSeconds: 10 },
    before: (world) => world.pass(9_750),
  },
  {
    name: "an expiry that was put off",
    reason: "badToken",
    change: (request) => void (request[22]! ^= 0x40),
  },
  {
    name: "another nonce",
    reason: "badToken",
    change: (request) => void (request[30]! ^= 1),
  },
  {
    name: "a changed first byte of the token",
    reason: "badToken",
    change: (request) => void (request[54]! ^= 1),
  },
  {
    name: "a changed last byte of the tag",
    reason: "badToken",
    change: (request) => void (request[1_077]! ^= 0x80),
  },
  {
    name: "a key that is not the server's",
    reason: "badToken",
    token: { privateKey: new Uint8Array(32).fill(9) },
  },
  {
    name: "a token for other servers",
    reason: "otherServer",
    token: { addresses: ["10.0.0.1:10", "10.0.0.11:9", "[::ffff:10.0.0.1]:9"] },
  },
  {
    name: "an address whose client is connected",
    reason: "addressConnected",
    before: (world, client) => {
      world.connect(world.client({}, client.socket));
    },
  },
  {
    name: "a client that is connected",
    reason: "clientConnected",
    token: { clientId: 77n },
    before: (world) => {
      world.connect(world.client({ clientId: 77n }));
    },
  },
  {
    name: "a token that was used from another port",
    reason: "tokenUsed",
    before: (world, client) => {
      const thief = world.network.socket("10.0.0.2");
      thief.send(client.request(), thief.address("10.0.0.1", 9));
      world.settle();
    },
  },
];

for (const { name, reason, token, before, change } of RULES) {
  Deno.test(`NetcodeServer is silent to a request with ${name}`, () => {
    const world = new ServerWorld();
    const client = world.client(token);
    before?.(world, client);
    const { clientCount } = world.server;
    const { retained } = world.socket;
    const events = world.end.events.length;
    const { sent } = world.network;
    let request: Uint8Array = client.request();
    request = change?.(request) ?? request;
    assertEquals(world.counted(() => client.send(request)), { [reason]: 1 });
    assertEquals(world.network.sent, sent + 1, "answered");
    assertEquals(world.server.clientCount, clientCount);
    assertEquals(world.socket.retained, retained);
    assertEquals(world.end.events.length, events);
  });
}

Deno.test("NetcodeServer takes a request of which nothing is wrong", () => {
  for (
    const token of [
      {},
      { expireSeconds: Infinity },
      { addresses: ["10.9.9.9:1", "[2001:db8::9]:9", SERVER] },
      { timeoutSeconds: -1 },
      { clientId: 0n },
    ]
  ) {
    const world = new ServerWorld();
    const client = world.client(token);
    const counted = world.counted(() => client.send(client.request()));
    assertEquals(counted, { challenged: 1 });
    assertEquals(
      client.received.map(({ type, bytes }) => [type, bytes.length]),
      [
        [PacketType.Challenge, 333],
      ],
    );
    assertEquals(world.server.clientCount, 0);
    assertEquals(world.socket.retained, 1);
    assertEquals(world.end.events, []);
  }
});

Deno.test("NetcodeServer is silent to a request whose token a key opens, and that says nothing of use", () => {
  const token: PrivateToken = {
    clientId: 1n,
    timeoutSeconds: 5,
    addresses: [SERVER],
    clientToServerKey: new Uint8Array(32),
    serverToClientKey: new Uint8Array(32),
    userData: new Uint8Array(256),
  };
  const world = new ServerWorld();
  const changes: [(plain: Uint8Array) => void, keyof NetcodeServerCounters][] =
    [
      [() => {}, "challenged"],
      [(plain) => plain[12] = 0, "malformedToken"],
      [(plain) => plain[12] = 33, "malformedToken"],
      [(plain) => plain[15] = 1, "malformedToken"],
      [(plain) => plain[16] = 0, "malformedToken"],
      [(plain) => plain[16] = 3, "malformedToken"],
      // What pads it is nobody's business.
      [(plain) => plain[1_007] = 1, "challenged"],
    ];
  for (const [change, reason] of changes) {
    const request = world.requestOf(token, change);
    const from = world.network.socket();
    const counted = world.counted(() =>
      from.send(request, from.address("10.0.0.1", 9))
    );
    assertEquals(counted, { [reason]: 1 });
  }
});

Deno.test("NetcodeServer takes tokens of each of its keys, and of none that was removed", () => {
  const world = new ServerWorld();
  const [older, newer] = [world.key(), world.key()];
  world.restart({ privateKeys: [newer, older] });
  const tokens = [older, newer].map((privateKey) =>
    world.token({ privateKey })
  );
  for (const token of tokens) world.connect(world.clientWith(token));
  world.restart({ privateKeys: [newer] });
  const late = world.client({ privateKey: older });
  assertEquals(world.counted(() => late.send(late.request())), {
    badToken: 1,
  });
  world.connect(world.client({ privateKey: newer }));
  assertEquals(world.server.clientCount, 1);
});

Deno.test("NetcodeServer copies its keys", () => {
  const world = new ServerWorld();
  const key = world.key();
  const used = key.slice();
  world.restart({ privateKeys: [used] });
  used.fill(0);
  world.connect(world.client({ privateKey: key }));
});

Deno.test("NetcodeServer has several addresses, of both families", () => {
  const world = new ServerWorld();
  world.restart({ addresses: [SERVER, "[2001:DB8:0::1]:9"] });
  const second = world.network.socket("2001:db8::1", 9);
  world.end.bind(second);
  world.connect(world.client());
  const client = world.clientWith(
    world.token({ addresses: ["[2001:db8::1]:9"] }),
    world.network.socket("2001:db8::2"),
    "2001:db8::1:9",
  );
  const peer = world.connect(client);
  assertEquals(world.server.addressOf(peer)?.socket, second);
  assertEquals(world.server.addressOf(peer)?.host, "2001:db8::2");
  assertEquals([world.socket.retained, second.retained], [1, 1]);
  world.connect(world.client());
  assertEquals(world.server.clientCount, 3);
});

Deno.test("NetcodeServer answers a token again at its own address, and only there", () => {
  const world = new ServerWorld();
  const client = world.client();
  for (let i = 0; i < 5; i++) {
    assertEquals(world.counted(() => client.send(client.request())), {
      challenged: 1,
    });
    world.pass(100);
    const thief = world.clientWith(world.token());
    assertEquals(world.counted(() => thief.send(client.request())), {
      tokenUsed: 1,
    });
    assertEquals(thief.strange, []);
  }
  const peer = world.connect(client);
  world.server.disconnect(peer);
  world.pass(100);
  const thief = world.clientWith(world.token());
  assertEquals(world.counted(() => thief.send(client.request())), {
    tokenUsed: 1,
  });
  world.connect(client);
});

Deno.test("NetcodeServer lets a second token take the place of the first before its client is connected", () => {
  const world = new ServerWorld();
  const first = world.client();
  const second = world.client({}, first.socket);
  first.send(first.request());
  world.settle();
  second.send(second.request());
  world.settle();
  const late = first.packet(
    PacketType.Response,
    first.of(PacketType.Challenge)[0]!.body,
  );
  assertEquals(world.counted(() => first.send(late)), { forged: 1 });
  second.respond();
  world.settle();
  const [event] = world.end.events;
  assert(event?.type === "peerConnected");
  assertEquals(event.clientId, 2n);
  assertEquals(world.socket.retained, 1);
});

Deno.test("NetcodeServer denies where there is no room, to a request and to a response", () => {
  const world = new ServerWorld({ maxClients: 2 });
  const late = world.client();
  late.send(late.request());
  world.settle();
  const peers = [world.client(), world.client()].map((client) =>
    world.connect(client)
  );
  assertEquals(world.counted(() => late.respond()), { full: 1 });
  const never = world.client();
  assertEquals(world.counted(() => never.send(never.request())), { full: 1 });
  for (const client of [late, never]) {
    const [denied, ...more] = client.of(PacketType.Denied);
    assertEquals(more, []);
    assertEquals([denied?.body.length, denied?.bytes.length], [0, 25]);
    assert(denied!.sequence >= 1n << 63n);
  }
  assertEquals(world.server.clientCount, 2);
  assertEquals(world.end.events.length, 2);
  world.server.disconnect(peers[0]!);
  world.pass(100);
  late.respond();
  world.settle();
  assertEquals(world.server.clientCount, 2);
});

Deno.test("NetcodeServer.stopAccepting() denies, and keeps who is there", () => {
  const world = new ServerWorld();
  const there = world.client();
  const peer = world.connect(there);
  const half = world.client();
  half.send(half.request());
  world.settle();
  world.server.stopAccepting();
  const late = world.client();
  assertEquals(world.counted(() => late.send(late.request())), { full: 1 });
  assertEquals(world.counted(() => half.respond()), { full: 1 });
  assertEquals([late, half].map((c) => c.of(PacketType.Denied).length), [1, 1]);
  there.sendPacket(PacketType.Payload, new Uint8Array([1]));
  world.settle();
  assertEquals(world.end.payloads, [{ peer, bytes: new Uint8Array([1]) }]);
});

Deno.test("NetcodeServer seals challenges and denials by a sequence that is another one in each life", () => {
  const world = new ServerWorld();
  const seen = new Set<bigint>();
  for (let life = 0; life < 4; life++) {
    const client = world.client();
    for (let i = 0; i < 3; i++) {
      client.send(client.request());
      world.settle();
      world.pass(100);
    }
    const sequences = client.received.map(({ sequence }) => sequence);
    assertEquals(sequences.length, 3);
    assert(sequences.every((sequence) => sequence >= 1n << 63n));
    assertEquals(sequences[2]! - sequences[0]!, 2n);
    assert(!seen.has(sequences[0]! >> 32n));
    seen.add(sequences[0]! >> 32n);
    world.restart();
  }
});

Deno.test("NetcodeServer takes no type that only servers send", () => {
  for (let type = 1; type <= 15; type++) {
    const isOfServers = type <= 6 && (CLIENT_TAKES & ~SERVER_TAKES) >> type & 1;
    const reason = type > 6
      ? "malformed"
      : isOfServers
      ? "wrongType"
      : "unknownAddress";
    const length = type === PacketType.Response
      ? CHALLENGE_BODY_BYTES
      : type === PacketType.Disconnect
      ? 0
      : 8;
    const world = new ServerWorld();
    const client = world.client();
    const counted = world.counted(() =>
      client.send(client.packet(type, new Uint8Array(length)))
    );
    assertEquals(counted, { [reason]: 1 }, `type ${type}`);
    world.assertEmpty();
  }
});
