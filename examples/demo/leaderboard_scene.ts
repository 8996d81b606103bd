import { MemoryJournal, playerId, SystemClock } from "../../core/mod.ts";
import { HttpClient, HttpRequest } from "../../http/mod.ts";
import {
  LeaderboardClient,
  type LeaderboardEvent,
  LeaderboardFilter,
  type Score,
  type ScoreEntry,
  ScoreSubmission,
} from "../../leaderboard/mod.ts";
import { DemoBoard } from "./demo_boards.ts";
import { bad, figure, rounded, times } from "./figure.ts";
import { OwnTime } from "./own_time.ts";
import type { LogEntry, Row, Scene, Tone } from "./scene.ts";

/** Options for {@linkcode LeaderboardScene}. */
export interface LeaderboardSceneOptions {
  /** Where the demo's boards are. */
  readonly boardsUrl: string;
  /** How long the scene will play, in seconds: the outages are timed by it. */
  readonly seconds: number;
}

/** What became of the scene's scores. */
export interface LeaderboardSceneSummary extends Record<string, unknown> {
  /** Scores that were submitted. */
  readonly submitted: number;
  /** Those that the server has taken. */
  readonly taken: number;
  /** Those that it has refused, or that failed otherwise. */
  readonly rejected: number;
  /** Coins that were submitted and that the server does not have in the end. */
  readonly lost: number;
  /** Coins that it has counted twice. */
  readonly repeated: number;
  /** Changes of the board that were told live. */
  readonly changes: number;
  /** How often the server went down. */
  readonly outages: number;
  /** How often everything had to be fetched anew. */
  readonly resets: number;
  /** The player's rank in the end. */
  readonly rank: number;
  /** The most that a frame can have cost, in milliseconds of its own work. */
  readonly worstOwnMs: number;
}

const NAME = playerId("you");
const SUBMITS_PER_SECOND = 6;
const SHOWN = 3;
const OUTAGES = 3;
const OUTAGE_MS = 400;
const MIN_OUTAGE_SECS = 0.5;
const MAX_OUTAGE_SECS = 4;
const MAX_LOAD_MS = 120_000;
const MAX_CLOSE_MS = 120_000;
const LOG_LENGTH = 12;

/**
 * A game that submits scores and shows a board that others play on, while the server of the boards goes down again and again,
 * and counts whether anything that was submitted is missing or was counted twice.
 */
export class LeaderboardScene implements Scene {
  readonly name = "leaderboard";
  readonly #client: LeaderboardClient;
  readonly #http: HttpClient;
  readonly #outageEverySecs: number;
  readonly #clock = new SystemClock();
  readonly #ownTime = new OwnTime();
  readonly #log: LogEntry[] = [];
  #top: readonly ScoreEntry[] = [];
  #total = 0;
  #rank = 0;
  #isLive = false;
  #nowSecs = 0;
  #nextOutageSecs: number;
  #submitted = 0;
  #taken = 0;
  #rejected = 0;
  #coins = 0;
  #counted: Score | undefined;
  #changes = 0;
  #outages = 0;
  #resets = 0;
  #isStale = false;
  #isFetching = false;
  #worstOwnMs = 0;

