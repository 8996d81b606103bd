// This module is browser compatible.

// Times on the wire: 1/64 ms of the sender's clock, as 32 bits that wrap after 18.6 h.

/** How many units a millisecond has. */
export const STAMPS_PER_MS = 64;

const TWO_32 = 2 ** 32;
const MAX_HELD = 0xffff;

/**
 * Tells the stamp of a time.
 *
 * @param ms Milliseconds of a clock: finite.
 * @returns 0 to 4294967295, wraps.
 */
export function stampOf(ms: number): number {
  const units = Math.floor(ms * STAMPS_PER_MS) % TWO_32;
  return units < 0 ? units + TWO_32 : units;
}

/**
 * What is echoed to the other end: the newest stamp of its own that has come, and how
 * long ago.
 */
export class StampEcho {
  /** The other end's stamp. */
  stamp = 0;
  #receivedMs = 0;
  #isKnown = false;

  /** Takes the stamp of a message, unless a newer one has come before. */
  receive(stamp: number, nowMs: number): void {
    if (this.#isKnown && (stamp - this.stamp | 0) <= 0) return;
    this.#isKnown = true;
    this.stamp = stamp;
    this.#receivedMs = nowMs;
  }

  /**
   * Tells how long the stamp has been held.
   *
   * @returns 0 to 65535 units; -1 if there is none, or it is too old to tell.
   */
  held(nowMs: number): number {
    if (!this.#isKnown) return -1;
    const units = Math.floor((nowMs - this.#receivedMs) * STAMPS_PER_MS);
    return units >= 0 && units <= MAX_HELD ? units : -1;
  }
}
