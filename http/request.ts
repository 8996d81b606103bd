// This module is browser compatible.

import { HttpHeaders } from "./headers.ts";
import type { CachePolicy } from "./cache_policy.ts";
import { Method, type MethodName } from "./method.ts";

/**
 * What a request may carry. Bytes are copied by `send`; a `Blob` is immutable; a
 * `FormData` must not be changed before the terminal event; a `ReadableStream` is
 * read once, so a request with one is never retried.
 */
export type HttpBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>;

/** A value in a query string; `undefined` leaves the parameter out. */
export type QueryValue = string | number | boolean | bigint | undefined;

/** How a streamed response is watched, for {@linkcode HttpRequest.withStreaming}. */
export interface StreamingOptions {
  /**
   * Milliseconds without a byte after which the stream ends as a `timeout` event. The
   * attempt's `timeoutMs` counts only until the response's header is there.
   *
   * @default {30000}
   */
  readonly idleTimeoutMs?: number;
}

interface RequestFields {
  readonly method: MethodName;
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body: HttpBody | undefined;
  readonly timeoutMs: number | undefined;
  readonly deadlineMs: number | undefined;
  readonly retries: number | undefined;
  readonly priority: number;
  readonly tag: string | undefined;
  readonly cachePolicy: CachePolicy | undefined;
  readonly maxBodyBytes: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly redirect: RequestRedirect;
  readonly signal: AbortSignal | undefined;
  readonly idempotencyKey: string | undefined;
  readonly isDurable: boolean;
  readonly expiresMs: number;
  readonly orderKeys: readonly string[];
  readonly reportsProgress: boolean;
}

/**
 * What a game asks of a server. Immutable: each `with…` method returns a new
 * request, so one may be kept as a template and sent many times.
 *
 * The URL and the header fields are checked when the request is sent: an invalid
 * one is a `failure` event with the reason `invalidRequest`, never a throw.
 *
 * @example Build a request
 * ```ts
 * import { HttpRequest } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const template = HttpRequest.get("https://example.com/scores")
 *   .withTimeout(2_000)
 *   .withPriority(5);
 * const request = template.withQuery({ page: 2 }).bearerAuth("secret");
 * assertEquals(request.url, "https://example.com/scores?page=2");
 * assertEquals(template.url, "https://example.com/scores");
 * ```
 */
export class HttpRequest {
  readonly #fields: RequestFields;

  private constructor(fields: RequestFields) {
    this.#fields = fields;
  }

  /**
   * Makes a request with any method.
   *
   * @param method The method; `fetch` refuses CONNECT, TRACE and TRACK.
   * @param url An absolute `http:` or `https:` URL, or one relative to the client's `baseUrl`.
   * @returns The request.
   */
  static create(method: MethodName, url: string): HttpRequest {
    // As fetch does for all but "patch", which it would send in a form that servers refuse.
    const upper = method.toUpperCase();
    return new HttpRequest({
      method: Object.hasOwn(Method, upper) ? upper as Method : method,
      url,
      headers: NO_HEADERS,
      body: undefined,
      timeoutMs: undefined,
      deadlineMs: undefined,
      retries: undefined,
      priority: 0,
      tag: undefined,
      cachePolicy: undefined,
      maxBodyBytes: undefined,
      idleTimeoutMs: undefined,
      redirect: "follow",
      signal: undefined,
      idempotencyKey: undefined,
      isDurable: false,
      expiresMs: Infinity,
      orderKeys: NO_KEYS,
      reportsProgress: false,
    });
  }

  /**
   * Makes a GET request.
   *
   * @param url The URL, as in {@linkcode HttpRequest.create}.
   * @returns The request.
   */
  static get(url: string): HttpRequest {
    return HttpRequest.create(Method.GET, url);
  }

  /**
   * Makes a POST request.
   *
   * @param url The URL, as in {@linkcode HttpRequest.create}.
   * @param body What to send. The content type is that of the body's own kind unless a header says otherwise.
   * @returns The request.
   */
  static post(url: string, body?: HttpBody): HttpRequest {
    const request = HttpRequest.create(Method.POST, url);
    return body === undefined ? request : request.withBody(body);
  }

