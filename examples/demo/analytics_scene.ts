import {
  Analytics,
  AnalyticsEvent,
  type AnalyticsNotice,
} from "../../analytics/mod.ts";
import { SystemClock } from "../../core/mod.ts";
import { HttpClient, HttpRequest } from "../../http/mod.ts";
import { bad, figure, rounded, times } from "./figure.ts";
import { OwnTime } from "./own_time.ts";
import type { LogEntry, Row, Scene, Tone } from "./scene.ts";

/** Options for {@linkcode AnalyticsScene}. */
export interface AnalyticsSceneOptions {
  /** Where the demo's collector is. */
  readonly collectorUrl: string;
  /** How long the scene will play, in seconds: the outages are timed by it. */
  readonly seconds: number;
}

/** What became of the scene's events. */
export interface AnalyticsSceneSummary extends Record<string, unknown> {
  /** Events that were recorded. */
  readonly recorded: number;
  /** Events that were not taken, as the player had not agreed yet. */
  readonly untold: number;
  /** Events that the collector has in the end. */
  readonly counted: number;
  /** Events that were recorded and that the collector does not have in the end. */
  readonly lost: number;
  /** Events that it has counted twice. */
  readonly repeated: number;
  /** Batches that have arrived. */
  readonly uploads: number;
  /** Attempts that have failed. */
  readonly failures: number;
  /** Events that came again, and were known. */
  readonly duplicates: number;
  /** How often the collector went down. */
  readonly outages: number;
  /** What the collector says of the frame times: their 99th percentile, in milliseconds. */
  readonly p99FrameMs: number;
  /** The most that a frame can have cost, in milliseconds of its own work. */
  readonly worstOwnMs: number;
}

const EVENTS_PER_SECOND = 30;
/** The player reads what he is asked before he agrees. */
const CONSENT_SECS = 0.25;
const FLUSH_MS = 250;
const CAUSES = ["spikes", "slime", "arrow", "lava"];
const ITEMS = ["potion", "key", "torch", "map"];
const OUTAGES = 3;
const OUTAGE_MS = 300;
const MIN_OUTAGE_SECS = 0.6;
const MAX_OUTAGE_SECS = 5;
const MAX_CLOSE_MS = 120_000;
const LOG_LENGTH = 12;

/** What a game would have its dashboard show. */
interface Counted {
  readonly events: number;
  readonly p99FrameMs: number;
}

/**
 * A game whose player is asked, agrees, and plays on, while the collector fails and goes down again and again, and counts
 * whether anything that was recorded is missing there or was counted twice.
 */
export class AnalyticsScene implements Scene {
  readonly name = "analytics";
  readonly #collectorUrl: string;
  readonly #analytics: Analytics;
  readonly #http: HttpClient;
  readonly #outageEverySecs: number;
  readonly #clock = new SystemClock();
  readonly #ownTime = new OwnTime();
  readonly #log: LogEntry[] = [];
  #nowSecs = 0;
  #nextOutageSecs: number;
  #played = 0;
  #recorded = 0;
  #untold = 0;
  #uploads = 0;
  #failures = 0;
  #duplicates = 0;
  #outages = 0;
  #isReachable = true;
  #counted: Counted | undefined;
  #worstOwnMs = 0;

