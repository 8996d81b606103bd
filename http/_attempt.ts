// This module is browser compatible.

import type { Clock } from "../core/mod.ts";
import {
  cancelBody,
  checkLength,
  lengthAtOnce,
  readBody,
  type ReadBodyOptions,
} from "./_body_reader.ts";
import { countedStream, encodeForm } from "./_request_body.ts";
import { HttpHeaders } from "./headers.ts";
import type { FetchLike } from "./client_options.ts";
import type { Job } from "./_job.ts";
import { isSafe } from "./method.ts";
import type { OriginState } from "./_scheduler.ts";
import { checkToken, type TokenSource } from "./_token_source.ts";

/** What an attempt tells the client, which reads it at its next tick. */
export type AttemptNews =
  | {
    readonly type: "answered";
    readonly attempt: Attempt;
    readonly response: Response;
    readonly headers: HttpHeaders;
    readonly body: Uint8Array;
  }
  | {
    readonly type: "failed";
    readonly attempt: Attempt;
    readonly error: unknown;
    readonly stage: "token" | "fetch" | "body";
  }
  | {
    readonly type: "started";
    readonly attempt: Attempt;
    readonly response: Response;
    readonly headers: HttpHeaders;
  }
  | {
    readonly type: "chunk";
    readonly attempt: Attempt;
    readonly bytes: Uint8Array;
  }
  | { readonly type: "progress"; readonly attempt: Attempt };

/** What attempts need of the world and of the client. */
export interface AttemptContext {
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly tokens: TokenSource | undefined;
  readonly isBrowser: boolean;
  readonly news: { push(news: AttemptNews): void };
}

/** Chunks of a stream that may wait for the game before reading pauses. */
export const MAX_UNDRAINED_CHUNKS = 8;

/** One call of `fetch`: all the IO of a job. It reports by news and never touches the client. */
export class Attempt {
  readonly job: Job;
  readonly startedAtMs: number;
  /** -1 until the header of the response is there. */
  headerAtMs = -1;
  endedAtMs = 0;
  /** What it is doing, or was doing when it failed. */
  stage: "token" | "fetch" | "body" = "token";
  /** The status of the response, as soon as its header is there. */
  status = 0;
  /** The token that this attempt sent, if it sent one. */
  token: string | undefined;
  sentBytes = 0;
  receivedBytes = 0;
  uploadBytes: number | undefined;
  downloadBytes: number | undefined;
  hasProgress = false;
  readonly origin: OriginState;
  /** The generation of the origin's breaker that let it through. */
  readonly ticket: number;
  /** The URL that answered, if a redirect led to it. */
  responseUrl = "";

  readonly #context: AttemptContext;
  readonly #controller = new AbortController();
  #isAborted = false;
  #openGate: (() => void) | undefined;

  constructor(
    job: Job,
    origin: OriginState,
    startedAtMs: number,
    context: AttemptContext,
  ) {
    this.job = job;
    this.origin = origin;
    this.ticket = origin.breaker?.generation ?? 0;
    this.#context = context;
    this.startedAtMs = startedAtMs;
  }

  /** Gives up: nothing of it will be read any more. */
  abort(): void {
    this.#isAborted = true;
    this.#controller.abort();
    this.resume();
  }

  /** Whether a stream waits for the game to drain chunks. */
  get isPaused(): boolean {
    return this.#openGate !== undefined;
  }

  /** Lets a paused stream read on. */
  resume(): void {
    this.#openGate?.();
    this.#openGate = undefined;
  }

