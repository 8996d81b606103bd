import { toJavaScript } from "../../../tools/pack.ts";
import { ROOT } from "../../../tools/run.ts";
import { decodedText } from "../../_testing/decoded_text.ts";
import { allEvents } from "../../_testing/stored_events.ts";
import { AnalyticsCollector } from "../../collector/collector.ts";
import { MemoryAnalyticsStore } from "../../store/memory_analytics_store.ts";
import type { EventRow } from "../../store/store.ts";

/** A batch as it came, or the question whether it may. */
export interface BrowserCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
  /** As it came, compressed or not. */
  readonly bytes: number;
  readonly text: string;
}

/** What every page has: the modules, and clients that tick by themselves. */
const SCRIPT = `
  import { IndexedDbJournal } from "/core/mod.js";
  import * as analytics from "/analytics/mod.js";
  globalThis.notices = [];
  globalThis.make = (name, options = {}) => {
    const client = new analytics.Analytics("1.2.0", "web", {
      apiKey: "game-key",
      ...(name !== "" && {
        journal: analytics.exclusiveJournal(name, () => IndexedDbJournal.open(name)),
      }),
      ...options,
    });
    setInterval(() => {
      client.tick(0.02);
      globalThis.ticks = (globalThis.ticks ?? 0) + 1;
      notices.push(...client.drainEvents());
    }, 20);
    analytics.installPageHandlers(client, globalThis);
    return client;
  };
  globalThis.recordAll = (client, from, to) => {
    for (let i = from; i < to; i++) {
      client.record(analytics.AnalyticsEvent.custom({ key: "browser", value: i }));
    }
  };
  globalThis.analytics = analytics;
  globalThis.isLoaded = true;
`;

/** A site with pages, and a collector of another origin, as a browser sees it. */
export class BrowserSite implements AsyncDisposable {
  /** Everything that came to the collector. */
  readonly calls: BrowserCall[] = [];
  readonly #store = new MemoryAnalyticsStore();
  readonly #collector = new AnalyticsCollector({
    store: this.#store,
    apiKeys: [{ key: "game-key", role: "game" }],
  });
  readonly #pages = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => page(request),
  );
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, info) => this.#take(request, info),
  );
  /** Where the collector sends who asks it; `undefined` where it answers itself. */
  redirect: string | undefined;

  /** A page; one with `?sandbox` has no storage of any kind. */
  get page(): string {
    return `http://127.0.0.1:${this.#pages.addr.port}/`;
  }

  /** Where the collector is mounted. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What is stored. */
  events(): Promise<EventRow[]> {
    return allEvents(this.#store);
  }

  /** The values of the events that `recordAll` recorded, sorted. */
  async values(): Promise<number[]> {
    return (await this.events())
      .filter(({ name }) => name === "custom")
      .map(({ data }) => JSON.parse(data).value).sort((a, b) => a - b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pages.shutdown();
    await this.#server.shutdown();
    await this.#collector.close();
    await this.#store.close();
  }

  async #take(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    const { method, headers, url } = request;
    const body = new Uint8Array(await request.arrayBuffer());
    this.calls.push({
      method,
      path: url.slice(new URL(url).origin.length),
      headers,
      bytes: body.length,
      text: await decodedText(body, headers),
    });
    if (this.redirect !== undefined) {
      return new Response(null, {
        status: 307,
        headers: {
          location: this.redirect,
          "access-control-allow-origin": "*",
        },
      });
    }
    return await this.#collector.handler(
      new Request(url, {
        method,
        headers,
        body: body.length === 0 ? null : body,
      }),
      info,
    );
  }
}

/** A page, or one of its modules. */
async function page(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/") {
    return new Response(
      `<!doctype html><link rel="icon" href="data:,"><script type="module">${SCRIPT}</script>`,
      {
        headers: {
          "content-type": "text/html",
          // A page of no origin, which browsers keep from all storage.
          ...(searchParams.has("sandbox") &&
            { "content-security-policy": "sandbox allow-scripts" }),
        },
      },
    );
  }
  try {
    const path = `.${pathname.replace(/\.js$/, ".ts")}`;
    const source = await Deno.readTextFile(new URL(path, ROOT));
    return new Response(toJavaScript(source), {
      headers: {
        "content-type": "text/javascript",
        "access-control-allow-origin": "*",
      },
    });
  } catch {
    return new Response(null, { status: 404 });
  }
}
