// This module is browser compatible.
import { json, methodNotAllowed, Query } from "../../http/server/mod.ts";
import type { Call, Routes } from "../server/call.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import { entryToJson } from "../server/entry_json.ts";
import type { LeaderboardStore } from "../store/store.ts";

const MAX_PAGE_SIZE = 1_000;

/** The list of a board's entries that have a replay: `GET /v1/boards/{board}/replays`. */
export class ReplayListRoutes implements Routes {
  readonly #store: Pick<LeaderboardStore, "page">;

  constructor(store: Pick<LeaderboardStore, "page">) {
    this.#store = store;
  }

  handle(call: Call): Promise<Response> | undefined {
    const { method, segments } = call;
    if (
      segments.length !== 3 || segments[0] !== "boards" ||
      segments[2] !== "replays"
    ) {
      return undefined;
    }
    if (method === "GET") return this.#list(call);
    throw methodNotAllowed("GET");
  }

  async #list(call: Call): Promise<Response> {
    const query = new Query(call.url.search);
    const limit = query.integer("pageSize", 100, 1, MAX_PAGE_SIZE);
    const named = await call.ranking();
    const cursor = query.get("cursor");
    const place = cursor === undefined
      ? undefined
      : decodeCursor(cursor, named);
    const ranking = place === undefined
      ? named
      : { ...named, season: place.season };
    const { entries } = await this.#store.page(ranking, {
      limit,
      ...(place === undefined ? {} : { after: place.after }),
    });
    const last = entries.length < limit ? undefined : entries.at(-1);
    return json(200, {
      replays: entries.filter(({ entry }) => entry.replay !== "").map(
        (ranked) => ({
          replay: ranked.entry.replay,
          entry: entryToJson(ranked),
        }),
      ),
      ...(last !== undefined &&
        { nextCursor: encodeCursor(ranking, last.entry) }),
    });
  }
}
