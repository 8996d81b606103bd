import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type PlayerId, playerId, SeededRandom } from "../../core/mod.ts";
import { settle } from "../../http/_testing/fake_fetch.ts";
import type { Call } from "../server/call.ts";
import { HttpProblem } from "../../http/server/mod.ts";
import { Problem } from "../server/problem.ts";
import type {
  EntryChange,
  LeaderboardStore,
  Ranking,
  StoredEntry,
} from "../store/store.ts";
import { LiveRoutes } from "./live_routes.ts";
import { SseParser } from "./sse_parser.ts";

const SEASON = 1_000;

/** What a client reads of one answer. */
class Watcher {
  readonly events: { type: string; data: unknown; id: string }[] = [];
  comments = 0;
  isEnded = false;
  error: unknown;
  readonly #parser = new SseParser(1 << 20);
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #reading: Promise<void> | undefined;

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  /** Reads from now on. */
  start(): this {
    this.#reading ??= this.#read();
    return this;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #read(): Promise<void> {
    try {
      while (true) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        if (new TextDecoder().decode(value) === ":\n\n") this.comments++;
        assert(this.#parser.push(value, ({ type, data }) => {
          const id = this.#parser.lastEventId;
          this.events.push({ type, data: JSON.parse(data), id });
        }));
      }
    } catch (error) {
      this.error = error;
    }
    this.isEnded = true;
  }
}

class World {
  readonly live: LiveRoutes;
  readonly seasons = new Map<string, number>();
  boardIsThere = true;
  subscriptions = 0;
  subscribeError: Error | undefined;
  onMissed: ((board: string) => void) | undefined;
  #onChange: ((change: EntryChange) => void) | undefined;
  #sequence = 0;

  constructor(
    { maxStreams = 100, maxStreamsPerAddress = 10, seed = 1 }: {
      maxStreams?: number;
      maxStreamsPerAddress?: number;
      seed?: number;
    } = {},
  ) {
    const store = {
      subscribe: (
        onChange: (change: EntryChange) => void,
        onMissed?: (board: string) => void,
      ) => {
        if (this.subscribeError !== undefined) {
          return Promise.reject(this.subscribeError);
        }
        this.subscriptions++;
        this.#onChange = onChange;
        this.onMissed = onMissed;
        return Promise.resolve(() => {
          this.subscriptions--;
          this.#onChange = undefined;
          return Promise.resolve();
        });
      },
    } as Partial<LeaderboardStore> as LeaderboardStore;
    this.live = new LiveRoutes({
      store,
      season: (_board, period) => Promise.resolve(this.#season(period)),
      maxStreams,
      maxStreamsPerAddress,
      random: new SeededRandom(seed),
    });
  }

  #season(period: string): number | undefined {
    return this.boardIsThere ? this.seasons.get(period) ?? SEASON : undefined;
  }

  call(
    query = "",
    { id, address = "203.0.113.7", method = "GET" }: {
      id?: string;
      address?: string;
      method?: string;
    } = {},
  ): Call {
    const url = new URL(`http://localhost/v1/boards/race/events?${query}`);
    const request = new Request(url, {
      method,
      headers: id === undefined ? {} : { "last-event-id": id },
    });
    const unused = (): never => {
      throw new Error("Not for this route");
    };
    return {
      request,
      method: method === "HEAD" ? "GET" : method,
      url,
      segments: ["boards", "race", "events"],
      address,
      title: "main",
      role: "game",
      identity: unused,
      player: unused,
      require: unused,
      ranking: () => Promise.resolve(this.ranking(url.searchParams)),
    };
  }

  ranking(params: URLSearchParams = new URLSearchParams()): Ranking {
    const period = params.get("period") ?? "allTime";
    const season = this.#season(period);
    if (season === undefined) {
      throw new Problem("boardNotFound", "There is none");
    }
    return {
      board: "main/race",
      period,
      season,
      className: params.get("class") ?? "",
      order: "ascending",
      subscoreOrder: "ascending",
      ties: "earliest",
    };
  }

  async open(
    query?: string,
    options?: { id?: string; address?: string },
  ): Promise<Response> {
    return await this.live.handle(this.call(query, options))!;
  }

  async watch(
    query?: string,
    options?: { id?: string; address?: string },
  ): Promise<Watcher> {
    const watcher = new Watcher(await this.open(query, options)).start();
    await settle();
    return watcher;
  }

