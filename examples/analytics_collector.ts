/**
 * A collector of analytics of one's own: a store, the game's events, how long they are kept, and a dashboard.
 *
 *     deno run -A examples/analytics_collector.ts [--port 8000] [--hostname 127.0.0.1] [--database analytics.db]
 *
 * Without a database everything is gone when it ends. `analytics/serve.ts` is a server to run as it is; this one shows
 * how to make another.
 *
 * @module
 */

import {
  AnalyticsCollector,
  type AnalyticsHandlerInfo,
  defineEvent,
  MemoryAnalyticsStore,
} from "../analytics/mod.ts";
import { AnalyticsPage } from "../analytics/page/mod.ts";
import { SqliteAnalyticsStore } from "../analytics/sqlite.ts";
import { PollLoop } from "../core/mod.ts";

const HZ = 10;
const DAY_MS = 86_400_000;

/** What the game records beside the built-in events. Game and collector import it from one file. */
export const PotionDrunk = defineEvent("potionDrunk", {
  potion: { kind: "label" },
  healthBefore: { kind: "int", min: 0, max: 100 },
});

/** The collector of a game, without a socket of its own. */
export class GameAnalytics {
  readonly collector: AnalyticsCollector;
  readonly #store: MemoryAnalyticsStore | SqliteAnalyticsStore;
  readonly #page = AnalyticsPage.make();

  /** @param database The file of what is collected; `undefined` to keep it in memory. */
  constructor(database?: string) {
    this.#store = database === undefined
      ? new MemoryAnalyticsStore()
      : new SqliteAnalyticsStore({ path: database });
    this.collector = new AnalyticsCollector({
      store: this.#store,
      events: [PotionDrunk.definition],
      // What players do is of use for a month; what it comes to, for years.
      eventRetentionMs: 30 * DAY_MS,
      rollupRetentionMs: 730 * DAY_MS,
      // Without keys whoever reaches it may do everything, which is for this machine alone:
      // apiKeys: [{ role: "game", key: "my-game" }, { role: "reader", key: secretOfTheDashboard }],
      onError: (error) => console.error(error),
    });
  }

  /**
   * Answers requests for the dashboard and for the collector.
   *
   * @param request The request.
   * @param info Where it comes from.
   * @returns The answer.
   */
  async handler(
    request: Request,
    info?: AnalyticsHandlerInfo,
  ): Promise<Response> {
    const isPage = new URL(request.url).pathname === "/";
    return isPage
      ? (await this.#page).respond(request.method)
      : await this.collector.handler(request, info);
  }

  /**
   * Moves everything on: what is old is removed.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void {
    this.collector.tick(dt);
  }

  /** Ends it: first what is under way, and then the store. */
  async close(): Promise<void> {
    await this.collector.close();
    await this.#store.close();
  }
}

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1] ?? "";
}

if (import.meta.main) {
  const port = Number(option("--port") ?? "8000");
  const hostname = option("--hostname") ?? "127.0.0.1";
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error("Cannot serve as --port must be an integer from 0 to 65535");
    Deno.exit(2);
  }
  const analytics = new GameAnalytics(option("--database"));
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    (request, info) => analytics.handler(request, info),
  );
  console.log(`ready ${server.addr.port}`);
  console.log(`Dashboard: http://${hostname}:${server.addr.port}/`);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const loop = new PollLoop();
  loop.add(analytics);
  await loop.run({ hz: HZ, signal: stop.signal });
  await server.shutdown();
  await analytics.close();
  Deno.exit();
}
