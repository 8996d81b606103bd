// What the C reference sent when it talked to itself, at both of this module's ends.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { ManualClock, type Random } from "../../core/mod.ts";
import { LinkEnd } from "../link/_testing/link_end.ts";
import { MemoryNetwork } from "../link/_testing/memory_network.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { DatagramLink } from "../link/datagram_link.ts";
import { openChallenge } from "./_challenge_token.ts";
import { isBodyLength, PacketCodec } from "./_packet_codec.ts";
import { openPrivateToken, sealPrivateToken } from "./_private_token.ts";
import { CLIENT_TAKES, PacketType, SERVER_TAKES } from "./_packet_type.ts";
import { encodeConnectToken, parseConnectToken } from "./connect_token.ts";
import { NetcodeClient } from "./netcode_client.ts";
import { NetcodeServer } from "./netcode_server.ts";
import vectors from "./vectors/reference.json" with { type: "json" };

const PROTOCOL_ID = BigInt(vectors.protocolId);
const PRIVATE_KEY = decodeHex(vectors.privateKey);
const CHALLENGE_KEY = decodeHex(vectors.challengeKey);
const SERVER = "127.0.0.1";
const PORT = 40_000;
const TYPES: Readonly<Record<string, number>> = {
  request: PacketType.Request,
  denied: PacketType.Denied,
  challenge: PacketType.Challenge,
  response: PacketType.Response,
  keepAlive: PacketType.KeepAlive,
  payload: PacketType.Payload,
  disconnect: PacketType.Disconnect,
};
const [SESSION, DENIED, KICKED] = vectors.sessions as [
  Session,
  Session,
  Session,
];

type Session = typeof vectors.sessions[number];
type Packet = Session["packets"][number];

/** Gives the key with which the reference sealed its challenges, where one is asked for. */
class RecordedRandom implements Random {
  nextU32(): number {
    return 0;
  }

  nextFloat(): number {
    return 0;
  }

  fill(bytes: Uint8Array): void {
    bytes.set(CHALLENGE_KEY);
  }
}

/** An end of this module, given what was recorded of the other. */
class Replay {
  readonly end: LinkEnd;
  readonly other: DatagramAddress;
  readonly #sent: string[] = [];

  constructor(link: DatagramLink, otherPort: number) {
    const network = new MemoryNetwork();
    network.fate = (datagram) => {
      this.#sent.push(encodeHex(datagram));
      return "drop";
    };
    const socket = network.socket(SERVER);
    this.end = new LinkEnd(link, socket);
    this.other = socket.address(SERVER, otherPort);
    this.other.retain();
  }

  /** Takes a packet, and gives what is sent for it. */
  take(packet: Packet): string[] {
    this.end.take(decodeHex(packet.packet), this.other);
    return this.sent();
  }

  /** What was sent since this was asked last. */
  sent(): string[] {
    this.end.pump(0);
    return this.#sent.splice(0);
  }
}

/** The packets of an end of a session, one type of them or all. */
function packetsOf(
  { packets }: Session,
  end: "client" | "server",
  type?: string,
): Packet[] {
  return packets.filter(({ from, type: name }) =>
    from === end && (type === undefined || name === type)
  );
}

/** The only one of its type. */
function packetOf(
  session: Session,
  end: "client" | "server",
  type: string,
): Packet {
  const [packet, ...others] = packetsOf(session, end, type);
  assert(packet !== undefined);
  assertEquals(others, []);
  return packet;
}

function serverOf(session: Session): NetcodeServer {
  return new NetcodeServer({
    protocolId: PROTOCOL_ID,
    privateKeys: [PRIVATE_KEY],
    addresses: session.addresses,
    maxClients: vectors.maxClients,
    clock: new ManualClock({ epochMs: Number(session.createSeconds) * 1_000 }),
    random: new RecordedRandom(),
  });
}

/** A client that has begun to connect with the token of a session. */
function clientOf(session: Session): { client: NetcodeClient; replay: Replay } {
  const client = new NetcodeClient({ random: new RecordedRandom() });
  const replay = new Replay(client, PORT);
  client.connect(replay.other, decodeHex(session.token));
  assertEquals(replay.sent(), [packetOf(session, "client", "request").packet]);
  return { client, replay };
}

