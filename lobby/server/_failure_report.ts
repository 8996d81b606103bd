// This module is browser compatible.

/** How often the owner is told of something that fails in every tick. */
const INTERVAL_MS = 1_000;

/** Counts failures, and tells when to tell of them: what fails in every tick would else fill the queue of events. */
export class FailureReport {
  #times = 0;
  #toldMs = -Infinity;

  /** Something has failed. Returns how often it has since that was told, if it is to be told now. */
  count(nowMs: number): number | undefined {
    this.#times++;
    if (nowMs - this.#toldMs < INTERVAL_MS) return undefined;
    this.#toldMs = nowMs;
    const times = this.#times;
    this.#times = 0;
    return times;
  }
}
