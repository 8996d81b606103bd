// This module is browser compatible.

/** How many sequences back a packet may come late. */
const WINDOW = 256;
const SIZE = 0x1_0000_0000;

/**
 * Tells packets that have come before, by their sequences, as the standard does: one
 * that is 256 or more older than the newest, or is in the table of the last 256, is a
 * replay. Subtracts and never adds, so that the last sequences before 2^64 are right too.
 */
export class ReplayWindow {
  readonly #seenHigh = new Uint32Array(WINDOW);
  readonly #seenLow = new Uint32Array(WINDOW);
  readonly #isSeen = new Uint8Array(WINDOW);
  #newestHigh = 0;
  #newestLow = 0;

  /** Whether a sequence has come before, or may have. Asked before a packet is opened. */
  isReplay(high: number, low: number): boolean {
    const age = (this.#newestHigh - high) * SIZE + (this.#newestLow - low);
    if (age >= WINDOW) return true;
    const slot = low & (WINDOW - 1);
    if (this.#isSeen[slot] === 0) return false;
    // A slot that holds a later sequence is a replay's too.
    const seenHigh = this.#seenHigh[slot]!;
    return seenHigh > high ||
      (seenHigh === high && this.#seenLow[slot]! >= low);
  }

  /** Notes a sequence whose packet was genuine. */
  advance(high: number, low: number): void {
    const isNewer = high > this.#newestHigh ||
      (high === this.#newestHigh && low > this.#newestLow);
    if (isNewer) {
      this.#newestHigh = high;
      this.#newestLow = low;
    }
    const slot = low & (WINDOW - 1);
    this.#isSeen[slot] = 1;
    this.#seenHigh[slot] = high;
    this.#seenLow[slot] = low;
  }

  /** Forgets all of them, for another server or client. */
  reset(): void {
    this.#isSeen.fill(0);
    this.#newestHigh = 0;
    this.#newestLow = 0;
  }
}
