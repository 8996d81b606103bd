// This module is browser compatible.
import type { Board } from "../board/board.ts";
import { checkMetadata } from "../board/metadata.ts";
import { isDisplayName } from "../board/name.ts";
import type { Score } from "../score.ts";
import type { Ranking, TransactionResult } from "../store/store.ts";
import { keyClaim, runClaim } from "./_claim.ts";
import {
  type DecidedChange,
  decideSubmission,
  type Judgement,
  ruleProblem,
  runMsOf,
  type SubmissionFacts,
} from "./_decide.ts";
import { heldIdOf } from "./_held_data.ts";
import type { ServerContext } from "./_server_context.ts";
import {
  fingerprintOf,
  parseSubmission,
  type Submission,
} from "./_submission.ts";
import { judge } from "./_verify.ts";
import { Problem } from "./problem.ts";
import type { PeriodStanding, SubmitOutcome } from "./submit_outcome.ts";

const KEY = /^[\x21-\x7e]{1,128}$/;

/**
 * Takes a submission of somebody who may submit it: everything is found out first, and then decided in one transaction
 * of the store, in which the key comes before all rules, so that what was taken once is never refused later.
 *
 * @param context The server.
 * @param board The board.
 * @param submission The submission.
 * @param key Its idempotency key.
 * @param displayName The name to show that the server knows, before the submission's.
 * @returns A promise of what became of it. It rejects with a {@linkcode Problem} if it is refused.
 */
export async function submit(
  context: ServerContext,
  board: Board,
  submission: Submission,
  key: string,
  displayName: string | undefined,
): Promise<SubmitOutcome> {
  const nowMs = context.clock.epochMs();
  const { playerId, run: token, replay: sha256 } = submission;
  const [run, replay] = await Promise.all([
    token === "" ? undefined : context.runs.verify(token, board.id, playerId),
    // In use, it stays until it is linked.
    sha256 === "" ? undefined : context.replays?.use(sha256),
  ]);
  const facts: SubmissionFacts = {
    board,
    submission,
    metadata: checkMetadata(board, submission.metadata),
    name: nameOf(submission, displayName),
    key,
    fingerprint: fingerprintOf(submission),
    nowMs,
    run,
    hasReplay: replay !== undefined,
    judgement: "accept",
    reason: "",
    heldId: "",
  };
  const judged = context.verify === undefined ? facts : {
    ...facts,
    ...await judgementOf(context, facts),
    heldId: heldIdOf(playerId, context.random),
  };
  // Who removes a board waits only as long as a request takes that has no such check in it.
  if (context.verify !== undefined) await context.boards.check(board);
  const rankings = board.rankingsAt(nowMs, submission.className);
  const result = await transact(context, judged, rankings);
  const { outcome } = result.change;
  if (outcome.type === "refused") throw outcome.problem;
  if (result.isFull) throw fullProblem(board);
  context.counters.countOutcome(outcome);
  // The submission counts, whatever becomes of this. A replay that no entry took stays in its owner's quota.
  const { hold, entries } = result.change;
  if (
    replay !== undefined &&
    (hold ?? entries?.find((entry) => entry?.replay === sha256)) !== undefined
  ) await context.replays?.linked(sha256);
  await context.replays?.freed(result.change.freed);
  if (result.change.hold?.state === "unverified") context.held.wake(board.id);
  return outcomeOf(rankings, submission.className, result);
}

/**
 * Takes a submission of the server's own code. Rejects with a {@linkcode Problem} if it is refused.
 *
 * @param key Its idempotency key; a fresh one if there is none.
 */
export async function submitInCode(
  context: ServerContext,
  board: Board,
  fields: Readonly<Record<string, unknown>> & {
    readonly score: Score;
    readonly subscore?: Score;
  },
  key: string = crypto.randomUUID(),
): Promise<SubmitOutcome> {
  checkKey(key);
  const { score, subscore = 0 } = fields;
  const submission = parseSubmission({
    ...fields,
    // A bigint is read like what JSON has for it.
    score: typeof score === "bigint" ? `${score}` : score,
    subscore: typeof subscore === "bigint" ? `${subscore}` : subscore,
  });
  return await submit(context, board, submission, key, undefined);
}

