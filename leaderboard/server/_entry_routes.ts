// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../../core/mod.ts";
import { json, type Query, type RouteTable } from "../../http/server/mod.ts";
import { parseScore, type Score } from "../score.ts";
import type {
  LeaderboardStore,
  PageQuery,
  Ranking,
  RankingPage,
  Standing,
} from "../store/store.ts";
import { invalidName } from "./_boards.ts";
import { classOf, onlyOneOf, periodOf, rankingOf } from "./_named_ranking.ts";
import type { ServerCall } from "./_server_call.ts";
import type { ServerContext } from "./_server_context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { entryToJson } from "./entry_json.ts";
import { Problem } from "./problem.ts";

/** The most entries of a page. */
export const MAX_PAGE_SIZE = 1_000;
const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE = 1_000_000_000;
const MAX_PLAYERS = 100;
const PAGE_KINDS = ["around", "players", "cursor", "page"] as const;

/** Adds what PROTOCOL.md says in section 3. */
export function addEntryRoutes(
  table: RouteTable<ServerCall>,
  { store, clock }: ServerContext,
): void {
  table.add("GET", "boards/*/entries", async (call) => {
    const board = await call.board();
    const { query } = call;
    const kind = onlyOneOf(query, PAGE_KINDS);
    const limit = query.integer(
      "pageSize",
      DEFAULT_PAGE_SIZE,
      1,
      MAX_PAGE_SIZE,
    );
    let ranking = rankingOf(board, query, clock.epochMs());
    let page: RankingPage;
    switch (kind) {
      case "around":
        checkUnfiltered(query);
        page = await pageAround(store, ranking, query.get(kind), limit);
        break;
      case "players":
        checkUnfiltered(query);
        page = await pageOf(store, ranking, query.list(kind) ?? []);
        break;
      case "cursor": {
        const { season, after } = decodeCursor(query.get(kind)!, {
          board: board.id,
          period: periodOf(board, query).name,
          className: classOf(board, query),
        });
        if (query.has("season") && season !== ranking.season) {
          throw new Problem(
            "invalidCursor",
            "Cannot go on as the cursor is one of another season",
            { field: "cursor" },
          );
        }
        ranking = { ...ranking, season };
        page = await store.page(ranking, { ...filterOf(query), limit, after });
        break;
      }
      default: {
        const offset = (query.integer("page", 1, 1, MAX_PAGE) - 1) * limit;
        const filter = filterOf(query);
        page = await store.page(ranking, { ...filter, limit, offset });
      }
    }
    const { entries, total, offset } = page;
    const last = entries.at(-1);
    const hasMore = kind !== "players" && offset + entries.length < total;
    return json(200, {
      ...rankingToJson(ranking),
      entries: entries.map(entryToJson),
      total,
      page: Math.floor(offset / limit) + 1,
      offset,
      ...(last !== undefined && hasMore
        ? { nextCursor: encodeCursor(ranking, last.entry) }
        : {}),
    });
  });

  table.add("GET", "boards/*/players/*", async (call) => {
    const board = await call.board();
    const playerId = playerOfPath(call.segments);
    const ranking = rankingOf(board, call.query, clock.epochMs());
    const standing = await store.standing(ranking, playerId);
    if (standing === undefined) throw playerNotFound("player");
    const { total } = standing;
    return json(200, {
      ...rankingToJson(ranking),
      entry: entryToJson(standing),
      total,
      percentile: await percentileOf(store, ranking, standing),
    });
  });
}

/** The player whom a path names. Throws a {@linkcode Problem} if it names none. */
export function playerOfPath(segments: readonly string[]): PlayerId {
  const playerId = segments[3];
  if (isPlayerId(playerId)) return playerId;
  throw invalidName("player");
}

/** The share of the others that are ranked below, in percent and hundredths of it. */
async function percentileOf(
  store: LeaderboardStore,
  ranking: Ranking,
  { entry, rank, total }: Standing,
): Promise<number> {
  if (total <= 1) return 100;
  let below = total - rank;
  if (ranking.ties !== "earliest") {
    // Equals have one rank: those below are behind the last of them, wherever that is.
    const { score, subscore } = entry;
    const after = { score, subscore, sequence: Number.MAX_SAFE_INTEGER };
    const behind = await store.page(ranking, { limit: 1, after });
    below = behind.entries.length === 0 ? 0 : behind.total - behind.offset;
  }
  // Whole numbers as far as they go: 100 is for who has all others below.
  const share = Math.floor(below * 10_000 / (total - 1)) / 100;
  return Math.min(100, Math.max(0, share));
}

async function pageAround(
  store: LeaderboardStore,
  ranking: Ranking,
  playerId: string | undefined,
  limit: number,
): Promise<RankingPage> {
  if (!isPlayerId(playerId)) throw invalidName("around");
  const page = await store.around(ranking, playerId, limit);
  if (page === undefined) throw playerNotFound("around");
  return page;
}

async function pageOf(
  store: LeaderboardStore,
  ranking: Ranking,
  players: readonly string[],
): Promise<RankingPage> {
  if (players.length > MAX_PLAYERS) {
    throw new Problem(
      "invalidRequest",
      `Cannot answer as there must be at most ${MAX_PLAYERS} players: current length is ${players.length}`,
      { field: "players" },
    );
  }
  const playerIds = [...new Set(players)].map((playerId) => {
    if (isPlayerId(playerId)) return playerId;
    throw invalidName("players");
  });
  const entries = await store.ofPlayers(ranking, playerIds);
  return { entries, total: entries.length, offset: 0 };
}

function filterOf(query: Query): Pick<PageQuery, "minScore" | "maxScore"> {
  const minScore = scoreOf(query, "minScore");
  const maxScore = scoreOf(query, "maxScore");
  return {
    ...(minScore === undefined ? {} : { minScore }),
    ...(maxScore === undefined ? {} : { maxScore }),
  };
}

function scoreOf(query: Query, name: string): Score | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  const score = parseScore(text);
  if (score !== undefined) return score;
  throw new Problem(
    "invalidRequest",
    `Cannot answer as ${name} must be an integer of 64 bits`,
    { field: name },
  );
}

function checkUnfiltered(query: Query): void {
  for (const field of ["minScore", "maxScore"]) {
    if (!query.has(field)) continue;
    throw new Problem(
      "invalidRequest",
      `Cannot answer as ${field} must not be there with players or around`,
      { field },
    );
  }
}

function rankingToJson(
  { board, period, season, className }: Ranking,
): Record<string, unknown> {
  return {
    board: board.slice(board.indexOf("/") + 1),
    period,
    season,
    ...(className === "" ? {} : { class: className }),
  };
}

function playerNotFound(field: string): Problem {
  return new Problem(
    "playerNotFound",
    "Cannot answer as the player has no entry",
    { field },
  );
}
