// This module is browser compatible.
import { Backoff } from "../../core/mod.ts";
import {
  HttpClient,
  HttpRequest,
  type HttpTerminalEvent,
} from "../../http/mod.ts";
import { batchAnswer, type Failure, failureOf } from "./_answer.ts";
import type { AnalyticsNotice } from "./analytics_notice.ts";
import { compress } from "./_compress.ts";
import type { Run } from "./_entry.ts";
import type { ReadRuns, RunJournal } from "./_run_journal.ts";
import { runText } from "./_run_writer.ts";
import type { Settings } from "./_settings.ts";
import type { Timeline } from "./_timeline.ts";

/** Of the bounds of a batch (PROTOCOL.md, section 4), with room for what is around the runs, compressed or not. */
const MAX_BATCH_BYTES = 500_000;
const MAX_BATCH_RUNS = 256;
const MAX_BATCH_EVENTS = 16_384;
const MAX_ANSWER_BYTES = 65_536;
/** Who is not let in will hardly be a minute later. */
const UNAUTHORISED_WAIT_MS = 900_000;

/** Whose batches they are. */
export interface SenderOwner {
  readonly settings: Settings;
  readonly timeline: Timeline;
  inform(notice: AnalyticsNotice): void;
  /** These runs are given up: the collector does not want them. */
  onRefused(runs: readonly Run[]): void;
  /** Something has arrived for the next tick. */
  onWake(): void;
}

/** Sends what waits in the journal, one batch at a time, until it has arrived. */
export class Sender {
  readonly #owner: SenderOwner;
  readonly #journal: RunJournal;
  readonly #http: HttpClient;
  readonly #backoff: Backoff;
  #endpoint: string;
  #isBusy = false;
  #isOver = false;
  #waitMs = 0;
  /** Whether the collector asked for the wait. */
  #isToldToWait = false;
  #batch: ReadRuns | undefined;
  #batchBytes = 0;
  #maxBytes = MAX_BATCH_BYTES;
  #maxRuns = MAX_BATCH_RUNS;
  #uploads = 0;
  #failures = 0;

