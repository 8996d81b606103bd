// This module is browser compatible.
import type { Delivery } from "./record.ts";

/** A message that did not get through, as it was given. */
export interface UndeliveredMessage {
  /** The name of the channel. */
  readonly channel: string;
  /** What was sent. */
  readonly bytes: Uint8Array;
  /** Whether it is text in UTF-8. */
  readonly isText: boolean;
  /** Twice the number of a request, or that and one for an answer. */
  readonly request: number | undefined;
}

/**
 * Why a message was given up: there was no room, a newer one took its place, it waited for too long, the socket went
 * while it was sent, or the session was ended.
 */
export type DropReason =
  | "queueFull"
  | "replaced"
  | "expired"
  | "cut"
  | "closed";

/** What a session tells. */
export type SessionEvent =
  | {
    /** Both ends know each other: messages go and come. */
    readonly type: "opened";
    /** Whether an earlier session goes on. */
    readonly isResumed: boolean;
  }
  | {
    /** A message has come in whole. */
    readonly type: "message";
    /** The name of the channel. */
    readonly channel: string;
    /** The message, which belongs to the receiver. */
    readonly bytes: Uint8Array;
    /** Whether it is text in UTF-8. */
    readonly isText: boolean;
    /** Twice the number of a request, or that and one for an answer. */
    readonly request: number | undefined;
  }
  | {
    /** The other end will send on this channel. */
    readonly type: "channelOpened";
    /** Its name. */
    readonly channel: string;
    /** What is promised about its messages. */
    readonly delivery: Delivery;
  }
  | {
    /** The other end sends on this channel no longer. */
    readonly type: "channelShut";
    /** Its name. */
    readonly channel: string;
  }
  | {
    /** A message of the layer above. */
    readonly type: "control";
    /** What it says, which belongs to the receiver. */
    readonly bytes: Uint8Array;
  }
  | {
    /** Something is missing, and will not come. */
    readonly type: "gap";
    /** The other end could not send these records again: they were too old. */
    readonly reason: "windowOverrun";
    /** The first record that is missing, counted from 1. */
    readonly from: number;
    /** The last one. */
    readonly to: number;
  }
  | {
    /** Something of ours was not delivered, or nobody knows whether it was. */
    readonly type: "undelivered";
    /**
     * The session is gone at the other end, these became too old, it was ended here, or
     * the other end has said that it takes none so large.
     */
    readonly reason: "sessionLost" | "windowOverrun" | "closed" | "tooLarge";
    /** What it was, in the order of sending. */
    readonly messages: readonly UndeliveredMessage[];
  }
  | {
    /** Messages of an at-most-once or latest-only channel were given up. */
    readonly type: "dropped";
    /** Whether they were to be sent, or had come in. */
    readonly direction: "out" | "in";
    /** Why. */
    readonly reason: DropReason;
    /** The name of the channel. */
    readonly channel: string;
    /** How many. */
    readonly messages: number;
    /** Their bytes. */
    readonly bytes: number;
  }
  | {
    /** The answer to a ping of the application. */
    readonly type: "pong";
    /** What the ping said. */
    readonly bytes: Uint8Array;
  }
  | {
    /** The hub did not let us in. */
    readonly type: "refused";
    /** Why, for programs. */
    readonly code: number;
    /** Why, for people. */
    readonly reason: string;
    /** When to come back, in milliseconds; 0 if it does not matter. */
    readonly retryAfterMs: number;
  }
  | {
    /** A message that came deflated could not be inflated: the socket is of no use. */
    readonly type: "failed";
    /** It is no such stream, would be longer than `maxMessageBytes`, or is wrong as text. */
    readonly error: "malformed" | "messageTooLarge" | "notUtf8";
  }
  | {
    /** The other end will close the socket. */
    readonly type: "bye";
    /** Why, for programs. */
    readonly code: number;
    /** Why, for people. */
    readonly reason: string;
    /** When to come back, in milliseconds; 0 if it does not matter. */
    readonly retryAfterMs: number;
  };
