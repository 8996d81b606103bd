// Roaming: STANDARD_NOTES.md says how. Both ends, and a plain client for what no honest one sends.
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { testDatagramLink } from "../link/_testing/datagram_link_conformance.ts";
import { LinkEnd } from "../link/_testing/link_end.ts";
import type { MemorySocket } from "../link/_testing/memory_network.ts";
import type { PeerId } from "../link/peer_id.ts";
import { ConnectionManager } from "../manager/connection_manager.ts";
import { Channel } from "../../protocol/mod.ts";
import { Login } from "./_testing/login.ts";
import type { PlainClient } from "./_testing/plain_client.ts";
import { PROTOCOL_ID, SERVER, ServerWorld } from "./_testing/server_world.ts";
import { PacketType } from "./_packet_type.ts";
import { NetcodeClient } from "./netcode_client.ts";
import { NetcodeServer } from "./netcode_server.ts";

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000_000 : 1_000;
const [HOST, PORT] = ["10.0.0.1", 9] as const;

const clock = new ManualClock({ epochMs: Date.UTC(2026, 0, 1) });
const login = new Login({ clock });

testDatagramLink("NetcodeServer and a NetcodeClient that roams", {
  server: (maxClients) => login.server("127.0.0.1:9000", { maxClients }),
  client: () => new NetcodeClient({ roaming: true }),
  credentials: (server, userData) => login.token([`${server}`], { userData }),
  // Not at once: what follows is about that.
  roams: false,
  moves: true,
  provesFirst: true,
});

/** A server, and a client of this library that roams and is connected. */
class RoamingWorld extends ServerWorld {
  readonly link: NetcodeClient = new NetcodeClient({ roaming: true });
  readonly roamer: LinkEnd;
  readonly peer: PeerId;
  readonly atServer: PeerId;

  constructor() {
    super();
    this.network.latencyMs = 10;
    this.roamer = new LinkEnd(this.link, this.network.socket("10.0.0.2"));
    const to = this.roamer.socket.address(HOST, PORT);
    this.peer = this.link.connect(to, this.token({ timeoutSeconds: 8 }));
    this.run(200);
    const [event] = this.end.of("peerConnected");
    assert(event !== undefined);
    this.atServer = event.peer;
  }

  /** Where the server has the client. */
  get seenAt(): string | undefined {
    return this.server.addressOf(this.atServer)?.toString();
  }

  run(ms: number): void {
    for (let passed = 0; passed < ms; passed += 5) {
      this.clock.advance(5);
      this.network.advance(5);
      this.end.pump(5);
      this.roamer.pump(5);
    }
  }

  secondSocket(): MemorySocket {
    const socket = this.network.socket("10.0.0.8");
    this.roamer.bind(socket);
    return socket;
  }

  assertCarries(): void {
    assert(this.roamer.send(new Uint8Array([1]), this.peer));
    assert(this.end.send(new Uint8Array([2]), this.atServer));
    this.run(20);
    assertEquals(this.end.payloads.splice(0), [
      { peer: this.atServer, bytes: new Uint8Array([1]) },
    ]);
    assertEquals(this.roamer.payloads.splice(0), [
      { peer: this.peer, bytes: new Uint8Array([2]) },
    ]);
  }
}

Deno.test("NetcodeServer follows a client that a NAT has given another address", () => {
  const world = new RoamingWorld();
  const { socket } = world.roamer;
  // Long after its token has expired.
  world.clock.advance(3_600_000);
  for (let i = 0; i < 5; i++) {
    const before = socket.key;
    world.network.rebind(socket, "10.0.0.3", 30_000 + i);
    world.run(390);
    assertEquals(world.seenAt, before);
    world.run(210);
    assertEquals(world.seenAt, socket.key);
    world.assertCarries();
    const moved = world.end.of("peerMoved");
    assertEquals(moved.length, i + 1);
    assertEquals(
      [moved[i]!.peer, moved[i]!.from.toString(), moved[i]!.address.toString()],
      [world.atServer, before, socket.key],
    );
    assertEquals([world.socket.retained, socket.retained], [1, 1]);
  }
  assertEquals(world.server.counters.moved, 5);
  assertEquals(world.roamer.events.length, 1);
  world.link.disconnect(world.peer);
  world.run(20);
  world.assertEmpty();
});

Deno.test("NetcodeServer follows a client whose address changes while it answers", () => {
  const world = new RoamingWorld();
  const { socket } = world.roamer;
  let responses = 0;
  world.network.fate = (datagram) => {
    if ((datagram[0]! & 15) !== PacketType.Response) return "deliver";
    responses++;
    return "drop";
  };
  world.network.rebind(socket, "10.0.0.3", 30_000);
  world.run(600);
  assert(responses > 0);
  world.network.rebind(socket, "10.0.0.4", 30_000);
  world.network.fate = () => "deliver";
  world.run(600);
  assertEquals(world.seenAt, socket.key);
  world.assertCarries();
});

