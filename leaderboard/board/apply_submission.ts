// This module is browser compatible.
import type { StoredEntry } from "../store/store.ts";
import { addScores, compareScores, type Score } from "../score.ts";
import type { Board } from "./board.ts";
import type { SubmissionRefusal } from "./submission_refusal.ts";

/** A submission whose form is checked: what would be the player's entry if there were no other. */
export interface ScoreSubmission extends StoredEntry {
  /** Whether it was held, so that others may have come between it and now. */
  readonly wasHeld: boolean;
}

/**
 * What a submission does to the player's entry in a ranking: this is there afterwards, or all stays as it is, or it may
 * not be.
 */
export type AppliedSubmission =
  | { readonly type: "changed"; readonly entry: StoredEntry }
  | { readonly type: "unchanged" }
  | { readonly type: "refused"; readonly refusal: SubmissionRefusal };

const UNCHANGED: AppliedSubmission = Object.freeze({ type: "unchanged" });

/**
 * Checks what of a submission can be checked without knowing what is there: its class, its score's bounds and sign.
 *
 * @returns Why it is refused, or `undefined`.
 */
export function checkSubmission(
  board: Board,
  submission: Pick<StoredEntry, "score" | "subscore" | "className">,
): SubmissionRefusal | undefined {
  const { score, subscore, className } = submission;
  if (className !== "" && !board.classes.has(className)) {
    return {
      code: "invalidClass",
      message:
        `Cannot submit as class must be one of the board's: current value is ${
          JSON.stringify(className.slice(0, 64))
        }`,
      field: "class",
    };
  }
  if (board.operator === "increment" || board.operator === "decrement") {
    if (score < 0) return outOfBounds("score", "not be negative", score);
    if (subscore < 0) {
      return outOfBounds("subscore", "not be negative", subscore);
    }
  }
  // What is taken away says nothing of what is left.
  if (board.operator === "decrement") return undefined;
  return checkBounds(board, "score", score);
}

/**
 * Applies a submission, of which {@linkcode checkSubmission} finds nothing wrong, to the player's entry in a ranking.
 *
 * A submission that was held counts as if it had been there since it came, as far as that can still be known: where it
 * is as good as what is there, and came before it, its place is the earlier one; it is not the latest where another came
 * after it.
 *
 * @param entry What is there, hidden or not.
 */
export function applySubmission(
  board: Board,
  entry: StoredEntry | undefined,
  submission: ScoreSubmission,
): AppliedSubmission {
  switch (board.operator) {
    case "best":
      return applyBest(board, entry, submission);
    case "latest":
      return entry !== undefined && isLate(entry, submission)
        ? UNCHANGED
        : changed(submission, submission, entry);
    case "sum":
    case "increment":
      return applySum(board, entry, submission, 1);
    case "decrement":
      return applySum(board, entry, submission, -1);
  }
}

function applyBest(
  board: Board,
  entry: StoredEntry | undefined,
  submission: ScoreSubmission,
): AppliedSubmission {
  if (entry === undefined) return changed(submission, submission, entry);
  const { order, subscoreOrder } = board;
  // One pair: the better subscore of a worse run is of no use to anybody.
  const difference =
    signOf(order) * compareScores(submission.score, entry.score) ||
    signOf(subscoreOrder) *
      compareScores(submission.subscore, entry.subscore) ||
    submission.sequence - entry.sequence;
  return difference < 0
    ? { type: "changed", entry: toEntry(submission, submission) }
    : UNCHANGED;
}

function applySum(
  board: Board,
  entry: StoredEntry | undefined,
  submission: ScoreSubmission,
  sign: 1 | -1,
): AppliedSubmission {
  const score = addScores(entry?.score ?? 0, signed(submission.score, sign));
  const subscore = addScores(
    entry?.subscore ?? 0,
    signed(submission.subscore, sign),
  );
  if (score === undefined || subscore === undefined) {
    const field = score === undefined ? "score" : "subscore";
    return {
      type: "refused",
      refusal: {
        code: "scoreOverflow",
        message:
          `Cannot submit as the entry's ${field} must stay within 64 bits: current value is ${
            entry?.[field] ?? 0
          } and the submission's ${submission[field]}`,
        field,
      },
    };
  }
  const refusal = checkBounds(board, "entry's score", score);
  if (refusal !== undefined) return { type: "refused", refusal };
  // The sum is reached by the last of what it is made of.
  const sequence = Math.max(entry?.sequence ?? 0, submission.sequence);
  const isOlder = entry !== undefined && isLate(entry, submission);
  const told = isOlder
    ? { ...entry, isHidden: submission.isHidden }
    : submission;
  return changed(told, { score, subscore, sequence }, entry);
}

/** What takes an entry's place. Who stays where he was keeps his place among equals. */
function changed(
  told: StoredEntry,
  position: Pick<StoredEntry, "score" | "subscore" | "sequence">,
  entry: StoredEntry | undefined,
): AppliedSubmission {
  const { score, subscore } = position;
  const isSame = entry?.score === score && entry.subscore === subscore;
  const sequence = isSame
    ? Math.min(entry.sequence, position.sequence)
    : position.sequence;
  return {
    type: "changed",
    entry: toEntry(told, { score, subscore, sequence }),
  };
}

function toEntry(
  told: StoredEntry,
  position: Pick<StoredEntry, "score" | "subscore" | "sequence">,
): StoredEntry {
  return {
    playerId: told.playerId,
    name: told.name,
    score: position.score,
    subscore: position.subscore,
    sequence: position.sequence,
    className: told.className,
    metadata: told.metadata,
    replay: told.replay,
    submittedMs: told.submittedMs,
    isHidden: told.isHidden,
  };
}

/** Whether a submission was held for so long that another, which is in the entry, came after it. */
function isLate(entry: StoredEntry, submission: ScoreSubmission): boolean {
  return submission.wasHeld &&
    (submission.sequence < entry.sequence ||
      submission.submittedMs < entry.submittedMs);
}

function checkBounds(
  board: Board,
  name: string,
  score: Score,
): SubmissionRefusal | undefined {
  if (score < board.minScore) {
    return outOfBounds(name, `be at least ${board.minScore}`, score);
  }
  if (score > board.maxScore) {
    return outOfBounds(name, `be at most ${board.maxScore}`, score);
  }
  return undefined;
}

function outOfBounds(
  name: string,
  wanted: string,
  current: Score,
): SubmissionRefusal {
  return {
    code: "scoreOutOfBounds",
    message:
      `Cannot submit as ${name} must ${wanted}: current value is ${current}`,
    field: name === "subscore" ? name : "score",
  };
}

function signed(score: Score, sign: 1 | -1): Score {
  return sign > 0 ? score : -score;
}

function signOf(order: "ascending" | "descending"): 1 | -1 {
  return order === "ascending" ? 1 : -1;
}
