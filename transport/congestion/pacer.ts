// This module is browser compatible.

/** How much time a sender that comes late makes up for at most: a few frames of a game. */
const MAX_LAG_MS = 50;

/**
 * Spreads packets in time, at a rate that may change from call to call.
 *
 * After a pause a burst may leave at once. A sender that had to wait makes up for
 * coming late: what it was not asked for meanwhile leaves at once too, so that a
 * game that looks only each 16.7 ms reaches the rate all the same.
 *
 * @example 1,200 bytes each millisecond, two packets at once after a pause
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Pacer } from "@tickwire/net/transport";
 *
 * const pacer = new Pacer();
 * pacer.setRate(1200, 2400);
 * assertEquals(pacer.allowedBytes(0), 2400);
 * for (let i = 0; i < 3; i++) pacer.onSent(1200, 0);
 * assertEquals(pacer.waitMs(0), 1);
 * assertEquals(pacer.allowedBytes(3), 2400);
 * ```
 */
export class Pacer {
  #rate = Infinity;
  #burstBytes = Infinity;
  /** When what was sent so far would all have left at the rate, a burst ahead. */
  #freeAtMs = -Infinity;
  /** Whether it was told to wait since it last sent. */
  #isWaiting = false;

  /**
   * Sets how fast packets leave from now on. To be called whenever congestion control
   * has changed its mind; cheap.
   *
   * @param rate Bytes per millisecond: above 0, `Infinity` for at once.
   * @param burstBytes How many bytes may leave at once after a pause, 1 or more.
   */
  setRate(rate: number, burstBytes: number): void {
    this.#rate = rate;
    this.#burstBytes = burstBytes;
  }

  /**
   * Tells how long the next packet has to wait. A packet of any size may leave when the
   * time of those before it is over; the ones after it wait longer then.
   *
   * @param nowMs The time in milliseconds.
   * @returns Milliseconds: 0 if it may leave now.
   */
  waitMs(nowMs: number): number {
    if (this.#rate === Infinity) return 0;
    const waitMs = this.#freeAtMs - nowMs;
    if (waitMs <= 0) return 0;
    this.#isWaiting = true;
    return waitMs;
  }

  /**
   * Tells how many bytes may leave now.
   *
   * @param nowMs The time in milliseconds.
   * @returns Bytes, 0 or more; `Infinity` at an infinite rate.
   */
  allowedBytes(nowMs: number): number {
    if (this.#rate === Infinity) return Infinity;
    const fromMs = Math.max(this.#freeAtMs, this.#floorMs(nowMs));
    return fromMs > nowMs ? 0 : (nowMs - fromMs) * this.#rate;
  }

  /**
   * Notes that a packet has left, allowed or not.
   *
   * @param bytes The size of its datagram.
   * @param nowMs The time in milliseconds.
   */
  onSent(bytes: number, nowMs: number): void {
    if (this.#rate === Infinity) {
      this.#freeAtMs = nowMs;
      return;
    }
    const floorMs = this.#floorMs(nowMs);
    const fromMs = this.#freeAtMs > floorMs ? this.#freeAtMs : floorMs;
    this.#freeAtMs = fromMs + bytes / this.#rate;
    // From here on the burst alone says how far back it reaches.
    if (this.#freeAtMs >= nowMs - this.#burstBytes / this.#rate) {
      this.#isWaiting = false;
    }
  }

  #floorMs(nowMs: number): number {
    const burstMs = this.#burstBytes / this.#rate;
    return nowMs -
      (this.#isWaiting && burstMs < MAX_LAG_MS ? MAX_LAG_MS : burstMs);
  }
}
