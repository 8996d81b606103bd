// What the dashboard asks for, over a million events of four weeks in SQLite: how long an answer takes, how long the
// longest turn of the event loop meanwhile is, in which no batch is taken, and what it costs to ask again.
import {
  batchesOf,
  generateSessions,
} from "../../analytics/_testing/generate_sessions.ts";
import { AnalyticsCollector } from "../../analytics/mod.ts";
import { SqliteAnalyticsStore } from "../../analytics/sqlite.ts";
import { median, type Row, type Section } from "../_report.ts";

const DAY_MS = 86_400_000;
const DAYS = 28;
const QUERIES: Readonly<Record<string, string>> = {
  "filters": "filters?",
  "events by day": "events?step=day",
  "events by hour and build": "events?step=hour&by=build",
  "sessions by day": "sessions?step=day",
  "retention": "retention?",
  "funnel of players, 3 steps":
    "funnel?steps=sessionStart,floorComplete,bossEncounter",
  "frame times by build": "frames?by=build",
  "memory by platform": "memory?by=platform",
  "deaths by floor and cause": "deaths?",
  "drops": "drops?",
  "the newest 100": "recent?limit=100",
};

export async function measureQueries(isSmoke: boolean): Promise<Section> {
  const players = isSmoke ? 20 : 2_200;
  const rounds = isSmoke ? 1 : 5;
  const nowMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const folder = await Deno.makeTempDir();
  try {
    await using stack = new AsyncDisposableStack();
    const store = new SqliteAnalyticsStore({ path: `${folder}/analytics.db` });
    stack.defer(() => store.close());
    const collector = new AnalyticsCollector({ store });
    stack.defer(() => collector.close());
    const events = await fill(collector, players, nowMs);
    const range = `from=${nowMs - DAYS * DAY_MS}&to=${nowMs}`;
    const rows: Row[] = [];
    for (const [name, query] of Object.entries(QUERIES)) {
      const path = `query/${query}&${range}`;
      const times: number[] = [];
      const turns: number[] = [];
      let etag = "";
      for (let round = 0; round < rounds; round++) {
        const watch = new TurnWatch();
        const startMs = performance.now();
        const response = await ask(collector, path);
        await response.arrayBuffer();
        times.push(performance.now() - startMs);
        turns.push(watch.end());
        etag = response.headers.get("etag")!;
      }
      const startMs = performance.now();
      const { status } = await ask(collector, path, { "if-none-match": etag });
      if (status !== 304) throw new Error(`Cannot measure as it is ${status}`);
      rows.push({
        name,
        "ms": median(times),
        "longest turn ms": median(turns),
        "ms unchanged (304)": performance.now() - startMs,
      });
    }
    return {
      title: "analytics: what the dashboard asks, over SQLite",
      notes: [
        `${
          events.toLocaleString("en-US")
        } events of ${players} made up players over ${DAYS} days, medians of ${rounds} answers.`,
      ],
      rows,
      bars: [],
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function fill(
  collector: AnalyticsCollector,
  players: number,
  nowMs: number,
): Promise<number> {
  const sessions = generateSessions({ seed: 1, players, nowMs, days: DAYS });
  const waiting = new Set<Promise<void>>();
  let events = 0;
  for (const batch of batchesOf(sessions, { sentAt: Date.now() })) {
    const sent = (async () => {
      const response = await collector.handler(
        new Request("http://localhost/v1/batch", {
          method: "POST",
          body: JSON.stringify(batch),
        }),
      );
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.message);
      events += answer.accepted;
    })();
    waiting.add(sent);
    sent.finally(() => waiting.delete(sent));
    if (waiting.size >= 16) await Promise.race(waiting);
  }
  await Promise.all(waiting);
  return events;
}

async function ask(
  collector: AnalyticsCollector,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const response = await collector.handler(
    new Request(`http://localhost/v1/${path}`, { headers }),
  );
  if (response.status >= 400) throw new Error(await response.text());
  return response;
}

/** Finds the longest turn of the event loop. */
class TurnWatch {
  #lastMs = performance.now();
  #longestMs = 0;
  #isOver = false;

  constructor() {
    this.#look();
  }

  end(): number {
    this.#isOver = true;
    return Math.max(this.#longestMs, performance.now() - this.#lastMs);
  }

  #look(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (!this.#isOver) setTimeout(() => this.#look());
  }
}
