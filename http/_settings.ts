// This module is browser compatible.

import {
  checkFinite,
  checkInteger,
  checkNotNegative,
  checkPositive,
  type Clock,
  type Random,
  SecureRandom,
  SystemClock,
} from "../core/mod.ts";
import type { FetchLike } from "./client_options.ts";
import { DurableQueue } from "./_durable_queue.ts";
import type { RetryOptions } from "./_retry.ts";
import type { CircuitBreakerOptions } from "./client_options.ts";
import { TargetResolver } from "./_target.ts";
import { checkToken, TokenSource } from "./_token_source.ts";
import { HttpCache } from "./cache/http_cache.ts";
import { MemoryCacheStore } from "./cache/memory_store.ts";
import type { HttpClientOptions } from "./client_options.ts";
import { HttpHeaders, invalidHeader } from "./headers.ts";

/** The options of a client, checked and with their defaults. */
export class Settings {
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
  readonly onWake: (() => void) | undefined;
  readonly targets: TargetResolver;
  readonly tokens: TokenSource | undefined;
  readonly cache: HttpCache | undefined;
  readonly durable: DurableQueue | undefined;
  readonly isAnswer: HttpClientOptions["isAnswer"];
  readonly circuitBreaker: Required<CircuitBreakerOptions> | false;
  readonly maxConcurrentPerOrigin: number;
  readonly maxPending: number;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly retries: number;
  readonly retry: RetryOptions;
  readonly maxBodyBytes: number;
  verbose: boolean;
  #maxConcurrent!: number;
  #defaultHeaders = new HttpHeaders();

  constructor(options: HttpClientOptions) {
    this.clock = options.clock ?? new SystemClock();
    this.random = options.random ?? new SecureRandom();
    // Called unbound, as browsers demand; looked up late, so that a game may replace it.
    this.fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.log = options.log ?? ((line) => console.debug(line));
    this.onWake = options.onWake;
    this.verbose = options.verbose ?? false;
    this.targets = new TargetResolver(options.baseUrl);
    this.tokens = options.bearerToken === undefined
      ? undefined
      : new TokenSource(options.bearerToken);
    if (typeof options.bearerToken === "string") {
      checkToken(options.bearerToken);
    }
    if (this.tokens !== undefined && this.targets.baseOrigin === undefined) {
      throw new TypeError(
        "Cannot use bearerToken without baseUrl as the token is for its origin alone",
      );
    }
    for (const [name, value] of new HttpHeaders(options.defaultHeaders)) {
      this.setDefaultHeader(name, value);
    }
    this.maxConcurrent = options.maxConcurrent ?? 6;
    this.maxConcurrentPerOrigin = options.maxConcurrentPerOrigin === undefined
      ? Infinity
      : checkInteger(
        "maxConcurrentPerOrigin",
        options.maxConcurrentPerOrigin,
        1,
        1_024,
      );
    this.maxPending = checkInteger(
      "maxPending",
      options.maxPending ?? 4_096,
      1,
      1_000_000,
    );
    this.timeoutMs = checkPositive("timeoutMs", options.timeoutMs ?? 30_000);
    this.deadlineMs = checkPositive(
      "deadlineMs",
      options.deadlineMs ?? Infinity,
    );
    this.retries = checkInteger("retries", options.retries ?? 2, 0, 100);
    const backoffMaxMs = checkFinite(
      "backoffMaxMs",
      options.backoffMaxMs ?? 60_000,
    );
    const backoffBaseMs = checkFinite(
      "backoffBaseMs",
      options.backoffBaseMs ?? Math.min(500, backoffMaxMs),
    );
    if (backoffBaseMs > backoffMaxMs) {
      throw new RangeError(
        `Cannot use backoffBaseMs as it must be <= backoffMaxMs (${backoffMaxMs}): current value is ${backoffBaseMs}`,
      );
    }
    this.retry = { backoffBaseMs, backoffMaxMs, random: this.random };
    this.maxBodyBytes = checkInteger(
      "maxBodyBytes",
      options.maxBodyBytes ?? 16_777_216,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    this.circuitBreaker = checkBreaker(options.circuitBreaker ?? {});
    const fallbackTtlMs = checkNotNegative(
      "cacheTtlMs",
      options.cacheTtlMs ?? 60_000,
    );
    this.cache = options.cache === false ? undefined : new HttpCache({
      store: options.cache ?? new MemoryCacheStore(),
      fallbackTtlMs,
    });
    this.isAnswer = options.isAnswer;
    this.durable = options.journal === undefined
      ? undefined
      : new DurableQueue(options.journal);
  }

  get maxConcurrent(): number {
    return this.#maxConcurrent;
  }
  set maxConcurrent(value: number) {
    this.#maxConcurrent = checkInteger("maxConcurrent", value, 1, 1_024);
  }

  get cacheTtlMs(): number {
    return this.cache?.fallbackTtlMs ?? 0;
  }
  set cacheTtlMs(value: number) {
    checkNotNegative("cacheTtlMs", value);
    if (this.cache !== undefined) this.cache.fallbackTtlMs = value;
  }

  /** Never changed, only replaced: jobs keep the object that was current when they were sent. */
  get defaultHeaders(): HttpHeaders {
    return this.#defaultHeaders;
  }

  setDefaultHeader(name: string, value: string): void {
    const problem = invalidHeader(name, value);
    if (problem !== undefined) throw new TypeError(problem);
    this.#defaultHeaders = new HttpHeaders(this.#defaultHeaders);
    this.#defaultHeaders.set(name, value);
  }
}

/** Fills in the defaults; an opening time beyond the default maximum is its own. */
function checkBreaker(
  options: CircuitBreakerOptions | false,
): Required<CircuitBreakerOptions> | false {
  if (options === false) return false;
  const { failureThreshold = 5, openMs = 5_000 } = options;
  checkInteger("failureThreshold", failureThreshold, 1, 1_000_000);
  checkFinite("openMs", openMs);
  const maxOpenMs = checkFinite(
    "maxOpenMs",
    options.maxOpenMs ?? Math.max(openMs, 60_000),
  );
  if (maxOpenMs < openMs) {
    throw new RangeError(
      `Cannot use maxOpenMs as it must be >= openMs (${openMs}): current value is ${maxOpenMs}`,
    );
  }
  return { failureThreshold, openMs, maxOpenMs };
}
