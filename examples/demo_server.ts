/**
 * The server of the demo: a leaderboard, a hub and some trouble, on loopback.
 *
 *     deno run -A examples/demo_server.ts
 *
 * Main origin:
 *
 * | request                    | answer                                                             |
 * | -------------------------- | ------------------------------------------------------------------ |
 * | `GET /leaderboard?page=N`  | a page of ten entries, fresh for 2 s, then `304` by its ETag        |
 * | `GET /players/ID`          | a profile that never changes                                       |
 * | `POST /scores`             | takes `{ playerId, score }`, answers with the rank                 |
 * | `POST /telemetry`          | `204`                                                              |
 * | `GET /slow`                | answers after 250 ms                                               |
 * | `GET /flaky`               | every third answer is `503`                                        |
 * | `POST /outage?ms=N`        | takes the second origin down for that long, unless it is           |
 *
 * Second origin: `GET /match` answers with the state of a match, unless it is down. Then
 * nothing listens there.
 *
 * Third origin: `GET /offers` is answered six times per second, with a `RateLimit` field, and
 * then with `429` and `Retry-After`.
 *
 * Fourth origin: a hub of `@tickwire/net/websocket` (demo/demo_hub.ts), behind a line that is
 * cut as often as a player asks for.
 *
 * Fifth origin: leaderboards of `@tickwire/net/leaderboard` (demo/demo_boards.ts), whose server
 * goes down for a while when a player asks for it.
 *
 * Sixth origin: a collector of `@tickwire/net/analytics` with its dashboard (demo/demo_collector.ts), which fails every
 * fourth batch, and goes down as well.
 *
 * Not an origin but a UDP port: an encrypted match over `@tickwire/net/transport` with bots (demo/demo_match.ts), behind a line that
 * is as bad as a player asks for.
 */

import { parseConnectToken } from "../transport/mod.ts";
import { DemoBoards } from "./demo/demo_boards.ts";
import { DemoCollector } from "./demo/demo_collector.ts";
import { DemoHub } from "./demo/demo_hub.ts";
import { DemoMatch } from "./demo/demo_match.ts";

/** Where the demo's server is. */
export interface DemoUrls {
  /** The main origin. */
  readonly url: string;
  /** The origin that can be taken down. */
  readonly matchUrl: string;
  /** The origin that limits the rate of its requests. */
  readonly shopUrl: string;
  /** The origin of the hub. */
  readonly hubUrl: string;
  /** The origin of the leaderboards. */
  readonly boardsUrl: string;
  /** The origin of the collector. */
  readonly collectorUrl: string;
  /** What lets one player into the match over UDP: a connect token as base64, good for half a minute. */
  readonly matchToken: string;
}

/** A running demo server. */
export interface DemoServer extends DemoUrls, AsyncDisposable {}

const PAGE_SIZE = 10;
const PLAYERS = 200;
const SLOW_MS = 250;
const LIMIT = 6;
const LIMIT_WINDOW_MS = 1_000;
const MAX_OUTAGE_MS = 60_000;

/**
 * Starts everything on free ports of 127.0.0.1.
 *
 * @returns The server; dispose of it to stop it.
 */
export async function startDemoServer(): Promise<DemoServer> {
  const match = new MatchOrigin();
  const board = new Board();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let outage: Promise<void> | undefined;
  let flakyCount = 0;

  function after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        resolve();
      }, ms);
      timers.add(timer);
    });
  }

  async function handle(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "GET /leaderboard":
        return board.page(Number(searchParams.get("page") ?? 1), request);
      case "POST /scores":
        return board.submit(await request.json());
      case "POST /telemetry":
        await request.body?.cancel();
        return new Response(null, { status: 204 });
      case "GET /slow":
        await after(SLOW_MS);
        return Response.json({ waitedMs: SLOW_MS });
      case "GET /flaky":
        flakyCount++;
        return flakyCount % 3 === 0
          ? new Response("Out of luck\n", { status: 503 })
          : Response.json({ luck: flakyCount });
      case "POST /outage": {
        const ms = Number(searchParams.get("ms"));
        if (!(ms > 0 && ms <= MAX_OUTAGE_MS)) {
          return new Response("ms must be 1 to 60000\n", { status: 400 });
        }
        outage ??= match.stop().then(() => after(ms)).then(() => {
          outage = undefined;
          match.start();
        });
        return new Response(null, { status: 202 });
      }
    }
    const player = /^\/players\/([1-9][0-9]{0,2})$/.exec(pathname)?.[1];
    if (player !== undefined && request.method === "GET") {
      return Response.json(
        { playerId: player, name: playerName(Number(player)) },
        { headers: { "Cache-Control": "max-age=31536000, immutable" } },
      );
    }
    return new Response("Not found\n", { status: 404 });
  }

  const server = serve(0, handle);
  const shop = startShop();
  const hub = await DemoHub.start();
  const boards = await DemoBoards.start();
  const collector = await DemoCollector.start();
  const udpMatch = await DemoMatch.start();
  match.start();
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    matchUrl: `http://127.0.0.1:${match.port}`,
    shopUrl: `http://127.0.0.1:${shop.addr.port}`,
    hubUrl: hub.url,
    boardsUrl: boards.url,
    collectorUrl: collector.url,
    matchToken: udpMatch.issueToken(),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([
        match.stop(),
        shop.shutdown(),
        server.shutdown(),
        hub[Symbol.asyncDispose](),
        boards[Symbol.asyncDispose](),
        collector[Symbol.asyncDispose](),
        udpMatch[Symbol.asyncDispose](),
      ]);
    },
  };
}

