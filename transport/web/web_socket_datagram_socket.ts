// This module is browser compatible.
import { checkInteger, checkPositive } from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type {
  DatagramSink,
  DatagramSocket,
  DatagramSocketCounters,
  SendResult,
} from "../socket/datagram_socket.ts";
import {
  DEFAULT_BUFFERED_BYTES,
  DEFAULT_RECEIVE_BYTES,
  MAX_BUFFERED_BYTES,
  MIN_RECEIVE_BYTES,
} from "./_buffer_bounds.ts";
import { ClientHalf } from "./_client_half.ts";
import { closeQuietly, toDatagram } from "./_web_socket_frames.ts";
import { WebSocketWire } from "./_web_socket_wire.ts";
import type {
  DatagramWebSocket,
  DatagramWebSocketEvent,
} from "./datagram_web_socket.ts";
import { TransportError } from "../transport_error.ts";

/** Options for {@linkcode WebSocketDatagramSocket.connect}. */
export interface WebSocketDatagramSocketOptions {
  /**
   * How many bytes may wait in the runtime. Above that sending answers
   * `SendResult.Full`, as a datagram that is late is worth less than none: 1400 to 2^30.
   *
   * @default {65536}
   */
  readonly maxBufferedBytes?: number;
  /**
   * How many bytes may have come in and wait to be polled, at 256 more for each
   * datagram. Beyond that what comes is dropped and counted: 4096 to 2^30.
   *
   * @default {1048576}
   */
  readonly maxReceiveBytes?: number;
  /**
   * How long opening may take, in milliseconds: above 0.
   *
   * @default {10000}
   */
  readonly timeoutMs?: number;
  /** Gives up opening, or closes the socket. */
  readonly signal?: AbortSignal;
  /**
   * Makes the WebSocket.
   *
   * @default {(url) => new WebSocket(url)}
   */
  readonly create?: (url: string) => DatagramWebSocket;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const OPEN = 1;

/**
 * The client's half of datagrams over a WebSocket, for any browser and runtime: a
 * datagram is a binary frame.
 *
 * TCP sends again what was lost and holds back what came after it, so that a loss
 * delays all that follows: the path is the last choice, where there is no UDP and no
 * WebTransport. What this end cannot send soon it does not take.
 *
 * Browsers send each frame at once. Deno's own WebSocket, as of 2.9, does so as a server, but
 * as a client it has TCP collect small ones (RFC 896), which may take 40 ms: from Deno use
 * UDP, or give `create` another WebSocket.
 *
 * When the connection breaks the socket is closed for good; what had come in before can
 * still be polled. A session of the transport survives in another socket.
 *
 * @example A datagram there and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   WebSocketDatagramListener,
 *   WebSocketDatagramSocket,
 * } from "@tickwire/net/transport";
 *
 * const listener = new WebSocketDatagramListener();
 * const server = Deno.serve({ port: 0, onListen() {} }, (request, info) => {
 *   const host = info.remoteAddr.hostname; // asked before the upgrade, which takes it away
 *   const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
 *   listener.accept(socket, { host });
 *   return response;
 * });
 *
 * const socket = await WebSocketDatagramSocket.connect(`ws://localhost:${server.addr.port}`);
 * socket.send(new Uint8Array([1, 2, 3]), socket.serverAddress);
 *
 * const answers: number[][] = [];
 * while (answers.length === 0) {
 *   await new Promise((resolve) => setTimeout(resolve));
 *   listener.poll((datagram, from) => listener.send(datagram, from));
 *   socket.poll((datagram) => answers.push([...datagram]));
 * }
 * assertEquals(answers, [[1, 2, 3]]);
 *
 * socket.close();
 * listener.close();
 * await server.shutdown();
 * ```
 */
export class WebSocketDatagramSocket implements DatagramSocket {
  /** TCP sends again what was lost. */
  readonly isLossless = true;
  readonly #half: ClientHalf;
  readonly #webSocket: DatagramWebSocket;
  readonly #wire: WebSocketWire;
  #closeReason: string | undefined;

  private constructor(
    webSocket: DatagramWebSocket,
    url: URL,
    maxBufferedBytes: number,
    maxReceiveBytes: number,
  ) {
    this.#half = new ClientHalf(this, url, MTU, maxReceiveBytes);
    this.#webSocket = webSocket;
    this.#wire = new WebSocketWire(webSocket, maxBufferedBytes);
  }

