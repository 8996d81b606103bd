import { isPlayerId, ManualClock, SeededRandom } from "../../../core/mod.ts";
import { MemoryLeaderboardStore } from "../../store/memory_store.ts";
import type { LeaderboardStore } from "../../store/store.ts";
import { LeaderboardServer } from "../server.ts";
import type { LeaderboardServerOptions } from "../server_options.ts";

/** 2026-11-25T12:00:00Z, a Wednesday. */
export const START_MS = Date.UTC(2026, 10, 25, 12);
export const GAME_KEY = "game-key";
export const SERVER_KEY = "server-key-0123456789";
export const ADMIN_KEY = "admin-key-0123456789";
/** The game of another title. */
export const OTHER_KEY = "other-key";

/** An answer, with its JSON if it is any. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly body: any;
}

/** What a request is besides method and path. */
export interface Ask {
  /** Who asks: the bearer token is the player's id. */
  readonly as?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly from?: string;
}

/** A server with a memory store and a clock that a test moves. */
export class Harness {
  readonly clock: ManualClock;
  readonly store: LeaderboardStore;
  readonly server: LeaderboardServer;
  /** What `onError` was told. */
  readonly errors: unknown[] = [];
  #nextKey = 0;

  constructor(
    options: Partial<LeaderboardServerOptions> = {},
    clock = new ManualClock({ epochMs: START_MS }),
  ) {
    this.clock = clock;
    this.store = options.store ?? new MemoryLeaderboardStore();
    this.server = new LeaderboardServer({
      authenticate: (request) => {
        const token = request.headers.get("authorization")?.slice(7);
        const id = token === undefined ? undefined : decodeURIComponent(token);
        return isPlayerId(id) ? { playerId: id } : undefined;
      },
      apiKeys: [
        { key: GAME_KEY, role: "game" },
        { key: SERVER_KEY, role: "server" },
        { key: ADMIN_KEY, role: "admin" },
        { key: OTHER_KEY, role: "game", title: "other" },
      ],
      clock,
      random: new SeededRandom(7),
      onError: (error) => this.errors.push(error),
      ...options,
      store: this.store,
    });
  }

  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { as, key = GAME_KEY, body, from } = ask;
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: {
        ...(key === "" ? {} : { "x-api-key": key }),
        ...(as === undefined
          ? {}
          : { authorization: `Bearer ${encodeURIComponent(as)}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...ask.headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const response = await this.server.handler(
      request,
      from === undefined ? undefined : { remoteAddr: { hostname: from } },
    );
    // A stream of events has no end.
    const type = response.headers.get("content-type");
    const isEndless = type === "text/event-stream" && response.ok;
    if (isEndless) await response.body?.cancel();
    const text = isEndless ? "" : await response.text();
    const isJson = type === "application/json";
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  }

  /** Makes a board. */
  async putBoard(name: string, options: unknown = {}): Promise<void> {
    const path = `/v1/boards/${name}`;
    const { status, text } = await this.ask("PUT", path, {
      key: ADMIN_KEY,
      body: options,
    });
    if (status !== 201 && status !== 200) throw new Error(text);
  }

  /** Submits as the player himself, with a fresh key unless there is one in the headers. */
  submit(
    board: string,
    playerId: string,
    fields: Readonly<Record<string, unknown>>,
    key = `key-${this.#nextKey++}`,
  ): Promise<Answer> {
    return this.ask("POST", `/v1/boards/${board}/scores`, {
      as: playerId,
      headers: { "idempotency-key": key },
      body: { playerId, ...fields },
    });
  }

  /** The ids of the players of a board, in order. */
  async order(board: string, query = ""): Promise<string[]> {
    const { body } = await this.ask(
      "GET",
      `/v1/boards/${board}/entries${query}`,
    );
    return body.entries.map(({ playerId }: { playerId: string }) => playerId);
  }

  /** Ticks until something is so, as work that was started ends by itself. */
  async until(
    is: () => boolean | Promise<boolean>,
    dt = 1,
  ): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if (await is()) return;
      this.server.tick(dt);
      this.clock.advance(dt * 1_000);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    throw new Error("It never was");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.store.close();
  }
}
