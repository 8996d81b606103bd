// This module is browser compatible.
import { EventQueue } from "../../core/mod.ts";

/** What a datagram costs that waits, beside its bytes: two objects and a block of memory. */
export const WAITING_COST_BYTES = 256;

/** Datagrams that came in and wait to be polled, bounded by what they cost. */
export class ReceiveQueue {
  readonly #datagrams: EventQueue<Uint8Array>;
  readonly #maxBytes: number;
  #costBytes = 0;

  /** `maxBytes`: from 1 datagram's cost on. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    const capacity = Math.max(1, Math.floor(maxBytes / WAITING_COST_BYTES));
    this.#datagrams = new EventQueue({ capacity });
  }

  /** What all that waits costs, in bytes. */
  get costBytes(): number {
    return this.#costBytes;
  }

  /** How many wait. */
  get size(): number {
    return this.#datagrams.size;
  }

  /** Takes one in; `false` if there is no room. The bytes are the queue's from then on. */
  push(datagram: Uint8Array): boolean {
    const cost = datagram.length + WAITING_COST_BYTES;
    if (this.#costBytes + cost > this.#maxBytes) return false;
    if (!this.#datagrams.push(datagram)) return false;
    this.#costBytes += cost;
    return true;
  }

  /** Takes the oldest out. */
  poll(): Uint8Array | undefined {
    const datagram = this.#datagrams.poll();
    if (datagram !== undefined) {
      this.#costBytes -= datagram.length + WAITING_COST_BYTES;
    }
    return datagram;
  }

  /** Forgets all. */
  clear(): void {
    this.#datagrams.clear();
    this.#costBytes = 0;
  }
}