  async run(headers: Record<string, string>): Promise<void> {
    const { clock, news } = this.#context;
    try {
      if (this.job.usesToken) {
        const given = this.#context.tokens!.get();
        this.token = checkToken(given instanceof Promise ? await given : given);
        headers["authorization"] = `Bearer ${this.token}`;
      }
      this.stage = "fetch";
      // Awaiting what is there already would cost a turn of the microtask queue.
      const made = this.#init(headers);
      const init = made instanceof Promise ? await made : made;
      if (this.#isAborted) return;
      const response = await this.#context.fetch(this.job.url, init);
      this.headerAtMs = clock.nowMs();
      // Deno parses the URL once more to tell it, and only a redirect changes it.
      if (response.redirected) this.responseUrl = response.url;
      this.status = response.status;
      this.stage = "body";
      if (this.#isAborted) return await cancelBody(response);
      const responseHeaders = new HttpHeaders(response.headers);
      let body: Uint8Array;
      if (this.job.isStreaming && response.ok) {
        news.push({
          type: "started",
          attempt: this,
          response,
          headers: responseHeaders,
        });
        await this.#stream(response);
        body = new Uint8Array(0);
      } else {
        const options = this.#readOptions();
        const length = lengthAtOnce(response, responseHeaders, options);
        // Awaited here, as one more asynchronous function would cost as much as the way through the queue.
        body = length === undefined
          ? await readBody(response, responseHeaders, options)
          : checkLength(
            new Uint8Array(await response.arrayBuffer()),
            length,
            options,
          );
      }
      this.endedAtMs = clock.nowMs();
      news.push({
        type: "answered",
        attempt: this,
        response,
        headers: responseHeaders,
        body,
      });
    } catch (error) {
      this.endedAtMs = clock.nowMs();
      news.push({ type: "failed", attempt: this, error, stage: this.stage });
    }
  }

  #init(headers: Record<string, string>): RequestInit | Promise<RequestInit> {
    const { request, body: prepared } = this.job;
    // Only what is not the default: `fetch` takes its time for each member.
    const init: RequestInit & { duplex?: "half" } = {
      signal: this.#controller.signal,
    };
    if (request.method !== "GET") init.method = request.method;
    if (request.redirect !== "follow") init.redirect = request.redirect;
    // A browser's own cache would answer beside ours, by other rules.
    if (this.#context.isBrowser) init.cache = "no-store";
    if (isSafe(request.method) && prepared === undefined) {
      for (const _ in headers) {
        init.headers = headers;
        break;
      }
      return init;
    }
    // The body's type may still go into them.
    init.headers = headers;
    if (prepared instanceof FormData) {
      const form = encodeForm(prepared);
      headers["content-type"] ??= form.contentType;
      return form.body.then((blob) => this.#withBody(init, blob));
    }
    // An empty blob where there is no body, for Deno resends a request without one, too.
    return this.#withBody(init, prepared ?? new Blob([]));
  }

  #withBody(
    init: RequestInit & { duplex?: "half" },
    body: Blob | ReadableStream<Uint8Array>,
  ): RequestInit {
    if (this.job.request.reportsProgress) {
      if (body instanceof Blob) this.uploadBytes = body.size;
      if (!(body instanceof Blob) || !this.#context.isBrowser) {
        const headers = init.headers as Record<string, string>;
        if (body instanceof Blob && body.type !== "") {
          headers["content-type"] ??= body.type;
        }
        body = countedStream(body, (sentBytes) => {
          this.sentBytes = sentBytes;
          this.#reportProgress();
        });
      }
    }
    init.body = body;
    if (!(body instanceof Blob)) init.duplex = "half";
    return init;
  }

  #readOptions(): ReadBodyOptions {
    const { request, maxBodyBytes } = this.job;
    return {
      maxBytes: maxBodyBytes,
      hasBody: request.method !== "HEAD",
      onProgress: request.reportsProgress
        ? (receivedBytes, totalBytes) => {
          this.receivedBytes = receivedBytes;
          this.downloadBytes = totalBytes;
          this.#reportProgress();
        }
        : undefined,
    };
  }

  async #stream(response: Response): Promise<void> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    while (true) {
      // The count grows here and shrinks when the game drains, so memory is bounded
      // by what the game lets lie, not by what the server sends.
      if (this.job.undrainedChunks >= MAX_UNDRAINED_CHUNKS) {
        await new Promise<void>((resolve) => this.#openGate = resolve);
      }
      if (this.#isAborted) {
        reader.cancel().catch(() => {});
        return;
      }
      const { done, value } = await reader.read();
      if (done) return;
      if (value.length === 0) continue;
      this.job.undrainedChunks++;
      // The runtime's chunks may be views on far larger buffers, which a game that keeps them would keep, too.
      const bytes = value.length * 2 < value.buffer.byteLength
        ? value.slice()
        : value;
      this.#context.news.push({ type: "chunk", attempt: this, bytes });
    }
  }

  #reportProgress(): void {
    if (this.hasProgress) return;
    this.hasProgress = true;
    this.#context.news.push({ type: "progress", attempt: this });
  }
}
