// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LeaderboardCallId } from "./event.ts";
import type { LeaderboardFilter } from "./filter.ts";
import type { ScoreSubmission } from "./score_submission.ts";

/** A submission on its way. */
export interface PendingSubmission {
  readonly type: "submission";
  readonly id: LeaderboardCallId;
  /** With its board and key. */
  readonly submission: ScoreSubmission;
}

/** Several that go in one request. */
export interface PendingBatch {
  readonly type: "batch";
  readonly submissions: readonly PendingSubmission[];
}

/** What is asked for. */
export type PendingFetch =
  | {
    readonly type: "entries";
    readonly id: LeaderboardCallId;
    readonly filter: LeaderboardFilter;
    /** The most entries that the answer may have. */
    readonly limit: number;
  }
  | {
    readonly type: "rank";
    readonly id: LeaderboardCallId;
    readonly playerId: PlayerId;
  }
  | { readonly type: "boards"; readonly id: LeaderboardCallId }
  | {
    readonly type: "seasons";
    readonly id: LeaderboardCallId;
    readonly board: string;
  }
  | {
    readonly type: "run";
    readonly id: LeaderboardCallId;
    readonly board: string;
  };

/** What a request is for. */
export type Pending = PendingSubmission | PendingBatch | PendingFetch;

/** The ids of the calls that a request is for. */
export function callsOf(pending: Pending): readonly LeaderboardCallId[] {
  return pending.type === "batch"
    ? pending.submissions.map(({ id }) => id)
    : [pending.id];
}
