import type { WebSocketEventLike, WebSocketLike } from "../../websocket/mod.ts";

type Listener = (event: WebSocketEventLike) => void;

/** One end of a connection in memory: what is sent waits until it is delivered. */
export class MemorySocket implements WebSocketLike {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  readonly protocol = "";
  /** What the other end has not got yet. */
  readonly sent: (string | Uint8Array)[] = [];
  closedWith: { code: number | undefined; reason: string } | undefined;
  readonly #listeners = new Map<string, Listener[]>();

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, listeners);
    listeners.push(listener);
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== 1) return;
    this.sent.push(typeof data === "string" ? data : data.slice());
  }

  close(code?: number, reason = ""): void {
    if (this.readyState >= 2) return;
    this.closedWith = { code, reason };
    this.readyState = 2;
  }

  open(): void {
    this.readyState = 1;
    this.#emit("open", {});
  }

  deliver(data: string | Uint8Array): void {
    if (this.readyState !== 1) return;
    this.#emit("message", {
      data: typeof data === "string" ? data : data.slice().buffer,
    });
  }

  /** It is over, however that came. */
  end(code: number, reason = ""): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#emit("close", { code, reason });
  }

  #emit(type: string, event: WebSocketEventLike): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      listener({ type, ...event });
    }
  }
}

/** A connection in memory. */
export interface MemoryWire {
  readonly client: MemorySocket;
  readonly server: MemorySocket;
}

/** Carries over what waits at both ends; tells whether the connection still stands. */
export function carry({ client, server }: MemoryWire): boolean {
  for (const data of client.sent.splice(0)) server.deliver(data);
  for (const data of server.sent.splice(0)) client.deliver(data);
  if (client.closedWith === undefined && server.closedWith === undefined) {
    return true;
  }
  // A close frame comes after all that was sent before.
  client.end(server.closedWith?.code ?? 1005, server.closedWith?.reason);
  server.end(client.closedWith?.code ?? 1005, client.closedWith?.reason);
  return false;
}
