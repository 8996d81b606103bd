// This module is browser compatible.
import { applySubmission, checkSubmission } from "../board/apply_submission.ts";
import type { Board } from "../board/board.ts";
import type { SubmissionRefusal } from "../board/submission_refusal.ts";
import type {
  HeldSubmission,
  Ranking,
  StoredEntry,
  TransactionChange,
  TransactionState,
} from "../store/store.ts";
import { type Claimed, decodeClaim, encodeClaim } from "./_claim.ts";
import { encodeHeld, type HeldData } from "./_held_data.ts";
import type { Submission } from "./_submission.ts";
import { Problem } from "./problem.ts";
import type { Run } from "./run_token.ts";

/** How long keys are kept, in milliseconds. */
export const CLAIM_MS = 30 * 86_400_000;
/** How far the clocks of servers that share a store may be apart. */
const MAX_SKEW_MS = 60_000;

/** What `verify` has said, or that it is to be asked later. */
export type Judgement = "accept" | "reject" | "quarantine" | "later";

/** All that is known of a submission before its transaction. */
export interface SubmissionFacts {
  readonly board: Board;
  readonly submission: Submission;
  /** The metadata as it is stored, or why it is refused. */
  readonly metadata: string | SubmissionRefusal;
  /** The name to show. */
  readonly name: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly nowMs: number;
  /** Of the token, if there is one and it is authentic; its time may be over. */
  readonly run: Run | undefined;
  /** Whether the replay is there, if the submission names one. */
  readonly hasReplay: boolean;
  readonly judgement: Judgement;
  /** Why, if it is quarantined. */
  readonly reason: string;
  /** The id that it gets if it is held. */
  readonly heldId: string;
}

/** What became of a submission. */
export type Outcome =
  | {
    readonly type: "settled";
    readonly outcome: Claimed["outcome"];
    readonly isApplied: boolean;
    readonly isDuplicate: boolean;
  }
  | { readonly type: "refused"; readonly problem: Problem };

/** A change with what it means. */
export interface DecidedChange extends TransactionChange {
  readonly outcome: Outcome;
  /** Replays that an entry or what was held had before, and which none may have now. */
  readonly freed?: readonly string[];
}

/**
 * Decides about a submission: pure, as the store may ask it again. Its transaction reads the board's rankings at that
 * moment, and last the one of hidden players; it claims the key, and after it the run if there is one.
 */
export function decideSubmission(
  facts: SubmissionFacts,
  rankings: readonly Ranking[],
  state: TransactionState,
): DecidedChange {
  const { submission, nowMs, fingerprint, run } = facts;
  const [claimed, usedRun] = state.claimed;
  if (claimed !== undefined) return repeated(decodeClaim(claimed), fingerprint);
  if (usedRun !== undefined) {
    return refused("runUsed", "Cannot submit as the run was submitted", "run");
  }
  const problem = ruleProblem(facts, state);
  if (problem !== undefined) {
    return { outcome: { type: "refused", problem } };
  }
  const claim = (outcome: Claimed["outcome"], isApplied: boolean) => {
    const value = encodeClaim({ fingerprint, outcome, isApplied });
    const expiresMs = nowMs + CLAIM_MS;
    if (run === undefined) return [{ value, expiresMs }];
    // Where a run was begun by a clock that is ahead, it may live longer than that. It is forgotten when it is over by
    // the clocks of all servers.
    const runExpiresMs = Math.max(expiresMs, run.expiresMs + 2 * MAX_SKEW_MS);
    return [{ value, expiresMs }, { value: "", expiresMs: runExpiresMs }];
  };
  const attempts = state.attempts + 1;
  const { judgement } = facts;
  if (judgement !== "accept") {
    const outcome = judgement === "later" ? "pending" : "quarantined";
    return {
      hold: heldOf(facts, state.sequence),
      claims: claim(outcome, false),
      attempts,
      outcome: settled(outcome, false),
    };
  }
  const applied = applyTo(facts.board, rankings, state, {
    playerId: submission.playerId,
    name: facts.name,
    score: submission.score,
    subscore: submission.subscore,
    sequence: state.sequence,
    className: submission.className,
    metadata: facts.metadata as string,
    replay: submission.replay,
    submittedMs: nowMs,
    isHidden: false,
  }, false);
  if (applied instanceof Problem) {
    return { outcome: { type: "refused", problem: applied } };
  }
  return {
    entries: applied.entries,
    freed: applied.freed,
    claims: claim("accepted", applied.isApplied),
    attempts,
    outcome: settled("accepted", applied.isApplied),
  };
}

