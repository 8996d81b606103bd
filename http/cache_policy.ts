// This module is browser compatible.

/**
 * How a request uses the client's cache. A request that names none follows RFC 9111
 * alone: what a server did not mark as reusable is not reused.
 */
export const CachePolicy = {
  /** Neither reads nor stores (`fetch`: "no-store"). */
  NoStore: "noStore",
  /**
   * RFC 9111, and a response that a server sent without any freshness information is
   * reused for the client's `cacheTtlMs` (the heuristic of section 4.2.2).
   */
  UseCache: "useCache",
  /** Asks the server before every reuse (`fetch`: "no-cache"). */
  Revalidate: "revalidate",
  /** Does not read, but stores what comes (`fetch`: "reload"). */
  NoCache: "noCache",
} as const;

/** A cache policy. */
export type CachePolicy = typeof CachePolicy[keyof typeof CachePolicy];
