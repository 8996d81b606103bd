// A link alone, without connections above it, as both ends of netcode_bench.ts: over a socket of
// Deno's, "native" or "deno", and a link, "netcode" or "insecure", as in "native/netcode".
//
//     _peer.ts serve   socket/link                                a server that echoes payloads
//     _peer.ts pump    socket/link host port seconds bytes window payloads as fast as they come back
//     _peer.ts connect socket/link host port count [held]         one connect after the other
//
// bench/peers/netcode_echo.c does the first two in C, without the handshake. These poll without
// a pause. "held": what answers the server waits for the next of ten sends a second, as in
// clients that send at that rate alone.
import {
  NonBlockingSocket,
  type NonBlockingSocketBackend,
} from "../../transport/deno.ts";
import type {
  DatagramAddress,
  DatagramLink,
  PeerId,
} from "../../transport/mod.ts";
import { MTU } from "../../transport/mod.ts";
import { type LinkKind, LINKS } from "../_links.ts";
import {
  Arrivals,
  type ClientFigures,
  cpuUs,
  print,
  serveStdin,
} from "../_load.ts";
import { Waiter } from "../_waiter.ts";

/** What a link stands on, and which one it is. */
interface Kinds {
  readonly socket: NonBlockingSocketBackend;
  readonly link: LinkKind;
}

const HOST = "127.0.0.1";
const MAX_CLIENTS = 1_024;
/** After so long a silence what is under way is lost. */
const LOST_MS = 200;
const HELD_MS = 100;
const CONNECT_MS = 5_000;

/** A link on a socket, driven by hand. */
class End {
  readonly socket: NonBlockingSocket;
  readonly link: DatagramLink;
  /** What takes payloads, which are valid during the call. */
  onPayload: (payload: Uint8Array, from: DatagramAddress) => void = ignore;
  /** The time of the last step. */
  nowMs = performance.now();
  readonly #opened = new Uint8Array(MTU);
  readonly #sealed = new Uint8Array(MTU);
  #openedView = this.#opened;
  #sealedView = this.#sealed;

  constructor(socket: NonBlockingSocket, link: DatagramLink) {
    this.socket = socket;
    this.link = link;
    link.bind((datagram, to) => void to.socket.send(datagram, to));
  }

  static async open(kinds: Kinds, isServer: boolean): Promise<End> {
    const socket = await NonBlockingSocket.bind({
      hostname: HOST,
      backend: kinds.socket,
    });
    const ends = LINKS[kinds.link];
    const link = isServer
      ? ends.server(socket.localAddress.port, MAX_CLIENTS)
      : ends.client();
    return new End(socket, link);
  }

