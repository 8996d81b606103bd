// This module is browser compatible.

import type { Clock, Random } from "../core/mod.ts";
import { CircuitBreaker, type CircuitState } from "./_circuit_breaker.ts";
import { IndexedHeap } from "./_indexed_heap.ts";
import type { CircuitBreakerOptions } from "./client_options.ts";
import type { Job } from "./_job.ts";
import { RateLimiter } from "./rate_limiter.ts";
import { RetryBudget } from "./_retry_budget.ts";

/** What the client knows of an origin. */
export class OriginState {
  readonly origin: string;
  readonly breaker: CircuitBreaker | undefined;
  readonly budget = new RetryBudget();
  active = 0;
  /** Requests that the server still allows until `serverResetMs`. */
  serverRemaining = Infinity;
  serverResetMs = 0;
  readonly lanes: Lane[] = [];

  constructor(origin: string, breaker: CircuitBreaker | undefined) {
    this.origin = origin;
    this.breaker = breaker;
  }

  /** Milliseconds until the server allows a request. */
  serverWaitMs(nowMs: number): number {
    if (nowMs >= this.serverResetMs) {
      this.serverRemaining = Infinity;
      return 0;
    }
    return this.serverRemaining >= 1 ? 0 : this.serverResetMs - nowMs;
  }

  /** Whether a request would be held back or refused by what is known. */
  isHeld(nowMs: number): boolean {
    const { breaker } = this;
    return nowMs < this.serverResetMs ||
      (breaker?.state === "open" && nowMs < breaker.retryAtMs);
  }
}

/** Jobs that wait for the same origin and the same rate limit, so that what holds one holds all. */
export class Lane {
  readonly origin: OriginState;
  readonly limiter: RateLimiter | undefined;
  /** Durable requests wait for an open circuit, others fail: they must not stand in each other's way. */
  readonly isDurable: boolean;
  /** Streams take no slot, so they must not stand behind what waits for one. */
  readonly isStreaming: boolean;
  readonly queue: IndexedHeap<Job> = new IndexedHeap();

  constructor(
    origin: OriginState,
    limiter: RateLimiter | undefined,
    isDurable: boolean,
    isStreaming: boolean,
  ) {
    this.origin = origin;
    this.limiter = limiter;
    this.isDurable = isDurable;
    this.isStreaming = isStreaming;
  }
}

/** What the scheduler is told at its making. */
export interface SchedulerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly circuitBreaker: Required<CircuitBreakerOptions> | false;
  readonly maxConcurrentPerOrigin: number;
  readonly onRateLimited: (job: Job, delayMs: number) => void;
  readonly onCircuitOpen: (job: Job, retryInMs: number) => void;
  readonly onCircuitChanged: (origin: OriginState, state: CircuitState) => void;
}

interface PrefixLimit {
  readonly prefix: string;
  readonly limit: number;
  readonly windowSecs: number;
  readonly limiter: RateLimiter;
}

/** Origins above which those are forgotten of which nothing needs to be known. */
const MAX_IDLE_ORIGINS = 256;
/** Origins above which those without requests are forgotten, whatever is known of them: thousands of dead hosts. */
const MAX_ORIGINS = 1_024;

