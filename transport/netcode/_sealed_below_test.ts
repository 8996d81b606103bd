// TokenLink and NetcodeServer, where sockets count as sealed below.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { testDatagramLink } from "../link/_testing/datagram_link_conformance.ts";
import { LinkEnd } from "../link/_testing/link_end.ts";
import type { MemorySocket } from "../link/_testing/memory_network.ts";
import type { PeerId } from "../link/peer_id.ts";
import { PacketType } from "./_packet_type.ts";
import { Login } from "./_testing/login.ts";
import type { PlainClient } from "./_testing/plain_client.ts";
import { ServerWorld } from "./_testing/server_world.ts";
import { parseConnectToken } from "./connect_token.ts";
import type { NetcodeServerOptions } from "./netcode_server_options.ts";
import { TokenLink } from "./token_link.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const WEB_PORT = 443;
const ADDRESS = "203.0.113.7:40000";
const login = new Login();

testDatagramLink("NetcodeServer with sockets that are sealed below", {
  server: (maxClients) =>
    login.server(ADDRESS, { maxClients, isSealedBelow: () => true }),
  client: () => new TokenLink(),
  credentials: (_server, userData) => login.token([ADDRESS], { userData }),
  roams: false,
  moves: true,
});

/** A page with a link, or with bytes that a test writes. */
class Page {
  readonly link = new TokenLink();
  readonly end: LinkEnd;
  readonly socket: MemorySocket;
  /** What it was sent, beside what its link made of it. */
  readonly received: Uint8Array[] = [];

  constructor(socket: MemorySocket) {
    this.socket = socket;
    this.end = new LinkEnd(this.link, socket);
  }

  connect(token: Uint8Array): PeerId {
    return this.link.connect(this.to(), token);
  }

  send(bytes: Uint8Array): void {
    this.socket.send(bytes, this.to());
  }

  to(socket = this.socket) {
    return socket.address("10.0.0.1", WEB_PORT);
  }

  get ends(): string[] {
    return this.end.of("peerEnded").map(({ reason }) => reason);
  }
}

/** A server with a socket for UDP and one that is sealed below. */
class World extends ServerWorld {
  readonly web: MemorySocket;
  readonly pages: Page[] = [];
  /** What the server has sent to pages. */
  readonly answers: Uint8Array[] = [];

  constructor(options: Partial<NetcodeServerOptions> = {}) {
    super({ isSealedBelow, ...options });
    this.web = this.network.socket("10.0.0.1", WEB_PORT);
    this.end.bind(this.web);
    this.network.fate = (bytes, from) => {
      if (from.endsWith(`:${WEB_PORT}`)) this.answers.push(bytes.slice());
      return "deliver";
    };
  }

  override restart(): void {
    super.restart({ isSealedBelow });
    this.end.bind(this.web);
  }

  page(): Page {
    const page = new Page(this.network.socket("10.0.0.3"));
    this.pages.push(page);
    return page;
  }

  /** A page that is connected. */
  connected(token = this.token()): { page: Page; peer: PeerId; at: PeerId } {
    const page = this.page();
    const peer = page.connect(token);
    const before = this.end.of("peerConnected").length;
    this.settle();
    const event = this.end.of("peerConnected")[before];
    assert(event !== undefined, "the page did not come in");
    return { page, peer, at: event.peer };
  }

  override settle(): void {
    for (let i = 0; i < 4; i++) {
      super.settle();
      for (const { end } of this.pages) end.pump(0);
    }
  }

  override pass(ms: number, stepMs = 10): void {
    for (let left = ms; left > 0; left -= stepMs) {
      const step = Math.min(left, stepMs);
      for (const { end } of this.pages) end.pump(step);
      super.pass(step, step);
    }
  }

  /** What a page is answered with, and what the server counts. */
  answered(page: Page, bytes: Uint8Array): [number[][], object] {
    this.settle();
    this.answers.length = 0;
    const counted = this.counted(() => page.send(bytes));
    return [this.answers.map((answer) => [...answer]), counted];
  }
}

