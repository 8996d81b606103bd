import { checkInteger } from "../../core/mod.ts";
import { TransportError } from "../transport_error.ts";
import type { DatagramAddress } from "./datagram_address.ts";
import type {
  DatagramSink,
  DatagramSocket,
  DatagramSocketCounters,
  SendResult,
} from "./datagram_socket.ts";
import { IP_WORDS, isIpv4, parseIp } from "./ip_address.ts";
import {
  hasListenDatagram,
  mayUseFfi,
  mayUseNative,
  mayUseNet,
} from "./_permissions.ts";
import type { BackendSettings, SocketBackend } from "./_socket_backend.ts";

/**
 * What a {@linkcode NonBlockingSocket} stands on: `"native"`, the system's own
 * non-blocking sockets, which Deno calls through its FFI; `"deno"`,
 * `Deno.listenDatagram`; `"node"`, `node:dgram`, in Deno, Node and Bun.
 */
export type NonBlockingSocketBackend = "native" | "deno" | "node";

/** Options for {@linkcode NonBlockingSocket.bind}. */
export interface NonBlockingSocketOptions {
  /**
   * The IP address to listen at: of this machine, or `"0.0.0.0"` for all of IPv4, or `"::"` for all of IPv6 and IPv4.
   * No name is looked up.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string;
  /**
   * The port to listen at: 0 for any that is free, up to 65535.
   *
   * @default {0}
   */
  readonly port?: number;
  /**
   * Whether a socket of `"::"` leaves IPv4 alone. Only `"native"` and `"node"` can.
   *
   * @default {false}
   */
  readonly isIpv6Only?: boolean;
  /**
   * The largest datagram that is sent and received, in bytes: 1200 to 65507.
   *
   * @default {1500}
   */
  readonly maxDatagramBytes?: number;
  /**
   * How many bytes the system is asked to hold of what came in until it is polled: 1024 to 2^30. It may allow less, as
   * {@linkcode NonBlockingSocket.receiveBufferBytes} tells. `"deno"` cannot ask, nor can `"node"` in Deno: there, and in `"node"`, as many bytes
   * are held in memory besides, once the event loop has run.
   *
   * @default {4194304}
   */
  readonly receiveBufferBytes?: number;
  /**
   * How many bytes the system is asked to hold of what is to leave: 1024 to 2^30. More of them only makes what is sent
   * over a slow network later. `"deno"` cannot ask; it and `"node"` hold as many in memory besides.
   *
   * @default {1048576}
   */
  readonly sendBufferBytes?: number;
  /**
   * What it stands on; otherwise the first of `"native"`, `"deno"` and `"node"` that is there and allowed.
   *
   * `"native"` needs `--allow-ffi`, and is picked only where all of the network is allowed, as Deno's limits do not hold
   * for it; `"deno"` needs `--unstable-net` and `--allow-net`, `"node"` in Deno `--allow-net`.
   */
  readonly backend?: NonBlockingSocketBackend;
  /** Closes the socket, or rejects if it is not bound yet. */
  readonly signal?: AbortSignal;
}

/**
 * A UDP socket that never waits, on the best that the runtime allows. It asks for no
 * permission: what is not granted is not used.
 *
 * With `"native"` a game's loop needs no event loop, and datagrams are never fragmented on
 * their way: one that is larger than the network takes is `TooLarge`. The other two take
 * in and send only while the event loop runs, so that a loop over them has to await
 * something now and then.
 *
 * An ICMP message that nobody listens at some address is survived.
 *
 * @example Send and receive
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NonBlockingSocket } from "@tickwire/net/transport/deno";
 *
 * using ada = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * using bob = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * ada.sendTo(new Uint8Array([1, 2, 3]), "127.0.0.1", bob.localAddress.port);
 * ada.flush();
 *
 * const seen: string[] = [];
 * while (seen.length === 0) {
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   bob.poll((datagram, from) => seen.push(`${datagram} from ${from.port}`));
 * }
 * assertEquals(seen, [`1,2,3 from ${ada.localAddress.port}`]);
 * ```
 */
export class NonBlockingSocket implements DatagramSocket {
  readonly #backend: SocketBackend;
  readonly #kind: NonBlockingSocketBackend;
  #isPolling = false;
  #detach: (() => void) | undefined = undefined;

