// The standard's state machine of a client, as a table: what happens in each state, and what does not.
import { assert, assertEquals } from "@std/assert";
import type { LinkEndReason } from "../link/datagram_link.ts";
import { ClientWorld } from "./_testing/client_world.ts";
import {
  CHALLENGE,
  KEEP_ALIVE,
  sealPacket,
  testToken,
} from "./_testing/plain_server.ts";
import { NetcodeClientState as State } from "./netcode_client_state.ts";

const REQUEST = State.SendingConnectionRequest;
const RESPONSE = State.SendingConnectionResponse;
const CONNECTED = State.Connected;
const STATES = [REQUEST, RESPONSE, CONNECTED] as const;

/** A server's packets: type and body. */
const PACKETS = {
  denied: [1, new Uint8Array(0)],
  challenge: [2, CHALLENGE],
  keepAlive: [4, KEEP_ALIVE],
  payload: [5, new Uint8Array([1, 2])],
  disconnect: [6, new Uint8Array(0)],
} as const;
type PacketName = keyof typeof PACKETS;

/** Where a packet leads from a state; what is not here leads nowhere. */
const TRANSITIONS: [from: State, packet: PacketName, to: State][] = [
  [REQUEST, "challenge", RESPONSE],
  [REQUEST, "denied", State.ConnectionDenied],
  [RESPONSE, "keepAlive", CONNECTED],
  [RESPONSE, "denied", State.ConnectionDenied],
  [CONNECTED, "disconnect", State.Disconnected],
];

/** Where silence leads from a state: at the token's timeout, or when it has run out. */
const SILENCES: [from: State, timedOut: State, expired: State | undefined][] = [
  [REQUEST, State.ConnectionRequestTimedOut, State.ConnectTokenExpired],
  [RESPONSE, State.ConnectionResponseTimedOut, State.ConnectTokenExpired],
  [CONNECTED, State.ConnectionTimedOut, undefined],
];

const REASONS: [State, LinkEndReason][] = [
  [State.ConnectTokenExpired, "tokenExpired"],
  [State.ConnectionTimedOut, "timedOut"],
  [State.ConnectionResponseTimedOut, "noAnswer"],
  [State.ConnectionRequestTimedOut, "noAnswer"],
  [State.ConnectionDenied, "serverFull"],
  [State.Disconnected, "closed"],
];

/** Looks at a session that is in a state, or has ended in it. */
function assertState(world: ClientWorld, peer: number, state: State): void {
  const { client, end } = world;
  const id = end.events[0]?.peer ?? (peer as typeof end.events[0]["peer"]);
  assertEquals(client.stateOf(id), state);
  const ended = end.of("peerEnded");
  if (state > 0) {
    assertEquals(ended, []);
    assertEquals(end.of("peerConnected").length, state === CONNECTED ? 1 : 0);
    return;
  }
  const [, reason] = REASONS.find(([of]) => of === state)!;
  assertEquals(ended.map((event) => event.reason), [reason]);
  assertEquals(end.events.at(-1), ended[0], "nothing after the end");
  assertEquals([client.nextTickMs, end.socket.retained], [Infinity, 0]);
}

function listedTransition(from: State, packet: PacketName): State {
  return TRANSITIONS.find(([state, name]) => state === from && name === packet)
    ?.[2] ?? from;
}

Deno.test("NetcodeClient takes each packet where the standard says so, and nowhere else", () => {
  for (const from of STATES) {
    for (const name of Object.keys(PACKETS) as PacketName[]) {
      const [type, body] = PACKETS[name];
      const world = new ClientWorld();
      const peer = world.enter(from);
      world.server.send(world.key, type, body);
      world.pass(15);
      const to = listedTransition(from, name);
      assertState(world, peer, to);
      const isPayload = from === CONNECTED && name === "payload";
      assertEquals(
        world.end.payloads,
        isPayload ? [{ peer, bytes: body }] : [],
        `${name} in ${from}`,
      );
      const isTaken = to !== from || from === CONNECTED &&
          (name === "keepAlive" || name === "payload");
      assertEquals(world.client.counters.unexpected, isTaken ? 0 : 1);
    }
  }
});

Deno.test("NetcodeClient goes to the next server where a server's packet or silence fails it", () => {
  const addresses = ["127.0.0.1:9000", "127.0.0.1:9001"];
  for (const from of [REQUEST, RESPONSE]) {
    for (const cause of ["denied", "silence"]) {
      const world = new ClientWorld(2);
      const token = world.token({ addresses });
      const peer = world.enter(from, token);
      if (cause === "denied") world.server.send(world.key, 1);
      else world.pass(from === RESPONSE ? 4_970 : 4_950);
      world.pass(15);
      assertState(world, peer, REQUEST);
      assertEquals(world.client.addressOf(peer)?.port, 9_001);
      world.pass(60);
      assertState(world, peer, CONNECTED);
      assertEquals(world.end.of("peerConnected")[0]?.address.port, 9_001);
    }
  }
});