function isSealedBelow({ localAddress }: { localAddress: { port: number } }) {
  return localAddress.port === WEB_PORT;
}

/** A page's request, byte by byte. */
function request(
  client: PlainClient,
  secret = 1,
  key = client.token.clientToServerKey,
): Uint8Array {
  const bytes = new Uint8Array(1_126);
  bytes.set(client.request());
  bytes.set(key, 1_078);
  bytes.fill(secret, 1_110);
  return bytes;
}

function resume(index: number, secret: number, round = 0): Uint8Array {
  const bytes = new Uint8Array(21).fill(secret);
  bytes.set([3 + 16 * round, index, 0, 0, 0]);
  return bytes;
}

const KEEP_ALIVE = [4, 0, 0, 0, 0, 4, 0, 0, 0];
const NOTHING: number[][] = [];

Deno.test("NetcodeServer lets a page in by the bytes of a request, and says who it is", () => {
  const world = new World();
  const client = world.client({ userData: new Uint8Array([1, 2]) });
  const page = world.page();
  assertEquals(world.answered(page, request(client)), [
    [KEEP_ALIVE],
    { accepted: 1 },
  ]);
  const [event] = world.end.of("peerConnected");
  assertEquals(event?.clientId, 1n);
  assertEquals(event?.userData.slice(0, 3), new Uint8Array([1, 2, 0]));
  assertEquals(world.server.clientIdOf(event!.peer), 1n);
  // The answer may have been lost, and nothing new comes of it.
  assertEquals(world.answered(page, request(client)), [[KEEP_ALIVE], {}]);
  assertEquals(world.end.events.length, 1);
  const [payloads] = world.answered(page, new Uint8Array([5, 7, 8]));
  assertEquals(payloads, NOTHING);
  assertEquals(world.end.payloads, [
    { peer: event!.peer, bytes: new Uint8Array([7, 8]) },
  ]);
});

Deno.test("NetcodeServer silently refuses pages by the rules for UDP, and counts why", () => {
  const world = new World();
  const client = world.client({ expireSeconds: 100 });
  const good = request(client);
  function changed(at: number, by = 1): Uint8Array {
    const bytes = good.slice();
    bytes[at]! ^= by;
    return bytes;
  }
  const other = world.client({ expireSeconds: 100, addresses: ["10.0.0.9:9"] });
  const cases: [string, Uint8Array, object][] = [
    ["plain netcode", client.request(), { malformed: 1 }],
    ["cut", good.slice(0, -1), { malformed: 1 }],
    ["long", new Uint8Array([...good, 0]), { malformed: 1 }],
    ["version", changed(1), { wrongVersion: 1 }],
    ["protocol", changed(14), { wrongProtocol: 1 }],
    ["later expiry", changed(22), { badToken: 1 }],
    ["nonce", changed(30), { badToken: 1 }],
    ["token", changed(60), { badToken: 1 }],
    ["tag", changed(1_077), { badToken: 1 }],
    ["other server", request(other), { otherServer: 1 }],
  ];
  for (let bit = 0; bit < 256; bit += 5) {
    const at = 1_078 + (bit >> 3);
    cases.push([`proof ${at}`, changed(at, 1 << (bit & 7)), { badProof: 1 }]);
  }
  for (const [about, bytes, counted] of cases) {
    const page = world.page();
    assertEquals(world.answered(page, bytes), [NOTHING, counted], about);
    assertEquals(world.web.retained, 0, about);
    // Failures are bounded: the next window.
    world.pass(200, 200);
  }
  const expired = world.client({ expireSeconds: 10 });
  world.pass(10_000, 1_000);
  assertEquals(
    world.answered(world.page(), request(expired)),
    [NOTHING, { expired: 1 }],
  );
  assertEquals(world.end.events, []);
});

