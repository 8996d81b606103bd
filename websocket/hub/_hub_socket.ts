// This module is browser compatible.
import { cutCloseReason, utf8Length } from "../../protocol/mod.ts";
import { CLOSE_ABNORMAL } from "../_close_code.ts";
import { frameFromText } from "../mux/frame_from_text.ts";
import { CloseCode, type Hello, MIN_FRAME_BYTES } from "../mux/record.ts";
import { frameBytesWithin, textsFromFrame } from "../mux/texts_from_frame.ts";
import type { WebSocketLike } from "../web_socket_like.ts";
import type { HubCounters } from "./_hub_counters.ts";
import type { HubSettings } from "./_hub_settings.ts";
import { FRAME_COST_BYTES, SendBacklog } from "./_send_backlog.ts";

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
/** Frames that came in and wait for the next tick, in bytes. */
const MAX_PENDING_BYTES = 4_194_304;
/** Frames that wait, beside their bytes: empty ones would cost no bytes. */
const MAX_PENDING_FRAMES = 4_096;
/** How many that were taken are kept before what is left moves up. */
const SLACK = 1_024;

/** A frame that came in. */
export interface Arrival {
  readonly frame: Uint8Array;
  /** How many bytes it had as it came: a text has more. */
  readonly byteLength: number;
  /** When it did, by the hub's clock, in milliseconds. */
  readonly atMs: number;
}

/** Why a socket is of no more use. */
export interface SocketFault {
  readonly code: CloseCode;
  readonly reason: string;
}

/**
 * A socket at the hub: what came in waits for the next tick, and its end is told once,
 * whatever the runtime says of it and how often. One whose first message is text, where
 * that is allowed, speaks it from then on: only frames are seen outside of it.
 */
export class HubSocket {
  readonly remoteAddr: string;
  readonly #socket: WebSocketLike;
  readonly #settings: Pick<
    HubSettings,
    "allowText" | "maxFrameBytes" | "clock"
  >;
  readonly #counters: HubCounters;
  readonly #backlog = new SendBacklog();
  #frames: Arrival[] = [];
  /** The first that was not taken. */
  #head = 0;
  #pendingBytes = 0;
  #isEnded = false;
  /** Whether the runtime has told that it has closed. */
  #hasClosed = false;
  /** As its first message is; `undefined` until then. */
  #isText: boolean | undefined;
  /** The most bytes of a text that the client takes. */
  #maxTextBytes = MIN_FRAME_BYTES;
  #endCode = CLOSE_ABNORMAL;
  /** What was received that is no frame of the mux, or too much at once. */
  fault: SocketFault | undefined = undefined;
  /** How long it has been there, in seconds. */
  ageSeconds = 0;
  /** Called when something has come in, or the socket has ended. */
  onNews: () => void = () => {};
  /** What it may cost the runtime to hold what was sent: no less than it does. */
  #heldBytes = 0;

