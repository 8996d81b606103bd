import { SystemClock } from "../../core/mod.ts";
import {
  Delivery,
  WsClient,
  type WsEvent,
  WsMessage,
} from "../../websocket/mod.ts";
import { DemoChannel } from "./demo_hub.ts";
import { bad, figure, rounded, times } from "./figure.ts";
import { OwnTime } from "./own_time.ts";
import type { LogEntry, Row, Scene, Tone } from "./scene.ts";

/** Options for {@linkcode WebSocketScene}. */
export interface WebSocketSceneOptions {
  /** Where the demo's hub is. */
  readonly hubUrl: string;
  /** How long the scene will play, in seconds: the cuts are timed by it. */
  readonly seconds: number;
}

/** What became of the scene's messages. */
export interface WebSocketSceneSummary extends Record<string, unknown> {
  /** Messages that were given to a socket. */
  readonly sent: number;
  /** Messages that came in. */
  readonly received: number;
  /** How often the server has cut the line. */
  readonly cuts: number;
  /** How often the session went on over a new connection. */
  readonly resumes: number;
  /** How often it did not. */
  readonly lostSessions: number;
  /** Of those messages that have to arrive once: which did not. */
  readonly lost: number;
  /** Which did more than once, or out of their order. */
  readonly repeated: number;
  /** The longest time from a cut until the client was back, in milliseconds. */
  readonly longestAwayMs: number;
  /** The smoothed round trip, in milliseconds. */
  readonly rttMs: number;
  /** The most that a frame can have cost, in milliseconds of its own work. */
  readonly worstOwnMs: number;
}

const NAME = "you";
const SAID_PER_SECOND = 10;
const CUTS = 4;
const MIN_CUT_SECS = 0.5;
const MAX_CUT_SECS = 4;
const MAX_LOAD_MS = 120_000;
const MAX_CLOSE_MS = 120_000;
const LOG_LENGTH = 12;

/**
 * A game that chats, walks and listens over a line that its server cuts every few seconds, and counts whether anything
 * of what has to arrive was lost.
 */
export class WebSocketScene implements Scene {
  readonly name = "websocket";
  readonly #client: WsClient;
  readonly #cutEverySecs: number;
  readonly #clock = new SystemClock();
  readonly #ownTime = new OwnTime();
  readonly #log: LogEntry[] = [];
  readonly #players = new Set<string>();
  /** The next number that each sender is to say. */
  readonly #expected = new Map<string, number>();
  readonly #heard = new Set<string>();
  #nowSecs = 0;
  #said = 0;
  #isAsked = false;
  #cutAtMs: number | undefined;
  /** Messages that wait, as the last frame left them. */
  #waiting = 0;
  #cuts = 0;
  #isClosing = false;
  /** Whether the server has yet to be asked for no more cuts. */
  #mustCalm = false;
  #resumes = 0;
  #lostSessions = 0;
  #missing = 0;
  #repeated = 0;
  #longestAwayMs = 0;
  #worstOwnMs = 0;

