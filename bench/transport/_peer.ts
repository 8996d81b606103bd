// Ours as both ends of transport_bench.ts, over a socket of Deno's: "native", "deno" or "node",
// followed by "/netcode" for that link instead of the insecure one.
//
//     _peer.ts serve socket [state-hz [spin]]  a server; with a rate it sends 100 bytes to each peer so often
//     _peer.ts pump  socket host port seconds bytes [spin]
//     _peer.ts alone socket seconds bytes
//     _peer.ts ping  socket host port count bytes
//     _peer.ts rate  socket host port hz seconds bytes [bulk-bytes]
//     _peer.ts swarm socket host port peers hz seconds bytes
//
// bench/peers/enet_load.c does the same and says what each is. It polls about once a millisecond;
// with "spin", in ping and alone without a pause.
import { NonBlockingSocket } from "../../transport/deno.ts";
import {
  Channel,
  ConnectionManager,
  type DatagramLink,
  type PeerId,
} from "../../transport/mod.ts";
import { type LinkKind, LINKS } from "../_links.ts";
import { type Pause, Waiter } from "../_waiter.ts";
import type { SocketKind } from "./_contenders.ts";
import {
  Arrivals,
  type ClientFigures,
  cpuUs,
  KIND_ECHO,
  KIND_SINK,
  print,
  Rate,
  serveStdin,
} from "../_load.ts";

const ANY_CLIENTS = 4_096;
const STATE_BYTES = 100;
const CHANNEL = Channel.ReliableOrdered;
/** The first of the game's own channels. */
const BULK = 4;
/** What is given to a connection at most between two polls. */
const FILL_MESSAGES = 1_024;
const BULK_MESSAGES = 64;
/** Many clients come from many addresses: what goes to one is never beside what goes to another in one call of the system's. */
const SWARM_SOCKETS = 50;

/** What a manager stands on. */
interface Kinds {
  readonly socket: SocketKind;
  readonly link: LinkKind;
}

/** A manager with its socket and link. */
interface End {
  readonly manager: ConnectionManager;
  readonly socket: NonBlockingSocket;
  readonly link: DatagramLink;
}

function bind(backend: SocketKind): Promise<NonBlockingSocket> {
  return NonBlockingSocket.bind({ hostname: "127.0.0.1", backend });
}

/** Opens a server, or a client if it has no clients. */
async function open(kinds: Kinds, maxClients: number): Promise<End> {
  const socket = await bind(kinds.socket);
  const ends = LINKS[kinds.link];
  const link = maxClients > 0
    ? ends.server(socket.localAddress.port, maxClients)
    : ends.client();
  const manager = new ConnectionManager({
    link,
    connection: {
      channels: [{ delivery: CHANNEL, priority: 1, redundancy: false }],
    },
  });
  manager.bind(socket);
  return { manager, socket, link };
}

/** What a server does with messages: `step()` is its loop's body. */
class Server {
  readonly arrivals = new Arrivals();
  readonly #manager: ConnectionManager;
  #nowMs = 0;

  constructor(manager: ConnectionManager) {
    this.#manager = manager;
  }

