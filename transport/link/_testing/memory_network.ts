import type { DatagramAddress } from "../../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  type DatagramSocketCounters,
  SendResult,
} from "../../socket/datagram_socket.ts";

/** A datagram on its way. */
interface Flight {
  readonly bytes: Uint8Array;
  readonly from: MemorySocket;
  readonly fromPort: number;
  readonly fromHost: string;
  readonly toKey: string;
  readonly dueMs: number;
}

/** What a {@linkcode MemoryNetwork} does with a datagram. */
export type Fate = (
  datagram: Uint8Array,
  from: string,
  to: string,
) => "deliver" | "drop" | "double";

/**
 * Sockets in memory, in virtual time: what is sent arrives after `latencyMs`, in order.
 * For the tests of what needs no more; {@linkcode MemoryNetwork.fate} does the rest.
 */
export class MemoryNetwork {
  latencyMs = 0;
  nowMs = 0;
  /** What becomes of each datagram. */
  fate: Fate = () => "deliver";
  /** How many datagrams were sent, and their bytes. */
  sent = 0;
  sentBytes = 0;
  readonly #sockets = new Map<string, MemorySocket>();
  #flights: Flight[] = [];
  #nextPort = 10_000;

  /** Opens a socket; a port of its own if none is given. */
  socket(host = "127.0.0.1", port: number = this.#nextPort++): MemorySocket {
    const socket = new MemorySocket(this, host, port);
    this.#sockets.set(keyOf(host, port), socket);
    return socket;
  }

  /** Gives a socket another address, as a NAT does: nobody is told. */
  rebind(socket: MemorySocket, host: string, port: number): void {
    this.#sockets.delete(keyOf(socket.host, socket.port));
    socket.host = host;
    socket.port = port;
    this.#sockets.set(keyOf(host, port), socket);
  }

  /** Sends bytes from an address that its sender need not have. */
  forge(bytes: Uint8Array, from: MemorySocket, to: string): void {
    this.carry(bytes, from, to);
  }

  /** Puts a datagram on its way. */
  carry(bytes: Uint8Array, from: MemorySocket, toKey: string): void {
    this.sent++;
    this.sentBytes += bytes.length;
    const fate = this.fate(bytes, keyOf(from.host, from.port), toKey);
    if (fate === "drop") return;
    const flight = {
      bytes: bytes.slice(),
      from,
      fromHost: from.host,
      fromPort: from.port,
      toKey,
      dueMs: this.nowMs + this.latencyMs,
    };
    this.#flights.push(flight);
    if (fate === "double") this.#flights.push(flight);
  }

  /** When the next datagram arrives; `Infinity` if none is on its way. */
  get nextDueMs(): number {
    return this.#flights[0]?.dueMs ?? Infinity;
  }

  /** Lets time pass, and what is due arrive at its socket. */
  advance(ms: number): void {
    this.nowMs += ms;
    let count = 0;
    for (const flight of this.#flights) {
      if (flight.dueMs > this.nowMs) break;
      count++;
      this.#sockets.get(flight.toKey)?.arrive(flight);
    }
    this.#flights = this.#flights.slice(count);
  }

  /** Takes a closed socket out. */
  remove(socket: MemorySocket): void {
    this.#sockets.delete(keyOf(socket.host, socket.port));
  }
}

/** A socket of a {@linkcode MemoryNetwork}. */
export class MemorySocket implements DatagramSocket {
  readonly maxDatagramBytes = 1_400;
  isClosed = false;
  /** What {@linkcode MemorySocket.send} answers, for tests of a full socket. */
  answer: SendResult = SendResult.Sent;
  host: string;
  port: number;
  readonly counters: DatagramSocketCounters = {
    sent: 0,
    sentBytes: 0,
    received: 0,
    receivedBytes: 0,
    full: 0,
    failed: 0,
    dropped: 0,
  };
  readonly localAddress: DatagramAddress;
  readonly #network: MemoryNetwork;
  readonly #addresses = new Map<string, MemoryAddress>();
  #incoming: Flight[] = [];

  constructor(network: MemoryNetwork, host: string, port: number) {
    this.#network = network;
    this.host = host;
    this.port = port;
    this.localAddress = new MemoryAddress(this, host, port, this.#addresses);
  }

  /** How many addresses are retained. */
  get retained(): number {
    return this.#addresses.size;
  }

  /** Its key in the network, where others send to. */
  get key(): string {
    return keyOf(this.host, this.port);
  }

  address(host: string, port: number): DatagramAddress {
    return this.#addresses.get(keyOf(host, port)) ??
      new MemoryAddress(this, host, port, this.#addresses);
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    if (this.isClosed) return SendResult.Closed;
    if (this.answer !== SendResult.Sent) return this.answer;
    this.#network.carry(datagram, this, keyOf(to.host, to.port));
    return SendResult.Sent;
  }

  flush(): void {}

  poll(sink: DatagramSink, maxDatagrams = 1_024): number {
    const taken = this.#incoming.splice(0, maxDatagrams);
    for (const { bytes, fromHost, fromPort } of taken) {
      sink(bytes, this.address(fromHost, fromPort));
    }
    return taken.length;
  }

  close(): void {
    this.isClosed = true;
    this.#network.remove(this);
  }

  /** What the network brings. */
  arrive(flight: Flight): void {
    this.#incoming.push(flight);
  }
}

class MemoryAddress implements DatagramAddress {
  readonly socket: DatagramSocket;
  readonly host: string;
  readonly port: number;
  readonly key: Uint8Array;
  readonly #table: Map<string, MemoryAddress>;
  #retained = 0;

  constructor(
    socket: DatagramSocket,
    host: string,
    port: number,
    table: Map<string, MemoryAddress>,
  ) {
    this.socket = socket;
    this.host = host;
    this.port = port;
    this.key = new TextEncoder().encode(keyOf(host, port));
    this.#table = table;
  }

  retain(): void {
    if (this.#retained++ === 0) {
      this.#table.set(keyOf(this.host, this.port), this);
    }
  }

  release(): void {
    if (--this.#retained < 0) throw new Error("released more than retained");
    if (this.#retained === 0) this.#table.delete(keyOf(this.host, this.port));
  }

  toString(): string {
    return keyOf(this.host, this.port);
  }
}

function keyOf(host: string, port: number): string {
  return `${host}:${port}`;
}