Deno.test("NetcodeServer follows a client that moves to another socket, and the old way is kept till then", () => {
  const world = new RoamingWorld();
  const socket = world.secondSocket();
  assert(world.link.move(world.peer, socket.address(HOST, PORT)));
  world.assertCarries();
  world.run(40);
  assertEquals(world.seenAt, socket.key);
  assertEquals(world.roamer.of("peerMoved").length, 1);
  assertEquals(world.end.of("peerMoved").length, 1);
  assertEquals(world.roamer.socket.retained, 0);
  world.roamer.socket.close();
  world.assertCarries();
  world.run(3_000);
  world.assertCarries();
});

Deno.test("NetcodeServer follows through a network that loses and doubles", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new RoamingWorld();
    for (let i = 0; i < seed; i++) world.random.nextU32();
    world.network.fate = () => {
      const drawn = world.random.nextFloat();
      return drawn < 0.4 ? "drop" : drawn < 0.6 ? "double" : "deliver";
    };
    const { socket } = world.roamer;
    world.network.rebind(socket, "10.0.0.3", 30_000);
    world.run(4_000);
    const about = `seed ${seed}`;
    assertEquals(world.seenAt, socket.key, about);
    assertEquals(world.end.of("peerMoved").length, 1, about);
    world.network.fate = () => "deliver";
    world.run(100);
    world.assertCarries();
  }
});

/** A connected plain client, and another socket that it has. */
function plain(): {
  world: ServerWorld;
  client: PlainClient;
  peer: PeerId;
  elsewhere: (host?: string) => PlainClient;
} {
  const world = new ServerWorld();
  const client = world.client({ timeoutSeconds: 5 });
  const peer = world.connectFully(client);
  return {
    world,
    client,
    peer,
    elsewhere: (host = "10.0.0.66") => {
      const token = world.token();
      const other = world.clientWith(token, world.network.socket(host));
      Object.assign(other, { token: client.token });
      return other;
    },
  };
}

/** A client's request as one that says where it is now. */
function roaming(client: PlainClient): Uint8Array<ArrayBuffer> {
  const request = client.request();
  request[13] = 1;
  return request;
}

/** The body that answers a challenge as of the session that goes on. */
function marked(challenge: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(challenge);
  body[7]! |= 0x80;
  return body;
}

Deno.test("NetcodeServer moves nobody by a request, whoever sends it, and answers with less than a third", () => {
  const { world, client, peer, elsewhere } = plain();
  const request = roaming(client);
  const others = Array.from({ length: 10 }, (_, i) => elsewhere(`10.1.0.${i}`));
  let answerBytes = 0;
  let requestBytes = 0;
  world.network.fate = (datagram, from, to) => {
    if (to === SERVER) requestBytes += datagram.length;
    else if (from === SERVER && to !== client.socket.key) {
      answerBytes += datagram.length;
      assert(datagram.length * 3 < request.length);
    }
    return "deliver";
  };
  const { challenged } = world.server.counters;
  for (let ms = 0; ms < 1_000; ms += 10) {
    for (const other of others) other.send(request);
    client.sendPacket(PacketType.KeepAlive, new Uint8Array(8));
    world.pass(10);
  }
  assertEquals(world.server.addressOf(peer)?.toString(), client.socket.key);
  assertEquals(world.end.of("peerMoved"), []);
  // Four addresses at once, twenty times a second each.
  const challenges = world.server.counters.challenged - challenged;
  assert(challenges <= 4 * 22, `${challenges}`);
  assert(answerBytes * 3 < requestBytes);
  assertEquals(world.socket.retained, 1 + 4);
  world.server.disconnect(peer);
  world.pass(10_000, 500);
  world.assertEmpty();
});

Deno.test("NetcodeServer is silent where a connected client's request comes from elsewhere, but for the one of roaming", () => {
  const { world, client, peer, elsewhere } = plain();
  const other = elsewhere();
  const counts = world.counted(() => {
    for (let i = 0; i < 10; i++) other.send(client.request());
  });
  assertEquals(counts, { tokenUsed: 10 });
  assertEquals(other.of(PacketType.Challenge), []);
  const stranger = world.client();
  assertEquals(world.counted(() => stranger.send(roaming(stranger))), {
    wrongVersion: 1,
  });
  assertEquals(world.counted(() => other.send(roaming(client))), {
    challenged: 1,
  });
  world.server.disconnect(peer);
  assertEquals(world.counted(() => other.send(roaming(client))), {
    wrongVersion: 1,
  });
});

