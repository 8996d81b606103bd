// This module is browser compatible.

/**
 * Takes what a `BitPacker` has packed. Behind the end there are zeros, as many as it is
 * made for: its owner looks at {@linkcode BitUnpacker.isPastEnd} before it takes more.
 */
export class BitUnpacker {
  readonly #spareWords: number;
  #words: Int32Array;
  #start = 0;
  /** How many bits there are. */
  #end = 0;
  /** The place of the next bit. */
  #at = 0;

  /**
   * Creates an unpacker.
   *
   * @param spareBits How many bits are taken at most between two looks at the end.
   */
  constructor(spareBits: number) {
    this.#spareWords = (spareBits >>> 5) + 3;
    this.#words = new Int32Array(256 + this.#spareWords);
  }

  /** Begins with bytes from `start` to `end`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const whole = length >>> 2;
    const needed = whole + 1 + this.#spareWords;
    if (needed > this.#words.length) this.#words = new Int32Array(2 * needed);
    const words = this.#words;
    let at = start;
    for (let i = 0; i < whole; i++, at += 4) {
      words[i] = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 |
        bytes[at + 3]! << 24;
    }
    let last = 0;
    for (let shift = 0; at < end; at++, shift += 8) last |= bytes[at]! << shift;
    words[whole] = last;
    words.fill(0, whole + 1, needed);
    this.#start = start;
    this.#end = 8 * length;
    this.#at = 0;
  }

  /** Whether bits were taken that are not there. */
  get isPastEnd(): boolean {
    return this.#at > this.#end;
  }

  /** The place of the first byte of which no bit was taken. */
  get nextByte(): number {
    return this.#start + (this.#at + 7 >>> 3);
  }

  /** Whether the bits up to the next byte are zeros. */
  isPadded(): boolean {
    return this.peek(-this.#at & 7) === 0;
  }

  /**
   * Looks at bits without taking them.
   *
   * @param width 0 to 31.
   */
  peek(width: number): number {
    const words = this.#words;
    const at = this.#at;
    const i = at >>> 5;
    // Two shifts, as one by 32 would be one by 0.
    const word = words[i]! >>> at | words[i + 1]! << 1 << (~at & 31);
    return word & (1 << width) - 1;
  }

  /** Takes bits that were looked at. */
  skip(width: number): void {
    this.#at += width;
  }

  /**
   * Takes bits.
   *
   * @param width 0 to 32.
   * @returns The bits; if there are 32 of them, as a signed integer.
   */
  take(width: number): number {
    const words = this.#words;
    const at = this.#at;
    const i = at >>> 5;
    this.#at = at + width;
    const word = words[i]! >>> at | words[i + 1]! << 1 << (~at & 31);
    return width === 32 ? word : word & (1 << width) - 1;
  }
}
