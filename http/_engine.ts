// This module is browser compatible.

import type { Clock } from "../core/mod.ts";
import {
  Attempt,
  type AttemptContext,
  type AttemptNews,
  MAX_UNDRAINED_CHUNKS,
} from "./_attempt.ts";
import { BodyTooLargeError } from "./_body_reader.ts";
import { Coalescer } from "./_coalescer.ts";
import { isStorableBody, type RestoredRequest } from "./_durable_queue.ts";
import { Inbox, type News } from "./_inbox.ts";
import { EventOutbox } from "./_event_outbox.ts";
import { OrderGate } from "./_order_gate.ts";
import { failureEvent, shownUrl, textOf } from "./_failure.ts";
import { makeIdempotencyKey } from "./_idempotency_key.ts";
import { Job } from "./_job.ts";
import { JobTimers } from "./_job_timers.ts";
import { invalidRequest } from "./_request_check.ts";
import { isRetryableStatus, retryDelayMs } from "./_retry.ts";
import type { Settings } from "./_settings.ts";
import { prepareBody } from "./_request_body.ts";
import { isBrowser } from "./_runtime.ts";
import { type OriginState, Scheduler } from "./_scheduler.ts";
import type {
  CacheableRequest,
  CachedResponse,
  CacheForward,
  CacheLookup,
  CacheMode,
  CacheResult,
  HttpCache,
} from "./cache/http_cache.ts";
import type { CircuitState } from "./_circuit_breaker.ts";
import type { HttpError, HttpTerminalEvent, RequestId } from "./event.ts";
import { classifyFetchError } from "./_fetch_error.ts";
import { HttpHeaders } from "./headers.ts";
import { isSafe, Method } from "./method.ts";
import type { HttpRequest } from "./request.ts";
import { HttpResponse, type HttpTimings } from "./response.ts";
import { parseRetryAfter } from "./_retry_after.ts";
import { parseServerRateLimit } from "./_server_rate_limit.ts";
import type { HttpClientStats } from "./client_stats.ts";

const MAX_TICK_SECS = 3_600;
const MAX_LINES = 1_000;
const MAX_BACKGROUND_JOBS = 64;

/**
 * The state machine behind `HttpClient`: moves jobs from `send` to their terminal event. IO is done by attempts, cache
 * stores and journals alone; what comes back from them waits as news for the next tick.
 */
export class Engine {
  readonly events: EventOutbox;
  isOnline = true;

  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #cache: HttpCache | undefined;
  readonly #scheduler: Scheduler;
  readonly #context: AttemptContext;

  readonly #jobs = new Map<RequestId, Job>();
  /** Revalidations behind the game's back, by method and URL. */
  readonly #background = new Map<string, Job>();
  readonly #timers = new JobTimers();
  readonly #admitted: Job[] = [];
  readonly #inbox: Inbox;
  readonly #streaming = new Set<Attempt>();
  readonly #coalescer = new Coalescer();
  readonly #gate = new OrderGate();
  /** Requests that wait for their order. */
  readonly #held = new Set<Job>();
  #restored: RestoredRequest[] = [];
  /** Whether there may be requests of an earlier run that are not accepted yet. */
  #isRestoring: boolean;
  #hasRestored = false;

