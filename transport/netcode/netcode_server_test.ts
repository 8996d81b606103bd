import { assert, assertEquals, assertThrows } from "@std/assert";
import { MTU } from "../constants.ts";
import type { PeerId } from "../link/peer_id.ts";
import type { PlainClient } from "./_testing/plain_client.ts";
import { SERVER, ServerWorld } from "./_testing/server_world.ts";
import { PacketType } from "./_packet_type.ts";
import { getU32 } from "./_u64.ts";
import type { NetcodeServerCounters } from "./netcode_server_counters.ts";
import type { NetcodeServerOptions } from "./netcode_server_options.ts";

const ONE = new Uint8Array([1]);
const EIGHT = new Uint8Array(8);

Deno.test("NetcodeServer lets a client in, and says who it is", () => {
  const world = new ServerWorld();
  const userData = new Uint8Array(256).fill(7);
  const client = world.client({ clientId: 2n ** 64n - 1n, userData });
  const peer = world.connect(client);
  const [event, ...more] = world.end.events;
  assertEquals(more, []);
  assert(event?.type === "peerConnected");
  assertEquals(event.clientId, 2n ** 64n - 1n);
  assertEquals(event.userData, userData);
  assertEquals(event.address.toString(), client.socket.key);
  const { server } = world;
  assertEquals(server.clientIndexOf(peer), 0);
  assertEquals(server.clientIdOf(peer), 2n ** 64n - 1n);
  // What is given out is the receiver's own.
  event.userData.fill(0);
  server.userDataOf(peer)!.fill(0);
  assertEquals(server.userDataOf(peer), userData);
  assertEquals(server.clientCount, 1);
  assertEquals(server.counters.accepted, 1);
  assertEquals(
    client.received.map(({ type, bytes }) => [type, bytes.length]),
    [[PacketType.Challenge, 333], [PacketType.KeepAlive, 31]],
  );
  const [keepAlive] = client.of(PacketType.KeepAlive);
  assertEquals(getU32(keepAlive!.body, 0), 0);
  assertEquals(getU32(keepAlive!.body, 4), 4);
  assertEquals(client.strange, []);
});

Deno.test("NetcodeServer gives the lowest free place, and tells its clients", () => {
  const world = new ServerWorld({ maxClients: 3 });
  const join = (): PeerId => {
    const client = world.client();
    const peer = world.connect(client);
    const [keepAlive] = client.of(PacketType.KeepAlive);
    const index = world.server.clientIndexOf(peer);
    assertEquals(getU32(keepAlive!.body, 0), index);
    assertEquals(getU32(keepAlive!.body, 4), 3);
    return peer;
  };
  const indexOf = (peer: PeerId) => world.server.clientIndexOf(peer);
  const peers = [join(), join(), join()];
  assertEquals(peers.map(indexOf), [0, 1, 2]);
  world.server.disconnect(peers[1]!);
  world.server.disconnect(peers[0]!);
  assertEquals(peers.map(indexOf), [undefined, undefined, 2]);
  assertEquals([join(), join()].map(indexOf), [0, 1]);
});

Deno.test("NetcodeServer sends a keep-alive before each payload until its client has shown that it knows", () => {
  for (const [type, body] of [[4, EIGHT], [5, ONE]] as const) {
    const world = new ServerWorld();
    const client = world.client();
    const peer = world.connect(client);
    client.received.length = 0;
    const typesAfter = (): number[] => {
      client.received.length = 0;
      assert(world.end.send(ONE, peer));
      world.settle();
      return client.received.map(({ type }) => type);
    };
    assertEquals(typesAfter(), [4, 5]);
    assertEquals(typesAfter(), [4, 5]);
    client.sendPacket(type, body);
    world.settle();
    assertEquals(typesAfter(), [5]);
  }
});

Deno.test("NetcodeServer sends keep-alives to whom it has sent nothing for 100 ms", () => {
  const world = new ServerWorld();
  const client = world.client({ timeoutSeconds: -1 });
  const peer = world.connectFully(client);
  client.received.length = 0;
  world.pass(1_000);
  assertEquals(client.received.map(({ type }) => type), Array(10).fill(4));
  client.received.length = 0;
  for (let i = 0; i < 20; i++) {
    world.end.send(ONE, peer);
    world.pass(50);
  }
  assertEquals(client.received.map(({ type }) => type), Array(20).fill(5));
  assertEquals(
    client.received.map(({ sequence }) => sequence),
    client.received.map((_, i) => client.received[0]!.sequence + BigInt(i)),
  );
});

