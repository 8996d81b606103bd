// This module is browser compatible.
import {
  checkInteger,
  checkPositive,
  type Clock,
  SystemClock,
} from "../../core/mod.ts";
import { BASE_MTU, MTU, PEER_TIMEOUT_MS } from "../constants.ts";
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
import { WebTransportWire } from "./_web_transport_wire.ts";
import type { DatagramWebTransport } from "./datagram_web_transport.ts";
import { TransportError } from "../transport_error.ts";

/** Options for {@linkcode WebTransportDatagramSocket.connect}. */
export interface WebTransportDatagramSocketOptions {
  /**
   * SHA-256 hashes, 32 bytes each, of the certificates that the server may have, for one
   * that no authority has signed: browsers want it to be an ECDSA one on P-256, valid for
   * 14 days at most.
   *
   * @default {[]}
   */
  readonly certificateHashes?: readonly Uint8Array<ArrayBuffer>[];
  /**
   * How many bytes may wait in the runtime. Above that sending answers
   * `SendResult.Full`: 1400 to 2^30.
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
  /**
   * After how much silence the server is taken for gone, in milliseconds: above 0. It
   * sends a sign of life every second.
   *
   * @default {10000}
   */
  readonly peerTimeoutMs?: number;
  /** Gives up opening, or closes the socket. */
  readonly signal?: AbortSignal;
  /**
   * Tells how long the server is silent.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * Makes the session.
   *
   * @default {(url, options) => new WebTransport(url, options)}
   */
  readonly create?: WebTransportFactory;
}

/** Makes a session that is opening: as the constructor of `WebTransport` does. */
export type WebTransportFactory = (
  url: string,
  options: {
    serverCertificateHashes?: {
      algorithm: string;
      value: Uint8Array<ArrayBuffer>;
    }[];
  },
) => DatagramWebTransport;

const DEFAULT_TIMEOUT_MS = 10_000;
const BEAT_MS = 1_000;

/**
 * The client's half of datagrams over WebTransport: experimental. A browser's way past
 * TCP: what is lost delays nothing else.
 *
 * A datagram is at most 1,200 bytes. The path may take less until the runtime has
 * measured it; what does not fit is lost without a word, as over UDP. Runtimes do not
 * reliably tell of an end, so that both ends send a sign of life every second while they
 * are polled, and a message when they close.
 *
 * @example Where there is no WebTransport, a WebSocket
 * ```ts
 * import {
 *   type DatagramSocket,
 *   WebSocketDatagramSocket,
 *   WebTransportDatagramSocket,
 * } from "@tickwire/net/transport";
 *
 * async function connect(host: string): Promise<DatagramSocket> {
 *   if (WebTransportDatagramSocket.isSupported) {
 *     try {
 *       return await WebTransportDatagramSocket.connect(`https://${host}/udp`);
 *     } catch {
 *       // UDP may be blocked on the way.
 *     }
 *   }
 *   return await WebSocketDatagramSocket.connect(`wss://${host}/udp`);
 * }
 * ```
 */
export class WebTransportDatagramSocket implements DatagramSocket {
  readonly #half: ClientHalf;
  readonly #wire: WebTransportWire;
  readonly #clock: Clock;
  readonly #peerTimeoutMs: number;
  readonly #onClose = new AbortController();
  #closeReason: string | undefined;
  #beatMs: number;
  #silentMs = 0;
  #isAlive = true;