  #nowMs = 0;
  #nextId = 1;
  #nextSequence = 1;
  #active = 0;
  #inFlight = 0;
  #isClosed = false;
  #isTicking = false;
  #lines: string[] = [];
  #backgroundInFlight = 0;
  #done = 0;
  #attempts = 0;
  #retried = 0;
  #coalesced = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { clock, random, durable } = settings;
    this.#clock = clock;
    this.#cache = settings.cache;
    this.#inbox = new Inbox(settings.onWake);
    this.events = new EventOutbox(
      settings.maxPending,
      clock,
      (id) => this.#onChunkDrained(id),
    );
    this.#scheduler = new Scheduler({
      // Rate limits go by the time of the ticks.
      clock: { nowMs: () => this.#nowMs, epochMs: () => clock.epochMs() },
      random,
      circuitBreaker: settings.circuitBreaker,
      maxConcurrentPerOrigin: settings.maxConcurrentPerOrigin,
      onRateLimited: (job, delayMs) => this.#onRateLimited(job, delayMs),
      onCircuitOpen: (job, retryInMs) =>
        this.#failOrServeStale(job, { type: "circuitOpen", retryInMs }),
      onCircuitChanged: (origin, state) =>
        this.#onCircuitChanged(origin, state),
    });
    this.#context = {
      fetch: settings.fetch,
      clock,
      tokens: settings.tokens,
      isBrowser: isBrowser(),
      news: this.#inbox,
    };
    this.#isRestoring = durable !== undefined;
    durable?.restore().then(
      (requests) => this.#inbox.push({ type: "restored", requests }),
      (error) => {
        this.#note(`journal could not be read: ${textOf(error)}`);
        this.#inbox.push({ type: "restored", requests: [] });
      },
    );
  }

  /** Requests without a terminal event so far. */
  get pendingCount(): number {
    return this.#jobs.size;
  }

  get stats(): HttpClientStats {
    const cache = this.#cache?.counters;
    return {
      queued: this.#jobs.size - this.#inFlight + this.#backgroundInFlight,
      inFlight: this.#inFlight,
      done: this.#done,
      attempts: this.#attempts,
      retries: this.#retried,
      coalesced: this.#coalesced,
      cacheHits: cache?.hits ?? 0,
      cacheMisses: cache?.misses ?? 0,
      cacheRevalidated: cache?.revalidated ?? 0,
      droppedEvents: this.events.dropped,
    };
  }

  setRateLimit(baseUrl: string, limit: number, windowSecs: number): void {
    const target = this.#settings.targets.resolve(baseUrl);
    if (typeof target === "string") {
      throw new TypeError(
        `Cannot set rate limit as baseUrl must be an http(s) URL: current value is "${baseUrl}"`,
      );
    }
    // "https://example.com" is meant as the whole origin, and resolves to "https://example.com/".
    this.#scheduler.setRateLimit(target.url, limit, windowSecs);
  }

  send(request: HttpRequest): RequestId {
    if (request.isDurable) this.#checkDurable(request);
    const id = this.#nextId++ as RequestId;
    const slots = slotsFor(request);
    if (!this.events.admit(slots)) {
      this.events.refuse(id);
      this.#done++;
      return id;
    }
    const job = new Job(id, request, this.#nextSequence++);
    job.reservedSlots = slots;
    this.#accept(job);
    return id;
  }

  cancel(id: RequestId): boolean {
    const job = this.#jobs.get(id);
    if (job === undefined) return false;
    this.#cancel(job, true);
    return true;
  }

  cancelByTag(tag: string): number {
    let count = 0;
    for (const job of this.#jobs.values()) {
      if (job.request.tag !== tag) continue;
      this.#cancel(job, true);
      count++;
    }
    return count;
  }

  cancelAll(): number {
    const count = this.#jobs.size;
    for (const job of this.#jobs.values()) this.#cancel(job, true);
    return count;
  }

  tick(dt: number): void {
    if (!(dt >= 0)) {
      throw new RangeError(
        `Cannot tick as dt must be 0 or more seconds: current value is ${dt}`,
      );
    }
    // A game's own fetch or token provider may call the client, also this.
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      this.#nowMs += Math.min(dt, MAX_TICK_SECS) * 1_000;
      this.#advance();
    } finally {
      this.#isTicking = false;
    }
    if (this.#lines.length > 0) this.#writeLines();
  }

  #advance(): void {
    // What arrived comes before the timers: after a long pause an answer that is there is not a timeout.
    if (!this.#inbox.isEmpty) this.#inbox.takeAll(this.#take);
    for (
      let job = this.#timers.takeDue(this.#nowMs);
      job !== undefined;
      job = this.#timers.takeDue(this.#nowMs)
    ) {
      this.#onDue(job);
    }
    if (this.#streaming.size > 0) this.#resumeStreams();
    if (this.#restored.length > 0) this.#acceptRestored();
    if (this.#isRestoring) this.#checkRestoring();
    if (this.#admitted.length > 0) this.#admitAll();
    if (this.#scheduler.queued > 0 && this.isOnline) this.#dispatch();
  }

  clearCache(): void {
    this.#watch(() => this.#cache?.clear());
  }

  evictStaleCache(): void {
    this.#watch(() => this.#cache?.evictStale(this.#clock.epochMs()));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const job of this.#jobs.values()) this.#cancel(job, false);
    for (const job of this.#background.values()) this.#finish(job, undefined);
  }

  #checkDurable(request: HttpRequest): void {
    if (this.#settings.durable === undefined) {
      throw new TypeError(
        "Cannot send durable request as the client has no journal",
      );
    }
    if (!isStorableBody(request.body) || request.idleTimeoutMs !== undefined) {
      throw new TypeError(
        "Cannot send durable request as its body must be text or bytes and its response not streamed",
      );
    }
  }

  #accept(job: Job): void {
    const { request } = job;
    this.#jobs.set(job.id, job);
    job.sentAtMs = this.#clock.nowMs();
    if (request.orderKeys.length > 0) this.#gate.add(job);
    if (this.#isClosed) {
      this.#cancel(job, false);
      return;
    }
    const target = this.#settings.targets.resolve(request.url);
    const problem = typeof target === "string"
      ? target
      : invalidRequest(request);
    if (typeof target === "string" || problem !== undefined) {
      this.#fail(job, { type: "invalidRequest" }, undefined, problem);
      return;
    }
    job.url = target.url;
    job.origin = target.origin;
    job.headers = mergeHeaders(this.#settings.defaultHeaders, request.headers);
    job.timeoutMs = request.timeoutMs ?? this.#settings.timeoutMs;
    job.retries = request.retries ?? this.#settings.retries;
    job.maxBodyBytes = request.maxBodyBytes ?? this.#settings.maxBodyBytes;
    // The client's own deadline is not for what must not be lost.
    job.deadlineAtMs = this.#nowMs +
      (request.deadlineMs ??
        (request.isDurable ? Infinity : this.#settings.deadlineMs));
    const { signal } = request;
    if (signal !== undefined) {
      if (signal.aborted) {
        this.#cancel(job, true);
        return;
      }
      job.onAbort = () => this.#cancel(job, true);
      signal.addEventListener("abort", job.onAbort);
    }
    const ownKey = request.headers.get("idempotency-key");
    if (
      request.idempotencyKey !== undefined || request.isDurable ||
      ownKey !== undefined
    ) {
      job.idempotencyKey = request.idempotencyKey || ownKey ||
        makeIdempotencyKey();
    }
    job.usesToken = this.#settings.tokens !== undefined &&
      job.origin === this.#settings.targets.baseOrigin &&
      !job.headers.has("authorization");
    try {
      if (request.body !== undefined) job.body = prepareBody(request.body);
    } catch (error) {
      // A buffer that was transferred away, say.
      const problem = error instanceof Error ? error.message : undefined;
      this.#fail(job, { type: "invalidRequest" }, error, problem);
      return;
    }
    this.#timers.schedule(job, Infinity);
    if (request.isDurable && job.journalId === 0) this.#store(job);
    else this.#admitted.push(job);
  }

  #store(job: Job): void {
    job.phase = "storing";
    this.#timers.schedule(job, this.#nowMs + job.timeoutMs);
    this.#settings.durable!.append(job.request, job.idempotencyKey!).then(
      (journalId) => this.#inbox.push({ type: "stored", job, journalId }),
      (error) => this.#inbox.push({ type: "storeFailed", job, error }),
    );
  }

  #acceptRestored(): void {
    const restored = this.#restored;
    while (restored.length > 0) {
      const { journalId, request } = restored[0]!;
      const slots = slotsFor(request);
      if (!this.events.admit(slots)) return;
      restored.shift();
      const job = new Job(
        this.#nextId++ as RequestId,
        request,
        this.#nextSequence++,
      );
      job.reservedSlots = slots;
      job.journalId = journalId;
      job.isRestored = true;
      this.events.push(job, {
        type: "restored",
        id: job.id,
        tag: request.tag,
        url: request.url,
        idempotencyKey: request.idempotencyKey!,
        request,
      });
      this.#accept(job);
    }
  }

  #checkRestoring(): void {
    if (
      // A journal that never answers must not keep requests for ever.
      !this.#hasRestored && this.#nowMs < this.#settings.timeoutMs ||
      this.#restored.length > 0
    ) {
      return;
    }
    this.#isRestoring = false;
    for (const job of this.#held) this.#letGo(job);
  }

  readonly #take = (news: News): void => {
    switch (news.type) {
      case "answered":
        if (this.#isCurrent(news.attempt)) this.#onAnswered(news);
        break;
      case "failed":
        if (this.#isCurrent(news.attempt)) this.#onAttemptFailed(news);
        break;
      case "started":
        if (this.#isCurrent(news.attempt)) this.#onStarted(news);
        break;
      case "chunk":
        if (this.#isCurrent(news.attempt)) this.#onChunk(news);
        break;
      case "progress":
        if (this.#isCurrent(news.attempt)) this.#onProgress(news.attempt);
        break;
      case "lookup":
        if (news.job.phase === "lookup") {
          this.#onLookup(news.job, news.lookup);
        }
        break;
      case "settled":
        if (news.job.phase !== "settling") break;
        if (news.result === undefined) {
          this.#deliverUnsettled(news.job, news.job.unsettled!, news.attempt);
        } else this.#deliver(news.job, news.result, news.attempt);
        break;
      case "stored":
        this.#onStored(news.job, news.journalId);
        break;
      case "storeFailed":
        this.#fail(news.job, { type: "journalFailed" }, news.error);
        break;
      case "restored":
        this.#restored = news.requests;
        this.#hasRestored = true;
        break;
    }
  };

  #isCurrent(attempt: Attempt): boolean {
    return attempt.job.attempt === attempt;
  }

  #onStored(job: Job, journalId: number): void {
    job.journalId = journalId;
    if (job.phase !== "storing") {
      // Cancelled meanwhile; a closed client leaves it for the next run.
      if (!this.#isClosed) this.#forgetStored(job);
      return;
    }
    this.events.push(job, {
      type: "stored",
      id: job.id,
      tag: job.request.tag,
    });
    job.phase = "admitted";
    this.#admitted.push(job);
  }

  #onDue(job: Job): void {
    if (this.#nowMs >= job.deadlineAtMs) {
      this.#timeOut(job, "deadline");
      return;
    }
    switch (job.phase) {
      case "waiting":
        this.#enqueue(job);
        break;
      case "active":
        this.#onAttemptTimeout(job);
        break;
      // A store or a journal that never answers must not keep a request for ever.
      case "lookup":
        this.#onLookup(job, undefined);
        break;
      case "settling":
        this.#deliverUnsettled(job, job.unsettled!, job.settlingAttempt!);
        break;
      case "storing":
        this.#fail(job, { type: "journalFailed" });
        break;
    }
  }

  #admitAll(): void {
    const jobs = this.#admitted;
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      if (job.phase !== "admitted") continue;
      if (this.#isHeldBack(job)) {
        job.phase = "held";
        this.#timers.schedule(job, Infinity);
        this.#held.add(job);
      } else this.#admit(job);
    }
    jobs.length = 0;
  }

  #isHeldBack(job: Job): boolean {
    return job.request.orderKeys.length > 0 &&
      (!this.#gate.isFirst(job) || (this.#isRestoring && !job.isRestored));
  }

  /** Has a request that was held back look again whether it may go. */
  #letGo(job: Job): void {
    if (!this.#held.delete(job)) return;
    job.phase = "admitted";
    this.#admitted.push(job);
  }

  #admit(job: Job): void {
    const cache = this.#cache;
    if (cache === undefined || !usesCache(job)) {
      this.#enqueue(job);
      return;
    }
    const token = job.usesToken ? this.#settings.tokens!.known : undefined;
    if (job.usesToken && token === undefined) {
      // What is stored may belong to another player: who asks is not known before there is a token.
      this.#enqueue(job);
      return;
    }
    let lookup: CacheLookup | Promise<CacheLookup> | undefined;
    try {
      lookup = cache.lookup(
        cacheRequest(job, token),
        cacheMode(job),
        this.#clock.epochMs(),
      );
    } catch (error) {
      this.#note(`cache could not be read: ${textOf(error)}`);
    }
    if (!(lookup instanceof Promise)) {
      this.#onLookup(job, lookup);
      return;
    }
    job.phase = "lookup";
    this.#timers.schedule(job, this.#nowMs + job.timeoutMs);
    lookup.then(
      (lookup) => this.#inbox.push({ type: "lookup", job, lookup }),
      (error) => {
        this.#note(`cache could not be read: ${textOf(error)}`);
        this.#inbox.push({ type: "lookup", job, lookup: undefined });
      },
    );
  }

  #onLookup(job: Job, lookup: CacheLookup | undefined): void {
    job.lookup = lookup;
    switch (lookup?.type) {
      case "fresh":
      case "stale":
        if (lookup.revalidate !== undefined) {
          this.#revalidate(job, lookup.revalidate);
        }
        this.#answer(job, lookup.response, true, undefined);
        return;
      case "unsatisfiable":
        this.#answer(
          job,
          {
            status: 504,
            statusText: "Gateway Timeout",
            headers: new HttpHeaders(),
            body: new Uint8Array(0),
          },
          true,
          undefined,
        );
        return;
    }
    if (!this.isOnline) {
      const stale = this.#staleAnswer(job, "disconnected");
      if (stale !== undefined && stale.response.status < 500) {
        this.#deliver(job, stale, undefined);
        return;
      }
    }
    const leader = this.#coalescer.join(job);
    if (leader === undefined) {
      this.#enqueue(job);
      return;
    }
    job.phase = "following";
    this.#timers.schedule(job, Infinity);
    // What waits for the leader must not wait longer than its own priority says.
    if (job.heapKey < leader.heapKey) {
      this.#scheduler.reprioritise(leader, job.heapKey);
    }
  }

  /** Asks the server behind the game's back, as stale-while-revalidate wants it. */
  #revalidate(job: Job, forward: CacheForward): void {
    const key = `${job.request.method} ${job.url}`;
    if (
      this.#background.has(key) || this.#background.size >= MAX_BACKGROUND_JOBS
    ) return;
    const background = new Job(
      0 as RequestId,
      job.request,
      this.#nextSequence++,
    );
    background.url = job.url;
    background.origin = job.origin;
    background.headers = job.headers;
    background.usesToken = job.usesToken;
    background.timeoutMs = job.timeoutMs;
    background.retries = job.retries;
    background.maxBodyBytes = job.maxBodyBytes;
    background.lookup = forward;
    // The same request is under way already.
    if (this.#coalescer.join(background) !== undefined) {
      this.#coalescer.leave(background);
      return;
    }
    background.backgroundKey = key;
    this.#background.set(key, background);
    this.#enqueue(background);
  }

  #enqueue(job: Job): void {
    job.phase = "queued";
    this.#timers.schedule(job, Infinity);
    this.#scheduler.add(job);
  }

  #dispatch(): void {
    const clockMs = this.#clock.nowMs();
    while (true) {
      const job = this.#scheduler.next(
        this.#nowMs,
        this.#active < this.#settings.maxConcurrent,
      );
      if (job === undefined) return;
      this.#start(job, clockMs);
    }
  }

  #start(job: Job, clockMs: number): void {
    const origin = this.#scheduler.origin(job.origin);
    const { breaker } = origin;
    if (job.request.expiresMs <= this.#clock.epochMs()) {
      breaker?.onCancel(breaker.generation);
      this.#fail(job, { type: "expired" });
      return;
    }
    if (job.attempts === 0) {
      origin.budget.deposit();
      job.firstAttemptAtMs = clockMs;
    } else this.#retried++;
    job.attempts++;
    this.#attempts++;
    this.#inFlight++;
    if (job.isBackground) this.#backgroundInFlight++;
    if (!job.isStreaming) {
      this.#active++;
      origin.active++;
    }
    job.phase = "active";
    const attempt = new Attempt(job, origin, clockMs, this.#context);
    job.attempt = attempt;
    this.#timers.schedule(job, this.#nowMs + job.timeoutMs);
    const headers: Record<string, string> = {};
    for (const [name, value] of job.outgoing) {
      headers[name] = value;
    }
    if (job.idempotencyKey !== undefined) {
      headers["idempotency-key"] = job.idempotencyKey;
    }
    if (this.#settings.verbose) this.#noteJob(job, `attempt ${job.attempts}`);
    attempt.run(headers);
  }

  /** Frees the slot of the attempt under way. */
  #endAttempt(job: Job): void {
    const { attempt } = job;
    if (attempt === undefined) return;
    job.attempt = undefined;
    this.#inFlight--;
    if (job.isBackground) this.#backgroundInFlight--;
    if (job.isStreaming) this.#streaming.delete(attempt);
    else {
      this.#active--;
      attempt.origin.active--;
    }
  }

  #onAnswered(news: AttemptNews & { type: "answered" }): void {
    const { attempt, response, headers } = news;
    const { job } = attempt;
    const { origin } = attempt;
    const { status } = response;
    this.#endAttempt(job);
    if (status > 0 && status < 200) {
      // An interim response as the last one (0 is a redirect that a browser hides).
      const error = new Error(
        `Cannot use response as its status must be 200 or above: current status is ${status}`,
      );
      this.#onAttemptFailed({ type: "failed", attempt, error, stage: "body" });
      return;
    }
    if (this.#settings.verbose) this.#noteJob(job, `status ${status}`);
    this.#breakerHears(attempt, status < 500);
    const retryAfterMs = this.#heedLimits(origin, status, headers);
    if (status === 401 && this.#retryWithNewToken(job, attempt)) return;
    if (
      isRetryableStatus(status, job.request.isDurable) &&
      this.#retry(job, { type: "serverError", status }, retryAfterMs)
    ) {
      return;
    }
    if (
      job.request.isDurable && !this.#isAnswer(job, news) &&
      this.#retry(job, { type: "readError" }, retryAfterMs)
    ) {
      return;
    }
    this.#settle(job, news);
  }

  /** Whether the game takes it for an answer to a durable request. */
  #isAnswer(job: Job, news: AttemptNews & { type: "answered" }): boolean {
    const { isAnswer } = this.#settings;
    if (isAnswer === undefined) return true;
    const { response, headers, body } = news;
    try {
      return isAnswer(
        job.request,
        new HttpResponse({
          status: response.status,
          statusText: response.statusText,
          url: news.attempt.responseUrl || job.url,
          headers,
          body,
          isBodyShared: true,
          attempts: job.attempts,
        }),
      );
    } catch (error) {
      this.#note(`isAnswer failed: ${textOf(error)}`);
      return true;
    }
  }

  /** Takes in what the server says about its limits. Returns its `Retry-After` in milliseconds, if there is one. */
  #heedLimits(
    origin: OriginState,
    status: number,
    headers: HttpHeaders,
  ): number | undefined {
    const epochMs = this.#clock.epochMs();
    const limit = parseServerRateLimit(headers, epochMs);
    if (limit !== undefined) {
      origin.serverRemaining = Math.max(0, limit.remaining - origin.active);
      origin.serverResetMs = this.#nowMs + limit.resetMs;
    }
    const text = headers.get("retry-after");
    if (text === undefined) return undefined;
    const retryAfterMs = parseRetryAfter(text, epochMs);
    if (status === 429 && retryAfterMs !== undefined) {
      origin.serverRemaining = 0;
      origin.serverResetMs = Math.max(
        origin.serverResetMs,
        this.#nowMs + Math.min(retryAfterMs, this.#settings.retry.backoffMaxMs),
      );
    }
    return retryAfterMs;
  }

  #retryWithNewToken(job: Job, attempt: Attempt): boolean {
    if (
      attempt.token === undefined || job.hasRetriedToken ||
      job.body instanceof ReadableStream ||
      !this.#settings.tokens!.refuse(attempt.token)
    ) {
      return false;
    }
    job.hasRetriedToken = true;
    job.freeAttempts++;
    this.#enqueue(job);
    return true;
  }

  #breakerHears(attempt: Attempt, isSuccess: boolean): void {
    const { breaker } = attempt.origin;
    if (breaker === undefined) return;
    const changed = isSuccess
      ? breaker.onSuccess(attempt.ticket)
      : breaker.onFailure(attempt.ticket, this.#nowMs);
    if (changed !== undefined) this.#onCircuitChanged(attempt.origin, changed);
  }

  #onAttemptFailed(news: AttemptNews & { type: "failed" }): void {
    const { attempt, error, stage } = news;
    const { job } = attempt;
    this.#endAttempt(job);
    if (stage === "token") {
      this.#breakerForgets(attempt);
      const reason: HttpError = { type: "tokenUnavailable" };
      // A durable request waits until there is one: signed out is not answered.
      if (!job.request.isDurable || !this.#retry(job, reason, undefined)) {
        this.#fail(job, reason, error);
      }
      return;
    }
    if (error instanceof BodyTooLargeError) {
      const { status } = attempt;
      this.#breakerHears(attempt, status < 500);
      if (
        !isRetryableStatus(status, job.request.isDurable) ||
        !this.#retry(job, { type: "serverError", status }, undefined)
      ) {
        this.#fail(job, {
          type: "bodyTooLarge",
          maxBodyBytes: job.maxBodyBytes,
        });
      }
      return;
    }
    const reason: HttpError = stage === "body"
      ? { type: "readError" }
      : classifyFetchError(error);
    if (this.#settings.verbose) this.#noteJob(job, reason.type);
    if (
      reason.type === "invalidRequest" || reason.type === "tooManyRedirects"
    ) {
      this.#breakerForgets(attempt);
      // A portal that redirects everything must not eat what is to be kept.
      if (job.request.isDurable && this.#retry(job, reason, undefined)) return;
    } else {
      this.#breakerHears(attempt, false);
      if (this.#retry(job, reason, undefined)) return;
    }
    this.#failOrServeStale(job, reason, error);
  }

  #onAttemptTimeout(job: Job): void {
    const attempt = job.attempt!;
    if (attempt.isPaused) {
      // The game does not drain: the server is not to blame.
      this.#timers.schedule(job, Infinity);
      return;
    }
    this.#endAttempt(job);
    if (attempt.stage === "token") {
      this.#settings.tokens!.abandon();
      this.#breakerForgets(attempt);
    } else this.#breakerHears(attempt, false);
    if (this.#settings.verbose) this.#noteJob(job, "timeout");
    if (job.hasStarted) this.#timeOut(job, "idle");
    else if (!this.#retry(job, { type: "timeout" }, undefined)) {
      const stale = this.#staleAnswer(job, "disconnected");
      if (stale !== undefined) this.#deliver(job, stale, undefined);
      else this.#timeOut(job, "attempt");
    }
    // Last, for a listener of the signal may call the client.
    attempt.abort();
  }

  #breakerForgets(attempt: Attempt): void {
    attempt.origin.breaker?.onCancel(attempt.ticket);
  }

  /** Schedules another attempt, if one is allowed. */
  #retry(
    job: Job,
    reason: HttpError | { readonly type: "timeout" },
    retryAfterMs: number | undefined,
  ): boolean {
    const { budget } = this.#scheduler.origin(job.origin);
    const delayMs = retryDelayMs(
      job,
      this.#nowMs,
      retryAfterMs,
      budget,
      this.#settings.retry,
    );
    if (delayMs === undefined) return false;
    job.phase = "waiting";
    this.#timers.schedule(job, this.#nowMs + delayMs);
    this.events.inform({
      type: "retrying",
      id: job.id,
      tag: job.request.tag,
      attempt: job.attempts + 1,
      delayMs,
      reason,
    });
    return true;
  }

  /** The last word of the server: through the cache to the game. */
  #settle(job: Job, news: AttemptNews & { type: "answered" }): void {
    const { attempt, response, headers, body } = news;
    const { status } = response;
    const epochMs = this.#clock.epochMs();
    const answer: CachedResponse = {
      status,
      statusText: response.statusText,
      headers,
      body,
    };
    const passed: CacheResult = {
      response: answer,
      outcome: "network",
      isReusable: false,
    };
    const cache = this.#cache;
    // After a redirect it is not known which of the URLs the response may be stored for.
    const isUncacheable = job.isStreaming ||
      (isSafe(job.request.method) &&
        (response.redirected || job.request.redirect !== "follow"));
    if (cache === undefined || isUncacheable) {
      this.#deliverUnsettled(job, passed, attempt);
      return;
    }
    if (status >= 500) {
      const stale = this.#staleAnswer(job, "serverError");
      if (stale !== undefined) {
        this.#deliver(job, stale, attempt);
        return;
      }
    }
    const clockMs = this.#clock.nowMs();
    let result: CacheResult | Promise<CacheResult>;
    try {
      result = cache.handleResponse(
        cacheRequest(job, attempt.token),
        // The answer behind a redirect must not be stored for what was asked, only invalidate it.
        response.redirected ? "noStore" : cacheMode(job),
        job.lookup,
        answer,
        epochMs - (clockMs - attempt.startedAtMs),
        epochMs - (clockMs - attempt.endedAtMs),
      );
    } catch (error) {
      this.#note(`cache could not be written: ${textOf(error)}`);
      this.#deliverUnsettled(job, passed, attempt);
      return;
    }
    if (!(result instanceof Promise)) {
      this.#deliver(job, result, attempt);
      return;
    }
    job.phase = "settling";
    job.unsettled = passed;
    job.settlingAttempt = attempt;
    this.#timers.schedule(job, this.#nowMs + job.timeoutMs);
    result.then(
      (result) => this.#inbox.push({ type: "settled", job, attempt, result }),
      (error) => {
        this.#note(`cache could not be written: ${textOf(error)}`);
        this.#inbox.push({
          type: "settled",
          job,
          attempt,
          result: undefined,
        });
      },
    );
  }

  /** Ends a request with an answer that the cache did not see. */
  #deliverUnsettled(job: Job, passed: CacheResult, attempt: Attempt): void {
    if (
      passed.response.status === 304 && job.lookup?.type === "validate" &&
      job.resends < 2 && !job.isBackground
    ) {
      // The game did not ask for a condition: it gets the whole.
      this.#resend(job, true);
      return;
    }
    this.#deliver(job, passed, attempt);
  }

  /** Ends a request, and those that wait for the same answer if it may serve them. */
  #deliver(
    job: Job,
    result: CacheResult,
    attempt: Attempt | undefined,
  ): void {
    const { response, outcome, isReusable } = result;
    if (outcome === "resend" && job.resends < 2 && !job.isBackground) {
      this.#resend(job, false);
      return;
    }
    const followers = this.#coalescer.leave(job);
    this.#answer(job, response, outcome === "revalidated", attempt);
    for (const follower of followers) {
      // What the server could not do for the leader it would not do for the others now.
      if (isReusable || response.status >= 500) {
        this.#coalesced++;
        const headers = new HttpHeaders(response.headers);
        this.#answer(follower, { ...response, headers }, true, attempt);
      } else this.#enqueue(follower);
    }
  }

  /** Sends a request again, without the conditions that the server took wrong. */
  #resend(job: Job, isUncacheable: boolean): void {
    job.resends++;
    job.freeAttempts++;
    job.lookup = undefined;
    for (const follower of this.#coalescer.leave(job)) {
      // They lead or follow anew once the answer may be in the cache.
      follower.phase = "admitted";
      this.#admitted.push(follower);
    }
    // The second time without asking the cache: it might ask for conditions again.
    if (isUncacheable || job.resends > 1) this.#enqueue(job);
    else this.#admit(job);
  }

  /** Ends a request with an answer. */
  #answer(
    job: Job,
    answer: CachedResponse,
    fromCache: boolean,
    attempt: Attempt | undefined,
  ): void {
    if (job.isBackground) {
      this.#finish(job, undefined);
      return;
    }
    const response = new HttpResponse({
      status: answer.status,
      statusText: answer.statusText,
      url: attempt?.responseUrl || job.url,
      headers: answer.headers,
      body: answer.body,
      isBodyShared: this.#cache !== undefined && isSafe(job.request.method),
      fromCache,
      attempts: job.attempts,
      timings: this.#timings(job, attempt),
    });
    const { status } = response;
    if (status < 500) {
      this.#finish(job, {
        type: "success",
        id: job.id,
        tag: job.request.tag,
        response,
      });
      return;
    }
    this.#finish(
      job,
      failureEvent(job, { type: "serverError", status }, { response }),
    );
  }

  #timings(job: Job, attempt: Attempt | undefined): HttpTimings {
    if (attempt === undefined || job.attempts === 0) {
      const totalMs = this.#clock.nowMs() - job.sentAtMs;
      return { queuedMs: 0, waitingMs: 0, firstByteMs: 0, totalMs };
    }
    return {
      queuedMs: job.firstAttemptAtMs - job.sentAtMs,
      waitingMs: attempt.headerAtMs - attempt.startedAtMs,
      firstByteMs: attempt.headerAtMs - job.sentAtMs,
      totalMs: attempt.endedAtMs - job.sentAtMs,
    };
  }

  /** What the cache has for a request that failed: a stale response or, where that is forbidden, a 504. */
  #staleAnswer(
    job: Job,
    error: "disconnected" | "serverError",
  ): CacheResult | undefined {
    if (this.#cache === undefined || job.lookup === undefined) return undefined;
    let response: CachedResponse | undefined;
    try {
      response = this.#cache.handleFailure(
        job.lookup,
        error,
        this.#clock.epochMs(),
      );
    } catch (error) {
      this.#note(`cache could not be read: ${textOf(error)}`);
    }
    return response === undefined
      ? undefined
      : { response, outcome: "revalidated", isReusable: true };
  }

  #failOrServeStale(job: Job, reason: HttpError, cause?: unknown): void {
    const stale = this.#staleAnswer(job, "disconnected");
    if (stale !== undefined) this.#deliver(job, stale, undefined);
    else this.#fail(job, reason, cause);
  }

  #fail(job: Job, reason: HttpError, cause?: unknown, message?: string): void {
    this.#finishAll(job, failureEvent(job, reason, { cause, message }));
  }

  #timeOut(job: Job, limit: "attempt" | "deadline" | "idle"): void {
    const { request } = job;
    const limitMs = limit === "attempt"
      ? job.timeoutMs
      : limit === "idle"
      ? request.idleTimeoutMs!
      : request.deadlineMs ?? this.#settings.deadlineMs;
    const event: HttpTerminalEvent = {
      type: "timeout",
      id: job.id,
      tag: request.tag,
      limit,
      limitMs,
      attempts: job.attempts,
    };
    // A deadline is the job's own, a server that does not answer fails everybody.
    if (limit === "attempt") this.#finishAll(job, event);
    else this.#finish(job, event);
  }

  /** Ends a request that failed, and those that follow it: each on its own would only repeat what failed. */
  #finishAll(job: Job, event: HttpTerminalEvent): void {
    const followers = this.#coalescer.leave(job);
    this.#finish(job, event);
    for (const follower of followers) {
      const { id, request: { tag } } = follower;
      this.#finish(follower, { ...event, id, tag });
    }
  }

  #cancel(job: Job, forgetStored: boolean): void {
    if (!forgetStored) job.journalId = 0;
    this.#finish(job, {
      type: "cancelled",
      id: job.id,
      tag: job.request.tag,
    });
  }

  /** The one place where a request ends. */
  #finish(job: Job, event: HttpTerminalEvent | undefined): void {
    if (job.phase === "done") return;
    const { attempt } = job;
    if (attempt !== undefined) {
      this.#endAttempt(job);
      this.#breakerForgets(attempt);
    } else if (job.body instanceof ReadableStream && !job.body.locked) {
      // Nobody has read it, so nobody else will let go of what is behind it.
      job.body.cancel().catch(() => {});
    }
    if (job.phase === "queued") this.#scheduler.remove(job);
    job.phase = "done";
    this.#timers.cancel(job);
    if (job.onAbort !== undefined) {
      job.request.signal!.removeEventListener("abort", job.onAbort);
      job.onAbort = undefined;
    }
    // Those who waited for an answer that will not come go on by themselves.
    for (const follower of this.#coalescer.leave(job)) {
      follower.phase = "admitted";
      this.#admitted.push(follower);
    }
    if (job.request.orderKeys.length > 0) {
      this.#held.delete(job);
      for (const next of this.#gate.remove(job)) this.#letGo(next);
    }
    if (event === undefined || job.isBackground) {
      this.#background.delete(job.backgroundKey);
    } else {
      this.#jobs.delete(job.id);
      this.#done++;
      this.events.end(job, event);
      if (job.journalId !== 0) this.#forgetStored(job);
    }
    // Last, for a listener of the signal may call the client.
    attempt?.abort();
  }

  #forgetStored(job: Job): void {
    this.#settings.durable!.done(job.journalId).catch((error) =>
      this.#note(`journal could not be written: ${textOf(error)}`)
    );
  }

  #onStarted(news: AttemptNews & { type: "started" }): void {
    const { attempt, response, headers } = news;
    const { job } = attempt;
    job.hasStarted = true;
    // A stream may run for hours: that it began is all that the circuit wants to know.
    this.#breakerHears(attempt, true);
    this.#heedLimits(attempt.origin, response.status, headers);
    this.#streaming.add(attempt);
    this.#timers.schedule(job, this.#nowMs + job.request.idleTimeoutMs!);
    this.events.push(job, {
      type: "responseStarted",
      id: job.id,
      tag: job.request.tag,
      status: response.status,
      url: response.url || job.url,
      headers,
    });
  }

  #onChunk(news: AttemptNews & { type: "chunk" }): void {
    const { job } = news.attempt;
    this.#timers.schedule(job, this.#nowMs + job.request.idleTimeoutMs!);
    this.events.push(job, {
      type: "chunk",
      id: job.id,
      tag: job.request.tag,
      bytes: news.bytes,
    });
  }

  #onChunkDrained(id: RequestId): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.undrainedChunks--;
    // The event just taken left room for this.
    this.events.extend(job);
  }

  #resumeStreams(): void {
    for (const attempt of this.#streaming) {
      if (
        attempt.isPaused && attempt.job.undrainedChunks < MAX_UNDRAINED_CHUNKS
      ) {
        this.#timers.schedule(
          attempt.job,
          this.#nowMs + attempt.job.request.idleTimeoutMs!,
        );
        attempt.resume();
      }
    }
  }

  #onProgress(attempt: Attempt): void {
    attempt.hasProgress = false;
    const { job } = attempt;
    if (job.isBackground) return;
    const { id, request: { tag } } = job;
    if (attempt.headerAtMs < 0) {
      const { sentBytes } = attempt;
      this.events.inform({
        type: "uploadProgress",
        id,
        tag,
        sentBytes,
        totalBytes: attempt.uploadBytes,
      });
    } else {
      const { receivedBytes } = attempt;
      this.events.inform({
        type: "downloadProgress",
        id,
        tag,
        receivedBytes,
        totalBytes: attempt.downloadBytes,
      });
    }
  }

  #onRateLimited(job: Job, delayMs: number): void {
    if (job.isBackground) return;
    this.events.inform({
      type: "rateLimited",
      id: job.id,
      tag: job.request.tag,
      delayMs,
    });
  }

  #onCircuitChanged(origin: OriginState, state: CircuitState): void {
    const retryInMs = state === "open"
      ? Math.max(0, origin.breaker!.retryAtMs - this.#nowMs)
      : 0;
    if (this.#settings.verbose) {
      this.#note(`${origin.origin}: circuit ${state}`);
    }
    this.events.inform({
      type: "circuitChanged",
      origin: origin.origin,
      state,
      retryInMs,
    });
  }

  /** A store that fails costs its entries, nothing else. */
  #watch(work: () => unknown): void {
    const failed = (error: unknown): void =>
      this.#note(`cache could not be written: ${textOf(error)}`);
    try {
      const done = work();
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #noteJob(job: Job, what: string): void {
    this.#note(`${job.request.method} ${shownUrl(job)}: ${what}`);
  }

  #writeLines(): void {
    const lines = this.#lines;
    this.#lines = [];
    for (const line of lines) {
      try {
        this.#settings.log(line);
      } catch {
        // A log that fails loses its line, and nothing else.
      }
    }
  }

  #note(line: string): void {
    // Written when nothing is in the middle of a change, for a log may call the client.
    if (this.#settings.verbose && this.#lines.length < MAX_LINES) {
      this.#lines.push(`http: ${line}`);
    }
  }
}