Deno.test("NetcodeServer.nextTickMs is when something is due, and not earlier", () => {
  const world = new ServerWorld();
  const { server } = world;
  assertEquals(server.nextTickMs, Infinity);
  const half = world.client({ timeoutSeconds: 3 });
  half.send(half.request());
  world.settle();
  assertEquals(server.nextTickMs, 3_000);
  world.pass(1_000);
  assertEquals(server.nextTickMs, 2_000);
  const peers = [0, 30].map((ms) => {
    world.pass(ms);
    return world.connectFully(world.client());
  });
  assertEquals(server.nextTickMs, 70);
  world.end.send(ONE, peers[0]!);
  assertEquals(server.nextTickMs, 100);
  world.pass(99);
  const { sent } = world.network;
  assertEquals(server.nextTickMs, 1);
  world.pass(1);
  assertEquals(world.network.sent, sent + 2);
  assertEquals(server.nextTickMs, 100);
});

Deno.test("NetcodeServer.disconnect() tells the client ten times, and frees its place", () => {
  const world = new ServerWorld({ maxClients: 1 });
  const client = world.client();
  const peer = world.connectFully(client);
  const events = world.end.events.length;
  world.server.disconnect(peer);
  world.settle();
  assertEquals(client.of(PacketType.Disconnect).length, 10);
  assertEquals(
    new Set(client.received.map(({ sequence }) => sequence)).size,
    client.received.length,
  );
  assertEquals(world.end.events.length, events);
  world.assertEmpty();
  assertEquals(world.server.addressOf(peer), undefined);
  assertEquals(world.end.send(ONE, peer), false);
  world.server.disconnect(peer);
  client.sendPacket(PacketType.Payload, ONE);
  world.settle();
  assertEquals(world.end.payloads, []);
  world.connect(world.client());
});

Deno.test("NetcodeServer.disconnect() frees a place once, whatever sends does meanwhile", () => {
  for (const fails of [false, true]) {
    const world = new ServerWorld();
    const peer = world.connectFully(world.client());
    let sent = 0;
    world.server.bind(() => {
      sent++;
      world.server.disconnect(peer);
      if (fails) throw new Error("The socket is closed");
    });
    if (fails) {
      assertThrows(() => world.server.disconnect(peer), Error, "socket");
    } else world.server.disconnect(peer);
    assertEquals(sent, fails ? 1 : 10);
    world.server.disconnect(peer);
    world.assertEmpty();
    world.end.link.bind((datagram, to) => to.socket.send(datagram, to));
    world.connectFully(world.client());
  }
});

Deno.test("NetcodeServer takes no token where nobody knows what time it is", () => {
  const clock = { nowMs: () => 0, epochMs: () => NaN };
  const world = new ServerWorld({ clock });
  const client = world.client();
  const counted = world.counted(() => client.send(client.request()));
  assertEquals(counted, { expired: 1 });
});

Deno.test("NetcodeServer ends a client that disconnects", () => {
  const world = new ServerWorld();
  const client = world.client();
  const peer = world.connect(client);
  for (let i = 0; i < 10; i++) client.sendPacket(PacketType.Disconnect);
  const counted = world.counted(() => {});
  assertEquals(counted, { closed: 1, unknownAddress: 9 });
  const ended = world.end.of("peerEnded");
  assertEquals(ended.map(({ peer, reason }) => [peer, reason]), [
    [peer, "closed"],
  ]);
  assertEquals(client.of(PacketType.Disconnect), []);
  world.assertEmpty();
});

Deno.test("NetcodeServer ends a client that was silent for the timeout of its token", () => {
  const world = new ServerWorld();
  const client = world.client({ timeoutSeconds: 2 });
  const peer = world.connect(client);
  for (const [type, body] of [[4, EIGHT], [5, ONE]] as const) {
    world.pass(1_990);
    client.sendPacket(type, body);
    world.settle();
  }
  world.pass(1_990);
  // Nothing else counts: what is forged, and what has come before.
  client.send(client.sent.at(-1)!);
  client.send(client.packet(5, ONE, 99n, world.key()));
  world.settle();
  assertEquals(world.end.of("peerEnded"), []);
  world.pass(10);
  const ended = world.end.of("peerEnded");
  assertEquals(ended.map(({ peer, reason }) => [peer, reason]), [
    [peer, "timedOut"],
  ]);
  assertEquals(client.of(PacketType.Disconnect), []);
  assertEquals(world.server.counters.timedOut, 1);
  world.assertEmpty();
});

