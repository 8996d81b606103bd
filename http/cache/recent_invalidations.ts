// This module is browser compatible.

const MAX_KEYS = 64;
// What lies further ahead than a store takes to answer was noted before the wall clock was set back.
const MAX_AHEAD_MS = 60_000;

/**
 * Remembers for a while which URLs were invalidated, and when: the response to a `GET` that was sent before
 * a `POST` has changed the resource may come after it, and must not be stored as if it were current.
 */
export class RecentInvalidations {
  readonly #epochMsByKey = new Map<string, number>();
  // Of all that is forgotten, the latest: older requests are not trusted for any URL.
  #forgottenEpochMs = -Infinity;
  #latestEpochMs = -Infinity;

  /**
   * Notes an invalidation.
   *
   * @param key The URL.
   * @param epochMs When it was, in milliseconds since the epoch.
   */
  add(key: string, epochMs: number): void {
    const before = this.#epochMsByKey.get(key) ?? -Infinity;
    this.#epochMsByKey.delete(key);
    this.#epochMsByKey.set(key, Math.max(before, epochMs));
    this.#latestEpochMs = Math.max(this.#latestEpochMs, epochMs);
    if (this.#epochMsByKey.size <= MAX_KEYS) return;
    for (const [oldest, oldestEpochMs] of this.#epochMsByKey) {
      this.#epochMsByKey.delete(oldest);
      this.#forgottenEpochMs = Math.max(this.#forgottenEpochMs, oldestEpochMs);
      return;
    }
  }

  /**
   * Tells whether a URL was invalidated since a request was sent.
   *
   * @param key The URL.
   * @param requestEpochMs When the request was sent.
   * @param nowEpochMs The current time, or when the response came.
   * @returns `true` if it was, or if too much was invalidated since to be sure.
   */
  has(key: string, requestEpochMs: number, nowEpochMs: number): boolean {
    if (this.#latestEpochMs > nowEpochMs + MAX_AHEAD_MS) {
      this.#limitTo(nowEpochMs);
    }
    if (requestEpochMs < this.#forgottenEpochMs) return true;
    const epochMs = this.#epochMsByKey.get(key);
    return epochMs !== undefined && requestEpochMs < epochMs;
  }

  // Otherwise nothing would be stored until the wall clock is there again.
  #limitTo(epochMs: number): void {
    for (const [key, before] of this.#epochMsByKey) {
      this.#epochMsByKey.set(key, Math.min(before, epochMs));
    }
    this.#forgottenEpochMs = Math.min(this.#forgottenEpochMs, epochMs);
    this.#latestEpochMs = epochMs;
  }
}
