// This module is browser compatible.
import {
  checkInteger,
  type PlayerId,
  playerId as toPlayerId,
  SecureRandom,
  SystemClock,
} from "../../core/mod.ts";
import {
  HttpClient,
  type HttpEvent,
  type HttpRequest,
  type HttpRestored,
  type HttpTerminalEvent,
  type RequestId,
} from "../../http/mod.ts";
import { BaseUrl } from "./_base_url.ts";
import { checkName, checkVisible } from "./_checks.ts";
import { EventOutbox } from "./_event_outbox.ts";
import { details, isServersOwn } from "./_failure.ts";
import { makeIdempotencyKey } from "./_idempotency_key.ts";
import { LiveWatches } from "./_live_watches.ts";
import { ReplayLists } from "./_replay_lists.ts";
import { ReplayTransfers } from "./_replay_transfers.ts";
import { callsOf, type Pending, type PendingSubmission } from "./_pending.ts";
import { readBatch, readFetch, readSubmission } from "./_read_result.ts";
import {
  batchesOf,
  batchRequest,
  boardsRequest,
  durableRequest,
  entriesRequest,
  listOf,
  rankRequest,
  runRequest,
  seasonsRequest,
  submitRequest,
} from "./_requests.ts";
import { readStoredSubmission } from "./_submission_json.ts";
import type { LeaderboardClientOptions } from "./client_options.ts";
import type { ClientContext, ClientPart } from "./client_part.ts";
import type {
  FetchSuccess,
  LeaderboardCallId,
  LeaderboardEvent,
} from "./event.ts";
import { LeaderboardFilter } from "./filter.ts";
import type { ScoreSubmission } from "./score_submission.ts";

const MAX_BATCH = 100;
const MAX_PLAYERS = 100;
/** A URL may have 8,192 characters. */
const MAX_PLAYERS_LENGTH = 7_000;
const MAX_KEY_LENGTH = 256;

/**
 * A leaderboard client that a game ticks. Each call returns an id, `tick` moves everything on, and `drainEvents` hands out
 * what happened: exactly one terminal event for each call. Nothing blocks, nothing is awaited, and nothing that a server
 * or a network does throws.
 *
 * With a `journal`, submissions are kept until the server has answered, over being offline and over restarts, and count
 * once. The submissions of one player to one board are sent one after another, in the order of `submit`.
 *
 * @example Submit, tick, drain
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LeaderboardClient, ScoreSubmission } from "@tickwire/net/leaderboard";
 *
 * const client = new LeaderboardClient("https://example.com/scores", {
 *   http: { // leave this out in a game
 *     fetch: () => Promise.resolve(Response.json({
 *       status: "accepted", applied: true, board: "main",
 *       standings: [{ period: "allTime", season: 0, rank: 3, total: 120, score: 4200, subscore: 0 }],
 *     })),
 *   },
 * });
 * const id = client.submit(new ScoreSubmission("ada", "Ada", 4200));
 * let rank: number | undefined;
 * while (client.pendingCount > 0) {
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) {
 *     if (event.type === "scoreSubmitted" && event.id === id) rank = event.rank;
 *   }
 *   await new Promise((resolve) => setTimeout(resolve)); // the rest of the frame
 * }
 * assertEquals(rank, 3);
 * ```
 */
export class LeaderboardClient {
  readonly #base: BaseUrl;
  readonly #board: string;
  readonly #isDurable: boolean;
  readonly #http: HttpClient;
  readonly #outbox: EventOutbox;
  readonly #context: ClientContext;
  readonly #live: LiveWatches;
  readonly #transfers: ReplayTransfers;
  readonly #replayLists: ReplayLists;
  readonly #parts: readonly ClientPart[];

  readonly #pending = new Map<RequestId, Pending>();
  readonly #requests = new Map<LeaderboardCallId, RequestId>();
  /** An event for which there is no room before more is drained. */
  #stalled: HttpEvent | undefined;
  #isTicking = false;
  #isClosed = false;

