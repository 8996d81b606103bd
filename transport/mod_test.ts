// What the module promises by name: the seed's names, and no others by accident.
import { assert, assertEquals } from "@std/assert";
import * as deno from "./deno.ts";
import * as transport from "./mod.ts";
import * as netcode from "./netcode.ts";
import * as node from "./node.ts";

const { Channel, ConnectionState } = transport;

/** The methods and getters of a class, and static ones by their own name. */
function membersOf(
  constructor: { readonly prototype: object },
): Set<string> {
  return new Set([
    ...Object.getOwnPropertyNames(constructor.prototype),
    ...Object.getOwnPropertyNames(constructor),
  ]);
}

Deno.test("transport has these names, and its entries for runtimes these", () => {
  assertEquals(Object.keys(transport).sort(), [
    "ACK_WINDOW",
    "AckAccumulator",
    "AckForm",
    "AdaptiveRedundancy",
    "BASE_MTU",
    "BandwidthDelayControl",
    "Channel",
    "CloseCode",
    "Connection",
    "ConnectionManager",
    "ConnectionState",
    "FRAGMENT_HEADER_BYTES",
    "FRAGMENT_TIMEOUT_MS",
    "FileTransfers",
    "FixedWindow",
    "Fragmenter",
    "InsecureLink",
    "JITTER_ALPHA",
    "KEEPALIVE_MS",
    "LATE_MS",
    "MAX_FRAGMENTS",
    "MAX_RETRANSMIT",
    "MTU",
    "NetworkPath",
    "NoRedundancy",
    "PEER_TIMEOUT_MS",
    "Pacer",
    "PacketBuffer",
    "RETRANSMIT_BASE_MS",
    "RETRANSMIT_MAX_MS",
    "RTT_ALPHA",
    "ReliableUdp",
    "ReorderBuffer",
    "RttEstimator",
    "SendResult",
    "SessionRecorder",
    "SessionReplay",
    "SimulatedNetwork",
    "TokenLink",
    "TransportError",
    "WebDatagramListener",
    "WebSocketDatagramListener",
    "WebSocketDatagramSocket",
    "WebTransportDatagramListener",
    "WebTransportDatagramSocket",
    "encodeConnectToken",
    "isOrdered",
    "isReliable",
    "parseConnectToken",
    "peerSlot",
    "tryParseConnectToken",
  ]);
  const socket = ["NonBlockingSocket", "SendResult", "TransportError"];
  assertEquals(Object.keys(node).sort(), socket);
  assertEquals(
    Object.keys(deno).sort(),
    [
      ...socket,
      "createSelfSignedCertificate",
      "listenForWebTransport",
      "upgradeToDatagrams",
    ].sort(),
  );
  assertEquals(Object.keys(netcode).sort(), [
    "NetcodeClient",
    "NetcodeClientState",
    "NetcodeServer",
    "encodeConnectToken",
    "generateKey",
    "issueConnectToken",
    "parseConnectToken",
    "tryParseConnectToken",
  ]);
});

Deno.test("transport's constants have the seed's values", () => {
  assertEquals(
    {
      MTU: transport.MTU,
      RETRANSMIT_BASE_MS: transport.RETRANSMIT_BASE_MS,
      RETRANSMIT_MAX_MS: transport.RETRANSMIT_MAX_MS,
      MAX_RETRANSMIT: transport.MAX_RETRANSMIT,
      KEEPALIVE_MS: transport.KEEPALIVE_MS,
      PEER_TIMEOUT_MS: transport.PEER_TIMEOUT_MS,
      RTT_ALPHA: transport.RTT_ALPHA,
      JITTER_ALPHA: transport.JITTER_ALPHA,
      FRAGMENT_TIMEOUT_MS: transport.FRAGMENT_TIMEOUT_MS,
      ACK_WINDOW: transport.ACK_WINDOW,
    },
    {
      MTU: 1400,
      RETRANSMIT_BASE_MS: 100,
      RETRANSMIT_MAX_MS: 8000,
      MAX_RETRANSMIT: 10,
      KEEPALIVE_MS: 500,
      PEER_TIMEOUT_MS: 10_000,
      RTT_ALPHA: 0.125,
      JITTER_ALPHA: 0.25,
      FRAGMENT_TIMEOUT_MS: 5000,
      ACK_WINDOW: 32,
    },
  );
});

Deno.test("Channel and ConnectionState have the seed's members", () => {
  const channels = Object.entries(Channel).map(([name, channel]) => [
    name,
    channel,
    transport.isReliable(channel),
    transport.isOrdered(channel),
  ]);
  assertEquals(channels, [
    ["Reliable", 0, true, false],
    ["Unreliable", 1, false, false],
    ["ReliableOrdered", 2, true, true],
    ["UnreliableOrdered", 3, false, true],
  ]);
  assertEquals(Object.keys(ConnectionState), [
    "Disconnected",
    "Connecting",
    "Connected",
    "TimedOut",
    "Kicked",
  ]);
});

Deno.test("transport's classes have the seed's members", () => {
  const wanted: [{ readonly prototype: object }, string][] = [
    [deno.NonBlockingSocket, "bind sendTo poll"],
    [transport.Fragmenter, "fragment receiveFragment gc"],
    [
      transport.ReliableUdp,
      "sendReliable sendUnreliable receive tick disconnect state stats rttMs resetReorder",
    ],
    [transport.ReorderBuffer, "insert take"],
    [transport.AckAccumulator, "record write onTold"],
    [transport.BandwidthDelayControl, "windowBytes pacingRate onSent onAck"],
    [
      transport.ConnectionManager,
      "bind connect disconnect send sendPacket poll peerState peerStats peerCount peerAddrs broadcast",
    ],
  ];
  for (const [constructor, names] of wanted) {
    const members = membersOf(constructor);
    for (const name of names.split(" ")) assert(members.has(name), name);
  }
});

Deno.test("TransportStats has the seed's fields, and numbers in them", () => {
  const a = new transport.Connection();
  const b = new transport.Connection();
  let nowMs = 0;
  for (let frame = 0; frame < 120; frame++, nowMs += 10) {
    a.send(Channel.ReliableOrdered, new Uint8Array(100));
    for (const [from, to] of [[a, b], [b, a]] as const) {
      from.flush(nowMs, (packet) => {
        to.receive(packet, nowMs + 5);
        return true;
      });
    }
    b.poll(() => {});
  }
  const { stats } = a;
  const fields = [
    "rttMs",
    "packetLossPct",
    "jitterMs",
    "bandwidthUp",
    "bandwidthDown",
    "packetsSent",
    "packetsRecv",
    "retransmits",
  ] as const;
  for (const field of fields) {
    assert(Number.isFinite(stats[field]), `${field}: ${stats[field]}`);
  }
  assert(stats.rttMs > 0 && stats.packetsSent > 100 && stats.packetsRecv > 0);
  assert(stats.bandwidthUp > 5_000 && stats.bandwidthDown > 0);
  assertEquals([stats.packetLossPct, stats.retransmits], [0, 0]);
  assertEquals(stats.channels.length, stats.channelsRecv.length);
  const { sent } = stats.channels[Channel.ReliableOrdered]!;
  const { received } = b.stats.channelsRecv[Channel.ReliableOrdered]!;
  assertEquals([sent, received], [120, 120]);
});