/** Tells what is no idempotency key from anybody, with a {@linkcode Problem}. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key === "string" && KEY.test(key)) return;
  throw new Problem(
    "invalidRequest",
    "Cannot submit as the Idempotency-Key must be 1 to 128 visible ASCII characters",
    { field: "idempotencyKey" },
  );
}

/** What an answer says of a transaction that was not refused. Throws a {@linkcode Problem} if it was rejected before. */
export function outcomeOf(
  rankings: readonly Ranking[],
  className: string,
  { change: { outcome }, standings }: TransactionResult<DecidedChange>,
): SubmitOutcome {
  if (outcome.type === "refused") throw outcome.problem;
  const { isApplied: applied, isDuplicate } = outcome;
  if (outcome.outcome === "rejected") {
    throw rejected();
  }
  if (outcome.outcome !== "accepted") {
    return { status: outcome.outcome, isDuplicate };
  }
  const told: PeriodStanding[] = [];
  rankings.forEach((ranking, i) => {
    const standing = standings[i];
    if (ranking.className !== className) return;
    if (standing === undefined || standing.entry.isHidden) return;
    const { period, season } = ranking;
    told.push({ ...standing, period, season });
  });
  return { status: "accepted", applied, isDuplicate, standings: told };
}

/** The problem that `verify` or a moderator has rejected a submission. */
export function rejected(): Problem {
  return new Problem("rejected", "Cannot submit as the score was not believed");
}

/** The problem that a season has no room for another player. */
export function fullProblem(board: Board): Problem {
  return new Problem(
    "boardFull",
    `Cannot submit as a season has at most ${board.maxEntries} entries`,
  );
}

async function judgementOf(
  context: ServerContext,
  facts: SubmissionFacts,
): Promise<{ judgement: Judgement; reason: string }> {
  const accepted = { judgement: "accept", reason: "" } as const;
  // What the rules refuse is not worth a check that may be slow. They are asked again, behind the key.
  if (ruleProblem(facts, { attempts: 0 }) !== undefined) return accepted;
  if (context.verifiesLater) {
    context.held.checkRoom();
    return { judgement: "later", reason: "" };
  }
  const { board, submission, name, nowMs, run } = facts;
  const verdict = await judge(context, {
    board: board.id,
    playerId: submission.playerId,
    name,
    score: submission.score,
    subscore: submission.subscore,
    className: submission.className,
    metadata: facts.metadata as string,
    submittedMs: nowMs,
    runMs: run && runMsOf(run, nowMs),
    replay: submission.replay,
  });
  if (verdict !== undefined) {
    return { judgement: verdict.decision, reason: verdict.reason };
  }
  context.held.checkRoom();
  return { judgement: "later", reason: "" };
}

function transact(
  { store }: ServerContext,
  facts: SubmissionFacts,
  running: readonly Ranking[],
): Promise<TransactionResult<DecidedChange>> {
  const { board, submission, key, nowMs, run } = facts;
  const rankings = [...running, board.hiddenRanking];
  const { attempts } = board;
  return store.transact({
    board: board.id,
    playerId: submission.playerId,
    rankings,
    nowMs,
    claims: run === undefined
      ? [keyClaim(key)]
      : [keyClaim(key), runClaim(run.id)],
    ...(attempts === undefined ? {} : {
      attempts: {
        period: attempts.period,
        season: board.periods.get(attempts.period)!.seasonAt(nowMs).startMs,
      },
    }),
    maxEntries: board.maxEntries,
  }, (state) => decideSubmission(facts, rankings, state));
}

function nameOf(
  { playerId, name }: Submission,
  displayName: string | undefined,
): string {
  // A display name that is none, of an identity that somebody else made, is better left out than refused.
  return isDisplayName(displayName) ? displayName : name ?? playerId;
}
