import { assert, assertEquals } from "@std/assert";
import { FileJournal } from "../../core/deno.ts";
import {
  isPlayerId,
  type Journal,
  MemoryJournal,
  type Random,
  SeededRandom,
} from "../../core/mod.ts";
import type { BoardOptions } from "../board/board_options.ts";
import { LeaderboardServer } from "../server/server.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import { LeaderboardClient } from "./client.ts";
import type { LeaderboardClientOptions } from "./client_options.ts";
import type {
  FetchSuccess,
  LeaderboardCallId,
  LeaderboardEvent,
} from "./event.ts";
import { LeaderboardFilter } from "./filter.ts";
import { ScoreSubmission } from "./score_submission.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const KILLS = IS_SOAK ? 25 : 3;
const REPEATED = IS_SOAK ? 10_000 : 400;
const DEADLINE_MS = 30_000;
const GAME_KEY = "game-key";
const SERVER_KEY = "server-key-0123456789";
const RATE = { perSecond: 100_000, burst: 100_000 };

/** A server on loopback, mounted at "/scores". */
class Stage implements AsyncDisposable {
  readonly url: string;
  readonly #server: LeaderboardServer;
  readonly #store = new MemoryLeaderboardStore();
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #players: Player[] = [];

  constructor(boards: Readonly<Record<string, BoardOptions>>) {
    this.#server = new LeaderboardServer({
      store: this.#store,
      authenticate: (request) => {
        const token = request.headers.get("authorization")?.slice(7) ?? "";
        const id = decodeURIComponent(token);
        return isPlayerId(id) ? { playerId: id } : undefined;
      },
      apiKeys: [
        { key: GAME_KEY, role: "game" },
        { key: SERVER_KEY, role: "server" },
      ],
      basePath: "/scores",
      boards,
      playerRate: RATE,
      addressRate: RATE,
    });
    this.#http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      this.#server.handler,
    );
    this.url = `http://127.0.0.1:${this.#http.addr.port}/scores`;
  }

  /** Somebody who plays the game, or a game server. */
  join(playerId?: string, options: LeaderboardClientOptions = {}): Player {
    const player = new Player(this.url, {
      ...(playerId !== undefined && {
        playerToken: encodeURIComponent(playerId),
      }),
      ...options,
    });
    player.client.withApiKey(playerId === undefined ? SERVER_KEY : GAME_KEY);
    this.#players.push(player);
    return player;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const player of this.#players) player.client.close();
    await this.#http.shutdown();
    await this.#server.close();
    await this.#store.close();
  }
}

/** A client and all that it told. */
class Player {
  readonly client: LeaderboardClient;
  readonly events: LeaderboardEvent[] = [];
  #lastMs = performance.now();

  constructor(url: string, options: LeaderboardClientOptions) {
    this.client = new LeaderboardClient(url, options);
  }

  /** Plays frame by frame until something is so. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      assert(performance.now() < endMs, `${what} did not come`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      const nowMs = performance.now();
      this.client.tick((nowMs - this.#lastMs) / 1_000);
      this.#lastMs = nowMs;
      this.events.push(...this.client.drainEvents());
    }
  }

  /** The terminal events of a call. */
  of(id: LeaderboardCallId): LeaderboardEvent[] {
    return this.events.filter((event) =>
      "id" in event && event.id === id && event.type !== "scoreStored"
    );
  }

  /** The terminal event of a call. */
  async end<T extends LeaderboardEvent["type"]>(
    id: LeaderboardCallId,
    type: T,
  ): Promise<Extract<LeaderboardEvent, { type: T }>> {
    await this.until(() => this.of(id).length > 0, type);
    const event = this.of(id)[0]!;
    assertEquals(event.type, type, JSON.stringify(event, bigintToString));
    return event as Extract<LeaderboardEvent, { type: T }>;
  }
}

