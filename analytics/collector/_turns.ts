// This module is browser compatible.

/** Lets few do something at a time; others wait for their turn, in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** Takes how many may be at it. */
  constructor(most: number) {
    this.#free = most;
  }

  /** Does something when it is its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A store that answers at once would hold the event loop for all who wait.
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      const next = this.#waiting.shift();
      // A place that is handed on is never free in between.
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
