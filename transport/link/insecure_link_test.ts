import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { LinkEnd, pass } from "./_testing/link_end.ts";
import { MemoryNetwork } from "./_testing/memory_network.ts";
import { InsecureLink } from "./insecure_link.ts";
import type { InsecureLinkOptions } from "./insecure_link_options.ts";
import type { PeerId } from "./peer_id.ts";

const PROTOCOL = "test 1";
const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

class World {
  readonly network = new MemoryNetwork();
  readonly link: InsecureLink;
  readonly server: LinkEnd;
  readonly ends: LinkEnd[];
  /** All that went to the server, and what it sent. */
  readonly toServer: Uint8Array[] = [];
  readonly fromServer: Uint8Array[] = [];

  readonly #seed: number;

  constructor(options: Partial<InsecureLinkOptions> = {}, seed = 7) {
    this.#seed = seed;
    this.network.latencyMs = 10;
    this.link = new InsecureLink({
      protocol: PROTOCOL,
      maxClients: 8,
      random: new SeededRandom(seed),
      ...options,
    });
    this.server = new LinkEnd(this.link, this.network.socket("10.0.0.1", 9));
    this.ends = [this.server];
    this.network.fate = (datagram, from) => {
      const log = from === "10.0.0.1:9" ? this.fromServer : this.toServer;
      log.push(datagram.slice());
      return "deliver";
    };
  }

