import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { LinkEnd, pass } from "../link/_testing/link_end.ts";
import {
  MemoryNetwork,
  type MemorySocket,
} from "../link/_testing/memory_network.ts";
import type { PeerId } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { encodeConnectToken } from "./connect_token.ts";
import { TokenLink } from "./token_link.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const KEEP_ALIVE = [4, 3, 0, 0, 0, 16, 0, 0, 0];

/** A token with bytes that tell its parts apart; nobody opens its private part here. */
function token(timeoutSeconds = 5, expireSeconds = 1_030n): Uint8Array {
  return encodeConnectToken({
    protocolId: 0x1122_3344_5566_7788n,
    createSeconds: 1_000n,
    expireSeconds,
    nonce: new Uint8Array(24).fill(1),
    privateData: new Uint8Array(1_024).fill(2),
    timeoutSeconds,
    addresses: ["203.0.113.7:40000"],
    clientToServerKey: new Uint8Array(32).fill(3),
    serverToClientKey: new Uint8Array(32).fill(4),
  });
}

/** A link, and a server of bytes that a test writes. */
class World {
  readonly network = new MemoryNetwork();
  readonly server: MemorySocket = this.network.socket("10.0.0.1", 443);
  readonly link = new TokenLink({ random: new SeededRandom(1) });
  readonly end = new LinkEnd(this.link, this.network.socket());
  /** What the server was sent, and when. */
  readonly sent: { ms: number; from: number; bytes: Uint8Array }[] = [];

  connect(bytes = token()): PeerId {
    return this.link.connect(this.to(this.end.socket), bytes);
  }

  connected(bytes?: Uint8Array): PeerId {
    const peer = this.connect(bytes);
    this.say(KEEP_ALIVE);
    this.pass(5);
    assertEquals(this.end.events.pop()?.type, "peerConnected");
    this.sent.length = 0;
    return peer;
  }

  to(socket: MemorySocket): DatagramAddress {
    return socket.address("10.0.0.1", 443);
  }

  say(bytes: readonly number[], socket = this.end.socket): void {
    const to = this.server.address(socket.host, socket.port);
    this.server.send(new Uint8Array(bytes), to);
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 5) {
      pass(this.network, [this.end], 5);
      this.server.poll((bytes, { port }) => {
        const ms = this.network.nowMs;
        this.sent.push({ ms, from: port, bytes: bytes.slice() });
      });
    }
  }

  types(): number[] {
    return this.sent.map(({ bytes }) => bytes[0]!);
  }
}

function endOf(world: World): string | undefined {
  const event = world.end.events.pop();
  return event?.type === "peerEnded" ? event.reason : event?.type;
}

Deno.test("TokenLink asks at once and ten times a second, with netcode's request, its key and a secret", () => {
  const world = new World();
  world.connect();
  world.pass(1_000);
  assertEquals(
    world.sent.map(({ ms }) => ms),
    Array.from({ length: 10 }, (_, i) => 5 + 100 * i),
  );
  const secrets = new Set<string>();
  for (const { bytes } of world.sent) {
    const request = token();
    assertEquals(bytes.length, 1_078 + 32 + 16);
    assertEquals(bytes[0], 0);
    assertEquals(bytes.slice(1, 22), request.slice(0, 21), "to the protocol");
    assertEquals(bytes.slice(22, 30), request.slice(29, 37), "expiry");
    assertEquals(bytes.slice(30, 1_078), request.slice(37, 1_085), "sealed");
    assertEquals(bytes.slice(1_078, 1_110), new Uint8Array(32).fill(3));
    secrets.add(bytes.slice(1_110).join());
  }
  assertEquals(secrets.size, 1, "a repetition is the same session");
  world.say(KEEP_ALIVE);
  world.pass(10);
  assertEquals(world.end.of("peerConnected").length, 1);
});

Deno.test("TokenLink connects by a keep-alive, which says where this end stands", () => {
  const world = new World();
  const peer = world.connect();
  assertEquals(world.link.clientIndexOf(peer), undefined);
  assertEquals(world.link.maxClientsOf(peer), undefined);
  assertEquals(
    world.link.seal(new Uint8Array(1), peer, new Uint8Array(1_400)),
    0,
  );
  world.say([5, 1, 2, 3]);
  world.pass(10);
  assertEquals(world.end.payloads, [], "it is not in yet");
  assertEquals(world.link.counters.unexpected, 1);
  world.say(KEEP_ALIVE);
  world.say([5, 1, 2, 3]);
  world.pass(10);
  assertEquals(world.end.payloads, [
    { peer, bytes: new Uint8Array([1, 2, 3]) },
  ]);
  assertEquals(world.link.clientIndexOf(peer), 3);
  assertEquals(world.link.maxClientsOf(peer), 16);
  assert(world.end.send(new Uint8Array([9, 8]), peer));
  world.pass(10);
  assertEquals(world.sent.at(-1)?.bytes, new Uint8Array([5, 9, 8]));
});

