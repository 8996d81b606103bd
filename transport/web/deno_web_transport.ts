import { checkFinite } from "../../core/mod.ts";
import type { WebTransportDatagramListener } from "./web_transport_datagram_listener.ts";
import { TransportError } from "../transport_error.ts";

/** Options for {@linkcode listenForWebTransport}. */
export interface WebTransportListenOptions {
  /** The chain of certificates, in PEM. */
  readonly cert: string;
  /** The private key, in PEM. */
  readonly key: string;
  /**
   * The IP address to listen at.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string;
  /**
   * The UDP port to listen at: 0 to 65535, 0 for any.
   *
   * @default {0}
   */
  readonly port?: number;
  /**
   * The path of the URLs that clients connect to. Others are refused.
   *
   * @default {"/"}
   */
  readonly path?: string;
  /**
   * How long a client may take to open a session, in milliseconds: above 0.
   *
   * @default {5000}
   */
  readonly handshakeTimeoutMs?: number;
}

/** What listens for sessions until it is closed. */
export interface WebTransportServer extends Disposable {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Ends all sessions, and listens no more. */
  close(): void;
}

/** Handshakes under way. Whoever begins another is refused. */
const MAX_HANDSHAKES = 256;
const DEFAULT_HANDSHAKE_MS = 5_000;
/**
 * Streams that a client may open: those of HTTP/3 itself. Nobody reads others, and each
 * holds more than a megabyte of what was sent.
 */
const STREAMS = {
  maxConcurrentBidirectionalStreams: 2,
  maxConcurrentUnidirectionalStreams: 4,
} as const;
/** After so much silence of a client QUIC gives it up; it sends signs of life. */
const IDLE_MS = 30_000;

/**
 * Listens for WebTransport sessions and makes their clients those of a listener, on Deno:
 * experimental, and in need of `--unstable-net`.
 *
 * Deno ends its process when an empty datagram comes in, as of 2.9: a promise of its own
 * is rejected, and nobody can catch it. As long as a server is open, rejections from that
 * place, and no others, are kept from doing so; the client is not heard any more.
 *
 * @param listener What takes the clients.
 * @param options The certificate and where to listen.
 * @returns The server.
 * @throws {TransportError} If this Deno has no QUIC: `"unsupported"`.
 * @throws {RangeError} If an option is out of its range.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 *
 * @example A server with the certificate of a file
 * ```ts
 * import { WebTransportDatagramListener } from "@tickwire/net/transport";
 * import { listenForWebTransport, type WebTransportServer } from "@tickwire/net/transport/deno";
 *
 * async function serve(listener: WebTransportDatagramListener): Promise<WebTransportServer> {
 *   return listenForWebTransport(listener, {
 *     cert: await Deno.readTextFile("cert.pem"),
 *     key: await Deno.readTextFile("key.pem"),
 *     port: 4433,
 *     path: "/udp",
 *   });
 * }
 * ```
 */
export function listenForWebTransport(
  listener: WebTransportDatagramListener,
  options: WebTransportListenOptions,
): WebTransportServer {
  const {
    cert,
    key,
    hostname = "0.0.0.0",
    port = 0,
    path = "/",
    handshakeTimeoutMs = DEFAULT_HANDSHAKE_MS,
  } = options;
  checkFinite("handshakeTimeoutMs", handshakeTimeoutMs);
  if (!("QuicEndpoint" in Deno)) {
    throw new TransportError(
      "unsupported",
      "There is no QUIC here: it needs --unstable-net",
    );
  }
  const endpoint = new Deno.QuicEndpoint({ hostname, port });
  let quic: Deno.QuicListener;
  try {
    quic = endpoint.listen({
      cert,
      key,
      alpnProtocols: ["h3"],
      maxIdleTimeout: IDLE_MS,
      ...STREAMS,
    });
  } catch (error) {
    endpoint.close();
    throw error;
  }
  const { addr } = endpoint;
  globalThis.addEventListener("unhandledrejection", keepAlive);
  let isClosed = false;
  acceptAll(quic, listener, { path, handshakeTimeoutMs });
  function close(): void {
    if (isClosed) return;
    isClosed = true;
    globalThis.removeEventListener("unhandledrejection", keepAlive);
    quic.stop();
    endpoint.close();
  }
  return { addr, close, [Symbol.dispose]: close };
}

type Terms = Required<
  Pick<WebTransportListenOptions, "path" | "handshakeTimeoutMs">
>;

async function acceptAll(
  quic: Deno.QuicListener,
  listener: WebTransportDatagramListener,
  terms: Terms,
): Promise<void> {
  let handshakes = 0;
  for (;;) {
    let incoming: Deno.QuicIncoming;
    try {
      incoming = await quic.incoming();
    } catch {
      // It was stopped.
      return;
    }
    if (handshakes >= MAX_HANDSHAKES) {
      refuse(incoming);
      continue;
    }
    handshakes += 1;
    admit(incoming, listener, terms).finally(() => handshakes -= 1);
  }
}

/** Lets one client in. Nothing is asked of `incoming` before: that would use it up. */
async function admit(
  incoming: Deno.QuicIncoming,
  listener: WebTransportDatagramListener,
  terms: Terms,
): Promise<void> {
  const { path, handshakeTimeoutMs } = terms;
  let conn: Deno.QuicConn | undefined;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    conn?.close();
  }, handshakeTimeoutMs);
  try {
    // It cannot be broken off: QUIC's own timeout ends it.
    conn = await incoming.accept();
    if (isLate) return conn.close();
    const { hostname: host, port } = conn.remoteAddr;
    if (!listener.hasRoom(host)) return conn.close();
    const transport = await Deno.upgradeWebTransport(conn);
    await transport.ready;
    if (new URL(transport.url).pathname === path) {
      listener.accept(transport, { host, port });
    } else conn.close();
  } catch {
    // What it spoke was no HTTP/3, or it was given up.
    conn?.close();
  } finally {
    clearTimeout(timer);
  }
}

function refuse(incoming: Deno.QuicIncoming): void {
  try {
    incoming.refuse();
  } catch {
    // It has gone already.
  }
}

/** Keeps the process alive where Deno has nobody to tell of an empty datagram. */
function keepAlive(event: PromiseRejectionEvent): void {
  const { reason } = event;
  if (
    reason instanceof TypeError &&
    reason.stack?.includes("WebTransportDatagramDuplexStream.#receiveDatagrams")
  ) event.preventDefault();
}
