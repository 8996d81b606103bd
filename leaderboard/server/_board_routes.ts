// This module is browser compatible.
import { json, readJson, type RouteTable } from "../../http/server/mod.ts";
import { boardToJson } from "../board/board.ts";
import { periodOf } from "./_named_ranking.ts";
import type { ServerCall } from "./_server_call.ts";
import type { ServerContext } from "./_server_context.ts";
import type { Upkeep } from "./_upkeep.ts";

/** The most seasons in one answer. */
const MAX_SEASONS = 1_000;

/** Adds what PROTOCOL.md says in section 2. */
export function addBoardRoutes(
  table: RouteTable<ServerCall>,
  context: ServerContext,
  upkeep: Upkeep,
): void {
  const { boards, store, clock } = context;

  table.add("GET", "boards", async ({ title }) => {
    const epochMs = clock.epochMs();
    const all = await boards.list(title);
    return json(200, {
      boards: all.filter(({ isLeaving }) => !isLeaving)
        .map(({ board }) => boardToJson(board, epochMs)),
    });
  });

  table.add("GET", "boards/*", async (call) => {
    return json(200, boardToJson(await call.board(), clock.epochMs()));
  });

  table.add("PUT", "boards/*", async (call) => {
    call.require("admin");
    const options = await readJson(call.request);
    const { board, isNew } = await boards.put(
      call.title,
      call.segments[1]!,
      options,
    );
    return json(isNew ? 201 : 200, boardToJson(board, clock.epochMs()));
  });

  table.add("DELETE", "boards/*", async (call) => {
    call.require("admin");
    await boards.leave(call.title, call.segments[1]!);
    upkeep.hurry(boards.settleMs / 1_000);
    return new Response(null, {
      status: 204,
      headers: { "cache-control": "no-store" },
    });
  });

  table.add("GET", "boards/*/seasons", async (call) => {
    const board = await call.board();
    const schedule = periodOf(board, call.query);
    const running = schedule.seasonAt(clock.epochMs());
    const seasons = new Set([running.startMs]);
    for (const { period, season } of await store.rankings(board.id)) {
      if (period === schedule.name && season < running.startMs) {
        seasons.add(season);
      }
    }
    const newest = [...seasons].sort((a, b) => b - a).slice(0, MAX_SEASONS);
    return json(200, {
      period: schedule.name,
      seasons: newest.map((season) => {
        const { endMs } = schedule.seasonAt(season);
        return endMs === Infinity ? { season } : { season, endsAt: endMs };
      }),
    });
  });
}