/**
 * Decides which job is next. Each origin and rate limit has a lane of its own, so that what is held
 * back in one never stands before what may go in another.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #origins = new Map<string, OriginState>();
  /** The lanes with jobs in them. */
  readonly #lanes: Lane[] = [];
  /** Longest prefix first. */
  readonly #limits: PrefixLimit[] = [];
  #queued = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Number of jobs that wait for their turn. */
  get queued(): number {
    return this.#queued;
  }

  origin(name: string): OriginState {
    let origin = this.#origins.get(name);
    if (origin === undefined) {
      if (this.#origins.size >= MAX_IDLE_ORIGINS) this.#forgetIdleOrigins();
      const { circuitBreaker, random } = this.#options;
      origin = new OriginState(
        name,
        circuitBreaker === false
          ? undefined
          : new CircuitBreaker({ ...circuitBreaker, random }),
      );
      this.#origins.set(name, origin);
    }
    return origin;
  }

  /** Sets the limit of a prefix. Another limit than before starts with all its tokens. */
  setRateLimit(prefix: string, limit: number, windowSecs: number): void {
    const index = this.#limits.findIndex((it) => it.prefix === prefix);
    const known = this.#limits[index];
    // A game may say this every frame: the bucket must not be full again each time.
    if (known?.limit === limit && known.windowSecs === windowSecs) return;
    const { clock } = this.#options;
    const limiter = new RateLimiter({ limit, windowSecs, clock });
    if (known !== undefined) this.#limits.splice(index, 1);
    this.#limits.push({ prefix, limit, windowSecs, limiter });
    this.#limits.sort((a, b) => b.prefix.length - a.prefix.length);
    const jobs: Job[] = [];
    for (const lane of this.#lanes) {
      for (let job = lane.queue.pop(); job; job = lane.queue.pop()) {
        jobs.push(job);
      }
    }
    this.#lanes.length = 0;
    for (const origin of this.#origins.values()) origin.lanes.length = 0;
    this.#queued = 0;
    for (const job of jobs) this.add(job);
  }

  add(job: Job): void {
    const lane = this.#lane(job);
    job.lane = lane;
    if (lane.queue.size === 0) this.#lanes.push(lane);
    lane.queue.push(job);
    this.#queued++;
  }

  remove(job: Job): void {
    const lane = job.lane;
    if (lane === undefined || !lane.queue.remove(job)) return;
    this.#leave(lane, job);
  }

  /** Moves a queued job to where its changed priority belongs. */
  reprioritise(job: Job, heapKey: number): void {
    const queue = job.lane?.queue;
    const wasQueued = queue?.remove(job) ?? false;
    job.heapKey = heapKey;
    if (wasQueued) queue!.push(job);
  }

  /** Takes the first job that may go now (without a free slot: the first stream); its rate limits are charged. */
  next(nowMs: number, hasSlot: boolean): Job | undefined {
    while (true) {
      let best: Lane | undefined;
      for (let i = 0; i < this.#lanes.length; i++) {
        const lane = this.#lanes[i]!;
        const first = lane.queue.peek()!;
        if (best !== undefined && !precedes(first, best.queue.peek()!)) {
          continue;
        }
        if ((hasSlot || lane.isStreaming) && this.#mayGo(lane, first, nowMs)) {
          best = lane;
        }
      }
      if (best === undefined) return undefined;
      const { origin, limiter } = best;
      const job = best.queue.pop()!;
      this.#leave(best, job);
      const { breaker } = origin;
      if (breaker !== undefined && !breaker.tryAcquire(nowMs)) {
        this.#options.onCircuitOpen(job, breaker.retryAtMs - nowMs);
        continue;
      }
      limiter?.tryConsume();
      origin.serverRemaining--;
      return job;
    }
  }

  #mayGo(lane: Lane, first: Job, nowMs: number): boolean {
    const { origin, limiter } = lane;
    const { breaker } = origin;
    if (breaker !== undefined && breaker.state !== "closed") {
      const changed = breaker.advance(nowMs);
      if (changed !== undefined) {
        this.#options.onCircuitChanged(origin, changed);
      }
      // Open: what must not be lost waits, the rest fails at once. Half open: the probe will
      // soon tell, so everything waits for it.
      if (breaker.state === "open") return !lane.isDurable;
      if (!breaker.isReady(nowMs)) return false;
    }
    if (
      !lane.isStreaming &&
      origin.active >= this.#options.maxConcurrentPerOrigin
    ) {
      return false;
    }
    let waitMs = origin.serverWaitMs(nowMs);
    if (limiter !== undefined) waitMs = Math.max(waitMs, limiter.waitTime());
    if (waitMs <= 0) return true;
    if (!first.wasRateLimitReported) {
      first.wasRateLimitReported = true;
      this.#options.onRateLimited(first, waitMs);
    }
    return false;
  }

  #leave(lane: Lane, job: Job): void {
    job.lane = undefined;
    this.#queued--;
    if (lane.queue.size > 0) return;
    this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }

  #lane(job: Job): Lane {
    const origin = this.origin(job.origin);
    const limiter = this.#limiter(job.url);
    const { isDurable } = job.request;
    const { isStreaming } = job;
    for (const lane of origin.lanes) {
      if (
        lane.limiter === limiter && lane.isDurable === isDurable &&
        lane.isStreaming === isStreaming
      ) {
        return lane;
      }
    }
    const lane = new Lane(origin, limiter, isDurable, isStreaming);
    origin.lanes.push(lane);
    return lane;
  }

  #limiter(url: string): RateLimiter | undefined {
    for (const limit of this.#limits) {
      if (hasPrefix(url, limit.prefix)) return limit.limiter;
    }
    return undefined;
  }

  /** Bounds what a game that talks to ever new origins would pile up. */
  #forgetIdleOrigins(): void {
    const nowMs = this.#options.clock.nowMs();
    const used = new Set(this.#lanes.map((lane) => lane.origin));
    const held: string[] = [];
    for (const [name, origin] of this.#origins) {
      if (origin.active > 0 || used.has(origin)) continue;
      if (origin.isHeld(nowMs)) held.push(name);
      else this.#origins.delete(name);
    }
    const excess = Math.max(0, this.#origins.size - MAX_ORIGINS + 1);
    for (const name of held.slice(0, excess)) this.#origins.delete(name);
  }
}

function precedes(a: Job, b: Job): boolean {
  return a.heapKey !== b.heapKey
    ? a.heapKey < b.heapKey
    : a.sequence < b.sequence;
}

/** Whether a prefix ends where a part of the URL ends: "/api" covers "/api/x" and not "/apix". */
function hasPrefix(url: string, prefix: string): boolean {
  if (!url.startsWith(prefix)) return false;
  if (url.length === prefix.length || prefix.endsWith("/")) return true;
  const next = url[prefix.length];
  return next === "/" || next === "?";
}
