// This module is browser compatible.

/**
 * Work that takes long, of which so much is done at a time and so much waits. What must be taken, as somebody else counts
 * it, waits in a line of its own, in turn with the other: neither can keep the other from being done.
 */
export class WorkQueue {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: Work[] = [];
  readonly #forced: Work[] = [];
  #isForcedNext = false;
  #running = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return this.#waiting.length + this.#forced.length;
  }

  /** Takes work, which must not reject, if there is room, or must be. */
  push(work: Work, isForced = false): boolean {
    if (this.#isClosed) return false;
    if (this.#running < this.#maxRunning) {
      void this.#run(work);
      return true;
    }
    if (isForced) this.#forced.push(work);
    else if (this.#waiting.length >= this.#maxWaiting) return false;
    else this.#waiting.push(work);
    return true;
  }

  /** Forgets what waits; resolves when what is being done is over. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#forced.length = 0;
    return this.#running === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#onIdle = resolve);
  }

  async #run(work: Work): Promise<void> {
    this.#running++;
    await work();
    this.#running--;
    const next = this.#take();
    if (next !== undefined) void this.#run(next);
    else if (this.#running === 0) this.#onIdle?.();
  }

  /** What is next, of the one line and the other in turn. */
  #take(): Work | undefined {
    this.#isForcedNext = !this.#isForcedNext;
    return this.#isForcedNext
      ? this.#forced.shift() ?? this.#waiting.shift()
      : this.#waiting.shift() ?? this.#forced.shift();
  }
}

type Work = () => Promise<void>;
