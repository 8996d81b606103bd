// This module is browser compatible.

/**
 * Takes what a `BitPacker` has packed. Behind the end there are zeros without end: one
 * look at {@linkcode BitUnpacker.isPastEnd} tells.
 */
export class BitUnpacker {
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** The place of the next bit. */
  #at = 0;

  /** Begins with bytes from `start` to `end`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.#at = start * 8;
  }

  /** Whether bits were taken that are not there. */
  get isPastEnd(): boolean {
    return this.#at > this.#end * 8;
  }

  /** The place of the first byte of which no bit was taken. */
  get nextByte(): number {
    return (this.#at + 7) >>> 3;
  }

  /** Whether the bits up to the next byte are zeros. */
  isPadded(): boolean {
    const left = -this.#at & 7;
    return this.peek(left) === 0;
  }

  /**
   * Looks at bits without taking them.
   *
   * @param width 0 to 24.
   */
  peek(width: number): number {
    const bytes = this.#bytes;
    const from = this.#at >>> 3;
    let word: number;
    if (from + 4 <= this.#end) {
      word = bytes[from]! | bytes[from + 1]! << 8 | bytes[from + 2]! << 16 |
        bytes[from + 3]! << 24;
    } else {
      word = 0;
      for (let i = from, shift = 0; i < this.#end; i++, shift += 8) {
        word |= bytes[i]! << shift;
      }
    }
    return word >>> (this.#at & 7) & (1 << width) - 1;
  }

  /** Takes bits that were looked at. */
  skip(width: number): void {
    this.#at += width;
  }

  /**
   * Takes bits.
   *
   * @param width 0 to 24.
   */
  take(width: number): number {
    const value = this.peek(width);
    this.#at += width;
    return value;
  }

  /**
   * Takes bits, of which there may be more.
   *
   * @param width 0 to 32.
   * @returns The bits, as a signed integer of 32 bits.
   */
  takeWide(width: number): number {
    if (width <= 16) return this.take(width);
    const low = this.take(16);
    return low | this.take(width - 16) << 16;
  }
}
