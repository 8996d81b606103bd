import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import { MTU } from "../../constants.ts";
import type { DatagramAddress } from "../../socket/datagram_address.ts";
import type { DatagramLink } from "../datagram_link.ts";
import type { PeerId } from "../peer_id.ts";
import { LinkEnd, pass } from "./link_end.ts";
import { MemoryNetwork } from "./memory_network.ts";

/** What makes links of one kind. */
export interface LinkKind {
  /** A link that clients connect to. */
  server(maxClients: number): DatagramLink;
  /** A link that connects to one. */
  client(): DatagramLink;
  /** What `connect()` takes, so that the server's event gives at least these bytes of user data first. */
  credentials(server: DatagramAddress, userData: Uint8Array): Uint8Array;
  /** Whether a peer survives a change of its address that neither end is told of. */
  readonly roams: boolean;
  /**
   * Whether `move()` takes a peer to another socket.
   *
   * @default {roams}
   */
  readonly moves?: boolean;
  /**
   * Whether `move()` keeps the old way until the new one is proven, and says so by an event.
   *
   * @default {false}
   */
  readonly provesFirst?: boolean;
}

/** Registers a test of each thing that every {@linkcode DatagramLink} does. */
export function testDatagramLink(name: string, kind: LinkKind): void {
  for (const [behaviour, run] of Object.entries(CASES)) {
    Deno.test(`${name} ${behaviour}`, () => run(kind));
  }
}

/** The longest that any link tries to connect, in milliseconds. */
const LONGEST_TRY_MS = 30_000;
const USER_DATA = new Uint8Array([7, 0, 255, 1]);

class World {
  readonly network = new MemoryNetwork();
  readonly server: LinkEnd;
  readonly clients: LinkEnd[] = [];
  readonly #kind: LinkKind;

  constructor(kind: LinkKind, maxClients = 16) {
    this.#kind = kind;
    this.network.latencyMs = 10;
    this.server = new LinkEnd(
      kind.server(maxClients),
      this.network.socket("127.0.0.1", 9_000),
    );
  }

