import {
  type Identity,
  isPlayerId,
  playerId,
  PollLoop,
  SeededRandom,
} from "../../core/mod.ts";
import { type BoardOptions, LeaderboardServer } from "../../leaderboard/mod.ts";
import { SqliteLeaderboardStore } from "../../leaderboard/sqlite.ts";

const HZ = 20;
const BOTS = 40;
const BOT_SCORES_PER_SECOND = 10;
const MIN_OUTAGE_MS = 50;
const MAX_OUTAGE_MS = 60_000;

/** The boards of the demo's server. */
export const DemoBoard = {
  /** Who has the highest score. */
  Arcade: "arcade",
  /** Who has collected how many coins: each submission adds to them. */
  Coins: "coins",
} as const;

const BOARDS: Readonly<Record<string, BoardOptions>> = {
  [DemoBoard.Arcade]: { periods: { allTime: {} } },
  [DemoBoard.Coins]: { operator: "sum", periods: { allTime: {} } },
};

/**
 * The leaderboards of the demo's server, in a file. `POST /outage?ms=N` takes the server down for that long, and with it
 * all that it had in memory; then it is back on the same port.
 */
export class DemoBoards implements AsyncDisposable {
  readonly #folder: string;
  readonly #random = new SeededRandom(1);
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #life: Life | undefined;
  #port = 0;
  #outage: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endOutage: (() => void) | undefined;
  #seconds = 0;
  #said = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#begin();
    const loop = new PollLoop();
    loop.add(this);
    this.#running = loop.run({ hz: HZ, signal: this.#stop.signal });
  }

  /** Starts it on a free port of 127.0.0.1, with boards on which bots play. */
  static async start(): Promise<DemoBoards> {
    const folder = await Deno.makeTempDir();
    return new DemoBoards(folder);
  }

  /** Where it is. A player's token is his id. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * Moves the boards on, which do so by themselves.
   *
   * @param dt Seconds since the last time.
   */
  tick(dt: number): void {
    this.#seconds += dt;
    const due = Math.floor(this.#seconds * BOT_SCORES_PER_SECOND);
    for (; this.#said < due; this.#said++) this.#playBot(this.#said);
    this.#life?.server.tick(dt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#endOutage?.();
    await this.#outage;
    await this.#end();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #begin(): void {
    const store = new SqliteLeaderboardStore({
      path: `${this.#folder}/boards.db`,
    });
    const server = new LeaderboardServer({
      store,
      boards: BOARDS,
      authenticate: playerOf,
    });
    const stopping = new AbortController();
    const http = Deno.serve({
      hostname: "127.0.0.1",
      port: this.#port,
      signal: stopping.signal,
      onListen: () => {},
    }, (request, info) => {
      const { pathname, searchParams } = new URL(request.url);
      return pathname === "/outage" && request.method === "POST"
        ? this.#goDown(Number(searchParams.get("ms")))
        : server.handler(request, info);
    });
    this.#port = http.addr.port;
    this.#life = { store, server, http, stopping };
  }

  async #end(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    // Connections break off, whatever was under way on them.
    life.stopping.abort();
    await life.server.close();
    await life.http.finished;
    await life.store.close();
  }

  #goDown(ms: number): Response {
    if (!(ms >= MIN_OUTAGE_MS && ms <= MAX_OUTAGE_MS)) {
      return new Response(
        `ms must be ${MIN_OUTAGE_MS} to ${MAX_OUTAGE_MS}\n`,
        { status: 400 },
      );
    }
    this.#outage ??= this.#outageOf(ms).finally(() => this.#outage = undefined);
    return new Response(null, { status: 202 });
  }

  async #outageOf(ms: number): Promise<void> {
    // After the answer to who has asked for it.
    await new Promise((resolve) => setTimeout(resolve));
    await this.#end();
    await new Promise<void>((resolve) => {
      this.#endOutage = resolve;
      this.#timer = setTimeout(resolve, ms);
    });
    clearTimeout(this.#timer);
    this.#endOutage = undefined;
    this.#begin();
  }

  /** Bots get better and better, each in its own time. */
  #playBot(number: number): void {
    const bot = this.#random.nextU32() % BOTS;
    const score = Math.floor(
      (100 + number) * (0.5 + this.#random.nextFloat()),
    );
    // What an outage swallows is no loss: bots have time.
    this.#life?.server.submit(DemoBoard.Arcade, {
      playerId: playerId(`bot-${bot}`),
      name: `Bot ${bot}`,
      score,
    }).catch(() => {});
  }
}

/** A server from its start to its end. */
interface Life {
  readonly store: SqliteLeaderboardStore;
  readonly server: LeaderboardServer;
  readonly http: Deno.HttpServer<Deno.NetAddr>;
  readonly stopping: AbortController;
}

/** In a game, a token that the game's backend has signed. */
function playerOf(request: Request): Identity | undefined {
  const name = request.headers.get("authorization")?.replace(/^Bearer /, "");
  return isPlayerId(name) ? { playerId: name } : undefined;
}