  change(
    name: string,
    score: number | undefined,
    rest: Partial<EntryChange> & { metadata?: string; className?: string } = {},
  ): void {
    const { metadata = "", className = "", ...change } = rest;
    this.#onChange?.({
      ranking: this.ranking(),
      playerId: playerId(name),
      entry: score === undefined ? undefined : makeEntry(
        playerId(name),
        score,
        ++this.#sequence,
        metadata,
        className,
      ),
      rank: score === undefined ? 0 : 1,
      total: 9,
      ...change,
    });
  }

  async tick(dt = 0.1): Promise<void> {
    this.live.tick(dt);
    await settle();
  }

  metric(name: string, label?: string): number {
    for (const metric of this.live.metrics()) {
      const labels = Object.values(metric.labels ?? {});
      if (
        metric.name === `tickwire_leaderboard_live_${name}` &&
        (label === undefined || labels.includes(label))
      ) return metric.value;
    }
    throw new Error(`There is no metric "${name}"`);
  }
}

function makeEntry(
  id: PlayerId,
  score: number,
  sequence: number,
  metadata: string,
  className: string,
): StoredEntry {
  return {
    playerId: id,
    name: id.toUpperCase(),
    score,
    subscore: 0,
    sequence,
    className,
    metadata,
    replay: "",
    submittedMs: 0,
    isHidden: false,
  };
}

/** The players of a change with their scores; those who are gone have none. */
function scoresOf(data: unknown): Record<string, number | null> {
  const { entries, removed } = data as {
    entries: { playerId: string; score: number }[];
    removed: string[];
  };
  return Object.fromEntries([
    ...entries.map(({ playerId, score }) => [playerId, score]),
    ...removed.map((name) => [name, null]),
  ]);
}

Deno.test("LiveRoutes.handle() takes its own path and no other", () => {
  const { live, call } = new World();
  const of = (...segments: string[]): Call => ({
    ...call.call(new World()),
    segments,
  });
  for (
    const segments of [
      ["boards"],
      ["boards", "race"],
      ["boards", "race", "entries"],
      ["boards", "race", "events", "1"],
      ["scores", "race", "events"],
    ]
  ) assertEquals(live.handle(of(...segments)), undefined, segments.join());
  const post = new World().call("", { method: "POST" });
  const error = assertThrows(() => live.handle(post), HttpProblem);
  assertEquals(error.code, "methodNotAllowed");
});

Deno.test("LiveRoutes.handle() answers a stream that nothing between gathers or changes", async () => {
  const world = new World();
  const response = await world.open();
  assertEquals(response.status, 200);
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assertEquals(/^id: \w+-\d+\n\n$/.test(new TextDecoder().decode(value)), true);
  await reader.cancel();
  await world.live.close();
});

Deno.test("LiveRoutes.handle() opens no stream for HEAD", async () => {
  const world = new World();
  const response = await world.live.handle(world.call("", { method: "HEAD" }))!;
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(response.body, null);
  assertEquals([world.metric("streams"), world.subscriptions], [0, 0]);
});

Deno.test("LiveRoutes.handle() refuses a season, as only the running one changes", async () => {
  const world = new World();
  const error = await assertRejects(() => world.open("season=0"), Problem);
  assertEquals([error.code, error.details.field], ["invalidRequest", "season"]);
  assertEquals(world.metric("streams"), 0);
});

Deno.test("LiveRoutes tells a change as an entry has it in a page", async () => {
  const world = new World();
  const watcher = await world.watch("class=any");
  world.change("ada", 42, {
    ranking: { ...world.ranking(), className: "any" },
    rank: 3,
    total: 7,
    metadata: '{"level":3}',
    className: "any",
  });
  await world.tick();
  assertEquals(watcher.events.map(({ type, data }) => ({ type, data })), [{
    type: "change",
    data: {
      season: SEASON,
      total: 7,
      entries: [{
        rank: 3,
        playerId: "ada",
        name: "ADA",
        score: 42,
        subscore: 0,
        class: "any",
        metadata: { level: 3 },
        timestamp: "1970-01-01T00:00:00.000Z",
      }],
      removed: [],
    },
  }]);
  await world.live.close();
});

Deno.test("LiveRoutes tells each ranking's changes to who watches it, of the running season", async () => {
  const world = new World();
  const all = await world.watch();
  const daily = await world.watch("period=daily");
  const any = await world.watch("class=any");
  const ranking = world.ranking();
  world.change("ada", 1);
  world.change("bob", 2, { ranking: { ...ranking, period: "daily" } });
  world.change("carol", 3, { ranking: { ...ranking, className: "any" } });
  world.change("dave", 4, { ranking: { ...ranking, board: "main/other" } });
  world.change("eve", 5, { ranking: { ...ranking, board: "other/race" } });
  world.change("frank", 6, { ranking: { ...ranking, season: SEASON - 1 } });
  world.change("grace", 7, { ranking: { ...ranking, season: SEASON + 1 } });
  await world.tick();
  assertEquals(
    [all, daily, any].map(({ events }) => events.map((e) => scoresOf(e.data))),
    [[{ ada: 1 }], [{ bob: 2 }], [{ carol: 3 }]],
  );
  assertEquals(world.subscriptions, 1);
  await world.live.close();
  assertEquals(world.subscriptions, 0);
});