Deno.test("parseConnectToken() reads the reference's tokens, and encodeConnectToken() writes them again", () => {
  for (const session of vectors.sessions) {
    const token = parseConnectToken(decodeHex(session.token));
    const { nonce, privateData, ...rest } = token;
    assertEquals(rest, {
      protocolId: PROTOCOL_ID,
      createSeconds: BigInt(session.createSeconds),
      expireSeconds: BigInt(session.expireSeconds),
      timeoutSeconds: session.timeoutSeconds,
      addresses: session.addresses,
      clientToServerKey: decodeHex(session.clientToServerKey),
      serverToClientKey: decodeHex(session.serverToClientKey),
    });
    assertEquals([nonce.length, privateData.length], [24, 1_024]);
    assertEquals(encodeHex(encodeConnectToken(token)), session.token);
  }
});

Deno.test("openPrivateToken() opens the reference's tokens, and sealPrivateToken() seals them to the same bytes", () => {
  for (const session of vectors.sessions) {
    const { nonce, privateData, expireSeconds } = parseConnectToken(
      decodeHex(session.token),
    );
    const token = openPrivateToken(
      privateData,
      nonce,
      PROTOCOL_ID,
      expireSeconds,
      [PRIVATE_KEY],
    );
    assert(typeof token !== "string");
    assertEquals(token, {
      clientId: BigInt(session.clientId),
      timeoutSeconds: session.timeoutSeconds,
      addresses: session.addresses,
      clientToServerKey: decodeHex(session.clientToServerKey),
      serverToClientKey: decodeHex(session.serverToClientKey),
      userData: decodeHex(vectors.userData),
    });
    const sealed = sealPrivateToken(
      token,
      nonce,
      PROTOCOL_ID,
      expireSeconds,
      PRIVATE_KEY,
    );
    assertEquals(encodeHex(sealed), encodeHex(privateData));
  }
});

Deno.test("PacketCodec opens the reference's packets, and seals them to the same bytes", () => {
  const codec = new PacketCodec(PROTOCOL_ID);
  const seen = new Set<string>();
  for (const session of vectors.sessions) {
    for (const { from, type, sequence, body, packet } of session.packets) {
      if (body === undefined) continue;
      const isClient = from === "client";
      const bytes = decodeHex(packet);
      const key = decodeHex(
        isClient ? session.clientToServerKey : session.serverToClientKey,
      );
      const takes = isClient ? SERVER_TAKES : CLIENT_TAKES;
      assertEquals(codec.readHeader(bytes, takes), 0);
      const { sequenceHigh: high, sequenceLow: low } = codec;
      assertEquals(codec.type, TYPES[type]);
      assertEquals(BigInt(high) << 32n | BigInt(low), BigInt(sequence!));
      const out = new Uint8Array(bytes.length);
      const length = codec.open(bytes, key, out);
      assertEquals(encodeHex(out.subarray(0, length)), body);
      assert(isBodyLength(codec.type, length));
      const again = new Uint8Array(bytes.length);
      codec.seal(codec.type, high, low, key, decodeHex(body), again);
      assertEquals(encodeHex(again), packet);
      seen.add(`${from} ${type}`);
    }
  }
  assertEquals([...seen].sort(), [
    "client disconnect",
    "client keepAlive",
    "client payload",
    "client response",
    "server challenge",
    "server denied",
    "server disconnect",
    "server keepAlive",
    "server payload",
  ]);
});

Deno.test("openChallenge() opens the reference's challenges, which its clients gave back", () => {
  for (const session of [SESSION, KICKED]) {
    const { body } = packetOf(session, "server", "challenge");
    assertEquals(openChallenge(decodeHex(body!), CHALLENGE_KEY), {
      clientId: BigInt(session.clientId),
      userData: decodeHex(vectors.userData),
    });
    assertEquals(packetOf(session, "client", "response").body, body);
  }
});

