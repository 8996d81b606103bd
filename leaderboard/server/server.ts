// This module is browser compatible.
import {
  checkInteger,
  clientAddress,
  type Metric,
  networkOf,
  type PlayerId,
} from "../../core/mod.ts";
import {
  type Access,
  ApiKeys,
  Cors,
  type CorsLists,
  MAIN_TITLE,
  RateLimits,
  RouteTable,
  segmentsOf,
  urlOf,
} from "../../http/server/mod.ts";
import { type Board, boardToStored, parseBoard } from "../board/board.ts";
import type { BoardOptions } from "../board/board_options.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import { LiveRoutes } from "../live/live_routes.ts";
import { Replays } from "../replay/replays.ts";
import type {
  PageQuery,
  Ranking,
  RankingPage,
  Standing,
} from "../store/store.ts";
import { addBoardRoutes } from "./_board_routes.ts";
import { Boards } from "./_boards.ts";
import { addEntryRoutes } from "./_entry_routes.ts";
import { addExportRoutes } from "./_export_routes.ts";
import { GuardedStore } from "./_guarded_store.ts";
import { decideById, listQuarantined } from "./_held_moderation.ts";
import { HeldQueue } from "./_held_queue.ts";
import { removePlayer, setHidden } from "./_moderation.ts";
import { addModerationRoutes } from "./_moderation_routes.ts";
import { problemOf, route, unavailable } from "./_router.ts";
import { ServerCall } from "./_server_call.ts";
import type { ServerContext } from "./_server_context.ts";
import { counter, gauge, ServerCounters } from "./_server_counters.ts";
import {
  boardId,
  resolveServerOptions,
  type ServerSettings,
} from "./_server_settings.ts";
import { rejected, submitInCode } from "./_submit.ts";
import { addSubmitRoutes } from "./_submit_routes.ts";
import { Upkeep } from "./_upkeep.ts";
import type { Routes } from "./call.ts";
import type { QuarantinedSubmission, QuarantineQuery } from "./moderation.ts";
import { Problem } from "./problem.ts";
import type { RankingQuery } from "./ranking_query.ts";
import { RunTokens } from "./run_token.ts";
import type {
  ApiRole,
  LeaderboardHandlerInfo,
  LeaderboardServerOptions,
} from "./server_options.ts";
import type { ServerSubmission, SubmitResult } from "./submit_outcome.ts";

/** What pages of other origins may ask and read. */
const CORS_LISTS: CorsLists = {
  methods: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
  requestFields:
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Range, Upload-Offset, X-Api-Key",
  responseFields:
    "Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Retry-After",
};
/** How often limits of those who are not limited any more are forgotten. */
const SWEEP_SECONDS = 10;

/**
 * The server half of leaderboards: boards, entries, submissions, moderation and live changes over HTTP, as
 * `leaderboard/PROTOCOL.md` says. It is bound to no runtime: `handler` answers requests, `tick` does what has a time of
 * its own.
 *
 * @example One board, on Deno
 * ```ts
 * import { playerId } from "@tickwire/net/core";
 * import { LeaderboardServer, MemoryLeaderboardStore } from "@tickwire/net/leaderboard";
 *
 * const store = new MemoryLeaderboardStore();
 * const leaderboard = new LeaderboardServer({
 *   store,
 *   authenticate: (request) => {
 *     const name = request.headers.get("authorization")?.slice("Bearer ".length);
 *     return name ? { playerId: playerId(name) } : undefined; // ask your own server
 *   },
 *   boards: { speedrun: { order: "ascending", minScore: 1 } },
 * });
 * const server = Deno.serve({ port: 0, onListen: () => {} }, leaderboard.handler);
 * leaderboard.tick(1); // once a second
 *
 * await server.shutdown();
 * await leaderboard.close();
 * await store.close();
 * ```
 */