  /** Takes what has come in; returns how many datagrams it was. */
  step(): number {
    const nowMs = performance.now();
    this.link.tick((nowMs - this.nowMs) / 1_000);
    this.nowMs = nowMs;
    const came = this.socket.poll(this.#take);
    this.socket.flush();
    return came;
  }

  send(payload: Uint8Array, peer: PeerId, to: DatagramAddress): void {
    const length = this.link.seal(payload, peer, this.#sealed);
    // Payloads of one size in a row: as good as no new view for each.
    if (this.#sealedView.length !== length) {
      this.#sealedView = this.#sealed.subarray(0, length);
    }
    this.socket.send(this.#sealedView, to);
  }

  readonly #take = (datagram: Uint8Array, from: DatagramAddress): void => {
    const length = this.link.open(datagram, from, this.#opened);
    if (length === 0) return;
    if (this.#openedView.length !== length) {
      this.#openedView = this.#opened.subarray(0, length);
    }
    this.onPayload(this.#openedView, from);
  };
}

function ignore(): void {}

async function serve(kinds: Kinds): Promise<void> {
  const end = await End.open(kinds, true);
  const arrivals = new Arrivals();
  const waiter = new Waiter(kinds.socket, "spin");
  let isEnded = false;
  let peers = 0;
  end.onPayload = (payload, from) => {
    arrivals.add(payload.length, end.nowMs);
    end.send(payload, end.link.openedPeer, from);
  };
  print({ port: end.socket.localAddress.port });
  void serveStdin(() => arrivals.figures(peers), () => isEnded = true);
  while (!isEnded) {
    end.step();
    for (const event of end.link.drainEvents()) {
      if (event.type === "peerConnected") peers++;
      if (event.type === "peerEnded") peers--;
    }
    const waited = waiter.wait();
    if (waited !== undefined) await waited;
  }
  Deno.exit();
}

/** Steps until a peer is connected; `false` if that takes too long. */
async function connected(
  end: End,
  peer: PeerId,
  kinds: Kinds,
  held?: Held,
): Promise<boolean> {
  const waiter = new Waiter(kinds.socket, "spin");
  const untilMs = performance.now() + CONNECT_MS;
  for (;;) {
    end.step();
    held?.step();
    for (const event of end.link.drainEvents()) {
      if (event.peer !== peer) continue;
      if (event.type === "peerConnected") return true;
      throw new Error(
        `Cannot measure as the peer must connect: current value is "${event.type}"`,
      );
    }
    if (end.nowMs > untilMs) return false;
    const waited = waiter.wait();
    if (waited !== undefined) await waited;
  }
}

async function pump(
  kinds: Kinds,
  host: string,
  port: number,
  seconds: number,
  bytes: number,
  most: number,
): Promise<ClientFigures> {
  const end = await End.open(kinds, false);
  const server = end.socket.address(host, port);
  server.retain();
  const peer = end.link.connect(server, LINKS[kinds.link].credentials(port));
  if (!await connected(end, peer, kinds)) {
    throw new Error(
      `Cannot measure as the peer must connect within ${CONNECT_MS} ms: it has not`,
    );
  }
  const waiter = new Waiter(kinds.socket, "spin");
  const arrivals = new Arrivals();
  const body = new Uint8Array(bytes).fill(0x78);
  let underWay = 0;
  let sent = 0;
  end.onPayload = (payload) => {
    if (payload.length !== bytes || payload[bytes - 1] !== 0x78) return;
    arrivals.add(payload.length, end.nowMs);
    if (underWay > 0) underWay--;
  };
  const cpuBefore = cpuUs();
  const endMs = performance.now() + seconds * 1_000;
  let heardMs = end.nowMs;
  while (end.nowMs < endMs) {
    for (; underWay < most; underWay++, sent++) end.send(body, peer, server);
    if (end.step() > 0) heardMs = end.nowMs;
    else if (end.nowMs - heardMs > LOST_MS) {
      underWay = 0;
      heardMs = end.nowMs;
    }
    const waited = waiter.wait();
    if (waited !== undefined) await waited;
  }
  return { sent, ...arrivals.figures(1), cpuUs: cpuUs() - cpuBefore };
}

/** Keeps what a link sends until the next of ten times a second; the latest only. */
class Held {
  readonly #end: End;
  #dueMs = 0;
  #isHolding = true;
  #datagram: Uint8Array | undefined;
  #to: DatagramAddress | undefined;

  constructor(end: End) {
    this.#end = end;
    end.link.bind((datagram, to) => {
      this.#datagram = datagram.slice();
      this.#to = to;
      this.step();
    });
  }

  step(): void {
    const nowMs = performance.now();
    const isDue = !this.#isHolding || nowMs >= this.#dueMs;
    if (this.#datagram === undefined || !isDue) return;
    this.#end.socket.send(this.#datagram, this.#to!);
    this.#datagram = undefined;
    this.#dueMs = nowMs + HELD_MS;
  }

  /** Holds nothing any more. */
  release(): void {
    this.#isHolding = false;
  }
}

async function connect(
  kinds: Kinds,
  host: string,
  port: number,
  count: number,
  isHeld: boolean,
): Promise<ClientFigures> {
  const connectMs: number[] = [];
  const cpuBefore = cpuUs();
  for (let i = 0; i < count; i++) {
    // Each with a socket of its own: another client, from another address.
    const end = await End.open(kinds, false);
    const server = end.socket.address(host, port);
    const credentials = LINKS[kinds.link].credentials(port);
    server.retain();
    const held = isHeld ? new Held(end) : undefined;
    const startMs = performance.now();
    const peer = end.link.connect(server, credentials);
    if (await connected(end, peer, kinds, held)) {
      connectMs.push(performance.now() - startMs);
    }
    held?.release();
    end.link.disconnect(peer);
    end.socket.close();
  }
  return { sent: count, cpuUs: cpuUs() - cpuBefore, connectMs };
}

async function main(
  what: string | undefined,
  kinds: Kinds,
  args: readonly string[],
): Promise<void> {
  if (what === "serve") return await serve(kinds);
  const [host = "", ...rest] = args;
  const [port = 0, a = 0, b = 0, c = 0] = rest.map(Number);
  if (what === "pump") print(await pump(kinds, host, port, a, b, c));
  if (what === "connect") {
    print(await connect(kinds, host, port, a, rest.includes("held")));
  }
  Deno.exit();
}

if (import.meta.main) {
  const [what, kind = "", ...args] = Deno.args;
  const [socket, link] = kind.split("/");
  await main(
    what,
    { socket: socket as NonBlockingSocketBackend, link: link as LinkKind },
    args,
  );
}