Deno.test("NetcodeServer counts what is sent from elsewhere for no timeout", () => {
  const { world, client, peer, elsewhere } = plain();
  const other = elsewhere();
  for (let ms = 0; ms < 5_000; ms += 100) {
    assertEquals(world.end.of("peerEnded"), []);
    other.send(roaming(client));
    world.pass(100);
  }
  world.pass(50);
  assertEquals(
    world.end.of("peerEnded").map(({ peer, reason }) => ({
      peer,
      reason,
    })),
    [{ peer, reason: "timedOut" }],
  );
});

Deno.test("NetcodeServer takes a response from elsewhere only if it is marked, the client's, new and read there", () => {
  const { world, client, peer, elsewhere } = plain();
  const other = elsewhere();
  const third = elsewhere("10.0.0.67");
  const { server } = world;
  const counted = (act: () => void) => {
    const counts = world.counted(act);
    assertEquals(server.addressOf(peer)?.toString(), client.socket.key);
    return counts;
  };
  const take = (
    sender: PlainClient,
    body: Uint8Array,
    sequence?: bigint,
    key?: Uint8Array,
  ) =>
    counted(() =>
      sender.send(client.packet(PacketType.Response, body, sequence, key))
    );
  const challengeOf = (sender: PlainClient) => {
    sender.send(roaming(client));
    world.settle();
    return sender.of(PacketType.Challenge).at(-1)!.body;
  };
  assertEquals(take(other, marked(new Uint8Array(308))), { unknownAddress: 1 });
  const challenge = challengeOf(other);
  const good = marked(challenge);
  // Of a session that begins anew, such as the reference's.
  assertEquals(take(other, challenge), { clientConnected: 1 });
  assertEquals(take(other, good, undefined, new Uint8Array(32)), { forged: 1 });
  // The numbers of a packet that was there already.
  assertEquals(take(other, good, 0n), { replayed: 1 });
  // What was read somewhere else, as by a client that wants its traffic to go to a victim.
  const elsewhereRead = marked(challengeOf(third));
  assertEquals(take(other, elsewhereRead), { badChallenge: 1 });
  const guessed = good.slice();
  guessed[100]! ^= 1;
  assertEquals(take(other, guessed), { badChallenge: 1 });
  assertEquals(take(other, marked(new Uint8Array(308))), { badChallenge: 1 });
  assertEquals(
    counted(() =>
      other.send(client.packet(PacketType.Response, good.slice(1)))
    ),
    { malformed: 1 },
  );
  for (const [type, length] of [[4, 8], [5, 8], [6, 0]] as const) {
    assertEquals(
      counted(() => other.send(client.packet(type, new Uint8Array(length)))),
      { unexpected: 1 },
    );
  }
  const request = roaming(client);
  request[40]! ^= 1;
  assertEquals(counted(() => other.send(request)), { wrongVersion: 1 });

  const response = client.packet(PacketType.Response, good);
  assertEquals(world.counted(() => other.send(response)), { moved: 1 });
  assertEquals(server.addressOf(peer)?.toString(), other.socket.key);
  assertEquals(
    other.received.filter(({ type }) => type === PacketType.KeepAlive).length,
    1,
  );
  // The same again, from there and from where the client was.
  assertEquals(world.counted(() => other.send(response)), {
    addressConnected: 1,
  });
  assertEquals(world.counted(() => client.send(response)), {
    unknownAddress: 1,
  });
  assertEquals(world.counted(() => third.send(response)), {
    unknownAddress: 1,
  });
  assertEquals(world.socket.retained, 1);
});

Deno.test("NetcodeServer is moved by no mutated response, whatever was changed", () => {
  const { world, client, peer, elsewhere } = plain();
  const other = elsewhere();
  const { random, server } = world;
  const { host, port } = other.socket;
  for (let i = 0; i < MUTANTS; i++) {
    if (i % 1_000 === 0) {
      client.sendPacket(PacketType.KeepAlive, new Uint8Array(8));
      other.send(roaming(client));
      world.pass(1_000, 100);
    }
    const { body } = other.of(PacketType.Challenge).at(-1)!;
    const response = client.packet(PacketType.Response, marked(body));
    let mutant = response;
    const at = random.nextU32() % response.length;
    const drawn = random.nextU32() % 4;
    if (drawn === 0) mutant = response.slice(0, at);
    else if (drawn === 1) mutant = new Uint8Array([...response, at]);
    else mutant[drawn === 2 ? 0 : at]! ^= 1 << random.nextU32() % 8;
    world.end.take(mutant, world.socket.address(host, port));
  }
  world.settle();
  assertEquals(server.addressOf(peer)?.toString(), client.socket.key);
  assertEquals([world.end.of("peerMoved"), server.clientCount], [[], 1]);
  assert(server.counters.forged > MUTANTS / 5);
  assert(server.counters.malformed > MUTANTS / 4);
});