  /** Begins to connect one more client. */
  connect(userData = USER_DATA): { end: LinkEnd; peer: PeerId } {
    const end = new LinkEnd(this.#kind.client(), this.network.socket());
    this.clients.push(end);
    return { end, peer: this.reconnect(end, userData) };
  }

  reconnect(end: LinkEnd, userData = USER_DATA): PeerId {
    const to = end.socket.address("127.0.0.1", 9_000);
    return end.link.connect(to, this.#kind.credentials(to, userData));
  }

  pass(ms: number, stepMs?: number): void {
    pass(this.network, [this.server, ...this.clients], ms, stepMs);
  }

  /** Connects a client, and returns what both ends call it. */
  connected(): { end: LinkEnd; peer: PeerId; atServer: PeerId } {
    const before = this.server.of("peerConnected").length;
    const { end, peer } = this.connect();
    this.pass(500);
    const event = this.server.of("peerConnected")[before];
    assert(event !== undefined, "no client came");
    return { end, peer, atServer: event.peer };
  }
}

const CASES: Record<string, (kind: LinkKind) => void> = {
  "connect() connects both ends, and says where and who"(kind) {
    const world = new World(kind);
    const { end, peer, atServer } = world.connected();
    assertEquals(end.events.length, 1);
    assertEquals(end.of("peerConnected")[0]?.peer, peer);
    assertEquals(end.of("peerConnected")[0]?.address.port, 9_000);
    const [event, ...more] = world.server.events;
    assertEquals(more, []);
    assert(event?.type === "peerConnected");
    assertEquals(event.address.port, end.socket.port);
    assertEquals(event.userData.slice(0, USER_DATA.length), USER_DATA);
    assertEquals(
      world.server.link.addressOf(atServer)?.port,
      end.socket.port,
    );
    assertEquals(end.link.addressOf(peer)?.port, 9_000);
  },

  "seal() and open() carry payloads of every size, both ways"(kind) {
    const world = new World(kind);
    const { end, peer, atServer } = world.connected();
    const { link } = end;
    assert(link.maxPayloadBytes <= MTU - link.overheadBytes);
    const random = new SeededRandom(1);
    for (
      const [from, to, id, own] of [
        [end, world.server, peer, atServer],
        [world.server, end, atServer, peer],
      ] as const
    ) {
      const out = new Uint8Array(MTU);
      for (
        let size = 1;
        size <= link.maxPayloadBytes;
        size += 1 + (size >> 3)
      ) {
        const payload = new Uint8Array(size);
        random.fill(payload);
        const copy = payload.slice();
        const length = from.link.seal(payload, id, out);
        assertEquals(payload, copy, "seal() wrote into the payload");
        assert(length <= size + link.overheadBytes && length <= MTU);
        assert(from.send(payload, id));
        world.pass(15);
        assertEquals(to.payloads.pop(), { peer: own, bytes: copy });
      }
      const largest = new Uint8Array(link.maxPayloadBytes).fill(9);
      assert(from.send(largest, id));
      world.pass(15);
      assertEquals(to.payloads.pop(), { peer: own, bytes: largest });
    }
    assertEquals([world.server.payloads, end.payloads], [[], []]);
  },

  "open() writes nothing into the datagram"(kind) {
    const world = new World(kind);
    const { end, peer } = world.connected();
    const sealed = new Uint8Array(MTU);
    const length = end.link.seal(new Uint8Array([1, 2, 3]), peer, sealed);
    const datagram = sealed.slice(0, length);
    const from = world.server.socket.address(
      end.socket.host,
      end.socket.port,
    );
    world.server.take(datagram, from);
    assertEquals(datagram, sealed.slice(0, length));
    assertEquals(world.server.payloads.length, 1);
  },

  "seal() gives nothing for a peer that is not connected"(kind) {
    const world = new World(kind);
    const { end, peer } = world.connect();
    const payload = new Uint8Array(1);
    assertEquals(end.send(payload, peer), false);
    world.pass(500);
    assert(end.send(payload, peer));
    assertEquals(end.send(payload, (peer ^ 0x1_0000) as PeerId), false);
    assertEquals(end.send(payload, (peer ^ 1) as PeerId), false);
    end.link.disconnect(peer);
    assertEquals(end.send(payload, peer), false);
    assertEquals(end.link.addressOf(peer), undefined);
  },

  "openedPeer tells several clients apart"(kind) {
    const world = new World(kind);
    const clients = Array.from({ length: 8 }, () => world.connected());
    for (const [i, { end, peer }] of clients.entries()) {
      assert(end.send(new Uint8Array([i]), peer));
    }
    world.pass(20);
    assertEquals(
      world.server.payloads.map(({ peer, bytes }) => [peer, bytes[0]]),
      clients.map(({ atServer }, i) => [atServer, i]),
    );
    for (const [i, { atServer }] of clients.entries()) {
      assert(world.server.send(new Uint8Array([i + 100]), atServer));
    }
    world.pass(20);
    for (const [i, { end }] of clients.entries()) {
      assertEquals(end.payloads.map(({ bytes }) => bytes[0]), [i + 100]);
    }
  },

  "disconnect() tells the other end, from either side"(kind) {
    for (const isServer of [false, true]) {
      const world = new World(kind);
      const { end, peer, atServer } = world.connected();
      const [ender, other, endedPeer] = isServer
        ? [world.server, end, peer]
        : [end, world.server, atServer];
      ender.link.disconnect(isServer ? atServer : peer);
      world.pass(50);
      assertEquals(ender.of("peerEnded"), []);
      const ended = other.of("peerEnded");
      assertEquals(ended.length, 1);
      assertEquals([ended[0]?.peer, ended[0]?.reason], [endedPeer, "closed"]);
      assertEquals(other.link.addressOf(endedPeer), undefined);
      assertEquals(other.send(new Uint8Array(1), endedPeer), false);
      ender.link.disconnect(isServer ? atServer : peer);
    }
  },

  "disconnect() while connecting leaves nothing behind"(kind) {
    const world = new World(kind);
    for (const ms of [0, 10, 20, 30, 40]) {
      const { end, peer } = world.connect();
      world.pass(ms);
      end.link.disconnect(peer);
      assertEquals(end.link.addressOf(peer), undefined);
      const from = end.events.length;
      world.pass(200);
      assertEquals(end.events.slice(from), []);
      assertEquals(end.link.nextTickMs, Infinity);
    }
  },

  "connect() ends with serverFull where there is no room"(kind) {
    const world = new World(kind, 2);
    const { end } = world.connected();
    world.connected();
    const third = world.connect();
    world.pass(LONGEST_TRY_MS, 50);
    assertEquals(third.end.events.map((event) => ({ ...event, message: "" })), [
      {
        type: "peerEnded",
        peer: third.peer,
        reason: "serverFull",
        message: "",
      },
    ]);
    assertEquals(world.server.of("peerConnected").length, 2);
    const left = end.of("peerConnected")[0]!;
    end.link.disconnect(left.peer);
    world.pass(100);
    world.connected();
  },

  "connect() ends with noAnswer, and needs no more ticks than it says"(kind) {
    const world = new World(kind);
    world.network.fate = () => "drop";
    const { end, peer } = world.connect();
    let ms = 0;
    let ticks = 0;
    while (end.events.length === 0) {
      const { nextTickMs } = end.link;
      assert(nextTickMs >= 0 && nextTickMs <= LONGEST_TRY_MS, `${nextTickMs}`);
      ms += nextTickMs;
      assert(ms <= LONGEST_TRY_MS && ++ticks < 1_000);
      end.pump(nextTickMs);
    }
    assertEquals(end.of("peerEnded")[0]?.peer, peer);
    assertEquals(end.of("peerEnded")[0]?.reason, "noAnswer");
    assertEquals(end.link.nextTickMs, Infinity);
    assertEquals(end.socket.retained, 0);
  },

  "connect() gets through a network that loses and doubles"(kind) {
    for (let seed = 0; seed < 30; seed++) {
      const random = new SeededRandom(seed);
      const world = new World(kind);
      world.network.fate = () => {
        const drawn = random.nextFloat();
        return drawn < 0.4 ? "drop" : drawn < 0.7 ? "double" : "deliver";
      };
      const { end, peer } = world.connect();
      for (let ms = 0; ms < 10_000 && end.events.length === 0; ms += 10) {
        world.pass(10);
      }
      const about = `seed ${seed}`;
      assertEquals(end.events[0]?.type, "peerConnected", about);
      world.network.fate = () => "double";
      world.pass(1_000);
      assertEquals(world.server.of("peerConnected").length, 1, about);
      assertEquals(end.of("peerConnected").length, 1, about);
      end.send(new Uint8Array([5]), peer);
      world.pass(100);
      assert(world.server.payloads.length >= 1, about);
    }
  },

  "open() answers nobody with more than it was sent"(kind) {
    const world = new World(kind);
    const sent = new Map<string, number>();
    let last = 0;
    world.network.fate = (datagram, from, to) => {
      if (to.endsWith(":9000")) last = datagram.length;
      else {
        // One answer at most for each, no larger: `last` is used up.
        assert(datagram.length <= last, `${datagram.length} for ${last}`);
        last -= datagram.length;
      }
      sent.set(from, (sent.get(from) ?? 0) + datagram.length);
      return "deliver";
    };
    // Alone in the network, so that each answer follows what it answers.
    const { end, peer } = world.connect();
    for (let step = 0; step < 100; step++) world.pass(10, 10);
    assertEquals(end.events[0]?.type, "peerConnected");
    end.link.disconnect(peer);
  },

  "open() drops whatever does not belong to it"(kind) {
    const world = new World(kind);
    const { end, peer, atServer } = world.connected();
    const strangers = world.network.socket();
    const sealed = new Uint8Array(MTU);
    const length = end.link.seal(new Uint8Array(40).fill(1), peer, sealed);
    const random = new SeededRandom(3);
    for (let i = 0; i < 3_000; i++) {
      let datagram = sealed.slice(0, length);
      if (i % 3 === 0) datagram = datagram.slice(0, random.nextU32() % length);
      else if (i % 3 === 1) {
        datagram = new Uint8Array(random.nextU32() % 400);
        random.fill(datagram);
      }
      if (datagram.length > 0) {
        datagram[random.nextU32() % datagram.length] = random.nextU32();
      }
      for (const to of [world.server, end]) {
        const before = to.payloads.length;
        to.take(datagram, to.socket.address("10.9.9.9", strangers.port));
        assertEquals(to.payloads.length, before, "of a stranger");
      }
    }
    world.pass(100);
    assertEquals([world.server.events.length, end.events.length], [1, 1]);
    assertEquals(
      [world.server.socket.retained, end.socket.retained],
      [1, 1],
    );
    assert(world.server.send(new Uint8Array([1]), atServer));
  },

  "PeerIds do not come again"(kind) {
    const world = new World(kind, 1);
    const seen = new Set<PeerId>();
    // More than slots rest before they are used again.
    for (let i = 0; i < 100; i++) {
      const { end, peer, atServer } = world.connected();
      assert(atServer >= 0 && atServer <= 0xffff_ffff);
      assert(!seen.has(atServer), `the ${i}th came again`);
      seen.add(atServer);
      end.link.disconnect(peer);
      world.pass(50);
      world.clients.length = 0;
      world.server.events.length = 0;
    }
    assertEquals(seen.size, 100);
  },

  "one link connects several times to one server"(kind) {
    const world = new World(kind);
    const { end } = world.connect();
    world.reconnect(end);
    world.pass(1_000);
    // A link may allow one session per address; then only one gets in.
    const connected = end.of("peerConnected");
    assert(connected.length >= 1);
    assertEquals(
      new Set(connected.map(({ peer }) => peer)).size,
      connected.length,
    );
    assertEquals(world.server.of("peerConnected").length, connected.length);
  },

  "a peer moves where it proves to be, and nowhere else"(kind) {
    if (!kind.roams) return;
    const world = new World(kind);
    const { end, peer, atServer } = world.connected();
    const oldPort = end.socket.port;
    // Somebody who claims another address: nothing moves, and the answer goes there.
    const sealed = new Uint8Array(MTU);
    const length = end.link.seal(new Uint8Array(20), peer, sealed);
    const victim = world.server.socket.address("10.0.0.1", 1_000);
    for (let i = 0; i < 50; i++) {
      world.server.take(sealed.subarray(0, length), victim);
      world.pass(30);
    }
    assertEquals(world.server.payloads, []);
    assertEquals(world.server.link.addressOf(atServer)?.port, oldPort);

    world.network.rebind(end.socket, "127.0.0.9", 20_000);
    assert(end.send(new Uint8Array(20), peer));
    world.pass(100);
    const moved = world.server.of("peerMoved");
    assertEquals(moved.length, 1);
    assertEquals(
      [moved[0]?.peer, moved[0]?.address.port, moved[0]?.from.port],
      [atServer, 20_000, oldPort],
    );
    assertEquals(world.server.socket.retained, 1);
    assert(world.server.send(new Uint8Array([3]), atServer));
    assert(end.send(new Uint8Array([4]), peer));
    world.pass(20);
    assertEquals(end.payloads.map(({ bytes }) => bytes[0]), [3]);
    assertEquals(world.server.payloads.map(({ bytes }) => bytes[0]), [4]);
    assertNotEquals(end.socket.port, oldPort);
  },

  "move() takes a peer to another socket, where the other end follows"(kind) {
    const world = new World(kind);
    const { end, peer, atServer } = world.connected();
    const other = world.network.socket("127.0.0.8");
    end.bind(other);
    const to = other.address("127.0.0.1", 9_000);
    assertEquals(world.server.link.move(atServer, to), false, "a client");
    assertEquals(end.link.move((peer ^ 0x1_0000) as PeerId, to), false);
    if (!(kind.moves ?? kind.roams)) {
      assertEquals(end.link.move(peer, to), false);
      assertEquals(end.link.addressOf(peer)?.socket, end.socket);
      return;
    }
    const { provesFirst = false } = kind;
    // The first one breaks, and is not missed, unless it has to last for a while.
    if (!provesFirst) end.socket.close();
    assert(end.link.move(peer, to));
    if (provesFirst) {
      assertEquals(end.link.addressOf(peer)?.socket, end.socket);
      world.pass(100);
      end.socket.close();
    }
    assertEquals(end.link.addressOf(peer), to);
    assertEquals([end.socket.retained, other.retained], [0, 1]);
    assert(end.send(new Uint8Array(20), peer));
    world.pass(100);
    const [moved, ...more] = world.server.of("peerMoved");
    assertEquals([moved?.peer, moved?.address.port], [atServer, other.port]);
    assertEquals(more, []);
    assert(end.send(new Uint8Array([4]), peer));
    assert(world.server.send(new Uint8Array([3]), atServer));
    world.pass(20);
    // The first one came before the server had followed, or with it.
    assertEquals(world.server.payloads.at(-1)?.bytes, new Uint8Array([4]));
    assertEquals(end.payloads.map(({ bytes }) => bytes[0]), [3]);
    assertEquals(end.of("peerMoved").length, provesFirst ? 1 : 0);
    assertEquals(end.of("peerEnded"), []);
    assert(end.link.move(peer, to), "where it is");
    assertEquals(other.retained, 1);
    end.link.disconnect(peer);
    assertEquals([end.link.move(peer, to), other.retained], [false, 0]);
  },

  "move() does nothing for a peer that is not connected yet"(kind) {
    const world = new World(kind);
    const { end, peer } = world.connect();
    const other = world.network.socket("127.0.0.8");
    const to = other.address("127.0.0.1", 9_000);
    assertEquals(end.link.move(peer, to), false);
    world.pass(500);
    assertEquals(end.of("peerConnected")[0]?.address.socket, end.socket);
  },

  "stopAccepting() lets nobody in, and keeps who is there"(kind) {
    const world = new World(kind);
    const { end, peer, atServer } = world.connected();
    world.server.link.stopAccepting();
    const late = world.connect();
    world.pass(1_000);
    assertEquals(world.server.of("peerConnected").length, 1);
    assertEquals(late.end.of("peerEnded").map(({ reason }) => reason), [
      "serverFull",
    ]);
    assert(end.send(new Uint8Array([1]), peer));
    assert(world.server.send(new Uint8Array([2]), atServer));
    world.pass(20);
    assertEquals([world.server, end].map(({ payloads }) => payloads.length), [
      1,
      1,
    ]);
  },
};
