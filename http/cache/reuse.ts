// This module is browser compatible.

import type { RequestDirectives } from "./cache_control.ts";
import {
  currentAgeMs,
  hasFallback,
  type StoredResponse,
} from "./stored_response.ts";

/**
 * How a request uses the cache.
 *
 * - `default`: RFC 9111 alone.
 * - `useCache`: the same, and a response that says nothing about its freshness is fresh for the cache's fallback.
 * - `revalidate`: always asks the server before reuse, as `fetch` does with "no-cache".
 * - `noCache`: does not read, but stores, as `fetch` does with "reload".
 * - `noStore`: neither reads nor stores. Responses to unsafe methods still invalidate.
 */
export type CacheMode =
  | "default"
  | "useCache"
  | "revalidate"
  | "noCache"
  | "noStore";

/** Whether a stored response may be reused without asking the server, and as what. */
export type Reuse = "fresh" | "stale" | "staleWhileRevalidate" | "no";

/**
 * Decides whether a stored response may be reused without asking the server (RFC 9111 section 4).
 *
 * @param stored The response.
 * @param request What the request asks for.
 * @param mode How the request uses the cache.
 * @param fallbackTtlMs The lifetime where neither the server nor a heuristic says anything, in mode `useCache`.
 * @param nowEpochMs The current time in milliseconds since the epoch.
 * @returns How it may be reused.
 */
export function decideReuse(
  stored: StoredResponse,
  request: Readonly<RequestDirectives>,
  mode: CacheMode,
  fallbackTtlMs: number,
  nowEpochMs: number,
): Reuse {
  const { directives } = stored;
  if (directives.noCache || request.noCache || mode === "noCache") return "no";
  const ageMs = currentAgeMs(stored, nowEpochMs);
  const staleMs = ageMs - lifetimeMs(stored, mode, fallbackTtlMs);
  const isFresh = staleMs < 0;
  // RFC 8246: asking whether it is current is what the server wants to be spared.
  if (mode === "revalidate" && !(isFresh && directives.immutable)) return "no";
  if (
    request.maxAgeSeconds !== undefined &&
    ageMs > request.maxAgeSeconds * 1_000
  ) return "no";
  if (
    request.minFreshSeconds !== undefined &&
    -staleMs < request.minFreshSeconds * 1_000
  ) return "no";
  if (isFresh) return "fresh";
  if (directives.mustRevalidate) return "no";
  if (
    request.maxStaleSeconds !== undefined &&
    staleMs <= request.maxStaleSeconds * 1_000
  ) return "stale";
  const { staleWhileRevalidateSeconds } = directives;
  if (
    staleWhileRevalidateSeconds !== undefined &&
    staleMs < staleWhileRevalidateSeconds * 1_000
  ) return "staleWhileRevalidate";
  return "no";
}

/** What a stored response is asked for when the server could not be asked. */
export type FailureReuse = "stale" | "forbidden" | "no";

/**
 * Decides whether a stored response may stand in when the server could not be asked or failed
 * (RFC 9111 sections 4.2.4 and 4.3.3, RFC 5861 section 4).
 *
 * @param stored The response.
 * @param request What the request asks for.
 * @param mode How the request uses the cache.
 * @param fallbackTtlMs As for {@linkcode decideReuse}.
 * @param isDisconnected Whether the server could not be reached, as opposed to having answered with an error.
 * @param nowEpochMs The current time in milliseconds since the epoch.
 * @returns `stale` if it may, `forbidden` if the server ruled it out, `no` otherwise.
 */
export function decideFailureReuse(
  stored: StoredResponse,
  request: Readonly<RequestDirectives>,
  mode: CacheMode,
  fallbackTtlMs: number,
  isDisconnected: boolean,
  nowEpochMs: number,
): FailureReuse {
  const { directives } = stored;
  const ageMs = currentAgeMs(stored, nowEpochMs);
  const staleMs = ageMs - lifetimeMs(stored, mode, fallbackTtlMs);
  if (directives.noCache || (staleMs >= 0 && directives.mustRevalidate)) {
    return "forbidden";
  }
  const staleIfErrorSeconds = Math.max(
    directives.staleIfErrorSeconds ?? -1,
    request.staleIfErrorSeconds ?? -1,
  );
  if (staleIfErrorSeconds >= 0) {
    return staleMs <= staleIfErrorSeconds * 1_000 ? "stale" : "no";
  }
  // The game asked for an answer of the server, or for one younger than what there is.
  if (
    !isDisconnected || mode === "revalidate" || mode === "noCache" ||
    request.noCache || request.minFreshSeconds !== undefined
  ) return "no";
  if (
    request.maxAgeSeconds !== undefined &&
    ageMs > request.maxAgeSeconds * 1_000
  ) return "no";
  if (
    request.maxStaleSeconds !== undefined &&
    staleMs > request.maxStaleSeconds * 1_000
  ) return "no";
  return "stale";
}

function lifetimeMs(
  stored: StoredResponse,
  mode: CacheMode,
  fallbackTtlMs: number,
): number {
  if (stored.lifetimeMs !== undefined) return stored.lifetimeMs;
  return mode === "useCache" &&
      hasFallback(stored.entry.status, stored.directives)
    ? fallbackTtlMs
    : 0;
}