/** How long a run has taken: no less than nothing where a clock that is ahead has begun it. */
export function runMsOf({ issuedMs }: Run, nowMs: number): number {
  return Math.max(0, nowMs - issuedMs);
}

/** What is wrong with a submission whatever `verify` says, as far as that is known before its transaction. */
export function ruleProblem(
  facts: SubmissionFacts,
  { attempts }: Pick<TransactionState, "attempts">,
): Problem | undefined {
  const { board, submission, run, nowMs } = facts;
  const refusal = checkSubmission(board, submission);
  if (refusal !== undefined) return problemOfRefusal(refusal);
  if (typeof facts.metadata !== "string") {
    return problemOfRefusal(facts.metadata);
  }
  const runProblem = checkRun(board, submission, run, nowMs);
  if (runProblem !== undefined) return runProblem;
  if (submission.replay === "") {
    if (board.requiresReplay) {
      return problem(
        "replayRequired",
        "Cannot submit as the board needs a replay",
        "replay",
      );
    }
  } else if (!facts.hasReplay) {
    return problem(
      "replayNotFound",
      "Cannot submit as the replay is not there, or not all of it",
      "replay",
    );
  }
  if (board.attempts !== undefined && attempts >= board.attempts.limit) {
    return problem(
      "attemptsExhausted",
      `Cannot submit as there are ${board.attempts.limit} attempts in each season of "${board.attempts.period}"`,
    );
  }
  if (facts.judgement === "reject") {
    return problem("rejected", "Cannot submit as the score was not believed");
  }
  return undefined;
}

/** Decides about a held submission; `decision` is what a moderator or `verify` says. Pure, too. */
export function decideHeld(
  board: Board,
  rankings: readonly Ranking[],
  data: HeldData,
  decision: "accept" | "reject" | "quarantine",
  reason: string,
  state: TransactionState,
): DecidedChange {
  const { held } = state;
  if (held === undefined) {
    return refused("heldNotFound", "Cannot decide as it is not held any more");
  }
  const claims = (outcome: Claimed["outcome"], isApplied: boolean) => {
    const [claimed] = state.claimed;
    // Where it is forgotten, so is what became of it.
    if (claimed === undefined) return {};
    const { fingerprint } = decodeClaim(claimed);
    const value = encodeClaim({ fingerprint, outcome, isApplied });
    return { claims: [{ value, expiresMs: held.heldMs + CLAIM_MS }] };
  };
  if (decision === "reject") {
    return {
      releasesHeld: true,
      freed: [held.replay],
      ...claims("rejected", false),
      outcome: settled("rejected", false),
    };
  }
  if (decision === "quarantine") {
    return {
      hold: {
        ...held,
        state: "quarantined",
        data: encodeHeld({ ...data, reason }),
      },
      ...claims("quarantined", false),
      outcome: settled("quarantined", false),
    };
  }
  const applied = applyTo(board, rankings, state, {
    playerId: held.playerId,
    name: data.name,
    score: data.score,
    subscore: data.subscore,
    sequence: held.sequence,
    className: data.className,
    metadata: data.metadata,
    replay: held.replay,
    submittedMs: held.heldMs,
    isHidden: false,
  }, true);
  if (applied instanceof Problem) {
    return { outcome: { type: "refused", problem: applied } };
  }
  return {
    entries: applied.entries,
    freed: applied.isApplied ? applied.freed : [held.replay],
    releasesHeld: true,
    ...claims("accepted", applied.isApplied),
    outcome: settled("accepted", applied.isApplied),
  };
}