Deno.test("NetcodeServer waits for ever for a client whose token has no timeout", () => {
  for (const timeoutSeconds of [0, -1]) {
    const world = new ServerWorld();
    const client = world.client({ timeoutSeconds });
    const peer = world.connect(client);
    world.pass(100_000, 100);
    client.sendPacket(PacketType.Payload, ONE);
    world.settle();
    assertEquals(world.end.payloads, [{ peer, bytes: ONE }]);
  }
});

Deno.test("NetcodeServer ends nobody before it has read what came while it stood still", () => {
  const world = new ServerWorld();
  const client = world.client({ timeoutSeconds: 2 });
  const peer = world.connect(client);
  const silent = world.connect(world.client({ timeoutSeconds: 2 }));
  client.sendPacket(PacketType.Payload, ONE);
  world.pass(9_000, 9_000);
  world.pass(100);
  const ended = world.end.of("peerEnded").map(({ peer }) => peer);
  assertEquals(ended, [silent]);
  assert(world.server.addressOf(peer) !== undefined);
});

Deno.test("NetcodeServer ends a silent client however long its ticks are", () => {
  for (const ms of [100, 1_000, 1_700, 5_000]) {
    const world = new ServerWorld();
    const client = world.client({ timeoutSeconds: 2 });
    world.connect(client);
    // Who is heard between two of them stays.
    for (let i = 0; i < 4; i++) {
      world.pass(ms, ms);
      client.sendPacket(PacketType.Payload, ONE);
      world.settle();
    }
    assertEquals(world.server.clientCount, 1, `ticks of ${ms} ms`);
    // At the latest with the second tick after the timeout.
    world.pass(Math.ceil(2_000 / ms) * ms + ms, ms);
    assertEquals(world.server.clientCount, 0, `ticks of ${ms} ms`);
  }
});

Deno.test("NetcodeServer forgets an address that does not answer within the timeout", () => {
  for (
    const [timeoutSeconds, ms] of [
      [3, 3_000],
      [0, 60_000],
      [-1, 60_000],
    ] as const
  ) {
    const world = new ServerWorld();
    const client = world.client({ timeoutSeconds, expireSeconds: 1_000 });
    client.send(client.request());
    world.settle();
    world.pass(ms - 100, 100);
    // A request anew counts.
    client.send(client.request());
    world.settle();
    world.pass(ms - 100, 100);
    assertEquals(world.socket.retained, 1);
    world.pass(100);
    world.assertEmpty();
    assertEquals(world.counted(() => client.respond()), { unknownAddress: 1 });
    assertEquals(world.end.events, []);
  }
});

Deno.test("NetcodeServer takes no response but of the client that it has challenged", () => {
  const world = new ServerWorld();
  const client = world.client();
  client.send(client.request());
  world.settle();
  const challenge = client.of(PacketType.Challenge)[0]!.body;
  const cases: [Uint8Array, keyof NetcodeServerCounters][] = [
    [client.packet(3, challenge, 5n, client.token.serverToClientKey), "forged"],
    [client.packet(3, challenge.subarray(0, 307)), "malformed"],
    [client.packet(3, Uint8Array.of(...challenge, 0)), "malformed"],
    [client.packet(3, changed(challenge, 0)), "badChallenge"],
    [client.packet(3, changed(challenge, 8)), "badChallenge"],
    [client.packet(3, changed(challenge, 307)), "badChallenge"],
    [client.packet(4, EIGHT), "unexpected"],
    [client.packet(5, ONE), "unexpected"],
    [client.packet(6), "unexpected"],
    [client.packet(1), "wrongType"],
    [client.packet(2, challenge), "wrongType"],
  ];
  const { sent } = world.network;
  for (const [i, [packet, reason]] of cases.entries()) {
    const counted = world.counted(() => client.send(packet));
    assertEquals(counted, { [reason]: 1 }, `case ${i}`);
  }
  assertEquals(world.network.sent, sent + cases.length, "answered");
  assertEquals(world.end.events, []);
  const other = world.client();
  const counted = world.counted(() => other.send(client.packet(3, challenge)));
  assertEquals(counted, { unknownAddress: 1 });
  // Another client's challenge, sealed with this one's key.
  other.send(other.request());
  world.settle();
  const stolen = other.of(PacketType.Challenge)[0]!.body;
  assertEquals(world.counted(() => client.sendPacket(3, stolen)), {
    badChallenge: 1,
  });
  client.respond();
  world.settle();
  assertEquals(world.server.clientCount, 1);
  assertEquals(world.counted(() => client.respond()), { addressConnected: 1 });
});