Deno.test("NetcodeServer shares places, indexes and client ids between UDP and pages", () => {
  const world = new World({ maxClients: 3 });
  const udp = world.client();
  const first = world.connectFully(udp);
  const { page, peer, at } = world.connected();
  assertEquals(page.link.clientIndexOf(peer), 1);
  assertEquals(page.link.maxClientsOf(peer), 3);
  assertEquals([first, at].map((id) => world.server.clientIndexOf(id)), [0, 1]);
  // The same client by another token, over either way.
  const again = world.page();
  again.connect(world.token({ clientId: 1n }));
  const twin = world.client({ clientId: 2n });
  assertEquals(
    world.counted(() => twin.send(twin.request())),
    { clientConnected: 2 },
  );
  assertEquals([twin.received, again.end.events], [[], []]);
  world.connected();
  const late = world.page();
  late.connect(world.token());
  const lateUdp = world.client();
  lateUdp.send(lateUdp.request());
  world.settle();
  assertEquals(late.ends, ["serverFull"]);
  assertEquals(lateUdp.of(PacketType.Denied).length, 1);
  // Each has its own.
  for (const id of [first, at]) {
    assert(
      world.end.send(new Uint8Array([9, world.server.clientIndexOf(id)!]), id),
    );
  }
  udp.sendPacket(PacketType.Payload, new Uint8Array([3]));
  page.end.send(new Uint8Array([4]), peer);
  world.settle();
  assertEquals(udp.of(PacketType.Payload)[0]?.body, new Uint8Array([9, 0]));
  assertEquals(page.end.payloads[0]?.bytes, new Uint8Array([9, 1]));
  assertEquals(world.end.payloads, [
    { peer: first, bytes: new Uint8Array([3]) },
    { peer: at, bytes: new Uint8Array([4]) },
  ]);
});

Deno.test("NetcodeServer takes a token over UDP or over sealed ways, never both", () => {
  const world = new World();
  // Over UDP first: asked, connected, gone.
  const udp = world.client();
  udp.send(udp.request());
  world.settle();
  const refused: [number[][], object] = [NOTHING, { tokenUsed: 1 }];
  assertEquals(world.answered(world.page(), request(udp)), refused);
  udp.respond();
  world.settle();
  assertEquals(world.answered(world.page(), request(udp)), refused);
  udp.sendPacket(PacketType.Disconnect);
  world.settle();
  assertEquals(world.server.clientCount, 0);
  assertEquals(world.answered(world.page(), request(udp)), refused);
  // And the other way round.
  const token = world.token();
  const { page, peer } = world.connected(token);
  const thief = world.clientWith(token);
  assertEquals(
    world.counted(() => thief.send(thief.request())),
    { tokenUsed: 1 },
  );
  page.link.disconnect(peer);
  world.settle();
  assertEquals(world.server.clientCount, 0);
  assertEquals(
    world.counted(() => thief.send(thief.request())),
    { tokenUsed: 1 },
  );
  assertEquals(thief.received, []);
});

Deno.test("NetcodeServer gives nothing to who has seen a request pass over UDP, and stopped it", () => {
  const world = new World();
  const victim = world.client();
  const seen = victim.request();
  const page = world.page();
  const { token } = victim;
  for (
    const key of [
      new Uint8Array(32),
      token.serverToClientKey,
      seen.slice(54, 86),
      seen.slice(1_046, 1_078),
    ]
  ) {
    const guess = request(victim, 1, key);
    assertEquals(world.answered(page, guess), [NOTHING, { badProof: 1 }]);
  }
  for (const length of [1_078, 1_110]) {
    const [answers] = world.answered(page, request(victim).slice(0, length));
    assertEquals(answers, NOTHING);
  }
  // Nor is the victim locked out by it.
  world.connectFully(victim);
});

