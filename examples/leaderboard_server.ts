/**
 * A leaderboard of one's own: a store, two boards, who the players are, and a page that shows them live.
 *
 *     deno run -A examples/leaderboard_server.ts [--port 8000] [--hostname 127.0.0.1] [--database boards.db]
 *
 * Without a database everything is gone when it ends. `leaderboard/serve.ts` is a server to run as it is; this one shows how
 * to make another.
 *
 * @module
 */

import { isPlayerId, PollLoop } from "../core/mod.ts";
import {
  type LeaderboardHandlerInfo,
  LeaderboardServer,
  MemoryLeaderboardStore,
} from "../leaderboard/mod.ts";
import { LeaderboardPage } from "../leaderboard/page/mod.ts";
import { SqliteLeaderboardStore } from "../leaderboard/sqlite.ts";

const HZ = 20;

/** The server of a game, without a socket of its own. */
export class GameBoards {
  readonly server: LeaderboardServer;
  readonly #store: MemoryLeaderboardStore | SqliteLeaderboardStore;
  readonly #page = LeaderboardPage.make();

  /** @param database The file of the boards; `undefined` to keep them in memory. */
  constructor(database?: string) {
    this.#store = database === undefined
      ? new MemoryLeaderboardStore()
      : new SqliteLeaderboardStore({ path: database });
    this.server = new LeaderboardServer({
      store: this.#store,
      // Everybody is who they say: a game asks its own accounts here.
      authenticate: (request) => {
        const [, name] =
          /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "") ??
            [];
        return isPlayerId(name) ? { playerId: name } : undefined;
      },
      boards: {
        // Milliseconds: fewer are better, and nobody is faster than ten seconds.
        speedrun: {
          order: "ascending",
          minScore: 10_000,
          classes: ["any%", "all-gems"],
        },
        // All that somebody collects in a week.
        gems: {
          operator: "increment",
          periods: { weekly: { cron: "0 0 * * 1" }, allTime: {} },
        },
      },
      verify: ({ board, score }) =>
        // A moderator looks at what nobody has done so far.
        board === "gems" && score > 1_000 ? "quarantine" : "accept",
    });
  }

  /**
   * Answers requests for the page and for boards.
   *
   * @param request The request.
   * @param info Where it comes from.
   * @returns The answer.
   */
  async handler(
    request: Request,
    info?: LeaderboardHandlerInfo,
  ): Promise<Response> {
    const isPage = new URL(request.url).pathname === "/";
    return isPage
      ? (await this.#page).respond(request.method)
      : await this.server.handler(request, info);
  }

  /**
   * Moves everything on.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void {
    this.server.tick(dt);
  }

  /** Ends it: streams, and then the store. */
  async close(): Promise<void> {
    await this.server.close();
    await this.#store.close();
  }
}

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1] ?? "";
}

if (import.meta.main) {
  const port = Number(option("--port") ?? "8000");
  const hostname = option("--hostname") ?? "127.0.0.1";
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error("Cannot serve as --port must be an integer from 0 to 65535");
    Deno.exit(2);
  }
  const boards = new GameBoards(option("--database"));
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    (request, info) => boards.handler(request, info),
  );
  console.log(`Boards: http://${hostname}:${server.addr.port}/`);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const loop = new PollLoop();
  loop.add(boards);
  await loop.run({ hz: HZ, signal: stop.signal });
  await boards.server.close();
  await server.shutdown();
  await boards.close();
  Deno.exit();
}
