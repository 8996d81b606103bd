// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  DEFAULT_BUFFERED_BYTES,
  MAX_BUFFERED_BYTES,
} from "./_buffer_bounds.ts";
import { END_TEXTS } from "./_end_texts.ts";
import { closeQuietly, toDatagram } from "./_web_socket_frames.ts";
import { WebSocketWire } from "./_web_socket_wire.ts";
import type { DatagramWebSocket } from "./datagram_web_socket.ts";
import type {
  WebDatagramEndReason,
  WebDatagramOrigin,
} from "./web_datagram_limits.ts";
import {
  clientsOf,
  WebDatagramListener,
  type WebDatagramListenerOptions,
} from "./web_datagram_listener.ts";

const CONNECTING = 0;

/** What a client is told with the end of its connection. */
const CLOSE_CODES: Readonly<Record<WebDatagramEndReason, number>> = {
  left: 1_000,
  disconnected: 1_000,
  notBinary: 4_000,
  oversized: 4_001,
  flooded: 4_002,
  silent: 4_003,
  stranger: 4_004,
  refused: 4_005,
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
export class WebSocketDatagramListener extends WebDatagramListener {
  /** TCP sends again what was lost. */
  readonly isLossless = true;
  readonly #maxBufferedBytes: number;

  /**
   * Makes a listener.
   *
   * @param options What clients may cost.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: WebDatagramListenerOptions = {}) {
    super(MTU, options);
    const { maxBufferedBytes = DEFAULT_BUFFERED_BYTES } = options;
    this.#maxBufferedBytes = checkInteger(
      "maxBufferedBytes",
      maxBufferedBytes,
      MTU,
      MAX_BUFFERED_BYTES,
    );
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
    const clients = clientsOf(this);
    if (!this.hasRoom(host)) {
      clients.ended.refused += 1;
      close(webSocket, "refused");
      return undefined;
    }
    const wire = new WebSocketWire(webSocket, this.#maxBufferedBytes);
    const client = clients.add({
      send: (datagram) => wire.send(datagram),
      close: (reason) => close(webSocket, reason),
    }, { host, port });
    webSocket.binaryType = "arraybuffer";
    webSocket.addEventListener("message", ({ data }) => {
      const datagram = toDatagram(data);
      if (datagram === undefined) clients.end(client, "notBinary");
      else clients.onDatagram(client, datagram);
    });
    webSocket.addEventListener("close", () => clients.onGone(client));
    // A close follows; stand-ins for a WebSocket throw for an error that nobody hears.
    webSocket.addEventListener("error", () => {});
    return client;
  }
}

function close(
  webSocket: DatagramWebSocket,
  reason: WebDatagramEndReason,
): void {
  const code = CLOSE_CODES[reason];
  const text = END_TEXTS[reason];
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