  private constructor(
    transport: DatagramWebTransport,
    url: URL,
    options: {
      maxBufferedBytes: number;
      maxReceiveBytes: number;
      peerTimeoutMs: number;
      clock: Clock;
    },
  ) {
    const { maxReceiveBytes, maxBufferedBytes, peerTimeoutMs, clock } = options;
    this.#half = new ClientHalf(this, url, BASE_MTU, maxReceiveBytes);
    this.#clock = clock;
    this.#peerTimeoutMs = peerTimeoutMs;
    this.#beatMs = clock.nowMs();
    this.#wire = new WebTransportWire(transport, maxBufferedBytes, {
      onLife: () => this.#isAlive = true,
      onDatagram: (datagram) => this.#half.onDatagram(datagram),
      onEnd: (reason) => {
        if (!this.isClosed) this.#onEnd(reason);
      },
    });
  }

  /** Whether this runtime has WebTransport. */
  static get isSupported(): boolean {
    return "WebTransport" in globalThis;
  }

  /**
   * Opens a socket.
   *
   * @param url The server: `"https://game.example/udp"`.
   * @param options Its bounds, and how to give up.
   * @returns The open socket.
   * @throws {TypeError} If `url` does not begin with `"https:"`.
   * @throws {RangeError} If an option is out of its range.
   * @throws {TransportError} If it could not be opened, as a rejection: `"unsupported"`
   * where there is no WebTransport.
   */
  static async connect(
    url: string | URL,
    options: WebTransportDatagramSocketOptions = {},
  ): Promise<WebTransportDatagramSocket> {
    const {
      certificateHashes = [],
      maxBufferedBytes = DEFAULT_BUFFERED_BYTES,
      maxReceiveBytes = DEFAULT_RECEIVE_BYTES,
      timeoutMs = DEFAULT_TIMEOUT_MS,
      peerTimeoutMs = PEER_TIMEOUT_MS,
      signal,
      clock = new SystemClock(),
      create = createWebTransport,
    } = options;
    checkInteger("maxBufferedBytes", maxBufferedBytes, MTU, MAX_BUFFERED_BYTES);
    checkInteger(
      "maxReceiveBytes",
      maxReceiveBytes,
      MIN_RECEIVE_BYTES,
      MAX_BUFFERED_BYTES,
    );
    checkPositive("timeoutMs", timeoutMs);
    checkPositive("peerTimeoutMs", peerTimeoutMs);
    for (const { length } of certificateHashes) {
      checkInteger("the length of a certificate's hash", length, 32, 32);
    }
    const target = new URL(url);
    if (target.protocol !== "https:") {
      throw new TypeError(
        `Cannot connect as url must begin with "https:": current value is "${target}"`,
      );
    }
    if (signal?.aborted) throw aborted(signal);
    const transport = create(
      target.href,
      certificateHashes.length === 0 ? {} : {
        serverCertificateHashes: certificateHashes.map((value) => ({
          algorithm: "sha-256",
          value,
        })),
      },
    );
    await open(transport, timeoutMs, signal);
    const socket = new WebTransportDatagramSocket(transport, target, {
      maxBufferedBytes,
      maxReceiveBytes,
      peerTimeoutMs,
      clock,
    });
    signal?.addEventListener("abort", () => socket.close(), {
      signal: socket.#onClose.signal,
    });
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

  /** The largest datagram, in bytes: `BASE_MTU`. */
  get maxDatagramBytes(): number {
    return this.#half.maxDatagramBytes;
  }

  /** Whether either end has closed it, or the other end is gone. */
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
   * Hands out what has come in, and sends a sign of life when it is time.
   *
   * @param sink What takes it.
   * @param maxDatagrams The most: an integer, 1 or more. @default {1024}
   * @returns How many were handed out.
   * @throws {RangeError} If `maxDatagrams` is out of its range.
   * @throws {TypeError} If it is called by its sink.
   */
  poll(sink: DatagramSink, maxDatagrams = 1_024): number {
    if (!this.isClosed) this.#beat();
    return this.#half.poll(sink, maxDatagrams);
  }

  /** Closes it. What had come in is lost. Twice does nothing. */
  close(): void {
    this.#half.close();
    this.#onClose.abort();
    this.#wire.close("");
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #beat(): void {
    const nowMs = this.#clock.nowMs();
    const stepMs = nowMs - this.#beatMs;
    if (stepMs < BEAT_MS) return;
    this.#beatMs = nowMs;
    this.#wire.beat();
    // A page that slept has not listened either.
    this.#silentMs = this.#isAlive
      ? 0
      : this.#silentMs + Math.min(stepMs, 2 * BEAT_MS);
    this.#isAlive = false;
    if (this.#silentMs < this.#peerTimeoutMs) return;
    this.#wire.close("Silent for too long");
    this.#onEnd("Silent for too long");
  }

  #onEnd(reason: string): void {
    this.#closeReason = reason;
    // What had come in can still be polled.
    this.#half.isClosed = true;
    this.#onClose.abort();
  }
}

async function open(
  transport: DatagramWebTransport,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(aborted(signal!));
  signal?.addEventListener("abort", onAbort);
  const timer = timeoutMs === Infinity ? undefined : setTimeout(
    () => reject(new TransportError("timedOut", "The opening took too long")),
    timeoutMs,
  );
  // Whoever waits for the opening is told; of the end nobody needs to be.
  transport.closed.catch(() => {});
  try {
    await Promise.race([transport.ready, stopped]);
  } catch (error) {
    transport.ready.then(() => transport.close()).catch(() => {});
    if (error instanceof TransportError) throw error;
    throw new TransportError(
      "connectFailed",
      "The session could not be opened",
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function createWebTransport(
  ...[url, options]: Parameters<WebTransportFactory>
): DatagramWebTransport {
  const { WebTransport } = globalThis as {
    WebTransport?: new (
      ...args: Parameters<WebTransportFactory>
    ) => DatagramWebTransport;
  };
  if (WebTransport === undefined) {
    throw new TransportError("unsupported", "There is no WebTransport here");
  }
  return new WebTransport(url, options);
}

function aborted(signal: AbortSignal): TransportError {
  return new TransportError("aborted", "The opening was given up", {
    cause: signal.reason,
  });
}
