// Ranked matches over clients without a page: rated once, whenever the server dies, and by nothing but playing.
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "@std/assert";
import { type PlayerId, playerId } from "../core/mod.ts";
import {
  LobbyClient,
  type LobbyClientEvent,
  lobbyId,
  LobbyManager,
} from "../lobby/mod.ts";
import { SqliteLobbyStore } from "../lobby/sqlite.ts";
import { ServerProcess } from "./_testing/server_process.ts";
import {
  type Choice,
  GAME_CHANNEL,
  QUEUE,
  RANKED_MODE,
  type Table,
} from "./lobby/game_message.ts";
import { Ratings } from "./lobby/ratings.ts";
import { newMatch } from "./lobby/rps_match.ts";
import { LobbyHost } from "./lobby_server.ts";

const ADA = playerId("Ada");
const BOB = playerId("Bob");
const DEADLINE_MS = 60_000;

/** Somebody who accepts each match. */
class Player {
  readonly client: LobbyClient;
  table: Table | undefined;

  constructor(url: string, name: PlayerId) {
    const at = new URL(`/lobby?name=${name}`, url.replace("http", "ws"));
    this.client = new LobbyClient({
      url: at.href,
      firstRetryMaxMs: 100,
      maxBackoffMs: 500,
    });
    this.client.connect();
  }

  tick(dt: number): void {
    this.client.tick(dt);
    for (const event of this.client.drainEvents()) this.#onEvent(event);
    this.client.flush();
  }

  choose(choice: Choice): void {
    const { game, round } = this.table!;
    const move = JSON.stringify({ game, round, choice });
    this.client.socket.sendOnChannel(GAME_CHANNEL, move);
  }

  #onEvent(event: LobbyClientEvent): void {
    if (event.type === "proposal") {
      this.client.answer(event.proposal.proposal, true);
    }
    if (event.type !== "socket" || event.event.type !== "message") return;
    const { channel, message } = event.event;
    if (channel === GAME_CHANNEL && message.type === "text") {
      this.table = JSON.parse(message.text);
    }
  }
}

/** Two players, and their server if it is in this process. */
class Duel implements AsyncDisposable {
  readonly ada: Player;
  readonly bob: Player;
  readonly #host: LobbyHost | undefined;
  readonly #server: Deno.HttpServer | undefined;
  #lastMs = performance.now();

  constructor(url: string, host?: LobbyHost, server?: Deno.HttpServer) {
    this.ada = new Player(url, ADA);
    this.bob = new Player(url, BOB);
    this.#host = host;
    this.#server = server;
  }

  static async inProcess(database: string): Promise<Duel> {
    const host = new LobbyHost(database);
    await host.ready;
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => host.handler(request, info),
    );
    const { port } = server.addr as Deno.NetAddr;
    return new Duel(`http://127.0.0.1:${port}`, host, server);
  }

  /** Lets time go by until something is so: as it does, or in steps. */
  async until(what: string, isSo: () => boolean, dt?: number): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      assert(performance.now() < endMs, `${what} does not come`);
      const nowMs = performance.now();
      const seconds = dt ?? (nowMs - this.#lastMs) / 1_000;
      this.#lastMs = nowMs;
      this.#host?.tick(seconds);
      for (const player of [this.ada, this.bob]) player.tick(seconds);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Looks for a match, and finds it. */
  async match(): Promise<void> {
    const { ada, bob } = this;
    for (const { client } of [ada, bob]) client.enqueue(QUEUE);
    await this.until("a match", () => {
      const id = ada.client.lobby?.id;
      return id !== undefined && ada.table?.lobby === id &&
        bob.table?.lobby === id;
    });
  }

  /** Ada wins a round. */
  async round(): Promise<void> {
    const { ada, bob } = this;
    const { round } = ada.table!;
    ada.choose("paper");
    bob.choose("rock");
    await this.until(
      "a round",
      () => [ada, bob].every(({ table }) => table!.round > round),
    );
  }

  /** Ada wins as many as it takes. */
  async play(): Promise<void> {
    for (let i = 0; i < 3; i++) await this.round();
    await this.over();
  }

  /** The match ends; the server, which rates it in the tick after it is stored, has had that too. */
  async over(dt?: number): Promise<void> {
    let ticks = 0;
    await this.until(
      "the end",
      () => this.bob.client.lobby?.state === "postgame" && ++ticks > 2,
      dt,
    );
  }

  async leave(): Promise<void> {
    const clients = [this.ada.client, this.bob.client];
    for (const client of clients) {
      if (client.lobby !== undefined) client.leave();
    }
    await this.until(
      "the leave",
      () => clients.every(({ lobby }) => lobby === undefined),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of [this.ada, this.bob]) client.close();
    await this.#host?.close();
    await this.#server?.shutdown();
  }
}

