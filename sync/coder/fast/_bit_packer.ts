// This module is browser compatible.

/**
 * Bits behind each other, the lowest first, in memory of its own that grows. It has no
 * checks: its owner knows how many bits a value takes.
 */
export class BitPacker {
  #bytes = new Uint8Array(1_024);
  #length = 0;
  /** Bits that do not fill a byte yet, fewer than 8. */
  #pending = 0;
  #count = 0;

  /** Begins anew. */
  reset(): void {
    this.#length = 0;
    this.#pending = 0;
    this.#count = 0;
  }

  /**
   * Makes room.
   *
   * @param bitCount How many bits come at most until it is called again.
   */
  reserve(bitCount: number): void {
    const needed = this.#length + (bitCount >>> 3) + 8;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }

  /**
   * Adds bits.
   *
   * @param value 0 to 2^width - 1.
   * @param width 0 to 24.
   */
  put(value: number, width: number): void {
    let pending = this.#pending | value << this.#count;
    let count = this.#count + width;
    while (count >= 8) {
      this.#bytes[this.#length++] = pending;
      pending >>>= 8;
      count -= 8;
    }
    this.#pending = pending;
    this.#count = count;
  }

  /**
   * Adds bits, of which there may be more.
   *
   * @param value Their low bits count; the sign does not matter.
   * @param width 0 to 32.
   */
  putWide(value: number, width: number): void {
    if (width <= 16) {
      this.put(value & 0xffff >>> (16 - width), width);
    } else {
      this.put(value & 0xffff, 16);
      this.put(value >>> 16 & 0xffff >>> (32 - width), width - 16);
    }
  }

  /**
   * Fills the last byte with zeros.
   *
   * @returns The bytes, until the next `reset`.
   */
  finish(): Uint8Array {
    if (this.#count > 0) {
      this.#bytes[this.#length++] = this.#pending;
      this.#pending = 0;
      this.#count = 0;
    }
    return this.#bytes.subarray(0, this.#length);
  }
}