  /**
   * Makes a client. Nothing is sent before the first `tick`.
   *
   * @param baseUrl Where the server is mounted: an absolute http(s) URL. Redirects are not followed, for keys and tokens are
   * for this server alone.
   * @param options How it behaves.
   * @throws {TypeError} If `baseUrl` is no such URL.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(baseUrl: string, options: LeaderboardClientOptions = {}) {
    this.#base = new BaseUrl(baseUrl);
    this.#board = checkName("board", options.board ?? "main");
    const maxPending = checkInteger(
      "maxPending",
      options.maxPending ?? 1_024,
      1,
      65_536,
    );
    const { http = {}, journal, playerToken } = options;
    const clock = http.clock ?? new SystemClock();
    this.#isDurable = journal !== undefined;
    // Room for every call and as much again for what an earlier run left.
    const maxRequests = 2 * maxPending + 64;
    this.#http = new HttpClient({
      ...http,
      clock,
      baseUrl: this.#base.href,
      // The server says no-store, and ranks of a minute ago are wrong.
      cache: false,
      maxPending: maxRequests,
      isAnswer: isServersOwn,
      ...(journal !== undefined && { journal }),
      ...(playerToken !== undefined && { bearerToken: playerToken }),
    });
    this.#outbox = new EventOutbox({
      maxPending,
      // At most half of them can be waiting for the server, so that one can always be drained.
      maxRestored: 2 * maxRequests,
      clock,
    });
    const outbox = this.#outbox;
    this.#context = {
      clock,
      board: this.#board,
      open: (slots) => outbox.open(slots),
      isOpen: (id) => outbox.isOpen(id),
      inform: (event) => outbox.inform(event),
      emit: (event) => outbox.emit(event),
      end: (event) => outbox.end(event),
      send: (request) => this.#http.send(request),
      abort: (id) => this.#http.cancel(id),
      resolve: (url) => this.#base.resolve(url),
    };
    const random = http.random ?? new SecureRandom();
    this.#live = new LiveWatches(this.#context, random);
    this.#transfers = new ReplayTransfers(
      this.#context,
      random,
      checkInteger(
        "maxReplayBytes",
        options.maxReplayBytes ?? 16_777_216,
        1,
        268_435_456,
      ),
    );
    this.#replayLists = new ReplayLists(this.#context);
    this.#parts = [this.#live, this.#transfers, this.#replayLists];
  }

  /** Calls without a terminal event so far, submissions of earlier runs included. */
  get pendingCount(): number {
    return this.#outbox.openCount;
  }

  /** Events lost because nobody drained; terminal ones never are. */
  get droppedEvents(): number {
    return this.#outbox.dropped;
  }

  /** What servers said on streams that could not be understood: each was a reset, or another attempt. */
  get malformedLiveEvents(): number {
    return this.#live.malformedCount;
  }

  /**
   * Sets the API key of all later requests, and of what the journal has from earlier runs. It is not written to the journal.
   *
   * @param key What the server knows the title and the role by: 1 to 256 visible ASCII characters.
   * @returns This client.
   * @throws {RangeError} If it is something else.
   */
  withApiKey(key: string): this {
    checkVisible("API key", key, MAX_KEY_LENGTH);
    this.#http.setDefaultHeader("x-api-key", key);
    return this;
  }

