// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { AnalyticsStore } from "../store/store.ts";

/** How often is looked for what is old. */
const PAUSE_SECONDS = 60;
/** How many rows are removed at once: batches wait for so long. */
const SLICE_ROWS = 2_000;

/** Removes what is old from a store: a slice with each tick while there is any. */
export class Retention {
  readonly #store: AnalyticsStore;
  readonly #clock: Clock;
  readonly #eventRetentionMs: number;
  readonly #rollupRetentionMs: number;
  readonly #onExpired: (rows: number) => void;
  #waitSeconds = 0;
  #slice: Promise<void> | undefined;

  constructor(
    store: AnalyticsStore,
    clock: Clock,
    eventRetentionMs: number,
    rollupRetentionMs: number,
    onExpired: (rows: number) => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#eventRetentionMs = eventRetentionMs;
    this.#rollupRetentionMs = rollupRetentionMs;
    this.#onExpired = onExpired;
  }

  tick(dt: number): void {
    if (this.#slice !== undefined) return;
    this.#waitSeconds -= dt;
    if (this.#waitSeconds > 0) return;
    this.#slice = this.#expire().finally(() => {
      this.#slice = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    await this.#slice;
  }

  async #expire(): Promise<void> {
    this.#waitSeconds = PAUSE_SECONDS;
    const nowMs = this.#clock.epochMs();
    try {
      const rows = await this.#store.expire({
        eventsBeforeMs: nowMs - this.#eventRetentionMs,
        rollupsBeforeMs: nowMs - this.#rollupRetentionMs,
        limit: SLICE_ROWS,
      });
      this.#onExpired(rows);
      if (rows >= SLICE_ROWS) this.#waitSeconds = 0;
    } catch {
      // Told by the store's guard, and tried again.
    }
  }
}