  /**
   * Makes a POST request that carries JSON.
   *
   * @param url The URL, as in {@linkcode HttpRequest.create}.
   * @param value The value to serialise.
   * @returns The request, with `Content-Type: application/json`.
   * @throws {TypeError} If `JSON.stringify` cannot serialise the value.
   */
  static postJson(url: string, value: unknown): HttpRequest {
    return HttpRequest.create(Method.POST, url).withJson(value);
  }

  /** The method. */
  get method(): MethodName {
    return this.#fields.method;
  }

  /** The URL as given, with the query parameters added. */
  get url(): string {
    return this.#fields.url;
  }

  /** The request's own header fields; the client adds its defaults when it sends. Not to be changed. */
  get headers(): HttpHeaders {
    return this.#fields.headers;
  }

  /** The body, if there is one. */
  get body(): HttpBody | undefined {
    return this.#fields.body;
  }

  /** Milliseconds for one attempt, or `undefined` for the client's `timeoutMs`. */
  get timeoutMs(): number | undefined {
    return this.#fields.timeoutMs;
  }

  /** Milliseconds from `send` to the end whatever happens, or `undefined` for the client's `deadlineMs`. */
  get deadlineMs(): number | undefined {
    return this.#fields.deadlineMs;
  }

  /** Attempts after the first one, or `undefined` for the client's `retries`. */
  get retries(): number | undefined {
    return this.#fields.retries;
  }

  /** The priority: higher is sent first. */
  get priority(): number {
    return this.#fields.priority;
  }

  /** The tag that `cancelByTag` looks for, repeated in the events. */
  get tag(): string | undefined {
    return this.#fields.tag;
  }

  /** How the cache is used, or `undefined` for RFC 9111 alone. */
  get cachePolicy(): CachePolicy | undefined {
    return this.#fields.cachePolicy;
  }

  /** Largest response body in bytes, or `undefined` for the client's `maxBodyBytes`. */
  get maxBodyBytes(): number | undefined {
    return this.#fields.maxBodyBytes;
  }

  /** Milliseconds a stream may be silent, or `undefined` if the response is not streamed. */
  get idleTimeoutMs(): number | undefined {
    return this.#fields.idleTimeoutMs;
  }

  /** What happens at a redirect. */
  get redirect(): RequestRedirect {
    return this.#fields.redirect;
  }

  /** The signal that cancels the request. */
  get signal(): AbortSignal | undefined {
    return this.#fields.signal;
  }

  /** The value of `Idempotency-Key`; empty if `send` is to make one. */
  get idempotencyKey(): string | undefined {
    return this.#fields.idempotencyKey;
  }

  /** Whether the request is kept in the client's journal until it is answered. */
  get isDurable(): boolean {
    return this.#fields.isDurable;
  }

  /** From when on it is not sent any more, in epoch milliseconds, or `Infinity`. */
  get expiresMs(): number {
    return this.#fields.expiresMs;
  }

  /** What it waits in line by. */
  get orderKeys(): readonly string[] {
    return this.#fields.orderKeys;
  }

  /** Whether progress events are wanted. */
  get reportsProgress(): boolean {
    return this.#fields.reportsProgress;
  }

