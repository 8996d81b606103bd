import { SeededRandom } from "../../core/mod.ts";
import {
  type HttpCircuitChanged,
  HttpClient,
  type HttpEvent,
  HttpRequest,
} from "../../http/mod.ts";
import type { LogEntry, Row, Scene, Span, Tone } from "./scene.ts";

/** Options for {@linkcode HttpScene}. */
export interface HttpSceneOptions {
  /** The main origin of the demo's server. */
  readonly url: string;
  /** The origin that goes down. */
  readonly matchUrl: string;
  /** The origin that limits the rate of its requests. */
  readonly shopUrl: string;
  /** How long the scene will play, in seconds: the outage is timed by it. */
  readonly seconds: number;
}

/** What became of the scene's requests. */
export interface HttpSceneSummary extends Record<string, unknown> {
  /** Requests sent. */
  readonly sent: number;
  /** Requests that were answered with a status below 400. */
  readonly succeeded: number;
  /** Requests that were answered with a status of 400 to 499. */
  readonly refused: number;
  /** Requests that failed. */
  readonly failed: number;
  /** Requests whose time ran out. */
  readonly timedOut: number;
  /** Requests that the game cancelled. */
  readonly cancelled: number;
  /** Attempts that repeated an earlier one. */
  readonly retries: number;
  /** Requests held back by a rate limit, the game's own or the server's. */
  readonly rateLimited: number;
  /** Requests answered from the cache at once. */
  readonly cacheHits: number;
  /** Requests answered from the cache after the server had confirmed. */
  readonly cacheRevalidated: number;
  /** Requests answered together with an identical one. */
  readonly coalesced: number;
  /** How often the circuit of the second origin opened. */
  readonly circuitOpened: number;
  /** How often it closed again. */
  readonly circuitClosed: number;
  /** Requests refused while it was open, without an attempt. */
  readonly circuitRefused: number;
}

/** Something the game does again and again. */
interface Habit {
  readonly everySecs: number;
  readonly run: () => void;
  dueSecs: number;
}

const OUTAGE_FROM = 0.25;
const OUTAGE_LENGTH = 0.25;
const MAX_OUTAGE_MS = 60_000;
const LOG_LENGTH = 12;

/**
 * A game that asks for leaderboard pages and profiles, submits scores, sends bursts of
 * telemetry, and watches a match on an origin that goes down for a while.
 */
export class HttpScene implements Scene {
  readonly name = "http";
  readonly #client: HttpClient;
  readonly #random = new SeededRandom(60);
  readonly #habits: Habit[];
  readonly #options: HttpSceneOptions;
  readonly #log: LogEntry[] = [];
  readonly #matchOrigin: string;
  #nowSecs = 0;
  #sent = 0;
  #succeeded = 0;
  #refused = 0;
  #failed = 0;
  #timedOut = 0;
  #cancelled = 0;
  #rateLimited = 0;
  #circuit: HttpCircuitChanged["state"] = "closed";
  #circuitRetrySecs = 0;
  #circuitOpened = 0;
  #circuitClosed = 0;
  #circuitRefused = 0;
  #outages = 0;

