// This module is browser compatible.

/** Requests whose answers have not begun. */
export class InFlight {
  #count = 0;
  #onIdle: (() => void) | undefined;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Counts a request while it is answered. */
  async run(answer: () => Response | Promise<Response>): Promise<Response> {
    this.#count += 1;
    try {
      return await answer();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#onIdle?.();
    }
  }

  /** Resolves when there are none, or they have had their time. */
  async ended(limitMs: number): Promise<void> {
    if (this.#count === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
  }
}