  constructor(owner: SenderOwner, journal: RunJournal, endpoint: string) {
    const { settings } = owner;
    const { http, random, clock } = settings;
    this.#owner = owner;
    this.#journal = journal;
    this.#endpoint = endpoint;
    this.#backoff = new Backoff({
      baseMs: http.backoffBaseMs ?? 1_000,
      maxMs: http.backoffMaxMs ?? 300_000,
      random,
    });
    this.#http = new HttpClient({
      ...http,
      clock,
      random,
      cache: false,
      // It repeats itself, so that every attempt says anew when it was sent.
      retries: 0,
      circuitBreaker: false,
      maxBodyBytes: MAX_ANSWER_BYTES,
      onWake: () => owner.onWake(),
    });
  }

  /** Batches that have arrived. */
  get uploads(): number {
    return this.#uploads;
  }

  /** Attempts that have failed, since it was made. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether a batch is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether it waits before it tries again. */
  get isWaiting(): boolean {
    return this.#waitMs > 0;
  }

  set endpoint(endpoint: string) {
    this.#endpoint = endpoint;
    this.#waitMs = 0;
  }

  /** Gives up waiting, unless the collector asked for it. */
  hurry(): void {
    if (!this.#isToldToWait) this.#waitMs = 0;
  }

  tick(dt: number): void {
    this.#waitMs = Math.max(0, this.#waitMs - dt * 1_000);
    this.#http.tick(dt);
    for (;;) {
      const event = this.#http.pollEvent();
      if (event === undefined) break;
      if (
        event.type === "success" || event.type === "failure" ||
        event.type === "timeout"
      ) {
        this.#onEnded(event);
      }
    }
  }

  /** Begins a batch, if none is under way and it need not wait. */
  begin(): void {
    if (this.#isBusy || this.#isOver || this.#waitMs > 0) return;
    this.#isBusy = true;
    this.#prepare().catch((error) => {
      this.#isBusy = false;
      this.#fail({
        reason: "unreachable",
        message: `Cannot send batch: ${error}`,
        status: undefined,
        retryAfterMs: 0,
      }, 0);
    });
  }

  /** Ends everything. What is under way may arrive nevertheless. */
  close(): void {
    this.#isOver = true;
    this.#isBusy = false;
    this.#batch = undefined;
    this.#http.close();
  }

  async #prepare(): Promise<void> {
    const batch = await this.#journal.read(
      this.#maxBytes,
      this.#maxRuns,
      MAX_BATCH_EVENTS,
    );
    if (this.#isOver) return;
    if (batch.runs.length === 0) {
      this.#isBusy = false;
      if (batch.upToId > 0) await this.#journal.remove(batch);
      return;
    }
    const { bytes, isCompressed } = await compress(
      batchText(batch.runs, this.#owner.timeline.nowMs()),
    );
    if (this.#isOver) return;
    this.#batch = batch;
    this.#batchBytes = bytes.length;
    let request = HttpRequest.post(`${this.#endpoint}v1/batch`, bytes)
      .withHeader("content-type", "application/json")
      .withRedirect("error").withRetries(0);
    if (isCompressed) request = request.withHeader("content-encoding", "gzip");
    const { apiKey } = this.#owner.settings;
    if (apiKey !== undefined) request = request.withHeader("x-api-key", apiKey);
    this.#http.send(request);
    this.#owner.onWake();
  }

  #onEnded(event: Exclude<HttpTerminalEvent, { type: "cancelled" }>): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const events = countEvents(batch.runs);
    const answer = event.type === "success"
      ? batchAnswer(event.response)
      : undefined;
    if (answer !== undefined) {
      this.#uploads++;
      this.#backoff.reset();
      this.#isToldToWait = false;
      this.#owner.inform({
        type: "uploaded",
        events,
        ...answer,
        bytes: this.#batchBytes,
      });
      this.#removed(batch);
      return;
    }
    const { clock } = this.#owner.settings;
    const failure = failureOf(event, clock.epochMs());
    if (failure.reason === "tooLarge" && batch.runs.length > 1) {
      this.#maxRuns = Math.max(1, batch.runs.length >> 1);
      this.#maxBytes = Math.max(1, this.#maxBytes >> 1);
      this.#isBusy = false;
      this.#inform(failure, events, true, 0);
      return;
    }
    if (failure.reason === "tooLarge" || failure.reason === "refused") {
      this.#failures++;
      this.#inform(failure, events, false, 0);
      this.#owner.onRefused(batch.runs);
      // What was dropped has to be known behind the runs before they go.
      this.#removed(batch, this.#journal.appendState());
      return;
    }
    this.#isBusy = false;
    this.#fail(failure, events);
  }

  #removed(batch: ReadRuns, before?: Promise<void>): void {
    const removed = Promise.all([before, this.#journal.remove(batch)]);
    removed.catch(() => {}).then(() => {
      if (!this.#isOver) this.#isBusy = false;
      this.#owner.onWake();
    });
  }

  #fail(failure: Failure, events: number): void {
    const jitterMs = this.#backoff.next();
    const waitMs = failure.reason === "unauthorised"
      ? Math.max(UNAUTHORISED_WAIT_MS, failure.retryAfterMs)
      : failure.retryAfterMs;
    this.#isToldToWait = waitMs > 0;
    // Everybody was told the same time: the jitter keeps them from coming back together.
    this.#waitMs = waitMs + jitterMs;
    this.#inform(failure, events, true, this.#waitMs);
  }

  #inform(
    { reason, message, status }: Failure,
    events: number,
    willRetry: boolean,
    retryInMs: number,
  ): void {
    if (willRetry) this.#failures++;
    this.#owner.inform({
      type: "uploadFailed",
      reason,
      message,
      status,
      events,
      willRetry,
      retryInMs,
    });
  }
}

/** The text of a batch (PROTOCOL.md, section 4). */
export function batchText(runs: readonly Run[], sentAtMs: number): string {
  const texts = runs.map((run) => runText(run, sentAtMs)).join(",");
  return `{"v":1,"sentAt":${sentAtMs},"runs":[${texts}]}`;
}

function countEvents(runs: readonly Run[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}