  /**
   * Makes the scene. Nothing is sent before it is loaded.
   *
   * @param options Where the hub is and how long the scene plays.
   */
  constructor({ hubUrl, seconds }: WebSocketSceneOptions) {
    this.#cutEverySecs = Math.min(
      Math.max(seconds / CUTS, MIN_CUT_SECS),
      MAX_CUT_SECS,
    );
    this.#client = new WsClient({
      url: `${hubUrl}/?name=${NAME}`,
      mux: { [DemoChannel.Moves]: { delivery: Delivery.LatestOnly } },
      firstRetryMaxMs: 200,
      maxBackoffMs: 400,
      minUptimeMs: 100,
    });
    this.#client.subscribe({
      name: DemoChannel.Chat,
      history: 20,
      presence: true,
    });
    this.#client.subscribe(DemoChannel.Events);
    this.#client.subscribe(DemoChannel.Moves);
  }

  get isComplete(): boolean {
    return this.#resumes > 0 && this.#client.stats.rttMs > 0;
  }

  async load(): Promise<void> {
    this.#client.connect();
    await this.#until(
      () =>
        [DemoChannel.Chat, DemoChannel.Events, DemoChannel.Moves].every((
          channel,
        ) => this.#heard.has(channel)),
      MAX_LOAD_MS,
    );
  }

  tick(dt: number): void {
    this.#ownTime.begin();
    const fromMs = this.#clock.nowMs();
    this.#play(dt);
    const ownMs = this.#ownTime.end(this.#clock.nowMs() - fromMs);
    this.#worstOwnMs = Math.max(this.#worstOwnMs, ownMs);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#mustCalm = true;
    await this.#until(() => {
      if (this.#mustCalm && this.#client.isConnected) {
        this.#mustCalm = false;
        this.#client.request(DemoChannel.Server, "cut 0");
      }
      return !this.#mustCalm && this.#unheard === 0 && this.#client.isConnected;
    }, MAX_CLOSE_MS);
    this.#client.close();
    this.#drain();
    this.#ownTime[Symbol.dispose]();
  }

  rows(): Row[] {
    const { messagesSent, messagesReceived, pendingOutbound, rttMs } =
      this.#client.stats;
    const state = this.#client.isConnected ? "CONNECTED" : "CUT OFF";
    return [
      {
        label: "hub",
        spans: [
          [state.padEnd(11), this.#client.isConnected ? "good" : "bad"],
          ...figure("round trip", `${rttMs.toFixed(0)} ms`, "plain", 8),
          ...figure("cut", this.#cuts),
          ...figure("resumed", this.#resumes),
          ...figure("players", this.#players.size),
        ],
      },
      {
        label: "messages",
        spans: [
          ...figure("sent", messagesSent),
          ...figure("received", messagesReceived),
          ...figure("waiting", pendingOutbound),
          ...figure("lost", this.#missing, bad(this.#missing)),
          ...figure("twice", this.#repeated, bad(this.#repeated)),
        ],
      },
    ];
  }

  log(): readonly LogEntry[] {
    return this.#log;
  }

  line(): string {
    const { messagesSent, messagesReceived } = this.#client;
    return `sent ${messagesSent}  received ${messagesReceived}  cut ${this.#cuts}  resumed ${this.#resumes}  lost ${this.#missing}`;
  }

  summary(): WebSocketSceneSummary {
    const { messagesSent, messagesReceived, rttMs } = this.#client.stats;
    return {
      sent: messagesSent,
      received: messagesReceived,
      cuts: this.#cuts,
      resumes: this.#resumes,
      lostSessions: this.#lostSessions,
      lost: this.#missing + this.#unheard,
      repeated: this.#repeated,
      longestAwayMs: rounded(this.#longestAwayMs),
      rttMs: rounded(rttMs),
      worstOwnMs: rounded(this.#worstOwnMs),
    };
  }

  report(): string[] {
    const result = this.summary();
    return [
      `${result.sent} messages sent and ${result.received} received over a line that was cut ${
        times(result.cuts)
      }`,
      `  resumed ${times(result.resumes)}, after ${
        result.longestAwayMs.toFixed(0)
      } ms at the longest; lost ${result.lost}, arrived twice ${result.repeated}`,
      `  round trip ${
        result.rttMs.toFixed(1)
      } ms; own work in the worst frame at most ${
        result.worstOwnMs.toFixed(2)
      } ms`,
    ];
  }

  /** What was said and has not come back. */
  get #unheard(): number {
    return this.#said - (this.#expected.get(NAME) ?? 0);
  }

  #play(dt: number): void {
    const client = this.#client;
    this.#nowSecs += dt;
    if (!this.#isAsked) {
      this.#isAsked = true;
      const cutMs = Math.round(this.#cutEverySecs * 1_000);
      client.request(DemoChannel.Server, `cut ${cutMs}`);
    }
    client.sendOnChannel(DemoChannel.Moves, this.#nowSecs.toFixed(3));
    // The number goes on only with what was accepted.
    if (
      this.#said < this.#nowSecs * SAID_PER_SECOND &&
      client.sendOnChannel(DemoChannel.Chat, `${NAME}: ${this.#said}`)
    ) this.#said++;
    const waiting = client.pendingOutbound;
    client.tick(dt);
    // With the first frame that is connected they go.
    if (!client.isConnected) this.#waiting = waiting;
    this.#drain();
  }

  #drain(): void {
    for (const event of this.#client.drainEvents()) this.#handle(event);
  }

  #handle(event: WsEvent): void {
    switch (event.type) {
      case "message":
        this.#onMessage(event.channel, WsMessage.asText(event.message) ?? "");
        break;
      case "session":
        if (event.isResumed) this.#resumes++;
        else if (this.#cuts > 0) this.#lostSessions++;
        break;
      case "connected":
        this.#onConnected();
        break;
      case "disconnected":
        if (!event.willReconnect || this.#cutAtMs !== undefined) break;
        this.#cuts++;
        this.#cutAtMs = this.#clock.nowMs();
        this.#tell(`the server has cut the line (${event.code})`, "warn");
        break;
      case "presence":
        for (const { playerId } of event.members) {
          if (event.change === "left") this.#players.delete(playerId);
          else this.#players.add(playerId);
        }
        if (event.change !== "all") {
          const names = event.members.map(({ playerId }) => playerId).join();
          this.#tell(`${names} has ${event.change}`, "plain");
        }
        break;
      // How many, the numbers tell.
      case "gap":
        this.#tell("messages of the hub are missing", "bad");
        break;
      case "undelivered":
        this.#tell(`${event.messages.length} messages came back`, "bad");
        break;
      case "reply":
        this.#tell(
          `the server answers: ${WsMessage.asText(event.message)}`,
          "plain",
        );
        break;
      case "requestFailed":
        // The line was cut just then: until it is asked again the server goes on cutting.
        if (this.#isClosing) this.#mustCalm = true;
        this.#tell(`the server does not answer: ${event.reason}`, "bad");
        break;
    }
  }

  #onConnected(): void {
    if (this.#cutAtMs === undefined) return;
    const awayMs = this.#clock.nowMs() - this.#cutAtMs;
    this.#cutAtMs = undefined;
    this.#longestAwayMs = Math.max(this.#longestAwayMs, awayMs);
    this.#tell(
      `back after ${awayMs.toFixed(0)} ms, ${this.#waiting} messages waited`,
      "good",
    );
  }

  /** Chat is `name: number`, events are numbers; moves may be left out. */
  #onMessage(channel: string | undefined, text: string): void {
    this.#heard.add(channel ?? "");
    if (channel === DemoChannel.Moves) return;
    const [name, digits] = channel === DemoChannel.Events
      ? [DemoChannel.Events, text]
      : text.split(": ", 2);
    const number = Number(digits);
    // Of the others' first messages it is too late.
    const expected = this.#expected.get(name!) ?? (name === NAME ? 0 : number);
    if (number < expected) this.#repeated++;
    else {
      this.#missing += number - expected;
      this.#expected.set(name!, number + 1);
    }
  }

  /** Waits as a game does that shows something else meanwhile. */
  async #until(isDone: () => boolean, maxMs: number): Promise<void> {
    const deadlineMs = this.#clock.nowMs() + maxMs;
    let lastMs = this.#clock.nowMs();
    while (!isDone() && lastMs < deadlineMs) {
      const nowMs = this.#clock.nowMs();
      this.#client.tick((nowMs - lastMs) / 1_000);
      lastMs = nowMs;
      this.#drain();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #tell(text: string, tone: Tone): void {
    this.#log.push({ atSecs: this.#nowSecs, text, tone });
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }
}
