// This module is browser compatible.
import type { Board } from "../board/board.ts";
import type {
  HeldSubmission,
  Ranking,
  TransactionChange,
  TransactionResult,
} from "../store/store.ts";
import { keyClaim } from "./_claim.ts";
import { type DecidedChange, decideHeld } from "./_decide.ts";
import { decodeHeld, playerOfHeld } from "./_held_data.ts";
import type { ServerContext } from "./_server_context.ts";
import { fullProblem } from "./_submit.ts";
import type { VerifyDecision } from "./server_options.ts";

/** A held submission that was decided about. */
export interface Resolved {
  readonly rankings: readonly Ranking[];
  readonly className: string;
  readonly result: TransactionResult<DecidedChange>;
}

/** Finds a held submission by an id from anybody. */
export async function readHeld(
  { store, clock }: ServerContext,
  board: Board,
  id: string,
): Promise<HeldSubmission | undefined> {
  const playerId = playerOfHeld(id);
  if (playerId === undefined) return undefined;
  const { change } = await store.transact<
    TransactionChange & { readonly held: HeldSubmission | undefined }
  >({
    board: board.id,
    playerId,
    rankings: [],
    nowMs: clock.epochMs(),
    heldId: id,
  }, ({ held }) => ({ held }));
  return change.held;
}

/**
 * Decides about a held submission: it counts in the seasons in which it came, or is gone, or waits for a moderator.
 * Rejects with a {@linkcode Problem} if there is no room for it; that it is refused is in the result.
 */
export async function resolveHeld(
  { store, clock, replays }: ServerContext,
  board: Board,
  held: HeldSubmission,
  decision: VerifyDecision,
  reason: string,
): Promise<Resolved> {
  const data = decodeHeld(held);
  const { className } = data;
  const rankings = decision === "accept"
    ? [...board.rankingsAt(held.heldMs, className), board.hiddenRanking]
    : [];
  const result = await store.transact(
    {
      board: board.id,
      playerId: held.playerId,
      rankings,
      nowMs: clock.epochMs(),
      claims: [keyClaim(data.key)],
      heldId: held.id,
      maxEntries: board.maxEntries,
    },
    (state) =>
      // What somebody else has decided about meanwhile is another's.
      decideHeld(
        board,
        rankings,
        data,
        decision,
        reason,
        state.held?.state === held.state
          ? state
          : { ...state, held: undefined },
      ),
  );
  if (result.isFull) throw fullProblem(board);
  await replays?.freed(result.change.freed);
  return { rankings: rankings.slice(0, -1), className, result };
}