Deno.test("NetcodeServer lets a client in once, whichever of its addresses answers first", () => {
  const world = new ServerWorld();
  const [one, two] = [0, 1].map(() => world.client({ clientId: 5n }));
  for (const client of [one!, two!]) client.send(client.request());
  world.settle();
  one!.respond();
  world.settle();
  assertEquals(world.counted(() => two!.respond()), { clientConnected: 1 });
  assertEquals(world.counted(() => two!.send(two!.request())), {
    clientConnected: 1,
  });
  assertEquals(world.server.clientCount, 1);
});

Deno.test("NetcodeServer takes each packet once", () => {
  const world = new ServerWorld();
  const client = world.client();
  const peer = world.connect(client);
  const sent = [
    client.sendPacket(PacketType.KeepAlive, EIGHT),
    client.sendPacket(PacketType.Payload, ONE),
    client.sent[0]!,
  ];
  world.settle();
  const [keepAlive, payload, response] = sent;
  assertEquals(world.counted(() => client.send(keepAlive!)), { replayed: 1 });
  assertEquals(world.counted(() => client.send(payload!)), { replayed: 1 });
  assertEquals(world.counted(() => client.send(response!)), {
    addressConnected: 1,
  });
  const late = client.packet(PacketType.Payload, new Uint8Array([2]));
  const tooLate = client.packet(PacketType.Payload, ONE, 300n);
  client.sequence = 300n + 256n;
  client.sendPacket(PacketType.Payload, new Uint8Array([3]));
  assertEquals(world.counted(() => client.send(late)), { replayed: 1 });
  assertEquals(world.counted(() => client.send(tooLate)), { replayed: 1 });
  const justInTime = client.packet(PacketType.Payload, ONE, 301n);
  assertEquals(world.counted(() => client.send(justInTime)), {});
  assertEquals(world.end.payloads.map(({ bytes }) => bytes[0]), [1, 3, 1]);
  const disconnect = client.sendPacket(PacketType.Disconnect);
  world.settle();
  assertEquals(world.end.of("peerEnded").map(({ peer }) => peer), [peer]);
  // In another session with the same token nothing of this one is taken.
  const again = world.connect(client);
  world.end.payloads.length = 0;
  const replayed = world.counted(() => {
    for (const packet of client.sent) client.send(packet);
  });
  assertEquals(replayed.replayed, client.sent.length - 2);
  assertEquals(replayed.addressConnected, 2);
  client.send(disconnect);
  world.settle();
  assertEquals(world.end.payloads, []);
  assert(world.server.addressOf(again) !== undefined);
});

Deno.test("NetcodeServer lets nobody in by what was recorded of a session that has ended", () => {
  const world = new ServerWorld();
  const client = world.client();
  const peer = world.connectFully(client);
  world.server.disconnect(peer);
  world.pass(200);
  client.send(client.request());
  world.settle();
  assertEquals(client.of(PacketType.Challenge).length, 2);
  const counted = world.counted(() => {
    for (const packet of client.sent) client.send(packet);
  });
  assertEquals(counted, { badChallenge: 1, unexpected: 1 });
  assertEquals(world.server.clientCount, 0);
});

Deno.test("NetcodeServer goes on with its sequence where a token comes again", () => {
  const world = new ServerWorld();
  const client = world.client();
  for (let session = 0; session < 4; session++) {
    const peer = world.connect(client);
    world.end.send(ONE, peer);
    world.settle();
    if (session % 2 === 0) world.server.disconnect(peer);
    else client.sendPacket(PacketType.Disconnect);
    world.pass(100);
  }
  const sequences = client.received
    .filter(({ type }) => type !== PacketType.Challenge)
    .map(({ sequence }) => sequence);
  assertEquals(
    sequences,
    sequences.map((_, i) => sequences[0]! + BigInt(i)),
  );
});

Deno.test("NetcodeServer repeats no nonce in another life", () => {
  const world = new ServerWorld();
  const client = world.client({ expireSeconds: 1_000 });
  for (let life = 0; life < 4; life++) {
    if (life > 0) world.restart();
    const peer = world.connect(client);
    for (let i = 0; i < 20; i++) world.end.send(ONE, peer);
    world.settle();
    world.server.disconnect(peer);
    world.settle();
  }
  const sequences = client.received.map(({ sequence }) => sequence);
  assert(sequences.length > 4 * 40, `${sequences.length}`);
  assertEquals(new Set(sequences).size, sequences.length);
  // The rest is for challenges and denials.
  const own = client.received.filter(({ type }) =>
    type !== PacketType.Challenge
  );
  assert(own.every(({ sequence }) => sequence < 1n << 49n));
});

