// This module is browser compatible.

import type { Clock, Journal, Random } from "../core/mod.ts";
import type { HttpCacheStore } from "./cache/store.ts";
import type { HttpHeadersInit } from "./headers.ts";
import type { HttpRequest } from "./request.ts";
import type { HttpResponse } from "./response.ts";

/** The part of `fetch` that the client uses. */
export type FetchLike = (input: string, init: RequestInit) => Promise<Response>;

/**
 * Gives the token of `Authorization: Bearer …`. A function is asked when the first request needs a token, and
 * again (with `refresh: true`) after the server answered 401.
 */
export type BearerToken =
  | string
  | ((info: { readonly refresh: boolean }) => string | Promise<string>);

/** When the circuit of an origin opens, and for how long. */
export interface CircuitBreakerOptions {
  /**
   * Failures in a row that open it, an integer of 1 or more: network errors, timeouts and statuses of 500 and above.
   *
   * @default {5}
   */
  readonly failureThreshold?: number;
  /**
   * Milliseconds until the first probe, above 0, jittered by ±50 %; doubled by each probe that fails.
   *
   * @default {5000}
   */
  readonly openMs?: number;
  /**
   * Longest time between probes in milliseconds, before the jitter: finite, `openMs` or more.
   *
   * @default {60000}
   */
  readonly maxOpenMs?: number;
}

/** How an {@linkcode HttpClient} behaves. Every option has a default that suits a game. */
export interface HttpClientOptions {
  /**
   * What relative request URLs are resolved against; the only origin that gets `bearerToken`.
   *
   * @default {undefined}
   */
  readonly baseUrl?: string;
  /**
   * Header fields of every request, to whatever origin.
   *
   * @default {{}}
   */
  readonly defaultHeaders?: HttpHeadersInit;
  /**
   * The token of `Authorization: Bearer …` for requests to the origin of `baseUrl` that bring no `Authorization` of
   * their own. A function is asked once, and again after a 401, which repeats the request once.
   *
   * @default {undefined}
   */
  readonly bearerToken?: BearerToken;
  /**
   * Attempts under way at a time, streams not counted: 1 to 1024.
   *
   * @default {6}
   */
  readonly maxConcurrent?: number;
  /**
   * Attempts under way at a time for one origin, streams not counted: 1 to 1024.
   *
   * @default {maxConcurrent}
   */
  readonly maxConcurrentPerOrigin?: number;
  /**
   * Requests that wait, are under way, or have results that nobody drained: 1 to 1000000. At this bound `send` refuses
   * with `queueFull`. A stream needs ten of the `maxPending` + 1024 slots for events, so streams alone reach it sooner.
   *
   * @default {4096}
   */
  readonly maxPending?: number;
  /**
   * Milliseconds of `tick` time for one attempt: above 0, or `Infinity`.
   *
   * @default {30000}
   */
  readonly timeoutMs?: number;
  /**
   * Milliseconds of `tick` time from `send` to the end whatever happens: above 0. Durable requests have only a deadline
   * of their own.
   *
   * @default {Infinity}
   */
  readonly deadlineMs?: number;
  /**
   * Attempts after the first one: 0 to 100.
   *
   * @default {2}
   */
  readonly retries?: number;
  /**
   * Longest wait before the first repetition in milliseconds, above 0; doubled by each one after it (exponential
   * backoff, full jitter).
   *
   * @default {500}
   */
  readonly backoffBaseMs?: number;
  /**
   * Longest wait before any repetition in milliseconds: finite, `backoffBaseMs` or more. A `Retry-After` is waited for
   * before that; one beyond it ends the request with what the server answered.
   *
   * @default {60000}
   */
  readonly backoffMaxMs?: number;
  /**
   * Largest response body in decoded bytes: an integer of 0 or more.
   *
   * @default {16777216}
   */
  readonly maxBodyBytes?: number;
  /**
   * The circuit breaker of each origin, or `false` for none.
   *
   * @default {{}}
   */
  readonly circuitBreaker?: CircuitBreakerOptions | false;
  /**
   * Where responses are kept, or `false` for no cache.
   *
   * @default {new MemoryCacheStore()}
   */
  readonly cache?: HttpCacheStore | false;
  /**
   * Milliseconds for which `CachePolicy.UseCache` reuses a response that says nothing about its freshness: 0 or more.
   *
   * @default {60000}
   */
  readonly cacheTtlMs?: number;
  /**
   * Where durable requests are kept over restarts; needed for `withDurability`. The client reads it when it is made and
   * does not close it. A journal is for one client at a time.
   *
   * @default {undefined}
   */
  readonly journal?: Journal;
  /**
   * Tells whether what came to a durable request is an answer of the server that was meant. If it returns `false` the request
   * is repeated, as after a lost connection: the page of a portal or of a proxy must not end what is to be kept. It is not
   * asked about what is repeated anyway.
   *
   * @default {() => true}
   */
  readonly isAnswer?: (request: HttpRequest, response: HttpResponse) => boolean;
  /**
   * Whether each attempt and its outcome are written by `log`. URLs are written without their query, and
   * no header field is.
   *
   * @default {false}
   */
  readonly verbose?: boolean;
  /**
   * Where `verbose` lines go.
   *
   * @default {console.debug}
   */
  readonly log?: (line: string) => void;
  /**
   * Called when something has arrived for the next `tick` to take in, once until that tick. A game ticks in every frame and
   * needs none; a tool without frames ticks when it is woken. Only note it here: do not call the client.
   *
   * @default {undefined}
   */
  readonly onWake?: () => void;
  /**
   * What makes the requests.
   *
   * @default {fetch}
   */
  readonly fetch?: FetchLike;
  /**
   * The time that is reported and that the cache goes by. Limits go by `tick`.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * What jitter and idempotency keys come from.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}
