// This module is browser compatible.

const EMPTY = new Int32Array(0);

/**
 * Which of the latest numbers have come: a sliding window of bits (RFC 4303, section 3.4.3). What
 * is older than the window counts as having come.
 */
export class SeenNumbers {
  /** The number after the highest that has come. */
  end: number;
  readonly #window: number;
  #bits = EMPTY;

  /** Of a window of a power of two, 32 or more, from number `end` on. */
  constructor(window: number, end: number) {
    this.#window = window;
    this.end = end;
  }

  /** Whether a number has come, or is too old to know. */
  has(number: number): boolean {
    const { end } = this;
    if (number >= end) return false;
    if (number < end - this.#window) return true;
    // Nothing has come: what lies before the first number was not sent, as far as this end knows.
    if (this.#bits.length === 0) return false;
    const at = number & (this.#window - 1);
    return (this.#bits[at >> 5]! & (1 << (at & 31))) !== 0;
  }

  /** Notes a number that `has()` did not have. */
  note(number: number): void {
    const window = this.#window;
    if (this.#bits.length === 0) this.#bits = new Int32Array(window >> 5);
    const bits = this.#bits;
    if (number >= this.end) {
      if (number - this.end >= window) {
        bits.fill(0);
      } else {
        for (let i = this.end; i < number; i++) {
          const at = i & (window - 1);
          bits[at >> 5]! &= ~(1 << (at & 31));
        }
      }
      this.end = number + 1;
    }
    const at = number & (window - 1);
    bits[at >> 5]! |= 1 << (at & 31);
  }
}
