// This module is browser compatible.

import type { WsDataMessage } from "./message.ts";
import type { Member } from "./mux/control_message.ts";
import type { UndeliveredMessage } from "./mux/session_event.ts";

/** The connection stands: messages go out and come in. */
export interface WsConnected {
  /** The discriminant. */
  readonly type: "connected";
}

/** An attempt, or the connection it led to, is over. Each attempt ends with exactly one, whether it was connected or not. */
export interface WsDisconnected {
  /** The discriminant. */
  readonly type: "disconnected";
  /**
   * The close code: the server's; or what the client closed with, 4002 for data that cannot be read, 4010 as too much was
   * not drained, 4011 as a ping was not answered; 1005 if the server gave none; 1006 if there was no closing handshake
   * within three seconds, which is also that of an attempt that failed. Over the mux, one of those of `PROTOCOL.md`.
   */
  readonly code: number;
  /** Why, for people; the server's words or the client's. */
  readonly reason: string;
  /** Whether the client tries again by itself; `false` is the last event until `connect` is called. */
  readonly willReconnect: boolean;
}

/** A message came in. */
export interface WsMessageReceived {
  /** The discriminant. */
  readonly type: "message";
  /** The message; its bytes belong to the receiver. */
  readonly message: WsDataMessage;
  /** The name of its channel over the mux; `undefined` in plain mode. */
  readonly channel: string | undefined;
}

/** The client waits and then tries again. */
export interface WsReconnecting {
  /** The discriminant. */
  readonly type: "reconnecting";
  /** The number of the attempt to come since the last connection that lasted: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds of `tick` time until then. */
  readonly backoffMs: number;
}

/** What went wrong. New members may be added in a minor version. */
export type WsErrorReason =
  /** The socket could not be made or opened. */
  | "connectFailed"
  /** Neither open nor failed after `connectTimeoutMs`. */
  | "connectTimeout"
  /** The URL provider failed, or what it gave is no WebSocket URL. */
  | "urlUnavailable"
  /** The server accepted none of the `protocols`. */
  | "protocolRefused"
  /** The open socket did not take a message; its end follows. */
  | "socketFailed"
  /** A message came that is neither text nor bytes; the connection is closed. */
  | "unreadableMessage"
  /** More came in than may wait to be drained; the connection is closed. */
  | "undrained"
  /** Nothing came in for `pongTimeoutMs` after a ping; the connection is closed. */
  | "pingTimeout"
  /** Over the mux: the hub sent what is wrong; the connection is closed. */
  | "protocolError"
  /** Over the mux: the hub does not let the client in. */
  | "refused"
  /** `isPong`, or over the mux the filter of a channel, threw; its message is handed out. */
  | "filterFailed"
  /** In plain mode: `pingMessage` threw; no ping was sent. */
  | "pingFailed"
  /** Ping and pong messages need the mux; nothing was sent. */
  | "unavailable";

/** Something went wrong. What it ends is told by `disconnected`. */
export interface WsFailure {
  /** The discriminant. */
  readonly type: "error";
  /** What, for programs. */
  readonly reason: WsErrorReason;
  /** What, for people. */
  readonly message: string;
  /** What the runtime or a callback of the game threw, if it did. */
  readonly cause: unknown;
}

/** A ping was answered. */
export interface WsPingRtt {
  /** The discriminant. */
  readonly type: "pingRtt";
  /** Milliseconds from the ping to the `tick` that took its answer in: up to a frame more than the network took. */
  readonly rttMs: number;
}

/**
 * Why an accepted message will not be sent: `queueFull`, newer ones needed its room; `replaced`, by a newer one with its
 * key; `expired`, its `ttlMs` ran out; `cut`, over the mux, a part of it was sent when the connection went, on a channel
 * that sends nothing twice; `closed`, the client was closed; `tooLarge`, over the mux, the hub takes none so large, and
 * `undelivered` hands it back.
 */
export type WsDropReason =
  | "queueFull"
  | "replaced"
  | "expired"
  | "cut"
  | "closed"
  | "tooLarge";

/** Accepted messages were dropped before they were sent. At most one a tick for each reason. */
export interface WsDropped {
  /** The discriminant. */
  readonly type: "dropped";
  /** How many messages. */
  readonly count: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Why. */
  readonly reason: WsDropReason;
}

