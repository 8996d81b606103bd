// This module is browser compatible.
import { DatagramPool } from "./_datagram_pool.ts";
import { EventHeap } from "./_event_heap.ts";
import type { NetworkArrival, NetworkPath } from "./network_path.ts";

/** Takes what is due: the bytes are its own until it gives them back to the line's pool. */
export type DelaySink<T> = (bytes: Uint8Array, destination: T) => void;

/** Datagrams on their way, each with a destination: what a path has decided happens to them. */
export class DelayLine<T> {
  readonly pool = new DatagramPool();
  /** Datagrams that were too many on the way. */
  crowded = 0;
  readonly #maxInFlight: number;
  readonly #heap = new EventHeap();
  // Of each slot: what is on its way, and where to.
  readonly #bytes: (Uint8Array | undefined)[] = [];
  readonly #destinations: (T | undefined)[] = [];
  readonly #freeSlots: number[] = [];

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** When the next one is due, `Infinity` if there is none. */
  get nextMs(): number {
    return this.#heap.nextMs;
  }

  get inFlight(): number {
    return this.#heap.length;
  }

  /** Sends a datagram along a path; copies it. */
  send(
    datagram: Uint8Array,
    path: NetworkPath,
    nowMs: number,
    destination: T,
  ): void {
    const copies = path.send(datagram.length, nowMs);
    if (copies === 0) return;
    this.#carry(datagram, path, path.first, destination);
    if (copies === 2) this.#carry(datagram, path, path.second, destination);
  }

  /** Hands out what is due. */
  deliver(nowMs: number, sink: DelaySink<T>): void {
    const heap = this.#heap;
    while (heap.nextMs <= nowMs) {
      const slot = heap.pop();
      const bytes = this.#bytes[slot]!;
      const destination = this.#destinations[slot]!;
      this.#bytes[slot] = undefined;
      this.#destinations[slot] = undefined;
      this.#freeSlots.push(slot);
      sink(bytes, destination);
    }
  }

  #carry(
    datagram: Uint8Array,
    path: NetworkPath,
    arrival: NetworkArrival,
    destination: T,
  ): void {
    if (this.#heap.length >= this.#maxInFlight) {
      this.crowded += 1;
      return;
    }
    const bytes = this.pool.copy(datagram, arrival.bytes);
    if (arrival.flippedBits > 0) path.flipBits(bytes, arrival.flippedBits);
    const slot = this.#freeSlots.pop() ?? this.#bytes.length;
    this.#bytes[slot] = bytes;
    this.#destinations[slot] = destination;
    this.#heap.push(arrival.atMs, slot);
  }
}
