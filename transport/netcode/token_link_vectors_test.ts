// The datagrams of section 8 of PROTOCOL.md, both ways.
import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { ManualClock, type Random, SeededRandom } from "../../core/mod.ts";
import { LinkEnd } from "../link/_testing/link_end.ts";
import { MemoryNetwork } from "../link/_testing/memory_network.ts";
import type { DatagramLink } from "../link/datagram_link.ts";
import vectors from "./vectors/token_link.json" with { type: "json" };
import tokens from "./vectors/tokens.json" with { type: "json" };
import { NetcodeServer } from "./netcode_server.ts";
import { TokenLink } from "./token_link.ts";

const { first, second, malformed } = vectors;
const token = tokens.tokens[0]!;
const PAYLOAD = new Uint8Array([1, 2, 3]);

/** A link, and everything it sends in hexadecimal. */
class Wire {
  readonly end: LinkEnd;
  readonly from;
  #sent: string[] = [];

  constructor(link: DatagramLink) {
    const network = new MemoryNetwork();
    network.fate = (datagram) => {
      this.#sent.push(encodeHex(datagram));
      return "drop";
    };
    const socket = network.socket();
    Object.assign(socket, { isLossless: true });
    this.end = new LinkEnd(link, socket);
    this.from = socket.address("10.0.0.2", 443);
    this.from.retain();
  }

  take(datagram: string): void {
    this.end.take(decodeHex(datagram), this.from);
    this.end.events.push(...this.end.link.drainEvents());
  }

  sent(): string[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }
}

function client(): Wire {
  const random: Random = new SeededRandom(1);
  random.fill = (bytes) => bytes.set(decodeHex(vectors.secret));
  return new Wire(new TokenLink({ random }));
}

function server(maxClients = 2): Wire {
  const link = new NetcodeServer({
    protocolId: BigInt(token.protocolId),
    privateKeys: [decodeHex(tokens.key)],
    addresses: token.addresses,
    maxClients,
    isSealedBelow: () => true,
    clock: new ManualClock({ epochMs: Number(token.createSeconds) * 1_000 }),
  });
  return new Wire(link);
}

Deno.test("TokenLink says and understands the datagrams of the vectors", () => {
  const wire = client();
  const { link } = wire.end;
  for (const datagrams of [first, second]) {
    const peer = link.connect(wire.from, decodeHex(token.public));
    assertEquals(wire.sent(), [datagrams.request]);
    wire.take(datagrams.keepAliveOfServer);
    assertEquals(wire.end.events.pop()?.type, "peerConnected");
    wire.end.send(PAYLOAD, peer);
    assertEquals(wire.sent(), [datagrams.payload]);
    wire.take(datagrams.payload);
    assertEquals(wire.end.payloads.pop(), { peer, bytes: PAYLOAD });
    link.tick(0.1);
    assertEquals(wire.sent(), [datagrams.keepAliveOfClient]);
    const other = wire.end.socket.address("10.0.0.3", 443);
    link.move(peer, other);
    assertEquals(wire.sent(), [datagrams.resume]);
    link.move(peer, wire.from);
    assertEquals(wire.sent(), [datagrams.resume]);
    wire.take(datagrams.keepAliveOfServer);
    link.disconnect(peer);
    assertEquals(wire.sent(), [datagrams.disconnect]);
  }
});

Deno.test("TokenLink is ended by the datagrams of the vectors", () => {
  for (
    const [said, reason] of [["denied", "serverFull"], [
      "disconnect",
      "closed",
    ]] as const
  ) {
    const wire = client();
    for (const datagrams of [first, second]) {
      wire.end.link.connect(wire.from, decodeHex(token.public));
      wire.take(datagrams[said]);
      const event = wire.end.events.pop();
      assertEquals(event?.type === "peerEnded" && event.reason, reason);
    }
  }
});

Deno.test("NetcodeServer answers the datagrams of the vectors", () => {
  for (const datagrams of [first, second]) {
    const wire = server();
    wire.take(datagrams.request);
    assertEquals(wire.sent(), [datagrams.keepAliveOfServer]);
    const [connected] = wire.end.of("peerConnected");
    assertEquals(connected?.clientId, BigInt(token.clientId));
    wire.take(datagrams.payload);
    const { peer, bytes } = wire.end.payloads.pop()!;
    assertEquals([peer, bytes], [connected?.peer, PAYLOAD]);
    wire.end.send(bytes, peer);
    assertEquals(wire.sent(), [datagrams.payload]);
    wire.take(datagrams.keepAliveOfClient);
    wire.take(datagrams.resume);
    assertEquals(wire.sent(), [datagrams.keepAliveOfServer]);
    wire.take(datagrams.disconnect);
    assertEquals(wire.end.of("peerEnded").map(({ reason }) => reason), [
      "closed",
    ]);
    wire.take(datagrams.resume);
    assertEquals(wire.sent(), [datagrams.denied]);
    // A late request of the session that is over.
    wire.take(datagrams.request);
    assertEquals(wire.sent(), [datagrams.disconnect]);
  }
});

Deno.test("NetcodeServer says its end, and that it is full, as the vectors do", () => {
  const wire = server();
  wire.take(first.request);
  wire.sent();
  wire.end.link.disconnect(wire.end.of("peerConnected")[0]!.peer);
  assertEquals(wire.sent(), [first.disconnect]);
  const full = server();
  full.end.link.stopAccepting();
  full.take(second.request);
  assertEquals(full.sent(), [second.denied]);
});

Deno.test("TokenLink and NetcodeServer drop every vector that is malformed", () => {
  for (const { why, bytes } of malformed) {
    for (const isConnected of [false, true]) {
      const page = client();
      const peer = page.end.link.connect(page.from, decodeHex(token.public));
      if (isConnected) page.take(first.keepAliveOfServer);
      const game = server();
      if (isConnected) game.take(first.request);
      for (const wire of [page, game]) {
        wire.sent();
        wire.end.events.length = 0;
        wire.take(bytes);
        const { payloads, events } = wire.end;
        assertEquals([wire.sent(), payloads, events], [[], [], []], why);
        assertEquals(wire.end.link.counters, {
          ...wire.end.link.counters,
          malformed: 1,
        }, why);
      }
      assertEquals(page.end.link.addressOf(peer), page.from, why);
    }
  }
});
