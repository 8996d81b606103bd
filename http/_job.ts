// This module is browser compatible.

import type { HeapItem } from "./_indexed_heap.ts";
import type { PreparedBody } from "./_request_body.ts";
import type { Attempt } from "./_attempt.ts";
import type { CacheLookup, CacheResult } from "./cache/http_cache.ts";
import type { RequestId } from "./event.ts";
import type { HttpHeaders } from "./headers.ts";
import type { HttpRequest } from "./request.ts";
import type { Lane } from "./_scheduler.ts";

/**
 * Where a job is on its way:
 *
 * - `admitted`: sent since the last tick
 * - `held`: waits until those before it in the same order have ended
 * - `storing`: waits until the journal has it
 * - `lookup`, `settling`: waits for a cache store that answers later
 * - `following`: waits for the answer to an identical request
 * - `queued`: waits in a lane for its turn
 * - `waiting`: waits until it may be repeated
 * - `active`: an attempt is under way
 * - `done`: its terminal event is out
 */
export type JobPhase =
  | "admitted"
  | "held"
  | "storing"
  | "lookup"
  | "settling"
  | "following"
  | "queued"
  | "waiting"
  | "active"
  | "done";

/** The one timer of a job: its phase's due time or its deadline, whichever comes first. */
export class JobTimer implements HeapItem {
  heapKey = Infinity;
  heapIndex = -1;
  readonly sequence: number;
  readonly job: Job;

  constructor(job: Job, sequence: number) {
    this.job = job;
    this.sequence = sequence;
  }
}

/** A request on its way through the client. Plain state; the client moves it. */
export class Job implements HeapItem {
  /** 0 for a revalidation in the background, which has no events. */
  readonly id: RequestId;
  readonly request: HttpRequest;
  readonly sequence: number;
  readonly timer: JobTimer;
  heapKey: number;
  heapIndex = -1;
  phase: JobPhase = "admitted";
  lane: Lane | undefined;

  url = "";
  origin = "";
  /** Defaults and own fields together, without conditions, token and key. */
  headers!: HttpHeaders;
  body: PreparedBody;
  idempotencyKey: string | undefined;
  timeoutMs = Infinity;
  retries = 0;
  maxBodyBytes = Infinity;

  /** Times of the client's ticks, for limits. */
  deadlineAtMs = Infinity;
  phaseDueMs = Infinity;
  /** Times of the client's clock, for what is reported. */
  sentAtMs = 0;
  firstAttemptAtMs = -1;

  attempts = 0;
  attempt: Attempt | undefined;
  /** Whether the client's token goes with it. */
  usesToken = false;
  /** What the engine knows a revalidation in the background by. */
  backgroundKey = "";
  /** Attempts that do not count as repetitions: after a 401, say. */
  freeAttempts = 0;
  hasRetriedToken = false;
  /** How often it was sent again because a 304 confirmed what was not asked for. */
  resends = 0;
  wasRateLimitReported = false;

  lookup: CacheLookup | undefined;
  /** The answer while the cache is still storing it. */
  unsettled: CacheResult | undefined;
  settlingAttempt: Attempt | undefined;
  /** Whether identical requests may follow it. */
  leads = false;
  leader: Job | undefined;

  /** Slots set aside in the event queue that are not used yet. */
  reservedSlots = 0;
  undrainedChunks = 0;
  hasStarted = false;

  journalId = 0;
  /** Whether an earlier run sent it first. */
  isRestored = false;
  onAbort: (() => void) | undefined;

  constructor(id: RequestId, request: HttpRequest, sequence: number) {
    this.id = id;
    this.request = request;
    this.sequence = sequence;
    this.heapKey = -request.priority;
    this.timer = new JobTimer(this, sequence);
  }

  get isBackground(): boolean {
    return this.id === 0;
  }

  get isStreaming(): boolean {
    return this.request.idleTimeoutMs !== undefined;
  }

  /** The header fields to send, with the conditions of the cache. */
  get outgoing(): HttpHeaders {
    return this.lookup !== undefined && "headers" in this.lookup
      ? this.lookup.headers
      : this.headers;
  }
}
