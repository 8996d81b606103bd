// This module is browser compatible.
import { checkInteger, type Clock, SystemClock } from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type {
  DatagramSink,
  DatagramSocket,
  DatagramSocketCounters,
  SendResult,
} from "../socket/datagram_socket.ts";
import { ServedClient, ServedClients } from "./_served_clients.ts";
import { WebAddress } from "./_web_address.ts";
import type {
  WebDatagramEndReason,
  WebDatagramLimits,
  WebDatagramOrigin,
} from "./web_datagram_limits.ts";

/** Options for {@linkcode WebDatagramListener}. */
export interface WebDatagramListenerOptions extends WebDatagramLimits {
  /**
   * How many bytes may wait in the runtime for one client. Above that sending to it
   * answers `SendResult.Full`: 1400 to 2^30.
   *
   * @default {65536}
   */
  readonly maxBufferedBytes?: number;
  /**
   * What `localAddress` says.
   *
   * @default {{ host: "localhost" }}
   */
  readonly origin?: WebDatagramOrigin;
  /**
   * Tells how long clients are silent.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

let clientsOf: (listener: WebDatagramListener) => ServedClients;

/**
 * What the listeners for clients of the web have in common: one datagram socket for any
 * number of clients, each of which is an address.
 *
 * Addresses must be retained by whoever speaks with them for long, as a connection
 * manager does: others are closed after a while.
 */
export abstract class WebDatagramListener implements DatagramSocket {
  readonly #clients: ServedClients;
  readonly #localAddress: WebAddress;

  static {
    clientsOf = (listener) => listener.#clients;
  }

  /**
   * Makes a listener.
   *
   * @param maxDatagramBytes The largest datagram.
   * @param options What clients may cost.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(maxDatagramBytes: number, options: WebDatagramListenerOptions) {
    const { origin = { host: "localhost" }, clock = new SystemClock() } =
      options;
    const port = checkInteger("origin.port", origin.port ?? 0, 0, 65_535);
    this.#localAddress = new WebAddress(this, origin.host, port, 0);
    this.#clients = new ServedClients(this, maxDatagramBytes, clock, options);
  }

  /** What the option `origin` says. */
  get localAddress(): DatagramAddress {
    return this.#localAddress;
  }

  /** The largest datagram, in bytes. */
  get maxDatagramBytes(): number {
    return this.#clients.maxDatagramBytes;
  }

  /** Whether `close()` was called. */
  get isClosed(): boolean {
    return this.#clients.isClosed;
  }

  /** What it has counted. */
  get counters(): DatagramSocketCounters {
    return this.#clients.counters;
  }

  /** How many clients it has, with those that are closing. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** How many clients have ended, by why. */
  get ended(): Readonly<Record<WebDatagramEndReason, number>> {
    return this.#clients.ended;
  }

  /**
   * Tells whether another client would be accepted, to be asked before its request is
   * upgraded.
   *
   * @param host Its IP address.
   * @returns Whether there is room.
   */
  hasRoom(host: string): boolean {
    return this.#clients.hasRoom(host);
  }

  /**
   * Closes the connection of a client: no event, and what had come in from it is lost.
   *
   * @param address Its address; that of one that has ended does nothing.
   * @throws {TypeError} If it is no address of a client of this listener.
   */
  disconnect(address: DatagramAddress): void {
    if (!(address instanceof ServedClient) || address.socket !== this) {
      throw new TypeError(
        `Cannot disconnect a client as address must be one of this listener: current value is "${address}"`,
      );
    }
    this.#clients.end(address, "disconnected");
  }

  /**
   * Knows no address: clients come by themselves.
   *
   * @param host Any.
   * @param port Any.
   * @returns Never.
   * @throws {TypeError} Always.
   */
  address(host: string, port: number): DatagramAddress {
    throw new TypeError(
      `Cannot make an address as it must be one of a client that has connected: current value is "${host}", ${port}`,
    );
  }

  /**
   * Sends a datagram.
   *
   * @param datagram The bytes, consumed before the call returns.
   * @param to The address of a client.
   * @returns What became of it: `Full` if too much waits for this client.
   */
  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    return this.#clients.send(datagram, to);
  }

  /** Does nothing: there is no batch. */
  flush(): void {}

  /**
   * Hands out what has come in, of one client after the other in turns, and looks who
   * is silent.
   *
   * @param sink What takes it.
   * @param maxDatagrams The most: an integer, 1 or more. @default {1024}
   * @returns How many were handed out.
   * @throws {RangeError} If `maxDatagrams` is out of its range.
   * @throws {TypeError} If it is called by its sink.
   */
  poll(sink: DatagramSink, maxDatagrams = 1_024): number {
    return this.#clients.poll(sink, maxDatagrams);
  }

  /** Closes all connections. What had come in is lost. Twice does nothing. */
  close(): void {
    this.#clients.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The clients of a listener, for what extends it. */
export { clientsOf };
