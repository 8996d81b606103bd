// This module is browser compatible.

/**
 * What one kept message holds, at the most: a subscriber that reads nothing keeps one here
 * and there, each of another slab.
 */
const SLAB_BYTES = 2_048;
/** Longer ones have memory of their own. */
const MAX_SHARED_BYTES = 1_024;
const encoder = new TextEncoder();

/**
 * Copies of short messages that do not leave this module, many of them in one buffer: one
 * of its own for each takes half a microsecond, whatever its length. Whoever keeps one
 * keeps the buffer, so that what is kept for long wants a copy of its own.
 */
export class ByteSlab {
  #slab = new Uint8Array(0);
  #used = 0;

  /** Copies bytes. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    // A Buffer of Node's gives views by slice().
    if (length > MAX_SHARED_BYTES) return new Uint8Array(bytes);
    const copy = this.#claim(length);
    copy.set(bytes);
    this.#used += length;
    return copy;
  }

  /** Encodes text as UTF-8. */
  encode(text: string): Uint8Array {
    // A unit of UTF-16 takes three bytes at the most.
    const most = 3 * text.length;
    if (most > MAX_SHARED_BYTES) return encoder.encode(text);
    const { written } = encoder.encodeInto(text, this.#claim(most));
    const start = this.#used;
    this.#used += written;
    return this.#slab.subarray(start, this.#used);
  }

  #claim(length: number): Uint8Array {
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    return this.#slab.subarray(this.#used, this.#used + length);
  }
}