Deno.test("NetcodeServer takes nothing unsealed from UDP", () => {
  const world = new World();
  const { page, at } = world.connected();
  const spoofer = world.client({}, world.network.socket("10.0.0.3"));
  const stranger = world.client({}, page.socket);
  for (
    const bytes of [
      request(spoofer),
      resume(0, 1),
      new Uint8Array(KEEP_ALIVE),
      new Uint8Array([5, 1, 2, 3]),
      new Uint8Array(1_201).fill(5),
      new Uint8Array([6]),
    ]
  ) {
    // From an address like any, and from the very host and port of the page.
    for (const from of [spoofer, stranger]) {
      const counted = world.counted(() => from.send(bytes));
      assert(
        "malformed" in counted || "unknownAddress" in counted ||
          "wrongType" in counted,
        JSON.stringify(counted),
      );
    }
  }
  assertEquals([spoofer.received, spoofer.strange], [[], []]);
  assertEquals(world.end.payloads, []);
  assertEquals(world.end.events.length, 1);
  assertEquals(world.server.addressOf(at)?.socket, world.web);
  // A client of UDP is not ended or spoken for either.
  const udp = world.client();
  const first = world.connectFully(udp);
  for (const bytes of [[5, 1, 2], [6], KEEP_ALIVE]) {
    udp.send(new Uint8Array(bytes));
    world.settle();
  }
  assertEquals(world.end.payloads, []);
  assert(world.end.send(new Uint8Array([1]), first));
});

Deno.test("NetcodeServer takes nothing sealed from sockets that are sealed below", () => {
  const world = new World();
  const { page } = world.connected();
  const client = world.client();
  const udp = world.client();
  world.connectFully(udp);
  for (const from of [page, world.page()]) {
    for (const key of [client, udp]) {
      for (
        const bytes of [
          key.request(),
          key.packet(PacketType.Response, new Uint8Array(308)),
          key.packet(PacketType.KeepAlive, new Uint8Array(8)),
          key.packet(PacketType.Disconnect),
        ]
      ) {
        const [answers] = world.answered(from, bytes);
        assertEquals(answers, NOTHING);
      }
    }
  }
  assertEquals(world.server.clientCount, 2);
  assertEquals(world.end.payloads, []);
});

Deno.test("NetcodeServer takes a token again when its page comes anew, and ends the session before", () => {
  const world = new World({ maxClients: 2 });
  world.connected();
  const token = world.token();
  const { page, peer, at } = world.connected(token);
  // Its connection is broken, which the server need not know; the page loads anew.
  page.socket.close();
  const next = world.connected(token);
  assertEquals(
    world.end.of("peerEnded").map(({ peer, reason }) => [peer, reason]),
    [
      [at, "closed"],
    ],
  );
  assert(next.at !== at);
  assertEquals(next.page.link.clientIndexOf(next.peer), 1);
  world.pass(100);
  // Two tabs with one token: the later one has it, and the other one is told.
  const third = world.connected(token);
  assertEquals(next.page.ends, ["closed"]);
  assert(third.page.end.send(new Uint8Array([1]), third.peer));
  world.settle();
  assertEquals(world.end.payloads.at(-1)?.peer, third.at);
  assertEquals(page.link.seal(new Uint8Array(1), peer, new Uint8Array(99)), 2);
  assertEquals(world.server.clientCount, 2);
  assertEquals(world.web.retained, 2);
  // A session that has ended well does the same.
  third.page.link.disconnect(third.peer);
  world.settle();
  world.pass(200);
  world.connected(token);
  // But not where nobody is let in any more: who is there stays.
  const events = world.end.events.length;
  world.server.stopAccepting();
  const late = world.page();
  late.connect(token);
  world.pass(200);
  assertEquals(late.ends, ["serverFull"]);
  assertEquals(world.end.events.length, events);
  assertEquals(world.server.clientCount, 2);
});

Deno.test("NetcodeServer lets a page connect anew over the connection that it has", () => {
  const world = new World();
  const token = world.token();
  const { page, peer, at } = world.connected(token);
  // All that the end is told is lost.
  world.network.fate = () => "drop";
  page.link.disconnect(peer);
  world.network.fate = () => "deliver";
  const again = page.connect(token);
  world.settle();
  assertEquals(page.end.of("peerConnected").map(({ peer }) => peer), [
    peer,
    again,
  ]);
  assertEquals(page.ends, []);
  assertEquals(world.end.of("peerEnded").map(({ peer }) => peer), [at]);
  assertEquals([world.server.clientCount, world.web.retained], [1, 1]);
  // Another client's token is refused there, as at any address that is connected.
  const [answers, counted] = world.answered(page, request(world.client()));
  assertEquals([answers, counted], [NOTHING, { addressConnected: 1 }]);
});