  /**
   * Makes the scene. Nothing is sent before it is loaded.
   *
   * @param options Where the boards are and how long the scene plays.
   */
  constructor({ boardsUrl, seconds }: LeaderboardSceneOptions) {
    this.#outageEverySecs = Math.min(
      Math.max(seconds / OUTAGES, MIN_OUTAGE_SECS),
      MAX_OUTAGE_SECS,
    );
    this.#nextOutageSecs = this.#outageEverySecs / 2;
    this.#client = new LeaderboardClient(boardsUrl, {
      board: DemoBoard.Arcade,
      playerToken: NAME,
      // In a game it is an IndexedDbJournal or a FileJournal.
      journal: new MemoryJournal(),
      http: { backoffBaseMs: 100, backoffMaxMs: 500, circuitBreaker: false },
    });
    this.#http = new HttpClient({ baseUrl: boardsUrl });
  }

  get isComplete(): boolean {
    return this.#taken > 0 && this.#changes > 0 && this.#outages > 0 &&
      this.#rank > 0;
  }

  async load(): Promise<void> {
    this.#client.watch(LeaderboardFilter.allTime());
    await this.#until(() => this.#top.length > 0, MAX_LOAD_MS);
  }

  tick(dt: number): void {
    this.#ownTime.begin();
    const fromMs = this.#clock.nowMs();
    this.#play(dt);
    const ownMs = this.#ownTime.end(this.#clock.nowMs() - fromMs);
    this.#worstOwnMs = Math.max(this.#worstOwnMs, ownMs);
  }

  async close(): Promise<void> {
    await this.#until(() => this.#waiting === 0, MAX_CLOSE_MS);
    this.#client.getRank(
      NAME,
      LeaderboardFilter.allTime().onBoard(DemoBoard.Coins),
    );
    await this.#until(() => this.#counted !== undefined, MAX_CLOSE_MS);
    this.#client.close();
    this.#http.close();
    this.#drain();
    this.#ownTime[Symbol.dispose]();
  }

  rows(): Row[] {
    const state = this.#isLive ? "LIVE" : "DOWN";
    const places = this.#top.map(({ rank, name, score }) =>
      `${rank} ${name} ${score}`
    );
    return [
      {
        label: "board",
        spans: [
          [state.padEnd(6), this.#isLive ? "good" : "bad"],
          [places.join("   ").padEnd(40), "plain"],
          ...figure("  you", `${this.#rank || "-"} of ${this.#total}`),
        ],
      },
      {
        label: "scores",
        spans: [
          ...figure("submitted", this.#submitted),
          ...figure("taken", this.#taken),
          ...figure("waiting", this.#waiting),
          ...figure("rejected", this.#rejected, bad(this.#rejected)),
          ...figure("outages", this.#outages),
        ],
      },
    ];
  }

  log(): readonly LogEntry[] {
    return this.#log;
  }

  line(): string {
    return `submitted ${this.#submitted}  taken ${this.#taken}  rank ${this.#rank}`;
  }

  summary(): LeaderboardSceneSummary {
    const counted = Number(this.#counted ?? 0);
    return {
      submitted: this.#submitted,
      taken: this.#taken,
      rejected: this.#rejected,
      lost: Math.max(this.#coins - counted, 0),
      repeated: Math.max(counted - this.#coins, 0),
      changes: this.#changes,
      outages: this.#outages,
      resets: this.#resets,
      rank: this.#rank,
      worstOwnMs: rounded(this.#worstOwnMs),
    };
  }

  report(): string[] {
    const result = this.summary();
    return [
      `${result.submitted} scores submitted to a server that went down ${
        times(result.outages)
      }, ${result.taken} taken`,
      `  of ${this.#coins} coins ${result.lost} were lost and ${result.repeated} counted twice; rank ${result.rank} of ${this.#total}`,
      `  ${result.changes} live changes, fetched anew ${
        times(result.resets)
      }; own work in the worst frame at most ${
        result.worstOwnMs.toFixed(2)
      } ms`,
    ];
  }

  get #waiting(): number {
    return this.#submitted - this.#taken - this.#rejected;
  }

  #play(dt: number): void {
    this.#nowSecs += dt;
    if (this.#submitted < this.#nowSecs * SUBMITS_PER_SECOND) {
      this.#submit(this.#submitted);
    }
    if (this.#nowSecs >= this.#nextOutageSecs) {
      this.#nextOutageSecs += this.#outageEverySecs;
      this.#outages++;
      this.#tell("the server of the boards goes down", "warn");
      this.#http.send(HttpRequest.post(`/outage?ms=${OUTAGE_MS}`, ""));
    }
    this.#move(dt);
  }

  /** By turns a score and some coins. */
  #submit(number: number): void {
    const isCoins = number % 2 === 0;
    const coins = 1 + number % 9;
    const score = isCoins
      ? coins
      : 60 + Math.floor(this.#nowSecs * 10) + number % 20;
    this.#client.submit(
      new ScoreSubmission(NAME, "You", score)
        .onBoard(isCoins ? DemoBoard.Coins : DemoBoard.Arcade),
    );
    this.#submitted++;
    if (isCoins) this.#coins += coins;
  }

  #move(dt: number): void {
    // A change may have moved others: what is shown is fetched as one.
    if (this.#isStale && !this.#isFetching) {
      this.#isStale = false;
      this.#isFetching = true;
      this.#client.fetch(LeaderboardFilter.allTime().pageSize(SHOWN));
      this.#client.getRank(NAME);
    }
    this.#client.tick(dt);
    this.#http.tick(dt);
    // That of the last run is broken off by what it asked for.
    for (const _event of this.#http.drainEvents());
    this.#drain();
  }

  #drain(): void {
    for (const event of this.#client.drainEvents()) this.#handle(event);
  }

  #handle(event: LeaderboardEvent): void {
    switch (event.type) {
      case "scoreSubmitted":
        this.#taken++;
        break;
      case "scoreRejected":
        this.#rejected++;
        this.#tell(`a score was refused: ${event.code}`, "bad");
        break;
      case "fetchSuccess":
        this.#isFetching = false;
        this.#top = event.entries;
        this.#total = event.total;
        break;
      case "fetchFailed":
        this.#isFetching = false;
        break;
      case "playerRank":
        if (event.board === DemoBoard.Coins) this.#counted = event.entry.score;
        else this.#onRank(event.rank);
        break;
      case "boardChanged":
        if (event.isReset) this.#resets++;
        else this.#changes += event.entries.length;
        this.#isStale = true;
        break;
      case "liveState":
        this.#isLive = event.state === "connected";
        this.#tell(
          this.#isLive
            ? `the boards are live, ${this.#waiting} scores wait`
            : "the boards are away",
          this.#isLive ? "good" : "warn",
        );
        break;
    }
  }

  #onRank(rank: number): void {
    if (rank === this.#rank) return;
    this.#tell(`you are number ${rank}`, rank < this.#rank ? "good" : "plain");
    this.#rank = rank;
  }

  /** Waits as a game does that shows something else meanwhile. */
  async #until(isDone: () => boolean, maxMs: number): Promise<void> {
    const deadlineMs = this.#clock.nowMs() + maxMs;
    let lastMs = this.#clock.nowMs();
    while (!isDone() && lastMs < deadlineMs) {
      const nowMs = this.#clock.nowMs();
      this.#move((nowMs - lastMs) / 1_000);
      lastMs = nowMs;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #tell(text: string, tone: Tone): void {
    this.#log.push({ atSecs: this.#nowSecs, text, tone });
    if (this.#log.length > LOG_LENGTH) this.#log.shift();
  }
}
