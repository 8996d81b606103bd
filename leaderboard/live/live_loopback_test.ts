// What a client is told, over connections that are cut and servers that are restarted, comes to what the server has.
import { assert, assertEquals } from "@std/assert";
import {
  ManualClock,
  type PlayerId,
  playerId,
  SeededRandom,
} from "../../core/mod.ts";
import { type Cut, TcpProxy } from "../../tools/tcp_proxy.ts";
import {
  LeaderboardClient,
  type LeaderboardEvent,
  LeaderboardFilter,
  LeaderboardServer,
  type LeaderboardServerOptions,
  MemoryLeaderboardStore,
  type Score,
} from "../mod.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100 : 4;
const STEPS = 300;
const PLAYERS = 30;
const DEADLINE_MS = 30_000;
/** So much time passes for client and server in each step, which takes a millisecond or two. */
const STEP_SECONDS = 0.1;

/** A server that can be replaced by another one with the same store. */
class World {
  readonly store = new MemoryLeaderboardStore();
  readonly http: Deno.HttpServer<Deno.NetAddr>;
  server: LeaderboardServer;
  readonly #options: Partial<LeaderboardServerOptions>;

  constructor(options: Partial<LeaderboardServerOptions> = {}) {
    this.#options = options;
    this.server = this.#start();
    this.http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => this.server.handler(request, info),
    );
  }

  get port(): number {
    return this.http.addr.port;
  }

  async restart(): Promise<void> {
    await this.server.close();
    this.server = this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.http.shutdown();
    await this.store.close();
  }

  #start(): LeaderboardServer {
    return new LeaderboardServer({
      store: this.store,
      authenticate: () => undefined,
      boards: { race: { operator: "latest" } },
      ...this.#options,
    });
  }
}

/** What a game knows of a ranking: pages that it fetched, and what it was told since. */
class View {
  readonly entries = new Map<PlayerId, Score>();
  readonly resets: string[] = [];
  readonly states: string[] = [];
  changes = 0;
  readonly client: LeaderboardClient;
  readonly #filter = LeaderboardFilter.allTime().pageSize(1_000);
  #fetching: number | undefined;
  /** What was told since a page was asked for, which may be newer than the page. */
  #sinceFetch: LeaderboardEvent[] = [];

  constructor(port: number, seed: number) {
    this.client = new LeaderboardClient(`http://127.0.0.1:${port}/`, {
      board: "race",
      http: { random: new SeededRandom(seed), circuitBreaker: false },
    });
    this.client.watch(this.#filter);
  }

  async step(): Promise<void> {
    this.client.tick(STEP_SECONDS);
    for (const event of this.client.drainEvents()) this.#onEvent(event);
    await new Promise((resolve) => setTimeout(resolve));
  }

  #onEvent(event: LeaderboardEvent): void {
    switch (event.type) {
      case "liveState":
        this.states.push(event.state);
        break;
      case "boardChanged":
        if (event.isReset) {
          this.resets.push(event.reason);
          this.#fetch();
          break;
        }
        this.changes++;
        this.#apply(event);
        if (this.#fetching !== undefined) this.#sinceFetch.push(event);
        break;
      case "fetchSuccess":
        if (event.id !== this.#fetching) break;
        this.#fetching = undefined;
        this.entries.clear();
        for (const { playerId, score } of event.entries) {
          this.entries.set(playerId, score);
        }
        for (const told of this.#sinceFetch) this.#apply(told);
        this.#sinceFetch = [];
        break;
      case "fetchFailed":
        if (event.id === this.#fetching) this.#fetch();
        break;
      default:
        throw new Error(`Unexpected: ${JSON.stringify(event)}`);
    }
  }

  #fetch(): void {
    this.#fetching = this.client.fetch(this.#filter);
    this.#sinceFetch = [];
  }

  #apply(event: LeaderboardEvent): void {
    if (event.type !== "boardChanged" || event.isReset) return;
    for (const { playerId, score } of event.entries) {
      this.entries.set(playerId, score);
    }
    for (const player of event.removed) this.entries.delete(player);
  }
}

/** One thing that happens to a board. */
async function change(
  server: LeaderboardServer,
  random: SeededRandom,
): Promise<void> {
  const player = playerId(`player-${random.nextU32() % PLAYERS}`);
  const kind = random.nextU32() % 20;
  if (kind === 0) await server.removePlayer("race", player);
  else if (kind === 1) await server.setHidden("race", player, true);
  else if (kind < 4) await server.setHidden("race", player, false);
  else {
    const score = random.nextU32() % 1_000;
    const { status } = await server.submit("race", { playerId: player, score });
    assertEquals(status, "accepted");
  }
}

async function entriesOf(
  server: LeaderboardServer,
): Promise<Map<PlayerId, Score>> {
  const { entries } = await server.page("race", { limit: 1_000 });
  return new Map(entries.map(({ entry }) => [entry.playerId, entry.score]));
}

function isSame(
  a: ReadonlyMap<PlayerId, Score>,
  b: ReadonlyMap<PlayerId, Score>,
): boolean {
  return a.size === b.size &&
    [...a].every(([key, value]) => b.get(key) === value);
}

async function stepUntil(
  what: string,
  world: World,
  view: View,
  isThere: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await isThere()) {
    if (performance.now() > endMs) {
      throw new Error(
        `It takes too long: ${what}; resets ${view.resets}, states ${view.states}`,
      );
    }
    world.server.tick(STEP_SECONDS);
    await view.step();
  }
}

Deno.test("LeaderboardClient.watch() comes to what the server has, over cuts and restarts", async () => {
  const cuts: readonly Cut[] = ["fin", "rst", "rst", "blackHole"];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed);
    await using world = new World();
    await using proxy = await TcpProxy.listen({ targetPort: world.port });
    const view = new View(proxy.port, seed);
    using _client = view.client;
    for (let i = 0; i < STEPS; i++) {
      for (let j = random.nextU32() % 4; j > 0; j--) {
        await change(world.server, random);
      }
      if (random.nextU32() % 25 === 0) {
        proxy.cut(cuts[random.nextU32() % cuts.length]!);
      }
      if (random.nextU32() % 100 === 0) await world.restart();
      world.server.tick(STEP_SECONDS);
      await view.step();
    }
    await stepUntil(`seed ${seed}`, world, view, async () => {
      return isSame(view.entries, await entriesOf(world.server));
    });
    assert(view.changes > 0, `seed ${seed}`);
    assert(view.states.includes("lost"), `seed ${seed}`);
  }
});

