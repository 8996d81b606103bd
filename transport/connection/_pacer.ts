// This module is browser compatible.
import type { CongestionControl } from "../congestion/congestion_control.ts";

/** Half a byte of rounding must not make a timer go off for nothing, and again at once. */
const SLACK_BYTES = 1;

/** Spreads packets over time at the rate that congestion control gives. */
export class Pacer {
  readonly #congestion: CongestionControl;
  // Below 0 after a packet that was larger than what was left.
  #bytes: number;
  #atMs = 0;

  constructor(congestion: CongestionControl) {
    this.#congestion = congestion;
    this.#bytes = congestion.burstBytes;
  }

  /** Whether a packet may leave now. */
  mayLeave(nowMs: number): boolean {
    const { pacingRate, burstBytes } = this.#congestion;
    if (pacingRate === Infinity) return true;
    if (nowMs > this.#atMs) {
      const bytes = this.#bytes + (nowMs - this.#atMs) * pacingRate;
      this.#bytes = bytes < burstBytes ? bytes : burstBytes;
      this.#atMs = nowMs;
    }
    return this.#bytes > -SLACK_BYTES;
  }

  /** When a packet may leave at the earliest. */
  get nextMs(): number {
    const { pacingRate } = this.#congestion;
    if (pacingRate === Infinity || this.#bytes > -SLACK_BYTES) return 0;
    return this.#atMs - this.#bytes / pacingRate;
  }

  /** A packet has left. */
  onSent(bytes: number): void {
    if (this.#congestion.pacingRate !== Infinity) this.#bytes -= bytes;
  }
}
