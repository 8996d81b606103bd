/**
 * A collector of analytics that runs as it is: everything in one file, a dashboard, health, metrics and a log.
 *
 * ```sh
 * export TICKWIRE_API_KEYS=main:game:my-game,main:reader:$(openssl rand -hex 16)
 * deno run -A jsr:@tickwire/net/analytics/serve --port 8080 --events events.json --keep-days 90
 * ```
 *
 * What it answers is `analytics/PROTOCOL.md`; `Analytics` sends to it. The file of `--events` declares what the game
 * records beside the built-in events; the game can read the same file (`readEventDefinitions`). Without API keys whoever
 * reaches it may do everything, for which reason it listens at this machine alone unless told otherwise.
 *
 * `GET /` is the dashboard: it asks for a key of the role `reader`, where there are keys. `/healthz` answers 200, or 503
 * while it shuts down; `/metrics` answers in the format of OpenMetrics. It prints `ready` and the port, and then a line of
 * JSON for each request: no address, no query, no key and no player's id is in it. At SIGINT and SIGTERM requests under
 * way are answered and the file is closed; a second one ends it at once. With `--otlp` all events and sketches are sent
 * on to an OpenTelemetry Collector; after a restart that goes on where it was. Whatever needs rules of its own makes an
 * `AnalyticsCollector`. TLS is for a proxy before it.
 *
 * @module
 */

import type { Metric } from "../core/mod.ts";
import {
  runServer,
  serveUntilStopped,
  type Service,
} from "../http/server/serve_deno.ts";
import {
  type OtlpTarget,
  readServeOptions,
  type ServeOptions,
  USAGE,
} from "./_serve_options.ts";
import {
  AnalyticsCollector,
  type EventDefinition,
  OtlpExporter,
} from "./mod.ts";
import { AnalyticsPage } from "./page/mod.ts";
import { SqliteAnalyticsStore } from "./sqlite.ts";

const HZ = 10;
/** What follows is known to the player alone, and lets whoever knows it read and erase. */
const PLAYER_PATH = /^(\/v1\/players\/).*$/;
/** What is too short to be such an id, and is not encoded: the same path may be written in many ways, and misspelt. */
const LOGGED_SEGMENT = /^[A-Za-z0-9._-]{0,20}$/;

/** Sends on what the store has, as fast as it is taken. */
function makeExporter(
  { url, headers }: OtlpTarget,
  events: readonly EventDefinition[],
  store: SqliteAnalyticsStore,
  onError: (error: unknown) => void,
): OtlpExporter {
  let isWoken = false;
  const exporter = new OtlpExporter({
    store,
    endpoint: url,
    headers,
    events,
    http: {
      onWake: () => {
        if (isWoken) return;
        isWoken = true;
        setTimeout(() => {
          isWoken = false;
          exporter.tick(0);
        });
      },
    },
    onError: ({ type, signal, status, message, lost }) => {
      const what = [
        type,
        signal,
        status,
        lost > 0 ? `${lost} lost` : "",
        message,
      ];
      onError(
        new Error(`Cannot send on by OTLP: ${what.filter(Boolean).join(", ")}`),
      );
    },
  });
  return exporter;
}

/** A collector and what it stands on. */
class CollectorService implements Service {
  readonly #collector: AnalyticsCollector;
  readonly #page: AnalyticsPage;
  readonly #exporter: OtlpExporter | undefined;
  readonly #store: SqliteAnalyticsStore;

  private constructor(
    collector: AnalyticsCollector,
    page: AnalyticsPage,
    exporter: OtlpExporter | undefined,
    store: SqliteAnalyticsStore,
  ) {
    this.#collector = collector;
    this.#page = page;
    this.#exporter = exporter;
    this.#store = store;
  }

  static async open(
    options: ServeOptions,
    onError: (error: unknown) => void,
  ): Promise<CollectorService> {
    const { apiKeys, origins, otlp } = options;
    const store = new SqliteAnalyticsStore({ path: options.database });
    const collector = new AnalyticsCollector({
      store,
      events: options.events,
      eventRetentionMs: options.eventRetentionMs,
      rollupRetentionMs: options.rollupRetentionMs,
      trustedProxies: options.trustedProxies,
      onError,
      ...(apiKeys !== undefined && { apiKeys }),
      ...(origins !== undefined && { allowedOrigins: origins }),
    });
    const exporter = otlp && makeExporter(otlp, options.events, store, onError);
    const titles = new Set(
      apiKeys?.map(({ title = "main" }) => title) ?? ["main"],
    );
    const page = await AnalyticsPage.make(
      [...titles].map((title) => ({ title })),
    );
    return new CollectorService(collector, page, exporter, store);
  }

  answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    pathname: string,
  ): Response | Promise<Response> {
    const { method } = request;
    const isRead = method === "GET" || method === "HEAD";
    return isRead && pathname === "/"
      ? this.#page.respond(method)
      : this.#collector.handler(request, info);
  }

  loggedPath(pathname: string): string {
    return pathname.replace(PLAYER_PATH, "$1*").split("/")
      .map((segment) => LOGGED_SEGMENT.test(segment) ? segment : "*").join("/");
  }

  *metrics(): IterableIterator<Metric> {
    yield* this.#collector.metrics();
    if (this.#exporter !== undefined) yield* this.#exporter.metrics();
  }

  tick(dt: number): void {
    this.#collector.tick(dt);
    this.#exporter?.tick(dt);
  }

  async stop(): Promise<void> {
    // What it has not sent it sends after a restart.
    this.#exporter?.close();
    await this.#collector.close();
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

async function serve(options: ServeOptions): Promise<void> {
  const { port, hostname, isQuiet, apiKeys } = options;
  const notice = apiKeys === undefined
    ? `There are no API keys: whoever reaches ${hostname} may send, read and erase`
    : undefined;
  await serveUntilStopped(
    { port, hostname, isQuiet, hz: HZ, notice },
    (onError) => CollectorService.open(options, onError),
  );
}

if (import.meta.main) await runServer(USAGE, readServeOptions, serve);
