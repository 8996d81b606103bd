/**
 * A leaderboard server that runs as it is: boards in a file, a page that shows them live, health, metrics and a log.
 *
 * ```sh
 * export TICKWIRE_TOKEN_KEY=$(openssl rand -hex 32)
 * export TICKWIRE_API_KEYS=main:game:my-game,main:admin:$(openssl rand -hex 16)
 * deno run -A jsr:@tickwire/net/leaderboard/serve --port 8080 --boards boards.json
 * ```
 *
 * What it answers is `leaderboard/PROTOCOL.md`; `LeaderboardClient` speaks it. Who a player is, is told by a
 * `ConnectionToken` that the game's backend issued with the same key: its bytes in base64url are the client's
 * `playerToken` (`Authorization: Bearer …`). It may be used until it expires. Without a key, `--insecure-players` takes
 * the bearer text as the player's id.
 *
 * `GET /` is the page, unless there are API keys and none is for the game; `/healthz` answers 200, or 503 while it shuts
 * down; `/metrics` answers in the format of OpenMetrics. It prints `ready` and the port, and then a line of JSON for each
 * request, without its query, and never with a token, key or body. At SIGINT and SIGTERM requests under way are
 * answered, streams end, and the files are closed; a second one ends it at once. Whatever needs rules of its own makes
 * a `LeaderboardServer`. TLS is for a proxy before it.
 *
 * @module
 */

import {
  type Identity,
  isPlayerId,
  type Metric,
  SystemClock,
} from "../core/mod.ts";
import {
  runServer,
  serveUntilStopped,
  type Service,
} from "../http/server/serve_deno.ts";
import {
  ConnectionToken,
  importTokenKey,
  MAX_TOKEN_BYTES,
  ProtocolError,
} from "../protocol/mod.ts";
import {
  readServeOptions,
  type ServeOptions,
  USAGE,
} from "./_serve_options.ts";
import { type ApiKey, LeaderboardServer } from "./mod.ts";
import { LeaderboardPage } from "./page/mod.ts";
import { SqliteReplayStore } from "./sqlite/sqlite_replay_store.ts";
import { SqliteLeaderboardStore } from "./sqlite.ts";

/** Live changes come with each tick, at most ten times a second. */
const HZ = 20;
const RUN_KEY_BYTES = 32;
const RUN_KEY_LABEL = "tickwire leaderboard run key";

type Authenticate = (request: Request) => Promise<Identity | undefined>;

/** The text of `Authorization: Bearer …`. */
function bearerOf(request: Request): string | undefined {
  const header = request.headers.get("authorization") ?? "";
  return /^bearer +(\S+)$/i.exec(header)?.[1];
}

/** Takes who has a token that has not expired. */
async function authenticateByToken(
  bytes: Uint8Array,
  protocolId: number,
): Promise<Authenticate> {
  const clock = new SystemClock();
  const keys = await importTokenKey(bytes);
  return async (request) => {
    const token = decodeToken(bearerOf(request));
    if (token === undefined) return undefined;
    try {
      const nowMs = clock.epochMs();
      const options = { keys, protocolId, nowMs };
      const { clientId } = await ConnectionToken.verify(token, options);
      return { playerId: clientId };
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  };
}

function decodeToken(text: string | undefined): Uint8Array | undefined {
  if (
    text === undefined || text.length > Math.ceil(MAX_TOKEN_BYTES / 3) * 4
  ) return undefined;
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    return undefined;
  }
}

function authenticateByText(request: Request): Promise<Identity | undefined> {
  const text = bearerOf(request);
  return Promise.resolve(isPlayerId(text) ? { playerId: text } : undefined);
}

/**
 * What tokens of runs are signed with, the same after a restart: made of the key of tokens, or, where there is none,
 * kept beside the database.
 */
