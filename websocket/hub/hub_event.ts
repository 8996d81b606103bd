// This module is browser compatible.
import type { Identity } from "../../core/mod.ts";
import type { UndeliveredMessage } from "../mux/session_event.ts";

/** The hub's number for a client: the same over all of its sockets. */
export type ClientId = number & { readonly "~brand": "ClientId" };

/**
 * What a hub tells. Where a client connects, disconnects and leaves is never lost: a
 * hub lets nobody in without room for it.
 */
export type WsHubEvent =
  | {
    /** A client is there. */
    readonly type: "clientConnected";
    /** Which. */
    readonly client: ClientId;
    /** Who it is. */
    readonly identity: Identity;
    /** Whether it was there before. */
    readonly isResumed: boolean;
  }
  | {
    /** A client's socket is gone; the client may come back. */
    readonly type: "clientDisconnected";
    /** Which. */
    readonly client: ClientId;
    /** Who it is. */
    readonly identity: Identity;
  }
  | {
    /** A client is gone for good. */
    readonly type: "clientLeft";
    /** Which. */
    readonly client: ClientId;
    /** Who it was. */
    readonly identity: Identity;
    /**
     * Why: `failed` is a callback of yours, such as `canSubscribe`, that threw;
     * `protocolError`, it has sent what is wrong or too large.
     */
    readonly reason:
      | "closed"
      | "expired"
      | "failed"
      | "protocolError"
      | "removed"
      | "slow";
    /** What the callback threw, if the reason is `failed`. */
    readonly cause?: unknown;
  }
  | {
    /**
     * A message from a client of this hub, which is relayed to nobody if it is a request; what
     * other hubs publish is not told.
     */
    readonly type: "message";
    /** Whose; it may have left since. */
    readonly client: ClientId;
    /** Who it is. */
    readonly identity: Identity;
    /** The channel it was sent on. */
    readonly channel: string;
    /** The message, which belongs to the receiver. */
    readonly bytes: Uint8Array;
    /** Whether it is text in UTF-8. */
    readonly isText: boolean;
    /** The number to answer with by `reply`, if it is a request. */
    readonly request: number | undefined;
  }
  | {
    /** What a client will not get: it was away for too long. */
    readonly type: "undelivered";
    /** Which. */
    readonly client: ClientId;
    /** Who it is. */
    readonly identity: Identity;
    /** What. */
    readonly messages: readonly UndeliveredMessage[];
  };
