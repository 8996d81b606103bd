// The dashboard over the collector itself, with made up players who send their batches to it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ExpectedAnswers } from "../_testing/expected_answers.ts";
import {
  batchesOf,
  type GeneratedSession,
  generateSessions,
} from "../_testing/generate_sessions.ts";
import { AnalyticsCollector } from "../collector/collector.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import { browserTest } from "./_testing/page_driver.ts";
import { AnalyticsPage } from "./mod.ts";

const DAY_MS = 86_400_000;

/** A collector and its page, on a port. */
class Site {
  readonly #store = new MemoryAnalyticsStore();
  readonly #collector = new AnalyticsCollector({ store: this.#store });
  readonly #http: Deno.HttpServer<Deno.NetAddr>;

  constructor(page: AnalyticsPage) {
    this.#http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) =>
        new URL(request.url).pathname === "/"
          ? page.respond(request.method)
          : this.#collector.handler(request, info),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}/`;
  }

  async send(sessions: readonly GeneratedSession[]): Promise<void> {
    for (const batch of batchesOf(sessions, { sentAt: Date.now() })) {
      const response = await fetch(`${this.url}v1/batch`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(batch),
      });
      const body = await response.json();
      assertEquals(response.status, 200, JSON.stringify(body));
      assertEquals(body.refused, []);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.shutdown();
    await this.#collector.close();
    await this.#store.close();
  }
}

browserTest(
  "AnalyticsPage shows what players sent to a collector",
  async (page) => {
    await using site = new Site(await AnalyticsPage.make());
    const sessions = [
      ...generateSessions({
        seed: 6,
        players: 60,
        days: 12,
        nowMs: Date.now() - 60_000,
        framesPerMinute: 20,
      }),
    ];
    const late = sessions.slice(-5);
    const early = sessions.slice(0, -5);
    await site.send(early);
    await page.open(
      `${site.url}#tables=events,sessions,retention,funnel,frames,deaths&events=death,itemPickup`,
    );

    const toMs = (Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS;
    const range = { fromMs: toMs - 7 * DAY_MS, toMs };
    const expected = new ExpectedAnswers(early);
    const [head] = await page.table("events");
    assertEquals(new Set(head!.slice(1)), new Set(["death", "itemPickup"]));
    const rows = await page.counts("events");
    const counts = expected.events(range, DAY_MS) as {
      startMs: number;
      event: string;
      count: number;
    }[];
    for (const [i, row] of rows.entries()) {
      for (const j of [1, 2]) {
        const own = counts.find(({ startMs, event }) =>
          startMs === range.fromMs + i * DAY_MS && event === head![j]
        );
        assertEquals(row[j], own?.count ?? 0, `${head![j]} on day ${i}`);
      }
    }
    const { total } = expected.sessions(range, DAY_MS, Date.now(), 1_800_000);
    assertEquals(
      await page.text("#figure-sessions .figure"),
      total.sessions.toLocaleString("en-US"),
    );
    assertEquals(
      await page.text("#figure-players .figure"),
      total.players.toLocaleString("en-US"),
    );
    const deaths = expected.deaths(range) as {
      floor: number | null;
      cause: string;
      count: number;
    }[];
    assertEquals(
      new Set((await page.counts("deaths")).map((row) => row.join())),
      new Set(deaths.map((it) => `${it.floor},${it.cause},${it.count}`)),
    );
    assert((await page.table("frames")).length > 2);
    assertEquals((await page.table("funnel")).length, 5);
    assertMatch(await page.text("#figure-frame .figure"), /^\d+\.\d ms$/);
    assertEquals((await page.table("recent")).length, 51);

    // What comes is there with the next round.
    await site.send(late);
    await page.poll();
    const all = new ExpectedAnswers(sessions)
      .sessions(range, DAY_MS, Date.now(), 1_800_000).total.sessions;
    assert(all > total.sessions);
    await page.session.until<string>(
      `document.querySelector("#figure-sessions .figure").textContent`,
      (text) => text === all.toLocaleString("en-US"),
    );

    await page.choose("#platform", "windows");
    await page.settled();
    const windows = new ExpectedAnswers(sessions).sessions(
      { ...range, platform: "windows" },
      DAY_MS,
      Date.now(),
      1_800_000,
    ).total.sessions;
    await page.session.until<string>(
      `document.querySelector("#figure-sessions .figure").textContent`,
      (text) => text === windows.toLocaleString("en-US"),
    );
    page.assertCalm();
  },
);
