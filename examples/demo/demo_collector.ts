import { AnalyticsCollector } from "../../analytics/mod.ts";
import { AnalyticsPage } from "../../analytics/page/mod.ts";
import { SqliteAnalyticsStore } from "../../analytics/sqlite.ts";
import { FragileOrigin, type ServerLife } from "./fragile_origin.ts";

/** One batch in so many is answered with an error, before or after it was stored. */
const FAILS_EVERY = 4;

/**
 * The collector of the demo's server, in a file, on a server that goes down when it is told to. Of some batches it says
 * that they failed, though half of these have been stored. `GET /` is its dashboard.
 */
export class DemoCollector implements AsyncDisposable {
  readonly #folder: string;
  readonly #page: AnalyticsPage;
  readonly #origin: FragileOrigin;
  #batches = 0;

  private constructor(folder: string, page: AnalyticsPage) {
    this.#folder = folder;
    this.#page = page;
    this.#origin = new FragileOrigin(() => this.#make());
  }

  /** Starts it on a free port of 127.0.0.1. */
  static async start(): Promise<DemoCollector> {
    const folder = await Deno.makeTempDir();
    return new DemoCollector(folder, await AnalyticsPage.make());
  }

  /** Where it is. */
  get url(): string {
    return this.#origin.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#origin[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #make(): ServerLife {
    const store = new SqliteAnalyticsStore({
      path: `${this.#folder}/analytics.db`,
    });
    const collector = new AnalyticsCollector({ store });
    return {
      handler: async (request, info) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/") return this.#page.respond(request.method);
        if (pathname !== "/v1/batch") return collector.handler(request, info);
        this.#batches++;
        if (this.#batches % FAILS_EVERY !== 0) {
          return await collector.handler(request, info);
        }
        // Every other time the batch is stored, and its answer lost.
        if (this.#batches % (2 * FAILS_EVERY) === 0) {
          await collector.handler(request, info);
        } else await request.body?.cancel();
        return new Response("Out of luck\n", { status: 503 });
      },
      tick: (dt) => collector.tick(dt),
      async close() {
        await collector.close();
        await store.close();
      },
    };
  }
}
