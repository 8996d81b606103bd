// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { LeaderboardStore } from "../store/store.ts";
import type { ReplayStore } from "./replay_store.ts";

/** How long an upload may stand still, and a replay be without a score. */
export const KEEP_MS = 86_400_000;
const SWEEP_SECONDS = 60;
const BATCH = 100;
/** So that one sweep ends, whatever there is; the next one goes on. */
const MAX_BATCHES = 50;

/** What a {@linkcode ReplaySweep} works on. */
export interface ReplaySweepContext {
  readonly replays: ReplayStore;
  readonly store: Pick<LeaderboardStore, "isReplayLinked">;
  readonly clock: Clock;
}

/**
 * Gives up uploads that stand still, and removes replays that no score has for a day.
 *
 * A replay of which some score was known is looked at again after a day without one. It is removed only if nobody has
 * touched it since it was listed; who links one touches it first and finds out whether it is there. So a submission
 * that comes meanwhile either keeps its replay or is told that there is none.
 */
export class ReplaySweep {
  readonly #context: ReplaySweepContext;
  #secondsLeft = 0;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #expired = 0;
  #removed = 0;

  constructor(context: ReplaySweepContext) {
    this.#context = context;
  }

  /** Uploads that were given up. */
  get expired(): number {
    return this.#expired;
  }

  /** Replays that were removed. */
  get removed(): number {
    return this.#removed;
  }

  /** Moves on in time, in seconds, and begins a sweep when it is time for one. */
  tick(dt: number): void {
    this.#secondsLeft -= dt;
    if (
      this.#secondsLeft > 0 || this.#running !== undefined || this.#isClosed
    ) return;
    this.#secondsLeft = SWEEP_SECONDS;
    this.#running = this.run()
      .catch(() => {})
      .finally(() => this.#running = undefined);
  }

  /** Resolves when no sweep is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Begins none any more, and ends the one under way after what it is doing. */
  close(): void {
    this.#isClosed = true;
  }

  /** Sweeps once. Rejects if a store fails. */
  async run(): Promise<void> {
    const { replays, clock } = this.#context;
    for (let i = 0; i < MAX_BATCHES; i++) {
      const expired = await replays.removeExpired(clock.epochMs(), BATCH);
      this.#expired += expired;
      if (expired < BATCH) break;
    }
    for (let i = 0; i < MAX_BATCHES; i++) {
      const unused = await replays.unused(clock.epochMs() - KEEP_MS, BATCH);
      for (const { sha256, usedMs, isLinked } of unused) {
        if (this.#isClosed) return;
        await this.#look(sha256, usedMs, isLinked);
      }
      if (unused.length < BATCH) break;
    }
  }

  async #look(
    sha256: string,
    usedMs: number,
    wasLinked: boolean,
  ): Promise<void> {
    const { replays, store, clock } = this.#context;
    const isLinked = await store.isReplayLinked(sha256);
    if (isLinked || wasLinked) {
      await replays.touch(sha256, clock.epochMs(), isLinked);
    } else if (await replays.remove(sha256, usedMs)) this.#removed += 1;
  }
}
