// The clients of a game for netcode_bench.ts: each on a socket of its own, with an echo at a rate.
//
//     _game_clients.ts server-port clients hz bytes
//
// Prints the request that one of them began with, answers a line of standard input with the
// round trips and steps since the last and with who they are on the wire by now, and ends when
// standard input does. Polls each millisecond.
import { NonBlockingSocket } from "../../transport/deno.ts";
import {
  Channel,
  ConnectionManager,
  type PeerId,
} from "../../transport/mod.ts";
import { NetcodeClient } from "../../transport/netcode.ts";
import { LINKS } from "../_links.ts";
import { cpuUs, KIND_ECHO, print, serveStdin } from "../_load.ts";
import { Waiter } from "../_waiter.ts";
import { requestOf } from "./_request.ts";
import { Steps } from "./_steps.ts";

const HOST = "127.0.0.1";
const CONNECT_MS = 20_000;

/** Knows what somebody on the way sees of what it sends. */
class WatchedClient extends NetcodeClient {
  /** The sequence of the last packet to each server. */
  readonly sequences = new Map<PeerId, bigint>();

  override seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    const length = super.seal(payload, peer, out);
    let sequence = 0n;
    for (let i = out[0]! >>> 4; i > 0; i--) {
      sequence = sequence << 8n | BigInt(out[i]!);
    }
    if (length > 0) this.sequences.set(peer, sequence);
    return length;
  }
}

/** The round trips of all clients, and what has not come back. */
class RoundTrips {
  #ms: number[] = [];
  #underWay = new Map<number, number>();
  #sent = 0;

  leave(message: Uint8Array): void {
    new DataView(message.buffer).setUint32(1, this.#sent);
    this.#underWay.set(this.#sent++, performance.now());
  }

  back(message: Uint8Array): void {
    const { buffer, byteOffset } = message;
    const i = new DataView(buffer, byteOffset).getUint32(1);
    const leftMs = this.#underWay.get(i);
    if (leftMs === undefined) return;
    this.#underWay.delete(i);
    this.#ms.push(performance.now() - leftMs);
  }

  /** Those since the last time. */
  take(): object {
    const rttMs = this.#ms;
    this.#ms = [];
    return { rttMs, underWay: this.#underWay.size, cpuUs: cpuUs() };
  }
}

/** Connects so many, and tells how. */
async function connect(port: number, count: number, waiter: Waiter) {
  const link = new WatchedClient();
  const manager = new ConnectionManager({ link });
  const peers: PeerId[] = [];
  const ports: number[] = [];
  let request = new Uint8Array(0);
  for (let i = 0; i < count; i++) {
    const socket = await NonBlockingSocket.bind({
      hostname: HOST,
      backend: "native",
    });
    manager.bind(socket);
    // A copy of its request is to be as good at the end as at the beginning.
    const token = LINKS.netcode.credentials(port, Infinity);
    request = requestOf(token);
    peers.push(manager.connect(socket.address(HOST, port), token));
    ports.push(socket.localAddress.port);
  }
  const untilMs = performance.now() + CONNECT_MS;
  while (manager.peerCount < count && performance.now() < untilMs) {
    manager.poll();
    for (const _ of manager.drainEvents());
    await waiter.wait();
  }
  if (manager.peerCount < count) {
    throw new Error(
      `Cannot measure as ${count} clients must connect: current value is ${manager.peerCount}`,
    );
  }
  /** Where each sends from, and how far its sequences have come. */
  function seen(): string[] {
    return peers.map((peer, i) => `${ports[i]}:${link.sequences.get(peer)}`);
  }
  return { manager, peers, seen, request };
}

async function main(
  port: number,
  count: number,
  hz: number,
  bytes: number,
): Promise<void> {
  const waiter = new Waiter("native", "pause");
  const { manager, peers, seen, request } = await connect(port, count, waiter);
  const trips = new RoundTrips();
  const steps = new Steps();
  const message = new Uint8Array(bytes).fill(0x78);
  message[0] = KIND_ECHO;
  let isEnded = false;
  print({ port: 0, request: request.toHex() });
  void serveStdin(
    () => ({ ...trips.take(), ...steps.take(), seen: seen() }),
    () => isEnded = true,
  );
  const startMs = performance.now();
  let sent = 0;
  function take(_: PeerId, message: Uint8Array): void {
    trips.back(message);
  }
  while (!isEnded) {
    steps.begin();
    // Spread over the interval, as clients are.
    const due = (performance.now() - startMs) / 1_000 * hz * count;
    for (; sent < due; sent++) {
      trips.leave(message);
      manager.send(peers[sent % count]!, message, Channel.Reliable);
    }
    manager.poll(take);
    for (const event of manager.drainEvents()) {
      if (event.type !== "peerDisconnected") continue;
      throw new Error(
        `Cannot measure as clients must stay: current value is "${event.reason}"`,
      );
    }
    steps.end();
    await waiter.wait();
  }
  Deno.exit();
}

if (import.meta.main) {
  const [port = 0, count = 0, hz = 0, bytes = 0] = Deno.args.map(Number);
  await main(port, count, hz, bytes);
}
