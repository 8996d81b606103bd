// This module is browser compatible.

/** How long a query may hold the event loop before others get their turn. */
const TURN_MS = 4;

/** Lets whatever else the process does have its turn while a query runs. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #beganMs = performance.now();

  constructor(signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.#signal = signal;
  }

  /**
   * Called between pieces of work. Promises that are settled already let nothing in but each other, so that a store that
   * answers at once would hold the loop as long as the query takes.
   */
  async breathe(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (performance.now() - this.#beganMs < TURN_MS) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#beganMs = performance.now();
    this.#signal?.throwIfAborted();
  }
}