  /**
   * Makes the scene. Nothing is sent before the player agrees.
   *
   * @param options Where the collector is and how long the scene plays.
   */
  constructor({ collectorUrl, seconds }: AnalyticsSceneOptions) {
    this.#collectorUrl = collectorUrl;
    this.#outageEverySecs = Math.min(
      Math.max(seconds / OUTAGES, MIN_OUTAGE_SECS),
      MAX_OUTAGE_SECS,
    );
    this.#nextOutageSecs = this.#outageEverySecs / 2;
    // A game gives it a journal in a file or IndexedDB, and leaves the times as they are: a minute, not a moment.
    this.#analytics = new Analytics("demo", Deno.build.os, {
      flushMs: FLUSH_MS,
      http: { backoffBaseMs: 100, backoffMaxMs: 500 },
    });
    this.#http = new HttpClient({ baseUrl: collectorUrl });
  }

  get isComplete(): boolean {
    return this.#uploads > 0 && this.#failures > 0 && this.#outages > 0;
  }

  load(): Promise<void> {
    return Promise.resolve();
  }

  tick(dt: number): void {
    this.#ownTime.begin();
    const fromMs = this.#clock.nowMs();
    this.#play(dt);
    const ownMs = this.#ownTime.end(this.#clock.nowMs() - fromMs);
    this.#worstOwnMs = Math.max(this.#worstOwnMs, ownMs);
  }

  async close(): Promise<void> {
    await this.#analytics.close(MAX_CLOSE_MS);
    this.#drain();
    this.#http.close();
    this.#ownTime[Symbol.dispose]();
    this.#counted = await this.#count();
  }

  rows(): Row[] {
    const { consent, counters } = this.#analytics;
    const isAgreed = consent === "granted";
    return [
      {
        label: "events",
        spans: [
          [consent.padEnd(8), isAgreed ? "good" : "warn"],
          ...figure("recorded", this.#recorded),
          ...figure("waiting", counters.queued + counters.stored),
          ...figure("dropped", counters.dropped, bad(counters.dropped)),
          ...figure("before consent", this.#untold),
        ],
      },
      {
        label: "batches",
        spans: [
          [
            (this.#isReachable ? "UP" : "DOWN").padEnd(8),
            this.#isReachable ? "good" : "bad",
          ],
          ...figure("arrived", this.#uploads),
          ...figure("failed", this.#failures),
          ...figure("outages", this.#outages),
          ["dashboard ", "dim"],
          [`${this.#collectorUrl}/`, "plain"],
        ],
      },
    ];
  }

  log(): readonly LogEntry[] {
    return this.#log;
  }

  line(): string {
    return `recorded ${this.#recorded}  batches ${this.#uploads}`;
  }

  summary(): AnalyticsSceneSummary {
    const counted = this.#counted?.events ?? 0;
    return {
      recorded: this.#recorded,
      untold: this.#untold,
      counted,
      lost: Math.max(this.#recorded - counted, 0),
      repeated: Math.max(counted - this.#recorded, 0),
      uploads: this.#uploads,
      failures: this.#failures,
      duplicates: this.#duplicates,
      outages: this.#outages,
      p99FrameMs: this.#counted?.p99FrameMs ?? 0,
      worstOwnMs: rounded(this.#worstOwnMs),
    };
  }

  report(): string[] {
    const result = this.summary();
    return [
      `${result.recorded} events recorded, ${result.untold} before consent kept from everybody, in ${result.uploads} batches`,
      `  ${result.failures} attempts failed, the collector went down ${
        times(result.outages)
      }; ${result.duplicates} came again; lost ${result.lost}, counted twice ${result.repeated}`,
      `  the dashboard says p99 ${
        result.p99FrameMs.toFixed(1)
      } ms a frame; own work in the worst frame at most ${
        result.worstOwnMs.toFixed(2)
      } ms`,
    ];
  }

  #play(dt: number): void {
    this.#nowSecs += dt;
    if (this.#analytics.consent === "unset" && this.#nowSecs >= CONSENT_SECS) {
      this.#analytics.enable(this.#collectorUrl);
      this.#tell("the player agrees", "good");
    }
    this.#analytics.recordFrame(dt * 1_000);
    for (; this.#played < this.#nowSecs * EVENTS_PER_SECOND; this.#played++) {
      if (this.#analytics.record(eventOf(this.#played))) this.#recorded++;
      else this.#untold++;
    }
    if (this.#nowSecs >= this.#nextOutageSecs) {
      this.#nextOutageSecs += this.#outageEverySecs;
      this.#outages++;
      this.#tell("the collector goes down", "warn");
      this.#http.send(HttpRequest.post(`/outage?ms=${OUTAGE_MS}`, ""));
    }
    this.#analytics.tick(dt);
    this.#http.tick(dt);
    // That of the last run is broken off by what it asked for.
    for (const _event of this.#http.drainEvents());
    this.#drain();
  }

  #drain(): void {
    for (const notice of this.#analytics.drainEvents()) this.#handle(notice);
  }

  #handle(notice: AnalyticsNotice): void {
    switch (notice.type) {
      case "uploaded":
        this.#uploads++;
        this.#duplicates += notice.duplicates;
        if (!this.#isReachable) {
          this.#tell(`the collector is back: ${notice.events} events`, "good");
        }
        this.#isReachable = true;
        break;
      case "uploadFailed":
        this.#failures++;
        if (this.#isReachable) this.#tell(notice.message, "warn");
        this.#isReachable = false;
        break;
      case "eventRefused":
        this.#tell(notice.message, "bad");
        break;
    }
  }

  /** Asks the collector, as its dashboard does. */
  async #count(): Promise<Counted> {
    const range = `to=${this.#clock.epochMs() + 60_000}`;
    const read = async (query: string) => {
      const url = `${this.#collectorUrl}/v1/query/${query}&${range}`;
      const response = await fetch(url);
      return (await response.json()).rows;
    };
    let events = 0;
    for (const { event, count } of await read("events?step=day")) {
      if (event === "death" || event === "itemPickup") events += count;
    }
    const [frames] = await read("frames?by=none");
    return { events, p99FrameMs: frames?.p99 ?? 0 };
  }

  #tell(text: string, tone: Tone): void {
    this.#log.push({ atSecs: this.#nowSecs, text, tone });
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }
}

function eventOf(number: number): AnalyticsEvent {
  const floor = 1 + number % 8;
  return number % 5 === 0
    ? AnalyticsEvent.death({ cause: CAUSES[number % 3]!, floor })
    : AnalyticsEvent.itemPickup({ item: ITEMS[number % 4]!, floor });
}
