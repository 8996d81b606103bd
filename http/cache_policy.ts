// This module is browser compatible.

/**
 * How a request uses the client's cache. A request that names none follows RFC 9111
 * alone: without a word of the server about freshness, only a response with `Last-Modified`
 * is reused, for a tenth of the time since then and a day at most (section 4.2.2).
 */
export const CachePolicy = {
  /** Neither reads nor stores (`fetch`: "no-store"). */
  NoStore: "noStore",
  /**
   * RFC 9111, and a response that has neither freshness information nor `Last-Modified` is
   * reused for the client's `cacheTtlMs`, if its status is cacheable by default.
   */
  UseCache: "useCache",
  /** Asks the server before every reuse (`fetch`: "no-cache"). */
  Revalidate: "revalidate",
  /** Does not read, but stores what comes (`fetch`: "reload"). */
  NoCache: "noCache",
} as const;

/** A cache policy. */
export type CachePolicy = typeof CachePolicy[keyof typeof CachePolicy];
