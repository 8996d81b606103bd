// This module is browser compatible.

import {
  Backoff,
  checkFinite,
  checkInteger,
  type Clock,
  type Metric,
  SecureRandom,
  SystemClock,
} from "../../core/mod.ts";
import {
  HttpClient,
  type HttpClientOptions,
  type HttpEvent,
  type HttpHeadersInit,
  HttpRequest,
  type RequestId,
} from "../../http/mod.ts";
import { readEndpoint } from "../endpoint.ts";
import type { EventDefinition } from "../event/event_definition.ts";
import type { AnalyticsStore, EventRow } from "../store/store.ts";
import { toLogsRequest } from "./logs_request.ts";
import { METRIC_EVENTS, toMetricsRequest } from "./metrics_request.ts";
import { type Outcome, outcomeOf } from "./_outcome.ts";

const BACKOFF_BASE_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
/** With the waits above, five minutes on average. */
const MAX_DOUBTFUL_ATTEMPTS = 15;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** What is sent: events as `"logs"`, sketches as `"metrics"`. */
export type OtlpSignal = "logs" | "metrics";

/** What went wrong with an export. */
export interface OtlpExportError {
  /**
   * `"retrying"`, the server did not take a slice, and it is sent again until it does (said once until it does);
   * `"rejected"`, it never will, and the slice is skipped; `"partialSuccess"`, it refused some of a slice or has a warning;
   * `"storeFailed"`, the store failed and is asked again (said once until it answers).
   */
  readonly type: "retrying" | "rejected" | "partialSuccess" | "storeFailed";
  /** What was sent; `undefined` with `"storeFailed"`. */
  readonly signal: OtlpSignal | undefined;
  /** The status of the answer; `undefined` if there was none. */
  readonly status: number | undefined;
  /** What is wrong, for people, possibly in the words of the server. */
  readonly message: string;
  /** How many log records or points will not arrive because of it: 0 with `"retrying"` and `"storeFailed"`. */
  readonly lost: number;
  /** What the store rejected with. */
  readonly cause: unknown;
}

/** Options for {@linkcode OtlpExporter}. */
export interface OtlpExporterOptions {
  /** Where the events are. The exporter does not close it. */
  readonly store: AnalyticsStore;
  /** Where OTLP/HTTP is served, without `/v1/logs`: an absolute http(s) URL such as `http://localhost:4318`. */
  readonly endpoint: string;
  /**
   * Header fields of every request, such as a key.
   *
   * @default {{}}
   */
  readonly headers?: HttpHeadersInit;
  /**
   * The game's own events, by which their fields that are floats are told from integers.
   *
   * @default {[]}
   */
  readonly events?: readonly EventDefinition[];
  /**
   * Whether requests are compressed by gzip, which whatever speaks OTLP has to understand, where the runtime can.
   *
   * @default {true}
   */
  readonly isCompressed?: boolean;
  /**
   * Under which name the store remembers how far this exporter has come: 1 to 64 of `A–Z a–z 0–9 _ . -`. Two exporters of
   * one store need two.
   *
   * @default {"otlp"}
   */
  readonly name?: string;
  /**
   * The most events in one request: 1 to 10,000.
   *
   * @default {1000}
   */
  readonly maxEvents?: number;
  /**
   * How often the store is asked for more once everything is sent, in milliseconds: above 0 and finite.
   *
   * @default {5000}
   */
  readonly intervalMs?: number;
  /**
   * How requests are made. The exporter repeats them itself and keeps no answers: `retries`, `circuitBreaker`, `cache`,
   * `baseUrl` and `journal` have no effect. `onWake` is called when the store has answered, too: who ticks then at once is
   * not held up by the pace of his ticks.
   *
   * @default {{}}
   */
  readonly http?: HttpClientOptions;
  /**
   * Called from `tick` when something goes wrong. It must not throw.
   *
   * @default {() => {}}
   */
  readonly onError?: (error: OtlpExportError) => void;
}

