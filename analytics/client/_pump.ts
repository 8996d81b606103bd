// This module is browser compatible.

/** Moves something on that nobody ticks any more, whenever something has arrived for it. */
export class Pump {
  #wake: (() => void) | undefined;
  #isAwake = false;

  /** Something has arrived. */
  wake(): void {
    this.#isAwake = true;
    this.#wake?.();
  }

  /**
   * Calls `step` until it returns `true` or the time is over: when something arrives, and every `intervalMs`.
   */
  async run(
    timeoutMs: number,
    intervalMs: number,
    step: () => boolean,
  ): Promise<void> {
    let isOver = false;
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(() => {
        isOver = true;
        this.wake();
      }, timeoutMs)
      : undefined;
    const interval = setInterval(() => this.wake(), intervalMs);
    try {
      while (!step() && !isOver) {
        if (!this.#isAwake) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          this.#wake = undefined;
        }
        this.#isAwake = false;
      }
    } finally {
      clearTimeout(timer);
      clearInterval(interval);
    }
  }
}
