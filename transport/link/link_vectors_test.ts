// The datagrams of section 1 of PROTOCOL.md, both ways.
import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import type { Random } from "../../core/mod.ts";
import vectors from "../vectors/link.json" with { type: "json" };
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { LinkEnd } from "./_testing/link_end.ts";
import { MemoryNetwork } from "./_testing/memory_network.ts";
import { InsecureLink } from "./insecure_link.ts";
import type { InsecureLinkOptions } from "./insecure_link_options.ts";

const { datagrams } = vectors;
const PROTOCOL = "tanks 3";
const USER_DATA = new Uint8Array([1, 2, 3]);
/** The server's clock when the session begins. */
const STAMP_MS = 3_000;

/** The bytes 00 01 02 … as words, and a0 a1 a2 … as bytes. */
class CountingRandom implements Random {
  #word = 0;
  #byte = 0xa0;

  nextU32(): number {
    return (0x0302_0100 + 0x0404_0404 * this.#word++) >>> 0;
  }

  nextFloat(): number {
    return 0;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#byte++;
  }
}

/** A link, and everything it sends in hexadecimal. */
class Wire {
  readonly end: LinkEnd;
  /** Where the other ones are, as this one sees it. */
  readonly peer: DatagramAddress;
  readonly moved: DatagramAddress;
  #sent: string[] = [];

  constructor(peer: string, port: number, options: InsecureLinkOptions) {
    const network = new MemoryNetwork();
    network.fate = (datagram, _from, to) => {
      this.#sent.push(`${to} ${encodeHex(datagram)}`);
      return "drop";
    };
    const socket = network.socket("10.0.0.1", 9000);
    this.end = new LinkEnd(
      new InsecureLink({ random: new CountingRandom(), ...options }),
      socket,
    );
    this.peer = socket.address(peer, port);
    this.peer.retain();
    this.moved = socket.address("10.0.0.9", 6000);
    this.moved.retain();
  }

  take(datagram: string, from = this.peer): void {
    this.end.take(decodeHex(datagram), from);
    this.end.events.push(...this.end.link.drainEvents());
  }