Deno.test("TokenLink sends a keep-alive when it has sent nothing for 100 ms", () => {
  const world = new World();
  const peer = world.connected();
  world.pass(1_000);
  assertEquals(world.sent.length, 10);
  for (const { bytes } of world.sent) {
    assertEquals(bytes, new Uint8Array([4, 0, 0, 0, 0, 0, 0, 0, 0]));
  }
  world.sent.length = 0;
  for (let i = 0; i < 20; i++) {
    world.end.send(new Uint8Array([1]), peer);
    world.pass(50);
  }
  assertEquals(new Set(world.types()), new Set([5]));
});

Deno.test("TokenLink gives up by the token's timeout, expiry and the server's word", () => {
  for (
    const [timeoutSeconds, expire, reason, atMs] of [
      [5, 1_030n, "noAnswer", 5_000],
      [5, 1_002n, "tokenExpired", 2_000],
      [-1, 1_007n, "tokenExpired", 7_000],
      [0, 1_007n, "tokenExpired", 7_000],
      [1, 0xffff_ffff_ffff_ffffn, "noAnswer", 1_000],
    ] as const
  ) {
    const world = new World();
    world.connect(token(timeoutSeconds, expire));
    world.pass(atMs - 10);
    assertEquals(world.end.events, []);
    world.pass(15);
    assertEquals(endOf(world), reason);
    assertEquals(world.end.socket.retained, 0);
    assertEquals(world.link.nextTickMs, Infinity);
  }
  for (
    const [said, reason] of [[1, "serverFull"], [6, "closed"]] as const
  ) {
    const world = new World();
    world.connect();
    world.say([said]);
    world.pass(5);
    assertEquals(endOf(world), reason);
  }
});

Deno.test("TokenLink ends a session that is silent or closed, not one that is refused late or old", () => {
  const silent = new World();
  silent.connected();
  silent.pass(4_990);
  assertEquals(silent.end.events, []);
  silent.pass(15);
  assertEquals(endOf(silent), "timedOut");
  for (const spoken of [[4, 0, 0, 0, 0, 1, 0, 0, 0], [5, 1]]) {
    const world = new World();
    // It outlives its token.
    world.connected(token(1, 1_001n));
    for (let i = 0; i < 10; i++) {
      world.say(spoken);
      world.say([1]);
      world.pass(500);
    }
    assertEquals(world.end.events, []);
    world.say([6]);
    world.pass(5);
    assertEquals(endOf(world), "closed");
  }
  const endless = new World();
  endless.connected(token(-1));
  endless.pass(60_000);
  assertEquals(endless.end.events, []);
});

Deno.test("TokenLink does not take a stall of its own for silence", () => {
  const world = new World();
  world.connected();
  world.say([5, 1]);
  world.network.advance(30_000);
  world.end.pump(30_000);
  assertEquals(world.end.payloads.length, 1);
  world.pass(100);
  assertEquals(world.end.events, []);
  world.end.pump(30_000);
  assertEquals(world.link.nextTickMs, 0);
  world.end.pump(0);
  assertEquals(endOf(world), "timedOut");
});

Deno.test("TokenLink gives a silent server up however long its ticks are", () => {
  for (const ms of [50, 300, 1_000, 6_000]) {
    const world = new World();
    world.connected();
    // At the latest with the second tick after the timeout of 5 s.
    for (let passed = 0; passed < 5_000 + 2 * ms; passed += ms) {
      world.end.pump(ms);
    }
    assertEquals(endOf(world), "timedOut");
  }
});

Deno.test("TokenLink takes nothing of an earlier session at the same address", () => {
  const world = new World();
  for (let i = 0; i < 40; i++) {
    const round = i % 16 * 16;
    const peer = world.connect();
    world.pass(5);
    assertEquals(world.sent.at(-1)?.bytes[0], round);
    const earlier = (i + 15) % 16 * 16;
    world.say([earlier + 4, ...KEEP_ALIVE.slice(1)]);
    world.say([earlier + 1]);
    world.say([earlier + 6]);
    world.pass(5);
    assertEquals(world.end.events, []);
    world.say([round + 4, ...KEEP_ALIVE.slice(1)]);
    world.say([earlier + 5, 1]);
    world.say([earlier + 6]);
    world.say([round + 5, 2]);
    world.pass(5);
    assertEquals(world.end.events.pop()?.type, "peerConnected");
    assertEquals(world.end.payloads.pop()?.bytes, new Uint8Array([2]));
    assertEquals(world.end.payloads, []);
    world.link.disconnect(peer);
    world.pass(5);
    assertEquals(world.types().slice(-10), Array(10).fill(round + 6));
    world.sent.length = 0;
  }
  assertEquals(world.link.counters.unknownSession, 40 * 5);
});

