// This module is browser compatible.

/** What the listeners of a {@linkcode WebSocketLike} get. */
export interface WebSocketEventLike {
  /** "open", "message", "error" or "close". */
  readonly type?: string;
  /** Of "message": a text or an ArrayBuffer. */
  readonly data?: unknown;
  /** Of "close": the code, or 0 or 1006 if there is none. */
  readonly code?: unknown;
  /** Of "close": why, for people. */
  readonly reason?: unknown;
  /** Of "error", where there is one: what went wrong, for people. */
  readonly message?: unknown;
}

/** The part of the web's `WebSocket` that the client uses. */
export interface WebSocketLike {
  /** Set to "arraybuffer". */
  binaryType: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that were given to `send` and have not left. */
  readonly bufferedAmount: number;
  /** The subprotocol that the server chose, or "". */
  readonly protocol: string;
  /**
   * Sends a message.
   *
   * @param data Text or bytes; they are copied or consumed before it returns.
   */
  send(data: string | Uint8Array<ArrayBuffer>): void;
  /**
   * Begins the closing handshake, or gives up opening.
   *
   * @param code 1000 or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8.
   */
  close(code?: number, reason?: string): void;
  /**
   * Listens to one of "open", "message", "error" and "close".
   *
   * @param type Which.
   * @param listener What is called.
   */
  addEventListener(
    type: string,
    listener: (event: WebSocketEventLike) => void,
  ): void;
}

/** Makes a socket that is opening: `(url, protocols) => new WebSocket(url, protocols)`, or a stand-in. */
export type WebSocketFactory = (
  url: string,
  protocols: string[],
) => WebSocketLike;