/** A request of a slice. */
interface Part {
  readonly signal: OtlpSignal;
  /** JSON, made once however often it is sent. */
  readonly body: Blob;
  readonly isCompressed: boolean;
  /** How many log records or points it has. */
  readonly size: number;
  /** Whether it is accepted or rejected for good. */
  isDone: boolean;
  /** The present attempt. */
  id: RequestId | undefined;
  /** What came of it. */
  outcome: Outcome | undefined;
}

/** Events that are sent together. */
interface Slice {
  readonly events: number;
  readonly lastId: number;
  readonly endMs: number;
  readonly parts: readonly Part[];
}

/** Log records, and points of metrics. */
type Tally = Record<OtlpSignal, number>;

/** What is done next. */
type Step = "begin" | "read" | "send" | "save";

/**
 * Sends what a store has to an OpenTelemetry Collector, or whatever else speaks OTLP/HTTP: events as log records, sketches
 * as exponential histograms, in JSON. One slice at a time is under way, so that a slow receiver slows the exporter down
 * and nothing piles up outside the store.
 *
 * Each event arrives at least once, over restarts as well: how far the exporter has come is kept in the store, and moves
 * only when a slice was accepted whole. What was under way in between is sent again, and can be told by `log.record.uid`;
 * sketches have none, and may then count twice. Only what the receiver refuses for good (400, 422, a single event with
 * 413, or 500 for fifteen times) is skipped and counted. With anything else it is asked again: after what it asked to wait
 * by `Retry-After`, and a random time of up to 60 seconds.
 *
 * The points of one exporter follow each other in time without a gap, as OpenTelemetry has it of delta temporality: a
 * sketch that came late counts in the interval in which it is sent.
 *
 * OpenTelemetry Protocol 1.9, "OTLP/HTTP".
 *
 * @example Drive an exporter
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type AnalyticsStore, OtlpExporter } from "@tickwire/net/analytics";
 *
 * const store = { // a MemoryAnalyticsStore or a SqliteAnalyticsStore
 *   mark: () => Promise.resolve(0),
 *   eventsAfter: () => Promise.resolve([]),
 * } as Partial<AnalyticsStore> as AnalyticsStore;
 * const exporter = new OtlpExporter({ store, endpoint: "http://localhost:4318" });
 * for (let i = 0; i < 10; i++) {
 *   exporter.tick(0.05); // a server's loop
 *   await new Promise((resolve) => setTimeout(resolve));
 * }
 * assertEquals(exporter.isBehind, false);
 * exporter.close();
 * ```
 */
export class OtlpExporter {
  readonly #store: AnalyticsStore;
  readonly #urls: Readonly<Record<OtlpSignal, string>>;
  readonly #events: readonly EventDefinition[];
  readonly #isCompressed: boolean;
  readonly #name: string;
  readonly #maxEvents: number;
  readonly #intervalMs: number;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #onError: (error: OtlpExportError) => void;
  readonly #onWake: () => void;

  #step: Step = "begin";
  #isBusy = false;
  #isClosed = false;
  #waitMs = 0;
  /** What came of the store, for the next tick. */
  #arrived: (() => void) | undefined;
  #isStoreFailing = false;

  #position = 0;
  /** Until when points were sent, in epoch milliseconds. */
  #endMs = 0;
  #slice: Slice | undefined;
  #limit: number;
  #doubtfulAttempts = 0;
  #isBehind = false;
  #lagMs = 0;

  readonly #accepted: Tally = { logs: 0, metrics: 0 };
  readonly #dropped: Tally = { logs: 0, metrics: 0 };
  readonly #refused: Tally = { logs: 0, metrics: 0 };
  #retries = 0;
  #storeFailures = 0;

