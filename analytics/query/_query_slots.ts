// This module is browser compatible.
import { HttpProblem } from "../../http/server/mod.ts";

/**
 * Lets few queries run at a time and some more wait, in the order in which they came, so that dashboards leave the store to
 * those who write.
 */
export class QuerySlots {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;
  #refused = 0;

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /** How many are running. */
  get running(): number {
    return this.#running;
  }

  /** How many are waiting. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many were refused, as too many were waiting. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Runs a query when it is its turn.
   *
   * @throws {HttpProblem} If too many are waiting.
   */
  async run<T>(signal: AbortSignal, query: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#maxRunning) this.#running++;
    else await this.#wait(signal);
    try {
      return await query();
    } finally {
      const next = this.#waiting.values().next().value;
      // A place that is handed on is never free in between.
      if (next === undefined) this.#running--;
      else {
        this.#waiting.delete(next);
        next();
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) {
      this.#refused++;
      throw new HttpProblem(
        "unavailable",
        503,
        `Cannot answer now as ${this.#maxWaiting} queries are waiting: ask again later`,
        { retryAfterMs: 1_000 },
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const onAbort = (): void => {
      // One that has been given its place gives it back in `run`.
      if (this.#waiting.delete(resolve)) reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