  /**
   * Opens a socket.
   *
   * @param url The server: `"wss://game.example/udp"`, `"ws://127.0.0.1:8000"`.
   * @param options Its bounds, and how to give up.
   * @returns The open socket.
   * @throws {TypeError} If `url` is none of a WebSocket.
   * @throws {RangeError} If an option is out of its range.
   * @throws {TransportError} If it could not be opened, as a rejection.
   */
  static async connect(
    url: string | URL,
    options: WebSocketDatagramSocketOptions = {},
  ): Promise<WebSocketDatagramSocket> {
    const {
      maxBufferedBytes = DEFAULT_BUFFERED_BYTES,
      maxReceiveBytes = DEFAULT_RECEIVE_BYTES,
      timeoutMs = DEFAULT_TIMEOUT_MS,
      signal,
      create = createWebSocket,
    } = options;
    checkInteger("maxBufferedBytes", maxBufferedBytes, MTU, MAX_BUFFERED_BYTES);
    checkInteger(
      "maxReceiveBytes",
      maxReceiveBytes,
      MIN_RECEIVE_BYTES,
      MAX_BUFFERED_BYTES,
    );
    checkPositive("timeoutMs", timeoutMs);
    const target = new URL(url);
    if (target.protocol !== "ws:" && target.protocol !== "wss:") {
      throw new TypeError(
        `Cannot connect as url must begin with "ws:" or "wss:": current value is "${target}"`,
      );
    }
    if (signal?.aborted) throw aborted(signal);
    const socket = new WebSocketDatagramSocket(
      create(target.href),
      target,
      maxBufferedBytes,
      maxReceiveBytes,
    );
    await socket.#open(timeoutMs, signal);
    return socket;
  }

  /** This end, of which nothing is known. */
  get localAddress(): DatagramAddress {
    return this.#half.localAddress;
  }

  /** The other end: the only address that there is. */
  get serverAddress(): DatagramAddress {
    return this.#half.serverAddress;
  }

  /** The largest datagram, in bytes: `MTU`. */
  get maxDatagramBytes(): number {
    return this.#half.maxDatagramBytes;
  }

  /** Whether either end has closed it, or the connection is broken. */
  get isClosed(): boolean {
    return this.#half.isClosed;
  }

  /**
   * Why the other end has closed it, for people: `""` if it did not say;
   * `undefined` if it has not.
   */
  get closeReason(): string | undefined {
    return this.#closeReason;
  }

  /** What it has counted. */
  get counters(): DatagramSocketCounters {
    return this.#half.counters;
  }

  /**
   * The address of the server.
   *
   * @param host Its name or IP address, as in the URL.
   * @param port Its port: 1 to 65535.
   * @returns `serverAddress`.
   * @throws {TypeError} If it is another one.
   * @throws {RangeError} If `port` is no port.
   */
  address(host: string, port: number): DatagramAddress {
    return this.#half.address(host, port);
  }

  /**
   * Sends a datagram.
   *
   * @param datagram The bytes, consumed before the call returns.
   * @param to `serverAddress`.
   * @returns What became of it: `Full` if too much waits, or to another address `Refused`.
   */
  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    const half = this.#half;
    const result = half.refusal(datagram, to) ?? this.#wire.send(datagram);
    return half.counters.note(result, datagram.length);
  }

  /** Does nothing: there is no batch. */
  flush(): void {}

  /**
   * Hands out what has come in.
   *
   * @param sink What takes it.
   * @param maxDatagrams The most: an integer, 1 or more. @default {1024}
   * @returns How many were handed out.
   * @throws {RangeError} If `maxDatagrams` is out of its range.
   * @throws {TypeError} If it is called by its sink.
   */
  poll(sink: DatagramSink, maxDatagrams = 1_024): number {
    return this.#half.poll(sink, maxDatagrams);
  }

  /** Closes it. What had come in is lost. Twice does nothing. */
  close(): void {
    const wasClosed = this.#half.isClosed;
    this.#half.close();
    if (!wasClosed) closeQuietly(this.#webSocket);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const webSocket = this.#webSocket;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = new AbortController();
    const stop = (error: TransportError): void => {
      abort.abort();
      this.close();
      // Once it has opened this comes to nothing.
      reject(error);
    };
    const timer = timeoutMs === Infinity ? undefined : setTimeout(
      () => stop(new TransportError("timedOut", "The opening took too long")),
      timeoutMs,
    );
    abort.signal.addEventListener("abort", () => clearTimeout(timer));
    signal?.addEventListener("abort", () => stop(aborted(signal)), {
      signal: abort.signal,
    });
    const onEnd = ({ reason }: DatagramWebSocketEvent): void => {
      abort.abort();
      const text = typeof reason === "string" ? reason : "";
      this.#closeReason ??= text;
      // What had come in can still be polled.
      this.#half.isClosed = true;
      closeQuietly(webSocket);
      reject(
        new TransportError("connectFailed", "The socket could not be opened"),
      );
    };
    webSocket.binaryType = "arraybuffer";
    webSocket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve();
    });
    webSocket.addEventListener(
      "message",
      ({ data }) => this.#half.onDatagram(toDatagram(data)),
    );
    // Of a failed opening Node 22 tells the error alone.
    webSocket.addEventListener("error", () => {
      if (webSocket.readyState !== OPEN) onEnd({});
    });
    webSocket.addEventListener("close", onEnd);
    return promise;
  }
}

function createWebSocket(url: string): DatagramWebSocket {
  if (typeof WebSocket === "undefined") {
    throw new TransportError("unsupported", "There is no WebSocket here");
  }
  return new WebSocket(url);
}

function aborted(signal: AbortSignal): TransportError {
  return new TransportError("aborted", "The opening was given up", {
    cause: signal.reason,
  });
}