async function runKeyOf(
  { tokenKey, database }: ServeOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (tokenKey !== undefined) {
    const key = await crypto.subtle.importKey(
      "raw",
      tokenKey,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const label = new TextEncoder().encode(RUN_KEY_LABEL);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, label));
  }
  const made = crypto.getRandomValues(new Uint8Array(RUN_KEY_BYTES));
  if (database === ":memory:") return made;
  const file = `${database}-run-key`;
  try {
    await Deno.writeFile(file, made, { createNew: true, mode: 0o600 });
    return made;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const kept = await Deno.readFile(file);
  if (kept.length === RUN_KEY_BYTES) return kept;
  throw new Error(
    `Cannot serve as ${file} must have ${RUN_KEY_BYTES} bytes: current length is ${kept.length}`,
  );
}

/** The page of those titles whose key may be shown to everybody. */
async function makePage(
  apiKeys: readonly ApiKey[] | undefined,
): Promise<LeaderboardPage | undefined> {
  const keys = new Map<string, string>();
  for (const { title = "main", role, key } of apiKeys ?? []) {
    if (role === "game" && !keys.has(title)) keys.set(title, key);
  }
  if (apiKeys === undefined) {
    return await LeaderboardPage.make();
  }
  return keys.size === 0 ? undefined : await LeaderboardPage.make(
    [...keys].map(([title, key]) => ({ title, key })),
  );
}

/** A server and what it stands on. */
class LeaderboardService implements Service {
  readonly #leaderboard: LeaderboardServer;
  readonly #page: LeaderboardPage | undefined;
  readonly #store: SqliteLeaderboardStore;
  readonly #replays: SqliteReplayStore;

  private constructor(
    leaderboard: LeaderboardServer,
    page: LeaderboardPage | undefined,
    store: SqliteLeaderboardStore,
    replays: SqliteReplayStore,
  ) {
    this.#leaderboard = leaderboard;
    this.#page = page;
    this.#store = store;
    this.#replays = replays;
  }

  static async open(
    options: ServeOptions,
    onError: (error: unknown) => void,
  ): Promise<LeaderboardService> {
    const { database, tokenKey, protocolId, apiKeys, origins } = options;
    const store = new SqliteLeaderboardStore({ path: database });
    const isMemory = database === ":memory:";
    const replays = new SqliteReplayStore({
      path: isMemory ? database : `${database}-replays`,
    });
    const leaderboard = new LeaderboardServer({
      store,
      replays,
      authenticate: tokenKey === undefined
        ? authenticateByText
        : await authenticateByToken(tokenKey, protocolId),
      boards: options.boards,
      runKey: await runKeyOf(options),
      trustedProxies: options.trustedProxies,
      onError,
      ...(apiKeys !== undefined && { apiKeys }),
      ...(origins !== undefined && { allowedOrigins: origins }),
    });
    await leaderboard.ready();
    const page = await makePage(apiKeys);
    return new LeaderboardService(leaderboard, page, store, replays);
  }

  answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    pathname: string,
  ): Response | Promise<Response> {
    const { method } = request;
    const isRead = method === "GET" || method === "HEAD";
    return isRead && pathname === "/" && this.#page !== undefined
      ? this.#page.respond(method)
      : this.#leaderboard.handler(request, info);
  }

  metrics(): Iterable<Metric> {
    return this.#leaderboard.metrics();
  }

  tick(dt: number): void {
    this.#leaderboard.tick(dt);
  }

  async stop(): Promise<void> {
    await this.#leaderboard.close();
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#replays.close();
  }
}

async function serve(options: ServeOptions): Promise<void> {
  const { port, hostname, isQuiet, tokenKey } = options;
  const notice = tokenKey === undefined
    ? "Players are taken as they come: anybody can be anybody"
    : undefined;
  await serveUntilStopped(
    { port, hostname, isQuiet, hz: HZ, notice },
    (onError) => LeaderboardService.open(options, onError),
  );
}

if (import.meta.main) await runServer(USAGE, readServeOptions, serve);