Deno.test("LiveRoutes gathers what changes to ten events a second, the latest of each player", async () => {
  const world = new World();
  const watcher = await world.watch();
  for (let i = 0; i < 120; i++) {
    world.change("ada", i);
    if (i === 50) world.change("bob", 1);
    if (i === 53) world.change("bob", undefined, { total: 8 });
    await world.tick(1 / 60);
  }
  const { events } = watcher;
  assert(events.length >= 15 && events.length <= 20, `${events.length}`);
  const last = events.at(-1)!.data as { total: number };
  assertEquals(last.total, 9);
  const seen = events.map(({ data }) => scoresOf(data));
  assertEquals(
    seen.map(({ ada }) => ada),
    seen.map(({ ada }) => ada).sort((a, b) => a! - b!),
  );
  assertEquals(
    seen.flatMap(({ bob }) => bob === undefined ? [] : [bob]).at(-1),
    null,
  );
  assertEquals(new Set(events.map(({ id }) => id)).size, events.length);
  await world.live.close();
});

Deno.test("LiveRoutes lists who changed last as the last", async () => {
  const world = new World();
  const watcher = await world.watch();
  world.change("ada", 1);
  world.change("bob", 2);
  world.change("ada", 3, { total: 11 });
  await world.tick();
  const { entries, total } = watcher.events[0]!.data as {
    entries: { playerId: string }[];
    total: number;
  };
  assertEquals(entries.map(({ playerId }) => playerId), ["bob", "ada"]);
  assertEquals(total, 11);
  await world.live.close();
});

Deno.test("LiveRoutes goes on behind the last id, without a loss", async () => {
  const world = new World();
  const first = await world.watch();
  const opened = first.lastEventId;
  for (let i = 1; i <= 3; i++) {
    world.change("ada", i);
    await world.tick();
  }
  const ids = [opened, ...first.events.map(({ id }) => id)];
  await first.cancel();
  world.change("ada", 4);
  await world.tick();
  for (const [i, id] of ids.entries()) {
    const watcher = await world.watch("", { id });
    assertEquals(
      watcher.events.map(({ data }) => scoresOf(data).ada),
      [1, 2, 3, 4].slice(i),
    );
    await watcher.cancel();
  }
  // Who has got all of it is told at once that the stream is there.
  const last = (await world.watch("", { id: opened })).lastEventId;
  const watcher = await world.watch("", { id: last });
  assertEquals([watcher.events, watcher.comments], [[], 1]);
  assertEquals(world.metric("missed"), 0);
  await world.live.close();
});

Deno.test("LiveRoutes tells who comes with an id that it does not know to fetch anew", async () => {
  const world = new World();
  const first = await world.watch();
  const [boot, number] = first.lastEventId.split("-") as [string, string];
  const ids = [
    "7",
    `other-${number}`,
    `${boot}-`,
    `${boot}-${Number(number) + 1}`,
    `${boot}-0${number}`,
    `${boot}-${number} `.repeat(500),
    `${boot}--1`,
    "☃".replace("☃", "%E2%98%83"),
  ];
  for (const id of ids) {
    const watcher = await world.watch("", { id });
    assertEquals(watcher.events, [{
      type: "reset",
      data: { season: SEASON, reason: "missed" },
      id: first.lastEventId,
    }], id);
    // From there it goes on as for everybody.
    await watcher.cancel();
  }
  const restarted = new World({ seed: 2 });
  const watcher = await restarted.watch("", { id: first.lastEventId });
  assertEquals(watcher.events.map(({ type }) => type), ["reset"]);
  await restarted.live.close();
  await world.live.close();
});

Deno.test("LiveRoutes remembers a bounded number of events, and says so", async () => {
  const world = new World();
  const first = await world.watch();
  const id = first.lastEventId;
  for (let i = 0; i < 257; i++) {
    world.change("ada", i);
    await world.tick();
  }
  assertEquals(first.events.length, 257);
  const late = await world.watch("", { id });
  assertEquals(late.events.map(({ type }) => type), ["reset"]);
  const next = await world.watch("", { id: first.events[0]!.id });
  assertEquals(next.events.length, 256);
  await world.live.close();
});

