// This module is browser compatible.
import { type Identity, isPlayerId } from "../../core/mod.ts";
import { type Access, Query } from "../../http/server/mod.ts";
import type { Board } from "../board/board.ts";
import type { Ranking } from "../store/store.ts";
import { rankingOf } from "./_named_ranking.ts";
import { unavailable } from "./_router.ts";
import type { ServerContext } from "./_server_context.ts";
import type { Call, Role } from "./call.ts";
import { Problem } from "./problem.ts";
import type { LeaderboardServerOptions } from "./server_options.ts";

/** A request on its way through the server's parts. */
export class ServerCall implements Call {
  readonly request: Request;
  readonly method: string;
  readonly url: URL;
  readonly segments: readonly string[];
  readonly address: string;
  readonly title: string;
  readonly role: Role;
  readonly #context: ServerContext;
  readonly #authenticatePlayer: LeaderboardServerOptions["authenticate"];
  #identity: Promise<Identity | undefined> | undefined;
  #query: Query | undefined;

  constructor(
    request: Request,
    url: URL,
    segments: readonly string[],
    address: string,
    access: Access<Role>,
    context: ServerContext,
    authenticate: LeaderboardServerOptions["authenticate"],
  ) {
    this.request = request;
    this.method = request.method === "HEAD" ? "GET" : request.method;
    this.url = url;
    this.segments = segments;
    this.address = address;
    this.title = access.title;
    this.role = access.role;
    this.#context = context;
    this.#authenticatePlayer = authenticate;
  }

  /** The query. Throws a {@linkcode Problem} if it is encoded wrongly. */
  get query(): Query {
    return this.#query ??= new Query(this.url.search);
  }

  identity(): Promise<Identity | undefined> {
    return this.#identity ??= this.#authenticate();
  }

  async player(): Promise<Identity> {
    const identity = await this.identity();
    if (identity !== undefined) return identity;
    throw new Problem(
      "unauthenticated",
      "Cannot answer as the request must say which player sends it, in Authorization: Bearer",
    );
  }

  require(...roles: readonly Role[]): void {
    if (roles.includes(this.role)) return;
    throw new Problem(
      "forbidden",
      `Cannot answer as the role "${this.role}" may not do this`,
    );
  }

  /** The board of the path. Rejects with a {@linkcode Problem} if there is none. */
  board(): Promise<Board> {
    return this.#context.boards.open(this.title, this.segments[1] ?? "");
  }

  async ranking(): Promise<Ranking> {
    const board = await this.board();
    return rankingOf(board, this.query, this.#context.clock.epochMs());
  }

  async #authenticate(): Promise<Identity | undefined> {
    let identity: Identity | undefined;
    try {
      identity = await this.#authenticatePlayer(this.request);
    } catch (error) {
      this.#context.onError(error);
      throw unavailable();
    }
    // What a callback in JavaScript gives is not always what the types say.
    if (!identity) return undefined;
    if (isPlayerId(identity.playerId)) return identity;
    this.#context.onError(
      new TypeError("Cannot use identity as its playerId is no player's id"),
    );
    throw unavailable();
  }
}