  /**
   * Sets a header field.
   *
   * @param name The field's name, in any case.
   * @param value The field's value; replaces the client's default and an earlier one.
   * @returns A new request.
   */
  withHeader(name: string, value: string): HttpRequest {
    const headers = new HttpHeaders(this.#fields.headers);
    headers.set(name, value);
    return this.#with({ headers });
  }

  /**
   * Adds query parameters behind those that the URL has.
   *
   * @param params Names and values; `undefined` values are left out.
   * @returns A new request.
   */
  withQuery(params: Readonly<Record<string, QueryValue>>): HttpRequest {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) {
      if (value !== undefined) query.append(name, String(value));
    }
    const added = query.toString();
    if (added === "") return this;
    const [, path = "", fragment = ""] = /^([^#]*)(.*)$/s.exec(this.url) ?? [];
    const separator = !path.includes("?") ? "?" : /[?&]$/.test(path) ? "" : "&";
    return this.#with({ url: path + separator + added + fragment });
  }

  /**
   * Sets the body.
   *
   * @param body What to send.
   * @returns A new request.
   */
  withBody(body: HttpBody): HttpRequest {
    return this.#with({ body });
  }

  /**
   * Sets a body of JSON and its content type.
   *
   * @param value The value to serialise.
   * @returns A new request.
   * @throws {TypeError} If `JSON.stringify` cannot serialise the value.
   */
  withJson(value: unknown): HttpRequest {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) {
      throw new TypeError(
        `Cannot send value as JSON as it has no JSON form: current type is ${typeof value}`,
      );
    }
    const headers = new HttpHeaders(this.#fields.headers);
    headers.set("content-type", "application/json");
    return this.#with({ headers, body: text });
  }

  /**
   * Sets the time of one attempt, until the last byte of the response (when streaming: until its header).
   *
   * @param timeoutMs Milliseconds above 0, or `Infinity`.
   * @returns A new request.
   * @throws {RangeError} If the time is not above 0.
   */
  withTimeout(timeoutMs: number): HttpRequest {
    return this.#with({ timeoutMs: checkTime("timeoutMs", timeoutMs) });
  }

  /**
   * Sets the time for everything: queue, rate limit, attempts and the waits between them.
   *
   * @param deadlineMs Milliseconds above 0 from `send` on, or `Infinity`.
   * @returns A new request.
   * @throws {RangeError} If the time is not above 0.
   */
  withDeadline(deadlineMs: number): HttpRequest {
    return this.#with({ deadlineMs: checkTime("deadlineMs", deadlineMs) });
  }

  /**
   * Sets how often a failed attempt is repeated. Only idempotent methods and requests
   * with an idempotency key are repeated.
   *
   * @param retries Attempts after the first one: an integer from 0 to 100.
   * @returns A new request.
   * @throws {RangeError} If the number is out of range.
   */
  withRetries(retries: number): HttpRequest {
    if (!Number.isInteger(retries) || retries < 0 || retries > 100) {
      throw new RangeError(
        `Cannot set retries as it must be an integer from 0 to 100: current value is ${retries}`,
      );
    }
    return this.#with({ retries });
  }

  /**
   * Sets the priority. Requests of one priority are sent in the order of `send`.
   *
   * @param priority Any finite number; higher is sent first; 0 by default.
   * @returns A new request.
   * @throws {RangeError} If the number is not finite.
   */
  withPriority(priority: number): HttpRequest {
    if (!Number.isFinite(priority)) {
      throw new RangeError(
        `Cannot set priority as it must be finite: current value is ${priority}`,
      );
    }
    return this.#with({ priority });
  }

  /**
   * Sets the tag.
   *
   * @param tag What `cancelByTag` looks for, and what the events repeat.
   * @returns A new request.
   */
  withTag(tag: string): HttpRequest {
    return this.#with({ tag });
  }

  /**
   * Sets how the cache is used.
   *
   * @param policy The policy.
   * @returns A new request.
   */
  withCache(policy: CachePolicy): HttpRequest {
    return this.#with({ cachePolicy: policy });
  }

  /**
   * Sets the largest body that is accepted; reading stops there and the request ends with `bodyTooLarge`.
   *
   * @param maxBodyBytes Decoded bytes: an integer of 0 or more.
   * @returns A new request.
   * @throws {RangeError} If the number is not an integer of 0 or more.
   */
  withMaxBodyBytes(maxBodyBytes: number): HttpRequest {
    if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 0) {
      throw new RangeError(
        `Cannot set maxBodyBytes as it must be an integer of 0 or more: current value is ${maxBodyBytes}`,
      );
    }
    return this.#with({ maxBodyBytes });
  }

  /**
   * Asks for the body of a 2xx response as `chunk` events behind one `responseStarted` event;
   * the `success` event at its end has an empty body. Other responses come whole. A streamed
   * request takes no `maxConcurrent` slot, uses no cache, and is not repeated once it has begun
   * to deliver. Its body has no size limit: chunks that are not drained stop the reading.
   *
   * @param options How the stream is watched.
   * @returns A new request.
   * @throws {RangeError} If the idle time is not above 0.
   */
  withStreaming(options: StreamingOptions = {}): HttpRequest {
    const idleTimeoutMs = options.idleTimeoutMs ?? 30_000;
    return this.#with({
      idleTimeoutMs: checkTime("idleTimeoutMs", idleTimeoutMs),
    });
  }

  /**
   * Asks for `uploadProgress` and `downloadProgress` events. Upload progress needs a
   * runtime that streams request bodies over HTTP/1.1 (Deno, Node, Bun): the body then goes
   * out in chunks without a Content-Length. Browsers report none. A streamed response has no
   * `downloadProgress`: its chunks tell.
   *
   * @returns A new request.
   */
  withProgress(): HttpRequest {
    return this.#with({ reportsProgress: true });
  }

  /**
   * Sets what happens at a redirect. Followed ones are limited to 20 by `fetch`. Of one that is not
   * followed ("manual") a browser shows nothing: its response has the status 0.
   *
   * @param redirect "follow" (default), "manual" or "error", as in `fetch`.
   * @returns A new request.
   */
  withRedirect(redirect: RequestRedirect): HttpRequest {
    return this.#with({ redirect });
  }

  /**
   * Cancels the request when a signal aborts.
   *
   * @param signal The signal.
   * @returns A new request.
   */
  withSignal(signal: AbortSignal): HttpRequest {
    return this.#with({ signal });
  }

  /**
   * Adds an `Idempotency-Key`, the same in every attempt, so that a method such as POST may be
   * repeated (draft-ietf-httpapi-idempotency-key-header).
   *
   * @param key The key; without one, `send` makes a random UUID for each request sent.
   * @returns A new request.
   */
  withIdempotencyKey(key = ""): HttpRequest {
    return this.#with({ idempotencyKey: key });
  }

  /**
   * Keeps the request in the client's journal from `send` until it is answered, over restarts. It gets
   * an idempotency key, is repeated until the server answers (no retry limit, circuit and rate
   * limit are waited for, and the client's own `deadlineMs` does not count), and never stores `Authorization`, `Cookie`
   * or `Proxy-Authorization`: use the client's `bearerToken`. The body must be text, bytes, or none.
   *
   * @returns A new request.
   */
  withDurability(): HttpRequest {
    return this.#with({ isDurable: true });
  }

  /**
   * Sets from when on the request is not sent any more, by the wall clock and over restarts: for what does harm, or is
   * worth nothing, when it comes late. It ends with the reason `expired` when its turn comes then.
   *
   * @param epochMs Milliseconds since 1970, or `Infinity`.
   * @returns A new request.
   * @throws {RangeError} If it is not a number.
   */
  withExpiry(epochMs: number): HttpRequest {
    if (Number.isNaN(epochMs)) {
      throw new RangeError(
        "Cannot set expiry as it must be a number: current value is NaN",
      );
    }
    return this.#with({ expiresMs: epochMs });
  }

  /**
   * Has the request wait until all that were sent before it with one of these keys have ended, each with all of its
   * attempts: so they come to the server in the order of `send`. Of durable requests those of an earlier run are before
   * all others.
   *
   * @param keys Any texts; none for no order.
   * @returns A new request.
   */
  withOrder(...keys: readonly string[]): HttpRequest {
    return this.#with({ orderKeys: [...new Set(keys)] });
  }

  /**
   * Sets `Authorization: Bearer …` (RFC 6750).
   *
   * @param token The token.
   * @returns A new request.
   */
  bearerAuth(token: string): HttpRequest {
    return this.withHeader("authorization", `Bearer ${token}`);
  }

  #with(changes: Partial<RequestFields>): HttpRequest {
    return new HttpRequest({ ...this.#fields, ...changes });
  }
}

const NO_HEADERS = new HttpHeaders();
const NO_KEYS: readonly string[] = Object.freeze([]);

function checkTime(name: string, ms: number): number {
  if (!(ms > 0)) {
    throw new RangeError(
      `Cannot set ${name} as it must be above 0: current value is ${ms}`,
    );
  }
  return ms;
}
