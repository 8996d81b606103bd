import type { WebSocketEventLike, WebSocketLike } from "../../websocket/mod.ts";

type Listener = (event: WebSocketEventLike) => void;

/** One end of a connection in memory. */
export class MemorySocket implements WebSocketLike {
  binaryType = "blob";
  readyState = 0;
  readonly bufferedAmount = 0;
  readonly protocol = "";
  readonly #send: (frame: Uint8Array) => void;
  readonly #listeners = new Map<string, Listener[]>();

  /** `send` takes a frame that is overwritten later. */
  constructor(send: (frame: Uint8Array) => void) {
    this.#send = send;
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, listeners);
    listeners.push(listener);
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") throw new TypeError("Frames are bytes");
    this.#send(data);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.#emit("open", {});
  }

  /** Takes what the other end has sent. */
  receive(frame: ArrayBuffer): void {
    this.#emit("message", { data: frame });
  }

  #emit(type: string, event: WebSocketEventLike): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      listener({ type, ...event });
    }
  }
}
