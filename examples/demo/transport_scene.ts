import { QuantileSketch } from "../../analytics/mod.ts";
import { SystemClock } from "../../core/mod.ts";
import { bad, figure, rounded, times } from "./figure.ts";
import { MatchPlayer } from "./match_player.ts";
import { MAX_PLACE, playerName, WEATHERS } from "./match_wire.ts";
import { OwnTime } from "./own_time.ts";
import type { LogEntry, Row, Scene, Span, Tone } from "./scene.ts";

/** Options for {@linkcode TransportScene}. */
export interface TransportSceneOptions {
  /** What lets a player into the demo's match: a connect token as base64. */
  readonly matchToken: string;
  /** How long the scene will play, in seconds: the weathers are timed by it. */
  readonly seconds: number;
}

/** What became of the scene's messages. */
export interface TransportSceneSummary extends Record<string, unknown> {
  /** Reliable messages that were sent. */
  readonly sent: number;
  /** Reliable messages that have not come back in the end. */
  readonly lost: number;
  /** Reliable messages that came back twice or out of their order. */
  readonly outOfOrder: number;
  /** How often the scene was told where all players are. */
  readonly snapshots: number;
  /** Shots that have hit somebody. */
  readonly hits: number;
  /** What players have shown, through the server. */
  readonly emotes: number;
  /** The place on the scoreboard, as it was last told; 0 if it never was. */
  readonly rank: number;
  /** The share of its packets that were lost, in percent. */
  readonly packetLossPct: number;
  /** Copies of messages that were sent before anybody knew. */
  readonly copies: number;
  /** Messages that were sent again as they were lost. */
  readonly resent: number;
  /** How long a reliable message took there and back, in milliseconds. */
  readonly roundTripMs: { readonly p50: number; readonly p99: number };
  /** How often the line has changed. */
  readonly weathers: number;
  /** The most that a frame can have cost, in milliseconds of its own work. */
  readonly worstOwnMs: number;
}

const SHOTS_PER_SECOND = 60;
const SPEED = 0.5;
const SCOREBOARDS_PER_SECOND = 1;
const MIN_WEATHER_SECS = 0.4;
const MAX_WEATHER_SECS = 4;
/** How wide the ground looks. */
const COLUMNS = 64;
const MAX_CLOSE_MS = 120_000;
const CLOSE_POLL_MS = 5;
const LOG_LENGTH = 12;

/**
 * A player among bots over encrypted, reliable UDP, on a line that becomes worse and worse: says where it is and sees the others 20
 * times a second, fires 60 times a second, and counts whether any shot is lost, comes twice or out of its order. It speaks by
 * the calls of match_calls.ts.
 */
