// This module is browser compatible.
import { DropCount } from "./_drop_count.ts";
import { Delivery } from "./record.ts";

const NOTHING = new Uint8Array(0);

/** A message of which not all parts have come. */
export class PartialMessage {
  readonly isText: boolean;
  readonly isDeflated: boolean;
  readonly request: number | undefined;
  /** What its records have cost. */
  cost = 0;
  // One buffer that grows: a peer that sends single bytes would fill the memory with
  // the objects that hold them.
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  constructor(
    isText: boolean,
    isDeflated: boolean,
    request: number | undefined,
  ) {
    this.isText = isText;
    this.isDeflated = isDeflated;
    this.request = request;
  }

  get byteLength(): number {
    return this.#length;
  }

  append(buffer: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (this.#length === 0) {
      this.#bytes = buffer.slice(start, end);
    } else {
      if (length > this.#bytes.length) {
        const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
        grown.set(this.#bytes.subarray(0, this.#length));
        this.#bytes = grown;
      }
      this.#bytes.set(buffer.subarray(start, end), this.#length);
    }
    this.#length = length;
  }

  /** The message, which is whole; nothing is appended any more. */
  take(): Uint8Array {
    return this.#length === this.#bytes.length
      ? this.#bytes
      : this.#bytes.slice(0, this.#length);
  }
}

/** One channel of a session, at the end that receives on it. */
export class InChannel {
  readonly id: number;
  readonly name: string;
  readonly delivery: Delivery;
  readonly #windowBytes: number;
  /** Those of whose raised limit the peer has yet to be told. */
  readonly #raised: Set<InChannel>;
  partial: PartialMessage | undefined = undefined;
  /** Whether its number is another channel's by now, or nobody's. */
  isOver = false;
  /** After a gap, the rest of a message may come whose beginning did not. */
  mayContinue = false;
  /** What came in and found no room, since it was last told. */
  readonly dropped: DropCount = new DropCount();
  /** What has come, and of that what the application has taken. */
  #receivedCost = 0;
  #releasedCost = 0;
  /** Up to where the peer may send, as it was told. */
  #limit: number;

  constructor(
    id: number,
    name: string,
    delivery: Delivery,
    windowBytes: number,
    raised: Set<InChannel>,
  ) {
    this.id = id;
    this.name = name;
    this.delivery = delivery;
    this.#windowBytes = windowBytes;
    this.#raised = raised;
    this.#limit = windowBytes;
  }

  get isSequenced(): boolean {
    return this.delivery === Delivery.ExactlyOnce;
  }

  /** Up to where the peer may send. */
  get limit(): number {
    return this.#limit;
  }

  /** Counts a record; returns whether the peer was allowed to send it. */
  receive(cost: number): boolean {
    if (!this.isSequenced) return true;
    this.#receivedCost += cost;
    return this.#receivedCost <= this.#limit;
  }

  /** The application has taken a message. */
  release(cost: number): void {
    this.#releasedCost += cost;
    this.raiseLimit();
  }

  /**
   * Allows the peer to send more, when that is worth a record: half a window at
   * least. A message of several parts is let through, as nobody can take it before it
   * is whole.
   */
  raiseLimit(): void {
    // What is left of it may be taken later than that.
    if (!this.isSequenced || this.isOver) return;
    const limit = this.#releasedCost + (this.partial?.cost ?? 0) +
      this.#windowBytes;
    if (limit - this.#limit < this.#windowBytes / 2) return;
    this.#limit = limit;
    this.#raised.add(this);
  }

  /** Whether the peer may send more than it was allowed at first. */
  get isRaised(): boolean {
    return this.#limit > this.#windowBytes;
  }
}