/** Over the mux: the session stands, before `connected` is told. */
export interface WsSessionBegun {
  /** The discriminant. */
  readonly type: "session";
  /** Whether an earlier one goes on: nothing was lost. If not, and there was one, `undelivered` tells of what. */
  readonly isResumed: boolean;
}

/** Over the mux: what is published on a channel will come. */
export interface WsSubscribed {
  /** The discriminant. */
  readonly type: "subscribed";
  /** The channel. */
  readonly channel: string;
  /** How many of the last messages come first: 0 to 1000. */
  readonly history: number;
  /** How many more that were asked for, older ones, found no room at the hub: 0 to 1000. */
  readonly omitted: number;
}

/**
 * Over the mux: the hub does not let the client have what is published on a channel, or no longer. What was published
 * before may still come.
 */
export interface WsSubscriptionDenied {
  /** The discriminant. */
  readonly type: "subscriptionDenied";
  /** The channel. */
  readonly channel: string;
  /** Why, for people. */
  readonly reason: string;
}

/** Over the mux: the client may not send on a channel; what it has sent on it was dropped. Told at most once a second. */
export interface WsPublishDenied {
  /** The discriminant. */
  readonly type: "publishDenied";
  /** The channel. */
  readonly channel: string;
  /** Why, for people. */
  readonly reason: string;
}

/** Over the mux: who is there. */
export interface WsPresence {
  /** The discriminant. */
  readonly type: "presence";
  /** The channel. */
  readonly channel: string;
  /** Whether these are all, or came, or left. */
  readonly change: "all" | "joined" | "left";
  /** The players. */
  readonly members: readonly Member[];
}

/** Over the mux: something is missing, as the client was away for too long. */
export interface WsGap {
  /** The discriminant. */
  readonly type: "gap";
  /** The hub could not send these again: they were too old. */
  readonly reason: "windowOverrun";
  /** The first record that is missing, counted from 1. */
  readonly from: number;
  /** The last one. */
  readonly to: number;
}

/** Over the mux: messages that were not delivered, or of which nobody knows whether they were. */
export interface WsUndelivered {
  /** The discriminant. */
  readonly type: "undelivered";
  /**
   * `sessionLost`: the hub has started anew, or forgot the client; `windowOverrun`: they became too old; `closed`: the
   * client was closed; `tooLarge`: the hub takes none so large, as it said after they were accepted.
   */
  readonly reason: "sessionLost" | "windowOverrun" | "closed" | "tooLarge";
  /** What was sent, in its order. */
  readonly messages: readonly UndeliveredMessage[];
}

/** Over the mux: the answer to a request. Each request ends with this or `requestFailed`, once. */
export interface WsReply {
  /** The discriminant. */
  readonly type: "reply";
  /** The number that `request` gave. */
  readonly request: number;
  /** The answer; its bytes belong to the receiver. */
  readonly message: WsDataMessage;
}

/**
 * Why a request has no answer: `timeout`, none came in time; `undelivered`, it was lost, or the hub has lost the session
 * and with it whatever became of it; `closed`, the client was closed; `denied`, it may not send on that channel.
 */
export type WsRequestFailureReason =
  | "timeout"
  | "undelivered"
  | "closed"
  | "denied";

/** Over the mux: a request has no answer, and will have none. It may have been carried out. */
export interface WsRequestFailed {
  /** The discriminant. */
  readonly type: "requestFailed";
  /** The number that `request` gave. */
  readonly request: number;
  /** Why. */
  readonly reason: WsRequestFailureReason;
}

/** Over the mux: the answer to a ping of the game. */
export interface WsPong {
  /** The discriminant. */
  readonly type: "pong";
  /** What the ping said. */
  readonly bytes: Uint8Array;
}

/** What only the mux tells. */
export type WsMuxEvent =
  | WsSessionBegun
  | WsSubscribed
  | WsSubscriptionDenied
  | WsPublishDenied
  | WsPresence
  | WsGap
  | WsUndelivered
  | WsReply
  | WsRequestFailed
  | WsPong;

/**
 * What a client reports. For each attempt: `connected` if it succeeds, then `message`s, then `disconnected`, then
 * `reconnecting` if it tries again.
 */
export type WsEvent =
  | WsConnected
  | WsDisconnected
  | WsMessageReceived
  | WsReconnecting
  | WsFailure
  | WsPingRtt
  | WsDropped
  | WsMuxEvent;