export class TransportScene implements Scene {
  readonly name = "transport";
  readonly #matchToken: string;
  readonly #weatherSecs: number;
  readonly #clock = new SystemClock();
  readonly #ownTime = new OwnTime();
  readonly #roundTrips = new QuantileSketch();
  readonly #log: LogEntry[] = [];
  #player: MatchPlayer | undefined;
  #wasConnected = false;
  #nowSecs = 0;
  #scoreboards = 0;
  #weather = 0;
  #weathers = 0;
  #nextWeatherSecs: number;
  #lost = 0;
  #final: Pick<TransportSceneSummary, "packetLossPct" | "copies" | "resent"> = {
    packetLossPct: 0,
    copies: 0,
    resent: 0,
  };
  #worstOwnMs = 0;

  /**
   * Makes the scene.
   *
   * @param options What lets it into the match, and how long the scene plays.
   */
  constructor({ matchToken, seconds }: TransportSceneOptions) {
    this.#matchToken = matchToken;
    this.#weatherSecs = Math.min(
      Math.max(seconds / WEATHERS.length, MIN_WEATHER_SECS),
      MAX_WEATHER_SECS,
    );
    this.#nextWeatherSecs = this.#weatherSecs;
  }

  get isComplete(): boolean {
    const player = this.#player;
    return player !== undefined && player.answered > 0 &&
      player.snapshots > 0 && this.#weathers > 0 &&
      player.scoreboard !== undefined;
  }

  async load(): Promise<void> {
    this.#player = await MatchPlayer.join(
      this.#matchToken,
      SHOTS_PER_SECOND,
      SPEED,
    );
    this.#player.onAnswer = (ms) => this.#roundTrips.add(ms);
    this.#player.onEmote = (player, emote) =>
      this.#tell(`${playerName(player)} ${emote}`, "plain");
  }

  tick(dt: number): void {
    this.#ownTime.begin();
    const fromMs = this.#clock.nowMs();
    this.#play(dt, fromMs);
    const ownMs = this.#ownTime.end(this.#clock.nowMs() - fromMs);
    this.#worstOwnMs = Math.max(this.#worstOwnMs, ownMs);
  }

  async close(): Promise<void> {
    const player = this.#player;
    this.#ownTime[Symbol.dispose]();
    if (player === undefined) return;
    player.holdFire();
    const endMs = this.#clock.nowMs() + MAX_CLOSE_MS;
    while (
      (player.answered < player.fired || player.isAsking) &&
      this.#clock.nowMs() < endMs
    ) {
      await new Promise((resolve) => setTimeout(resolve, CLOSE_POLL_MS));
      player.tick(0, this.#clock.nowMs());
    }
    this.#lost = player.fired - player.answered;
    this.#final = this.#measure();
    player.leave();
    player.tick(0, this.#clock.nowMs());
    player[Symbol.dispose]();
  }

  rows(): Row[] {
    const stats = this.#player?.stats;
    const { copies, resent } = this.#measure();
    const ground = new Array<string>(COLUMNS).fill("·");
    for (const [bot, place] of this.#player?.places.entries() ?? []) {
      ground[Math.round(place / MAX_PLACE * (COLUMNS - 1))] = `${bot + 1}`;
    }
    const outOfOrder = this.#player?.outOfOrder ?? 0;
    return [
      {
        label: "match",
        spans: [
          [`${WEATHERS[this.#weather]!.name} `.padEnd(11), this.#tone()],
          [ground.join(""), "plain"],
        ],
      },
      {
        label: "udp",
        spans: [
          ...figure("loss", `${Math.round(stats?.packetLossPct ?? 0)} %`),
          ...figure("copies", copies, "plain", 5),
          ...figure("resent", resent, "plain", 5),
          ...figure("shots", this.#player?.fired ?? 0, "plain", 5),
          ...figure("p99", `${Math.round(this.#p(0.99))} ms`, "plain", 7),
          ...figure("out of order", outOfOrder, bad(outOfOrder), 1),
        ],
      },
      { label: "calls", spans: this.#scores() },
    ];
  }

  log(): readonly LogEntry[] {
    return this.#log;
  }

  line(): string {
    return `shots ${this.#player?.fired ?? 0}  back ${
      this.#player?.answered ?? 0
    }`;
  }

  summary(): TransportSceneSummary {
    return {
      sent: this.#player?.fired ?? 0,
      lost: this.#lost,
      outOfOrder: this.#player?.outOfOrder ?? 0,
      snapshots: this.#player?.snapshots ?? 0,
      hits: this.#player?.hits ?? 0,
      emotes: this.#player?.emotes ?? 0,
      rank: this.#player?.scoreboard?.rank ?? 0,
      ...this.#final,
      roundTripMs: { p50: rounded(this.#p(0.5)), p99: rounded(this.#p(0.99)) },
      weathers: this.#weathers,
      worstOwnMs: rounded(this.#worstOwnMs),
    };
  }

  report(): string[] {
    const result = this.summary();
    const { p50, p99 } = result.roundTripMs;
    return [
      `${result.sent} shots there and back over UDP while the weather turned ${
        times(result.weathers)
      }: lost ${result.lost}, out of order ${result.outOfOrder}`,
      `  round trip p50 ${Math.round(p50)}  p99 ${
        Math.round(p99)
      } ms; ${result.copies} copies, ${result.resent} sent again; told ${result.snapshots} times where all are`,
      `  ${result.hits} hit: rank ${result.rank} on the scoreboard; ${result.emotes} emotes seen`,
      `  own work in the worst frame at most ${
        result.worstOwnMs.toFixed(2)
      } ms`,
    ];
  }

  #play(dt: number, nowMs: number): void {
    const player = this.#player;
    if (player === undefined) return;
    this.#nowSecs += dt;
    player.tick(dt, nowMs);
    if (player.isConnected !== this.#wasConnected) {
      this.#wasConnected = player.isConnected;
      if (player.isConnected) this.#tell("in the match", "good");
      else this.#tell("out of the match", "bad");
    }
    if (this.#scoreboards < this.#nowSecs * SCOREBOARDS_PER_SECOND) {
      this.#scoreboards++;
      player.askForScoreboard();
    }
    if (this.#nowSecs < this.#nextWeatherSecs) return;
    this.#nextWeatherSecs += this.#weatherSecs;
    this.#weather = (this.#weather + 1) % WEATHERS.length;
    this.#weathers++;
    player.askForWeather(this.#weather);
    const { name } = WEATHERS[this.#weather]!;
    this.#tell(`the weather turns: ${name}`, this.#tone());
    player.show(this.#weather === 0 ? "cheers" : "sulks");
  }

  #tone(): Tone {
    return this.#weather === 0 ? "good" : "warn";
  }

  #scores(): Span[] {
    const player = this.#player;
    const board = player?.scoreboard;
    return [
      ...figure("hits", player?.hits ?? 0, "plain", 5),
      ...figure("emotes", player?.emotes ?? 0, "plain", 4),
      ...figure("rank", board?.rank ?? "-", "plain", 3),
      ...(board?.scores ?? []).slice(0, 3).flatMap(({ name, hits }) =>
        figure(name, hits, "plain", 4)
      ),
    ];
  }

  #p(quantile: number): number {
    const { count } = this.#roundTrips;
    return count === 0 ? 0 : this.#roundTrips.quantile(quantile);
  }

  #measure(): Pick<
    TransportSceneSummary,
    "packetLossPct" | "copies" | "resent"
  > {
    const stats = this.#player?.stats;
    if (stats === undefined) return this.#final;
    const { packetsSent, packetsLost, channels, retransmits } = stats;
    let copies = 0;
    for (const channel of channels) copies += channel.copies;
    const packetLossPct = packetsSent === 0
      ? 0
      : Math.round(packetsLost / packetsSent * 1_000) / 10;
    return { packetLossPct, copies, resent: retransmits };
  }

  #tell(text: string, tone: Tone): void {
    this.#log.push({ atSecs: this.#nowSecs, text, tone });
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }
}
