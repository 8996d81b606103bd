// This module is browser compatible.
import { clientAddress, type Metric, networkOf } from "../../core/mod.ts";
import {
  type Access,
  ApiKeys,
  Cors,
  type CorsLists,
  HttpProblem,
  InFlight,
  MAIN_TITLE,
  notFound,
  Query,
  RateLimits,
  RouteTable,
  segmentsOf,
  unavailable,
  urlOf,
} from "../../http/server/mod.ts";
import { ChangeCounts } from "../query/change_counts.ts";
import { QueryRoutes } from "../query/query_routes.ts";
import { addBatchRoutes } from "./_batch_routes.ts";
import { ByteBudget } from "./_byte_budget.ts";
import { type CallContext, CollectorCall } from "./_collector_call.ts";
import { counter, Counters, gauge } from "./_counters.ts";
import { GuardedStore } from "./_guarded_store.ts";
import { LabelGuards } from "./_label_guard.ts";
import { addPlayerRoutes } from "./_player_routes.ts";
import { problemOf } from "./_problems.ts";
import { Retention } from "./_retention.ts";
import { resolveOptions, type Settings } from "./_settings.ts";
import { TitleLimits } from "./_title_limits.ts";
import type { AnalyticsRole } from "./call.ts";
import type {
  AnalyticsCollectorOptions,
  AnalyticsHandlerInfo,
} from "./collector_options.ts";
import { PlayerHashes } from "./player_hash.ts";

/** What pages of other origins may ask and read. */
const CORS_LISTS: CorsLists = {
  methods: "GET, HEAD, POST, DELETE, OPTIONS",
  requestFields: "Content-Encoding, Content-Type, If-None-Match, X-Api-Key",
  responseFields: "Allow, Content-Disposition, ETag, Retry-After",
};
/** What games ask, wherever they run. */
const GAME_PATHS: ReadonlySet<string | undefined> = new Set([
  "batch",
  "players",
]);
/** How often limits of those who are not limited any more are forgotten. */
const SWEEP_SECONDS = 10;
/** How long is waited for requests at the end: a body may take 30 seconds. */
const MAX_CLOSE_MS = 35_000;

/**
 * The server half of analytics: takes batches, answers queries, and gives players what is stored of them, as
 * `analytics/PROTOCOL.md` says. It is bound to no runtime: `handler` answers requests, `tick` does what has a time of its
 * own.
 *
 * @example On Deno, in memory
 * ```ts
 * import { AnalyticsCollector, MemoryAnalyticsStore } from "@tickwire/net/analytics";
 *
 * const store = new MemoryAnalyticsStore();
 * const collector = new AnalyticsCollector({
 *   store,
 *   apiKeys: [
 *     { key: "ships-in-the-game", role: "game" },
 *     { key: "of-the-dashboard-and-secret", role: "reader" },
 *   ],
 * });
 * const server = Deno.serve({ port: 0, onListen: () => {} }, collector.handler);
 * collector.tick(1); // once a second
 *
 * await server.shutdown();
 * await collector.close();
 * await store.close();
 * ```
 */
export class AnalyticsCollector {
  /** Answers requests: bound, so that it can be given to a server as it is. */
  readonly handler: (
    request: Request,
    info?: AnalyticsHandlerInfo,
  ) => Promise<Response>;
  readonly #settings: Settings;
  readonly #store: GuardedStore;
  readonly #context: CallContext;
  readonly #keys: ApiKeys<AnalyticsRole> | undefined;
  readonly #gameCors = new Cors(["*"], CORS_LISTS);
  readonly #cors: Cors;
  readonly #addressLimits: RateLimits;
  readonly #titleLimits: TitleLimits;
  readonly #budget: ByteBudget;
  readonly #counters = new Counters();
  readonly #retention: Retention;
  readonly #inFlight = new InFlight();
  readonly #changes = new ChangeCounts();
  readonly #routes = new RouteTable<CollectorCall>();
  readonly #queries: QueryRoutes;
  #sweepSeconds = SWEEP_SECONDS;
  #closing: Promise<void> | undefined;

