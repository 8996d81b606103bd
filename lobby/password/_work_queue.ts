// This module is browser compatible.

/** Work that takes long, of which so much is done at a time and so much waits. */
export class WorkQueue {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes work, which must not reject, if there is room, or must be. */
  push(work: () => Promise<void>, isForced = false): boolean {
    if (this.#isClosed) return false;
    if (this.#running < this.#maxRunning) {
      void this.#run(work);
      return true;
    }
    if (!isForced && this.#waiting.length >= this.#maxWaiting) return false;
    this.#waiting.push(work);
    return true;
  }

  /** Forgets what waits; resolves when what is being done is over. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    return this.#running === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#onIdle = resolve);
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#running++;
    await work();
    this.#running--;
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#run(next);
    else if (this.#running === 0) this.#onIdle?.();
  }
}
