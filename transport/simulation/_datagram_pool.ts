// This module is browser compatible.

/** What is kept for reuse at most, in bytes. */
const MAX_KEPT_BYTES = 16_777_216;
/** Larger ones are rare: they are left to the collector. */
const MAX_POOLED_LENGTH = 2_048;

/**
 * Buffers by their exact length, so that a datagram needs neither memory nor a view of its own. What is given back is
 * overwritten with zeros, so that a test shows who keeps bytes without copying them.
 */
export class DatagramPool {
  readonly #free: (Uint8Array[] | undefined)[] = new Array(
    MAX_POOLED_LENGTH + 1,
  );
  #keptBytes = 0;

  /** Copies the first `length` bytes of a datagram. */
  copy(datagram: Uint8Array, length: number): Uint8Array {
    const bytes = this.#take(length);
    bytes.set(
      length === datagram.length ? datagram : datagram.subarray(0, length),
    );
    return bytes;
  }

  /** Takes back what {@linkcode DatagramPool.copy} gave. */
  release(bytes: Uint8Array): void {
    bytes.fill(0);
    const { length } = bytes;
    if (
      length > MAX_POOLED_LENGTH || this.#keptBytes + length > MAX_KEPT_BYTES
    ) return;
    this.#keptBytes += length;
    const free = this.#free[length];
    if (free === undefined) this.#free[length] = [bytes];
    else free.push(bytes);
  }

  #take(length: number): Uint8Array {
    const bytes = this.#free[length]?.pop();
    if (bytes === undefined) return new Uint8Array(length);
    this.#keptBytes -= length;
    return bytes;
  }
}
