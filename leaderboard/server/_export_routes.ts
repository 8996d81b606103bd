// This module is browser compatible.
import type { RouteTable } from "../../http/server/mod.ts";
import type { LeaderboardStore, PageQuery, Ranking } from "../store/store.ts";
import { CSV_HEADER, toCsvLine } from "./_csv.ts";
import { MAX_PAGE_SIZE } from "./_entry_routes.ts";
import type { ServerCall } from "./_server_call.ts";
import type { ServerContext } from "./_server_context.ts";

const UTF8 = new TextEncoder();

/** Adds the export of a season; PROTOCOL.md, section 8. */
export function addExportRoutes(
  table: RouteTable<ServerCall>,
  { store }: ServerContext,
): void {
  table.add("GET", "boards/*/export", async (call) => {
    call.require("admin");
    const ranking = await call.ranking();
    const { board, period, season } = ranking;
    const name = board.slice(board.indexOf("/") + 1);
    return new Response(linesOf(store, ranking), {
      headers: {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition":
          `attachment; filename="${name}-${period}-${season}.csv"`,
        "cache-control": "no-store",
      },
    });
  });
}

/** The lines, of which no more than a page is held at a time: the reader's pace is that of the store. */
function linesOf(
  store: LeaderboardStore,
  ranking: Ranking,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let after: PageQuery["after"];
  return new ReadableStream({
    start(controller) {
      controller.enqueue(UTF8.encode(CSV_HEADER));
    },
    async pull(controller) {
      const limit = MAX_PAGE_SIZE;
      const { entries } = await store.page(
        ranking,
        after === undefined ? { limit } : { limit, after },
      );
      if (entries.length > 0) {
        controller.enqueue(UTF8.encode(entries.map(toCsvLine).join("")));
      }
      after = entries.at(-1)?.entry;
      if (entries.length < limit) controller.close();
    },
  }, { highWaterMark: 0 });
}
