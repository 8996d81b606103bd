// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { BASE_MTU, MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  DEFAULT_BUFFERED_BYTES,
  MAX_BUFFERED_BYTES,
} from "./_buffer_bounds.ts";
import { END_TEXTS } from "./_end_texts.ts";
import { WebTransportWire } from "./_web_transport_wire.ts";
import type { DatagramWebTransport } from "./datagram_web_transport.ts";
import type { WebDatagramOrigin } from "./web_datagram_limits.ts";
import {
  clientsOf,
  WebDatagramListener,
  type WebDatagramListenerOptions,
} from "./web_datagram_listener.ts";

/**
 * The server's half of datagrams over WebTransport: experimental. One datagram socket
 * for any number of clients, each of which is an address.
 *
 * Whatever makes sessions gives them to
 * {@linkcode WebTransportDatagramListener.accept}: `listenForWebTransport` of
 * `./transport/deno` does so on Deno. What a client may do is bounded as at
 * {@linkcode WebDatagramListener}; datagrams are of at most 1,200 bytes. Each end sends
 * a sign of life every second while it is polled.
 */
export class WebTransportDatagramListener extends WebDatagramListener {
  readonly #maxBufferedBytes: number;

  /**
   * Makes a listener.
   *
   * @param options What clients may cost.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: WebDatagramListenerOptions = {}) {
    super(BASE_MTU, options);
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
   * @param transport Its session, open. It is the listener's from then on.
   * @param origin Where it is.
   * @returns Its address, not retained; `undefined` if there is no room, and it was closed.
   * @throws {RangeError} If the port is none.
   */
  accept(
    transport: DatagramWebTransport,
    origin: WebDatagramOrigin,
  ): DatagramAddress | undefined {
    const { host } = origin;
    const port = checkInteger("port", origin.port ?? 0, 0, 65_535);
    const clients = clientsOf(this);
    if (!this.hasRoom(host)) {
      clients.ended.refused += 1;
      transport.close();
      return undefined;
    }
    // What comes is told no earlier than the next turn of the event loop.
    const wire = new WebTransportWire(transport, this.#maxBufferedBytes, {
      onLife: () => clients.onLife(client),
      onDatagram: (datagram) => clients.onDatagram(client, datagram),
      onEnd: () => clients.onGone(client),
    });
    const client = clients.add({
      send: (datagram) => wire.send(datagram),
      beat: () => wire.beat(),
      close: (reason) => wire.close(END_TEXTS[reason]),
    }, { host, port });
    return client;
  }
}