  constructor(
    socket: WebSocketLike,
    remoteAddr: string,
    settings: Pick<HubSettings, "allowText" | "maxFrameBytes" | "clock">,
    counters: HubCounters,
  ) {
    this.#socket = socket;
    this.remoteAddr = remoteAddr;
    this.#settings = settings;
    this.#counters = counters;
    socket.binaryType = "arraybuffer";
    socket.addEventListener(
      "message",
      (event) => this.#take(event.data),
    );
    const end = (): void => {
      this.#isEnded = true;
      this.onNews();
    };
    socket.addEventListener("close", ({ code }) => {
      if (typeof code === "number" && !this.#isEnded) this.#endCode = code;
      this.#hasClosed = true;
      end();
    });
    socket.addEventListener("error", end);
  }

  /** The code with which the client has closed it; 1006 if it did not. */
  get endCode(): number {
    return this.#endCode;
  }

  get isEnded(): boolean {
    return this.#isEnded || this.#socket.readyState >= CLOSING;
  }

  /** Whether the runtime holds it no longer. */
  get isGone(): boolean {
    return this.#hasClosed || this.#socket.readyState === CLOSED;
  }

  /** What the runtime has not got rid of; 0 after `close`, whatever it holds. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Whether it speaks text. */
  get isText(): boolean {
    return this.#isText === true;
  }

  /** Tells what a session may take the client to have said: its frames become longer. */
  adapt(hello: Hello): Hello {
    if (!this.isText) return hello;
    this.#maxTextBytes = hello.maxFrameBytes;
    return { ...hello, maxFrameBytes: frameBytesWithin(hello.maxFrameBytes) };
  }

  /** Whether a frame given now would leave before long. */
  canSend(highWaterBytes: number): boolean {
    if (this.#isEnded || this.#socket.readyState !== OPEN) return false;
    // Asked only where it may matter: the runtime takes its time to answer.
    if (this.#heldBytes >= highWaterBytes) {
      this.#heldBytes = this.#backlog.costOf(this.#socket.bufferedAmount);
    }
    return this.#heldBytes < highWaterBytes;
  }

  /** Whether there is something to take. */
  get hasNews(): boolean {
    return this.pendingFrames > 0 || this.fault !== undefined || this.isEnded;
  }

  /** How many frames came in that were not taken. */
  get pendingFrames(): number {
    return this.#frames.length - this.#head;
  }

  /** Takes the oldest frame that came in. */
  takeFrame(): Arrival | undefined {
    const arrival = this.#frames[this.#head];
    if (arrival === undefined) return undefined;
    this.#pendingBytes -= arrival.byteLength;
    this.#head += 1;
    if (this.#head === this.#frames.length || this.#head > SLACK) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    return arrival;
  }

  /** Gives the rest of the frame that was taken last back, to be the next. */
  putBack(frame: Uint8Array, atMs: number): void {
    const byteLength = frame.length;
    this.#pendingBytes += byteLength;
    const rest = { frame, byteLength, atMs };
    if (this.#head === 0) this.#frames.unshift(rest);
    else this.#frames[this.#head -= 1] = rest;
  }

  send(frame: Uint8Array): void {
    if (!this.isText) return this.#send(frame, frame.length);
    for (const text of textsFromFrame(frame, this.#maxTextBytes)) {
      this.#send(text, utf8Length(text));
    }
  }

  #send(data: Uint8Array | string, byteLength: number): void {
    this.#counters.framesOut += 1;
    this.#counters.bytesOut += byteLength;
    this.#heldBytes += byteLength + FRAME_COST_BYTES;
    try {
      this.#socket.send(data as Uint8Array<ArrayBuffer> | string);
      this.#backlog.add(byteLength);
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
    const isText = typeof data === "string";
    if (!isText && !(data instanceof ArrayBuffer)) {
      return this.#refuse(CloseCode.ProtocolError, "neither text nor bytes");
    }
    const isFirst = this.#isText === undefined;
    if (isText && !this.#settings.allowText) {
      return this.#refuse(CloseCode.ProtocolError, "text is not allowed");
    }
    this.#isText ??= isText;
    if (this.#isText !== isText) {
      const reason = isText ? "text after bytes" : "bytes after text";
      return this.#refuse(CloseCode.ProtocolError, reason);
    }
    const byteLength = isText ? utf8Length(data) : data.byteLength;
    if (
      this.#pendingBytes + byteLength > MAX_PENDING_BYTES ||
      this.pendingFrames >= MAX_PENDING_FRAMES
    ) {
      this.#frames = [];
      this.#head = 0;
      this.#pendingBytes = 0;
      return this.#refuse(CloseCode.RateLimited, "flood");
    }
    const frame = isText ? this.#read(data, isFirst) : new Uint8Array(data);
    if (frame === undefined) return;
    this.#counters.framesIn += 1;
    this.#counters.bytesIn += byteLength;
    const atMs = this.#settings.clock.nowMs();
    this.#frames.push({ frame, byteLength, atMs });
    this.#pendingBytes += byteLength;
  }

  #read(text: string, isFirst: boolean): Uint8Array | undefined {
    // Before the hub has said what it takes.
    const maxBytes = isFirst ? MIN_FRAME_BYTES : this.#settings.maxFrameBytes;
    const frame = frameFromText(text, maxBytes);
    if (frame instanceof Uint8Array) return frame;
    const { code, message } = frame;
    this.#refuse(
      code === "tooLarge" ? CloseCode.TooLarge : CloseCode.ProtocolError,
      message,
    );
  }

  #refuse(code: CloseCode, reason: string): void {
    this.fault = { code, reason };
  }
}
