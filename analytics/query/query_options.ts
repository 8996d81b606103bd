// This module is browser compatible.

/** How a query runs. */
export interface AnalyticsQueryOptions {
  /**
   * Ends the query before its time: it rejects with the signal's reason, at the latest after the page that it is reading.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal;
}
