// This module is browser compatible.
import { LeaderboardError } from "../leaderboard_error.ts";

/** Counts and tells the failures of a store, and makes all of them `LeaderboardError`s, whatever it throws. */
export class StoreGuard {
  readonly #name: string;
  readonly #onError: (error: unknown) => void;
  #failures = 0;

  /**
   * Creates a guard.
   *
   * @param name What the store is called in messages.
   * @param onError Told what it threw.
   */
  constructor(name: string, onError: (error: unknown) => void) {
    this.#name = name;
    this.#onError = onError;
  }

  /** How many calls have failed. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Calls the store.
   *
   * @param call What is asked of it.
   * @returns A promise of its answer. It rejects with a {@linkcode LeaderboardError}.
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      this.#failures += 1;
      this.#onError(error);
      if (error instanceof LeaderboardError) throw error;
      throw new LeaderboardError(
        "storeFailed",
        `Cannot go on as the ${this.#name} failed`,
        { cause: error },
      );
    }
  }
}