function bigintToString(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

Deno.test("LeaderboardClient and LeaderboardServer agree on submissions of every kind", async () => {
  await using stage = new Stage({
    main: { classes: ["any%", "100%"] },
    runs: { requiresRun: true },
    low: { order: "ascending", maxScore: 100 },
  });
  const ada = stage.join("ada");
  const { client } = ada;
  const full = new ScoreSubmission("ada", "Ada", -(2n ** 63n))
    .withSubscore(2n ** 60n).withClass("any%")
    .withMeta("level", 3).withMeta("10", "zehn").withMeta("9", true)
    .withMeta("ü", 0.1);
  const first = await ada.end(client.submit(full), "scoreSubmitted");
  assertEquals([first.rank, first.score, first.applied, first.isDuplicate], [
    1,
    -(2n ** 63n),
    true,
    false,
  ]);
  assertEquals(first.standings.map(({ period }) => period).sort(), [
    "allTime",
    "daily",
    "weekly",
  ]);
  const again = await ada.end(
    client.submit(first.submission),
    "scoreSubmitted",
  );
  assertEquals(again.isDuplicate, true);
  const other = await ada.end(
    client.submit(
      new ScoreSubmission("ada", "Ada", 5)
        .withIdempotencyKey(first.submission.idempotencyKey!),
    ),
    "scoreRejected",
  );
  assertEquals([other.code, other.status], ["idempotencyMismatch", 409]);

  const page = await ada.end(
    client.fetch(LeaderboardFilter.daily().class("any%")),
    "fetchSuccess",
  );
  assertEquals(page.entries.length, 1);
  const [entry] = page.entries;
  assertEquals([entry!.class, entry!.subscore, entry!.metadata], [
    "any%",
    2n ** 60n,
    { level: 3, "10": "zehn", "9": true, "ü": 0.1 },
  ]);

  for (
    const [submission, code, field] of [
      [
        new ScoreSubmission("ada", "Ada", 101).onBoard("low"),
        "scoreOutOfBounds",
        "score",
      ],
      [new ScoreSubmission("bob", "Bob", 1), "playerMismatch", "playerId"],
      [new ScoreSubmission("ada", "Ada", 1).onBoard("none"), "boardNotFound"],
      [new ScoreSubmission("ada", "Ada", 1).onBoard("runs"), "runRequired"],
      [full.withClass("nothing"), "invalidClass"],
      [full.withReplay("00".repeat(32)), "replayInvalid"],
    ] as const
  ) {
    const event = await ada.end(client.submit(submission), "scoreRejected");
    assertEquals(event.reason, "refused", code);
    if (code !== "replayInvalid") assertEquals(event.code, code);
    if (field !== undefined) assertEquals(event.field, field);
  }

  const run = await ada.end(client.startRun("runs"), "runStarted");
  assert(Date.parse(run.expiresAt) > Date.now());
  const ran = new ScoreSubmission("ada", "Ada", 7).onBoard("runs")
    .withRun(run.run);
  await ada.end(client.submit(ran), "scoreSubmitted");
  const used = await ada.end(client.submit(ran), "scoreRejected");
  assertEquals(used.code, "runUsed");
  const foreign = await ada.end(client.startRun("none"), "runFailed");
  assertEquals(foreign.code, "boardNotFound");

  const nobody = stage.join("ada", {});
  nobody.client.withApiKey("wrong");
  const denied = await nobody.end(nobody.client.fetch(), "fetchFailed");
  assertEquals([denied.code, denied.status], ["unauthenticated", 401]);
});

Deno.test("LeaderboardClient and LeaderboardServer agree on entries, ranks and lists", async () => {
  await using stage = new Stage({ main: {}, race: { order: "ascending" } });
  const host = stage.join();
  const { client } = host;
  // Whatever may be an id, in paths, queries and lists.
  const odd = [
    "a,b",
    "a/b",
    "+ %41",
    "ü🎲",
    "&=?#",
    "~'()*!",
    "a;b",
    "\\",
    "…",
  ];
  const submissions = Array.from(
    { length: 90 },
    (_, i) =>
      new ScoreSubmission(odd[i] ?? `player-${i}`, undefined, 1_000 - i),
  );
  const ids = client.submitBatch(submissions);
  for (const id of ids) await host.end(id, "scoreSubmitted");

  // All pages, by cursor.
  const seen: string[] = [];
  let next: LeaderboardCallId | undefined = client.fetch(
    LeaderboardFilter.allTime().pageSize(25),
  );
  let page: FetchSuccess | undefined;
  for (let number = 1; next !== undefined; number++) {
    page = await host.end(next, "fetchSuccess");
    assertEquals([page.total, page.page, page.offset], [
      90,
      number,
      seen.length,
    ]);
    for (const entry of page.entries) {
      seen.push(entry.playerId);
      assertEquals(entry.rank, seen.length);
    }
    next = client.fetchNext(page);
  }
  assertEquals(seen, submissions.map(({ playerId }) => playerId));

  const second = await host.end(
    client.fetch(LeaderboardFilter.period().pageSize(40).page(3)),
    "fetchSuccess",
  );
  assertEquals([second.entries.length, second.offset, second.period], [
    10,
    80,
    "allTime",
  ]);
  const between = await host.end(
    client.fetch(LeaderboardFilter.daily().minScore(950).maxScore(959)),
    "fetchSuccess",
  );
  assertEquals([between.total, between.entries[0]!.rank], [10, 42]);

  for (const [i, id] of odd.entries()) {
    const rank = await host.end(client.getRank(id), "playerRank");
    assertEquals([rank.rank, rank.total], [i + 1, 90], id);
    const around = await host.end(
      client.fetchAround(id, LeaderboardFilter.allTime().pageSize(3)),
      "fetchSuccess",
    );
    assert(around.entries.some(({ playerId }) => playerId === id), id);
  }
  const friends = await host.end(
    client.fetchPlayers([...odd, "nobody"]),
    "fetchSuccess",
  );
  assertEquals(friends.entries.map(({ playerId }) => playerId as string), odd);
  const percentiles: number[] = [];
  for (const id of ["a,b", "player-89"]) {
    percentiles.push(
      (await host.end(client.getRank(id), "playerRank")).percentile,
    );
  }
  assertEquals(percentiles, [100, 0]);
  await host.end(client.getRank("nobody"), "rankNotFound");
  const missing = await host.end(client.fetchAround("nobody"), "fetchFailed");
  assertEquals(missing.code, "playerNotFound");

  const { boards } = await host.end(client.fetchBoards(), "boardsFetched");
  assertEquals(boards.map(({ id, order }) => [id, order]).sort(), [
    ["main", "descending"],
    ["race", "ascending"],
  ]);
  const daily = boards[0]!.periods.get("daily")!;
  assert(daily.nextReset! > Date.now() && daily.season <= Date.now());
  const { seasons, period } = await host.end(
    client.fetchSeasons(LeaderboardFilter.daily()),
    "seasonsFetched",
  );
  assertEquals(period, "daily");
  assertEquals(seasons, [{ season: daily.season, endsAt: daily.nextReset }]);
});

/** A line on which requests arrive more than once, late, or without their answers coming back. */
function repeatingFetch(random: Random) {
  const late: Promise<unknown>[] = [];
  async function repeat(url: string, init: RequestInit): Promise<Response> {
    if (init.method !== "POST") return await fetch(url, init);
    const body = await new Response(init.body as BodyInit).text();
    const send = () => fetch(url, { ...init, body, signal: null });
    const dice = random.nextFloat();
    if (dice < 0.2) {
      // Both at once: whichever answers first.
      const both = [send(), send()];
      late.push(both[1]!.then((response) => response.body?.cancel()));
      return await both[0]!;
    }
    if (dice < 0.4) {
      await (await send()).body?.cancel();
      throw new TypeError("The answer was lost");
    }
    const response = await send();
    if (dice < 0.5) {
      // One more, behind everything.
      late.push(
        new Promise((resolve) => setTimeout(resolve, 5)).then(send)
          .then((response) => response.body?.cancel()),
      );
    }
    return response;
  }
  return { repeat, settled: () => Promise.all(late) };
}

Deno.test(`LeaderboardClient has each of ${REPEATED} scores counted once on a line that repeats requests`, async () => {
  await using stage = new Stage({
    sum: { operator: "sum" },
    latest: { operator: "latest" },
  });
  for (const hasJournal of [true, false]) {
    const seed = hasJournal ? 1 : 2;
    const random = new SeededRandom(seed);
    const { repeat, settled } = repeatingFetch(random);
    const host = stage.join(undefined, {
      http: { fetch: repeat, retries: 20, backoffBaseMs: 1, backoffMaxMs: 5 },
      ...(hasJournal && { journal: new MemoryJournal() }),
    });
    const sums = new Map<string, number>();
    const latest = new Map<string, number>();
    const ids: LeaderboardCallId[] = [];
    for (let i = 1; i <= REPEATED / 4; i++) {
      // The client has its bounds.
      if (host.client.pendingCount > 900) {
        await host.until(() => host.client.pendingCount < 500, "some room");
      }
      const player = `${hasJournal}-${random.nextU32() % 5}`;
      sums.set(player, (sums.get(player) ?? 0) + i);
      latest.set(player, i);
      const plain = new ScoreSubmission(player, undefined, i);
      ids.push(host.client.submit(plain.onBoard("sum")));
      ids.push(host.client.submit(plain.onBoard("latest")));
    }
    await host.until(() => host.client.pendingCount === 0, "the end of all");
    for (const id of ids) {
      const ends = host.of(id);
      assertEquals(ends.length, 1, `seed ${seed}: ${id}`);
      // Without a journal it gives up in time. The same submission may come again.
      let [end] = ends;
      while (end!.type !== "scoreSubmitted") {
        assert(!hasJournal && end!.type === "scoreRejected", end!.type);
        const again = host.client.submit(end!.submission);
        await host.until(() => host.of(again).length > 0, "another end");
        [end] = host.of(again);
      }
    }
    await settled();
    assert(
      host.events.some((it) => it.type === "scoreSubmitted" && it.isDuplicate),
    );
    // What was given up and came again came late.
    const boards = hasJournal
      ? [["sum", sums], ["latest", latest]] as const
      : [["sum", sums]] as const;
    for (const [board, expected] of boards) {
      for (const [player, score] of expected) {
        const filter = LeaderboardFilter.allTime().onBoard(board);
        const rank = await host.end(
          host.client.getRank(player, filter),
          "playerRank",
        );
        assertEquals(
          rank.entry.score,
          score,
          `seed ${seed} ${board} ${player}`,
        );
      }
    }
  }
});

/** A server in a process of its own. */
async function startServer(file: string) {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("./_testing/scores_process.ts", import.meta.url).pathname,
      file,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The server did not start");
    text += value;
  }
  const port = Number(/ready (\d+)/.exec(text)![1]);
  return {
    port,
    async kill(): Promise<void> {
      process.kill("SIGKILL");
      await process.status;
      await reader.cancel();
    },
  };
}

