// This module is browser compatible.

/** How long the least is looked for. */
const WINDOW_MS = 2_000;

/**
 * When tick 0 began on the server's clock: the least of what the snapshots of the last
 * seconds were sent after their tick's time, as loops are late but never early.
 */
export class TickPhase {
  /** Milliseconds; 0 before the first. */
  ms = 0;
  #sinceMs = -Infinity;
  #least = Infinity;
  #leastBefore = Infinity;

  /** Takes when a snapshot was sent, less its tick's time. */
  record(afterMs: number, nowMs: number): void {
    if (!Number.isFinite(afterMs)) return;
    if (!(nowMs - this.#sinceMs < WINDOW_MS)) {
      // After a silence what was before says nothing.
      const isLate = nowMs - this.#sinceMs > 2 * WINDOW_MS;
      this.#leastBefore = isLate ? Infinity : this.#least;
      this.#least = Infinity;
      this.#sinceMs = nowMs;
    }
    if (afterMs < this.#least) this.#least = afterMs;
    this.ms = Math.min(this.#least, this.#leastBefore);
  }

  clear(): void {
    this.ms = 0;
    this.#sinceMs = -Infinity;
    this.#least = Infinity;
    this.#leastBefore = Infinity;
  }
}
