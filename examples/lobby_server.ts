/**
 * Lobbies to try: a page on which you open a lobby or look for a ranked match, and play rock, paper, scissors. Open two tabs.
 *
 *     deno run -A examples/lobby_server.ts [--port 8000] [--hostname 127.0.0.1] [--database lobby.db]
 *
 * With a database everybody sits where they sat, and plays on, when it was restarted; without one all is gone when it ends.
 * Ratings are in a file beside it.
 * The page's modules are the TypeScript of this repository, of which the server erases the types: nothing is built.
 *
 * @module
 */

import { isPlayerId, type PlayerId, PollLoop } from "../core/mod.ts";
import {
  type Lobby,
  type LobbyConfigVerdict,
  type LobbyId,
  LobbyServer,
  type LobbyServerEvent,
  LobbyState,
  MemoryLobbyStore,
} from "../lobby/mod.ts";
import { SqliteLobbyStore } from "../lobby/sqlite.ts";
import { upgradeWebSocket } from "../websocket/deno.ts";
import type { HandlerInfo, WsHubEvent } from "../websocket/mod.ts";
import { pageFile } from "./page_file.ts";
import {
  GAME_CHANNEL,
  GAME_MODE,
  isRanked,
  parseMove,
  QUEUE,
  RANKED_MODE,
  type Results,
  type ShownRating,
  type Table,
} from "./lobby/game_message.ts";
import { Ratings } from "./lobby/ratings.ts";
import { type MatchRecord, newMatch, RpsMatch } from "./lobby/rps_match.ts";

const HZ = 30;
const PLAYERS = 2;
/** In a ranked match: who does not choose would else wait for the other one to give up. */
const CHOICE_SECONDS = 30;
/** A laptop that is closed for a moment, or a phone whose browser sleeps behind another page, keeps its seat. */
const SEAT_GRACE_MS = 120_000;
/** The files that a page may have: no dots and no percent signs lead out of them. */
const SERVED =
  /^\/(core|protocol|websocket|lobby|examples\/lobby)(\/\w+)+\.(ts|css)$/;

/** The server of the game, without a socket of its own. */
export class LobbyHost {
  /** Resolves when it has what was stored. */
  readonly ready: Promise<void>;
  readonly #lobbies: LobbyServer;
  readonly #store: MemoryLobbyStore | SqliteLobbyStore;
  readonly #ratings: Ratings;
  /** How many seconds there are to choose, in each ranked match. */
  readonly #secondsLeft = new Map<LobbyId, number>();

