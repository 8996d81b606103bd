// This module is browser compatible.
import { Backoff } from "../../core/mod.ts";
import {
  HttpClient,
  HttpRequest,
  type HttpTerminalEvent,
} from "../../http/mod.ts";
import { erasureAnswer, type Failure, failureOf } from "./_answer.ts";
import type {
  AnalyticsErasure,
  AnalyticsNotice,
  DeletionFailed,
} from "./analytics_notice.ts";
import type { Settings } from "./_settings.ts";

/** With the back-off some minutes: whoever asks for it is told while the game is likely to run still. */
const MAX_ATTEMPTS = 8;

/** Asks a collector to erase what it has of some ids, one after another, and tells how it went. */
export class Eraser {
  readonly #settings: Settings;
  readonly #erasure: AnalyticsErasure;
  readonly #end: (notice: AnalyticsNotice) => void;
  readonly #http: HttpClient;
  readonly #backoff: Backoff;
  #index = 0;
  #attempts = 0;
  #waitMs = 0;
  #isAsking = false;
  #isOver = false;
  #sessions = 0;
  #events = 0;

  constructor(
    settings: Settings,
    erasure: AnalyticsErasure,
    onWake: () => void,
    end: (notice: AnalyticsNotice) => void,
  ) {
    const { http, clock, random } = settings;
    this.#settings = settings;
    this.#erasure = erasure;
    this.#end = end;
    this.#backoff = new Backoff({
      baseMs: http.backoffBaseMs ?? 1_000,
      maxMs: http.backoffMaxMs ?? 60_000,
      random,
    });
    this.#http = new HttpClient({
      ...http,
      clock,
      random,
      cache: false,
      retries: 0,
      circuitBreaker: false,
      onWake,
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  tick(dt: number): void {
    if (this.#isOver) return;
    this.#waitMs = Math.max(0, this.#waitMs - dt * 1_000);
    this.#http.tick(dt);
    for (;;) {
      const event = this.#http.pollEvent();
      if (event === undefined) break;
      if (
        event.type === "success" || event.type === "failure" ||
        event.type === "timeout"
      ) {
        this.#isAsking = false;
        this.#onAnswer(event);
      }
    }
    if (!this.#isOver && !this.#isAsking && this.#waitMs === 0) this.#ask();
  }

  /** Gives up. */
  close(): void {
    this.#giveUp("closed", "The game did not wait for it");
  }

  #ask(): void {
    const id = this.#erasure.ids[this.#index];
    if (id === undefined) {
      this.#isOver = true;
      this.#http.close();
      this.#end({
        type: "dataDeleted",
        sessions: this.#sessions,
        events: this.#events,
        isComplete: this.#erasure.isComplete,
      });
      return;
    }
    let request = HttpRequest.create(
      "DELETE",
      `${this.#erasure.endpoint}v1/players/${id}`,
    ).withRedirect("error").withRetries(0);
    const { apiKey } = this.#settings;
    if (apiKey !== undefined) request = request.withHeader("x-api-key", apiKey);
    this.#isAsking = true;
    this.#http.send(request);
    this.#http.tick(0);
  }

  #onAnswer(event: Exclude<HttpTerminalEvent, { type: "cancelled" }>): void {
    const erased = event.type === "success"
      ? erasureAnswer(event.response)
      : undefined;
    if (erased !== undefined) {
      this.#sessions += erased.sessions;
      this.#events += erased.events;
      this.#index++;
      this.#attempts = 0;
      this.#backoff.reset();
      return;
    }
    const { clock } = this.#settings;
    const failure: Failure = failureOf(event, clock.epochMs());
    const { reason, message } = failure;
    if (
      reason === "unauthorised" || reason === "refused" ||
      ++this.#attempts >= MAX_ATTEMPTS
    ) {
      this.#giveUp(reason, message);
      return;
    }
    this.#waitMs = failure.retryAfterMs + this.#backoff.next();
  }

  #giveUp(reason: DeletionFailed["reason"], message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#http.close();
    const { endpoint, ids, isComplete } = this.#erasure;
    this.#end({
      type: "deletionFailed",
      reason,
      message,
      again: { endpoint, ids: ids.slice(this.#index), isComplete },
    });
  }
}