Deno.test("NetcodeServer expires tokens that come again", () => {
  const world = new World();
  const token = world.token({ expireSeconds: 10 });
  world.connected(token);
  world.pass(10_000, 50);
  const late = world.page();
  late.connect(token);
  assertEquals(world.counted(() => {}), { expired: 1 });
  assertEquals(world.server.clientCount, 1);
  assertEquals(late.end.events, []);
});

Deno.test("NetcodeServer begins nothing by the request of a session that is over, or is elsewhere", () => {
  const world = new World();
  const client = world.client();
  const page = world.page();
  world.answered(page, request(client, 1));
  // The same bytes from another connection.
  const other = world.page();
  assertEquals(
    world.answered(other, request(client, 1)),
    [NOTHING, { unexpected: 1 }],
  );
  world.server.disconnect(world.end.of("peerConnected")[0]!.peer);
  for (const from of [page, other]) {
    assertEquals(
      world.answered(from, request(client, 1)),
      [[[6]], { unexpected: 1 }],
    );
  }
  assertEquals(world.server.clientCount, 0);
  world.pass(200);
  assertEquals(
    world.answered(other, request(client, 2)),
    [[KEEP_ALIVE], { accepted: 1 }],
  );
});

Deno.test("NetcodeServer moves a session by its secret, also when its token has expired", () => {
  const world = new World();
  const { page, peer, at } = world.connected(world.token({ expireSeconds: 1 }));
  world.pass(2_000);
  page.socket.close();
  const socket = world.network.socket("10.0.0.4");
  page.end.bind(socket);
  assert(page.link.move(peer, page.to(socket)));
  assert(page.end.send(new Uint8Array([1]), peer));
  world.settle();
  const [moved, ...more] = world.end.of("peerMoved");
  assertEquals([moved?.peer, moved?.address.port], [at, socket.port]);
  assertEquals(more, []);
  assertEquals(world.end.payloads.length, 1, "it came right behind");
  assert(world.end.send(new Uint8Array([2]), at));
  world.settle();
  assertEquals(page.end.payloads.length, 1);
  assertEquals([world.web.retained, socket.retained], [1, 1]);
  world.pass(10_000);
  assertEquals([page.ends, world.end.of("peerEnded")], [[], []]);
  assertEquals(world.server.counters.moved, 1);
});

Deno.test("NetcodeServer moves nothing by another secret, index or round", () => {
  const world = new World();
  const page = world.page();
  const client = world.client();
  world.answered(page, request(client, 1));
  world.connectFully(world.client());
  const other = world.page();
  world.answered(other, request(world.client(), 2));
  const right = resume(0, 1);
  const thief = world.page();
  const wrong = [
    resume(0, 2),
    resume(1, 1),
    resume(1, 0),
    resume(2, 1),
    resume(3, 1),
    resume(0, 1, 1),
    new Uint8Array([3, 255, 255, 255, 255, ...right.slice(5)]),
  ];
  for (let bit = 0; bit < 128; bit++) {
    const bytes = right.slice();
    bytes[5 + (bit >> 3)]! ^= 1 << (bit & 7);
    wrong.push(bytes);
  }
  for (const bytes of wrong) {
    const round = bytes[0]! & 0xf0;
    assertEquals(
      world.answered(thief, bytes),
      [[[1 + round]], { unexpected: 1 }],
    );
  }
  for (const length of [0, 1, 5, 20]) {
    const [answers] = world.answered(thief, right.slice(0, length));
    assertEquals(answers, NOTHING);
  }
  // An address has one client.
  assertEquals(
    world.answered(other, right),
    [NOTHING, { addressConnected: 1 }],
  );
  assertEquals(world.end.of("peerMoved"), []);
  assertEquals(world.answered(page, right), [[KEEP_ALIVE], {}], "it is there");
  world.restart();
  assertEquals(world.answered(page, right), [[[1]], { unexpected: 1 }]);
});

