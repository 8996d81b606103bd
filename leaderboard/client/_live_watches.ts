// This module is browser compatible.
import {
  Backoff,
  isPlayerId,
  type PlayerId,
  type Random,
} from "../../core/mod.ts";
import {
  type HttpEvent,
  HttpRequest,
  type HttpTerminalEvent,
  type RequestId,
} from "../../http/mod.ts";
import { type SseEvent, SseParser } from "../live/sse_parser.ts";
import type { ClientContext, ClientPart } from "./client_part.ts";
import { isVisible } from "./_checks.ts";
import {
  details,
  type FailureDetails,
  failureOf,
  malformed,
} from "./_failure.ts";
import type { LeaderboardCallId } from "./event.ts";
import type { LeaderboardFilter } from "./filter.ts";
import type { BoardResetReason, LiveStateChanged } from "./live_event.ts";
import { isCount, isObject, readEntries } from "./_read_entry.ts";

/** The server says something every 15 seconds. */
const IDLE_TIMEOUT_MS = 40_000;
/** An event of a server of this version has half of it. */
const MAX_EVENT_BYTES = 524_288;
const MAX_ENTRIES = 10_000;
const MAX_ID_LENGTH = 256;
const BACKOFF_BASE_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
/** What ends sooner was no success, and its server is not asked at once again. */
const STABLE_SECONDS = 10;
const RESET_REASONS: ReadonlySet<unknown> = new Set([
  "season",
  "missed",
  "cleared",
]);

/** The boards that a client watches, each over a stream of its own. */
export class LiveWatches implements ClientPart {
  readonly #context: ClientContext;
  readonly #random: Random;
  readonly #byId = new Map<LeaderboardCallId, Watch>();
  readonly #byRequest = new Map<RequestId, Watch>();
  #malformedCount = 0;

  constructor(context: ClientContext, random: Random) {
    this.#context = context;
    this.#random = random;
  }

  /** Events and streams of servers that could not be understood. */
  get malformedCount(): number {
    return this.#malformedCount;
  }