  connect(host = "10.0.0.2"): { end: LinkEnd; peer: PeerId } {
    const end = new LinkEnd(
      new InsecureLink({
        protocol: PROTOCOL,
        random: new SeededRandom(100 * this.ends.length + this.#seed),
      }),
      this.network.socket(host),
    );
    this.ends.push(end);
    const peer = end.link.connect(
      end.socket.address("10.0.0.1", 9),
      new Uint8Array([1]),
    );
    return { end, peer };
  }

  pass(ms: number): void {
    pass(this.network, this.ends, ms);
  }
}

Deno.test("InsecureLink.open() does not take a response again whose session has ended", () => {
  const world = new World();
  const { end, peer } = world.connect();
  world.pass(100);
  const response = world.toServer.find(([type]) => type === 3)!;
  const from = world.server.socket.address(end.socket.host, end.socket.port);
  world.fromServer.length = 0;
  world.server.take(response, from);
  assertEquals(world.fromServer.map(([type]) => type), [4], "accepted again");
  end.link.disconnect(peer);
  world.pass(100);
  assertEquals(world.link.clientCount, 0);
  world.server.take(response, from);
  assertEquals(world.link.clientCount, 0);
  assertEquals(world.link.counters.replayed, 1);
  // Later it is too old.
  world.pass(12_000);
  world.server.take(response, from);
  assertEquals(world.link.clientCount, 0);
  assertEquals(world.link.counters.badCookie, 1);
  assertEquals(world.server.socket.retained, 0);
});

Deno.test("InsecureLink.open() takes a cookie from its address only, with its salt only", () => {
  const world = new World();
  world.network.fate = (datagram) => {
    if (datagram[0] === 3) {
      world.toServer.push(datagram.slice());
      return "drop";
    }
    return "deliver";
  };
  const { end } = world.connect();
  world.pass(50);
  const response = world.toServer[0]!;
  const { socket } = world.server;
  const own = socket.address(end.socket.host, end.socket.port);
  world.server.take(response, socket.address("10.0.0.3", end.socket.port));
  world.server.take(response, socket.address(end.socket.host, 1));
  // Salt, stamp and cookie.
  for (let at = 9; at < 29; at++) {
    for (let bit = 1; bit < 256; bit <<= 1) {
      const changed = response.slice();
      changed[at]! ^= bit;
      world.server.take(changed, own);
    }
  }
  assertEquals(world.link.clientCount, 0);
  assertEquals(world.link.counters.badCookie, 2 + 20 * 8);
  world.server.take(response, own);
  assertEquals(world.link.clientCount, 1);
});

Deno.test("InsecureLink.open() keeps nothing of a flood of requests", () => {
  const world = new World();
  const { end } = world.connect();
  world.pass(1);
  const request = world.toServer[0]!.slice();
  world.network.fate = () => "drop";
  const random = new SeededRandom(2);
  const { socket } = world.server;
  const count = SOAK ? 1_000_000 : 20_000;
  const sent = world.network.sentBytes;
  for (let i = 0; i < count; i++) {
    for (let at = 9; at < 17; at++) request[at] = random.nextU32();
    const host = `10.${i & 0xff}.${i >> 8 & 0xff}.${i >> 16 & 0xff}`;
    world.server.take(request, socket.address(host, 1 + i % 60_000));
  }
  assertEquals(socket.retained, 0);
  assertEquals([...world.link.drainEvents()], []);
  assertEquals(world.link.clientCount, 0);
  assertEquals(world.network.sentBytes - sent, count * 21);
  assert(end.events.length === 0);
});

Deno.test("InsecureLink.open() answers strays 100 times per second at most", () => {
  const world = new World();
  const from = world.server.socket.address("10.0.0.9", 5);
  for (let i = 0; i < 1_000; i++) {
    const data = new Uint8Array(30).fill(i);
    data[0] = 6;
    world.server.take(data, from);
  }
  assertEquals(world.fromServer.length, 100);
  assert(world.fromServer.every((note) => note.length === 5 && note[0] === 10));
  assertEquals(world.link.counters.rateLimited, 900);
  world.pass(500);
  for (let i = 0; i < 1_000; i++) {
    world.server.take(new Uint8Array([6, 1, 2, 3, i, 5]), from);
  }
  assertEquals(world.fromServer.length, 150);
});

Deno.test("InsecureLink.open() challenges a session's new address every 20 ms at most", () => {
  const world = new World();
  const { end, peer } = world.connect();
  world.pass(60);
  // The accept is not repeated to who has been heard.
  assert(end.send(new Uint8Array(1), peer));
  world.pass(40);
  const sealed = new Uint8Array(1_400);
  const length = end.link.seal(new Uint8Array(5), peer, sealed);
  assertEquals(length, 10, "as small as a packet that only acknowledges");
  world.fromServer.length = 0;
  for (let i = 0; i < 100; i++) {
    const from = world.server.socket.address("10.9.9.9", 100 + i);
    world.server.take(sealed.subarray(0, length), from);
    world.server.pump(1);
  }
  assertEquals(world.fromServer.length, 5);
  assert(world.fromServer.every((challenge) => challenge.length === 10));
  // Less than the answer is not answered.
  world.pass(100);
  world.fromServer.length = 0;
  const from = world.server.socket.address("10.9.9.9", 99);
  world.server.take(sealed.subarray(0, 9), from);
  assertEquals(world.fromServer, []);
});

Deno.test("InsecureLink.open() takes the cookie of a path once, and not for ever", () => {
  const world = new World();
  const { end, peer } = world.connect();
  world.pass(100);
  const atServer = world.server.of("peerConnected")[0]!.peer;
  const home = end.socket.port;
  function move(port: number): Uint8Array {
    world.network.rebind(end.socket, "10.0.0.2", port);
    assert(end.send(new Uint8Array(20), peer));
    world.pass(60);
    assertEquals(world.link.addressOf(atServer)?.port, port);
    return world.toServer.findLast(([type]) => type === 8)!;
  }
  const away = move(700);
  move(home);
  // What the network repeats moves it nowhere.
  world.server.take(away, world.server.socket.address("10.0.0.2", 700));
  assertEquals(world.link.addressOf(atServer)?.port, home);
  assertEquals(world.link.counters.badCookie, 1);
  assertEquals(world.link.counters.moved, 2);

  // A response that comes too late.
  world.network.fate = (datagram) => {
    world.toServer.push(datagram.slice());
    return datagram[0] === 8 ? "drop" : "deliver";
  };
  world.network.rebind(end.socket, "10.0.0.2", 701);
  assert(end.send(new Uint8Array(20), peer));
  world.pass(60);
  const late = world.toServer.findLast(([type]) => type === 8)!;
  world.pass(10_000);
  world.server.take(late, world.server.socket.address("10.0.0.2", 701));
  assertEquals(world.link.addressOf(atServer)?.port, home);
});

Deno.test("InsecureLink.tick() repeats an accept that was lost, though nobody asks again", () => {
  const world = new World();
  const seen = new Map<number, number>();
  world.network.fate = ([type], from) => {
    const count = (seen.get(type!) ?? 0) + 1;
    seen.set(type!, count);
    if (from !== "10.0.0.1:9") return count === 1 ? "deliver" : "drop";
    return type === 4 && count <= 3 ? "drop" : "deliver";
  };
  const { end } = world.connect();
  world.pass(390);
  assertEquals(end.of("peerConnected").length, 1);
});

Deno.test("InsecureLink.tick() repeats an accept until the client's first data, and less than it was sent", () => {
  for (const isSilent of [true, false]) {
    const world = new World();
    const { end, peer } = world.connect();
    world.pass(150);
    if (!isSilent) {
      assert(end.send(new Uint8Array(1), peer));
      world.pass(20);
    }
    world.fromServer.length = 0;
    world.pass(10_000);
    const repeated = world.fromServer.length;
    assert(world.fromServer.every(([type]) => type === 4));
    if (isSilent) assert(repeated >= 10 && repeated * 13 < 300, `${repeated}`);
    else assertEquals(repeated, 0);
    assertEquals(world.link.nextTickMs, Infinity);
    assertEquals(end.events.length, 1);
  }
});

Deno.test("InsecureLink.open() tells a client that was thrown out before it knew that it was in", () => {
  const world = new World();
  world.network.fate = ([type], from) => {
    const isAccept = from === "10.0.0.1:9" && type === 4;
    return isAccept ? "drop" : "deliver";
  };
  const { end, peer } = world.connect();
  world.pass(50);
  const [event] = world.server.of("peerConnected");
  world.link.disconnect(event!.peer);
  world.pass(300);
  assertEquals(end.events.map((event) => ({ ...event, message: "" })), [
    { type: "peerEnded", peer, reason: "closed", message: "" },
  ]);
  assertEquals(world.link.counters.accepted, 1);
});

Deno.test("InsecureLink.tick() repeats a response several times before it begins anew", () => {
  const world = new World();
  world.network.fate = (datagram) => {
    world.toServer.push(datagram.slice());
    return datagram[0] === 3 ? "drop" : "deliver";
  };
  world.connect();
  world.pass(9_500);
  const types = world.toServer.map(([type]) => type).filter((type) =>
    type !== 2
  );
  assertEquals(types.slice(0, 6), [1, 3, 3, 3, 3, 1]);
  // A server that was started anew is found soon, and one that is slow is not flooded.
  assert(types.length > 35 && types.length < 55, `${types.length}`);
});

Deno.test("InsecureLink.connect() is quick under loss", () => {
  const latencies: number[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const world = new World({}, seed);
    world.network.fate = () => random.nextFloat() < 0.3 ? "drop" : "deliver";
    const { end } = world.connect();
    let ms = 0;
    while (end.events.length === 0) {
      world.pass(10);
      ms += 10;
    }
    assertEquals(end.events[0]!.type, "peerConnected", `seed ${seed}`);
    latencies.push(ms);
  }
  latencies.sort((a, b) => a - b);
  assert(latencies[100]! <= 250, `half of them take ${latencies[100]} ms`);
  assert(latencies[197]! <= 1_500, `1 % take ${latencies[197]} ms`);
});

Deno.test("InsecureLink.maxClientsPerHost bounds what one host takes", () => {
  const world = new World({ maxClientsPerHost: 2 });
  const clients = [1, 2, 3].map(() => world.connect("10.0.0.5"));
  const other = world.connect("10.0.0.6");
  world.pass(200);
  assertEquals(world.link.clientCount, 3);
  const refused = clients.filter(({ end }) => end.of("peerEnded").length > 0);
  assertEquals(refused.length, 1);
  assertEquals(other.end.of("peerConnected").length, 1);
  assertEquals(world.link.counters.hostFull, 1);
  const left = clients.find((client) => client !== refused[0])!;
  left.end.link.disconnect(left.peer);
  world.pass(50);
  world.connect("10.0.0.5");
  world.pass(200);
  assertEquals(world.link.clientCount, 3);
});

Deno.test("InsecureLink.authorize() is called 1,000 times per second at most, half of them for one host", () => {
  let calls = 0;
  const world = new World({ authorize: () => ++calls < 0 });
  const ends = ["10.0.0.2", "10.0.0.3", "10.0.0.4"].map((host) =>
    world.connect(host).end
  );
  world.pass(40);
  const responses = world.toServer.filter(([type]) => type === 3);
  calls = 0;
  for (const [i, { socket }] of ends.entries()) {
    const from = world.server.socket.address(socket.host, socket.port);
    const before = calls;
    for (let j = 0; j < 3_000; j++) world.server.take(responses[i]!, from);
    assert(calls - before <= 500, `${calls - before} for one host`);
  }
  assert(calls <= 1_000 && calls >= 900, `${calls}`);
  assertEquals(world.link.clientCount, 0);
});

Deno.test("InsecureLink refuses options that cannot work", () => {
  for (const options of [{ maxClients: -1 }, { connectTimeoutMs: 0 }]) {
    assertThrows(
      () => new InsecureLink({ protocol: PROTOCOL, ...options }),
      RangeError,
    );
  }
  assertThrows(
    () => new InsecureLink({ protocol: 5 as unknown as string }),
    TypeError,
    "protocol",
  );
  const link = new InsecureLink({ protocol: PROTOCOL });
  assertThrows(() => link.tick(-1), RangeError, "dt");
});

Deno.test("InsecureLink.open() throws at no mutant, and lets nobody in without proof", () => {
  const random = new SeededRandom(11);
  const world = new World();
  const { end, peer } = world.connect();
  world.pass(60);
  world.network.rebind(end.socket, "10.0.0.2", 800);
  end.send(new Uint8Array(40), peer);
  world.pass(60);
  const seeds = [...world.toServer, ...world.fromServer];
  assertEquals(
    [...new Set(seeds.map(([type]) => type))].toSorted(),
    [1, 2, 3, 4, 6, 7, 8],
  );
  seeds.push(new Uint8Array([9, 1, 2, 3, 4]), new Uint8Array([10, 1, 2, 3, 4]));
  world.network.fate = () => "drop";
  const { socket } = world.server;
  const count = SOAK ? 2_000_000 : 30_000;
  for (let i = 0; i < count; i++) {
    let mutant = seeds[random.nextU32() % seeds.length]!.slice();
    for (let changes = random.nextU32() % 4; changes >= 0; changes--) {
      const at = random.nextU32() % (mutant.length || 1);
      const how = random.nextU32() % 8;
      if (how === 0) mutant = mutant.slice(0, at);
      else if (how === 1) {
        const longer = new Uint8Array(mutant.length + 1 + at % 40);
        longer.set(mutant);
        mutant = longer;
      } else if (mutant.length > 0) {
        mutant[at] = how < 4 ? mutant[at]! ^ 1 << (at & 7) : random.nextU32();
      }
    }
    const from = socket.address(
      `10.3.${random.nextU32() & 0xff}.1`,
      1 + random.nextU32() % 60_000,
    );
    world.server.take(mutant, from);
    if (i % 1_000 === 0) world.server.pump(50);
  }
  assertEquals(world.link.clientCount, 1);
  assertEquals(world.link.counters.accepted, 1);
  assertEquals(socket.retained, 1);
  assertEquals(
    world.link.addressOf(world.server.of("peerConnected")[0]!.peer)?.port,
    800,
  );
});

Deno.test("InsecureLink.open() lets no host beyond its limit by moving to it", () => {
  const world = new World({ maxClientsPerHost: 1 });
  world.connect("10.0.0.2");
  const { end, peer } = world.connect("10.0.0.3");
  world.pass(100);
  assertEquals(world.link.clientCount, 2);
  // From another port of the first one's host, and then of its own.
  world.network.rebind(end.socket, "10.0.0.2", 20_000);
  end.send(new Uint8Array(10), peer);
  world.pass(100);
  assertEquals(world.server.of("peerMoved").length, 0);
  assertEquals(world.link.counters.hostFull, 1);
  world.network.rebind(end.socket, "10.0.0.3", 20_001);
  end.send(new Uint8Array(10), peer);
  world.pass(100);
  assertEquals(world.server.of("peerMoved").length, 1);
});
