// This module is browser compatible.

import { type Clock, EventQueue } from "../core/mod.ts";
import {
  CLOSE_ABNORMAL,
  CLOSE_PROTOCOL_ERROR,
  CLOSE_UNDRAINED,
  reportedCode,
  reportedReason,
  sendableCode,
} from "./_close_code.ts";
import { Patience } from "./_patience.ts";
import { heldSize, type ReceiveBudget } from "./_receive_budget.ts";
import type { WsErrorReason } from "./event.ts";
import type { WebSocketEventLike, WebSocketLike } from "./web_socket_like.ts";

const OPEN = 1;
/**
 * Above this no more is given to the runtime: what waits there can neither be dropped nor replaced, and what a peer that
 * reads nothing makes it hold has no other bound.
 */
const HIGH_WATER_BYTES = 262_144;
/** How long a socket may be closing by its peer's wish. */
const CLOSE_TIMEOUT_MS = 3_000;

/** How long what has come is taken in at once: half a frame of a game, and a bit. */
const TAKE_MS = 6;
/** After so much of it, it is looked at the clock. */
const LOOK_BYTES = 8_192;

/** What a {@linkcode Socket} hands out, in this order: open once, data, end once. */
export interface SocketSink {
  onOpen(): void;
  /** `size` of the budget is the taker's to release; `atMs` is when it came. */
  onData(data: string | Uint8Array, size: number, atMs: number): void;
  onEnd(end: SocketEnd): void;
}

/** How a socket ended. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
  readonly error?: { readonly reason: WsErrorReason; readonly message: string };
}

/**
 * A WebSocket of whatever runtime. What it reports waits until it is taken; each has one end, whichever events the runtime
 * fires; after `close` nothing more comes.
 */
export class Socket {
  readonly #webSocket: WebSocketLike;
  readonly #budget: ReceiveBudget;
  readonly #offersProtocols: boolean;
  readonly #clock: Clock;
  readonly #data: EventQueue<string | Uint8Array>;
  /** When each of them came. */
  readonly #timesMs: EventQueue<number>;
  #hasOpened = false;
  #isOpenTaken = false;
  #isDetached = false;
  #isClosing = false;
  readonly #patience = new Patience(CLOSE_TIMEOUT_MS);
  #errorMessage: string | undefined;
  #end: SocketEnd | undefined;