  /**
   * Submits a score. It ends with `scoreSubmitted`, `scorePending` or `scoreRejected`; with a journal, `scoreStored` comes
   * before. Submissions of one player to one board are sent one after another, in the order of these calls.
   *
   * @param submission The score.
   * @returns The id that its events repeat.
   */
  submit(submission: ScoreSubmission): LeaderboardCallId {
    const pending = this.#openSubmission(submission);
    if (this.#outbox.isOpen(pending.id)) this.#sendSubmission(pending);
    return pending.id;
  }

  /**
   * Submits scores at once, those of one player to one board in their order: without a journal in one request, or a few if
   * they are large; with one each is stored and sent on its own, so that what cannot be taken now is repeated by itself.
   *
   * @param submissions The scores: at most 100.
   * @returns The id of each.
   * @throws {RangeError} If there are more.
   */
  submitBatch(
    submissions: readonly ScoreSubmission[],
  ): readonly LeaderboardCallId[] {
    if (submissions.length > MAX_BATCH) {
      throw new RangeError(
        `Cannot submit batch as it must have at most ${MAX_BATCH} submissions: current count is ${submissions.length}`,
      );
    }
    if (this.#isDurable) return submissions.map((it) => this.submit(it));
    const all = submissions.map((it) => this.#openSubmission(it));
    const open = all.filter(({ id }) => this.#outbox.isOpen(id));
    for (const submissions of batchesOf(open)) {
      this.#send(batchRequest(submissions.map((it) => it.submission)), {
        type: "batch",
        submissions,
      });
    }
    return all.map(({ id }) => id);
  }

  /**
   * Fetches a page. It ends with `fetchSuccess` or `fetchFailed`.
   *
   * @param filter Which entries.
   * @returns The id that its events repeat.
   */
  fetch(
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    return this.#fetchEntries(filter, {});
  }

  /**
   * Fetches the page behind another one, by its cursor: no entry that stays where it is is missed or repeated.
   *
   * @param page The page before, of any call.
   * @returns The id that its events repeat, or `undefined` if that was the last page.
   */
  fetchNext(page: FetchSuccess): LeaderboardCallId | undefined {
    return page.nextCursor === undefined
      ? undefined
      : this.fetch(page.filter.cursor(page.nextCursor));
  }

  /**
   * Fetches the page with a player in its middle. Where the player has no entry, it ends with `fetchFailed` and the code
   * `"playerNotFound"`.
   *
   * @param playerId The player.
   * @param filter Which ranking, and how many entries; its page, cursor and bounds of scores do not count.
   * @returns The id that its events repeat.
   * @throws {TypeError} If `playerId` is not a string.
   * @throws {RangeError} If it is no player's id.
   */
  fetchAround(
    playerId: string,
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    return this.#fetchEntries(filter, { around: toPlayerId(playerId) });
  }

  /**
   * Fetches the entries of some players, such as somebody's friends, with their ranks among all. Those without an entry are
   * left out.
   *
   * @param playerIds The players: 1 to 100. Those of many bytes beyond ASCII may be too long for a URL all together.
   * @param filter Which ranking; its page, page size, cursor and bounds of scores do not count.
   * @returns The id that its events repeat.
   * @throws {TypeError} If an id is not a string.
   * @throws {RangeError} If an id is no player's, there are none or too many, or they take more than 7000 characters.
   */
  fetchPlayers(
    playerIds: readonly string[],
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    checkInteger("playerIds.length", playerIds.length, 1, MAX_PLAYERS);
    const players = playerIds.map(toPlayerId);
    const length = encodeURIComponent(listOf(players)).length;
    if (length > MAX_PLAYERS_LENGTH) {
      throw new RangeError(
        `Cannot fetch players as their ids must be at most ${MAX_PLAYERS_LENGTH} characters together in a URL: current length is ${length}`,
      );
    }
    return this.#fetchEntries(filter, { players });
  }

  /**
   * Asks for a player's place. It ends with `playerRank`, `rankNotFound` or `fetchFailed`.
   *
   * @param playerId The player.
   * @param filter Which ranking; only board, period, season and class count.
   * @returns The id that its events repeat.
   * @throws {TypeError} If `playerId` is not a string.
   * @throws {RangeError} If it is no player's id.
   */
  getRank(
    playerId: string,
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    const player: PlayerId = toPlayerId(playerId);
    const { query } = filter;
    const id = this.#outbox.open();
    if (!this.#outbox.isOpen(id)) return id;
    if (player === "." || player === "..") {
      // URLs resolve these away, encoded or not (WHATWG URL, "double-dot URL path segment").
      this.#outbox.end({
        type: "fetchFailed",
        id,
        ...details(
          "invalidRequest",
          `Cannot ask for the rank of "${player}" as no path can have this id`,
        ),
      });
      return id;
    }
    this.#send(
      rankRequest(query.board ?? this.#board, player, query),
      { type: "rank", id, playerId: player },
    );
    return id;
  }

  /**
   * Asks for the token of a run that begins now, on boards that want one with each score. It ends with `runStarted` or
   * `runFailed`.
   *
   * @param board The board; the client's default if left out.
   * @param playerId Whose run, for API keys of servers; players get tokens for themselves.
   * @returns The id that its events repeat.
   * @throws {TypeError} If `playerId` is not a string.
   * @throws {RangeError} If `board` is no name, or `playerId` no player's id.
   */
  startRun(
    board: string = this.#board,
    playerId?: string,
  ): LeaderboardCallId {
    checkName("board", board);
    const player = playerId === undefined ? undefined : toPlayerId(playerId);
    const id = this.#outbox.open();
    if (this.#outbox.isOpen(id)) {
      this.#send(runRequest(board, player), { type: "run", id, board });
    }
    return id;
  }

  /**
   * Lists the boards. It ends with `boardsFetched` or `fetchFailed`.
   *
   * @returns The id that its events repeat.
   */
  fetchBoards(): LeaderboardCallId {
    const id = this.#outbox.open();
    if (this.#outbox.isOpen(id)) {
      this.#send(boardsRequest(), { type: "boards", id });
    }
    return id;
  }

  /**
   * Lists the seasons of a period. It ends with `seasonsFetched` or `fetchFailed`.
   *
   * @param filter Of which board and period; nothing else counts.
   * @returns The id that its events repeat.
   */
  fetchSeasons(
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    const { board = this.#board, period } = filter.query;
    const id = this.#outbox.open();
    if (this.#outbox.isOpen(id)) {
      this.#send(seasonsRequest(board, period), { type: "seasons", id, board });
    }
    return id;
  }

  /**
   * Watches a board: from now on each change is a `boardChanged` event, and so is whatever makes it necessary to fetch what
   * is shown anew, with `isReset`: the first one comes when the server has begun to tell. `liveState` tells whether changes
   * arrive; a stream that is cut is taken up again where it was. It goes on until `unwatch`, or ends with `watchFailed`.
   *
   * Each takes a connection of its own. Browsers have six of them for a server, unless it speaks HTTP/2.
   *
   * @param filter Which board, period and class; the season is the running one, and nothing else counts.
   * @returns The id that its events repeat.
   * @throws {RangeError} If the filter has a season.
   */
  watch(
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    const id = this.#live.watch(filter);
    if (this.#isClosed) this.#takeAll();
    return id;
  }

  /**
   * Ends a watch with its `cancelled` event.
   *
   * @param id What `watch` returned.
   * @returns `true` if the board was watched.
   */
  unwatch(id: LeaderboardCallId): boolean {
    return this.#live.cancel(id);
  }

  /**
   * Uploads a replay, for `ScoreSubmission.withReplay`. It is hashed and compressed a slice in each frame, and sent in
   * parts; after a cut, or after a restart of the game when the same bytes are uploaded again, it goes on where it was.
   * It ends with `replayUploaded` or `replayFailed`; `replayProgress` comes before. Two replays are sent or fetched at a
   * time, the others wait.
   *
   * @param bytes The replay, which is copied: at most `maxReplayBytes`.
   * @returns The id that its events repeat.
   * @throws {TypeError} If `bytes` is no `Uint8Array`.
   */
  uploadReplay(bytes: Uint8Array): LeaderboardCallId {
    return this.#transfers.upload(bytes);
  }

  /**
   * Downloads a replay and compares its hash. It ends with `replayDownloaded` or `replayFailed`; `replayProgress` comes
   * before. Two replays are sent or fetched at a time, the others wait.
   *
   * @param sha256 Its SHA-256: 64 hexadecimal digits in lower case.
   * @returns The id that its events repeat.
   * @throws {RangeError} If it is no such hash.
   */
  downloadReplay(sha256: string): LeaderboardCallId {
    return this.#transfers.download(sha256);
  }

  /**
   * Fetches the entries of a page that have a replay. It ends with `replaysFetched` or `fetchFailed`.
   *
   * @param filter Which part of which ranking; its page number and its score bounds do not count, its cursor does.
   * @returns The id that its events repeat.
   */
  fetchReplays(
    filter: LeaderboardFilter = LeaderboardFilter.period(),
  ): LeaderboardCallId {
    const id = this.#replayLists.fetch(filter);
    if (this.#isClosed) this.#takeAll();
    return id;
  }

  /**
   * Cancels a call: its `cancelled` event is queued at once, and a stored submission is removed from the journal. What was
   * sent already may have its effect all the same.
   *
   * @param id The call.
   * @returns `true` if it was under way.
   */
  cancel(id: LeaderboardCallId): boolean {
    const request = this.#requests.get(id);
    if (request === undefined) {
      return this.#parts.some((part) => part.cancel(id));
    }
    this.#requests.delete(id);
    this.#outbox.end({ type: "cancelled", id });
    const calls = callsOf(this.#pending.get(request)!);
    if (!calls.some((call) => this.#requests.has(call))) {
      this.#pending.delete(request);
      this.#http.cancel(request);
    }
    return true;
  }

  /**
   * Hints whether the network is there. While it is not, requests wait for it, and none is tried in vain.
   *
   * @param online What the platform's `online` and `offline` events say.
   */
  setOnline(online: boolean): void {
    this.#http.setOnline(online);
  }

  /**
   * Moves everything on by a frame.
   *
   * @param dt Seconds since the last tick, 0 or more.
   * @throws {RangeError} If `dt` is negative or not a number.
   */
  tick(dt: number): void {
    // A game's own fetch or token provider may call the client, also this.
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      this.#http.tick(dt);
      this.#takeAll();
      for (const part of this.#parts) part.tick(dt);
    } finally {
      this.#isTicking = false;
    }
  }

  /**
   * Hands out what happened since the last drain, oldest first. Events queued meanwhile wait for the next drain.
   * Leaving the loop early keeps the rest.
   *
   * @param budgetMs Milliseconds after which it stops, at least one event given: 0 or more; no limit by default.
   * @returns An iterator that removes what it yields.
   * @throws {RangeError} When iteration begins, if the budget is negative or not a number.
   */
  drainEvents(budgetMs?: number): IterableIterator<LeaderboardEvent> {
    return this.#outbox.drain(budgetMs);
  }

  /**
   * Takes one event.
   *
   * @returns The oldest event, or `undefined` if there is none.
   */
  pollEvent(): LeaderboardEvent | undefined {
    return this.#outbox.poll();
  }

  /**
   * Ends everything: each call that is under way gets its `cancelled` event; stored submissions stay in the journal for the
   * next run. Later calls are cancelled when they are made.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#http.close();
    this.#takeAll();
    this.#live.close();
    this.#transfers.close();
  }

  /** Closes the client: `using client = new LeaderboardClient(url)`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #openSubmission(submission: ScoreSubmission): PendingSubmission {
    const { board = this.#board, idempotencyKey = makeIdempotencyKey() } =
      submission;
    return {
      type: "submission",
      id: this.#outbox.open(this.#isDurable ? 2 : 1),
      submission: submission.onBoard(board).withIdempotencyKey(idempotencyKey),
    };
  }

  #sendSubmission(pending: PendingSubmission): void {
    const { submission } = pending;
    this.#send(
      this.#isDurable
        ? durableRequest(submission, this.#context.clock.epochMs())
        : submitRequest(submission),
      pending,
    );
  }

  #fetchEntries(
    filter: LeaderboardFilter,
    extra: { around?: PlayerId; players?: readonly PlayerId[] },
  ): LeaderboardCallId {
    const { query } = filter;
    const id = this.#outbox.open();
    if (this.#outbox.isOpen(id)) {
      this.#send(entriesRequest(query.board ?? this.#board, query, extra), {
        type: "entries",
        id,
        filter,
        limit: extra.players?.length ?? query.pageSize,
      });
    }
    return id;
  }

  #send(request: HttpRequest, pending: Pending): void {
    const requestId = this.#http.send(request);
    this.#pending.set(requestId, pending);
    for (const id of callsOf(pending)) this.#requests.set(id, requestId);
    if (this.#isClosed) this.#takeAll();
  }

  #takeAll(): void {
    if (this.#stalled !== undefined) {
      const event = this.#stalled;
      this.#stalled = undefined;
      if (!this.#take(event)) return;
    }
    for (const event of this.#http.drainEvents()) {
      if (!this.#take(event)) return;
    }
  }

  /** Returns `false` if there is no room for it, and nothing behind it may be taken. */
  #take(event: HttpEvent): boolean {
    for (const part of this.#parts) {
      if (part.handle(event)) return true;
    }
    switch (event.type) {
      case "success":
      case "failure":
      case "timeout":
      case "cancelled":
        this.#onEnd(event);
        break;
      case "stored":
        this.#onStored(event.id, false);
        break;
      case "restored":
        return this.#onRestored(event);
    }
    return true;
  }

  #onEnd(event: HttpTerminalEvent): void {
    const pending = this.#pending.get(event.id);
    if (pending === undefined) return;
    this.#pending.delete(event.id);
    for (const id of callsOf(pending)) this.#requests.delete(id);
    switch (pending.type) {
      case "batch":
        for (const end of readBatch(pending, event)) this.#outbox.end(end);
        break;
      case "submission":
        this.#outbox.end(readSubmission(pending, event));
        break;
      default:
        this.#outbox.end(
          readFetch(pending, event, (url) => this.#base.resolve(url)),
        );
    }
  }

  #onStored(requestId: RequestId, isRestored: boolean): void {
    const pending = this.#pending.get(requestId);
    if (pending?.type !== "submission") return;
    const { id, submission } = pending;
    const board = submission.board!;
    this.#outbox.emit({
      type: "scoreStored",
      id,
      submission,
      board,
      isRestored,
    });
  }

  #onRestored(event: HttpRestored): boolean {
    // The journal has it: the next run will find it.
    if (this.#isClosed) return true;
    const { url, idempotencyKey, request } = event;
    const submission = readStoredSubmission(url, request.body, idempotencyKey);
    // It is sent all the same: an older version of the game may have stored something else.
    if (submission === undefined) return true;
    const id = this.#outbox.openRestored(2);
    if (id === undefined) {
      this.#stalled = event;
      return false;
    }
    this.#pending.set(event.id, { type: "submission", id, submission });
    this.#requests.set(id, event.id);
    this.#onStored(event.id, true);
    return true;
  }
}