Deno.test("NetcodeClient goes to no other server once it is connected", () => {
  const addresses = ["127.0.0.1:9000", "127.0.0.1:9001"];
  for (const cause of ["disconnect", "silence"] as const) {
    const world = new ClientWorld(2);
    const peer = world.enter(CONNECTED, world.token({ addresses }));
    if (cause === "silence") world.server.keepsAlive = false;
    else world.server.send(world.key, 6);
    world.pass(5_200);
    assertState(
      world,
      peer,
      cause === "silence" ? State.ConnectionTimedOut : State.Disconnected,
    );
    assertEquals(world.servers[1]!.heard, []);
  }
});

Deno.test("NetcodeClient takes silence as the standard says, to the millisecond", () => {
  for (const [from, timedOut, expired] of SILENCES) {
    for (const isExpiry of [false, true]) {
      const world = new ClientWorld();
      const peer = world.enter(
        from,
        world.token(
          isExpiry
            ? { timeoutSeconds: 9, lifeSeconds: 3n }
            : { timeoutSeconds: 3, lifeSeconds: 9n },
        ),
      );
      if (isExpiry) {
        // From the start of it all, whatever was heard since.
        world.pass(2_945);
        assertState(world, peer, from);
        world.pass(5);
        assertState(world, peer, expired ?? from);
        continue;
      }
      // From when the server was heard last, or first asked.
      world.server.keepsAlive = false;
      world.pass(10);
      if (from === CONNECTED) world.server.send(world.key, 4, KEEP_ALIVE);
      world.pass(10);
      const sinceMs = from === REQUEST ? 70 : from === RESPONSE ? 50 : 0;
      world.pass(3_000 - sinceMs - 5);
      assertState(world, peer, from);
      world.pass(5);
      assertState(world, peer, timedOut);
    }
  }
});

Deno.test("NetcodeClient is put off by nothing that is forged or means nothing", () => {
  for (const [from, timedOut] of SILENCES) {
    const world = new ClientWorld();
    const { client, end, server } = world;
    const token = world.token({ timeoutSeconds: 3 });
    const peer = world.enter(from, token);
    server.keepsAlive = false;
    const address = end.socket.address("127.0.0.1", 9_000);
    const wrong = testToken(world.random, { protocolId: 5n });
    const { forged, replayed, unexpected } = client.counters;
    let sent = 0;
    const old = server.packet(world.key, 5, new Uint8Array(1));
    if (from === CONNECTED) end.take(old, address);
    const payloads = end.payloads.length;
    for (let ms = 0; ms < 2_900; ms += 50) {
      for (const [type, body] of Object.values(PACKETS)) {
        // The client's own key is as wrong as any other.
        for (const key of [wrong.serverToClientKey, token.clientToServerKey]) {
          const packet = sealPacket(token, key, type, 1n << 40n, body);
          end.take(packet, address);
          sent++;
        }
        // Of another protocol, with the right key.
        end.take(
          sealPacket(wrong, token.serverToClientKey, type, 1n << 40n, body),
          address,
        );
        sent++;
      }
      // Authentic, and nothing that this state waits for, or that came before.
      const [type, body] =
        PACKETS[from === RESPONSE ? "payload" : "disconnect"];
      end.take(
        from === CONNECTED ? old : server.packet(world.key, type, body),
        address,
      );
      sent++;
      world.pass(50);
    }
    assertState(world, peer, from);
    world.pass(110);
    assertState(world, peer, timedOut);
    const { counters } = client;
    assertEquals(
      counters.forged - forged + counters.replayed - replayed +
        counters.unexpected - unexpected,
      sent,
    );
    assert(counters.forged > 0);
    assertEquals(end.payloads.length, payloads);
  }
});

Deno.test("NetcodeClient's state is read of those that are over, the last 256 of them", () => {
  const world = new ClientWorld();
  world.server.onRequest = "deny";
  const peer = world.connect();
  world.pass(50);
  assertEquals(world.client.stateOf(peer), State.ConnectionDenied);
  const to = world.end.socket.address("127.0.0.1", 9_000);
  for (let i = 0; i < 256; i++) {
    assertEquals(world.client.stateOf(peer), State.ConnectionDenied);
    world.client.connect(to, new Uint8Array(0));
  }
  assertEquals(world.client.stateOf(peer), State.Disconnected);
});