  /**
   * Creates a collector. Nothing is asked of the store yet.
   *
   * @param options What it needs, and its limits.
   * @throws {TypeError} If there is no store, or a definition of an event is of the wrong kind.
   * @throws {RangeError} If an option is out of its range.
   * @throws {SyntaxError} If a name in a definition of an event has another form.
   */
  constructor(options: AnalyticsCollectorOptions) {
    const settings = resolveOptions(options);
    this.#settings = settings;
    const { catalog, clock, apiKeys } = settings;
    this.#store = new GuardedStore(
      settings.store,
      settings.onError,
      (title) => this.#changes.add(title),
    );
    this.#context = {
      store: this.#store,
      catalog,
      eventNames: new Set(catalog.names),
      clock,
    };
    this.#keys = apiKeys === undefined ? undefined : new ApiKeys(apiKeys);
    this.#cors = new Cors(settings.allowedOrigins, CORS_LISTS);
    this.#addressLimits = new RateLimits(settings.addressRate);
    this.#titleLimits = new TitleLimits(settings.titleRate);
    this.#budget = new ByteBudget(settings.maxInFlightBytes);
    this.#retention = new Retention(
      this.#store,
      clock,
      settings.eventRetentionMs,
      settings.rollupRetentionMs,
      (rows) => this.#counters.expired += rows,
    );
    this.#queries = new QueryRoutes({
      changes: (title) => this.#changes.of(title),
      run: crypto.randomUUID(),
    });
    addBatchRoutes(this.#routes, {
      catalog,
      budget: this.#budget,
      guards: new LabelGuards(this.#store),
      titleLimits: this.#titleLimits,
      counters: this.#counters,
      hashes: new PlayerHashes(),
    });
    addPlayerRoutes(this.#routes, this.#counters);
    this.handler = (request, info) => this.#handle(request, info);
  }

  /**
   * Moves on what has a time of its own: removing what is old, a slice at a time, and forgetting addresses that are not
   * near their limit. It starts such work and never waits for it.
   *
   * @param dt Seconds since the last call: 0 or more. A call a second is enough.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    if (this.#closing !== undefined) return;
    this.#retention.tick(dt);
    this.#sweepSeconds -= dt;
    if (this.#sweepSeconds > 0) return;
    this.#sweepSeconds = SWEEP_SECONDS;
    this.#addressLimits.sweep(this.#settings.clock.nowMs());
  }

  /**
   * Tells what the collector has counted, for OpenMetrics.
   *
   * @returns The numbers as they are now.
   */
  *metrics(): IterableIterator<Metric> {
    yield* this.#counters.metrics();
    for (
      const [by, value] of [
        ["address", this.#addressLimits.refused],
        ["title", this.#titleLimits.refused],
      ] as const
    ) {
      yield counter(
        "rate_limited",
        "Requests beyond the limits of rates",
        value,
        { by },
      );
    }
    yield counter(
      "overloaded",
      "Batches for which there was no room in memory",
      this.#budget.refused,
    );
    yield counter(
      "store_failures",
      "Calls of the store that failed",
      this.#store.failures,
    );
    yield counter(
      "queries_not_modified",
      "Queries that were answered without the store, as nothing had changed",
      this.#queries.notModified,
    );
    yield counter(
      "queries_refused",
      "Queries that were refused, as too many were waiting",
      this.#queries.refused,
    );
    yield counter(
      "queries_timed_out",
      "Queries that were given up, as they took too long",
      this.#queries.timedOut,
    );
    yield gauge(
      "queries_running",
      "Queries that are running",
      this.#queries.running,
    );
    yield gauge(
      "queries_waiting",
      "Queries that wait for others to end",
      this.#queries.waiting,
    );
    yield gauge(
      "requests_in_flight",
      "Requests that are being answered",
      this.#inFlight.count,
    );
    yield gauge(
      "in_flight_bytes",
      "Bytes of batches that are under way",
      this.#budget.bytes,
    );
  }

  /**
   * Answers requests with 503 from now on, and waits for what is under way. The store is its owner's to close. Closing
   * twice has no effect.
   *
   * @returns A promise that resolves when the collector has nothing more to do, or has waited for 35 seconds.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.#inFlight.ended(MAX_CLOSE_MS);
    await this.#retention.close();
  }

  async #handle(
    request: Request,
    info: AnalyticsHandlerInfo | undefined,
  ): Promise<Response> {
    let cors = this.#cors;
    let response = await this.#inFlight.run(async () => {
      try {
        const url = urlOf(request);
        const segments = segmentsOf(url, this.#settings.basePath);
        if (GAME_PATHS.has(segments[0])) cors = this.#gameCors;
        // Before any key, which a browser does not send along.
        if (request.method === "OPTIONS") return cors.preflight(request);
        return cors.apply(
          request,
          await this.#answer(request, info, url, segments),
        );
      } catch (error) {
        const problem = problemOf(error, this.#settings.onError);
        return cors.apply(request, problem.toResponse());
      }
    });
    this.#counters.countResponse(response.status);
    if (request.method === "HEAD" && response.body !== null) {
      const { status, headers, body } = response;
      body.cancel().catch(() => {});
      response = new Response(null, { status, headers });
    }
    return response;
  }

  async #answer(
    request: Request,
    info: AnalyticsHandlerInfo | undefined,
    url: URL,
    segments: readonly string[],
  ): Promise<Response> {
    if (this.#closing !== undefined) throw unavailable();
    // Before the body, which may take its time: the error of the client's clock is found out by it.
    const receivedMs = Math.trunc(this.#settings.clock.epochMs());
    const query = new Query(url.search);
    const access = await this.#accessOf(request, query, info);
    const call = new CollectorCall(
      request,
      url,
      query,
      segments,
      access,
      receivedMs,
      this.#context,
    );
    const response = this.#routes.handle(call) ?? this.#queries.handle(call);
    if (response !== undefined) return await response;
    throw notFound();
  }

  /** What the key of a request opens. Rejects with a problem, also if its address has asked too often. */
  async #accessOf(
    request: Request,
    query: Query,
    info: AnalyticsHandlerInfo | undefined,
  ): Promise<Access<AnalyticsRole>> {
    let access: Access<AnalyticsRole> | undefined;
    let isLimited = true;
    if (this.#keys === undefined) access = { title: MAIN_TITLE, role: "admin" };
    else {
      const key = request.headers.get("x-api-key");
      access = await this.#keys.find(key ?? query.get("key") ?? null);
      // A URL is written down in more places than a secret should be.
      if (key === null && access?.role !== "game") access = undefined;
      // Who tries keys is limited like everybody who has none.
      isLimited = access === undefined || access.role === "game";
    }
    if (isLimited) this.#limitAddress(request, info);
    if (access !== undefined) return access;
    throw new HttpProblem(
      "unauthenticated",
      401,
      "Cannot answer as X-Api-Key must be a key of this collector",
    );
  }

  #limitAddress(
    request: Request,
    info: AnalyticsHandlerInfo | undefined,
  ): void {
    const address = networkOf(clientAddress(
      info?.remoteAddr?.hostname ?? "",
      request.headers.get("x-forwarded-for"),
      this.#settings.proxies,
    ));
    if (address === "") return;
    this.#addressLimits.take(address, this.#settings.clock.nowMs());
  }
}
