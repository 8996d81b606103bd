// This module is browser compatible.

/** A step of more than this says that the frame stood still, not that the other end did. */
const LONG_STEP_MS = 5_000;
/** So many long steps count as the whole wait: a throttled tab has no others. */
const MAX_LONG_STEPS = 3;

/**
 * How long something may take. While a tab is hidden or a laptop suspended nothing can arrive, so one long step never
 * decides that something took too long.
 */
export class Patience {
  readonly #limitMs: number;
  readonly #longStepMs: number;
  #waitedMs = 0;
  #longSteps = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#longStepMs = Math.min(LONG_STEP_MS, limitMs / 2);
  }

  restart(): void {
    this.#waitedMs = 0;
    this.#longSteps = 0;
  }

  isLong(stepMs: number): boolean {
    return stepMs > this.#longStepMs;
  }

  /** Waits on, and tells whether it took too long. A long step begins the wait anew. */
  tick(stepMs: number): boolean {
    if (this.isLong(stepMs)) {
      this.#waitedMs = 0;
      return ++this.#longSteps >= MAX_LONG_STEPS;
    }
    this.#waitedMs += stepMs;
    return this.#waitedMs >= this.#limitMs;
  }
}
