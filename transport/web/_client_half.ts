// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  SendResult,
} from "../socket/datagram_socket.ts";
import { SocketCounters } from "../socket/socket_counters.ts";
import { ReceiveQueue } from "./_receive_queue.ts";
import { WebAddress } from "./_web_address.ts";

const MAX_POLLED = 1_048_576;

/** What the client halves have in common: one server, and a queue of what it sent. */
export class ClientHalf {
  readonly localAddress: WebAddress;
  readonly serverAddress: WebAddress;
  readonly counters = new SocketCounters();
  readonly maxDatagramBytes: number;
  readonly #queue: ReceiveQueue;
  #isPolling = false;
  isClosed = false;

  constructor(
    socket: DatagramSocket,
    url: URL,
    maxDatagramBytes: number,
    maxReceiveBytes: number,
  ) {
    // A browser does not tell where it is.
    this.localAddress = new WebAddress(socket, "localhost", 0, 0);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const isPlain = url.protocol === "ws:" || url.protocol === "http:";
    const port = url.port === "" ? (isPlain ? 80 : 443) : Number(url.port);
    this.serverAddress = new WebAddress(socket, host, port, 1);
    this.maxDatagramBytes = maxDatagramBytes;
    this.#queue = new ReceiveQueue(maxReceiveBytes);
  }

  address(host: string, port: number): DatagramAddress {
    const server = this.serverAddress;
    checkInteger("port", port, 1, 65_535);
    if (host === server.host && port === server.port) return server;
    throw new TypeError(
      `Cannot use an address as it must be the server's, "${server}": current value is "${host}", ${port}`,
    );
  }

  /** What is known of a datagram before it is sent; `undefined` if it may be. */
  refusal(datagram: Uint8Array, to: DatagramAddress): SendResult | undefined {
    if (this.isClosed) return SendResult.Closed;
    if (datagram.length > this.maxDatagramBytes) return SendResult.TooLarge;
    return to === this.serverAddress ? undefined : SendResult.Refused;
  }

  /** Takes in what came: the bytes are its own from then on. */
  onDatagram(datagram: Uint8Array | undefined): void {
    if (this.isClosed) return;
    if (
      datagram === undefined || datagram.length > this.maxDatagramBytes ||
      !this.#queue.push(datagram)
    ) this.counters.dropped += 1;
  }

  poll(sink: DatagramSink, maxDatagrams: number): number {
    checkInteger("maxDatagrams", maxDatagrams, 1, MAX_POLLED);
    checkPolling(this.#isPolling);
    this.#isPolling = true;
    let handed = 0;
    try {
      while (handed < maxDatagrams) {
        const datagram = this.#queue.poll();
        if (datagram === undefined) break;
        handed += 1;
        this.counters.received += 1;
        this.counters.receivedBytes += datagram.length;
        sink(datagram, this.serverAddress);
      }
    } finally {
      this.#isPolling = false;
    }
    return handed;
  }

  close(): void {
    this.isClosed = true;
    this.#queue.clear();
  }
}

/** Refuses a poll inside of a sink. */
export function checkPolling(isPolling: boolean): void {
  if (!isPolling) return;
  throw new TypeError(
    "Cannot poll the socket as its sink must have returned: current call is inside of it",
  );
}
