// This module is browser compatible.

/** What an {@linkcode HttpClient} has counted since it was made. */
export interface HttpClientStats {
  /** Requests that wait for their turn or for their next attempt. */
  readonly queued: number;
  /** Attempts under way, streams included. */
  readonly inFlight: number;
  /** Requests that ended, however. */
  readonly done: number;
  /** Attempts made. */
  readonly attempts: number;
  /** Attempts that repeated an earlier one. */
  readonly retries: number;
  /** Requests answered by the answer to an identical one that was under way. */
  readonly coalesced: number;
  /** Requests answered from the cache without asking the server. */
  readonly cacheHits: number;
  /** Requests that the cache had nothing for. */
  readonly cacheMisses: number;
  /** Requests answered from the cache after the server confirmed with 304. */
  readonly cacheRevalidated: number;
  /** Informative events lost because nobody drained. */
  readonly droppedEvents: number;
}
