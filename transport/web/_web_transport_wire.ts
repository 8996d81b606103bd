// This module is browser compatible.
import { cutCloseReason } from "../../protocol/mod.ts";
import { SendResult } from "../socket/datagram_socket.ts";
import type { DatagramWebTransport } from "./datagram_web_transport.ts";

/** The first byte of each datagram. */
const Kind = { Data: 0, Heartbeat: 1, Close: 2 } as const;

/** The most datagrams that wait in the runtime. */
const MAX_WAITING = 256;
const CLOSE_REPEATS = 3;
/** How long the other end may take to hear of the end. */
const LINGER_MS = 250;
const HEARTBEAT = new Uint8Array([Kind.Heartbeat]);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a wire tells. */
export interface WebTransportWireSink {
  /** A datagram has come: the taker's own. */
  onDatagram(datagram: Uint8Array): void;
  /** A sign of life, or a datagram. */
  onLife(): void;
  /**
   * It is over: once, by whichever end.
   *
   * @param reason What the other end said.
   */
  onEnd(reason: string): void;
}

/**
 * Sends and receives datagrams of a WebTransport session, each behind a byte that tells
 * data, heartbeats and the close message apart: some runtimes do not deliver the end of a
 * session, nor the loss of the other end.
 */
export class WebTransportWire {
  readonly #transport: DatagramWebTransport;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #maxBufferedBytes: number;
  readonly #sink: WebTransportWireSink;
  #waiting = 0;
  #waitingBytes = 0;
  #hasSent = false;
  #isOver = false;
  /** Called when the other end knows that it is over. */
  #onHeard: () => void = () => {};

  /** `transport` is open. */
  constructor(
    transport: DatagramWebTransport,
    maxBufferedBytes: number,
    sink: WebTransportWireSink,
  ) {
    this.#transport = transport;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#sink = sink;
    const { datagrams } = transport;
    const writable = datagrams.writable ?? datagrams.createWritable!();
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#reader = datagrams.readable.getReader();
    this.#reader.closed.catch(() => {});
    widen(datagrams);
    this.#read();
    transport.closed.then(() => this.#end(""), () => this.#end(""));
  }

  send(datagram: Uint8Array): SendResult {
    if (this.#isOver) return SendResult.Closed;
    const length = datagram.length + 1;
    if (
      this.#waiting >= MAX_WAITING ||
      this.#waitingBytes + length > this.#maxBufferedBytes
    ) return SendResult.Full;
    // The stream keeps what it is given until it is sent.
    const framed = new Uint8Array(length);
    framed.set(datagram, 1);
    this.#write(framed);
    return SendResult.Sent;
  }

  /** Sends a sign of life, unless something was sent since the last call. */
  beat(): void {
    if (!this.#hasSent && !this.#isOver && this.#waiting < MAX_WAITING) {
      this.#write(HEARTBEAT);
    }
    this.#hasSent = false;
  }

  /** Ends it from this side. `onEnd` comes when the last has left. */
  close(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const text = encoder.encode(cutCloseReason(reason));
    const message = new Uint8Array(1 + text.length);
    message[0] = Kind.Close;
    message.set(text, 1);
    for (let i = 0; i < CLOSE_REPEATS; i++) {
      this.#writer.write(message).catch(() => {});
    }
    // To close at once would take away what waits; the other end does when it has heard.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    this.#onHeard = resolve;
    const timer = setTimeout(resolve, LINGER_MS);
    const end = (): void => {
      clearTimeout(timer);
      this.#drop();
      this.#sink.onEnd("");
    };
    Promise.race([late, this.#transport.closed]).then(end, end);
  }

  #write(framed: Uint8Array): void {
    this.#hasSent = true;
    this.#waiting += 1;
    this.#waitingBytes += framed.length;
    const settle = (): void => {
      this.#waiting -= 1;
      this.#waitingBytes -= framed.length;
    };
    this.#writer.write(framed).then(settle, settle);
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await this.#reader.read();
        if (done) break;
        this.#take(value);
      }
    } catch {
      // It is over as well.
    }
    this.#end("");
  }

  #take(framed: Uint8Array): void {
    if (this.#isOver) {
      // Both close at the same time: nobody waits for the other.
      if (framed[0] === Kind.Close) this.#onHeard();
      return;
    }
    switch (framed[0]) {
      case Kind.Data:
        this.#sink.onLife();
        this.#sink.onDatagram(framed.subarray(1));
        break;
      case Kind.Heartbeat:
        this.#sink.onLife();
        break;
      case Kind.Close:
        this.#end(cutCloseReason(decoder.decode(framed.subarray(1))));
        break;
    }
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#drop();
    this.#sink.onEnd(reason);
  }

  #drop(): void {
    this.#reader.cancel().catch(() => {});
    try {
      this.#transport.close();
    } catch {
      // It has not opened, or is closed already.
    }
  }
}

/** Asks for room for what comes while the page is busy; Deno 2.9 throws for it. */
function widen(datagrams: object): void {
  try {
    Object.assign(datagrams, { incomingHighWaterMark: MAX_WAITING });
  } catch {
    // Its queue holds one.
  }
}
