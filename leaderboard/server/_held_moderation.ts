// This module is browser compatible.
import type { Board } from "../board/board.ts";
import type { HeldSubmission } from "../store/store.ts";
import { decodeHeld } from "./_held_data.ts";
import { readHeld, resolveHeld } from "./_resolve_held.ts";
import type { ServerContext } from "./_server_context.ts";
import { outcomeOf } from "./_submit.ts";
import type { QuarantinedSubmission } from "./moderation.ts";
import { Problem } from "./problem.ts";
import type { SubmitOutcome } from "./submit_outcome.ts";

/** Lists what waits for a moderator, oldest first. */
export async function listQuarantined(
  { store }: ServerContext,
  board: Board,
  afterSequence: number,
  limit: number,
): Promise<readonly QuarantinedSubmission[]> {
  const state = "quarantined";
  const held = await store.held(board.id, { state, afterSequence, limit });
  return held.map(toQuarantined);
}

/**
 * Decides about what a moderator, who may be anybody with the right role, names. Throws a {@linkcode Problem} if there is no
 * such submission, or it cannot count.
 *
 * @returns What became of it; `undefined` if it was rejected.
 */
export async function decideById(
  context: ServerContext,
  board: Board,
  id: string,
  decision: "accept" | "reject",
): Promise<SubmitOutcome | undefined> {
  const held = await readHeld(context, board, id);
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
  return decision === "reject"
    ? undefined
    : outcomeOf(rankings, className, result);
}

function toQuarantined(held: HeldSubmission): QuarantinedSubmission {
  const { name, score, subscore, className, metadata, reason, runMs } =
    decodeHeld(held);
  return {
    id: held.id,
    sequence: held.sequence,
    playerId: held.playerId,
    name,
    score,
    subscore,
    className,
    metadata: metadata === "" ? undefined : JSON.parse(metadata),
    replay: held.replay,
    submittedMs: held.heldMs,
    runMs,
    reason,
  };
}