  /**
   * Makes the scene. Nothing is sent before the first tick.
   *
   * @param options Where the server is and how long the scene plays.
   */
  constructor(options: HttpSceneOptions) {
    const { url, matchUrl, seconds } = options;
    this.#matchOrigin = new URL(matchUrl).host;
    this.#client = new HttpClient({
      baseUrl: url,
      timeoutMs: 5_000,
      retries: 3,
      backoffBaseMs: 200,
      circuitBreaker: {
        failureThreshold: 4,
        openMs: outageMs(seconds) / 3,
        maxOpenMs: outageMs(seconds) / 2,
      },
    });
    this.#client.setRateLimit(`${url}/telemetry`, 4, 1);
    this.#habits = this.#makeHabits(options);
    this.#options = options;
  }

  get isComplete(): boolean {
    return [
      this.#succeeded,
      this.#failed,
      this.#timedOut,
      this.#cancelled,
      this.#client.stats.retries,
      this.#rateLimited,
      this.#client.stats.cacheHits,
      this.#client.stats.coalesced,
      this.#circuitOpened,
      this.#circuitClosed,
      this.#circuitRefused,
    ].every((count) => count > 0);
  }

  async load(): Promise<void> {
    const { matchUrl, shopUrl } = this.#options;
    this.#get("/leaderboard?page=1");
    this.#get("/players/1");
    this.#get(`${matchUrl}/match`);
    this.#get(`${shopUrl}/offers`);
    this.#submitScore();
    while (this.#client.pendingCount > 0) {
      this.#client.tick(0.005);
      this.#drain();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  tick(dt: number): void {
    this.#nowSecs += dt;
    for (const habit of this.#habits) {
      if (habit.dueSecs > this.#nowSecs) continue;
      habit.dueSecs += habit.everySecs;
      habit.run();
    }
    this.#client.tick(dt);
    this.#drain();
  }

  close(): Promise<void> {
    this.#client.close();
    this.#drain();
    return Promise.resolve();
  }

  rows(): Row[] {
    const {
      queued,
      inFlight,
      done,
      retries,
      coalesced,
      cacheHits,
      cacheRevalidated,
      cacheMisses,
    } = this.#client.stats;
    return [
      {
        label: "requests",
        spans: figures(
          ["queued", queued],
          ["in flight", inFlight],
          ["done", done],
          ["failed", this.#failed],
          ["timed out", this.#timedOut],
          ["cancelled", this.#cancelled],
        ),
      },
      {
        label: "cache",
        spans: figures(["hits", cacheHits], ["confirmed", cacheRevalidated], [
          "misses",
          cacheMisses,
        ], ["coalesced", coalesced]),
      },
      {
        label: "limits",
        spans: figures(["retries", retries], [
          "rate limited",
          this.#rateLimited,
        ]),
      },
      { label: "circuit", spans: this.#circuitSpans() },
    ];
  }

  log(): readonly LogEntry[] {
    return this.#log;
  }

  line(): string {
    const { queued, inFlight, done, retries, cacheHits } = this.#client.stats;
    return `queued ${queued}  in flight ${inFlight}  done ${done}  cache hits ${cacheHits}  retries ${retries}  ` +
      `rate limited ${this.#rateLimited}  circuit ${this.#circuit}`;
  }

  summary(): HttpSceneSummary {
    const { retries, cacheHits, cacheRevalidated, coalesced } =
      this.#client.stats;
    return {
      sent: this.#sent,
      succeeded: this.#succeeded,
      refused: this.#refused,
      failed: this.#failed,
      timedOut: this.#timedOut,
      cancelled: this.#cancelled,
      retries,
      rateLimited: this.#rateLimited,
      cacheHits,
      cacheRevalidated,
      coalesced,
      circuitOpened: this.#circuitOpened,
      circuitClosed: this.#circuitClosed,
      circuitRefused: this.#circuitRefused,
    };
  }

  report(): string[] {
    const result = this.summary();
    return [
      `${result.sent} requests: ${result.succeeded} succeeded, ${result.refused} refused, ` +
      `${result.failed} failed, ${result.timedOut} timed out, ${result.cancelled} cancelled`,
      `  ${result.retries} retries, ${result.cacheHits} cache hits, ` +
      `${result.cacheRevalidated} confirmed by 304, ${result.coalesced} coalesced`,
      `  ${result.rateLimited} held back by rate limits, ${result.circuitRefused} refused by the open circuit`,
      `  circuit opened ${result.circuitOpened} and closed ${result.circuitClosed}`,
    ];
  }

  #makeHabits({ matchUrl, shopUrl, seconds }: HttpSceneOptions): Habit[] {
    const match = HttpRequest.get(`${matchUrl}/match`)
      .withTag("/match").withPriority(5).withRetries(1);
    const offers = HttpRequest.get(`${shopUrl}/offers`).withTag("/offers");
    const telemetry = HttpRequest.post("/telemetry", "fps=60")
      .withTag("/telemetry");
    const browse = HttpRequest.get("/slow").withTag("browse");
    const impatient = HttpRequest.get("/slow")
      .withTag("/slow").withTimeout(150).withRetries(0);
    return [
      habit(0.1, 0, () => this.#send(match)),
      habit(0.15, 0, () => this.#get(`/leaderboard?page=${this.#pick(5)}`)),
      habit(0.2, 0.05, () => this.#get(`/players/${this.#pick(40)}`)),
      habit(0.3, 0.1, () => this.#get("/flaky")),
      habit(0.4, 0.1, () => this.#submitScore()),
      // The corner of the screen and the scoreboard want the same page in the same frame.
      habit(1.3, 0.2, () => {
        this.#get("/leaderboard?page=20");
        this.#get("/leaderboard?page=20");
      }),
      habit(1, 0.5, () => this.#send(impatient)),
      habit(1.5, 0.3, () => this.#burst(3, browse)),
      habit(1.5, 0.4, () => this.#client.cancelByTag("browse")),
      habit(2, 0.2, () => this.#burst(10, offers)),
      habit(2, 1.2, () => this.#burst(8, telemetry)),
      habit(seconds, seconds * OUTAGE_FROM, () => this.#askForOutage()),
    ];
  }

  #send(request: HttpRequest): void {
    this.#sent++;
    this.#client.send(request);
  }

  /** Where it goes on for longer than planned, each lasts longer: the one before may have been too short to be noticed. */
  #askForOutage(): void {
    const ms = Math.min(
      ++this.#outages * outageMs(this.#options.seconds),
      MAX_OUTAGE_MS,
    );
    this.#send(
      HttpRequest.post(`/outage?ms=${ms}`).withTag("/outage").withPriority(9),
    );
  }

  #get(url: string): void {
    this.#send(HttpRequest.get(url).withTag(url));
  }

  /** Sends the request some times, each a little different, or else identical ones would be answered together. */
  #burst(count: number, request: HttpRequest): void {
    for (let n = 1; n <= count; n++) this.#send(request.withQuery({ n }));
  }

  #submitScore(): void {
    const playerId = `${this.#pick(200)}`;
    const score = this.#pick(20_000);
    this.#send(
      HttpRequest.postJson("/scores", { playerId, score }).withIdempotencyKey()
        .withTag("/scores"),
    );
  }

  /** A whole number from 1 to `max`. */
  #pick(max: number): number {
    return 1 + Math.floor(this.#random.nextFloat() * max);
  }

  #drain(): void {
    for (const event of this.#client.drainEvents()) this.#handle(event);
  }

  #handle(event: HttpEvent): void {
    switch (event.type) {
      case "success":
        if (event.response.status < 400) this.#succeeded++;
        else this.#refused++;
        if (event.tag === "/outage") {
          this.#tell("the match server goes down", "warn");
        }
        break;
      case "failure":
        this.#failed++;
        if (event.reason.type === "circuitOpen") this.#circuitRefused++;
        else this.#tell(`${event.tag} failed: ${event.reason.type}`, "bad");
        break;
      case "timeout":
        this.#timedOut++;
        this.#tell(`${event.tag} timed out after ${event.limitMs} ms`, "warn");
        break;
      case "cancelled":
        this.#cancelled++;
        break;
      case "rateLimited":
        this.#rateLimited++;
        this.#tell(
          `${event.tag} waits ${
            event.delayMs.toFixed(0)
          } ms for its rate limit`,
          "plain",
        );
        break;
      case "retrying":
        this.#tell(
          `${event.tag} is tried again in ${event.delayMs.toFixed(0)} ms: ${
            reasonText(event.reason)
          }`,
          "plain",
        );
        break;
      case "circuitChanged":
        if (!event.origin.endsWith(this.#matchOrigin)) break;
        this.#circuit = event.state;
        this.#circuitRetrySecs = this.#nowSecs + event.retryInMs / 1000;
        if (event.state === "open") this.#circuitOpened++;
        if (event.state === "closed") this.#circuitClosed++;
        this.#tell(
          `circuit of ${this.#matchOrigin} is ${circuitText(event.state)}`,
          circuitTone(event.state),
        );
        break;
    }
  }

  #tell(text: string, tone: Tone): void {
    this.#log.push({ atSecs: this.#nowSecs, text, tone });
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }

  #circuitSpans(): Span[] {
    const spans: Span[] = [[
      circuitText(this.#circuit),
      circuitTone(this.#circuit),
    ]];
    if (this.#circuit === "open") {
      const secs = Math.max(this.#circuitRetrySecs - this.#nowSecs, 0);
      spans.push([`  next probe in ${secs.toFixed(1)} s`, "dim"]);
    }
    spans.push([
      `  ${this.#matchOrigin}  opened ${this.#circuitOpened}  closed ${this.#circuitClosed}  refused ${this.#circuitRefused}`,
      "dim",
    ]);
    return spans;
  }
}

function habit(everySecs: number, dueSecs: number, run: () => void): Habit {
  return { everySecs, dueSecs, run };
}

function outageMs(seconds: number): number {
  return Math.ceil(seconds * OUTAGE_LENGTH * 1000);
}

function figures(...pairs: [name: string, value: number][]): Span[] {
  return pairs.flatMap((
    [name, value],
  ): Span[] => [[`${name} `, "dim"], [`${value}`.padEnd(5), "plain"]]);
}

function reasonText(reason: { type: string; status?: number }): string {
  return reason.status === undefined ? reason.type : `status ${reason.status}`;
}

function circuitText(state: HttpCircuitChanged["state"]): string {
  return state === "halfOpen" ? "HALF OPEN" : state.toUpperCase();
}

function circuitTone(state: HttpCircuitChanged["state"]): Tone {
  return state === "closed" ? "good" : state === "open" ? "bad" : "warn";
}
