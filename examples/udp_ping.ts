/**
 * A client that pings a server over UDP on this machine, through a line that loses, repeats and cuts datagrams: signed
 * tokens, packets, replay filter and acknowledgements of `protocol` over real sockets.
 *
 *     deno run -A examples/udp_ping.ts [--pings 500] [--seed 1] [--json]
 *
 * @module
 */

import { playerId, SeededRandom } from "../core/mod.ts";
import {
  acknowledges,
  AckWindow,
  BandwidthTracker,
  ByteReader,
  ByteWriter,
  ConnectionToken,
  importTokenKey,
  Packet,
  PacketDecoder,
  PacketEncoder,
  PacketFilter,
  PacketKind,
  PacketView,
  TokenGuard,
  type TokenKey,
} from "../protocol/mod.ts";

const PROTOCOL_ID = 7;
const PEER = 1;
const MAX_DATAGRAM_BYTES = 1_200;
const TIMEOUT_MS = 20_000;
/** One datagram in so many is lost, one is there twice, one arrives cut and then whole. */
const ONE_IN = 16;

/** What became of a run. */
export interface Summary {
  readonly pings: number;
  readonly answered: number;
  /** Answered pings that the server's acknowledgements tell of. */
  readonly acknowledged: number;
  readonly lost: number;
  /** Datagrams that the server refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly rttMs: { readonly p50: number; readonly p99: number };
  readonly bytesPerSecUp: number;
  readonly bytesPerSecDown: number;
}

function listen(): Deno.DatagramConn {
  return Deno.listenDatagram({
    hostname: "127.0.0.1",
    port: 0,
    transport: "udp",
  });
}

/** Lets in who has a token, answers pings once each, and counts what it refuses. */
async function serve(
  socket: Deno.DatagramConn,
  key: TokenKey,
  refused: Record<string, number>,
): Promise<void> {
  const { hostname, port } = socket.addr as Deno.NetAddr;
  const guard = new TokenGuard();
  const decoder = new PacketDecoder({ maxPayloadBytes: MAX_DATAGRAM_BYTES });
  const encoder = new PacketEncoder();
  const filter = new PacketFilter();
  const received = new AckWindow();
  const view = new PacketView();
  let peerPort = 0;
  let sequence = 1;
  const answer = async (to: Deno.Addr, packet: Packet): Promise<void> => {
    await socket.send(encoder.encode(packet), to);
  };
  for await (const [datagram, from] of socket) {
    const refuse = (reason: string): void => {
      refused[reason] = (refused[reason] ?? 0) + 1;
    };
    const code = decoder.tryDecode(datagram, view);
    if (code !== undefined || view.end !== datagram.length) {
      refuse(code ?? "trailingBytes");
      continue;
    }
    if (view.kind === PacketKind.Connect) {
      try {
        const token = await ConnectionToken.verify(view.payload(), {
          keys: key,
          protocolId: PROTOCOL_ID,
          nowMs: Date.now(),
          serverAddress: `${hostname}:${port}`,
          guard,
        });
        peerPort = (from as Deno.NetAddr).port;
        filter.registerPeer(PEER);
        const kind = PacketKind.Connect;
        const payload = new TextEncoder().encode(token.clientId);
        await answer(from, new Packet({ kind, sequence: sequence++, payload }));
      } catch (error) {
        refuse((error as { code?: string }).code ?? "error");
      }
      continue;
    }
    // In the clear, an address is all there is to tell a peer by; a netcode link seals its datagrams.
    if ((from as Deno.NetAddr).port !== peerPort) {
      refuse("stranger");
      continue;
    }
    const replayed = filter.check(PEER, view.sequence);
    if (replayed !== undefined) {
      refuse(replayed);
      continue;
    }
    received.record(view.sequence);
    if (view.kind === PacketKind.Ping) {
      const { ack, ackBits } = received;
      const payload = view.payload().slice();
      const kind = PacketKind.Pong;
      await answer(
        from,
        new Packet({ kind, sequence: sequence++, ack, ackBits, payload }),
      );
    }
  }
}

/**
 * Pings a server of its own over loopback.
 *
 * @param pings How many pings to send.
 * @param seed What the line does.
 * @returns What became of them.
 */
export async function run(pings: number, seed: number): Promise<Summary> {
  const random = new SeededRandom(seed);
  const key = await importTokenKey(crypto.getRandomValues(new Uint8Array(32)));
  const refused: Record<string, number> = {};
  const server = listen();
  const client = listen();
  const serving = serve(server, key, refused);
  const { hostname, port } = server.addr as Deno.NetAddr;

  const issuedAt = Date.now();
  const token = await ConnectionToken.issue(key, {
    protocolId: PROTOCOL_ID,
    clientId: playerId("ada"),
    issuedAt,
    expiresAt: issuedAt + 60_000,
    addresses: [`${hostname}:${port}`],
  });
  const encoder = new PacketEncoder();
  const decoder = new PacketDecoder();
  const bandwidth = new BandwidthTracker();
  const writer = new ByteWriter({ maxBytes: MAX_DATAGRAM_BYTES });
  const view = new PacketView();
  const sent = new Set<number>();
  const acknowledged = new Set<number>();
  const rttsMs: number[] = [];
  let lost = 0;

  /**
   * The line: what was sent may be lost, be there twice, or be cut. A changed byte
   * would go unnoticed: against that a link seals its datagrams.
   */
  const send = async (packet: Packet): Promise<boolean> => {
    writer.reset();
    encoder.encodeInto(packet, writer);
    const datagram = writer.toBytes();
    const chance = random.nextU32() % ONE_IN;
    if (chance === 0) {
      lost += 1;
      return false;
    }
    if (chance === 1) {
      const length = random.nextU32() % datagram.length;
      await client.send(datagram.subarray(0, length), server.addr);
    }
    for (let i = chance === 2 ? 2 : 1; i > 0; i--) {
      await client.send(datagram, server.addr);
      bandwidth.recordSend(datagram.length);
    }
    return true;
  };

  const startMs = performance.now();
  let lastMs = startMs;
  // Ends what waits for an answer that never comes.
  const deadline = setTimeout(() => client.close(), TIMEOUT_MS);
  const receive = async (): Promise<void> => {
    const [datagram] = await client.receive();
    const nowMs = performance.now();
    bandwidth.tick((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
    bandwidth.recordRecv(datagram.length);
    if (decoder.tryDecode(datagram, view) !== undefined) return;
    if (view.kind !== PacketKind.Pong) return;
    rttsMs.push(nowMs - new ByteReader(view.payload()).f64());
    for (const sequence of sent) {
      if (acknowledges(view.ack, view.ackBits, sequence)) {
        acknowledged.add(sequence);
        sent.delete(sequence);
      }
    }
  };

  try {
    // Until it gets through: a token that was lost was not used.
    const connect = new Packet({
      kind: PacketKind.Connect,
      sequence: 0,
      payload: token.toBytes(),
    });
    while (!await send(connect));
    await receive();
    for (let sequence = 1; sequence <= pings; sequence++) {
      const ping = Packet.ping(sequence, performance.now());
      if (!await send(ping)) continue;
      sent.add(sequence);
      await receive();
    }
    client.close();
  } finally {
    clearTimeout(deadline);
    server.close();
    await serving;
  }
  rttsMs.sort((a, b) => a - b);
  const at = (q: number): number =>
    rttsMs[Math.min(rttsMs.length - 1, Math.floor(q * rttsMs.length))] ?? NaN;
  return {
    pings,
    answered: rttsMs.length,
    acknowledged: acknowledged.size,
    lost,
    refused,
    rttMs: { p50: at(0.5), p99: at(0.99) },
    bytesPerSecUp: bandwidth.bytesPerSecUp,
    bytesPerSecDown: bandwidth.bytesPerSecDown,
  };
}

function show(summary: Summary): void {
  const { pings, answered, acknowledged, lost, refused, rttMs } = summary;
  console.log(`${pings} pings, ${lost} of them lost on the line`);
  console.log(`  ${answered} answered, ${acknowledged} acknowledged`);
  console.log(
    `  round trip   p50 ${rttMs.p50.toFixed(3)}  p99 ${
      rttMs.p99.toFixed(3)
    } ms`,
  );
  console.log(
    `  bandwidth    up ${summary.bytesPerSecUp.toFixed(0)}  down ${
      summary.bytesPerSecDown.toFixed(0)
    } bytes/s`,
  );
  for (const [reason, count] of Object.entries(refused).sort()) {
    console.log(`  refused      ${count} × ${reason}`);
  }
}

function option(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(name);
  const value = at < 0 ? otherwise : Number(Deno.args[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`Cannot run as ${name} must be an integer >= 1`);
  Deno.exit(2);
}

if (import.meta.main) {
  const summary = await run(option("--pings", 500), option("--seed", 1));
  if (Deno.args.includes("--json")) console.log(JSON.stringify(summary));
  else show(summary);
}
