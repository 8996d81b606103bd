import {
  type Identity,
  isPlayerId,
  playerId,
  SeededRandom,
} from "../../core/mod.ts";
import { type BoardOptions, LeaderboardServer } from "../../leaderboard/mod.ts";
import { SqliteLeaderboardStore } from "../../leaderboard/sqlite.ts";
import { FragileOrigin, type ServerLife } from "./fragile_origin.ts";

const BOTS = 40;
const BOT_SCORES_PER_SECOND = 10;

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

/** The leaderboards of the demo's server, in a file, on a server that goes down when it is told to. */
export class DemoBoards implements AsyncDisposable {
  readonly #folder: string;
  readonly #random = new SeededRandom(1);
  readonly #origin: FragileOrigin;
  #seconds = 0;
  #said = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#origin = new FragileOrigin(() => this.#make());
  }

  /** Starts it on a free port of 127.0.0.1, with boards on which bots play. */
  static async start(): Promise<DemoBoards> {
    const folder = await Deno.makeTempDir();
    return new DemoBoards(folder);
  }

  /** Where it is. A player's token is his id. */
  get url(): string {
    return this.#origin.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#origin[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #make(): ServerLife {
    const store = new SqliteLeaderboardStore({
      path: `${this.#folder}/boards.db`,
    });
    const server = new LeaderboardServer({
      store,
      boards: BOARDS,
      authenticate: playerOf,
    });
    return {
      handler: server.handler,
      tick: (dt) => {
        this.#playBots(server, dt);
        server.tick(dt);
      },
      async close() {
        await server.close();
        await store.close();
      },
    };
  }

  /** Bots get better and better, each in its own time. */
  #playBots(server: LeaderboardServer, dt: number): void {
    this.#seconds += dt;
    const due = Math.floor(this.#seconds * BOT_SCORES_PER_SECOND);
    for (; this.#said < due; this.#said++) {
      const bot = this.#random.nextU32() % BOTS;
      const score = Math.floor(
        (100 + this.#said) * (0.5 + this.#random.nextFloat()),
      );
      // What an outage swallows is no loss: bots have time.
      server.submit(DemoBoard.Arcade, {
        playerId: playerId(`bot-${bot}`),
        name: `Bot ${bot}`,
        score,
      }).catch(() => {});
    }
  }
}

/** In a game, a token that the game's backend has signed. */
function playerOf(request: Request): Identity | undefined {
  const name = request.headers.get("authorization")?.replace(/^Bearer /, "");
  return isPlayerId(name) ? { playerId: name } : undefined;
}