Deno.test("LiveRoutes forgets a feed that nobody watched for two minutes, and what came meanwhile is missed", async () => {
  const world = new World();
  const first = await world.watch();
  const id = first.lastEventId;
  await first.cancel();
  await world.tick(119);
  const second = await world.watch("", { id });
  assertEquals(second.events, []);
  await second.cancel();
  await world.tick(121);
  assertEquals(world.metric("feeds"), 0);
  world.change("ada", 1);
  const third = await world.watch("", { id });
  assertEquals(third.events.map(({ type }) => type), ["reset"]);
  await world.live.close();
});

Deno.test("LiveRoutes tells of a new season, and then of what changes in it", async () => {
  const world = new World();
  const watcher = await world.watch("period=daily");
  world.change("ada", 1, {
    ranking: world.ranking(new URLSearchParams("period=daily")),
  });
  world.seasons.set("daily", SEASON + 10);
  await world.tick(1);
  world.change("ada", 2, {
    ranking: world.ranking(new URLSearchParams("period=daily")),
  });
  await world.tick(1);
  assertEquals(
    watcher.events.map(({ type, data }) =>
      type === "reset" ? data : scoresOf(data)
    ),
    [
      { ada: 1 },
      { season: SEASON + 10, reason: "season" },
      { ada: 2 },
    ],
  );
  // Who comes back is told too, though nobody was there to ask for.
  await watcher.cancel();
  world.seasons.set("daily", SEASON + 20);
  await world.tick(1);
  const back = await world.watch("period=daily", { id: watcher.lastEventId });
  assertEquals(back.events.map(({ data }) => data), [
    { season: SEASON + 20, reason: "season" },
  ]);
  await world.live.close();
});

Deno.test("LiveRoutes ends the streams of a board that is gone", async () => {
  const world = new World();
  const watcher = await world.watch();
  world.boardIsThere = false;
  await world.tick(1);
  assertEquals(watcher.events.map(({ data }) => data), [
    { season: SEASON, reason: "cleared" },
  ]);
  assertEquals(watcher.isEnded, true);
  assertEquals([world.metric("streams"), world.metric("feeds")], [0, 0]);
  const error = await assertRejects(() => world.open(), Problem);
  assertEquals([error.code, world.metric("streams")], ["boardNotFound", 0]);
  await world.live.close();
});

Deno.test("LiveRoutes.clear() tells that a board is empty", async () => {
  const world = new World();
  const watchers = [await world.watch(), await world.watch("period=daily")];
  world.live.clear("main/other");
  world.change("ada", 1);
  world.live.clear("main/race");
  await world.tick();
  for (const { events } of watchers) {
    assertEquals(events.map(({ data }) => data), [
      { season: SEASON, reason: "cleared" },
    ]);
  }
  await world.live.close();
});

Deno.test("LiveRoutes tells to fetch anew where the store has missed changes", async () => {
  const world = new World();
  const watcher = await world.watch();
  world.onMissed!("main/elsewhere");
  world.onMissed!("main/race");
  world.change("ada", 1);
  await world.tick();
  await world.tick(2);
  world.change("ada", 2);
  await world.tick();
  assertEquals(
    watcher.events.map(({ type, data }) => [
      type,
      (data as { reason?: string }).reason ?? scoresOf(data).ada,
    ]),
    [["reset", "missed"], ["change", 2]],
  );
  await world.live.close();
});

Deno.test("LiveRoutes tells to fetch anew where more changed than an event holds, at most every two seconds", async () => {
  const world = new World();
  const watcher = await world.watch();
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j < 600; j++) world.change(`player${j}`, i);
    await world.tick();
  }
  assertEquals(
    watcher.events.map((
      { type, data },
    ) => [type, (data as { reason: string }).reason]),
    [["reset", "missed"], ["reset", "missed"]],
  );
  // Once it is calm, changes are told again.
  await world.tick(2);
  world.change("ada", 1);
  await world.tick(2);
  assertEquals(watcher.events.slice(2).map(({ type }) => type), [
    "reset",
    "change",
  ]);
  // Few but long ones.
  const metadata = JSON.stringify({ text: "x".repeat(15_000) });
  for (let j = 0; j < 20; j++) world.change(`player${j}`, 1, { metadata });
  await world.tick(2);
  assertEquals(watcher.events.at(-1)!.type, "reset");
  await world.live.close();
});

