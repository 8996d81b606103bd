// This module is browser compatible.

import type {
  WsDropReason,
  WsErrorReason,
  WsMuxEvent,
  WsReply,
  WsRequestFailed,
} from "./event.ts";
import type { WsDataMessage, WsMessage } from "./message.ts";
import type { Socket } from "./_socket.ts";

/** How a message is queued while it cannot be sent. */
export interface QueueOptions {
  readonly key?: string | undefined;
  readonly ttlMs?: number | undefined;
}

/**
 * What handles the messages of open sockets, one after the other: plain ones, or those of a protocol on top. It outlives
 * its sockets. The client owns them: it opens, closes and replaces them.
 */
export interface Connection {
  /** Messages that wait to be sent. */
  readonly pendingMessages: number;
  /** Their bytes. */
  readonly pendingBytes: number;
  /** Bytes of messages that were not sent and not received, as deflated they are fewer. */
  readonly savedBytes: number;
  /** What the other end has said that its close will mean, whatever the code of the socket's end. */
  readonly endCode?: number | undefined;
  /** A socket is open. Calls `host.ready()`, now or later, when the game may take it for connected. */
  open(socket: Socket): void;
  /** Something came over the open socket. `size` is what it holds of the receive budget. */
  receive(data: string | Uint8Array, size: number, atMs: number): void;
  /** The socket is gone. What was not given to it stays. */
  end(): void;
  /** Accepts a message of the game, or not. */
  send(message: WsMessage, options: QueueOptions): boolean;
  /**
   * Lets time pass, after everything that came was taken in.
   *
   * @param dtMs Time since the last tick.
   * @param openMs The part of it for which the socket was open.
   */
  tick(dtMs: number, openMs: number): void;
  /** Sends what waits and may go. */
  flush(): void;
  /** The client is closed: gives the socket, if there is one, all that waits, and drops the rest. */
  close(): void;
}

/** What a {@linkcode Connection} reports to its client. */
export interface ConnectionHost {
  /** The connection stands. */
  ready(): void;
  /** A message came in. It holds `heldSize` of the receive budget, which the drain of its event releases. */
  message(message: WsDataMessage, channel: string | undefined): void;
  /** A message came in that the game's filter has refused. */
  filtered(): void;
  /** What `receive` was given needs no event: releases its size of the receive budget. */
  release(size: number): void;
  /** Messages of the game went out. */
  sent(messages: number, bytes: number): void;
  /** A message of the game was not accepted. */
  refused(): void;
  /** Accepted messages will not be sent. */
  dropped(count: number, bytes: number, reason: WsDropReason): void;
  /** Messages came in for which there was no room. */
  droppedIncoming(count: number): void;
  /** A ping was answered. */
  rtt(rttMs: number): void;
  /** Whether the game has drained enough to be given more. */
  hasRoom(): boolean;
  /** A message that is about to be queued holds so much of the receive budget, whatever is left of it. */
  hold(size: number): void;
  /** Something happened that only the mux tells. */
  mux(event: WsMuxEvent): void;
  /** Keeps a place for the outcome of a request, if there is one left. */
  reserve(): boolean;
  /** Gives a place back: the request was not accepted. */
  unreserve(): void;
  /** The outcome of a request, for which there is a place. A reply holds `heldSize` of the receive budget. */
  outcome(event: WsReply | WsRequestFailed): void;
  /** The next attempt begins no earlier. */
  retryAfter(ms: number): void;
  /** Something went wrong that ends nothing. */
  error(reason: WsErrorReason, message: string, cause?: unknown): void;
  /** The socket is of no use any more: the client closes it. */
  fail(code: number, reason: WsErrorReason, message: string): void;
}
