// This module is browser compatible.

/** Does what concerns one key one after the other, so that a burst on it does not meet itself. */
export class PlayerQueue {
  /** What has to be over before the next one may begin. */
  readonly #tails = new Map<string, Promise<void>>();

  async run<Result>(
    key: string,
    task: () => Promise<Result>,
  ): Promise<Result> {
    const before = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    await before;
    try {
      return await task();
    } finally {
      if (this.#tails.get(key) === promise) this.#tails.delete(key);
      resolve();
    }
  }
}
