// This module is browser compatible.

import { Engine } from "./_engine.ts";
import { Settings } from "./_settings.ts";
import type { HttpClientOptions } from "./client_options.ts";
import type { HttpClientStats } from "./client_stats.ts";
import type { HttpEvent, RequestId } from "./event.ts";
import { HttpHeaders } from "./headers.ts";
import type { HttpRequest } from "./request.ts";

/**
 * An HTTP client that a game ticks. `send` queues, `tick` moves everything on, `drainEvents` hands out what
 * happened: exactly one of `success`, `failure`, `timeout` and `cancelled` for each request. Nothing blocks, nothing is
 * awaited, and nothing that a server or a network does throws.
 *
 * Time goes by `tick` alone: a paused game pauses time-outs and back-offs.
 *
 * @example Ask, tick, drain
 * ```ts
 * import { HttpClient, HttpRequest } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const client = new HttpClient({
 *   fetch: () => Promise.resolve(Response.json({ best: 4200 })),
 * });
 * const id = client.send(HttpRequest.get("https://example.com/best"));
 * let best: unknown;
 * while (client.pendingCount > 0) {
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) {
 *     if (event.type === "success" && event.id === id) {
 *       best = event.response.jsonField("best");
 *     }
 *   }
 *   await new Promise((resolve) => setTimeout(resolve)); // the rest of the frame
 * }
 * assertEquals(best, 4200);
 * ```
 */
export class HttpClient {
  readonly #settings: Settings;
  readonly #engine: Engine;

  /**
   * Makes a client. Nothing is sent before the first `tick`.
   *
   * @param options How it behaves.
   * @throws {RangeError} If a number is out of its range.
   * @throws {TypeError} If `baseUrl` is not an absolute http(s) URL, or `bearerToken` comes without it, or a default
   * header is invalid.
   */
  constructor(options: HttpClientOptions = {}) {
    this.#settings = new Settings(options);
    this.#engine = new Engine(this.#settings);
  }

  /** Whether each attempt and its outcome are logged. */
  get verbose(): boolean {
    return this.#settings.verbose;
  }
  set verbose(value: boolean) {
    this.#settings.verbose = value;
  }

  /**
   * Attempts under way at a time, streams not counted: 1 to 1024. A lower value takes effect as attempts end.
   *
   * @throws {RangeError} If it is set to a value out of range.
   */
  get maxConcurrent(): number {
    return this.#settings.maxConcurrent;
  }
  set maxConcurrent(value: number) {
    this.#settings.maxConcurrent = value;
  }

  /**
   * Milliseconds for which `CachePolicy.UseCache` reuses a response that says nothing about its freshness: 0 or more.
   * Always 0 in a client without a cache.
   *
   * @throws {RangeError} If it is set to a negative value.
   */
  get cacheTtlMs(): number {
    return this.#settings.cacheTtlMs;
  }
  set cacheTtlMs(value: number) {
    this.#settings.cacheTtlMs = value;
  }

  /** The header fields of every request; a copy. */
  get defaultHeaders(): HttpHeaders {
    return new HttpHeaders(this.#settings.defaultHeaders);
  }

  /** Requests without a terminal event so far. */
  get pendingCount(): number {
    return this.#engine.pendingCount;
  }

  /** Whether requests are sent; `setOnline` changes it. */
  get isOnline(): boolean {
    return this.#engine.isOnline;
  }

  /** What was counted so far. Makes an object: ask when you show it, not in every frame. */
  get stats(): HttpClientStats {
    return this.#engine.stats;
  }

  /**
   * Sets a header field of every later request, to whatever origin. For tokens use `bearerToken`, which goes to one.
   *
   * @param name The field's name, in any case.
   * @param value The field's value.
   * @throws {TypeError} If the name or the value is invalid.
   */
  setDefaultHeader(name: string, value: string): void {
    this.#settings.setDefaultHeader(name, value);
  }

  /**
   * Limits how often requests are sent: a token bucket of `limit` tokens that refills in `windowSecs`. The longest
   * prefix that fits a request's URL counts; requests elsewhere are not held up.
   *
   * @param baseUrl An origin or a longer prefix of URLs, such as "https://example.com/api"; it ends where a part of the
   * URL does, so that it does not cover "/apix". A relative one is resolved against the client's `baseUrl`. Setting
   * the same limit again changes nothing; another one replaces it and starts with all its tokens.
   * @param limit Requests per window, and at once: an integer of 1 or more.
   * @param windowSecs The window in seconds, above 0.
   * @throws {TypeError} If the prefix is not an http(s) URL.
   * @throws {RangeError} If a number is out of range.
   */
  setRateLimit(baseUrl: string, limit: number, windowSecs: number): void {
    this.#engine.setRateLimit(baseUrl, limit, windowSecs);
  }

  /**
   * Queues a request. The next `tick` looks into the cache and, if need be, sends it.
   *
   * @param request The request.
   * @returns The id that every event of the request repeats.
   * @throws {TypeError} If the request is durable and the client has no journal, its body cannot be stored, or its
   * response is to be streamed.
   */
  send(request: HttpRequest): RequestId {
    return this.#engine.send(request);
  }

  /**
   * Cancels a request. Its `cancelled` event is queued at once.
   *
   * @param id What `send` returned.
   * @returns `true` if the request was pending.
   */
  cancel(id: RequestId): boolean {
    return this.#engine.cancel(id);
  }

  /**
   * Cancels all requests with a tag.
   *
   * @param tag The tag.
   * @returns How many were cancelled.
   */
  cancelByTag(tag: string): number {
    return this.#engine.cancelByTag(tag);
  }

  /**
   * Cancels all requests.
   *
   * @returns How many were cancelled.
   */
  cancelAll(): number {
    return this.#engine.cancelAll();
  }

  /**
   * Hints whether the network is there. While it is not, requests wait (and are answered from the cache where it
   * may); attempts under way go on.
   *
   * @param online What the platform's `online` and `offline` events say.
   */
  setOnline(online: boolean): void {
    this.#engine.isOnline = online;
  }

  /**
   * Moves everything on by a frame: takes in what arrived, runs timers, answers from the cache, sends what may go.
   *
   * @param dt Seconds since the last tick, 0 or more. More than an hour counts as an hour.
   * @throws {RangeError} If `dt` is negative or not a number.
   */
  tick(dt: number): void {
    this.#engine.tick(dt);
  }

  /**
   * Hands out what happened since the last drain, oldest first. Events queued meanwhile wait for the next drain.
   * Leaving the loop early keeps the rest.
   *
   * @param budgetMs Milliseconds after which it stops, at least one event given: 0 or more; no limit by default.
   * @returns An iterator that removes what it yields.
   * @throws {RangeError} When iteration begins, if the budget is negative or not a number.
   */
  drainEvents(budgetMs?: number): IterableIterator<HttpEvent> {
    return this.#engine.events.drain(budgetMs);
  }

  /**
   * Takes one event.
   *
   * @returns The oldest event, or `undefined` if there is none.
   */
  pollEvent(): HttpEvent | undefined {
    return this.#engine.events.poll();
  }

  /** Forgets every stored response: for a change of user, say. */
  clearCache(): void {
    this.#engine.clearCache();
  }

  /** Forgets stored responses that could not be used without asking the server. */
  evictStaleCache(): void {
    this.#engine.evictStaleCache();
  }

  /**
   * Ends everything: each pending request gets its `cancelled` event; durable ones stay in the journal. Later requests
   * are cancelled when they are sent.
   */
  close(): void {
    this.#engine.close();
  }

  /** Closes the client: `using client = new HttpClient()`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