export class LeaderboardServer {
  /** Answers requests: bound, so that it can be given to a server as it is. */
  readonly handler: (
    request: Request,
    info?: LeaderboardHandlerInfo,
  ) => Promise<Response>;
  readonly #settings: ServerSettings;
  readonly #context: ServerContext;
  readonly #keys: ApiKeys<ApiRole> | undefined;
  readonly #cors: Cors;
  readonly #addressLimits: RateLimits;
  readonly #guard: GuardedStore;
  readonly #live: LiveRoutes;
  readonly #replays: Replays | undefined;
  readonly #upkeep: Upkeep;
  readonly #parts: readonly Routes[];
  #preparing: Promise<void> | undefined;
  #isReady = false;
  #isClosed = false;
  #inFlight = 0;
  #sweepSeconds = SWEEP_SECONDS;

  /**
   * Creates a server. Nothing is asked of the store yet.
   *
   * @param options What it needs, and its limits.
   * @throws {TypeError} If an option has the wrong kind, or those of a board are not right.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: LeaderboardServerOptions) {
    const settings = resolveServerOptions(options);
    this.#settings = settings;
    const { clock, random, apiKeys, onError } = settings;
    this.#guard = new GuardedStore(settings.store, onError);
    const store = this.#guard;
    const boards = new Boards(store, clock);
    const playerLimits = new RateLimits(settings.playerRate);
    const { replays, maxReplayBytes } = settings;
    this.#replays = replays &&
      new Replays({
        replays,
        store,
        clock,
        maxReplayBytes,
        takeTurn: (player) => playerLimits.take(player, clock.nowMs()),
        onError,
      });
    const context: ServerContext = {
      store,
      boards,
      replays: this.#replays,
      runs: new RunTokens(settings.runKey, random),
      runLifetimeMs: settings.runLifetimeMs,
      held: new HeldQueue(() => context),
      verify: settings.verify,
      verifiesLater: settings.verifiesLater,
      maxVerifications: settings.maxVerifications,
      playerLimits,
      counters: new ServerCounters(),
      titles: settings.titles,
      clock,
      random,
      onError,
    };
    this.#context = context;
    this.#keys = apiKeys === undefined ? undefined : new ApiKeys(apiKeys);
    this.#cors = new Cors(settings.allowedOrigins, CORS_LISTS);
    this.#addressLimits = new RateLimits(settings.addressRate);
    this.#live = new LiveRoutes({
      store,
      season: (board, period) => this.#seasonOf(board, period),
      maxStreams: settings.maxStreams,
      maxStreamsPerAddress: settings.maxStreamsPerAddress,
      random,
    });
    this.#upkeep = new Upkeep(context, (board) => this.#live.clear(board));
    const table = new RouteTable<ServerCall>();
    addBoardRoutes(table, context, this.#upkeep);
    addEntryRoutes(table, context);
    addSubmitRoutes(table, context);
    addModerationRoutes(table, context);
    addExportRoutes(table, context);
    this.#parts = [table, this.#live, ...this.#replays?.routes ?? []];
    this.handler = (request, info) => this.#handle(request, info);
  }

  /**
   * Makes and changes the boards of the option `boards`, which the first request does otherwise.
   *
   * @returns A promise that resolves when they are there. It rejects with a {@linkcode LeaderboardError}: `"conflict"` if
   * a board is stored with another order, operator or rule of ties, `"storeFailed"` if the store failed.
   */
  async ready(): Promise<void> {
    await asAction(() => this.#prepare());
  }

  /**
   * Makes a board, or changes it.
   *
   * @param board Its name: 1 to 64 of `A–Z a–z 0–9 . _ -`, beginning with a letter or digit; where there are several
   * titles, `title/name`.
   * @param options How it is.
   * @returns A promise of whether it is new. It rejects with a {@linkcode LeaderboardError}: `"conflict"` if its order,
   * operator or rule of ties would change, or it is still being removed.
   * @throws {RangeError} If `board` is no such name.
   * @throws {BoardOptionsError} If an option is not what it must be.
   *
   * @example A board for today's event
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { LeaderboardServer, MemoryLeaderboardStore } from "@tickwire/net/leaderboard";
   *
   * const store = new MemoryLeaderboardStore();
   * const server = new LeaderboardServer({ store, authenticate: () => undefined });
   * assertEquals(await server.putBoard("event-12", { operator: "sum" }), true);
   * assertEquals(await server.putBoard("event-12", { operator: "sum", maxScore: 10 }), false);
   * ```
   */
  async putBoard(board: string, options: BoardOptions): Promise<boolean> {
    const parsed = parseBoard(this.#idOf(board), options);
    return await asAction(async () => {
      const { title, name } = namesOf(parsed.id);
      return (await this.#context.boards.put(title, name, options)).isNew;
    });
  }

  /**
   * Removes a board. It is there for nobody from now on; its entries are removed by and by, from `tick`, also after a
   * restart.
   *
   * @param board Its name.
   * @returns A promise that resolves when it is gone for everybody who asks. It rejects with a
   * {@linkcode LeaderboardError}: `"notFound"`.
   * @throws {RangeError} If `board` is no name of one.
   */
  async removeBoard(board: string): Promise<void> {
    const { title, name } = namesOf(this.#idOf(board));
    await asAction(() => this.#context.boards.leave(title, name));
    this.#upkeep.hurry(this.#context.boards.settleMs / 1_000);
  }

  /**
   * Submits a score for a player: by the same rules as everybody's, `verify` included, but for the limits of rates.
   *
   * @param board The board's name.
   * @param submission The score.
   * @returns A promise of what became of it. It rejects with a {@linkcode LeaderboardError}: `"notFound"` if there is no
   * such board, `"storeFailed"`.
   * @throws {RangeError} If `board` is no name of one.
   *
   * @example The end of a match
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { playerId } from "@tickwire/net/core";
   * import { LeaderboardServer, MemoryLeaderboardStore } from "@tickwire/net/leaderboard";
   *
   * const server = new LeaderboardServer({
   *   store: new MemoryLeaderboardStore(),
   *   authenticate: () => undefined,
   *   boards: { wins: { operator: "sum" } },
   * });
   * const submission = { playerId: playerId("ada"), score: 1, idempotencyKey: "match-812" };
   * const first = await server.submit("wins", submission);
   * const again = await server.submit("wins", submission);
   * assertEquals([first.status, again.status], ["accepted", "accepted"]);
   * assertEquals((await server.standing("wins", submission.playerId))?.entry.score, 1);
   * ```
   */
  async submit(
    board: string,
    submission: ServerSubmission,
  ): Promise<SubmitResult> {
    const opened = await this.#open(board);
    const { idempotencyKey, ...fields } = submission;
    try {
      return await submitInCode(this.#context, opened, fields, idempotencyKey);
    } catch (error) {
      return refusalOf(error);
    }
  }

  /**
   * Finds a player's place.
   *
   * @param board The board's name.
   * @param playerId The player.
   * @param query In which ranking.
   * @returns A promise of it, or of `undefined` if he has none or is hidden. It rejects with a
   * {@linkcode LeaderboardError}: `"notFound"` if there is no such board, period or class, `"storeFailed"`.
   * @throws {RangeError} If `board` is no name of one.
   */
  async standing(
    board: string,
    playerId: PlayerId,
    query: RankingQuery = {},
  ): Promise<Standing | undefined> {
    const ranking = this.#rankingOf(await this.#open(board), query);
    return await this.#context.store.standing(ranking, playerId);
  }

  /**
   * Reads a page of a board.
   *
   * @param board The board's name.
   * @param query Of which ranking, and which part; the first 100 by default.
   * @returns A promise of the entries. It rejects with a {@linkcode LeaderboardError}: `"notFound"` if there is no such
   * board, period or class, `"storeFailed"`.
   * @throws {RangeError} If `board` is no name of one.
   */
  async page(
    board: string,
    query: RankingQuery & Partial<PageQuery> = {},
  ): Promise<RankingPage> {
    const { period: _period, season: _season, class: _class, ...part } = query;
    const ranking = this.#rankingOf(await this.#open(board), query);
    return await this.#context.store.page(ranking, { limit: 100, ...part });
  }

  /**
   * Hides a player on a board, or shows him again. A hidden one has no rank and is on no page, also with what he submits
   * later; it is accepted as before, but the answers have no standings.
   *
   * @param board The board's name.
   * @param playerId The player.
   * @param isHidden Whether he is hidden from now on.
   * @returns A promise of how many of his entries changed. It rejects with a {@linkcode LeaderboardError}.
   * @throws {RangeError} If `board` is no name of one.
   */
  async setHidden(
    board: string,
    playerId: PlayerId,
    isHidden: boolean,
  ): Promise<number> {
    const opened = await this.#open(board);
    return await setHidden(this.#context, opened, playerId, isHidden);
  }

  /**
   * Removes a player's entries from a board, of all periods, seasons and classes.
   *
   * @param board The board's name.
   * @param playerId The player.
   * @returns A promise of how many there were. It rejects with a {@linkcode LeaderboardError}.
   * @throws {RangeError} If `board` is no name of one.
   */
  async removePlayer(board: string, playerId: PlayerId): Promise<number> {
    const opened = await this.#open(board);
    return await removePlayer(this.#context, opened, playerId);
  }

  /**
   * Lists the submissions that wait for a moderator, as `verify` has said, oldest first.
   *
   * @param board The board's name.
   * @param query Which part of them; the first 100 by default.
   * @returns A promise of them. It rejects with a {@linkcode LeaderboardError}.
   * @throws {RangeError} If `board` is no name of one, or `query` is out of range.
   */
  async quarantined(
    board: string,
    query: QuarantineQuery = {},
  ): Promise<readonly QuarantinedSubmission[]> {
    const after = checkInteger(
      "after",
      query.after ?? 0,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    const limit = checkInteger("limit", query.limit ?? 100, 1, 1_000);
    const opened = await this.#open(board);
    return await listQuarantined(this.#context, opened, after, limit);
  }

  /**
   * Decides about a submission that is held. One that is accepted counts in the seasons in which it came, and among equals by
   * when it came.
   *
   * @param board The board's name.
   * @param id The submission's, of {@linkcode LeaderboardServer.quarantined}.
   * @param decision What becomes of it.
   * @returns A promise of what its player is told when he sends it again: of a rejected one `"refused"` with the code
   * `"rejected"`, and of one that cannot be counted any more why. It rejects with a {@linkcode LeaderboardError}:
   * `"notFound"` if there is no such submission, as when somebody else was faster.
   * @throws {RangeError} If `board` is no name of one.
   * @throws {TypeError} If `decision` is neither `"accept"` nor `"reject"`.
   *
   * @example A look at what nobody has done so far
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { playerId } from "@tickwire/net/core";
   * import { LeaderboardServer, MemoryLeaderboardStore } from "@tickwire/net/leaderboard";
   *
   * const server = new LeaderboardServer({
   *   store: new MemoryLeaderboardStore(),
   *   authenticate: () => undefined,
   *   boards: { gems: {} },
   *   verify: ({ score }) => score > 1_000 ? "quarantine" : "accept",
   * });
   * await server.submit("gems", { playerId: playerId("ada"), score: 1_001 });
   * for (const { id } of await server.quarantined("gems")) {
   *   const { status } = await server.decide("gems", id, "accept");
   *   assertEquals(status, "accepted");
   * }
   * assertEquals((await server.page("gems")).total, 1);
   * ```
   */
  async decide(
    board: string,
    id: string,
    decision: "accept" | "reject",
  ): Promise<SubmitResult> {
    if (decision !== "accept" && decision !== "reject") {
      throw new TypeError(
        `Cannot decide as decision must be "accept" or "reject": current value is "${decision}"`,
      );
    }
    const opened = await this.#open(board);
    try {
      return await decideById(this.#context, opened, id, decision) ??
        refusalOf(rejected());
    } catch (error) {
      return refusalOf(error);
    }
  }

  /**
   * Moves on what has a time of its own: verifying what is held, live changes, and, a slice at a time, forgetting
   * what is over. It starts such work and never waits for it.
   *
   * @param dt Seconds since the last call: 0 or more. A few calls a second are enough; live changes come with each.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    if (this.#isClosed) return;
    this.#live.tick(dt);
    this.#replays?.tick(dt);
    this.#sweepSeconds -= dt;
    if (this.#sweepSeconds <= 0) {
      this.#sweepSeconds = SWEEP_SECONDS;
      this.#addressLimits.sweep(this.#context.clock.nowMs());
      this.#context.playerLimits.sweep(this.#context.clock.nowMs());
    }
    if (!this.#isReady) {
      // Told to onError by the store's guard.
      this.#prepare().catch(() => {});
      return;
    }
    this.#context.held.tick(dt);
    this.#upkeep.tick(dt);
  }

  /**
   * Tells what the server has counted, for OpenMetrics.
   *
   * @returns The numbers as they are now.
   */
  *metrics(): IterableIterator<Metric> {
    const { counters, held, playerLimits } = this.#context;
    yield* counters.metrics();
    yield counter(
      "store_failures",
      "Calls of the store that failed",
      this.#guard.failures,
    );
    for (
      const [by, value] of [
        ["address", this.#addressLimits.refused],
        ["player", playerLimits.refused],
      ] as const
    ) {
      yield counter(
        "rate_limited",
        "Requests and submissions beyond the limits of rates",
        value,
        { by },
      );
    }
    yield gauge(
      "requests_in_flight",
      "Requests that are being answered",
      this.#inFlight,
    );
    yield gauge(
      "unverified",
      "Held submissions that are known to wait to be verified",
      held.size,
    );
    yield* this.#live.metrics();
    yield* this.#replays?.metrics() ?? [];
  }

  /**
   * Ends the streams, answers requests with 503 from now on, and waits for what is under way besides requests. The store
   * is its owner's to close. Closing twice has no effect.
   *
   * @returns A promise that resolves when the server has nothing more to do.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { held } = this.#context;
    await Promise.all([
      this.#live.close(),
      held.close(),
      this.#upkeep.close(),
      this.#replays?.close(),
      this.#preparing?.catch(() => {}),
    ]);
  }

  async #handle(
    request: Request,
    info: LeaderboardHandlerInfo | undefined,
  ): Promise<Response> {
    this.#inFlight += 1;
    let response: Response;
    try {
      response = await this.#answer(request, info);
    } catch (error) {
      response = problemOf(error, this.#settings.onError).toResponse();
    }
    this.#inFlight -= 1;
    this.#context.counters.countResponse(response.status);
    if (request.method === "HEAD" && response.body !== null) {
      const { status, headers, body } = response;
      body.cancel().catch(() => {});
      response = new Response(null, { status, headers });
    }
    return this.#cors.apply(request, response);
  }

  async #answer(
    request: Request,
    info: LeaderboardHandlerInfo | undefined,
  ): Promise<Response> {
    const url = urlOf(request);
    const segments = segmentsOf(url, this.#settings.basePath);
    // Before any key, which a browser does not send along.
    if (request.method === "OPTIONS") return this.#cors.preflight(request);
    if (this.#isClosed) throw unavailable();
    const address = this.#addressOf(request, info);
    const access = await this.#accessOf(request, address);
    if (!this.#isReady) await this.#prepare();
    const call = new ServerCall(
      request,
      url,
      segments,
      address,
      access,
      this.#context,
      this.#settings.authenticate,
    );
    return await route(this.#parts, call);
  }

  /** What the key of a request opens. Rejects with a {@linkcode Problem}, also if its address has asked too often. */
  async #accessOf(request: Request, address: string): Promise<Access<ApiRole>> {
    const access = this.#keys === undefined
      ? { title: MAIN_TITLE, role: "game" } as const
      : await this.#keys.find(request.headers.get("x-api-key"));
    // Who tries keys is limited like everybody who has none of a server.
    if (access === undefined || access.role === "game") {
      if (address !== "") {
        this.#addressLimits.take(address, this.#context.clock.nowMs());
      }
    }
    if (access !== undefined) return access;
    throw new Problem(
      "unauthenticated",
      "Cannot answer as X-Api-Key must be a key of this server",
    );
  }

  #addressOf(
    request: Request,
    info: LeaderboardHandlerInfo | undefined,
  ): string {
    return networkOf(clientAddress(
      info?.remoteAddr?.hostname ?? "",
      request.headers.get("x-forwarded-for"),
      this.#settings.proxies,
    ));
  }

  /** Makes the boards of the options, once; where that failed it is tried again. */
  #prepare(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    this.#preparing ??= this.#makeBoards().finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  async #makeBoards(): Promise<void> {
    for (const board of this.#settings.boards) {
      const { title, name } = namesOf(board.id);
      const options = JSON.parse(boardToStored(board));
      try {
        await this.#context.boards.put(title, name, options);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        // Its author has to hear of it, and nobody else can do anything about it.
        const failure = errorOf(error);
        this.#settings.onError(failure);
        throw failure;
      }
    }
    this.#isReady = true;
  }

  async #open(board: string): Promise<Board> {
    const { title, name } = namesOf(this.#idOf(board));
    return await asAction(async () => {
      await this.#prepare();
      return await this.#context.boards.open(title, name);
    });
  }

  #idOf(board: string): string {
    return boardId(board, this.#settings.titles);
  }

  #rankingOf(board: Board, query: RankingQuery): Ranking {
    const { class: className = "" } = query;
    const period = query.period === undefined
      ? board.defaultPeriod
      : board.periods.get(query.period);
    const isKnown = className === "" || board.classes.has(className);
    if (period === undefined || !isKnown) {
      throw new LeaderboardError(
        "notFound",
        `Cannot read board as it has no such ${
          isKnown ? "period" : "class"
        }: current value is "${isKnown ? query.period : className}"`,
      );
    }
    const season = query.season ??
      period.seasonAt(this.#context.clock.epochMs()).startMs;
    return board.ranking(period.name, season, className);
  }

  async #seasonOf(id: string, period: string): Promise<number | undefined> {
    const { title, name } = namesOf(id);
    const { boards, clock } = this.#context;
    try {
      const board = await boards.open(title, name);
      return board.periods.get(period)?.seasonAt(clock.epochMs()).startMs;
    } catch (error) {
      if (error instanceof Problem) return undefined;
      throw error;
    }
  }
}

function namesOf(id: string): { title: string; name: string } {
  const slash = id.indexOf("/");
  return { title: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** Does what a server's author asks for, who is told by what it rejects with. */
async function asAction<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw errorOf(error);
  }
}

/** What is refused as its result; what else there is, or what is not there, is thrown. */
function refusalOf(error: unknown): SubmitResult {
  if (
    !(error instanceof Problem) || error.code === "unavailable" ||
    error.code === "heldNotFound"
  ) {
    throw errorOf(error);
  }
  const { code, message, details: { field } } = error;
  return {
    status: "refused",
    code,
    message,
    ...(field === undefined ? {} : { field }),
  };
}

function errorOf(error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  const code = error.code.endsWith("NotFound")
    ? "notFound"
    : error.code === "unavailable"
    ? "storeFailed"
    : "conflict";
  return new LeaderboardError(code, error.message, { cause: error });
}
