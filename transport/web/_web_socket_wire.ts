// This module is browser compatible.
import { SendResult } from "../socket/datagram_socket.ts";
import type { DatagramWebSocket } from "./datagram_web_socket.ts";

const CONNECTING = 0;
const OPEN = 1;
/**
 * The most frames that the runtime is to hold: each costs it 1.0 to 1.5 kB on Deno 2.9,
 * however short it is, and its `bufferedAmount` does not tell of that.
 */
const MAX_FRAMES = 256;

/** Sends datagrams as frames of a WebSocket, as long as those before them leave. */
export class WebSocketWire {
  readonly #socket: DatagramWebSocket;
  readonly #maxBufferedBytes: number;
  /** All bytes given to the socket up to the end of each frame that it may hold: a ring. */
  #ends: Float64Array | undefined;
  #first = 0;
  #frames = 0;
  #sentBytes = 0;
  #goneBytes = 0;

  constructor(socket: DatagramWebSocket, maxBufferedBytes: number) {
    this.#socket = socket;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  send(datagram: Uint8Array): SendResult {
    const { readyState } = this.#socket;
    if (readyState !== OPEN) {
      return readyState === CONNECTING ? SendResult.Full : SendResult.Closed;
    }
    // Asked only where it may matter: some runtimes take their time to answer.
    if (!this.#hasRoom(datagram.length)) {
      this.#update();
      if (!this.#hasRoom(datagram.length)) return SendResult.Full;
    }
    try {
      this.#socket.send(datagram as Uint8Array<ArrayBuffer>);
    } catch {
      // Bytes in shared memory no WebSocket takes.
      return this.#socket.readyState === OPEN
        ? SendResult.Refused
        : SendResult.Closed;
    }
    this.#sentBytes += datagram.length;
    this.#ends ??= new Float64Array(MAX_FRAMES);
    this.#ends[(this.#first + this.#frames) % MAX_FRAMES] = this.#sentBytes;
    this.#frames += 1;
    return SendResult.Sent;
  }

  #hasRoom(bytes: number): boolean {
    return this.#frames < MAX_FRAMES &&
      this.#sentBytes - this.#goneBytes + bytes <= this.#maxBufferedBytes;
  }

  #update(): void {
    this.#goneBytes = this.#sentBytes - this.#socket.bufferedAmount;
    while (
      this.#frames > 0 && this.#ends![this.#first]! <= this.#goneBytes
    ) {
      this.#first = (this.#first + 1) % MAX_FRAMES;
      this.#frames -= 1;
    }
  }
}