Deno.test("NetcodeServer lets a client of the reference in, and sends what the reference's server sent", () => {
  const server = serverOf(SESSION);
  const replay = new Replay(server, 50_000);
  const [challenge] = replay.take(packetOf(SESSION, "client", "request"));
  // Its number is this server's own, and what it seals is the same.
  const codec = new PacketCodec(PROTOCOL_ID);
  const key = decodeHex(SESSION.serverToClientKey);
  const body = new Uint8Array(400);
  assertEquals(codec.readHeader(decodeHex(challenge!), CLIENT_TAKES), 0);
  const length = codec.open(decodeHex(challenge!), key, body);
  const recorded = packetOf(SESSION, "server", "challenge");
  assertEquals(encodeHex(body.subarray(0, length)), recorded.body);
  const keepAlive = packetOf(SESSION, "server", "keepAlive").packet;
  assertEquals(replay.take(packetOf(SESSION, "client", "response")), [
    keepAlive,
  ]);
  const [connected] = replay.end.of("peerConnected");
  assertEquals(connected?.clientId, BigInt(SESSION.clientId));
  assertEquals(connected?.userData, decodeHex(vectors.userData));
  assertEquals(replay.take(packetOf(SESSION, "client", "keepAlive")), []);
  // The reference sent a second keep-alive before the first payload.
  replay.end.pump(100);
  assertEquals(replay.sent().length, 1);
  for (const packet of packetsOf(SESSION, "server", "payload").slice(0, 3)) {
    assert(replay.end.send(decodeHex(packet.body!), connected!.peer));
    assertEquals(replay.sent(), [packet.packet]);
  }
  const payloads = packetsOf(SESSION, "client", "payload");
  for (const packet of payloads) assertEquals(replay.take(packet), []);
  assertEquals(
    replay.end.payloads.map(({ bytes }) => encodeHex(bytes)),
    payloads.map((packet) => packet.body),
  );
  for (const packet of payloads) replay.take(packet);
  assertEquals(replay.end.payloads.length, payloads.length);
  replay.take(packetOf(SESSION, "client", "disconnect"));
  assertEquals(replay.end.of("peerEnded")[0]?.reason, "closed");
  assertEquals(server.clientCount, 0);
});

Deno.test("NetcodeServer denies a client of the reference where there is no room", () => {
  const server = serverOf(DENIED);
  const replay = new Replay(server, 50_000);
  server.stopAccepting();
  const [denied] = replay.take(packetOf(DENIED, "client", "request"));
  const recorded = packetOf(DENIED, "server", "denied").packet;
  assertEquals(denied?.length, recorded.length);
  const codec = new PacketCodec(PROTOCOL_ID);
  codec.readHeader(decodeHex(denied!), CLIENT_TAKES);
  const key = decodeHex(DENIED.serverToClientKey);
  assertEquals(codec.type, PacketType.Denied);
  assertEquals(codec.open(decodeHex(denied!), key, new Uint8Array(25)), 0);
  // It starts anew with another part of the upper half of all sequences.
  assert(codec.sequenceHigh >= 0x8000_0000);
});

Deno.test("NetcodeClient gets in where the reference's server is, and sends what the reference's client sent", () => {
  const { client, replay } = clientOf(SESSION);
  assertEquals(replay.take(packetOf(SESSION, "server", "challenge")), [
    packetOf(SESSION, "client", "response").packet,
  ]);
  // At once: the reference waits for its next time to send.
  assertEquals(replay.take(packetOf(SESSION, "server", "keepAlive")), [
    packetOf(SESSION, "client", "keepAlive").packet,
  ]);
  const [connected] = replay.end.of("peerConnected");
  assert(connected !== undefined);
  assertEquals(client.clientIndexOf(connected.peer), 0);
  assertEquals(client.maxClientsOf(connected.peer), vectors.maxClients);
  for (const packet of packetsOf(SESSION, "client", "payload").slice(0, 3)) {
    assert(replay.end.send(decodeHex(packet.body!), connected.peer));
    assertEquals(replay.sent(), [packet.packet]);
  }
  const payloads = packetsOf(SESSION, "server", "payload");
  for (const packet of [...payloads, ...payloads]) replay.take(packet);
  assertEquals(
    replay.end.payloads.map(({ bytes }) => encodeHex(bytes)),
    payloads.map((packet) => packet.body),
  );
  client.disconnect(connected.peer);
  const disconnects = replay.sent();
  assertEquals(disconnects.length, 10);
  assertNotEquals(disconnects[0], disconnects[1]);
});

Deno.test("NetcodeClient is closed by the reference's server", () => {
  const { replay } = clientOf(KICKED);
  for (const type of ["challenge", "keepAlive", "disconnect"]) {
    replay.take(packetOf(KICKED, "server", type));
  }
  assertEquals(replay.end.events.map(({ type }) => type), [
    "peerConnected",
    "peerEnded",
  ]);
  assertEquals(replay.end.of("peerEnded")[0]?.reason, "closed");
});

Deno.test("NetcodeClient is denied by the reference's server", () => {
  const { replay } = clientOf(DENIED);
  replay.take(packetOf(DENIED, "server", "denied"));
  assertEquals(replay.end.of("peerEnded")[0]?.reason, "serverFull");
});