Deno.test("NetcodeServer times pages out, and keeps them by what they send", () => {
  const world = new World();
  const short = world.connected(world.token({ timeoutSeconds: 2 }));
  const endless = world.connected(world.token({ timeoutSeconds: -1 }));
  world.pass(10_000, 50);
  assertEquals(world.end.of("peerEnded"), []);
  short.page.socket.close();
  endless.page.socket.close();
  world.pass(1_800, 50);
  assertEquals(world.end.of("peerEnded"), []);
  world.pass(400, 50);
  const [ended, ...more] = world.end.of("peerEnded");
  assertEquals([ended?.peer, ended?.reason, more], [short.at, "timedOut", []]);
  world.pass(60_000, 100);
  assertEquals(world.server.clientCount, 1);
});

Deno.test("NetcodeServer sends keep-alives to pages, and one before each payload until they are heard", () => {
  const world = new World();
  const page = world.page();
  world.answered(page, request(world.client()));
  const { peer } = world.end.of("peerConnected")[0]!;
  world.answers.length = 0;
  world.end.send(new Uint8Array([1]), peer);
  assertEquals(world.answers.map((bytes) => bytes[0]), [4, 5]);
  world.answered(page, new Uint8Array(9).fill(4, 0, 1));
  world.end.send(new Uint8Array([1]), peer);
  assertEquals(world.answers.map((bytes) => bytes[0]), [5]);
  world.answers.length = 0;
  world.pass(1_000);
  assertEquals(world.answers.map((bytes) => bytes[0]), Array(10).fill(4));
  world.answers.length = 0;
  world.server.disconnect(peer);
  assertEquals(world.answers.map((bytes) => [...bytes]), Array(10).fill([6]));
});

Deno.test("NetcodeServer says the end once where nothing is lost", () => {
  const world = new World();
  Object.assign(world.web, { isLossless: true });
  const { at } = world.connected();
  world.answers.length = 0;
  world.server.disconnect(at);
  assertEquals(world.answers.map((bytes) => [...bytes]), [[6]]);
});

Deno.test("NetcodeServer bounds how often one token can begin anew", () => {
  const world = new World();
  const client = world.client();
  let last = 0;
  for (let ms = 0; ms < 1_000; ms += 2) {
    world.page().send(request(client, ms % 250 + 1 + (ms > 500 ? 1 : 0)));
    world.end.pump(2);
    world.network.advance(0);
    last = world.server.counters.accepted;
  }
  assert(last >= 15 && last <= 23, `${last}`);
  assertEquals(world.server.clientCount, 1);
  assertEquals(world.web.retained, 1);
});