  /**
   * Makes an exporter. Nothing is read or sent before the first `tick`.
   *
   * @param options What it exports, and where to.
   * @throws {TypeError} If `endpoint` is no such URL, or a header field is none.
   * @throws {RangeError} If a number or `name` is out of its bounds.
   */
  constructor(options: OtlpExporterOptions) {
    const { store, http = {}, headers, name = "otlp" } = options;
    const base = readEndpoint(options.endpoint);
    if (!NAME.test(name)) {
      throw new RangeError(
        `Cannot create an OtlpExporter as name must be 1 to 64 of A-Z a-z 0-9 _ . -: current value is "${name}"`,
      );
    }
    this.#store = store;
    this.#urls = { logs: `${base}v1/logs`, metrics: `${base}v1/metrics` };
    this.#events = [...options.events ?? []];
    this.#isCompressed = (options.isCompressed ?? true) &&
      typeof CompressionStream !== "undefined";
    this.#name = name;
    this.#maxEvents = checkInteger(
      "maxEvents",
      options.maxEvents ?? 1_000,
      1,
      10_000,
    );
    this.#limit = this.#maxEvents;
    this.#intervalMs = checkFinite("intervalMs", options.intervalMs ?? 5_000);
    this.#onError = options.onError ?? ignore;
    this.#onWake = http.onWake ?? ignore;
    this.#clock = http.clock ?? new SystemClock();
    const random = http.random ?? new SecureRandom();
    this.#backoff = new Backoff({
      baseMs: BACKOFF_BASE_MS,
      maxMs: BACKOFF_MAX_MS,
      random,
    });
    const { baseUrl: _baseUrl, journal: _journal, ...rest } = http;
    this.#http = new HttpClient({
      ...rest,
      clock: this.#clock,
      random,
      retries: 0,
      circuitBreaker: false,
      cache: false,
      ...(headers !== undefined && { defaultHeaders: headers }),
    });
  }

  /** Whether there is something that has not been accepted yet, as far as is known. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** For how long there has been something that was not accepted, in milliseconds of `tick` time; 0 if there is nothing. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /**
   * Moves everything on.
   *
   * @param dt Seconds since the last call: 0 or more.
   * @throws {RangeError} If `dt` is negative or no number.
   */
  tick(dt: number): void {
    if (!(dt >= 0)) {
      throw new RangeError(
        `Cannot tick as dt must be 0 or more: current value is ${dt}`,
      );
    }
    if (this.#isClosed) return;
    if (this.#isBehind) this.#lagMs += 1000 * dt;
    this.#waitMs = Math.max(this.#waitMs - 1000 * dt, 0);
    this.#http.tick(dt);
    for (const event of this.#http.drainEvents()) this.#handle(event);
    const arrived = this.#arrived;
    this.#arrived = undefined;
    arrived?.();
    // A handler of errors may have closed it.
    if (this.#isClosed || this.#isBusy || this.#waitMs > 0) return;
    this.#advance();
    // What is to be sent goes out at once.
    this.#http.tick(0);
  }

  /**
   * Lists the figures of this exporter, labelled with its name.
   *
   * @returns Metrics whose names begin with `tickwire_otlp_`.
   */
  *metrics(): IterableIterator<Metric> {
    const labels = { exporter: this.#name };
    const tallies: readonly [string, string, Tally][] = [
      ["accepted", "Records that were accepted", this.#accepted],
      ["dropped", "Records of requests refused for good", this.#dropped],
      ["refused", "Records refused within accepted requests", this.#refused],
    ];
    for (const [name, help, tally] of tallies) {
      for (const signal of ["logs", "metrics"] as const) {
        yield {
          name: `tickwire_otlp_${name}_records`,
          help,
          type: "counter",
          value: tally[signal],
          labels: { ...labels, signal },
        };
      }
    }
    yield {
      name: "tickwire_otlp_retries",
      help: "Slices sent again",
      type: "counter",
      value: this.#retries,
      labels,
    };
    yield {
      name: "tickwire_otlp_store_failures",
      help: "Failed calls of the store",
      type: "counter",
      value: this.#storeFailures,
      labels,
    };
    yield {
      name: "tickwire_otlp_lag_seconds",
      help: "For how long something has not been accepted",
      type: "gauge",
      value: this.#lagMs / 1000,
      labels,
    };
  }

  /** Ends what is under way; it is sent again by the next exporter of the name. Closing twice has no effect. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#arrived = undefined;
    this.#http.close();
  }

  /** Closes the exporter. */
  [Symbol.dispose](): void {
    this.close();
  }

  #advance(): void {
    switch (this.#step) {
      case "begin":
        return this.#begin();
      case "read":
        return this.#read();
      case "send":
        return this.#send();
      case "save":
        return this.#save();
    }
  }

  #begin(): void {
    this.#ask(
      async (store) =>
        [
          await store.mark(this.#name),
          await store.mark(`${this.#name}.endMs`),
        ] as const,
      ([position, endMs]) => {
        this.#position = position;
        this.#endMs = endMs;
        this.#step = "read";
      },
    );
  }

  #read(): void {
    this.#ask(
      async (store) => {
        const rows = await store.eventsAfter(this.#position, this.#limit);
        return rows.length === 0 ? undefined : await this.#makeSlice(rows);
      },
      (slice) => {
        if (slice === undefined) return this.#rest();
        this.#isBehind = true;
        this.#slice = slice;
        this.#step = slice.parts.length === 0 ? "save" : "send";
      },
    );
  }

  /** Everything is sent. */
  #rest(): void {
    this.#isBehind = false;
    this.#lagMs = 0;
    this.#waitMs = this.#intervalMs;
  }

  async #makeSlice(rows: readonly EventRow[]): Promise<Slice> {
    const parts: Promise<Part>[] = [];
    const observedMs = this.#clock.epochMs();
    const logs = toLogsRequest(rows, { events: this.#events, observedMs });
    const measured = rows.filter((row) => METRIC_EVENTS.has(row.name));
    let endMs = this.#endMs;
    if (logs.resourceLogs.length > 0) {
      parts.push(this.#makePart("logs", logs, rows.length - measured.length));
    }
    if (measured.length > 0) {
      const times = measured.map((row) => row.timeMs);
      endMs = Math.max(this.#endMs + 1, ...times);
      const startMs = this.#endMs || Math.min(endMs - 1, ...times);
      const metrics = toMetricsRequest(measured, { startMs, endMs });
      let points = 0;
      for (const { scopeMetrics } of metrics.resourceMetrics) {
        points += scopeMetrics[0]!.metrics.length;
      }
      if (points > 0) parts.push(this.#makePart("metrics", metrics, points));
    }
    return {
      events: rows.length,
      lastId: rows.at(-1)!.id,
      endMs,
      parts: await Promise.all(parts),
    };
  }

  async #makePart(
    signal: OtlpSignal,
    request: unknown,
    size: number,
  ): Promise<Part> {
    const isCompressed = this.#isCompressed;
    const json = new Blob([JSON.stringify(request)]);
    const body = isCompressed ? await compress(json) : json;
    return {
      signal,
      body,
      isCompressed,
      size,
      isDone: false,
      id: undefined,
      outcome: undefined,
    };
  }

  #send(): void {
    this.#isBusy = true;
    for (const part of this.#slice!.parts) {
      part.outcome = undefined;
      if (part.isDone) continue;
      const request = HttpRequest.post(this.#urls[part.signal], part.body)
        .withHeader("Content-Type", "application/json")
        // Keys in header fields are for this server alone.
        .withRedirect("error");
      part.id = this.#http.send(
        part.isCompressed
          ? request.withHeader("Content-Encoding", "gzip")
          : request,
      );
    }
  }

  #handle(event: HttpEvent): void {
    if (
      event.type !== "success" && event.type !== "failure" &&
      event.type !== "timeout" && event.type !== "cancelled"
    ) {
      return;
    }
    const parts = this.#slice?.parts ?? [];
    const part = parts.find(({ id }) => id === event.id);
    if (part === undefined) return;
    part.outcome = outcomeOf(event, this.#clock.epochMs());
    if (parts.every(({ isDone, outcome }) => isDone || outcome !== undefined)) {
      this.#isBusy = false;
      this.#settle(this.#slice!);
    }
  }

  /** Decides what happens after an attempt, when all its answers are there. */
  #settle(slice: Slice): void {
    const errors: OtlpExportError[] = [];
    let retryAfterMs = 0;
    let isTooLarge = false;
    let isDoubtful = false;
    for (const part of slice.parts) {
      const { outcome } = part;
      if (part.isDone || outcome === undefined) continue;
      switch (outcome.verdict) {
        case "accepted":
          part.isDone = true;
          this.#accepted[part.signal] += Math.max(
            part.size - outcome.refused,
            0,
          );
          this.#refused[part.signal] += outcome.refused;
          if (outcome.refused > 0 || outcome.message !== "") {
            errors.push(errorOf("partialSuccess", part, outcome.refused));
          }
          continue;
        case "rejected":
          errors.push(this.#reject(part));
          continue;
        case "tooLarge":
          if (slice.events === 1) errors.push(this.#reject(part));
          else isTooLarge = true;
          continue;
        case "doubtful":
          if (this.#doubtfulAttempts + 1 >= MAX_DOUBTFUL_ATTEMPTS) {
            errors.push(this.#reject(part));
            continue;
          }
          isDoubtful = true;
          break;
        case "retry":
          break;
      }
      retryAfterMs = Math.max(retryAfterMs, outcome.retryAfterMs);
      if (this.#backoff.attempt === 0) {
        errors.push(errorOf("retrying", part, 0));
      }
    }
    if (isTooLarge) {
      this.#limit = Math.ceil(slice.events / 2);
      this.#waitMs = retryAfterMs;
      this.#slice = undefined;
      this.#step = "read";
    } else if (slice.parts.every(({ isDone }) => isDone)) {
      this.#step = "save";
    } else {
      this.#retries++;
      if (isDoubtful) this.#doubtfulAttempts++;
      this.#waitMs = retryAfterMs + this.#backoff.next();
      this.#step = "send";
    }
    for (const error of errors) this.#onError(error);
  }

  #reject(part: Part): OtlpExportError {
    part.isDone = true;
    this.#dropped[part.signal] += part.size;
    return errorOf("rejected", part, part.size);
  }

  #save(): void {
    const slice = this.#slice!;
    this.#ask(
      async (store) => {
        // In this order a crash in between costs nothing: the interval of the slice is only shorter when it is sent again.
        if (slice.endMs !== this.#endMs) {
          await store.setMark(`${this.#name}.endMs`, slice.endMs);
        }
        await store.setMark(this.#name, slice.lastId);
      },
      () => {
        this.#position = slice.lastId;
        this.#endMs = slice.endMs;
        this.#slice = undefined;
        this.#backoff.reset();
        this.#doubtfulAttempts = 0;
        // Less than was asked for is all there was.
        const isAll = slice.events < this.#limit;
        // Slowly, for what was too large would be so again.
        this.#limit = Math.min(
          this.#limit + Math.ceil(this.#maxEvents / 16),
          this.#maxEvents,
        );
        this.#step = "read";
        if (isAll) this.#rest();
      },
    );
  }

  /** Asks the store; what it answers is dealt with in a later tick. */
  #ask<T>(
    question: (store: AnalyticsStore) => Promise<T>,
    answer: (value: T) => void,
  ): void {
    this.#isBusy = true;
    this.#await(question).then(
      (value) => {
        this.#arrived = () => {
          this.#isBusy = false;
          if (this.#isStoreFailing) this.#backoff.reset();
          this.#isStoreFailing = false;
          answer(value);
        };
        this.#onWake();
      },
      (cause: unknown) => {
        this.#arrived = () => {
          this.#isBusy = false;
          this.#storeFailed(cause);
        };
        this.#onWake();
      },
    );
  }

  /** A store that throws at once is one that rejects. */
  async #await<T>(question: (store: AnalyticsStore) => Promise<T>): Promise<T> {
    return await question(this.#store);
  }

  #storeFailed(cause: unknown): void {
    this.#storeFailures++;
    this.#waitMs = this.#backoff.next();
    if (this.#isStoreFailing) return;
    this.#isStoreFailing = true;
    this.#onError({
      type: "storeFailed",
      signal: undefined,
      status: undefined,
      message: cause instanceof Error ? cause.message : String(cause),
      lost: 0,
      cause,
    });
  }
}

function compress(body: Blob): Promise<Blob> {
  const stream = body.stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).blob();
}

function errorOf(
  type: OtlpExportError["type"],
  { signal, outcome }: Part,
  lost: number,
): OtlpExportError {
  return {
    type,
    signal,
    status: outcome?.status,
    message: outcome?.message ?? "",
    lost,
    cause: undefined,
  };
}

function ignore(): void {}
