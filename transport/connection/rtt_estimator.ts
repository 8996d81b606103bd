// This module is browser compatible.
import { JITTER_ALPHA, RTT_ALPHA } from "../constants.ts";

/** How long the least RTT holds, in milliseconds: paths change, and clocks drift. */
const MIN_WINDOW_MS = 10_000;

/**
 * Estimates the time there and back of a path (RFC 6298, section 2, with the peer's
 * delay taken off as in RFC 9002, section 5.3). Pure: it is given samples and the time.
 *
 * Unlike RFC 9002 it takes the delay off the least RTT too: games answer in step with
 * their frames, and what is always there would never be found out. A peer that lies
 * about it slows its own connection down.
 *
 * @example Two samples
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RttEstimator } from "@tickwire/net/transport";
 *
 * const rtt = new RttEstimator();
 * rtt.sample(100, 0, 0);
 * assertEquals([rtt.smoothedMs, rtt.variationMs], [100, 50]);
 * // 148 ms, of which the peer had it for 8: 40 more than was expected.
 * rtt.sample(148, 8, 20);
 * assertEquals([rtt.smoothedMs, rtt.variationMs, rtt.minMs], [105, 47.5, 100]);
 * ```
 */
export class RttEstimator {
  #smoothedMs = 0;
  #variationMs = 0;
  #latestMs = 0;
  #isKnown = false;
  // The least of this half of the window and of the one before it.
  #halfMinMs = Infinity;
  #lastHalfMinMs = Infinity;
  #halfEndMs = 0;

  /** Whether there was a sample. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** The smoothed RTT in milliseconds; 0 before the first sample. */
  get smoothedMs(): number {
    return this.#smoothedMs;
  }

  /** The smoothed deviation from it in milliseconds; 0 before the first sample. */
  get variationMs(): number {
    return this.#variationMs;
  }

  /** The newest sample, without the peer's delay; 0 before the first. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** The least sample of the last 5 to 10 seconds, without the peer's delay; 0 before the first. */
  get minMs(): number {
    if (!this.#isKnown) return 0;
    return this.#halfMinMs < this.#lastHalfMinMs
      ? this.#halfMinMs
      : this.#lastHalfMinMs;
  }

  /**
   * Takes a sample.
   *
   * @param rttMs From a packet's leaving to the arrival of what acknowledged it: 0 or more.
   * @param delayMs How long the peer says it waited with that: 0 or more. More than
   * `rttMs` cannot be, and counts as 0.
   * @param nowMs The time, in milliseconds of a monotonic clock.
   */
  sample(rttMs: number, delayMs: number, nowMs: number): void {
    const latestMs = delayMs <= rttMs ? rttMs - delayMs : rttMs;
    this.#latestMs = latestMs;
    if (nowMs >= this.#halfEndMs) {
      const isOld = nowMs >= this.#halfEndMs + MIN_WINDOW_MS / 2;
      this.#lastHalfMinMs = isOld ? Infinity : this.#halfMinMs;
      this.#halfMinMs = latestMs;
      this.#halfEndMs = nowMs + MIN_WINDOW_MS / 2;
    } else if (latestMs < this.#halfMinMs) {
      this.#halfMinMs = latestMs;
    }
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#smoothedMs = latestMs;
      this.#variationMs = latestMs / 2;
      return;
    }
    const differenceMs = Math.abs(this.#smoothedMs - latestMs);
    this.#variationMs += (differenceMs - this.#variationMs) * JITTER_ALPHA;
    // Ever smaller fractions of nothing are slow to reckon with.
    if (this.#variationMs < 1e-6) this.#variationMs = 0;
    this.#smoothedMs += (latestMs - this.#smoothedMs) * RTT_ALPHA;
  }

  /** Forgets everything, as for a new path. */
  reset(): void {
    this.#smoothedMs = 0;
    this.#variationMs = 0;
    this.#latestMs = 0;
    this.#isKnown = false;
    this.#halfMinMs = Infinity;
    this.#lastHalfMinMs = Infinity;
    this.#halfEndMs = 0;
  }
}
