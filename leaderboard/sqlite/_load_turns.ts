import { LeaderboardError } from "../leaderboard_error.ts";

/** How long loads may take, in milliseconds, before others have to wait. */
const BURST_MS = 5_000;
/** Milliseconds that come back with each one that passes. */
const REFILL = 0.25;
/** Loads that wait for their turn, at most. */
const MAX_WAITING = 64;

/** The time that {@linkcode LoadTurns} goes by. */
export interface LoadTime {
  /** Milliseconds, from any moment on. */
  now(): number;
  /** Resolves after some milliseconds, or as soon as `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * Loads one thing after another, for at most a quarter of the time in the long run: whoever asks for one past season after
 * the other has each of them read anew, as there is not room for all, and nobody else is to suffer from it.
 */
export class LoadTurns {
  readonly #time: LoadTime;
  readonly #end = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #creditMs = BURST_MS;
  #countedMs: number;

  constructor(time: LoadTime) {
    this.#time = time;
    this.#countedMs = time.now();
  }

  /**
   * Loads when it is its turn.
   *
   * @throws {LeaderboardError} If too many wait (`"storeFailed"`).
   */
  run<Value>(load: () => Promise<Value>): Promise<Value> {
    if (this.#waiting >= MAX_WAITING) {
      throw new LeaderboardError(
        "storeFailed",
        `Cannot read a past season as at most ${MAX_WAITING} may wait to be read`,
      );
    }
    this.#waiting++;
    const turn = this.#last.then(() => this.#take(load));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Lets those that wait have their turns at once. */
  hurry(): void {
    this.#end.abort();
  }

  async #take<Value>(load: () => Promise<Value>): Promise<Value> {
    try {
      this.#count();
      const { signal } = this.#end;
      if (this.#creditMs <= 0 && !signal.aborted) {
        await this.#time.sleep(1 - this.#creditMs / REFILL, signal);
        this.#count();
      }
      const startMs = this.#time.now();
      try {
        return await load();
      } finally {
        this.#creditMs -= this.#time.now() - startMs;
      }
    } finally {
      this.#waiting--;
    }
  }

  #count(): void {
    const nowMs = this.#time.now();
    const backMs = (nowMs - this.#countedMs) * REFILL;
    this.#creditMs = Math.min(BURST_MS, this.#creditMs + backMs);
    this.#countedMs = nowMs;
  }
}