  /** What was sent since the last call, and where to. */
  sent(): string[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }
}

function server(options: Partial<InsecureLinkOptions> = {}): Wire {
  const wire = new Wire("10.0.0.2", 5000, {
    protocol: PROTOCOL,
    maxClients: 1,
    ...options,
  });
  wire.end.link.tick(STAMP_MS / 1_000);
  return wire;
}

Deno.test("InsecureLink of a server answers the datagrams of the vectors", () => {
  const wire = server();
  const to = `${wire.peer} `;
  wire.take(datagrams.request);
  assertEquals(wire.sent(), [to + datagrams.challenge]);
  wire.take(datagrams.response);
  assertEquals(wire.sent(), [to + datagrams.accept]);
  const [connected] = wire.end.of("peerConnected");
  assertEquals(connected?.userData, USER_DATA);

  wire.take(datagrams.data);
  const [payload] = wire.end.payloads;
  assertEquals(payload?.bytes, decodeHex(datagrams.data.slice(10)));
  wire.end.send(payload!.bytes, payload!.peer);
  assertEquals(wire.sent(), [to + datagrams.data]);

  // By the clock of its first five seconds.
  wire.take(datagrams.data, wire.moved);
  assertEquals(wire.sent(), [`${wire.moved} ${datagrams.pathChallenge}`]);
  wire.take(datagrams.pathResponse, wire.moved);
  assertEquals(wire.end.of("peerMoved").length, 1);
  wire.end.send(payload!.bytes, payload!.peer);
  assertEquals(wire.sent(), [`${wire.moved} ${datagrams.data}`]);

  wire.end.link.disconnect(payload!.peer);
  const close = `${wire.moved} ${datagrams.close}`;
  assertEquals(wire.sent(), [close, close, close]);
  wire.take(datagrams.data, wire.moved);
  assertEquals(wire.sent(), [`${wire.moved} ${datagrams.unknownSession}`]);
});

Deno.test("InsecureLink of a client answers the datagrams of the vectors", () => {
  const wire = new Wire("10.0.0.7", 9000, { protocol: PROTOCOL });
  const to = `${wire.peer} `;
  const peer = wire.end.link.connect(wire.peer, USER_DATA);
  assertEquals(wire.sent(), [to + datagrams.request]);
  wire.take(datagrams.challenge);
  assertEquals(wire.sent(), [to + datagrams.response]);
  wire.take(datagrams.accept);
  assertEquals(wire.end.of("peerConnected").length, 1);

  wire.end.send(decodeHex(datagrams.data.slice(10)), peer);
  assertEquals(wire.sent(), [to + datagrams.data]);
  wire.take(datagrams.data);
  assertEquals(wire.end.payloads.length, 1);
  wire.take(datagrams.pathChallenge);
  assertEquals(wire.sent(), [to + datagrams.pathResponse]);
  wire.take(datagrams.close);
  assertEquals(wire.end.of("peerEnded").map(({ reason }) => reason), [
    "closed",
  ]);
  assertEquals(wire.sent(), []);
});

Deno.test("InsecureLink refuses as the vectors do, and understands it", () => {
  const full = server({ maxClients: 1, maxClientsPerHost: 1 });
  full.take(datagrams.response, full.peer);
  full.sent();
  full.take(datagrams.request, full.moved);
  const cookie = full.sent()[0]!.split(" ")[1]!.slice(18);
  const response = datagrams.response.slice(0, 34) + cookie +
    datagrams.response.slice(58);
  full.take(response, full.moved);
  assertEquals(full.sent(), [`${full.moved} ${datagrams.refuseFull}`]);

  const denying = server({ authorize: () => false });
  denying.take(datagrams.response);
  assertEquals(denying.sent(), [`${denying.peer} ${datagrams.refuseDenied}`]);

  const other = server();
  other.take(vectors.otherProtocolRequest);
  assertEquals(other.sent(), [
    `${other.peer} ${datagrams.refuseWrongProtocol}`,
  ]);

  const ended = server();
  ended.take(datagrams.response);
  ended.sent();
  ended.end.link.disconnect(ended.end.of("peerConnected")[0]!.peer);
  ended.sent();
  ended.take(datagrams.response);
  assertEquals(ended.sent(), [`${ended.peer} ${datagrams.refuseEnded}`]);

  for (
    const [datagram, reason] of [
      [datagrams.refuseFull, "serverFull"],
      [datagrams.refuseDenied, "denied"],
      [datagrams.refuseWrongProtocol, "wrongProtocol"],
      [datagrams.refuseEnded, "closed"],
    ] as const
  ) {
    const client = new Wire("10.0.0.7", 9000, { protocol: PROTOCOL });
    client.end.link.connect(client.peer, USER_DATA);
    client.take(datagram);
    assertEquals(client.end.of("peerEnded").map((event) => event.reason), [
      reason,
    ]);
  }

  const client = new Wire("10.0.0.7", 9000, { protocol: PROTOCOL });
  client.end.link.connect(client.peer, USER_DATA);
  client.take(datagrams.challenge);
  client.take(datagrams.accept);
  client.take(datagrams.unknownSession);
  assertEquals(client.end.of("peerEnded").map((event) => event.reason), [
    "unknownSession",
  ]);
});

Deno.test("InsecureLink takes the longest user data, and drops every vector that is malformed", () => {
  const wire = server();
  wire.take(vectors.longestRequest);
  assertEquals(wire.sent(), [`${wire.peer} ${datagrams.challenge}`]);
  for (const { name, bytes } of vectors.refused) {
    const before = (wire.end.link as InsecureLink).counters.malformed;
    wire.take(bytes);
    const { malformed } = (wire.end.link as InsecureLink).counters;
    assertEquals([name, malformed - before], [name, 1]);
    assertEquals(wire.sent(), [], name);
  }
});
