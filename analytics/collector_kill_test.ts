// A collector in a process of its own is killed (kill -9) while clients send to it, and started again on the same file:
// whatever it answered is there, and in the end each event is, once, in the events and in the sums. TICKWIRE_SOAK=1 kills
// 100 times, an ordinary run 4 times.
import { assert, assertEquals } from "@std/assert";
import { type Clock, SeededRandom } from "../core/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { decodedText } from "./_testing/decoded_text.ts";
import { FAULT_DEFINITIONS, PROBE, RARE } from "./_testing/fault_events.ts";
import { eventsOfRun, type RunJson } from "./_testing/journal_entry.ts";
import { NumberGuard } from "./_testing/number_guard.ts";
import { allEvents } from "./_testing/stored_events.ts";
import { Analytics } from "./client/analytics.ts";
import { playerHash } from "./collector/player_hash.ts";
import { dropReport } from "./query/drop_report.ts";
import { SqliteAnalyticsStore } from "./sqlite/sqlite_analytics_store.ts";
import type { EventRow } from "./store/store.ts";

const KILLS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100 : 4;
const CLIENTS = 3;
const SEED = 26;
const PROGRAM = new URL("serve.ts", import.meta.url);
const DEADLINE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How much faster than ours the clients' time passes. */
const SPEED = 20;

const FAST_CLOCK: Clock = {
  nowMs: () => performance.now() * SPEED,
  epochMs: () => Math.floor(performance.timeOrigin + performance.now() * SPEED),
};

/** Clients that play, and what was answered to them. */
class Players {
  readonly recorded = new Set<number>();
  /** The events, by session as it is stored and number, of batches to which an answer came. */
  readonly answered = new Set<string>();
  readonly clients: Analytics[];
  readonly #guard = new NumberGuard();
  readonly #random = new SeededRandom(SEED);
  #lastMs = FAST_CLOCK.nowMs();

  constructor() {
    this.clients = Array.from(
      { length: CLIENTS },
      () =>
        new Analytics("1.2.0", "linux", {
          clock: FAST_CLOCK,
          events: FAULT_DEFINITIONS,
          flushMs: 300,
          flushEvents: 20,
          rateLimit: false,
          http: {
            backoffBaseMs: 50,
            backoffMaxMs: 500,
            fetch: (url, init) => this.#fetch(url, init),
          },
        }),
    );
  }

  enable(port: number): void {
    for (const client of this.clients) {
      client.enable(`http://127.0.0.1:${port}`);
    }
  }

  /** Plays until a condition holds. */
  async play(isOver: () => boolean, records: number): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isOver()) {
      assert(performance.now() < endMs, "it takes too long");
      const nowMs = FAST_CLOCK.nowMs();
      const dt = (nowMs - this.#lastMs) / 1_000;
      this.#lastMs = nowMs;
      for (const client of this.clients) {
        for (let i = 0; i < records; i++) this.#record(client);
        client.tick(dt);
        for (const _ of client.drainEvents());
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Whether everything has arrived. */
  get isDone(): boolean {
    return this.clients.every(({ counters: { queued, stored } }) =>
      queued === 0 && stored === 0
    );
  }

  #record(client: Analytics): void {
    const id = this.recorded.size;
    this.recorded.add(id);
    const type = this.#random.nextU32() % 2 === 0 ? PROBE : RARE;
    assert(client.record(type.create({ id })));
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const bytes = new Uint8Array(
      await new Response(init.body as BodyInit).arrayBuffer(),
    );
    const text = await decodedText(bytes, new Headers(init.headers));
    const events = (JSON.parse(text).runs as RunJson[]).flatMap(eventsOfRun);
    this.#guard.see(events);
    const response = await fetch(url, init);
    if (response.status === 200) {
      for (const { session, number } of events) {
        this.answered.add(`${await playerHash(session)}/${number}`);
      }
    }
    return response;
  }
}

Deno.test(`AnalyticsCollector has what it answered over ${KILLS} kills`, async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/analytics.db`;
  await Deno.writeTextFile(
    `${folder}/events.json`,
    JSON.stringify(FAULT_DEFINITIONS),
  );
  const start = () =>
    ServerProcess.start(PROGRAM, {
      flags: ["--no-check"],
      args: [
        ...["--port", "0", "--database", file, "--quiet"],
        ...["--events", `${folder}/events.json`],
      ],
    });
  const random = new SeededRandom(SEED);
  const players = new Players();
  let unanswered = 0;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      await using server = await start();
      players.enable(server.port);
      const before = players.answered.size;
      const enough = before + 100 + random.nextU32() % 500;
      await players.play(() => players.answered.size >= enough, 3);
      const killMs = performance.now() + 30 * random.nextFloat();
      await players.play(() => performance.now() >= killMs, 3);
      await server.kill();
      const there = keysOf(await eventsIn(file));
      for (const key of players.answered) {
        assert(there.has(key), `${key} is lost`);
      }
      unanswered += there.size - players.answered.size;
    }
    await using server = await start();
    players.enable(server.port);
    for (const client of players.clients) client.flush();
    await players.play(() => players.isDone, 0);
    await Promise.all(players.clients.map((client) => client.close(5_000)));
    await server.kill();

    const rows = await eventsIn(file);
    assertEquals(keysOf(rows).size, rows.length);
    const ids = rows.map(({ data }) => JSON.parse(data).id)
      .filter((id) => id !== undefined);
    assertEquals(ids.length, players.recorded.size);
    assertEquals(new Set(ids), players.recorded);
    await using store = new SqliteAnalyticsStore({ path: file });
    const nowMs = Date.now();
    const report = await dropReport(store, {
      title: "main",
      fromMs: nowMs - DAY_MS,
      toMs: nowMs + DAY_MS,
      nowMs,
      idleMs: 1_800_000,
    });
    assertEquals([report.rows, report.accepted], [[], rows.length]);
    console.log(
      `${KILLS} kills: ${rows.length} events, each once; ${unanswered} were stored and not answered`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function eventsIn(file: string): Promise<EventRow[]> {
  await using store = new SqliteAnalyticsStore({ path: file });
  return await allEvents(store);
}

function keysOf(rows: readonly EventRow[]): Set<string> {
  return new Set(rows.map(({ session, number }) => `${session}/${number}`));
}