  watch(filter: LeaderboardFilter): LeaderboardCallId {
    const { query } = filter;
    if (query.season !== undefined) {
      throw new RangeError(
        `Cannot watch board as season must not be set, for it is always the running one: current value is ${query.season}`,
      );
    }
    const id = this.#context.open();
    if (!this.#context.isOpen(id)) return id;
    const watch = new Watch(id, {
      context: this.#context,
      random: this.#random,
      board: query.board ?? this.#context.board,
      period: query.period,
      class: query.class,
      onRequest: (request, watch) => this.#byRequest.set(request, watch),
      onMalformed: () => this.#malformedCount++,
      onEnd: () => this.#byId.delete(id),
    });
    this.#byId.set(id, watch);
    watch.connect();
    return id;
  }

  handle(event: HttpEvent): boolean {
    if (event.type === "circuitChanged") return false;
    const watch = this.#byRequest.get(event.id);
    if (watch === undefined) return false;
    const isTerminal = watch.handle(event);
    if (isTerminal) this.#byRequest.delete(event.id);
    return true;
  }

  tick(dt: number): void {
    for (const watch of this.#byId.values()) watch.tick(dt);
  }

  /** Ends all, also those that wait. */
  close(): void {
    for (const watch of [...this.#byId.values()]) watch.cancel();
  }

  cancel(id: LeaderboardCallId): boolean {
    const watch = this.#byId.get(id);
    if (watch === undefined) return false;
    watch.cancel();
    return true;
  }
}

interface WatchOptions {
  readonly context: ClientContext;
  readonly random: Random;
  readonly board: string;
  readonly period: string | undefined;
  readonly class: string | undefined;
  readonly onRequest: (request: RequestId, watch: Watch) => void;
  readonly onMalformed: () => void;
  readonly onEnd: () => void;
}

/** One watched board: one stream at a time, and what it has told. */
class Watch {
  readonly id: LeaderboardCallId;
  readonly #options: WatchOptions;
  readonly #backoff: Backoff;
  /** The request under way; what an earlier one still tells is not of interest. */
  #request: RequestId | undefined;
  #parser: SseParser | undefined;
  /** Where the next stream goes on; `""` if it has to begin. */
  #lastEventId = "";
  #hasOpened = false;
  #openSeconds = 0;
  #waitMs = 0;
  /** What found no room among the events; changes are not told before it. */
  #owedReset: BoardResetReason | undefined;
  #owedState: LiveStateChanged | undefined;

  constructor(id: LeaderboardCallId, options: WatchOptions) {
    this.id = id;
    this.#options = options;
    this.#backoff = new Backoff({
      baseMs: BACKOFF_BASE_MS,
      maxMs: BACKOFF_MAX_MS,
      random: options.random,
    });
  }

  connect(): void {
    const { context, board, period, onRequest } = this.#options;
    this.#waitMs = 0;
    let request = HttpRequest.get(`v1/boards/${board}/events`)
      .withQuery({ period, class: this.#options.class })
      .withHeader("accept", "text/event-stream")
      .withRedirect("error")
      // The wait between attempts is this one's own.
      .withRetries(0)
      .withDeadline(Infinity)
      .withStreaming({ idleTimeoutMs: IDLE_TIMEOUT_MS });
    if (this.#lastEventId !== "") {
      request = request.withHeader("last-event-id", this.#lastEventId);
    }
    this.#request = context.send(request);
    onRequest(this.#request, this);
  }

  /** Takes in what happened to one of its requests; returns whether it was the last of that one. */
  handle(event: Exclude<HttpEvent, { type: "circuitChanged" }>): boolean {
    const isCurrent = event.id === this.#request;
    switch (event.type) {
      case "responseStarted":
        if (isCurrent) this.#onStart(event.headers.get("content-type") ?? "");
        return false;
      case "chunk":
        if (isCurrent) this.#onChunk(event.bytes);
        return false;
      case "success":
      case "failure":
      case "timeout":
      case "cancelled":
        if (isCurrent) this.#onEnd(event);
        return true;
      default:
        return false;
    }
  }

  tick(dt: number): void {
    if (this.#owedState !== undefined) this.#tellState(this.#owedState);
    if (this.#owedReset !== undefined) this.#reset(this.#owedReset);
    if (this.#parser !== undefined) {
      this.#openSeconds += dt;
      if (this.#openSeconds >= STABLE_SECONDS) this.#backoff.reset();
    }
    if (this.#request !== undefined) return;
    this.#waitMs -= dt * 1_000;
    if (this.#waitMs <= 0) this.connect();
  }

  cancel(): void {
    this.#drop();
    this.#options.onEnd();
    this.#options.context.end({ type: "cancelled", id: this.id });
  }

  #onStart(contentType: string): void {
    if (!/^text\/event-stream *(?:;|$)/i.test(contentType)) {
      this.#fail(malformed(200));
      return;
    }
    this.#parser = new SseParser(MAX_EVENT_BYTES);
    this.#openSeconds = 0;
    this.#tellState({
      type: "liveState",
      id: this.id,
      state: "connected",
      reason: undefined,
      retryInMs: 0,
    });
    // With an id the server goes on, or says that it cannot.
    if (this.#lastEventId === "") {
      this.#reset(this.#hasOpened ? "missed" : "opened");
    }
    this.#hasOpened = true;
  }

  #onChunk(bytes: Uint8Array): void {
    const parser = this.#parser;
    if (parser === undefined) return;
    const isRead = parser.push(bytes, (event) => this.#onEvent(event));
    if (isVisible(parser.lastEventId, MAX_ID_LENGTH)) {
      this.#lastEventId = parser.lastEventId;
    }
    if (isRead) return;
    // Behind it may be anything.
    this.#lastEventId = "";
    this.#fail(malformed(200));
  }

  #onEvent({ type, data }: SseEvent): void {
    if (type !== "change" && type !== "reset") return;
    const value = jsonOf(data);
    const isTold = type === "change"
      ? this.#onChange(value)
      : this.#onReset(value);
    if (isTold) return;
    this.#options.onMalformed();
    this.#reset("malformed");
  }

  #onChange(value: unknown): boolean {
    if (!isObject(value)) return false;
    const { context } = this.#options;
    const { season, total } = value;
    const entries = readEntries(
      value.entries,
      MAX_ENTRIES,
      (url) => context.resolve(url),
    );
    if (
      !isCount(season) || !isCount(total) || entries === undefined ||
      !isPlayers(value.removed)
    ) return false;
    // What is owed covers it.
    if (this.#owedReset !== undefined) return true;
    const isQueued = context.inform({
      type: "boardChanged",
      id: this.id,
      ...this.#name(),
      isReset: false,
      season,
      total,
      entries,
      removed: value.removed,
    });
    if (!isQueued) this.#owedReset = "missed";
    return true;
  }

  #onReset(value: unknown): boolean {
    if (!isObject(value) || !RESET_REASONS.has(value.reason)) return false;
    this.#reset(value.reason as BoardResetReason);
    return true;
  }

  #onEnd(event: HttpTerminalEvent): void {
    if (event.type === "cancelled") {
      // The client was closed.
      this.#drop();
      this.#options.onEnd();
      this.#options.context.end({ type: "cancelled", id: this.id });
      return;
    }
    if (event.type === "success" && event.response.isSuccess) {
      const wasOpen = this.#parser !== undefined;
      this.#fail(
        wasOpen
          ? { ...details("unreachable", "The stream ended"), reason: "ended" }
          : malformed(event.response.status),
      );
      return;
    }
    const failure = failureOf(event);
    if (isFinal(failure)) {
      this.#drop();
      this.#options.onEnd();
      this.#options.context.end({
        type: "watchFailed",
        id: this.id,
        ...failure,
        board: this.#options.board,
      });
      return;
    }
    this.#fail(failure);
  }

  /** Has no stream any more, and will try again. */
  #fail(
    failure: Omit<FailureDetails, "reason"> & {
      reason: FailureDetails["reason"] | "ended";
    },
  ): void {
    if (failure.reason === "malformedResponse") this.#options.onMalformed();
    const { retryMs } = this.#parser ?? {};
    this.#drop();
    this.#waitMs = Math.max(
      this.#backoff.next(),
      Math.min(failure.retryAfterMs ?? retryMs ?? 0, BACKOFF_MAX_MS),
    );
    this.#tellState({
      type: "liveState",
      id: this.id,
      state: "lost",
      reason: failure.reason,
      retryInMs: this.#waitMs,
    });
  }

  #drop(): void {
    const request = this.#request;
    this.#request = undefined;
    this.#parser = undefined;
    if (request !== undefined) this.#options.context.abort(request);
  }

  #reset(reason: BoardResetReason): void {
    const isQueued = this.#options.context.inform({
      type: "boardChanged",
      id: this.id,
      ...this.#name(),
      isReset: true,
      reason,
    });
    this.#owedReset = isQueued ? undefined : reason;
  }

  #tellState(state: LiveStateChanged): void {
    this.#owedState = this.#options.context.inform(state) ? undefined : state;
  }

  #name(): {
    board: string;
    period: string | undefined;
    class: string | undefined;
  } {
    const { board, period } = this.#options;
    return { board, period, class: this.#options.class };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPlayers(value: unknown): value is PlayerId[] {
  return Array.isArray(value) && value.length <= MAX_ENTRIES &&
    value.every(isPlayerId);
}

/** Whether the same would come of it again, and not only of the moment. */
function isFinal({ reason, status }: FailureDetails): boolean {
  if (reason === "invalidRequest") return true;
  return reason === "refused" && status !== 408 && status !== 425 &&
    status !== 429;
}