/** The origin that goes down: its listener and all its connections are closed, and later it is back on its port. */
class MatchOrigin {
  port = 0;
  #stopping = new AbortController();
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #ticks = 0;

  start(): void {
    this.#stopping = new AbortController();
    this.#server = serve(
      this.port,
      () =>
        Response.json(
          { match: "duel", map: "harbour", tick: ++this.#ticks },
          { headers: { "Cache-Control": "no-store" } },
        ),
      this.#stopping.signal,
    );
    this.port = this.#server.addr.port;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server?.finished;
  }
}

function startShop(): Deno.HttpServer<Deno.NetAddr> {
  let windowEndsMs = 0;
  let count = 0;
  return serve(0, (request) => {
    if (new URL(request.url).pathname !== "/offers") {
      return new Response("Not found\n", { status: 404 });
    }
    const now = performance.now();
    if (now >= windowEndsMs) {
      windowEndsMs = now + LIMIT_WINDOW_MS;
      count = 0;
    }
    count++;
    const resetSecs = Math.ceil((windowEndsMs - now) / 1000);
    const remaining = Math.max(LIMIT - count, 0);
    const headers = { "RateLimit": `"demo";r=${remaining};t=${resetSecs}` };
    return count <= LIMIT
      ? Response.json({ offers: ["hat", "sword"] }, { headers })
      : new Response("Too many requests\n", {
        status: 429,
        headers: { ...headers, "Retry-After": `${resetSecs}` },
      });
  });
}

class Board {
  readonly #scores: { player: number; score: number }[] = [];
  #version = 1;

  constructor() {
    for (let player = 1; player <= PLAYERS; player++) {
      this.#scores.push({ player, score: (PLAYERS + 1 - player) * 100 });
    }
  }

  page(page: number, request: Request): Response {
    const pages = Math.ceil(this.#scores.length / PAGE_SIZE);
    if (!Number.isInteger(page) || page < 1 || page > pages) {
      return new Response("No such page\n", { status: 404 });
    }
    const headers = {
      "Cache-Control": "max-age=2",
      "ETag": `"v${this.#version}-${page}"`,
    };
    if (request.headers.get("If-None-Match") === headers.ETag) {
      return new Response(null, { status: 304, headers });
    }
    const from = (page - 1) * PAGE_SIZE;
    const entries = this.#scores.slice(from, from + PAGE_SIZE).map(
      ({ player, score }, i) => ({
        rank: from + i + 1,
        playerId: `${player}`,
        name: playerName(player),
        score,
      }),
    );
    return Response.json(
      { entries, total: this.#scores.length, page },
      { headers },
    );
  }

  submit(submission: unknown): Response {
    const { playerId, score } = submission as Record<string, unknown>;
    const entry = this.#scores.find((each) => `${each.player}` === playerId);
    if (entry === undefined || !Number.isSafeInteger(score)) {
      return new Response("Score rejected\n", { status: 422 });
    }
    // Most scores are no personal best, so most of the time the pages stay what they are.
    if (score as number > entry.score) {
      entry.score = score as number;
      this.#scores.sort((a, b) => b.score - a.score);
      this.#version++;
    }
    return Response.json(
      { rank: this.#scores.indexOf(entry) + 1, score: entry.score },
      { status: 201 },
    );
  }
}

function playerName(player: number): string {
  const first = ["Iron", "Silent", "Lucky", "Red", "Polar"][player % 5];
  const second = ["Fox", "Comet", "Pilot", "Badger"][player % 4];
  return `${first} ${second} ${player}`;
}

function serve(
  port: number,
  handler: (request: Request) => Response | Promise<Response>,
  signal?: AbortSignal,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({
    hostname: "127.0.0.1",
    port,
    onListen: () => {},
    ...(signal !== undefined && { signal }),
  }, handler);
}

if (import.meta.main) {
  const server = await startDemoServer();
  console.log(`Leaderboard: ${server.url}/leaderboard?page=1`);
  console.log(`Match:       ${server.matchUrl}/match`);
  console.log(`Shop:        ${server.shopUrl}/offers`);
  console.log(`Hub:         ${server.hubUrl}/?name=ada`);
  console.log(`Boards:      ${server.boardsUrl}/v1/boards/arcade/entries`);
  console.log(`Dashboard:   ${server.collectorUrl}/`);
  console.log(
    `UDP match:   ${parseConnectToken(server.matchToken).addresses[0]}`,
  );
}
