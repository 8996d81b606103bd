// This module is browser compatible.
import { checkInteger, type Clock, SystemClock } from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type {
  DatagramSink,
  DatagramSocket,
  DatagramSocketCounters,
  SendResult,
} from "../socket/datagram_socket.ts";
import { ServedClient, ServedClients } from "./_served_clients.ts";
import { WebAddress } from "./_web_address.ts";
import { closeQuietly, toDatagram } from "./_web_socket_frames.ts";
import { WebSocketWire } from "./_web_socket_wire.ts";
import type { DatagramWebSocket } from "./datagram_web_socket.ts";
import type {
  WebDatagramEndReason,
  WebDatagramLimits,
  WebDatagramOrigin,
} from "./web_datagram_limits.ts";

/** Options for {@linkcode WebSocketDatagramListener}. */
export interface WebSocketDatagramListenerOptions extends WebDatagramLimits {
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

const DEFAULT_BUFFERED_BYTES = 65_536;
const MAX_BYTES = 2 ** 30;
const CONNECTING = 0;

/** What a client is told with the end of its connection. */
const CLOSINGS: Readonly<Record<WebDatagramEndReason, [number, string]>> = {
  left: [1_000, ""],
  disconnected: [1_000, ""],
  notBinary: [4_000, "Not a binary frame"],
  oversized: [4_001, "Larger than a datagram"],
  flooded: [4_002, "Far too many datagrams"],
  silent: [4_003, "Silent for too long"],
  stranger: [4_004, "No session"],
  refused: [4_005, "No room"],
};

/**
 * The server's half of datagrams over WebSockets: one datagram socket for any number of
 * clients, each of which is an address.
 *
 * Whatever makes WebSockets of requests gives them to
 * {@linkcode WebSocketDatagramListener.accept}: `upgradeToDatagrams` of
 * `./transport/deno` does so on Deno. A client that sends text or what is larger than a
 * datagram is closed at once; one that floods has its own datagrams dropped, then is
 * closed; one that reads nothing is sent nothing once a bound is reached.
 *
 * Addresses must be retained by whoever speaks with them for long, as a connection
 * manager does: others are closed after a while.
 *
 * @example A socket that answers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { WebSocketDatagramListener } from "@tickwire/net/transport";
 *
 * const listener = new WebSocketDatagramListener({ maxClients: 64 });
 * const server = Deno.serve({ port: 0, onListen() {} }, (request, info) => {
 *   const host = info.remoteAddr.hostname;
 *   if (!listener.hasRoom(host)) return new Response(null, { status: 503 });
 *   const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
 *   listener.accept(socket, { host });
 *   return response;
 * });
 *
 * const client = new WebSocket(`ws://localhost:${server.addr.port}`);
 * client.binaryType = "arraybuffer";
 * client.onopen = () => client.send(new Uint8Array([7]));
 * let answer: number | undefined;
 * client.onmessage = ({ data }) => answer = new Uint8Array(data)[0];
 * while (answer === undefined) {
 *   await new Promise((resolve) => setTimeout(resolve));
 *   listener.poll((datagram, from) => listener.send(datagram, from));
 * }
 * assertEquals(answer, 7);
 *
 * const closed = new Promise((resolve) => client.onclose = resolve);
 * listener.close();
 * await closed;
 * await server.shutdown();
 * ```
 */
export class WebSocketDatagramListener implements DatagramSocket {
  readonly #clients: ServedClients;
  readonly #maxBufferedBytes: number;
  readonly #localAddress: WebAddress;

  /**
   * Makes a listener.
   *
   * @param options What clients may cost.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: WebSocketDatagramListenerOptions = {}) {
    const {
      maxBufferedBytes = DEFAULT_BUFFERED_BYTES,
      origin = { host: "localhost" },
      clock = new SystemClock(),
    } = options;
    this.#maxBufferedBytes = checkInteger(
      "maxBufferedBytes",
      maxBufferedBytes,
      MTU,
      MAX_BYTES,
    );
    const port = checkInteger("origin.port", origin.port ?? 0, 0, 65_535);
    this.#localAddress = new WebAddress(this, origin.host, port, 0);
    this.#clients = new ServedClients(this, MTU, clock, options);
  }

  /** What the option `origin` says. */
  get localAddress(): DatagramAddress {
    return this.#localAddress;
  }

  /** The largest datagram, in bytes: `MTU`. */
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
   * Takes a client.
   *
   * @param webSocket Its WebSocket, opening or open. It is the listener's from then on.
   * @param origin Where it is.
   * @returns Its address, not retained; `undefined` if there is no room, and it was closed.
   * @throws {RangeError} If the port is none.
   */
  accept(
    webSocket: DatagramWebSocket,
    origin: WebDatagramOrigin,
  ): DatagramAddress | undefined {
    const { host } = origin;
    const port = checkInteger("port", origin.port ?? 0, 0, 65_535);
    if (!this.hasRoom(host)) {
      this.#clients.ended.refused += 1;
      close(webSocket, "refused");
      return undefined;
    }
    const wire = new WebSocketWire(webSocket, this.#maxBufferedBytes);
    const client = this.#clients.add({
      send: (datagram) => wire.send(datagram),
      close: (reason) => close(webSocket, reason),
    }, { host, port });
    webSocket.binaryType = "arraybuffer";
    webSocket.addEventListener("message", ({ data }) => {
      const datagram = toDatagram(data);
      if (datagram === undefined) this.#clients.end(client, "notBinary");
      else this.#clients.onDatagram(client, datagram);
    });
    webSocket.addEventListener("close", () => this.#clients.onGone(client));
    // A close follows; stand-ins for a WebSocket throw for an error that nobody hears.
    webSocket.addEventListener("error", () => {});
    return client;
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

function close(
  webSocket: DatagramWebSocket,
  reason: WebDatagramEndReason,
): void {
  const [code, text] = CLOSINGS[reason];
  if (webSocket.readyState === CONNECTING) {
    // One of Deno's server cannot be closed before it has opened.
    webSocket.addEventListener(
      "open",
      () => closeQuietly(webSocket, code, text),
    );
    webSocket.addEventListener("error", () => {});
  }
  closeQuietly(webSocket, code, text);
}
