// This module is browser compatible.
import type {
  DatagramWebSocket,
  DatagramWebSocketEvent,
} from "../datagram_web_socket.ts";

/** A WebSocket without a network: what was sent lies in it, what comes in is told to it. */
export class FakeWebSocket implements DatagramWebSocket {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  /** Frames that were sent. */
  readonly sent: number[][] = [];
  /** The code of each `close()`. */
  readonly closeCodes: (number | undefined)[] = [];
  /** Whether frames stay, as with a peer that reads nothing. */
  isStalled = false;
  readonly #listeners: [string, (event: DatagramWebSocketEvent) => void][] = [];

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) throw new DOMException("It is not open");
    this.sent.push([...data]);
    if (this.isStalled) this.bufferedAmount += data.length;
  }

  close(code?: number): void {
    this.closeCodes.push(code);
    if (this.readyState < 2) this.readyState = 2;
  }

  addEventListener(
    type: string,
    listener: (event: DatagramWebSocketEvent) => void,
  ): void {
    this.#listeners.push([type, listener]);
  }

  /** It has opened. */
  open(): this {
    this.readyState = 1;
    this.#fire("open", {});
    return this;
  }

  /** A frame comes in: text, or bytes. */
  receive(data: string | readonly number[] | Uint8Array<ArrayBuffer>): void {
    const isText = typeof data === "string";
    this.#fire("message", {
      data: isText ? data : Uint8Array.from(data).buffer,
    });
  }

  /** It went wrong. */
  fail(): void {
    this.readyState = 3;
    this.#fire("error", {});
  }

  /** It has closed. */
  end(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.#fire("close", { code, reason });
  }

  #fire(type: string, event: DatagramWebSocketEvent): void {
    for (const [wanted, listener] of this.#listeners) {
      if (wanted === type) listener(event);
    }
  }
}
