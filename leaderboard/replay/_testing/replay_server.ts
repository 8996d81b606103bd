import { ManualClock, playerId } from "../../../core/mod.ts";
import { HttpProblem, json } from "../../../http/server/mod.ts";
import type { Call, Role } from "../../server/call.ts";
import { Problem } from "../../server/problem.ts";
import { rankingOf } from "../../store/_testing/store_fixture.ts";
import type { LeaderboardStore } from "../../store/store.ts";
import { LeaderboardError } from "../../leaderboard_error.ts";
import { Replays } from "../replays.ts";
import type { ReplayStore } from "../replay_store.ts";

/** What a {@linkcode ReplayServer} may be given. */
export interface ReplayServerOptions {
  readonly replays: ReplayStore;
  readonly store?: Pick<LeaderboardStore, "isReplayLinked" | "page">;
  readonly clock?: ManualClock;
  readonly maxReplayBytes?: number;
}

/**
 * The replay routes as a server has them, without the rest of it: the bearer token is the player's id, and the API key
 * the role.
 */
export class ReplayServer {
  readonly clock: ManualClock;
  readonly replays: Replays;
  /** What the store of replays threw. */
  readonly errors: unknown[] = [];

  constructor(options: ReplayServerOptions) {
    this.clock = options.clock ?? new ManualClock({ epochMs: 1e12 });
    this.replays = new Replays({
      replays: options.replays,
      store: options.store ?? {
        isReplayLinked: () => Promise.resolve(false),
        page: () => Promise.resolve({ entries: [], total: 0, offset: 0 }),
      },
      clock: this.clock,
      maxReplayBytes: options.maxReplayBytes ?? 4 * 2 ** 20,
      takeTurn: () => {},
      onError: (error) => this.errors.push(error),
    });
  }

  readonly handler = async (request: Request): Promise<Response> => {
    try {
      const call = callOf(request);
      for (const routes of this.replays.routes) {
        const answer = routes.handle(call);
        if (answer !== undefined) return await answer;
      }
      return json(404, { code: "notFound", message: "" });
    } catch (error) {
      if (error instanceof HttpProblem) return error.toResponse();
      if (error instanceof LeaderboardError) {
        return new Problem("unavailable", "", { retryAfterMs: 1 }).toResponse();
      }
      throw error;
    }
  };

  /** Sends a request to it. */
  ask(
    method: string,
    path: string,
    init: RequestInit & { readonly player?: string; readonly role?: Role } = {},
  ): Promise<Response> {
    const { player = "ada", role, ...rest } = init;
    const headers = new Headers(rest.headers);
    if (player !== "") headers.set("authorization", `Bearer ${player}`);
    if (method === "POST") headers.set("content-type", "application/json");
    if (role !== undefined) headers.set("x-api-key", role);
    return this.handler(
      new Request(`http://server/v1/${path}`, { ...rest, method, headers }),
    );
  }
}

function callOf(request: Request): Call {
  const url = new URL(request.url);
  const token = request.headers.get("authorization")?.replace("Bearer ", "");
  const identity = token === undefined
    ? undefined
    : { playerId: playerId(token) };
  return {
    request,
    method: request.method === "HEAD" ? "GET" : request.method,
    url,
    segments: url.pathname.slice("/v1/".length).split("/"),
    address: "192.0.2.1",
    title: "main",
    role: (request.headers.get("x-api-key") ?? "game") as Role,
    identity: () => Promise.resolve(identity),
    player: () =>
      identity === undefined
        ? Promise.reject(new Problem("unauthenticated", ""))
        : Promise.resolve(identity),
    require: () => {},
    ranking: () => Promise.resolve(RANKING),
  };
}

/** The only ranking of a {@linkcode ReplayServer}. */
export const RANKING = rankingOf({ board: "main/speedrun" });
