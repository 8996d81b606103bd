// This module is browser compatible.
import { json, readJson, type RouteTable } from "../../http/server/mod.ts";
import { playerOfPath } from "./_entry_routes.ts";
import { decideById, listQuarantined } from "./_held_moderation.ts";
import { removePlayer, setHidden } from "./_moderation.ts";
import type { ServerCall } from "./_server_call.ts";
import type { ServerContext } from "./_server_context.ts";
import { outcomeToJson } from "./_submit_routes.ts";
import { scoresToJson } from "./entry_json.ts";
import type { QuarantinedSubmission } from "./moderation.ts";
import { Problem } from "./problem.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** Adds what PROTOCOL.md says in section 8. */
export function addModerationRoutes(
  table: RouteTable<ServerCall>,
  context: ServerContext,
): void {
  table.add("GET", "boards/*/held", async (call) => {
    call.require("admin");
    const board = await call.board();
    const { query } = call;
    const limit = query.integer("limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    const afterSequence = query.integer("after", 0, 0, Number.MAX_SAFE_INTEGER);
    const held = await listQuarantined(context, board, afterSequence, limit);
    return json(200, {
      held: held.map(quarantinedToJson),
      ...(held.length < limit ? {} : { next: held.at(-1)!.sequence }),
    });
  });

  table.add("POST", "boards/*/held/*", async (call) => {
    call.require("admin");
    const board = await call.board();
    const { decision } = await readJson(call.request);
    if (decision !== "accept" && decision !== "reject") {
      throw new Problem(
        "invalidRequest",
        'Cannot decide as decision must be "accept" or "reject"',
        { field: "decision" },
      );
    }
    const id = call.segments[3]!;
    const outcome = await decideById(context, board, id, decision);
    return json(
      200,
      outcome === undefined
        ? { status: "rejected" }
        : outcomeToJson(board, outcome),
    );
  });

  table.add("PATCH", "boards/*/players/*", async (call) => {
    call.require("admin");
    const board = await call.board();
    const playerId = playerOfPath(call.segments);
    const { isHidden } = await readJson(call.request);
    if (typeof isHidden !== "boolean") {
      throw new Problem(
        "invalidRequest",
        "Cannot change player as isHidden must be true or false",
        { field: "isHidden" },
      );
    }
    const entries = await setHidden(context, board, playerId, isHidden);
    return json(200, { entries });
  });

  table.add("DELETE", "boards/*/players/*", async (call) => {
    call.require("admin");
    const board = await call.board();
    const playerId = playerOfPath(call.segments);
    return json(200, {
      entries: await removePlayer(context, board, playerId),
    });
  });
}

function quarantinedToJson(
  held: QuarantinedSubmission,
): Record<string, unknown> {
  const { id, playerId, name, className, metadata, replay, runMs } = held;
  return {
    id,
    playerId,
    heldAt: new Date(held.submittedMs).toISOString(),
    submission: {
      playerId,
      name,
      ...scoresToJson(held),
      ...(className === "" ? {} : { class: className }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(replay === "" ? {} : { replay }),
      ...(runMs === undefined ? {} : { runMs }),
    },
    reason: held.reason,
  };
}
