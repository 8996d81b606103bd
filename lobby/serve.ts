/**
 * A lobby server that runs as it is: lobbies and tickets in a file, matchmaking, health, metrics and a log.
 *
 * ```sh
 * export TICKWIRE_TOKEN_KEY=$(openssl rand -hex 32)
 * deno run -A jsr:@tickwire/net/lobby/serve --port 8080 --queues queues.json
 * ```
 *
 * What it answers is `lobby/PROTOCOL.md`; `LobbyClient` speaks it. Who may come in is told by a `ConnectionToken` that the
 * game's backend issued with the same key: the client connects to `/?token=` and its bytes in base64url. As a URL may end
 * up in somebody's log, each token opens one connection: the client's `url` is a function that asks the backend for a fresh
 * one, good for a minute or less. Without a key, `--insecure-names` lets everybody be who they say with `/?name=`.
 *
 * A game that has no server of its own is run by its host's client. Who is in a lobby may use the channel `game/` and the
 * lobby's id of the same socket: what one sends there comes to all who have subscribed to it. A request
 * `{ "do": "end", "results": … }` on it, of the host, ends the game; it is answered as requests of lobbies are.
 *
 * `GET /healthz` answers 200, or 503 while it shuts down; `/metrics` answers in the format of OpenMetrics. It prints `ready`
 * and the port, and then a line of JSON for each request, without its query. At SIGINT and SIGTERM what has happened is
 * stored and told, and all clients are told when to come back, spread over `--spread` milliseconds: they find their seats as
 * they left them. A second signal ends it at once. Whatever needs rules of its own makes a `LobbyServer`. TLS is for a proxy
 * before it.
 *
 * @module
 */

import type { Metric } from "../core/mod.ts";
import {
  runServer,
  serveUntilStopped,
  type Service,
} from "../http/server/serve_deno.ts";
import {
  type Authenticate,
  chooseAuthentication,
  ServedSockets,
} from "../websocket/serve_access_deno.ts";
import { GAME_CHANNEL, GameChannels } from "./_game_channels.ts";
import {
  readServeOptions,
  type ServeOptions,
  USAGE,
} from "./_serve_options.ts";
import { LobbyServer, type LobbyServerEvent } from "./mod.ts";
import { SqliteLobbyStore } from "./sqlite.ts";

const HZ = 30;
/** Sockets that do not end by themselves at a shutdown are given up. */
const SOCKETS_MS = 5_000;

/** A server and what it stands on. */
class LobbyService implements Service {
  readonly #store: SqliteLobbyStore;
  readonly #sockets = new ServedSockets();
  readonly #lobbies: LobbyServer;
  readonly #games: GameChannels = new GameChannels(() => this.#lobbies);
  readonly #onError: (error: unknown) => void;
  readonly #spreadMs: number;

  private constructor(
    options: Access,
    store: SqliteLobbyStore,
    onError: (error: unknown) => void,
  ) {
    const { authenticate, queues, maxPlayers, region } = options;
    const { origins, trustedProxies } = options;
    this.#store = store;
    this.#onError = onError;
    this.#spreadMs = options.spreadMs;
    this.#lobbies = new LobbyServer({
      upgrade: (request) => this.#sockets.upgrade(request),
      authenticate,
      store,
      queues,
      manager: { limits: { playersPerLobby: maxPlayers } },
      list: { region },
      hub: {
        channel: (name) => ({ isRelayed: name.startsWith(GAME_CHANNEL) }),
        canSubscribe: (identity, name) => this.#games.isOpenTo(identity, name),
        canPublish: (identity, name) => this.#games.isOpenTo(identity, name),
        trustedProxies,
        ...(origins !== undefined && { allowedOrigins: origins }),
      },
    });
  }

  static async open(
    options: Access,
    onError: (error: unknown) => void,
  ): Promise<LobbyService> {
    const store = new SqliteLobbyStore({ path: options.database });
    try {
      const service = new LobbyService(options, store, onError);
      await service.#lobbies.ready;
      return service;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    return this.#lobbies.handler(request, info);
  }

  metrics(): Iterable<Metric> {
    return this.#lobbies.metrics();
  }

  tick(dt: number): void {
    this.#lobbies.tick(dt);
    for (const event of this.#lobbies.drainEvents()) this.#onEvent(event);
  }

  async stop(): Promise<void> {
    await this.#lobbies.close(this.#spreadMs);
    // Shutting down closes sockets before what they were given has left.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, SOCKETS_MS);
    await Promise.race([this.#sockets.ended(), late]);
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #onEvent(event: LobbyServerEvent): void {
    this.#games.onEvent(event);
    if (event.type === "storeFailed") this.#onError(event.error);
    if (event.type !== "restored") return;
    for (const { key, reason } of event.refused) {
      this.#onError(new Error(`Cannot restore "${key}" as ${reason}`));
    }
  }
}

/** What the command line says, and what it makes of who asks. */
interface Access extends ServeOptions {
  readonly authenticate: Authenticate;
}

async function read(
  args: readonly string[],
  env: (name: string) => string | undefined,
): Promise<Access | undefined> {
  const options = await readServeOptions(args, env);
  if (options === undefined) return undefined;
  return { ...options, authenticate: await chooseAuthentication(options) };
}

async function serve(options: Access): Promise<void> {
  const { port, hostname, isQuiet, hasInsecureNames } = options;
  const notice = hasInsecureNames
    ? "Names are taken as they come: anybody can be anybody"
    : undefined;
  await serveUntilStopped(
    { port, hostname, isQuiet, hz: HZ, notice },
    (onError) => LobbyService.open(options, onError),
  );
}

if (import.meta.main) await runServer(USAGE, read, serve);