  step(): void {
    this.#nowMs = performance.now();
    this.#manager.poll(this.#take);
    for (const _ of this.#manager.drainEvents());
  }

  readonly #take = (
    peer: PeerId,
    bytes: Uint8Array,
    channel: number,
  ): void => {
    if (bytes[0] === KIND_ECHO) this.#manager.send(peer, bytes, channel);
    else this.arrivals.add(bytes.length, this.#nowMs);
  };
}

async function serve(
  kinds: Kinds,
  stateHz: number,
  pause: Pause,
): Promise<void> {
  const { manager, socket, link } = await open(kinds, ANY_CLIENTS);
  const server = new Server(manager);
  const waiter = new Waiter(kinds.socket, pause);
  const state = new Uint8Array(STATE_BYTES);
  state[0] = KIND_SINK;
  let nextMs = performance.now();
  let isEnded = false;
  print({ port: socket.localAddress.port });
  void serveStdin(
    () => {
      const { received, sent } = socket.counters;
      return {
        ...server.arrivals.figures(manager.peerCount),
        datagrams: [received, sent],
        link: link.counters,
      };
    },
    () => isEnded = true,
  );
  while (!isEnded) {
    // All that is due: a server that is late does not do less.
    while (stateHz > 0 && performance.now() >= nextMs) {
      nextMs += 1_000 / stateHz;
      manager.broadcast(state, CHANNEL);
    }
    server.step();
    const waited = waiter.wait();
    if (waited !== undefined) await waited;
  }
  Deno.exit();
}

/** Connects; the peers are connected when it resolves, in turn by so many sockets. */
async function connect(
  kinds: Kinds,
  host: string,
  port: number,
  count = 1,
  sockets = 1,
): Promise<{ readonly manager: ConnectionManager; readonly peers: PeerId[] }> {
  const { manager, socket } = await open(kinds, 0);
  const addresses = [socket.address(host, port)];
  while (addresses.length < sockets) {
    const another = await bind(kinds.socket);
    manager.bind(another);
    addresses.push(another.address(host, port));
  }
  for (const address of addresses) address.retain();
  const peers: PeerId[] = [];
  const waiter = new Waiter(kinds.socket, "pause");
  while (peers.length < count || manager.peerCount < count) {
    // Some at a time, so that the server's socket is not flooded.
    for (let i = 0; i < 16 && peers.length < count; i++) {
      const credentials = LINKS[kinds.link].credentials(port);
      const address = addresses[peers.length % sockets]!;
      peers.push(manager.connect(address, credentials));
    }
    manager.poll();
    for (const event of manager.drainEvents()) {
      if (event.type === "peerConnected") continue;
      throw new Error(
        `Cannot measure as peers must connect: current value is "${event.type}"`,
      );
    }
    await waiter.wait();
  }
  return { manager, peers };
}

function message(kind: number, bytes: number): Uint8Array {
  const message = new Uint8Array(bytes).fill(0x78);
  message[0] = kind;
  return message;
}

function ignore(): void {}

/** Gives a peer what it takes of a message, up to so many; returns how many. */
function fill(
  manager: ConnectionManager,
  peer: PeerId,
  bytes: Uint8Array,
  channel: number,
  most: number,
): number {
  let sent = 0;
  while (sent < most && manager.send(peer, bytes, channel)) sent++;
  return sent;
}

async function pump(
  kinds: Kinds,
  host: string,
  port: number,
  seconds: number,
  bytes: number,
  pause: Pause,
): Promise<ClientFigures> {
  const { manager, peers: [peer] } = await connect(kinds, host, port);
  const waiter = new Waiter(kinds.socket, pause);
  const sink = message(KIND_SINK, bytes);
  const cpuBefore = cpuUs();
  const endMs = performance.now() + seconds * 1_000;
  let sent = 0;
  while (performance.now() < endMs) {
    sent += fill(manager, peer!, sink, CHANNEL, FILL_MESSAGES);
    manager.poll(ignore);
    const waited = waiter.wait();
    if (waited !== undefined) await waited;
  }
  return {
    sent,
    cpuUs: cpuUs() - cpuBefore,
    stats: manager.peerStats(peer!),
  };
}

async function alone(
  kinds: Kinds,
  seconds: number,
  bytes: number,
): Promise<ClientFigures> {
  const there = await open(kinds, 1);
  const here = await open(kinds, 0);
  const server = new Server(there.manager);
  const { manager } = here;
  const { port } = there.socket.localAddress;
  const waiter = new Waiter(kinds.socket, "spin");
  const peer = manager.connect(
    here.socket.address("127.0.0.1", port),
    LINKS[kinds.link].credentials(port),
  );
  const sink = message(KIND_SINK, bytes);
  const cpuBefore = cpuUs();
  const endMs = performance.now() + seconds * 1_000;
  let sent = 0;
  while (performance.now() < endMs) {
    if (manager.peerCount > 0) {
      sent += fill(manager, peer, sink, CHANNEL, FILL_MESSAGES);
    }
    manager.poll(ignore);
    server.step();
    const waited = waiter.wait();
    if (waited !== undefined) await waited;
  }
  return {
    sent,
    ...server.arrivals.figures(1),
    cpuUs: cpuUs() - cpuBefore,
    stats: manager.peerStats(peer),
  };
}

async function ping(
  kinds: Kinds,
  host: string,
  port: number,
  count: number,
  bytes: number,
): Promise<ClientFigures> {
  const { manager, peers: [peer] } = await connect(kinds, host, port);
  const waiter = new Waiter(kinds.socket, "spin");
  const echo = message(KIND_ECHO, bytes);
  const rttMs: number[] = [];
  const cpuBefore = cpuUs();
  let isBack = false;
  function take(): void {
    isBack = true;
  }
  for (let i = 0; i < count; i++) {
    const leftMs = performance.now();
    isBack = false;
    manager.send(peer!, echo, CHANNEL);
    manager.flush();
    for (;;) {
      manager.poll(take);
      if (isBack) break;
      const waited = waiter.wait();
      if (waited !== undefined) await waited;
    }
    rttMs.push(performance.now() - leftMs);
  }
  return { sent: count, cpuUs: cpuUs() - cpuBefore, rttMs };
}

async function rate(
  kinds: Kinds,
  host: string,
  port: number,
  hz: number,
  seconds: number,
  bytes: number,
  bulkBytes: number,
): Promise<ClientFigures> {
  const { manager, peers: [peer] } = await connect(kinds, host, port);
  const waiter = new Waiter(kinds.socket, "pause");
  const cpuBefore = cpuUs();
  const rate = new Rate(hz, seconds, bytes);
  const bulk = message(KIND_SINK, bulkBytes);
  function take(_: PeerId, bytes: Uint8Array): void {
    rate.back(bytes);
  }
  while (!rate.isDone) {
    let due = rate.next();
    while (due !== undefined) {
      manager.send(peer!, due, CHANNEL);
      due = rate.next();
    }
    if (bulkBytes > 0 && !rate.isSent) {
      fill(manager, peer!, bulk, BULK, BULK_MESSAGES);
    }
    manager.poll(take);
    await waiter.wait();
  }
  return {
    ...rate.figures(cpuUs() - cpuBefore),
    stats: manager.peerStats(peer!),
  };
}

async function swarm(
  kinds: Kinds,
  host: string,
  port: number,
  count: number,
  hz: number,
  seconds: number,
  bytes: number,
): Promise<ClientFigures> {
  const { manager, peers } = await connect(
    kinds,
    host,
    port,
    count,
    SWARM_SOCKETS,
  );
  const waiter = new Waiter(kinds.socket, "pause");
  const sink = message(KIND_SINK, bytes);
  const cpuBefore = cpuUs();
  const startMs = performance.now();
  let messages = 0;
  let sent = 0;
  function take(): void {
    messages++;
  }
  for (;;) {
    const passedMs = performance.now() - startMs;
    if (passedMs > seconds * 1_000) break;
    // Spread over the interval, as clients are.
    const due = passedMs / 1_000 * hz * count;
    for (; sent < due; sent++) {
      manager.send(peers[sent % count]!, sink, CHANNEL);
    }
    manager.poll(take);
    await waiter.wait();
  }
  return {
    sent,
    messages,
    seconds,
    peers: manager.peerCount,
    cpuUs: cpuUs() - cpuBefore,
  };
}

async function main(
  what: string | undefined,
  kinds: Kinds,
  args: readonly string[],
): Promise<void> {
  const pause: Pause = args.includes("spin") ? "spin" : "pause";
  if (what === "serve") return await serve(kinds, Number(args[0] ?? 0), pause);
  const [host = "", ...rest] = args;
  const numbers = rest.map(Number);
  const [port = 0, a = 0, b = 0, c = 0, d = 0] = numbers;
  if (what === "alone") print(await alone(kinds, Number(host), port));
  if (what === "pump") print(await pump(kinds, host, port, a, b, pause));
  if (what === "ping") print(await ping(kinds, host, port, a, b));
  if (what === "rate") print(await rate(kinds, host, port, a, b, c, d));
  if (what === "swarm") print(await swarm(kinds, host, port, a, b, c, d));
  Deno.exit();
}

if (import.meta.main) {
  const [what, kind = "", ...args] = Deno.args;
  const [socket, link = "insecure"] = kind.split("/");
  const kinds = { socket: socket as SocketKind, link: link as LinkKind };
  await main(what, kinds, args);
}