/** One slot for the end, and those of the events on the way that somebody waits for. */
function slotsFor(request: HttpRequest): number {
  let slots = 1;
  if (request.isDurable) slots += 1;
  if (request.idleTimeoutMs !== undefined) slots += 1 + MAX_UNDRAINED_CHUNKS;
  return slots;
}

function mergeHeaders(defaults: HttpHeaders, own: HttpHeaders): HttpHeaders {
  if (own.size === 0) return defaults;
  if (defaults.size === 0) return own;
  const merged = new HttpHeaders(defaults);
  for (const [name, value] of own) merged.set(name, value);
  return merged;
}

/** Whether the cache is asked: it keeps no streams, and nothing that answers other methods. */
function usesCache(job: Job): boolean {
  const { method } = job.request;
  // A durable request waits for the server's own word.
  return !job.isStreaming && !job.request.isDurable &&
    job.request.redirect === "follow" &&
    (method === Method.GET || method === Method.HEAD);
}

function cacheMode(job: Job): CacheMode {
  return job.request.cachePolicy ?? "default";
}

function cacheRequest(
  job: Job,
  token: string | undefined,
): CacheableRequest {
  const { request: { method }, url } = job;
  if (token === undefined) return { method, url, headers: job.headers };
  const headers = new HttpHeaders(job.headers);
  headers.set("authorization", `Bearer ${token}`);
  return { method, url, headers };
}