Deno.test("TokenLink says its end once where nothing is lost", () => {
  const world = new World();
  Object.assign(world.end.socket, { isLossless: true });
  world.link.disconnect(world.connected());
  world.pass(10);
  assertEquals(world.types(), [6]);
});

Deno.test("TokenLink.move() asks from the new address until the server follows", () => {
  const world = new World();
  const peer = world.connect();
  world.pass(5);
  const secret = world.sent[0]!.bytes.slice(1_110);
  world.say(KEEP_ALIVE);
  world.pass(5);
  const other = world.network.socket();
  world.end.bind(other);
  world.sent.length = 0;
  assert(world.link.move(peer, world.to(other)));
  for (let i = 0; i < 30; i++) {
    // What it has to say besides does not keep it from asking.
    world.end.send(new Uint8Array([7]), peer);
    world.pass(10);
  }
  const resumes = world.sent.filter(({ bytes }) => bytes[0] === 3);
  assertEquals(resumes.length, 3);
  for (const { from, bytes } of resumes) {
    assertEquals(from, other.port);
    assertEquals(bytes, new Uint8Array([3, 3, 0, 0, 0, ...secret]));
  }
  // From where it was nothing comes any more.
  world.say([6]);
  world.say([5, 1]);
  world.pass(5);
  assertEquals([world.end.payloads.length, world.end.events.length], [0, 1]);
  world.say([4, 3, 0, 0, 0, 16, 0, 0, 0], other);
  world.say([5, 2], other);
  world.sent.length = 0;
  world.pass(500);
  assertEquals(world.end.payloads.length, 1);
  assertEquals(new Set(world.types()), new Set([4]));
  assertEquals([world.end.socket.retained, other.retained], [0, 1]);
});

Deno.test("TokenLink asks by the ticks that it wants, whatever else it sends", () => {
  const world = new World();
  const peer = world.connected();
  const other = world.network.socket();
  world.end.bind(other);
  assert(world.link.move(peer, world.to(other)));
  // Another session wants ticks at other times.
  world.link.tick(0.05);
  const second = world.link.connect(world.to(world.network.socket()), token());
  let ms = 50;
  const asked: number[] = [];
  world.network.fate = ([type]) => {
    if (type === 3) asked.push(ms);
    return "drop";
  };
  while (ms < 450) {
    const { nextTickMs } = world.link;
    ms += nextTickMs;
    world.link.tick(nextTickMs / 2_000);
    world.end.send(new Uint8Array([7]), peer);
    world.link.tick(nextTickMs / 2_000);
  }
  assertEquals(asked, [100, 200, 300, 400]);
  world.link.disconnect(peer);
  world.link.disconnect(second);
  assertEquals(world.link.nextTickMs, Infinity);
});

Deno.test("TokenLink.move() ends a session that the server does not know", () => {
  const world = new World();
  const peer = world.connected();
  const other = world.network.socket();
  world.end.bind(other);
  assert(world.link.move(peer, world.to(other)));
  world.say([1], other);
  world.pass(5);
  assertEquals(endOf(world), "unknownSession");
  assertEquals(other.retained, 0);
});

Deno.test("TokenLink.move() keeps two sessions apart", () => {
  const world = new World();
  const peer = world.connected();
  const other = world.network.socket();
  world.end.bind(other);
  const second = world.link.connect(world.to(other), token());
  assertEquals(world.link.move(peer, world.to(other)), false);
  world.link.disconnect(second);
  assert(world.link.move(peer, world.to(other)));
});

Deno.test("TokenLink.connect() ends at once what can be nothing", () => {
  const world = new World();
  const damaged = token();
  damaged[12] = 1;
  for (
    const bytes of [
      new Uint8Array(),
      new Uint8Array(2_048),
      damaged,
      token().slice(1),
    ]
  ) {
    const peer = world.connect(bytes);
    world.pass(5);
    const [event] = world.end.events.splice(0);
    assert(event?.type === "peerEnded");
    assertEquals([event.peer, event.reason], [peer, "invalidToken"]);
    world.link.disconnect(peer);
  }
  assertEquals([world.sent, world.end.socket.retained], [[], 0]);
  const first = world.connect();
  const second = world.connect();
  world.pass(5);
  assertEquals(endOf(world), "denied");
  assertEquals(world.link.addressOf(second), undefined);
  assertEquals(world.link.addressOf(first)?.port, 443);
});

