// This module is browser compatible.

/** How far back a rate looks, in milliseconds: for one to two halves of it. */
const HALF_MS = 500;

/**
 * Bytes per second over the last second or less, in four numbers: a server has
 * thousands of connections, most of them idle.
 */
export class ByteRate {
  /** All bytes. */
  total = 0;
  #bytes = 0;
  #lastBytes = 0;
  #sinceMs = 0;

  /** Counts what goes now. */
  record(bytes: number, nowMs: number): void {
    this.total += bytes;
    if (nowMs - this.#sinceMs >= HALF_MS) this.#rotate(nowMs);
    this.#bytes += bytes;
  }

  /** Bytes per second, as it is now. */
  perSecond(nowMs: number): number {
    if (nowMs - this.#sinceMs >= HALF_MS) this.#rotate(nowMs);
    const coveredMs = HALF_MS + nowMs - this.#sinceMs;
    return (this.#lastBytes + this.#bytes) * 1000 / coveredMs;
  }

  #rotate(nowMs: number): void {
    const halves = Math.floor((nowMs - this.#sinceMs) / HALF_MS);
    this.#lastBytes = halves === 1 ? this.#bytes : 0;
    this.#bytes = 0;
    this.#sinceMs += halves * HALF_MS;
  }
}
