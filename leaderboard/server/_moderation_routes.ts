// This module is browser compatible.
import type { HeldSubmission } from "../store/store.ts";
import { playerOfPath } from "./_entry_routes.ts";
import { decodeHeld } from "./_held_data.ts";
import { removePlayer, setHidden } from "./_moderation.ts";
import { readHeld, resolveHeld } from "./_resolve_held.ts";
import type { RouteTable } from "./_route_table.ts";
import type { ServerContext } from "./_server_context.ts";
import { outcomeOf } from "./_submit.ts";
import { outcomeToJson } from "./_submit_routes.ts";
import { scoresToJson } from "./entry_json.ts";
import { json, Problem } from "./problem.ts";
import { readJson } from "./read_body.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** Adds what PROTOCOL.md says in section 8. */
export function addModerationRoutes(
  table: RouteTable,
  context: ServerContext,
): void {
  const { store } = context;

  table.add("GET", "boards/*/held", async (call) => {
    call.require("admin");
    const board = await call.board();
    const { query } = call;
    const limit = query.integer("limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    const afterSequence = query.integer("after", 0, 0, Number.MAX_SAFE_INTEGER);
    const state = "quarantined";
    const held = await store.held(board.id, { state, afterSequence, limit });
    return json(200, {
      held: held.map(heldToJson),
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
    const held = await readHeld(context, board, call.segments[3]!);
    if (held === undefined) {
      throw new Problem(
        "heldNotFound",
        "Cannot decide as there is no such held submission",
      );
    }
    const { rankings, className, result } = await resolveHeld(
      context,
      board,
      held,
      decision,
      "",
    );
    const { outcome } = result.change;
    if (outcome.type === "refused") throw outcome.problem;
    context.counters.countOutcome(outcome);
    if (decision === "reject") return json(200, { status: "rejected" });
    return json(
      200,
      outcomeToJson(board, outcomeOf(rankings, className, result)),
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

function heldToJson(held: HeldSubmission): Record<string, unknown> {
  const { name, className, metadata, reason, runMs, ...scores } = decodeHeld(
    held,
  );
  return {
    id: held.id,
    playerId: held.playerId,
    heldAt: new Date(held.heldMs).toISOString(),
    submission: {
      playerId: held.playerId,
      name,
      ...scoresToJson(scores),
      ...(className === "" ? {} : { class: className }),
      ...(metadata === "" ? {} : { metadata: JSON.parse(metadata) }),
      ...(held.replay === "" ? {} : { replay: held.replay }),
      ...(runMs === undefined ? {} : { runMs }),
    },
    reason,
  };
}
