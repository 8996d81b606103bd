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
  type LobbyId,
  LobbyServer,
  type LobbyServerEvent,
  LobbyState,
  MemoryLobbyStore,
} from "../lobby/mod.ts";
import { SqliteLobbyStore } from "../lobby/sqlite.ts";
import { upgradeWebSocket } from "../websocket/deno.ts";
import type { ClientId, HandlerInfo, WsHubEvent } from "../websocket/mod.ts";
import { pageFile } from "./page_file.ts";
import {
  GAME_CHANNEL,
  GAME_MODE,
  parseMove,
  QUEUE,
} from "./lobby/game_message.ts";
import { MatchStore } from "./lobby/match_store.ts";
import { newMatch, RpsMatch } from "./lobby/rps_match.ts";

const HZ = 30;
/** Two play; so no lobby is made for more. */
const PLAYERS = 2;
const COUNTDOWN_MS = 3_000;
/** A page of many modules takes a while to load anew. */
const HOST_GRACE_MS = 15_000;
/** A laptop that is closed for a moment, or a phone whose browser sleeps behind another page, keeps its seat. */
const SEAT_GRACE_MS = 120_000;
/** The files that a page may have: no dots and no percent signs lead out of them. */
const SERVED =
  /^\/(core|protocol|websocket|lobby|examples\/lobby)(\/\w+)+\.(ts|css)$/;

/** The server of the game, without a socket of its own. */
export class LobbyHost {
  readonly #lobbies: LobbyServer;
  readonly #store: MemoryLobbyStore | SqliteLobbyStore;
  readonly #matchStore: MatchStore;
  readonly #matches = new Map<LobbyId, RpsMatch>();
  readonly #clients = new Map<PlayerId, Set<ClientId>>();

  /** @param database The file of the lobbies, beside which that of the matches is; `undefined` to keep them in memory. */
  constructor(database?: string) {
    this.#store = database === undefined
      ? new MemoryLobbyStore()
      : new SqliteLobbyStore({ path: database });
    this.#matchStore = new MatchStore(
      database === undefined ? ":memory:" : `${database}-matches`,
    );
    this.#lobbies = new LobbyServer({
      upgrade: upgradeWebSocket,
      // Everybody is who they say: a game asks its own accounts here.
      authenticate: (request) => {
        const name = new URL(request.url).searchParams.get("name");
        return isPlayerId(name) ? { playerId: name } : undefined;
      },
      store: this.#store,
      manager: {
        limits: { playersPerLobby: PLAYERS },
        hostGraceMs: HOST_GRACE_MS,
        reconnectGraceMs: SEAT_GRACE_MS,
      },
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
    this.#lobbies.hub.flush();
  }

  /** Ends it; what is stored stays. */
  async close(): Promise<void> {
    await this.#lobbies.close();
    await this.#store.close();
    this.#matchStore[Symbol.dispose]();
  }

  #onEvent(event: LobbyServerEvent): void {
    switch (event.type) {
      case "restored":
        for (const record of this.#matchStore.load()) {
          const { lobby, game } = record;
          const found = this.#lobbies.manager.lobby(lobby);
          const isOn = found?.state === LobbyState.InGame &&
            found.gameCount === game;
          if (isOn) this.#play(new RpsMatch(record));
          else this.#matchStore.remove(lobby);
        }
        break;
      case "lobby":
        this.#onLobby(event);
        break;
      case "hub":
        this.#onHub(event.event);
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
        const match = this.#matches.get(event.lobby);
        if (match === undefined) break;
        match.forfeit(event.player);
        this.#play(match);
        break;
      }
      case "spectatorJoined":
        this.#tell(event.lobby, [event.spectator.id]);
        break;
      case "gameEnded":
      case "lobbyDestroyed":
        this.#matches.delete(event.lobby);
        this.#matchStore.remove(event.lobby);
    }
  }

  #onHub(event: WsHubEvent): void {
    switch (event.type) {
      case "clientConnected": {
        const { playerId } = event.identity;
        const clients = this.#clients.get(playerId) ?? new Set();
        this.#clients.set(playerId, clients.add(event.client));
        const lobby = this.#lobbies.manager.lobbyForPlayer(playerId);
        if (event.isResumed || lobby?.state !== LobbyState.InGame) break;
        // The process may have ended between a game's beginning and its match's.
        if (this.#matches.has(lobby.id)) this.#tell(lobby.id, [playerId]);
        else this.#begin(lobby);
        break;
      }
      case "clientLeft": {
        const { playerId } = event.identity;
        const clients = this.#clients.get(playerId);
        clients?.delete(event.client);
        if (clients?.size === 0) this.#clients.delete(playerId);
        break;
      }
      case "message": {
        if (event.channel !== GAME_CHANNEL || !event.isText) break;
        const move = parseMove(new TextDecoder().decode(event.bytes));
        const { playerId } = event.identity;
        const lobby = this.#lobbies.manager.lobbyForPlayer(playerId);
        const match = lobby && this.#matches.get(lobby.id);
        if (move === undefined || match === undefined) break;
        if (match.choose(playerId, move)) this.#play(match);
      }
    }
  }

  #begin({ id, gameCount, players }: Lobby): void {
    const [first, second] = players;
    // A host may set a lobby to one player; there is nothing to play.
    if (first === undefined || second === undefined) {
      this.#lobbies.manager.endGame(id);
      return;
    }
    this.#play(new RpsMatch(newMatch(id, gameCount, [first.id, second.id])));
  }

  /** Keeps how a match stands, tells it, and ends what is over. */
  #play(match: RpsMatch): void {
    const { record, results } = match;
    const { lobby } = record;
    this.#matches.set(lobby, match);
    this.#matchStore.save(record);
    const found = this.#lobbies.manager.lobby(lobby);
    if (found !== undefined) {
      this.#tell(lobby, [...found.players, ...found.spectators].map(idOf));
    }
    if (results !== undefined) this.#lobbies.manager.endGame(lobby, results);
  }

  #tell(lobby: LobbyId, players: readonly PlayerId[]): void {
    const match = this.#matches.get(lobby);
    if (match === undefined) return;
    for (const player of players) {
      const message = JSON.stringify(match.tableFor(player));
      for (const client of this.#clients.get(player) ?? []) {
        this.#lobbies.hub.sendTo(client, GAME_CHANNEL, message);
      }
    }
  }
}

function idOf({ id }: { readonly id: PlayerId }): PlayerId {
  return id;
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
