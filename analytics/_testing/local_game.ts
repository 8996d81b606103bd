import { ManualClock, MemoryJournal, SeededRandom } from "../../core/mod.ts";
import type { Journal } from "../../core/mod.ts";
import { settle } from "../../http/_testing/fake_fetch.ts";
import { Analytics } from "../client/analytics.ts";
import type { AnalyticsNotice } from "../client/analytics_notice.ts";
import type { AnalyticsOptions } from "../client/analytics_options.ts";
import { AnalyticsCollector } from "../collector/collector.ts";
import type { AnalyticsStore } from "../store/store.ts";
import { decodedText } from "./decoded_text.ts";
import { FAULT_DEFINITIONS } from "./fault_events.ts";
import { eventsOfRun, type RunJson } from "./journal_entry.ts";
import { NumberGuard } from "./number_guard.ts";

/** When it begins: 2026-11-25T00:00:00.000Z. */
export const START_MS = Date.UTC(2026, 10, 25);
const MAX_TURNS = 1_000;
const MAX_STEPS = 20_000;

/** What answers in place of the collector, or after it. */
export type Gateway = (
  request: Request,
  forward: () => Promise<Response>,
) => Promise<Response>;

/** A process of the client. What it does when it is dead has no effect, and nothing answers it. */
export interface GameProcess {
  isDead: boolean;
}

/** A journal that survives the process that opened it. */
class DurableJournal implements Journal {
  readonly #inner: Journal;
  readonly #process: GameProcess;

  constructor(inner: Journal, process: GameProcess) {
    this.#inner = inner;
    this.#process = process;
  }

  append(bytes: Uint8Array): Promise<number> {
    return this.#call(() => this.#inner.append(bytes));
  }

  read(afterId: number, maxBytes: number): ReturnType<Journal["read"]> {
    return this.#call(() => this.#inner.read(afterId, maxBytes));
  }

  remove(upToId: number): Promise<void> {
    return this.#call(() => this.#inner.remove(upToId));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #call<T>(call: () => Promise<T>): Promise<T> {
    return this.#process.isDead ? new Promise(() => {}) : call();
  }
}

/**
 * A client and a collector in one process, without sockets and timers: one process of the client after another, on one
 * journal. The collector's clock is right; that of the client is what a test makes of it.
 */
export class LocalGame {
  /** The right time. */
  readonly clock = new ManualClock({ epochMs: START_MS });
  /** What waits to be sent. */
  readonly journal: MemoryJournal;
  readonly guard = new NumberGuard();
  readonly notices: AnalyticsNotice[] = [];
  /** Errors that the collector had, and numbers that were used twice. */
  readonly failures: unknown[] = [];
  readonly collector: AnalyticsCollector;
  gateway: Gateway = (_request, forward) => forward();
  analytics!: Analytics;
  /** The clock of the client. */
  clientClock!: ManualClock;
  readonly #options: AnalyticsOptions;
  #process: GameProcess = { isDead: false };
  #starts = 0;
  /** Requests that the collector, or what stands before it, has not answered yet. */
  inFlight = 0;

  constructor(
    store: AnalyticsStore,
    options: AnalyticsOptions = {},
    maxBytes = 4_194_304,
  ) {
    this.#options = options;
    this.journal = new MemoryJournal({ maxBytes });
    this.collector = new AnalyticsCollector({
      store,
      events: FAULT_DEFINITIONS,
      clock: this.clock,
      onError: (error) => this.failures.push(error),
    });
  }

  /** Begins a process of the client, whose wall clock is wrong by so much. */
  async start(errorMs = 0): Promise<void> {
    const process = { isDead: false };
    this.#process = process;
    this.clientClock = new ManualClock({
      nowMs: 1_000 * ++this.#starts,
      epochMs: this.clock.epochMs() + errorMs,
    });
    this.analytics = new Analytics("1.2.0", "linux", {
      events: FAULT_DEFINITIONS,
      journal: () => this.openJournal(process),
      ...this.#options,
      clock: this.clientClock,
      random: new SeededRandom(this.#starts),
      http: {
        ...this.#options.http,
        fetch: (url, init) => this.#fetch(new Request(url, init), process),
      },
    });
    this.enable();
    await this.step(0);
  }

  /** The player agrees. */
  enable(): void {
    this.analytics.enable("http://collector.test");
  }

  /** Lets what was answered arrive, and a frame pass. */
  async step(dt: number): Promise<void> {
    await settle();
    this.clock.advance(dt * 1_000);
    this.clientClock.advance(dt * 1_000);
    this.analytics.tick(dt);
    this.notices.push(...this.analytics.drainEvents());
  }

  /** Steps until a condition holds. */
  async until(isDone: () => boolean, dt: number): Promise<void> {
    for (let i = 0; i < MAX_STEPS; i++) {
      if (isDone()) return;
      await this.step(dt);
      // What decompresses has threads of its own: on a busy machine the game's time would run away from it.
      for (let turn = 0; turn < MAX_TURNS && this.inFlight > 0; turn++) {
        await settle();
      }
    }
    throw new Error(`It did not come to that in ${MAX_STEPS} steps`);
  }

  /** Sends what waits, however often it takes. */
  async flush(): Promise<void> {
    this.analytics.flush();
    await this.until(() => {
      const { queued, stored } = this.analytics.counters;
      return queued === 0 && stored === 0;
    }, 1);
  }

  /** Kills the process. */
  kill(): void {
    this.#process.isDead = true;
  }

  /** What a process opens as its journal. */
  protected openJournal(process: GameProcess): Journal {
    return new DurableJournal(this.journal, process);
  }

  async #fetch(request: Request, process: GameProcess): Promise<Response> {
    this.inFlight++;
    try {
      return await this.#take(request, process);
    } finally {
      this.inFlight--;
    }
  }

  async #take(request: Request, process: GameProcess): Promise<Response> {
    if (request.method === "POST") {
      const bytes = new Uint8Array(await request.clone().arrayBuffer());
      const { runs } = JSON.parse(await decodedText(bytes, request.headers));
      try {
        for (const run of runs as RunJson[]) this.guard.see(eventsOfRun(run));
      } catch (error) {
        // To the client it would be one more failing request.
        this.failures.push(error);
      }
    }
    const answer = this.gateway(
      request,
      () => this.collector.handler(request),
    );
    const isAnswered = await answer.then(() => true, () => false);
    if (process.isDead && isAnswered) throw new TypeError("nobody is there");
    return await answer;
  }
}