Deno.test("NetcodeServer knows nothing of the sessions of its life before", () => {
  const world = new ServerWorld();
  const client = world.client();
  world.connectFully(client);
  world.restart();
  client.sent.push(client.packet(PacketType.Payload, ONE));
  const counted = world.counted(() => {
    for (const packet of client.sent) client.send(packet);
  });
  assertEquals(counted, { unknownAddress: 3 });
  world.assertEmpty();
  // Nor by a response to a challenge of that life.
  client.send(client.request());
  world.settle();
  assertEquals(world.counted(() => client.send(client.sent[0]!)), {
    badChallenge: 1,
  });
  world.connect(client);
  world.server.disconnect(world.end.of("peerConnected")[0]!.peer);
  world.connect(world.clientWith(world.token(), client.socket));
});

Deno.test("NetcodeServer carries payloads of 1 to 1,200 bytes, and no others", () => {
  const world = new ServerWorld();
  const client = world.client();
  const peer = world.connectFully(client);
  for (const length of [1, 2, 1_199, 1_200]) {
    const payload = new Uint8Array(length).fill(length);
    client.sendPacket(PacketType.Payload, payload);
    world.end.send(payload, peer);
    world.settle();
    assertEquals(world.end.payloads.pop(), { peer, bytes: payload });
    assertEquals(client.received.at(-1)?.body, payload);
  }
  for (const [type, length] of [[5, 0], [5, 1_201], [4, 7], [4, 9], [6, 1]]) {
    const packet = client.packet(type!, new Uint8Array(length!));
    assertEquals(world.counted(() => client.send(packet)), { malformed: 1 });
  }
  const out = new Uint8Array(MTU);
  for (const length of [0, 1_201]) {
    assertThrows(
      () => world.server.seal(new Uint8Array(length), peer, out),
      RangeError,
      `current value is ${length}`,
    );
  }
  assertEquals(world.end.payloads, []);
  assertEquals(world.server.clientCount, 1);
});

Deno.test("NetcodeServer does nothing for what is forged at a client's address", () => {
  const world = new ServerWorld();
  const client = world.client();
  const peer = world.connectFully(client);
  const forger: PlainClient = world.client({}, client.socket);
  forger.sequence = 1_000_000n;
  const { sent } = world.network;
  const { nextTickMs } = world.server;
  const counted = world.counted(() => {
    for (const [type, body] of [[4, EIGHT], [5, ONE], [6]] as const) {
      forger.sendPacket(type, body);
    }
  });
  assertEquals(counted, { forged: 3 });
  assertEquals(world.network.sent, sent + 3, "answered");
  assertEquals(world.server.nextTickMs, nextTickMs);
  // The window has not moved.
  client.sendPacket(PacketType.Payload, ONE);
  world.settle();
  assertEquals(world.end.payloads, [{ peer, bytes: ONE }]);
});

Deno.test("NetcodeServer refuses options that cannot be", () => {
  const world = new ServerWorld();
  const key = world.key();
  const cases: [
    Partial<Record<keyof NetcodeServerOptions, unknown>>,
    string,
  ][] = [
    [{ protocolId: 5 }, "TypeError"],
    [{ protocolId: -1n }, "RangeError"],
    [{ protocolId: 1n << 64n }, "RangeError"],
    [{ privateKeys: [] }, "RangeError"],
    [{ privateKeys: Array(9).fill(key) }, "RangeError"],
    [{ privateKeys: [key.subarray(1)] }, "RangeError"],
    [{ privateKeys: [[...key]] }, "TypeError"],
    [{ privateKeys: ["c2VjcmV0"] }, "TypeError"],
    [{ addresses: [] }, "RangeError"],
    [{ addresses: Array(33).fill(SERVER) }, "RangeError"],
    [{ addresses: ["localhost:9"] }, "TypeError"],
    [{ addresses: ["10.0.0.1"] }, "TypeError"],
    [{ maxClients: 0 }, "RangeError"],
    [{ maxClients: 65_536 }, "RangeError"],
    [{ maxClients: 1.5 }, "RangeError"],
  ];
  for (const [option, name] of cases) {
    const error = assertThrows(() =>
      world.start(option as Partial<NetcodeServerOptions>)
    ) as Error;
    assertEquals(error.name, name, Object.keys(option)[0]);
    // What is wrong with a key is said without it.
    assert(!error.message.includes("c2VjcmV0"));
    assert(!error.message.includes(key.subarray(0, 4).join(",")));
  }
  const { server } = world;
  const address = world.socket.address("10.0.0.2", 1);
  assertThrows(() => server.connect(address, ONE), TypeError);
  assertEquals(server.move(0 as PeerId, address), false);
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => server.tick(dt), RangeError, "finite");
  }
});

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}
