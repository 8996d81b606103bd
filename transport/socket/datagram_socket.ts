// This module is browser compatible.
import type { DatagramAddress } from "./datagram_address.ts";

/** What became of a datagram at {@linkcode DatagramSocket.send}. */
export const SendResult = {
  /** It is on its way, or in the socket's batch. */
  Sent: 0,
  /** The socket's buffer is full: it was not sent, and may be tried again after a poll. */
  Full: 1,
  /** It is larger than the socket takes: it was not sent, and never will be. */
  TooLarge: 2,
  /** The socket or that address's connection is closed. */
  Closed: 3,
  /** The system refused it: no route, no permission, a wrong kind of address. */
  Refused: 4,
} as const;

/** One of the results of sending. */
export type SendResult = typeof SendResult[keyof typeof SendResult];

/**
 * Takes a datagram that has come in. The bytes are the socket's own and hold it only
 * until the sink returns; the sink writes nothing into them. It may call `send()`,
 * `flush()` and `close()` of the socket, but not `poll()`.
 */
export type DatagramSink = (
  datagram: Uint8Array,
  from: DatagramAddress,
) => void;

/** What a socket has counted since it was opened. Read, never written. */
export interface DatagramSocketCounters {
  /** Datagrams given to the system. */
  readonly sent: number;
  /** Their bytes. */
  readonly sentBytes: number;
  /** Datagrams handed to a sink. */
  readonly received: number;
  /** Their bytes. */
  readonly receivedBytes: number;
  /** Datagrams that were not sent, as there was no room (`Full`). */
  readonly full: number;
  /** Datagrams that were not sent for another reason, now or later. */
  readonly failed: number;
  /** Datagrams that came in and were dropped: the ring was full, or they were too large. */
  readonly dropped: number;
}

/**
 * A socket that sends and receives whole datagrams and never waits.
 *
 * No method throws for what a network or a peer did. A datagram that was `Sent`
 * may be lost, doubled or overtaken on the way.
 */
export interface DatagramSocket {
  /** Where it listens. */
  readonly localAddress: DatagramAddress;
  /** The largest datagram that it can send, in bytes: 1200 or more. */
  readonly maxDatagramBytes: number;
  /**
   * Whether what is sent arrives unless the socket breaks, as over a WebSocket: nothing is
   * sent in copies then.
   *
   * @default {false}
   */
  readonly isLossless?: boolean;
  /** Whether `close()` was called, or it broke for good. */
  readonly isClosed: boolean;
  /** What it has counted: the same object at every call. */
  readonly counters: DatagramSocketCounters;

  /**
   * The address of a host, for {@linkcode DatagramSocket.send}.
   *
   * @param host An IP address as text; no name is looked up.
   * @param port 1 to 65535.
   * @returns The interned address, not retained.
   * @throws {TypeError} If `host` is not an address of a family of this socket.
   * @throws {RangeError} If `port` is no port.
   */
  address(host: string, port: number): DatagramAddress;

  /**
   * Sends a datagram, or puts it into a batch that leaves when it is full, at
   * `flush()`, or at the next `poll()`.
   *
   * @param datagram The bytes, consumed before the call returns.
   * @param to Where to: an address of this socket.
   * @returns What became of it.
   */
  send(datagram: Uint8Array, to: DatagramAddress): SendResult;

  /** Sends what waits in a batch. */
  flush(): void;

  /**
   * Flushes, then hands out what has come in, at most `maxDatagrams` of them.
   *
   * @param sink What takes them.
   * @param maxDatagrams The most: an integer, 1 or more. @default {1024}
   * @returns How many were handed out.
   */
  poll(sink: DatagramSink, maxDatagrams?: number): number;

  /** Flushes and closes it. What had come in is lost. Twice does nothing. */
  close(): void;
}
