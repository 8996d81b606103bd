import type { WebSocketEventLike, WebSocketLike } from "../web_socket_like.ts";

/** A socket whose server and network the test plays. As real ones, it refuses what a client may not do. */
export class FakeWebSocket implements WebSocketLike {
  readonly url: string;
  readonly protocols: readonly string[];
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  /** What the client sent: a text as it is, bytes copied. */
  readonly sent: (string | Uint8Array)[] = [];
  /** What the client called `close` with. */
  closedWith: { code: number | undefined; reason: string } | undefined;
  /** What `send` throws, if set. */
  sendError: Error | undefined;
  readonly #listeners = new Map<
    string,
    ((event: WebSocketEventLike) => void)[]
  >();

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  /** Opening or open, and not closed by the client. */
  get isLive(): boolean {
    return this.readyState < 2;
  }

  addEventListener(
    type: string,
    listener: (event: WebSocketEventLike) => void,
  ): void {
    const listeners = this.#listeners.get(type) ?? [];
    listeners.push(listener);
    this.#listeners.set(type, listeners);
  }

  send(data: string | Uint8Array): void {
    if (this.sendError !== undefined) throw this.sendError;
    if (this.readyState === 0) {
      throw new DOMException("Still in CONNECTING state", "InvalidStateError");
    }
    if (this.readyState !== 1) return;
    this.sent.push(typeof data === "string" ? data : data.slice());
  }

  close(code?: number, reason = ""): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code < 5000)) {
      throw new DOMException(`Code ${code}`, "InvalidAccessError");
    }
    if (new TextEncoder().encode(reason).length > 123) {
      throw new DOMException("Reason too long", "SyntaxError");
    }
    if (this.readyState >= 2) return;
    this.closedWith = { code, reason };
    this.readyState = 2;
  }

  open(protocol = ""): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.fire("open", {});
  }

  message(data: unknown): void {
    this.fire("message", {
      data: data instanceof Uint8Array ? data.slice().buffer : data,
    });
  }

  /** The server began the closing handshake; its end comes later. What is sent now is swallowed. */
  closing(): void {
    this.readyState = 2;
  }

  /** The end as browsers report it; `end(0)` is Deno's way of saying that there was none. */
  end(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.fire("close", { code, reason });
  }

  /** What Node 22 reports of a connection that is refused, and all of it. */
  error(message = "refused"): void {
    this.fire("error", { message });
  }

  fire(type: string, event: WebSocketEventLike): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      listener({ type, ...event });
    }
  }
}

/** Makes fake sockets and keeps them. */
export class FakeNetwork {
  readonly sockets: FakeWebSocket[] = [];
  /** If set, is called with each new socket. */
  onSocket: ((socket: FakeWebSocket) => void) | undefined;

  readonly webSocket = (
    url: string,
    protocols: readonly string[],
  ): FakeWebSocket => {
    const socket = new FakeWebSocket(url, protocols);
    this.sockets.push(socket);
    this.onSocket?.(socket);
    return socket;
  };

  /** The socket made last. */
  get last(): FakeWebSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("No socket was made");
    return socket;
  }

  get live(): FakeWebSocket[] {
    return this.sockets.filter((socket) => socket.isLive);
  }
}
