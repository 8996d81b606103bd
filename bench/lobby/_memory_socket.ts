import type { WebSocketEventLike, WebSocketLike } from "../../websocket/mod.ts";

type Listener = (event: WebSocketEventLike) => void;

/** One end of a connection in memory, which counts what is sent. */
export class MemorySocket implements WebSocketLike {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  readonly protocol = "";
  sentBytes = 0;
  readonly sent: Uint8Array<ArrayBuffer>[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, listeners);
    listeners.push(listener);
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") throw new TypeError("Frames are bytes");
    this.sentBytes += data.length;
    this.sent.push(data.slice());
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.#emit("open", {});
  }

  /** Gives the other end what was sent. */
  carryTo(other: MemorySocket): void {
    for (const { buffer } of this.sent.splice(0)) {
      other.#emit("message", { data: buffer });
    }
  }

  #emit(type: string, event: WebSocketEventLike): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      listener({ type, ...event });
    }
  }
}