Deno.test("LeaderboardClient.watch() goes on behind a cut without fetching anew", async () => {
  await using world = new World();
  await using proxy = await TcpProxy.listen({ targetPort: world.port });
  const view = new View(proxy.port, 1);
  using _client = view.client;
  const submit = async (score: number): Promise<void> => {
    await world.server.submit("race", { playerId: playerId("ada"), score });
  };
  await stepUntil("open", world, view, () => view.resets.length === 1);
  for (let i = 1; i <= 5; i++) {
    await submit(i);
    await stepUntil(`told ${i}`, world, view, () => {
      return view.entries.get(playerId("ada")) === i;
    });
    proxy.cut("rst");
    // This comes while nobody listens.
    await submit(i + 100);
    await stepUntil(`told ${i} after it`, world, view, () => {
      return view.entries.get(playerId("ada")) === i + 100;
    });
  }
  assertEquals(view.resets, ["opened"]);
  await world.restart();
  await submit(7);
  await stepUntil("restarted", world, view, () => {
    return view.entries.get(playerId("ada")) === 7;
  });
  assertEquals(view.resets, ["opened", "missed"]);
});

Deno.test("LeaderboardClient.watch() ends where the board is removed", async () => {
  await using world = new World();
  const view = new View(world.port, 1);
  using client = view.client;
  await stepUntil("open", world, view, () => view.resets.length === 1);
  await world.server.removeBoard("race");
  const seen: LeaderboardEvent[] = [];
  const endMs = performance.now() + DEADLINE_MS;
  while (!seen.some(({ type }) => type === "watchFailed")) {
    assert(performance.now() < endMs, JSON.stringify(seen));
    world.server.tick(STEP_SECONDS);
    client.tick(STEP_SECONDS);
    seen.push(...client.drainEvents());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const end = seen.at(-1)!;
  assert(end.type === "watchFailed" && end.code === "boardNotFound");
  const resets = seen.flatMap((event) =>
    event.type === "boardChanged" && event.isReset ? [event.reason] : []
  );
  assertEquals(resets[0], "cleared");
});

Deno.test("LeaderboardServer tells of a new season when it begins", async () => {
  const clock = new ManualClock({ epochMs: Date.UTC(2026, 10, 25, 23, 59) });
  await using world = new World({ clock });
  using client = new LeaderboardClient(`http://127.0.0.1:${world.port}/`, {
    board: "race",
  });
  client.watch(LeaderboardFilter.daily());
  const told: unknown[] = [];
  const until = async (count: number): Promise<void> => {
    const endMs = performance.now() + DEADLINE_MS;
    while (told.length < count) {
      assert(performance.now() < endMs, JSON.stringify(told));
      world.server.tick(STEP_SECONDS);
      client.tick(STEP_SECONDS);
      for (const event of client.drainEvents()) {
        if (event.type !== "boardChanged") continue;
        told.push(event.isReset ? event.reason : event.season);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const submit = async (score: number): Promise<void> => {
    await world.server.submit("race", { playerId: playerId("ada"), score });
  };
  await until(1);
  await submit(1);
  await until(2);
  clock.advance(60_000);
  await until(3);
  await submit(2);
  await until(4);
  assertEquals(told, [
    "opened",
    Date.UTC(2026, 10, 25),
    "season",
    Date.UTC(2026, 10, 26),
  ]);
});

Deno.test("LeaderboardServer notices streams whose clients are gone, and ends those it has", async () => {
  await using world = new World({ maxStreamsPerAddress: 3 });
  const { port, server } = world;
  const streamsOf = (): number =>
    [...server.metrics()].find(({ name }) =>
      name === "tickwire_leaderboard_live_streams"
    )!.value;
  const url = `http://127.0.0.1:${port}/v1/boards/race/events`;
  const stop = new AbortController();
  const responses = [];
  for (let i = 0; i < 3; i++) {
    const signal = i === 0 ? stop.signal : null;
    const headers = { "accept-encoding": "gzip, br" };
    responses.push(await fetch(url, { signal, headers }));
  }
  assertEquals(
    responses.map(({ headers }) => headers.get("content-encoding")),
    [null, null, null],
  );
  const refused = await fetch(url);
  assertEquals([refused.status, (await refused.json()).code], [
    429,
    "rateLimited",
  ]);
  stop.abort();
  const endMs = performance.now() + DEADLINE_MS;
  while (streamsOf() > 2) {
    assert(performance.now() < endMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const texts = responses.slice(1).map((response) => response.text());
  await server.close();
  for (const text of await Promise.all(texts)) {
    assertEquals(/^id: \w+-\d+\n\n$/.test(text), true, text);
  }
  await responses[0]!.body!.cancel().catch(() => {});
});
