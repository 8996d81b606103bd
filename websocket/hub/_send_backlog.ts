// This module is browser compatible.

/**
 * What a frame costs the runtime that holds it, beside its bytes. Measured on Deno 2.9:
 * 1.0 to 1.5 kB for frames of 20 to 1,000 bytes to a peer that reads nothing.
 */
export const FRAME_COST_BYTES = 1_200;
/** Entries that are over, before the others move to their place. */
const MAX_GONE = 256;

/**
 * What the frames cost that a socket has not got rid of. Its `bufferedAmount` tells their
 * bytes alone, and of small frames these are the least part.
 */
export class SendBacklog {
  /** Bytes given to the socket up to the end of each frame, the oldest first. */
  readonly #ends: number[] = [];
  /** How many of them are gone. */
  #gone = 0;
  #sentBytes = 0;

  /** Notes a frame that was given to the socket. */
  add(byteCount: number): void {
    this.#sentBytes += byteCount;
    this.#ends.push(this.#sentBytes);
  }

  /** What is held, by what the socket tells. */
  costOf(bufferedBytes: number): number {
    const ends = this.#ends;
    const goneBytes = this.#sentBytes - bufferedBytes;
    while (this.#gone < ends.length && ends[this.#gone]! <= goneBytes) {
      this.#gone += 1;
    }
    if (this.#gone === ends.length) {
      ends.length = 0;
      this.#gone = 0;
    } else if (this.#gone >= MAX_GONE) {
      ends.splice(0, this.#gone);
      this.#gone = 0;
    }
    return bufferedBytes + (ends.length - this.#gone) * FRAME_COST_BYTES;
  }
}