  /** @param database The file of the lobbies, and of the matches in them; `undefined` to keep them in memory. */
  constructor(database?: string) {
    this.#store = database === undefined
      ? new MemoryLobbyStore()
      : new SqliteLobbyStore({ path: database });
    this.#ratings = new Ratings(
      database === undefined ? ":memory:" : `${database}.ratings`,
    );
    this.#lobbies = new LobbyServer({
      upgrade: upgradeWebSocket,
      // Everybody is who they say: a game asks its own accounts here.
      authenticate: (request) => {
        const name = new URL(request.url).searchParams.get("name");
        return isPlayerId(name) ? { playerId: name } : undefined;
      },
      store: this.#store,
      manager: { reconnectGraceMs: SEAT_GRACE_MS },
      vetConfig: onlyDuels,
      queues: {
        [QUEUE]: {
          modes: {
            [RANKED_MODE]: {
              teams: PLAYERS,
              teamSize: 1,
              // Of whom little is known, anybody may be a match.
              rules: { uncertaintyFactor: 1 },
            },
          },
          acceptTimeoutMs: 20_000,
          // It begins as it is made: nobody leaves, or brings a friend in, before it.
          lobby: () => ({ config: { name: "Ranked match" } }),
        },
      },
      skillOf: (player) => {
        const { mu, sigma } = this.#ratings.of(player);
        return { skill: mu, uncertainty: sigma };
      },
      hub: {
        canSubscribe: () => false,
        canPublish: (_identity, channel) => channel === GAME_CHANNEL,
        maxSocketsPerAddress: 256,
      },
    });
    this.ready = this.#lobbies.ready.then(() => {
      for (const lobby of this.#lobbies.manager.lobbies()) this.#goOn(lobby);
    });
  }

  /**
   * Answers requests for the page, its modules and its WebSocket.
   *
   * @param request The request.
   * @param info Where it comes from.
   * @returns The answer.
   */
  async handler(request: Request, info?: HandlerInfo): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/lobby") {
      return await this.#lobbies.handler(request, info);
    }
    if (pathname === "/") {
      return await pageFile("/examples/lobby/index.html", "text/html");
    }
    const extension = SERVED.exec(pathname)?.[3];
    if (extension === "css") return await pageFile(pathname, "text/css");
    if (extension === "ts") return await pageFile(pathname, "text/javascript");
    return new Response("Not found\n", { status: 404 });
  }

  /**
   * Moves everything on.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void {
    this.#lobbies.tick(dt);
    for (const event of this.#lobbies.drainEvents()) this.#onEvent(event);
    this.#count(dt);
    this.#lobbies.flush();
  }

  /** Ends it; what is stored stays. */
  async close(): Promise<void> {
    await this.#lobbies.close();
    await this.#store.close();
    this.#ratings.close();
  }

  #onEvent(event: LobbyServerEvent): void {
    switch (event.type) {
      case "lobby":
        this.#onLobby(event);
        break;
      case "hub":
        this.#onHub(event.event);
        break;
      case "messagesDropped":
        this.#tell(event.player);
        break;
      case "storeFailed":
        console.error("The store has failed:", event.error);
    }
  }

  #onLobby({ event, view }: LobbyServerEvent & { type: "lobby" }): void {
    switch (event.type) {
      case "gameStarted":
        this.#begin(view);
        break;
      case "playerLeft": {
        const match = this.#matchOf(view);
        if (view.state !== LobbyState.InGame || match === undefined) break;
        if (!match.record.players.includes(event.player)) break;
        // In a ranked match nobody can be kicked: a host of those has no rights over others.
        match.forfeit(event.player);
        this.#play(match);
        break;
      }
      case "spectatorJoined":
        this.#tell(event.spectator.id);
        break;
      case "gameEnded":
        this.#rate(view);
        this.#tellAll(view);
    }
  }

  #onHub(event: WsHubEvent): void {
    switch (event.type) {
      case "clientConnected":
        if (!event.isResumed) this.#tell(event.identity.playerId);
        break;
      case "message": {
        if (event.channel !== GAME_CHANNEL || !event.isText) break;
        const move = parseMove(new TextDecoder().decode(event.bytes));
        const { playerId } = event.identity;
        const lobby = this.#lobbies.manager.lobbyForPlayer(playerId);
        if (move === undefined || lobby?.state !== LobbyState.InGame) break;
        const match = this.#matchOf(lobby);
        if (match?.choose(playerId, move)) this.#play(match);
      }
    }
  }

  /** The match that is played in a lobby: what it comes to is kept with the lobby, and here nothing of it. */
  #matchOf({ id, gameCount }: Lobby): RpsMatch | undefined {
    const record = this.#lobbies.manager.serverData(id) as
      | MatchRecord
      | undefined;
    return record?.game === gameCount ? new RpsMatch(record) : undefined;
  }

  #begin({ id, gameCount, players }: Lobby): void {
    const [first, second] = players;
    // One may have left meanwhile.
    if (first === undefined || second === undefined) {
      this.#lobbies.manager.endGame(id);
      return;
    }
    this.#play(new RpsMatch(newMatch(id, gameCount, [first.id, second.id])));
  }

  /** Does what the process was about to do when it ended. */
  #goOn(lobby: Lobby): void {
    this.#rate(lobby);
    if (lobby.state !== LobbyState.InGame) return;
    const match = this.#matchOf(lobby);
    if (match === undefined) return this.#begin(lobby);
    const { manager } = this.#lobbies;
    for (const player of match.record.players) {
      const isHere = manager.lobbyForPlayer(player)?.id === lobby.id;
      if (!isHere) match.forfeit(player);
    }
    this.#play(match);
  }

  /** Keeps how a match stands, tells it when that is stored, and ends what is over. */
  #play(match: RpsMatch): void {
    const { record, results } = match;
    const { manager } = this.#lobbies;
    manager.setServerData(record.lobby, record);
    const lobby = manager.lobby(record.lobby);
    if (lobby === undefined) return;
    if (results !== undefined) this.#secondsLeft.delete(lobby.id);
    else if (isRanked(lobby)) this.#secondsLeft.set(lobby.id, CHOICE_SECONDS);
    this.#tellAll(lobby);
    if (results !== undefined) manager.endGame(lobby.id, results);
  }

  /** Lets the time go by that players have to choose. */
  #count(dt: number): void {
    for (const [id, seconds] of this.#secondsLeft) {
      this.#secondsLeft.set(id, seconds - dt);
      if (seconds > dt) continue;
      this.#secondsLeft.delete(id);
      const lobby = this.#lobbies.manager.lobby(id);
      const match = lobby && this.#matchOf(lobby);
      const [late, ...others] = match?.undecided ?? [];
      if (match === undefined || late === undefined) continue;
      // Where both are asleep, nobody wins.
      if (others.length > 0) this.#lobbies.manager.endGame(id);
      else {
        match.forfeit(late);
        this.#play(match);
      }
    }
  }

  /**
   * Rates a ranked match that is over and stored: once, as its name is its lobby and game, however often this is called. So
   * it does not matter when the process ends.
   */
  #rate(lobby: Lobby): void {
    const { id, gameCount, state } = lobby;
    const results = lobby.results as Results | undefined;
    if (state !== LobbyState.Postgame || results === undefined) return;
    if (isRanked(lobby)) this.#ratings.rate(id, gameCount, results);
  }

  #tellAll({ players, spectators }: Lobby): void {
    for (const { id } of [...players, ...spectators]) this.#tell(id);
  }

  /** Tells somebody how the match stands, if there is one. */
  #tell(player: PlayerId): void {
    const lobby = this.#lobbies.manager.lobbyForPlayer(player);
    const match = lobby && this.#matchOf(lobby);
    if (lobby === undefined || match === undefined) return;
    const [first, second] = match.record.players;
    const table: Table = {
      ...match.tableFor(player),
      ...(isRanked(lobby) && {
        ratings: [this.#ratingIn(lobby, first), this.#ratingIn(lobby, second)],
        secondsLeft: this.#secondsLeft.get(lobby.id) ?? 0,
      }),
    };
    this.#lobbies.sendToPlayer(player, GAME_CHANNEL, JSON.stringify(table));
  }

  #ratingIn({ id }: Lobby, player: PlayerId): ShownRating {
    const { mu, sigma, lobby, muBefore } = this.#ratings.of(player);
    return { mu, sigma, ...(lobby === id && { muBefore }) };
  }
}

/** Two play this, whatever a page says. */
function onlyDuels(): LobbyConfigVerdict {
  return {
    type: "changed",
    changes: {
      mode: GAME_MODE,
      minPlayers: PLAYERS,
      maxPlayers: PLAYERS,
      teams: { count: 0 },
    },
  };
}

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1];
}

if (import.meta.main) {
  const port = Number(option("--port") ?? "8000");
  const hostname = option("--hostname") ?? "127.0.0.1";
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error("Cannot serve as --port must be an integer from 0 to 65535");
    Deno.exit(2);
  }
  const host = new LobbyHost(option("--database"));
  await host.ready;
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    (request, info) => host.handler(request, info),
  );
  console.log(`Lobbies: http://${hostname}:${server.addr.port}/`);
  const loop = new PollLoop();
  loop.add(host);
  await loop.run({ hz: HZ });
}