Deno.test("NetcodeServer survives whatever pages send", () => {
  const seed = 11;
  const random = new SeededRandom(seed);
  const world = new World();
  const out = new Uint8Array(1_400);
  const client = world.client();
  const { page, at } = world.connected();
  const strangers = Array.from({ length: 4 }, () => world.page());
  world.answered(strangers[0]!, request(client, 1));
  const good = [
    request(client, 1),
    request(world.client(), 2),
    resume(1, 1),
    new Uint8Array(KEEP_ALIVE),
    new Uint8Array([5, ...Array(1_199).fill(1)]),
    new Uint8Array([6]),
    new Uint8Array([1]),
  ];
  const froms = [...strangers, page].map(({ socket }) =>
    world.web.address(socket.host, socket.port)
  );
  let payloads = 0;
  for (let i = 0; i < (IS_SOAK ? 2_000_000 : 2_000); i++) {
    const about = `seed ${seed}, case ${i}`;
    let bytes = good[random.nextU32() % good.length]!.slice();
    const kind = random.nextU32() % 4;
    if (kind === 0) bytes = bytes.slice(0, random.nextU32() % bytes.length);
    else if (kind === 1) {
      bytes = new Uint8Array(random.nextU32() % 64);
      random.fill(bytes);
    } else {
      for (let flips = 1 + random.nextU32() % 3; flips > 0; flips--) {
        bytes[random.nextU32() % bytes.length]! ^= 1 << random.nextU32() % 8;
      }
    }
    const copy = bytes.slice();
    const from = froms[random.nextU32() % froms.length]!;
    const isKnown = from.port === page.socket.port;
    // The one good client says nothing that ends it.
    if (isKnown && bytes.length === 1 && bytes[0]! % 16 === 6) continue;
    const length = world.server.open(bytes, from, out);
    assertEquals(bytes, copy, about);
    assert(length === 0 || length === bytes.length - 1, about);
    payloads += length > 0 ? 1 : 0;
    if (i % 64 === 0) {
      page.send(new Uint8Array(KEEP_ALIVE));
      world.end.pump(10);
      world.network.advance(0);
    }
    assert(world.server.clientCount <= 4, about);
    assert(world.web.retained <= 4, about);
  }
  assert(payloads > 50);
  assertEquals(world.server.clientIndexOf(at), 0);
  assert(world.end.send(new Uint8Array([1]), at));
});

Deno.test("NetcodeServer tells pages with the same token by it alone", () => {
  const world = new World();
  const token = world.token();
  const { clientToServerKey } = parseConnectToken(token);
  const { page } = world.connected(token);
  // The key of one token is no proof for another.
  const other = world.client();
  const [answers, counted] = world.answered(
    world.page(),
    request(other, 1, clientToServerKey),
  );
  assertEquals([answers, counted], [NOTHING, { badProof: 1 }]);
  assertEquals(page.ends, []);
});

Deno.test("NetcodeServer bounds what tokens without their keys cost it", () => {
  const world = new World();
  const client = world.client();
  const page = world.page();
  for (let i = 0; i < 1_000; i++) {
    page.send(request(client, 1, new Uint8Array(32)));
  }
  world.settle();
  const { badProof, rateLimited } = world.server.counters;
  assert(badProof >= 50 && badProof <= 200, `${badProof}`);
  assertEquals(badProof + rateLimited, 1_000);
});

Deno.test("NetcodeServer keeps nothing of the bytes that it was lent", () => {
  const world = new World();
  const page = world.page();
  const from = world.web.address(page.socket.host, page.socket.port);
  const bytes = request(world.client(), 1);
  world.server.open(bytes, from, new Uint8Array(1_400));
  bytes.fill(9);
  assertEquals(world.answered(page, resume(0, 1)), [[KEEP_ALIVE], {}]);
});

Deno.test("NetcodeServer takes nothing of an earlier session at the same address", () => {
  const world = new World();
  const page = world.page();
  const client = world.client();
  world.answered(page, request(client, 1));
  const second = request(client, 2);
  second[0] = 16;
  assertEquals(
    world.answered(page, second),
    [[[4 + 16, ...KEEP_ALIVE.slice(1)]], { accepted: 1 }],
  );
  for (const bytes of [[5, 1], [6], KEEP_ALIVE]) {
    assertEquals(
      world.answered(page, new Uint8Array(bytes)),
      [NOTHING, { unexpected: 1 }],
    );
  }
  assertEquals([world.end.payloads, world.server.clientCount], [[], 1]);
  world.answered(page, new Uint8Array([5 + 16, 1]));
  assertEquals(world.end.payloads.length, 1);
});

Deno.test("NetcodeServer takes a resume for a sign of life", () => {
  const world = new World();
  const token = world.client({ timeoutSeconds: 2 });
  world.answered(world.page(), request(token, 1));
  for (let i = 0; i < 4; i++) {
    world.pass(1_500, 50);
    assertEquals(world.answered(world.page(), resume(0, 1))[0], [KEEP_ALIVE]);
  }
  world.pass(2_100, 50);
  assertEquals(world.server.clientCount, 0);
});
