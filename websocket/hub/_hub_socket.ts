// This module is browser compatible.
import { cutCloseReason } from "../../protocol/mod.ts";
import type { WebSocketLike } from "../web_socket_like.ts";

const OPEN = 1;
const CLOSING = 2;
/** Frames that wait, beside their bytes: empty ones would cost no bytes. */
const MAX_PENDING_FRAMES = 4_096;
const NONE: readonly Uint8Array[] = [];

/**
 * A socket at the hub: what came in waits for the next tick, and its end is told once,
 * whatever the runtime says of it and how often.
 */
export class HubSocket {
  readonly remoteAddr: string;
  readonly #socket: WebSocketLike;
  readonly #maxPendingBytes: number;
  #frames: Uint8Array[] = [];
  #pendingBytes = 0;
  #isEnded = false;
  /** What was received that is no frame of the mux, or too much at once. */
  fault: "text" | "flood" | undefined = undefined;
  /** How long it has been there, in seconds. */
  ageSeconds = 0;
  /** Called when something has come in, or the socket has ended. */
  onNews: () => void = () => {};
  /** What the runtime may hold of what was sent: no less than it does. */
  #bufferedBytes = 0;

  constructor(
    socket: WebSocketLike,
    remoteAddr: string,
    maxPendingBytes: number,
  ) {
    this.#socket = socket;
    this.remoteAddr = remoteAddr;
    this.#maxPendingBytes = maxPendingBytes;
    socket.binaryType = "arraybuffer";
    socket.addEventListener(
      "message",
      (event) => this.#take(event.data),
    );
    const end = (): void => {
      this.#isEnded = true;
      this.onNews();
    };
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
  }

  get isEnded(): boolean {
    return this.#isEnded || this.#socket.readyState >= CLOSING;
  }

  /** Whether a frame given now would leave before long. */
  canSend(highWaterBytes: number): boolean {
    if (this.#isEnded || this.#socket.readyState !== OPEN) return false;
    // Asked only where it may matter: the runtime takes its time to answer.
    if (this.#bufferedBytes >= highWaterBytes) {
      this.#bufferedBytes = this.#socket.bufferedAmount;
    }
    return this.#bufferedBytes < highWaterBytes;
  }

  /** Whether there is something to take. */
  get hasNews(): boolean {
    return this.#frames.length > 0 || this.fault !== undefined || this.isEnded;
  }

  /** Takes the frames that came in. */
  takeFrames(): readonly Uint8Array[] {
    if (this.#frames.length === 0) return NONE;
    const frames = this.#frames;
    this.#frames = [];
    this.#pendingBytes = 0;
    return frames;
  }

  send(frame: Uint8Array): void {
    this.#bufferedBytes += frame.length;
    try {
      this.#socket.send(frame as Uint8Array<ArrayBuffer>);
    } catch {
      // It ended in the meantime; its event may be late or never come.
      this.#isEnded = true;
    }
  }

  close(code: number, reason: string): void {
    this.#isEnded = true;
    try {
      this.#socket.close(code, cutCloseReason(reason));
    } catch {
      // It was not open yet, or is closed already.
    }
  }

  #take(data: unknown): void {
    if (this.#isEnded || this.fault !== undefined) return;
    this.onNews();
    if (!(data instanceof ArrayBuffer)) {
      this.fault = "text";
      return;
    }
    this.#pendingBytes += data.byteLength;
    if (
      this.#pendingBytes > this.#maxPendingBytes ||
      this.#frames.length >= MAX_PENDING_FRAMES
    ) {
      this.fault = "flood";
      this.#frames = [];
      return;
    }
    this.#frames.push(new Uint8Array(data));
  }
}
