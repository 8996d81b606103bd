// This module is browser compatible.

/** What the listeners of a {@linkcode DatagramWebSocket} get. */
export interface DatagramWebSocketEvent {
  /** Of "message": a text or an ArrayBuffer. */
  readonly data?: unknown;
  /** Of "close": the code, or 0 or 1006 if there is none. */
  readonly code?: unknown;
  /** Of "close": why, for people. */
  readonly reason?: unknown;
}

/** The part of the web's `WebSocket` that carries datagrams. */
export interface DatagramWebSocket {
  /** Set to "arraybuffer". */
  binaryType: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that were given to `send` and have not left. */
  readonly bufferedAmount: number;
  /** Sends a binary frame. The bytes are copied or consumed before it returns. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /**
   * Begins the closing handshake, or gives up opening.
   *
   * @param code 1000 or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8.
   */
  close(code?: number, reason?: string): void;
  /** Listens to one of "open", "message", "error" and "close". */
  addEventListener(
    type: string,
    listener: (event: DatagramWebSocketEvent) => void,
  ): void;
}
