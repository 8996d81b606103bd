// This module is browser compatible.
import { U32 } from "./_u64.ts";

/** How many sequences back a packet may come late. */
const WINDOW = 256;

/**
 * Tells packets that have come before, by their sequences, as the standard does: one
 * that is 256 or more older than the newest, or has come among the last 256, is a replay.
 * Subtracts and never adds, so that the last sequences before 2^64 are right too; and
 * none of them means "empty", as the very last does in the reference.
 */
export class ReplayWindow {
  /** A bit for each of the last 256 sequences, by their lowest eight bits. */
  readonly #seen = new Uint32Array(WINDOW / 32);
  #newestHigh = 0;
  #newestLow = 0;

  /** Whether a sequence has come before, or may have. Asked before a packet is opened. */
  isReplay(high: number, low: number): boolean {
    const age = this.#age(high, low);
    if (age < 0) return false;
    if (age >= WINDOW) return true;
    const slot = low & (WINDOW - 1);
    return (this.#seen[slot >>> 5]! >>> (slot & 31) & 1) !== 0;
  }

  /** Notes a sequence whose packet was genuine, and no replay. */
  advance(high: number, low: number): void {
    const age = this.#age(high, low);
    if (age < 0) {
      this.#forget(-age);
      this.#newestHigh = high;
      this.#newestLow = low;
    }
    const slot = low & (WINDOW - 1);
    this.#seen[slot >>> 5]! |= 1 << (slot & 31);
  }

  /** Forgets all of them, for another server or client. */
  reset(): void {
    this.#seen.fill(0);
    this.#newestHigh = 0;
    this.#newestLow = 0;
  }

  /** How much older than the newest it is: exact where it is less than 2^53. */
  #age(high: number, low: number): number {
    return (this.#newestHigh - high) * U32 + (this.#newestLow - low);
  }

  /** Makes room for as many newer ones. */
  #forget(count: number): void {
    if (count >= WINDOW) {
      this.#seen.fill(0);
      return;
    }
    for (let i = 1; i <= count; i++) {
      const slot = this.#newestLow + i & (WINDOW - 1);
      this.#seen[slot >>> 5]! &= ~(1 << (slot & 31));
    }
  }
}
