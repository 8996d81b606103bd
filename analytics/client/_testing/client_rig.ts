import { ManualClock, SeededRandom } from "../../../core/mod.ts";
import {
  type FakeCall,
  FakeFetch,
  settle,
} from "../../../http/_testing/fake_fetch.ts";
import { AnalyticsEvent } from "../../event/analytics_event.ts";
import { Analytics } from "../analytics.ts";
import type { AnalyticsNotice } from "../analytics_notice.ts";
import type { AnalyticsOptions } from "../analytics_options.ts";
import { FakeCollector } from "./fake_collector.ts";

/** Where the fake collector is mounted. */
export const ENDPOINT = "http://game.test/analytics";
/** A time that the fake clock begins at: 2026-11-25T00:00:00.000Z. */
export const START_MS = Date.UTC(2026, 10, 25);

export const DEATH = AnalyticsEvent.death({ cause: "spikes", floor: 3 });

/** So many turns a rig waits for an answer that is being made before its time goes on. */
const MAX_TURNS = 1_000;

/** What a rig is made with. */
export interface RigOptions extends Omit<AnalyticsOptions, "clock" | "random"> {
  readonly seed?: number;
  readonly clock?: ManualClock;
  readonly collector?: FakeCollector;
  readonly build?: string;
}

/** A client whose network and time are the test's. */
export class ClientRig {
  readonly fake = new FakeFetch();
  readonly clock: ManualClock;
  readonly collector: FakeCollector;
  readonly analytics: Analytics;
  readonly notices: AnalyticsNotice[] = [];
  /** Answers that are being made. */
  #answering = 0;

  constructor(options: RigOptions = {}) {
    const { seed = 1, build = "1.2.0", http, ...rest } = options;
    this.clock = options.clock ?? new ManualClock({ epochMs: START_MS });
    this.collector = options.collector ?? new FakeCollector();
    this.analytics = new Analytics(build, "linux", {
      ...rest,
      http: { fetch: this.fake.fetch, ...http },
      clock: this.clock,
      random: new SeededRandom(seed),
    });
  }

  /** Lets the collector answer every request. */
  connect(): this {
    return this.answerBy((call) => this.collector.take(call));
  }

  /** Has something answer every request. */
  answerBy(handle: (call: FakeCall) => Promise<Response>): this {
    this.fake.onCall = (call) => {
      this.#answering++;
      handle(call).then(
        (response) => call.answer(response),
        (error) => call.fail(error),
      ).finally(() => this.#answering--);
    };
    return this;
  }

  /** The player agrees, and the journal is open. */
  async enable(): Promise<this> {
    this.analytics.enable(ENDPOINT);
    await this.step();
    return this;
  }

  /** Lets arrive what was answered, and a frame pass. */
  async step(dt = 0): Promise<void> {
    await settle();
    this.clock.advance(dt * 1_000);
    this.analytics.tick(dt);
    this.notices.push(...this.analytics.drainEvents());
  }

  /** Steps until a condition holds. */
  async until(condition: () => boolean, dt = 0.05): Promise<void> {
    for (let i = 0; i < 20_000; i++) {
      if (condition()) return;
      // A file takes time of its own.
      if (i >= 1_000) await new Promise((resolve) => setTimeout(resolve, 1));
      await this.step(dt);
      // What decompresses has threads of its own: on a busy machine the rig's time would run away from it.
      for (let turn = 0; turn < MAX_TURNS && this.#answering > 0; turn++) {
        await settle();
      }
    }
    throw new Error("It did not come to that in 20000 steps");
  }

  /** Sends what waits. */
  async flush(): Promise<void> {
    this.analytics.flush();
    await this.until(() => {
      const { queued, stored } = this.analytics.counters;
      return queued === 0 && stored === 0;
    });
  }

  /** The notices of a type. */
  all<T extends AnalyticsNotice["type"]>(
    type: T,
  ): Extract<AnalyticsNotice, { type: T }>[] {
    return this.notices.filter((it) => it.type === type) as Extract<
      AnalyticsNotice,
      { type: T }
    >[];
  }
}

export type { FakeCall };
export { settle };