Deno.test("LiveRoutes sends a comment every 15 seconds where nothing else came", async () => {
  const world = new World();
  const watcher = await world.watch();
  for (let i = 0; i < 46; i++) await world.tick(1);
  // The first found that the id had been sent.
  assertEquals(watcher.comments, 2);
  assertEquals(watcher.events, []);
  await world.live.close();
});

Deno.test("LiveRoutes holds no more for a reader who is slow, and tells him what he missed", async () => {
  const world = new World();
  const slow = new Watcher(await world.open());
  const fast = await world.watch();
  const metadata = JSON.stringify({ text: "x".repeat(8_000) });
  for (let i = 0; i < 200; i++) {
    world.change("ada", i, { metadata });
    await world.tick();
  }
  assertEquals(fast.events.length, 200);
  slow.start();
  await settle();
  const types = slow.events.map(({ type }) => type);
  // What fitted in 64 KiB, then that there was more, then nothing.
  assertEquals(types, [...new Array(8).fill("change"), "reset"]);
  assertEquals(slow.lastEventId, fast.lastEventId);
  assertEquals(world.metric("missed"), 1);
  world.change("ada", 1_000);
  await world.tick();
  assertEquals(scoresOf(slow.events.at(-1)!.data), { ada: 1_000 });
  await world.live.close();
});

Deno.test("LiveRoutes ends a stream that nobody reads for a minute", async () => {
  const world = new World();
  const stuck = new Watcher(await world.open());
  const idle = await world.watch();
  await world.tick(15);
  for (let i = 0; i < 3; i++) await world.tick(15);
  assertEquals(world.metric("streams"), 2);
  await world.tick(15);
  assertEquals([world.metric("streams"), world.metric("stalled")], [1, 1]);
  stuck.start();
  await settle();
  assertEquals(stuck.error instanceof Error, true);
  assertEquals(idle.isEnded, false);
  await world.live.close();
});

Deno.test("LiveRoutes bounds streams, in all and of an address, and notices those that end", async () => {
  const world = new World({ maxStreams: 3, maxStreamsPerAddress: 2 });
  const refused = async (address: string): Promise<unknown> => {
    const error = await assertRejects(
      () => world.open("", { address }),
      Problem,
    );
    return [error.code, error.details.retryAfterMs];
  };
  const streams = [
    await world.watch("", { address: "a" }),
    await world.watch("", { address: "a" }),
  ];
  assertEquals(await refused("a"), ["rateLimited", 10_000]);
  streams.push(await world.watch("", { address: "b" }));
  assertEquals(await refused("c"), ["unavailable", 10_000]);
  await streams[0]!.cancel();
  assertEquals(world.metric("streams"), 2);
  streams.push(await world.watch("", { address: "a" }));
  assertEquals(await refused("a"), ["unavailable", 10_000]);
  assertEquals(world.metric("refused", "address"), 1);
  assertEquals(world.metric("refused", "streams"), 2);
  await world.live.close();
  assertEquals(world.metric("streams"), 0);
});

Deno.test("LiveRoutes gives a place back where the ranking or the store fails", async () => {
  const world = new World({ maxStreams: 1 });
  world.subscribeError = new Error("The store is down");
  await assertRejects(() => world.open(), Error, "The store is down");
  await assertRejects(() => world.open(), Error, "The store is down");
  world.subscribeError = undefined;
  world.boardIsThere = false;
  await assertRejects(() => world.open(), Problem);
  world.boardIsThere = true;
  const watcher = await world.watch();
  world.change("ada", 1);
  await world.tick();
  assertEquals(watcher.events.length, 1);
  await world.live.close();
});

Deno.test("LiveRoutes.close() ends all streams, and refuses those to come", async () => {
  const world = new World();
  const watchers = [await world.watch(), await world.watch("period=daily")];
  const opening = world.open();
  const closing = world.live.close();
  await assertRejects(() => opening, Problem);
  await closing;
  await settle();
  assertEquals(watchers.map(({ isEnded }) => isEnded), [true, true]);
  const error = await assertRejects(() => world.open(), Problem);
  assertEquals(error.code, "unavailable");
  assertEquals([world.metric("streams"), world.subscriptions], [0, 0]);
  await world.live.close();
  await world.tick();
});

Deno.test("LiveRoutes encodes an event once for all who watch", async () => {
  const world = new World();
  const readers = [];
  for (let i = 0; i < 3; i++) {
    const reader = (await world.open()).body!.getReader();
    await reader.read();
    readers.push(reader);
  }
  world.change("ada", 1);
  await world.tick();
  const chunks = await Promise.all(readers.map((reader) => reader.read()));
  assertEquals(new Set(chunks.map(({ value }) => value)).size, 1);
  await world.live.close();
});
