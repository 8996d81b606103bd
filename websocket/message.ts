// This module is browser compatible.

import { utf8Length } from "../protocol/mod.ts";

/** A message of text. */
export interface WsTextMessage {
  /** The discriminant. */
  readonly type: "text";
  /** The text. */
  readonly text: string;
}

/** A message of bytes. */
export interface WsBinaryMessage {
  /** The discriminant. */
  readonly type: "binary";
  /** The bytes. Those of a drained event belong to the receiver. */
  readonly bytes: Uint8Array;
}

/** The end of a connection. Sending it is `close(code, reason)`. */
export interface WsCloseMessage {
  /** The discriminant. */
  readonly type: "close";
  /** The close code: 1000 to 4999. */
  readonly code: number;
  /** Why, for people. */
  readonly reason: string;
}

/** A question whether the other end is there. Only over the mux: browsers expose no ping frames. */
export interface WsPingMessage {
  /** The discriminant. */
  readonly type: "ping";
  /** What the answer repeats: at most 124 bytes. */
  readonly bytes: Uint8Array;
}

/** The answer to a ping. Only over the mux: browsers expose no pong frames. */
export interface WsPongMessage {
  /** The discriminant. */
  readonly type: "pong";
  /** The bytes of the ping. */
  readonly bytes: Uint8Array;
}

/** A message that carries data of the application. */
export type WsDataMessage = WsTextMessage | WsBinaryMessage;

/** What goes over a WebSocket. Branch on `type`. */
export type WsMessage =
  | WsTextMessage
  | WsBinaryMessage
  | WsCloseMessage
  | WsPingMessage
  | WsPongMessage;

const NO_BYTES = new Uint8Array(0);

/** What {@linkcode WsMessage} can do. */
export interface WsMessageTools {
  /**
   * Makes a message of text.
   *
   * @param text The text.
   * @returns The message.
   */
  text(text: string): WsTextMessage;
  /**
   * Makes a message of bytes.
   *
   * @param bytes The bytes, which are not copied before they are sent.
   * @returns The message.
   */
  binary(bytes: Uint8Array): WsBinaryMessage;
  /**
   * Makes the end of a connection.
   *
   * @param code The close code: 1000 to 4999.
   * @param reason Why, for people.
   * @returns The message.
   */
  close(code?: number, reason?: string): WsCloseMessage;
  /**
   * Makes a question whether the other end is there.
   *
   * @param bytes What the answer repeats: at most 124 bytes.
   * @returns The message.
   */
  ping(bytes?: Uint8Array): WsPingMessage;
  /**
   * Makes the answer to a ping.
   *
   * @param bytes The bytes of the ping.
   * @returns The message.
   */
  pong(bytes?: Uint8Array): WsPongMessage;
  /**
   * Tells whether a message carries data of the application.
   *
   * @param message The message.
   * @returns `true` for `text` and `binary`.
   */
  isData(message: WsMessage): message is WsDataMessage;
  /**
   * Reads the text of a message.
   *
   * @param message The message.
   * @returns The text of a `text` message; `undefined` for any other.
   */
  asText(message: WsMessage): string | undefined;
  /**
   * Measures what a message carries.
   *
   * @param message The message.
   * @returns Bytes; of text and of the reason of a `close`, those of its UTF-8.
   */
  length(message: WsMessage): number;
  /**
   * Tells whether a message carries nothing.
   *
   * @param message The message.
   * @returns Whether its length is 0.
   */
  isEmpty(message: WsMessage): boolean;
}

/**
 * Makes and inspects messages.
 *
 * @example Make one, look at it
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { WsMessage } from "@tickwire/net/websocket";
 *
 * const message = WsMessage.text("hi");
 * assert(WsMessage.isData(message));
 * assertEquals(WsMessage.asText(message), "hi");
 * assertEquals(WsMessage.length(WsMessage.binary(new Uint8Array(3))), 3);
 * ```
 */
export const WsMessage: WsMessageTools = {
  text(text: string): WsTextMessage {
    return { type: "text", text };
  },
  binary(bytes: Uint8Array): WsBinaryMessage {
    return { type: "binary", bytes };
  },
  close(code = 1000, reason = ""): WsCloseMessage {
    return { type: "close", code, reason };
  },
  ping(bytes: Uint8Array = NO_BYTES): WsPingMessage {
    return { type: "ping", bytes };
  },
  pong(bytes: Uint8Array = NO_BYTES): WsPongMessage {
    return { type: "pong", bytes };
  },
  isData(message: WsMessage): message is WsDataMessage {
    return message.type === "text" || message.type === "binary";
  },
  asText(message: WsMessage): string | undefined {
    return message.type === "text" ? message.text : undefined;
  },
  length(message: WsMessage): number {
    switch (message.type) {
      case "text":
        return utf8Length(message.text);
      case "close":
        return utf8Length(message.reason);
      default:
        return message.bytes.length;
    }
  },
  isEmpty(message: WsMessage): boolean {
    switch (message.type) {
      case "text":
        return message.text === "";
      case "close":
        return message.reason === "";
      default:
        return message.bytes.length === 0;
    }
  },
} as const;
