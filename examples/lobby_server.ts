/**
 * Lobbies to try: a page on which you open a lobby or look for an opponent, and play rock, paper, scissors. Open two tabs.
 *
 *     deno run -A examples/lobby_server.ts [--port 8000] [--hostname 127.0.0.1] [--database lobby.db]
 *
 * With a database everybody sits where they sat, and plays on, when it was restarted; without one all is gone when it ends.
 * The page's modules are the TypeScript of this repository, of which the server erases the types: nothing is built.
 *
 * @module
 */

import { isPlayerId, type PlayerId, PollLoop } from "../core/mod.ts";
import {
  type Lobby,
  type LobbyConfigVerdict,
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
  parseMove,
  QUEUE,
} from "./lobby/game_message.ts";
import { type MatchRecord, newMatch, RpsMatch } from "./lobby/rps_match.ts";

const HZ = 30;
const PLAYERS = 2;
const COUNTDOWN_MS = 3_000;
/** A laptop that is closed for a moment, or a phone whose browser sleeps behind another page, keeps its seat. */
const SEAT_GRACE_MS = 120_000;
/** The files that a page may have: no dots and no percent signs lead out of them. */
const SERVED =
  /^\/(core|protocol|websocket|lobby|examples\/lobby)(\/\w+)+\.(ts|css)$/;

/** The server of the game, without a socket of its own. */
export class LobbyHost {
  readonly #lobbies: LobbyServer;
  readonly #store: MemoryLobbyStore | SqliteLobbyStore;

  /** @param database The file of the lobbies, and of the matches in them; `undefined` to keep them in memory. */
  constructor(database?: string) {
    this.#store = database === undefined
      ? new MemoryLobbyStore()
      : new SqliteLobbyStore({ path: database });
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
          modes: { [GAME_MODE]: { teams: PLAYERS, teamSize: 1 } },
          acceptTimeoutMs: 20_000,
          // Who has a match has said yes already.
          lobby: () => ({
            config: {
              name: "Quick match",
              isAutoStarted: true,
              countdownMs: COUNTDOWN_MS,
            },
          }),
        },
      },
      hub: {
        canSubscribe: () => false,
        canPublish: (_identity, channel) => channel === GAME_CHANNEL,
        maxSocketsPerAddress: 256,
      },
    });
  }

  /** Resolves when it has what was stored. */
  get ready(): Promise<void> {
    return this.#lobbies.ready;
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
    this.#lobbies.flush();
  }

  /** Ends it; what is stored stays. */
  async close(): Promise<void> {
    await this.#lobbies.close();
    await this.#store.close();
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
        this.#tellOne(event.player);
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
        if (match === undefined) break;
        match.forfeit(event.player);
        this.#play(match);
        break;
      }
      case "spectatorJoined":
        this.#tellOne(event.spectator.id);
        break;
      case "gameEnded":
        this.#lobbies.manager.setServerData(event.lobby, undefined);
    }
  }

  #onHub(event: WsHubEvent): void {
    switch (event.type) {
      case "clientConnected": {
        const { playerId } = event.identity;
        const lobby = this.#lobbies.manager.lobbyForPlayer(playerId);
        if (event.isResumed || lobby?.state !== LobbyState.InGame) break;
        // The process may have ended between a game's beginning and its match's.
        if (this.#matchOf(lobby) === undefined) this.#begin(lobby);
        else this.#tellOne(playerId);
        break;
      }
      case "message": {
        if (event.channel !== GAME_CHANNEL || !event.isText) break;
        const move = parseMove(new TextDecoder().decode(event.bytes));
        const { playerId } = event.identity;
        const lobby = this.#lobbies.manager.lobbyForPlayer(playerId);
        const match = lobby && this.#matchOf(lobby);
        if (move === undefined || match === undefined) break;
        if (match.choose(playerId, move)) this.#play(match);
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

  /** Keeps how a match stands, tells it when that is stored, and ends what is over. */
  #play(match: RpsMatch): void {
    const { record, results } = match;
    const { lobby } = record;
    this.#lobbies.manager.setServerData(lobby, record);
    const found = this.#lobbies.manager.lobby(lobby);
    for (
      const { id } of [...found?.players ?? [], ...found?.spectators ?? []]
    ) {
      this.#tell(id, match);
    }
    if (results !== undefined) this.#lobbies.manager.endGame(lobby, results);
  }

  /** Tells somebody how the match stands, if there is one. */
  #tellOne(player: PlayerId): void {
    const lobby = this.#lobbies.manager.lobbyForPlayer(player);
    const match = lobby && this.#matchOf(lobby);
    if (match !== undefined) this.#tell(player, match);
  }

  #tell(player: PlayerId, match: RpsMatch): void {
    const table = JSON.stringify(match.tableFor(player));
    this.#lobbies.sendToPlayer(player, GAME_CHANNEL, table);
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