Deno.test("TokenLink.disconnect() ends a session once, whatever sends does meanwhile", () => {
  for (const fails of [false, true]) {
    const world = new World();
    const { link } = world;
    const peer = world.connected();
    let sent = 0;
    link.bind(() => {
      sent++;
      link.disconnect(peer);
      if (fails) throw new Error("The socket is closed");
    });
    if (fails) assertThrows(() => link.disconnect(peer), Error, "socket");
    else link.disconnect(peer);
    assertEquals(sent, fails ? 1 : 10);
    link.disconnect(peer);
    assertEquals(link.nextTickMs, Infinity);
    assertEquals(world.end.socket.retained, 0);
  }
});

Deno.test("TokenLink.connect() leaves nothing of what it refused", () => {
  const link = new TokenLink();
  const socket = new MemoryNetwork().socket();
  for (let i = 0; i < 70_000; i++) {
    link.connect(socket.localAddress, new Uint8Array(1));
    for (const event of link.drainEvents()) {
      assertEquals(event.type, "peerEnded");
    }
  }
});

Deno.test("TokenLink refuses what is a mistake", () => {
  const world = new World();
  const peer = world.connected();
  const out = new Uint8Array(1_400);
  assertThrows(() => world.link.seal(new Uint8Array(0), peer, out), RangeError);
  assertThrows(
    () => world.link.seal(new Uint8Array(1_201), peer, out),
    RangeError,
    "Cannot seal a payload as its length must be 1 to 1200: current value is 1201",
  );
  assertEquals(world.link.seal(new Uint8Array(1_200), peer, out), 1_201);
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => world.link.tick(dt), RangeError);
  }
});

Deno.test("TokenLink survives whatever a server sends", () => {
  const seed = 8;
  const random = new SeededRandom(seed);
  let world = new World();
  let peer = world.connected();
  const cases = [KEEP_ALIVE, [1], [6], [5, 1], [5, ...Array(1_199).fill(1)]];
  const out = new Uint8Array(1_400);
  let ended = 0;
  for (let i = 0; i < (IS_SOAK ? 1_000_000 : 2_000); i++) {
    let bytes = Uint8Array.from(cases[random.nextU32() % cases.length]!);
    const kind = random.nextU32() % 4;
    if (kind === 0) bytes = bytes.slice(0, random.nextU32() % bytes.length);
    else if (kind === 1) {
      bytes = new Uint8Array(random.nextU32() % 1_400);
      random.fill(bytes);
    }
    for (
      let flips = random.nextU32() % 3;
      flips > 0 && bytes.length > 0;
      flips--
    ) {
      bytes[random.nextU32() % bytes.length]! ^= 1 << random.nextU32() % 8;
    }
    const copy = bytes.slice();
    const length = world.link.open(bytes, world.to(world.end.socket), out);
    assertEquals(bytes, copy);
    const isPayload = bytes[0] === 5 && bytes.length >= 2 &&
      bytes.length <= 1_201;
    assertEquals(
      length,
      isPayload ? bytes.length - 1 : 0,
      `seed ${seed}, case ${i}`,
    );
    for (const event of world.link.drainEvents()) {
      assert(event.type === "peerEnded" && event.reason === "closed");
      assertEquals([bytes, event.peer], [new Uint8Array([6]), peer]);
      ended++;
      world = new World();
      peer = world.connected();
    }
  }
  assert(ended > 10);
});

Deno.test("TokenLink.connect() keeps no events for whom it has no slot", {
  // All slots have to be taken, which takes seconds.
  ignore: !IS_SOAK,
}, () => {
  const link = new TokenLink({ random: new SeededRandom(1) });
  const credentials = token(-1);
  const { socket } = new World().end;
  let connected = 0;
  function connect(host: number): PeerId {
    const to = socket.address(`10.1.${host >> 8}.${host & 255}`, 443);
    const peer = link.connect(to, credentials);
    link.open(
      Uint8Array.of(4 | connected++ % 16 << 4, ...KEEP_ALIVE.slice(1)),
      to,
      new Uint8Array(9),
    );
    return peer;
  }
  const peers = Array.from({ length: 65_536 }, (_, i) => connect(i));
  const events = link.drainEvents()[Symbol.iterator]();
  // Room for one more peer's two events, and not for those of a second one.
  for (let i = 0; i < 2; i++) assertEquals(events.next().done, false);
  assertThrows(() => connect(65_536), RangeError, "no slot is free");
  link.disconnect(peers[0]!);
  connect(65_536);
});
