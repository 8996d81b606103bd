// This module is browser compatible.

/**
 * A source of time. State machines never read the time themselves: they take a
 * `Clock`, so that a test can drive it.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes backwards. For latency. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. For freshness, expiry and stamps. */
  epochMs(): number;
}