  constructor(
    webSocket: WebSocketLike,
    budget: ReceiveBudget,
    offersProtocols: boolean,
    clock: Clock,
  ) {
    this.#webSocket = webSocket;
    this.#budget = budget;
    this.#offersProtocols = offersProtocols;
    this.#clock = clock;
    this.#data = new EventQueue({ capacity: budget.maxMessages });
    this.#timesMs = new EventQueue({ capacity: budget.maxMessages });
    webSocket.binaryType = "arraybuffer";
    // They stay when the socket is detached: one that is an EventEmitter underneath throws for errors nobody hears.
    webSocket.addEventListener("open", () => this.#onOpen());
    webSocket.addEventListener(
      "message",
      (event) => this.#onMessage(event.data),
    );
    webSocket.addEventListener(
      "error",
      (event) => this.#onError(event.message),
    );
    webSocket.addEventListener(
      "close",
      (event) => this.#onClose(event),
    );
    if (webSocket.readyState === OPEN) this.#onOpen();
    else if (webSocket.readyState > OPEN) {
      this.#onClose({ code: CLOSE_ABNORMAL, reason: "" });
    }
  }

  /** Whether a message would go out now. */
  get canSend(): boolean {
    return this.isWritable &&
      this.#webSocket.bufferedAmount < HIGH_WATER_BYTES;
  }

  /** Whether the socket takes messages, if need be into the memory of the runtime. */
  get isWritable(): boolean {
    // Asked for each: a socket that is closing swallows what it is given.
    return this.#end === undefined && !this.#isDetached &&
      this.#webSocket.readyState === OPEN;
  }

  /** Sends a message; `false` if the socket did not take it. */
  send(data: string | Uint8Array): boolean {
    if (!this.isWritable) return false;
    try {
      // Bytes in shared memory no WebSocket takes: it throws.
      this.#webSocket.send(data as string | Uint8Array<ArrayBuffer>);
      return true;
    } catch (error) {
      this.#fail(CLOSE_ABNORMAL, {
        reason: "socketFailed",
        message: `The socket does not send: ${
          error instanceof Error ? error.message : error
        }`,
      });
      return false;
    }
  }

  /**
   * Lets time pass. Node tells the end of a WebSocket that its peer has closed when TCP has ended, which is the peer's
   * to do: until then it may take for ever.
   */
  tick(stepMs: number): void {
    if (
      this.#end !== undefined || this.#isDetached ||
      this.#webSocket.readyState <= OPEN
    ) return;
    if (!this.#isClosing) {
      // It began within the step.
      this.#isClosing = true;
    } else if (this.#patience.tick(stepMs)) {
      const reason = this.#errorMessage ?? "The closing took too long";
      this.#end = { code: CLOSE_ABNORMAL, reason };
    }
  }

  /** Closes the socket and forgets it: a peer that does not answer is not waited for. */
  close(code: number, reason: string): void {
    if (this.#isDetached) return;
    this.#isDetached = true;
    for (let data; (data = this.#data.poll()) !== undefined;) {
      this.#budget.release(heldSize(data));
    }
    this.#closeWebSocket(code, reason);
  }

  /** Hands out what has come. */
  take(sink: SocketSink): void {
    if (this.#hasOpened && !this.#isOpenTaken && !this.#isDetached) {
      this.#isOpenTaken = true;
      sink.onOpen();
    }
    // What comes meanwhile waits for the next time, and so does what would take the frame.
    const untilMs = this.#clock.nowMs() + TAKE_MS;
    let bytes = 0;
    for (let left = this.#data.size; left > 0 && !this.#isDetached; left--) {
      const data = this.#data.poll();
      if (data === undefined) break;
      sink.onData(data, heldSize(data), this.#timesMs.poll()!);
      bytes += heldSize(data);
      if (bytes < LOOK_BYTES) continue;
      bytes = 0;
      if (this.#clock.nowMs() >= untilMs) break;
    }
    if (this.#isDetached || this.#data.size > 0) return;
    // Runtimes fire the close event with the error or, some of them, never.
    if (this.#errorMessage !== undefined && this.#end === undefined) {
      this.#end = { code: CLOSE_ABNORMAL, reason: this.#errorMessage };
      this.#closeWebSocket(CLOSE_ABNORMAL, this.#errorMessage);
    }
    if (this.#end === undefined) return;
    this.#isDetached = true;
    sink.onEnd(this.#end);
  }

  #onOpen(): void {
    if (this.#isDetached || this.#hasOpened || this.#end !== undefined) return;
    if (this.#offersProtocols && this.#webSocket.protocol === "") {
      // Browsers, Node and Bun fail by themselves here, Deno does not.
      this.#fail(CLOSE_ABNORMAL, {
        reason: "protocolRefused",
        message: "The server accepted none of the protocols",
      });
      return;
    }
    this.#hasOpened = true;
  }

  #onMessage(raw: unknown): void {
    if (!this.#hasOpened || this.#isDetached || this.#end !== undefined) return;
    const data = toData(raw);
    if (data === undefined) {
      this.#fail(CLOSE_PROTOCOL_ERROR, {
        reason: "unreadableMessage",
        message: "A message came that is neither text nor bytes",
      });
    } else if (this.#budget.take(heldSize(data))) {
      this.#data.push(data);
      this.#timesMs.push(this.#clock.nowMs());
    } else {
      this.#fail(CLOSE_UNDRAINED, {
        reason: "undrained",
        message: "More came in than may wait to be drained",
      });
    }
  }

  #onError(message: unknown): void {
    if (this.#isDetached || this.#end !== undefined) return;
    const text = reportedReason(message);
    if (this.#hasOpened) {
      this.#errorMessage = text === "" ? "The connection was lost" : text;
    } else {
      // Node 22 fires nothing after it.
      this.#fail(CLOSE_ABNORMAL, {
        reason: "connectFailed",
        message: text === "" ? "The socket could not be opened" : text,
      });
    }
  }

  #onClose(event: WebSocketEventLike): void {
    if (this.#isDetached || this.#end !== undefined) return;
    const code = reportedCode(event.code);
    const reason = reportedReason(event.reason);
    if (!this.#hasOpened) {
      this.#end = {
        code,
        reason,
        error: {
          reason: "connectFailed",
          message: "The socket could not be opened",
        },
      };
    } else {
      // Of a connection that is cut Deno fires an error, the others do not: it is a reason, not an event of its own.
      this.#end = { code, reason: reason || (this.#errorMessage ?? "") };
    }
  }

  /** Ends the socket from this side; what came before is still handed out. */
  #fail(
    code: number,
    error: { reason: WsErrorReason; message: string },
  ): void {
    if (this.#end !== undefined) return;
    this.#end = { code, reason: error.message, error };
    this.#closeWebSocket(code, error.message);
  }

  #closeWebSocket(code: number, reason: string): void {
    try {
      // As 1000 it would say that all is well: a peer could take the session for over.
      if (code === CLOSE_ABNORMAL) this.#webSocket.close();
      else this.#webSocket.close(sendableCode(code), reason);
    } catch {
      // It is forgotten all the same.
    }
  }
}

function toData(raw: unknown): string | Uint8Array | undefined {
  if (typeof raw === "string") return raw;
  if (raw instanceof ArrayBuffer) return new Uint8Array(raw);
  // Stand-ins may give views, which may be of a buffer that they use again.
  if (raw instanceof Uint8Array) return Uint8Array.from(raw);
  return undefined;
}
