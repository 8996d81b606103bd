// This module is browser compatible.

/** Bytes that wait for a reader at most, but for one event more. */
const HIGH_WATER_BYTES = 65_536;

/**
 * The body of one answer. It has no queue of events: the feed remembers them, and this is how far its reader came, so
 * that one who reads slowly costs no more than one who reads at once.
 */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly address: string;
  /** The number of the last event that was handed on. */
  position = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #isOpen = true;
  #sentBytes = 0;
  #readBytesBefore = 0;
  #sentBytesBefore = 0;
  #stalledBeats = 0;

  constructor(
    address: string,
    onRoom: (stream: LiveStream) => void,
    onEnd: (stream: LiveStream) => void,
  ) {
    this.address = address;
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => onRoom(this),
      cancel: () => {
        this.#isOpen = false;
        onEnd(this);
      },
    }, { highWaterMark: HIGH_WATER_BYTES, size: (bytes) => bytes.length });
  }

  /** Whether what is sent now will not wait behind too much else. */
  get hasRoom(): boolean {
    return this.#isOpen && this.#controller.desiredSize! > 0;
  }

  /** Hands bytes on; many streams may have the same. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isOpen) return;
    this.#sentBytes += bytes.length;
    this.#controller.enqueue(bytes);
  }

  /**
   * Notes that some seconds have passed, the same each time, and says so to a reader who got nothing in them.
   *
   * @returns How often in a row nothing was read of what is there.
   */
  beat(comment: Uint8Array<ArrayBuffer>): number {
    if (!this.#isOpen) return 0;
    const unread = HIGH_WATER_BYTES - this.#controller.desiredSize!;
    const readBytes = this.#sentBytes - unread;
    const isStalled = unread > 0 && readBytes === this.#readBytesBefore;
    this.#stalledBeats = isStalled ? this.#stalledBeats + 1 : 0;
    this.#readBytesBefore = readBytes;
    if (this.#sentBytes === this.#sentBytesBefore) this.send(comment);
    this.#sentBytesBefore = this.#sentBytes;
    return this.#stalledBeats;
  }

  /** Ends it: what was sent will still be read. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller.close();
  }

  /** Ends it, and forgets what nobody has read. */
  abandon(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller.error(new Error("Nobody reads the stream"));
  }
}