Deno.test("NetcodeServer's challenge of before a move is none after it", () => {
  const { world, client, peer, elsewhere } = plain();
  const [first, second] = [elsewhere(), elsewhere("10.0.0.67")];
  const [toFirst, toSecond] = [first, second].map((sender) => {
    sender.send(roaming(client));
    world.settle();
    const { body } = sender.of(PacketType.Challenge).at(-1)!;
    return client.packet(PacketType.Response, marked(body));
  });
  assertEquals(world.counted(() => second.send(toSecond!)), { moved: 1 });
  assertEquals(world.counted(() => first.send(toFirst!)), {
    unknownAddress: 1,
  });
  assertEquals(world.server.addressOf(peer)?.toString(), second.socket.key);
});

Deno.test("NetcodeServer challenges no roaming client where another one is about to connect, or is", () => {
  const { world, client } = plain();
  const socket = world.network.socket("10.0.0.5");
  const comes = world.client({}, socket);
  comes.send(comes.request());
  world.settle();
  assertEquals(world.counted(() => comes.send(roaming(client))), {
    clientConnected: 1,
  });
  comes.respond();
  world.settle();
  assertEquals(world.counted(() => comes.send(roaming(client))), {
    addressConnected: 1,
  });
  assertEquals(world.server.clientCount, 2);
});

Deno.test("ConnectionManager loses nothing reliable when netcode's client moves", () => {
  const world = new ServerWorld();
  const { network, clock } = world;
  const [server, client] = [
    new ConnectionManager({
      link: new NetcodeServer({
        protocolId: PROTOCOL_ID,
        privateKeys: [world.privateKey],
        addresses: ["10.0.0.7:9"],
        maxClients: 4,
        clock,
      }),
      clock,
    }),
    new ConnectionManager({
      link: new NetcodeClient({ roaming: true }),
      clock,
    }),
  ];
  network.latencyMs = 10;
  server.bind(network.socket("10.0.0.7", 9));
  const sockets = ["10.0.0.2", "10.0.0.3"].map((host) => network.socket(host));
  for (const socket of sockets) client.bind(socket);
  const ways = sockets.map((socket) => socket.address("10.0.0.7", 9));
  const peer = client.connect(
    ways[0]!,
    world.token({ addresses: ["10.0.0.7:9"] }),
  );
  const got: number[] = [];
  const events: string[] = [];
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      clock.advance(5);
      network.advance(5);
      server.poll((_peer, bytes) => {
        got.push(bytes[0]! | bytes[1]! << 8);
      });
      client.poll();
      for (const { type } of server.drainEvents()) events.push(`s ${type}`);
      for (const { type } of client.drainEvents()) events.push(`c ${type}`);
    }
  };
  run(100);
  let sent = 0;
  let way = 0;
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < 20; j++, sent++) {
      client.send(
        peer,
        new Uint8Array([sent, sent >> 8]),
        Channel.ReliableOrdered,
      );
      run(5);
    }
    if (i % 4 === 3) {
      network.rebind(sockets[way]!, "10.0.0.9", 20_000 + i);
      run(600);
    } else if (i % 2 === 1) {
      way = 1 - way;
      assert(client.move(peer, ways[way]!));
    }
  }
  run(2_000);
  assertEquals(got, Array.from({ length: sent }, (_, i) => i));
  assertEquals(events.filter((type) => type.endsWith("Ended")), []);
  const moves = (type: string) => events.filter((of) => of === type).length;
  assertEquals([moves("s peerMoved"), moves("c peerMoved")], [10, 5]);
  server.close();
  client.close();
});

Deno.test("NetcodeServer follows a client although one host keeps showing its token from everywhere", () => {
  const world = new RoamingWorld();
  const { socket } = world.roamer;
  let request = new Uint8Array(0);
  world.network.fate = (datagram, from) => {
    if (from === socket.key && datagram[0] === 0) request = datagram.slice();
    return "deliver";
  };
  world.network.rebind(socket, "10.0.0.3", 30_000);
  world.run(1_000);
  assertEquals(world.seenAt, socket.key);
  assertEquals(request.length, 1_078);
  const thieves = Array.from(
    { length: 20 },
    (_, i) => world.network.socket("10.6.6.6", 1_000 + i),
  );
  const flood = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 5) {
      for (const thief of thieves) {
        thief.send(request, thief.address(HOST, PORT));
      }
      world.run(5);
    }
  };
  flood(1_000);
  world.network.rebind(socket, "10.0.0.4", 30_001);
  flood(1_000);
  assertEquals(world.seenAt, socket.key);
  world.assertCarries();
});