Deno.test(`LeaderboardClient has each score counted once over ${KILLS} kills of the server and of itself`, async () => {
  const folder = await Deno.makeTempDir();
  let port = 0;
  const random = new SeededRandom(7);
  const told = new Map<string, number>();
  let journal: Journal | undefined;
  let host: Player | undefined;
  try {
    const submitted = new Map<string, number>();
    let score = 0;
    const join = async (): Promise<Player> => {
      journal = await FileJournal.open(`${folder}/scores.journal`);
      const player = new Player("http://game.test/scores", {
        journal,
        playerToken: "ada",
        http: {
          fetch: (url, init) =>
            fetch(
              url.replace("http://game.test", `http://127.0.0.1:${port}`),
              init,
            ),
          backoffBaseMs: 1,
          backoffMaxMs: 50,
          circuitBreaker: false,
        },
      });
      return player;
    };
    const note = (player: Player): void => {
      for (const event of player.events.splice(0)) {
        assert("submission" in event, event.type);
        const { submission } = event;
        const key = submission.idempotencyKey!;
        if (event.type === "scoreStored") {
          submitted.set(key, submission.score as number);
        } else {
          assertEquals(event.type, "scoreSubmitted");
          told.set(key, submission.score as number);
        }
      }
    };
    host = await join();
    for (let life = 0; life <= KILLS; life++) {
      const server = await startServer(`${folder}/scores.db`);
      port = server.port;
      const player: Player = host;
      const before = told.size;
      for (let i = 0; i < 30; i++) {
        const plain = new ScoreSubmission("ada", undefined, ++score);
        player.client.submit(plain.onBoard("sum"));
        player.client.submit(plain.onBoard("latest"));
      }
      const enough = life < KILLS ? 5 + random.nextU32() % 20 : Infinity;
      await player.until(() => {
        note(player);
        return told.size - before >= enough ||
          (life === KILLS && player.client.pendingCount === 0);
      }, `life ${life}`);
      if (life < KILLS) {
        await server.kill();
        // Every other time the game goes down with it, without a word.
        if (life % 2 === 0) {
          await journal!.close();
          host = await join();
          player.client.close();
        }
        continue;
      }
      note(player);
      const sum = [...submitted.values()].reduce((a, b) => a + b, 0);
      // Each on two boards.
      const ends: [string, number][] = [["sum", sum / 2], ["latest", score]];
      for (const [board, expected] of ends) {
        const filter = LeaderboardFilter.allTime().onBoard(board);
        const id = player.client.getRank("ada", filter);
        const rank = await player.end(id, "playerRank");
        assertEquals(rank.entry.score, expected, board);
      }
      player.events.length = 0;
      assertEquals(told.size, submitted.size);
      await server.kill();
    }
  } finally {
    host?.client.close();
    await journal?.close();
    await Deno.remove(folder, { recursive: true });
  }
});
