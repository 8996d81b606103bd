import { assert, assertEquals } from "@std/assert";
import type { MemorySocket } from "../link/_testing/memory_network.ts";
import type { PeerId } from "../link/peer_id.ts";
import { ClientWorld } from "./_testing/client_world.ts";
import {
  CHALLENGE,
  openPacket,
  type TestToken,
} from "./_testing/plain_server.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

/** A world in which a roaming client is connected to a server that follows. */
function connected(): { world: ClientWorld; peer: PeerId; token: TestToken } {
  const world = new ClientWorld(1, 10, true);
  world.server.follows = true;
  const token = world.token({ timeoutSeconds: 8 });
  const peer = world.enter(NetcodeClientState.Connected, token);
  world.pass(100);
  world.server.heard.length = 0;
  return { world, peer, token };
}

function assertCarries(world: ClientWorld, peer: PeerId, key: string): void {
  world.end.payloads.length = 0;
  world.server.heard.length = 0;
  assert(world.end.send(new Uint8Array([1]), peer));
  world.server.send(key, 5, new Uint8Array([2]));
  world.pass(20);
  assertEquals(world.end.payloads, [{ peer, bytes: new Uint8Array([2]) }]);
  const heard = world.server.heard.filter(({ type }) => type === 5);
  assertEquals(heard.map(({ body, from }) => [body[0], from]), [[1, key]]);
}

Deno.test("NetcodeClient proves its new address where the server has fallen silent", () => {
  const { world, peer, token } = connected();
  const oldKey = world.key;
  const { socket } = world.end;
  // A NAT gives it another address, and tells nobody.
  world.network.rebind(socket, socket.host, 20_000);
  world.pass(390);
  assertEquals(world.server.addressOf(token), oldKey);
  world.pass(150);
  assertEquals(world.server.addressOf(token), world.key);
  assertEquals(world.server.isConnected(oldKey), false);
  world.pass(1_000);
  const types = world.server.heard.map(({ type }) => type)
    .filter((type) => type !== 4);
  assertEquals(types, [0, 3]);
  assertCarries(world, peer, world.key);
  // Its server is where it was: nothing to tell.
  assertEquals(world.end.events.length, 1);
  assertEquals(socket.retained, 1);
});

Deno.test("NetcodeClient proves nothing while it hears the server, or without the option", () => {
  for (const roaming of [true, false]) {
    const world = new ClientWorld(1, 10, roaming);
    const peer = world.enter(NetcodeClientState.Connected);
    world.server.heard.length = 0;
    if (roaming) world.pass(3_000);
    else {
      world.server.keepsAlive = false;
      world.pass(3_000);
      const to = world.end.socket.address("127.0.0.1", 9_001);
      assertEquals(world.client.move(peer, to), false);
    }
    assert(world.server.heard.every(({ type }) => type === 4));
    assert(world.server.heard.length > 20);
  }
});

Deno.test("NetcodeClient asks a silent server ten times a second, until it has timed out", () => {
  const { world, peer, token } = connected();
  // A server of another kind, which is gone.
  world.server.follows = false;
  world.server.forget(world.key);
  world.server.onRequest = "ignore";
  const fromMs = world.network.nowMs;
  world.pass(7_900);
  const requests = world.server.heard.filter(({ type }) => type === 0);
  assert(requests.length >= 70 && requests.length <= 76, `${requests.length}`);
  assertEquals(requests[0]?.token, token);
  assert(requests[0]!.atMs >= fromMs + 400);
  world.pass(200);
  assertEquals(
    world.client.stateOf(peer),
    NetcodeClientState.ConnectionTimedOut,
  );
  assertEquals(world.client.nextTickMs, Infinity);
});

/** Gives a client a second socket. */
function secondSocket(world: ClientWorld): MemorySocket {
  const socket = world.network.socket("127.0.0.8");
  world.end.bind(socket);
  return socket;
}

Deno.test("NetcodeClient.move() keeps the old way until the new one is proven", () => {
  const { world, peer, token } = connected();
  const { end, client, server } = world;
  const socket = secondSocket(world);
  const from = client.addressOf(peer)!;
  const to = socket.address("127.0.0.1", 9_000);
  assert(client.move(peer, to));
  assert(client.move(peer, to), "twice is once");
  assertEquals(client.addressOf(peer), from);
  assertEquals([end.socket.retained, socket.retained], [1, 1]);
  // What is sent meanwhile arrives.
  for (let i = 0; i < 8; i++) {
    assert(end.send(new Uint8Array([i]), peer));
    const key = server.addressOf(token)!;
    server.send(key, 5, new Uint8Array([100 + i]));
    world.pass(5);
  }
  world.pass(50);
  const carried = server.heard.filter(({ type }) => type === 5);
  // What was on the old way when the server had moved is lost, as anything may be.
  assert(carried.length >= 4, `${carried.length}`);
  assert(end.payloads.length >= 7, `${end.payloads.length}`);
  assertEquals(end.of("peerMoved"), [
    { type: "peerMoved", peer, address: to, from },
  ]);
  assertEquals(client.addressOf(peer), to);
  assertEquals([end.socket.retained, socket.retained], [0, 1]);
  assertEquals(client.counters.moved, 1);
  assertCarries(world, peer, socket.key);
  client.disconnect(peer);
  assertEquals([socket.retained, client.nextTickMs], [0, Infinity]);
  assertEquals(client.move(peer, to), false);
});