  private constructor(
    backend: SocketBackend,
    kind: NonBlockingSocketBackend,
    signal: AbortSignal | undefined,
  ) {
    this.#backend = backend;
    this.#kind = kind;
    backend.addresses.socket = this;
    if (signal !== undefined) {
      const onAbort = (): void => this.close();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#detach = () => signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Opens a socket.
   *
   * @param options Where it listens, and how.
   * @returns The socket.
   * @throws {TypeError} If `hostname` is not an IP address.
   * @throws {RangeError} If a number is outside of its limits.
   * @throws {TransportError} If the address is taken or none of this machine, or nothing to stand on is there and
   * allowed.
   *
   * @example Force one
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { NonBlockingSocket } from "@tickwire/net/transport/node";
   *
   * using socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1", backend: "node" });
   * assertEquals(socket.backend, "node");
   * ```
   */
  static async bind(
    options: NonBlockingSocketOptions = {},
  ): Promise<NonBlockingSocket> {
    const settings = readSettings(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const kind = options.backend ?? chooseBackend(settings);
    const backend = await openBackend(kind, settings);
    if (signal?.aborted) backend.close();
    signal?.throwIfAborted();
    return new NonBlockingSocket(backend, kind, signal);
  }

  /** What it stands on. */
  get backend(): NonBlockingSocketBackend {
    return this.#kind;
  }

  /** Where it listens, with the port that it was given. */
  get localAddress(): DatagramAddress {
    return this.#backend.localAddress;
  }

  /** The largest datagram that it can send, in bytes. */
  get maxDatagramBytes(): number {
    return this.#backend.maxDatagramBytes;
  }

  /** Bytes that the system holds of what came in, as it counts them (Linux: with its own overhead); 0 if it does not tell. */
  get receiveBufferBytes(): number {
    return this.#backend.receiveBufferBytes;
  }

  /** Bytes that the system holds of what is to leave, as it counts them; 0 if it does not tell. */
  get sendBufferBytes(): number {
    return this.#backend.sendBufferBytes;
  }

  /** Whether it is closed. */
  get isClosed(): boolean {
    return this.#backend.isClosed;
  }

  /** What it has counted. On Linux, `"native"` also tells in `dropped` what the system has dropped, where several datagrams in a row from one sender may count as one. */
  get counters(): DatagramSocketCounters {
    return this.#backend.counters;
  }

  /**
   * The address of a host, for {@linkcode NonBlockingSocket.send}.
   *
   * @param host An IP address as text.
   * @param port 1 to 65535.
   * @returns The interned address, not retained.
   * @throws {TypeError} If `host` is not an address of a family of this socket.
   * @throws {RangeError} If `port` is no port.
   */
  address(host: string, port: number): DatagramAddress {
    return this.#backend.address(host, port);
  }

  /**
   * Sends a datagram, or puts it into a batch that leaves when it is full, at `flush()`, or at the next `poll()`.
   *
   * @param datagram The bytes, 0 to `maxDatagramBytes` of them, consumed before the call returns.
   * @param to Where to: an address of this socket.
   * @returns What became of it.
   */
  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    return this.#backend.send(datagram, to);
  }

  /**
   * Sends a datagram to a host: `send()` with `address()`, which is slower than to keep the address.
   *
   * @param datagram The bytes, consumed before the call returns.
   * @param host An IP address as text.
   * @param port 1 to 65535.
   * @returns What became of it.
   * @throws {TypeError} If `host` is not an address of a family of this socket.
   * @throws {RangeError} If `port` is no port.
   */
  sendTo(datagram: Uint8Array, host: string, port: number): SendResult {
    return this.#backend.send(datagram, this.#backend.address(host, port));
  }

  /** Sends what waits in a batch. */
  flush(): void {
    this.#backend.flush();
  }

  /**
   * Flushes, then hands out what has come in, at most `maxDatagrams` of them.
   *
   * @param sink What takes them. It may send, flush and close, but not poll.
   * @param maxDatagrams The most: an integer, 1 or more.
   * @returns How many were handed out.
   * @throws {RangeError} If `maxDatagrams` is no count.
   * @throws {TypeError} If a sink of this socket calls it.
   */
  poll(sink: DatagramSink, maxDatagrams = 1024): number {
    checkInteger("maxDatagrams", maxDatagrams, 1, Number.MAX_SAFE_INTEGER);
    if (this.#isPolling) {
      throw new TypeError(
        "Cannot poll the socket as its sink must not do that: current value is a poll in a poll",
      );
    }
    this.#isPolling = true;
    try {
      return this.#backend.poll(sink, maxDatagrams);
    } finally {
      this.#isPolling = false;
    }
  }

  /** Flushes and closes it. What had come in is lost. Twice does nothing. */
  close(): void {
    this.#detach?.();
    this.#detach = undefined;
    this.#backend.close();
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function readSettings(options: NonBlockingSocketOptions): BackendSettings {
  const {
    hostname = "0.0.0.0",
    port = 0,
    isIpv6Only = false,
    maxDatagramBytes = 1500,
    receiveBufferBytes = 4 << 20,
    sendBufferBytes = 1 << 20,
  } = options;
  const words = new Int32Array(IP_WORDS);
  if (!parseIp(hostname, words)) {
    throw new TypeError(
      `Cannot use hostname as it must be an IP address: current value is "${hostname}"`,
    );
  }
  return {
    hostname,
    port: checkInteger("port", port, 0, 65_535),
    isIpv6: !isIpv4(words),
    isIpv6Only,
    maxDatagramBytes: checkInteger(
      "maxDatagramBytes",
      maxDatagramBytes,
      1200,
      65_507,
    ),
    receiveBufferBytes: checkInteger(
      "receiveBufferBytes",
      receiveBufferBytes,
      1024,
      2 ** 30,
    ),
    sendBufferBytes: checkInteger(
      "sendBufferBytes",
      sendBufferBytes,
      1024,
      2 ** 30,
    ),
  };
}

function chooseBackend(settings: BackendSettings): NonBlockingSocketBackend {
  if (!isDeno()) return "node";
  if (mayUseNative()) return "native";
  return hasListenDatagram() && !settings.isIpv6Only ? "deno" : "node";
}

/** They are loaded as they are needed, as each needs something else of a runtime. */
async function openBackend(
  kind: NonBlockingSocketBackend,
  settings: BackendSettings,
): Promise<SocketBackend> {
  switch (kind) {
    case "native": {
      if (!isDeno()) throw unsupported(kind, "the runtime must be Deno");
      if (!mayUseFfi()) throw notAllowed("--allow-ffi", settings);
      const { NativeSocket } = await import("./_native_socket.ts");
      return NativeSocket.open(settings);
    }
    case "deno": {
      if (!isDeno() || !hasListenDatagram()) {
        throw unsupported(kind, "it must be Deno with --unstable-net");
      }
      if (settings.isIpv6Only) {
        throw unsupported(kind, "isIpv6Only must be false for it");
      }
      if (!mayListen(settings)) throw notAllowed("--allow-net", settings);
      const { DenoSocket } = await import("./_deno_socket.ts");
      return DenoSocket.open(settings);
    }
    case "node": {
      if (isDeno() && !mayListen(settings)) {
        throw notAllowed("--allow-net", settings);
      }
      const { DgramSocket } = await import("./_dgram_socket.ts");
      return await DgramSocket.open(settings, isDeno() ? mayUseNet : mayAll);
    }
    default:
      throw new TypeError(
        `Cannot use backend as it must be "native", "deno" or "node": current value is "${kind}"`,
      );
  }
}

function isDeno(): boolean {
  return "Deno" in globalThis;
}

function mayAll(): boolean {
  return true;
}

function mayListen({ hostname, port, isIpv6 }: BackendSettings): boolean {
  return mayUseNet(isIpv6 ? `[${hostname}]` : hostname, port);
}

function notAllowed(
  flag: string,
  { hostname, port }: BackendSettings,
): TransportError {
  return new TransportError(
    "notAllowed",
    `Cannot bind a socket as ${flag} must be granted: current value is ${hostname} port ${port}`,
  );
}

function unsupported(kind: string, wanted: string): TransportError {
  return new TransportError(
    "unsupported",
    `Cannot bind a socket as ${wanted}: current value is backend "${kind}"`,
  );
}
