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
  OPEN_METRICS_CONTENT_TYPE,
  PollLoop,
  renderOpenMetrics,
  SystemClock,
} from "../core/mod.ts";
import { LineLog } from "../http/server/mod.ts";
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
/** Windows knows no SIGTERM. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];
/** Requests that are under way at a shutdown and do not end by themselves are given up. */
const DRAIN_MS = 5_000;
const SHUTDOWN_MS = 10_000;
const RUN_KEY_BYTES = 32;
const RUN_KEY_LABEL = "tickwire leaderboard run key";
/** What is logged of a path. */
const MAX_PATH_LENGTH = 256;

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

/** Requests whose answers have not begun. */
class InFlight {
  #count = 0;
  #onIdle: (() => void) | undefined;

  async run(answer: () => Promise<Response>): Promise<Response> {
    this.#count += 1;
    try {
      return await answer();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#onIdle?.();
    }
  }

  /** Resolves when there are none, or they have had their time. */
  async ended(limitMs: number): Promise<void> {
    if (this.#count === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
  }
}

/** A server and what it stands on. */
class Service {
  readonly leaderboard: LeaderboardServer;
  readonly #store: SqliteLeaderboardStore;
  readonly #replays: SqliteReplayStore;

  private constructor(
    leaderboard: LeaderboardServer,
    store: SqliteLeaderboardStore,
    replays: SqliteReplayStore,
  ) {
    this.leaderboard = leaderboard;
    this.#store = store;
    this.#replays = replays;
  }

  static async open(
    options: ServeOptions,
    onError: (error: unknown) => void,
  ): Promise<Service> {
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
    return new Service(leaderboard, store, replays);
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#replays.close();
  }
}

async function serve(options: ServeOptions): Promise<void> {
  const log = new LineLog(Deno.stdout);
  const errors = new LineLog(Deno.stderr);
  const service = await Service.open(options, (error) => {
    const message = error instanceof Error ? error.message : String(error);
    errors.write({ time: timeText(), level: "error", message });
  });
  const { leaderboard } = service;
  const page = await makePage(options.apiKeys);
  const stop = new AbortController();
  const inFlight = new InFlight();

  async function answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    pathname: string,
  ): Promise<Response> {
    const isRead = request.method === "GET" || request.method === "HEAD";
    switch (isRead ? pathname : "") {
      case "/":
        if (page !== undefined) return page.respond(request.method);
        break;
      case "/healthz":
        return stop.signal.aborted
          ? new Response("closing\n", { status: 503 })
          : new Response("ok\n");
      case "/metrics":
        return new Response(renderOpenMetrics(leaderboard.metrics()), {
          headers: { "content-type": OPEN_METRICS_CONTENT_TYPE },
        });
    }
    return await leaderboard.handler(request, info);
  }

  const { port, hostname, isQuiet } = options;
  const server = Deno.serve(
    { port, hostname, onListen() {} },
    async (request, info) => {
      const startMs = performance.now();
      const pathname = pathOf(request);
      const response = await inFlight.run(() =>
        answer(request, info, pathname)
      );
      if (!isQuiet) {
        log.write({
          time: timeText(),
          method: request.method,
          path: pathname.slice(0, MAX_PATH_LENGTH),
          status: response.status,
          ms: Math.round((performance.now() - startMs) * 1_000) / 1_000,
        });
      }
      return response;
    },
  );

  const interrupt = (): void => {
    // The second time somebody is in a hurry.
    if (stop.signal.aborted) Deno.exit(130);
    stop.abort();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  console.log(`ready ${server.addr.port}`);
  if (options.tokenKey === undefined) {
    console.error("Players are taken as they come: anybody can be anybody");
  }

  const loop = new PollLoop();
  loop.add(leaderboard);
  try {
    await loop.run({ hz: HZ, signal: stop.signal });
  } finally {
    const timer = setTimeout(() => Deno.exit(1), SHUTDOWN_MS);
    // Streams would go on for ever; what else is under way is answered, and what comes is told to come back.
    await leaderboard.close();
    // A shutdown ends bodies that have not been read.
    await inFlight.ended(DRAIN_MS);
    await server.shutdown();
    await service.close();
    await log.settled();
    await errors.settled();
    clearTimeout(timer);
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  }
}

function timeText(): string {
  return new Date().toISOString();
}

function pathOf(request: Request): string {
  return URL.parse(request.url)?.pathname ?? "";
}

if (import.meta.main) {
  let options: ServeOptions | undefined;
  try {
    options = await readServeOptions(Deno.args, (name) => Deno.env.get(name));
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
  if (options === undefined) console.log(USAGE);
  else {
    try {
      await serve(options);
    } catch (error) {
      console.error((error as Error).message);
      Deno.exit(1);
    }
  }
}
