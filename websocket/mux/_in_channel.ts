// This module is browser compatible.
import { Delivery } from "./record.ts";

/** A message of which not all parts have come. */
export interface PartialMessage {
  readonly parts: Uint8Array[];
  readonly isText: boolean;
  readonly isDeflated: boolean;
  readonly request: number | undefined;
  byteLength: number;
  cost: number;
}

/** One channel of a session, at the end that receives on it. */
export class InChannel {
  readonly id: number;
  readonly name: string;
  readonly delivery: Delivery;
  readonly #windowBytes: number;
  partial: PartialMessage | undefined = undefined;
  /** After a gap, the rest of a message may come whose beginning did not. */
  mayContinue = false;
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
  ) {
    this.id = id;
    this.name = name;
    this.delivery = delivery;
    this.#windowBytes = windowBytes;
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
  }

  /**
   * Allows the peer to send more, when that is worth a record: half a window at
   * least. A message of several parts is let through, as nobody can take it before it
   * is whole.
   */
  raiseLimit(): boolean {
    if (!this.isSequenced) return false;
    const limit = this.#releasedCost + (this.partial?.cost ?? 0) +
      this.#windowBytes;
    if (limit - this.#limit < this.#windowBytes / 2) return false;
    this.#limit = limit;
    return true;
  }

  /** Whether the peer may send more than it was allowed at first. */
  get isRaised(): boolean {
    return this.#limit > this.#windowBytes;
  }
}