Deno.test("NetcodeClient.move() stays where it is if the new way is not proven in five seconds", () => {
  const { world, peer } = connected();
  const { client } = world;
  const socket = secondSocket(world);
  const from = client.addressOf(peer)!;
  world.network.fate = (_datagram, of) =>
    of === socket.key ? "drop" : "deliver";
  assert(client.move(peer, socket.address("127.0.0.1", 9_000)));
  world.pass(4_995);
  assertEquals(socket.retained, 1);
  world.pass(10);
  assertEquals([socket.retained, client.addressOf(peer)], [0, from]);
  assertEquals(world.end.of("peerMoved"), []);
  assertCarries(world, peer, world.key);
});

Deno.test("NetcodeClient.move() to where it is gives another way up", () => {
  const { world, peer } = connected();
  const { client } = world;
  const socket = secondSocket(world);
  assert(client.move(peer, socket.address("127.0.0.1", 9_000)));
  assert(client.move(peer, client.addressOf(peer)!));
  assertEquals(socket.retained, 0);
  world.pass(200);
  assertEquals(world.end.of("peerMoved"), []);
  assertCarries(world, peer, world.key);
});

Deno.test("NetcodeClient's answer to a challenge says that it is the same session", () => {
  const { world, peer, token } = connected();
  const socket = secondSocket(world);
  const sent: Uint8Array[] = [];
  world.network.fate = (datagram, of) => {
    if (of === socket.key) sent.push(datagram.slice());
    return "deliver";
  };
  world.client.move(peer, socket.address("127.0.0.1", 9_000));
  world.pass(50);
  assertEquals(sent[0]?.length, 1_078);
  const opened = openPacket(token, token.clientToServerKey, sent[1]!)!;
  assertEquals(opened.type, 3);
  // The highest bit of the challenge's sequence.
  assertEquals(
    opened.body,
    CHALLENGE.map((byte, i) => i === 7 ? byte | 0x80 : byte),
  );
});

Deno.test("NetcodeClient is moved and challenged by nothing that is forged, old or not asked for", () => {
  const { world, peer } = connected();
  const { client, end, server } = world;
  const from = client.addressOf(peer)!;
  const challenge = server.packet(world.key, 2, CHALLENGE);
  end.take(challenge, from);
  assertEquals(client.counters.unexpected, 1, "not asked for");
  const socket = secondSocket(world);
  const to = socket.address("127.0.0.1", 9_000);
  const old = server.packet(world.key, 5, new Uint8Array(1));
  end.take(old, from);
  const newer = server.packet(world.key, 2, CHALLENGE);
  world.network.fate = (_datagram, of) =>
    of === socket.key ? "drop" : "deliver";
  client.move(peer, to);
  end.take(newer, to);
  const { sent } = world.network;
  // Kept by somebody.
  end.take(challenge, to);
  end.take(newer, to);
  end.take(old, to);
  end.take(server.packet(world.key, 1), to);
  const forged = server.packet(world.key, 4, new Uint8Array(8));
  forged[5]! ^= 1;
  end.take(forged, to);
  assertEquals(client.addressOf(peer), from);
  assertEquals(world.network.sent, sent);
  assertEquals(client.counters.forged, 1);
  assertEquals(client.counters.replayed, 3);
  assertEquals(client.stateOf(peer), NetcodeClientState.Connected);
});

Deno.test("NetcodeClient moves through a network that loses", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { world, peer } = connected();
    const random = world.random;
    for (let i = 0; i < seed; i++) random.nextU32();
    world.network.fate = () => {
      const drawn = random.nextFloat();
      return drawn < 0.4 ? "drop" : drawn < 0.6 ? "double" : "deliver";
    };
    const socket = secondSocket(world);
    world.client.move(peer, socket.address("127.0.0.1", 9_000));
    world.pass(4_000);
    const about = `seed ${seed}`;
    assertEquals(world.end.of("peerMoved").length, 1, about);
    assertEquals(world.client.addressOf(peer)?.socket, socket, about);
  }
});