interface Applied {
  readonly entries: (StoredEntry | undefined)[];
  readonly isApplied: boolean;
  readonly freed: readonly string[];
}

/** What the transaction changes in the rankings; the last of its entries is the one of hidden players. */
function applyTo(
  board: Board,
  rankings: readonly Ranking[],
  state: TransactionState,
  submitted: StoredEntry,
  wasHeld: boolean,
): Applied | Problem {
  const isHidden = state.entries[rankings.length - 1] !== undefined;
  const entries: (StoredEntry | undefined)[] = [];
  const freed: string[] = [];
  let isApplied = false;
  for (let i = 0; i < rankings.length - 1; i++) {
    const submission = { ...submitted, isHidden, wasHeld };
    const applied = applySubmission(board, state.entries[i], submission);
    if (applied.type === "refused") return problemOfRefusal(applied.refusal);
    const isChanged = applied.type === "changed";
    isApplied ||= isChanged;
    entries.push(isChanged ? applied.entry : undefined);
    const before = state.entries[i]?.replay ?? "";
    if (isChanged && before !== applied.entry.replay) freed.push(before);
  }
  entries.push(undefined);
  return { entries, isApplied, freed };
}

function heldOf(facts: SubmissionFacts, sequence: number): HeldSubmission {
  const { board, submission, nowMs, run } = facts;
  return {
    id: facts.heldId,
    board: board.id,
    playerId: submission.playerId,
    sequence,
    heldMs: nowMs,
    state: facts.judgement === "later" ? "unverified" : "quarantined",
    replay: submission.replay,
    data: encodeHeld({
      name: facts.name,
      score: submission.score,
      subscore: submission.subscore,
      className: submission.className,
      metadata: facts.metadata as string,
      runMs: run && runMsOf(run, nowMs),
      key: facts.key,
      reason: facts.reason,
    }),
  };
}

function repeated(claimed: Claimed, fingerprint: string): DecidedChange {
  if (claimed.fingerprint !== fingerprint) {
    return refused(
      "idempotencyMismatch",
      "Cannot submit as the Idempotency-Key came with another submission before",
    );
  }
  const { outcome, isApplied } = claimed;
  return {
    outcome: { type: "settled", outcome, isApplied, isDuplicate: true },
  };
}

function checkRun(
  board: Board,
  submission: Submission,
  run: Run | undefined,
  nowMs: number,
): Problem | undefined {
  if (submission.run === "") {
    return board.requiresRun
      ? problem("runRequired", "Cannot submit as the board needs a run", "run")
      : undefined;
  }
  if (
    run === undefined || nowMs > run.expiresMs ||
    run.issuedMs > nowMs + MAX_SKEW_MS
  ) {
    return problem(
      "invalidRun",
      "Cannot submit as the run is none of this player on this board, or is over",
      "run",
    );
  }
  return runMsOf(run, nowMs) < board.minRunMs
    ? problem(
      "runTooShort",
      `Cannot submit as a run takes at least ${board.minRunMs} ms`,
      "run",
    )
    : undefined;
}

function problemOfRefusal(refusal: SubmissionRefusal): Problem {
  const { code, message, field } = refusal;
  return new Problem(code, message, { field });
}

function settled(outcome: Claimed["outcome"], isApplied: boolean): Outcome {
  return { type: "settled", outcome, isApplied, isDuplicate: false };
}

function refused(
  code: Problem["code"],
  message: string,
  field?: string,
): DecidedChange {
  return {
    outcome: { type: "refused", problem: problem(code, message, field) },
  };
}

function problem(
  code: Problem["code"],
  message: string,
  field?: string,
): Problem {
  return new Problem(code, message, field === undefined ? {} : { field });
}