/** What somebody's ratings are, with how they came about. */
function ratingsIn(database: string): string[] {
  const ratings = new Ratings(`${database}.ratings`);
  const shown = [ADA, BOB].map((player) => {
    const { mu, sigma, muBefore } = ratings.of(player);
    return [mu, sigma, muBefore ?? mu].map(Math.round).join(" ");
  });
  ratings.close();
  return shown;
}

async function withFile(
  run: (database: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/lobby.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const FRESH = ["1500 350 1500", "1500 350 1500"];
const ADA_WON = ["1662 290 1500", "1338 290 1500"];

Deno.test("LobbyHost rates each match once, also when it is killed before or after", async () => {
  await withFile(async (database) => {
    const start = (port: string): Promise<ServerProcess> =>
      ServerProcess.start("lobby_server.ts", port, "--database", database);
    await using first = await start("0");
    await using duel = new Duel(first.url);
    const { ada, bob } = duel;
    await duel.match();
    assertEquals(ada.table?.ratings?.map(({ mu }) => mu), [1500, 1500]);
    await duel.play();
    const shown = (): boolean =>
      ada.table?.ratings?.every(({ muBefore }) => muBefore === 1500) === true;
    await duel.until("a rating", shown);
    await first.kill();
    assertEquals(ratingsIn(database), ADA_WON);

    // The result is stored, the ratings are not: what is left if it dies between the two.
    const db = new DatabaseSync(`${database}.ratings`);
    db.exec("DELETE FROM ratings");
    db.close();
    assertEquals(ratingsIn(database), FRESH);
    for (let i = 0; i < 2; i++) {
      const host = new LobbyHost(database);
      await host.ready;
      await host.close();
      assertEquals(ratingsIn(database), ADA_WON);
    }

    // Whoever is still there is told again.
    ada.table = undefined;
    await using _second = await start(new URL(first.url).port);
    await duel.until("a rating", shown);
    await duel.leave();
    await duel.match();
    const hers = ada.table!.players.indexOf(ADA);
    assertEquals(Math.round(ada.table!.ratings![hers]!.mu), 1662);
    await duel.round();
    ada.client.leave();
    await duel.over();
    await duel.until(
      "a rating",
      () => bob.table?.ratings?.[hers]?.muBefore !== undefined,
    );
    assertEquals(ratingsIn(database), ["1433 260 1662", "1567 260 1338"]);
  });
});

/** Stores a match that has started, as it is when the process ends before it is told what has come of it. */
async function storeMatch(database: string, isLeft: boolean): Promise<void> {
  const manager = new LobbyManager();
  const made = manager.createMatch(
    [{ player: ADA }, { player: BOB }],
    { mode: RANKED_MODE, isAutoStarted: true, countdownMs: 0 },
  );
  assert(made.isOk);
  const { id } = made.value;
  if (isLeft) {
    manager.setServerData(id, newMatch(id, 1, [ADA, BOB]));
    manager.leave(ADA);
  }
  await using store = new SqliteLobbyStore({ path: database });
  const value = JSON.stringify(manager.snapshot(id));
  await store.save({
    changed: [{ kind: "lobby", key: id, value }],
    removed: [],
  });
}

Deno.test("LobbyHost begins at its start what had started", async () => {
  await withFile(async (database) => {
    await storeMatch(database, false);
    await using duel = await Duel.inProcess(database);
    const players = [duel.ada, duel.bob];
    await duel.until(
      "a match",
      () => players.every(({ table }) => table !== undefined),
    );
    await duel.play();
    assertEquals(ratingsIn(database), ADA_WON);
  });
});

Deno.test("LobbyHost ends at its start what somebody had left", async () => {
  await withFile(async (database) => {
    await storeMatch(database, true);
    await using duel = await Duel.inProcess(database);
    await duel.over();
    assertEquals(duel.bob.client.lobby?.results, {
      winner: BOB,
      players: [ADA, BOB],
      score: [0, 0],
      isForfeit: true,
    });
    assertEquals(ratingsIn(database), ADA_WON.toReversed());
  });
});

Deno.test("LobbyHost rates neither what players set up themselves nor a rematch", async () => {
  await withFile(async (database) => {
    await using duel = await Duel.inProcess(database);
    const { ada, bob } = duel;
    const begun = (game: number): Promise<void> =>
      duel.until(
        "a game",
        () => [ada, bob].every(({ table }) => table?.game === game),
      );
    ada.client.create({
      config: {
        name: "For points?",
        mode: RANKED_MODE,
        isAutoStarted: true,
        countdownMs: 0,
      },
    });
    await duel.until("a lobby", () => ada.client.lobby !== undefined);
    bob.client.join(ada.client.lobby!.id);
    for (const { client } of [ada, bob]) client.setReady(true);
    await begun(1);
    assertEquals(ada.table?.ratings, undefined);
    await duel.play();
    assertEquals(ratingsIn(database), FRESH);
    await duel.leave();

    await duel.match();
    await duel.play();
    assertEquals(ratingsIn(database), ADA_WON);
    for (const { client } of [ada, bob]) client.setReady(true);
    await begun(2);
    await duel.play();
    assertEquals(ratingsIn(database), ADA_WON);
  });
});

Deno.test("LobbyHost lets the host of a ranked match kick nobody", async () => {
  await withFile(async (database) => {
    await using duel = await Duel.inProcess(database);
    const { ada, bob } = duel;
    await duel.match();
    const isAdas = ada.client.lobby!.host === ADA;
    (isAdas ? ada : bob).client.kick(isAdas ? BOB : ADA);
    await duel.play();
    assertEquals(ratingsIn(database), ADA_WON);
  });
});

Deno.test("LobbyHost gives a ranked match to who has chosen, when the time is up", async () => {
  await withFile(async (database) => {
    await using duel = await Duel.inProcess(database);
    const { ada, bob } = duel;
    await duel.match();
    assertEquals(bob.table?.secondsLeft, 30);
    ada.choose("rock");
    await duel.until(
      "a choice",
      () => bob.table?.hasChosen.includes(true) === true,
    );
    await duel.over(0.5);
    assertEquals(ratingsIn(database), ADA_WON);
    await duel.leave();

    // Where both are asleep, nobody wins.
    await duel.match();
    await duel.over(0.5);
    assertEquals(ratingsIn(database), ADA_WON);
  });
});

Deno.test("Ratings takes a match once", () => {
  const ratings = new Ratings(":memory:");
  const results = {
    winner: BOB,
    players: [ADA, BOB],
    score: [1, 3],
    isForfeit: false,
  } as const;
  const lobby = lobbyId("a");
  assertEquals(ratings.of(ADA).mu, 1500);
  ratings.rate(lobby, 1, results);
  const after = [ratings.of(ADA), ratings.of(BOB)];
  ratings.rate(lobby, 1, { ...results, winner: ADA });
  assertEquals([ratings.of(ADA), ratings.of(BOB)], after);
  assert(after[0]!.mu < 1500 && after[1]!.mu > 1500);
  ratings.rate(lobby, 2, results);
  assertEquals(ratings.of(BOB).muBefore, after[1]!.mu);
  ratings.close();
});
