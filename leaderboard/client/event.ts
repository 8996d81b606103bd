// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { Score } from "../score.ts";
import type { LeaderboardFilter } from "./filter.ts";
import type {
  BoardChanged,
  LiveStateChanged,
  WatchFailed,
} from "./live_event.ts";
import type {
  ReplayDownloaded,
  ReplayFailed,
  ReplayProgress,
  ReplaysFetched,
  ReplayUploaded,
} from "./replay_event.ts";
import type {
  BoardInfo,
  ScoreEntry,
  ScoreStanding,
  SeasonInfo,
} from "./score_entry.ts";
import type { ScoreSubmission } from "./score_submission.ts";

/** Names a call in the events of the client that made it: an integer, 1 for the first, never reused. */
export type LeaderboardCallId = number & {
  readonly "~brand": "LeaderboardCallId";
};

/**
 * Why a call failed. New members may be added in a minor version.
 *
 * - `"refused"`: the server said no, as `code` says; the same call would be refused again.
 * - `"serverFailed"`: it answered that it cannot now (a status of 500 or above), also when asked again.
 * - `"unreachable"`: no answer came, or it broke off.
 * - `"timeout"`: none came in time.
 * - `"malformedResponse"`: what came is no answer of a leaderboard server; a proxy's page, say.
 * - `"tokenUnavailable"`: `playerToken` gave none.
 * - `"journalFailed"`: the journal did not take the submission; it was not sent.
 * - `"expired"`: the submission waited in the journal for so long that the server may have forgotten whether it has come
 *   already; it was not sent (again).
 * - `"invalidRequest"`: it cannot be sent.
 * - `"queueFull"`: too many requests are under way; it was not sent.
 */
export type LeaderboardFailureReason =
  | "refused"
  | "serverFailed"
  | "unreachable"
  | "timeout"
  | "malformedResponse"
  | "tokenUnavailable"
  | "journalFailed"
  | "expired"
  | "invalidRequest"
  | "queueFull";

/** What every event of a call has. */
export interface LeaderboardEventBase {
  /** The call. */
  readonly id: LeaderboardCallId;
}

/** What every failure has. */
export interface LeaderboardFailure extends LeaderboardEventBase {
  /** Why, for programs. */
  readonly reason: LeaderboardFailureReason;
  /** Why, as the server names it (`"scoreOutOfBounds"`); the same as `reason` where it named nothing. */
  readonly code: string;
  /** Why, for people. It may be the server's text. */
  readonly message: string;
  /** The field of the request that is at fault, if the server named one. */
  readonly field: string | undefined;
  /** The status of the last answer, if there was one. */
  readonly status: number | undefined;
  /** Milliseconds after which the server said it may be asked again, if it did. */
  readonly retryAfterMs: number | undefined;
  /** What the runtime threw, if it did. */
  readonly cause: unknown;
}

/** What every event of a submission has. */
export interface SubmissionEventBase extends LeaderboardEventBase {
  /**
   * The submission, with its board and its idempotency key. To submit this object again is safe: the server counts it
   * once, within the 30 days for which it keeps keys.
   */
  readonly submission: ScoreSubmission;
  /** The board. */
  readonly board: string;
}

/** A submission is in the journal: it will be sent, also after a restart. */
export interface ScoreStored extends SubmissionEventBase {
  /** The discriminant. */
  readonly type: "scoreStored";
  /** Whether it was found in the journal, of an earlier run. Its id is a new one. */
  readonly isRestored: boolean;
}

/** The server has taken the score. Terminal. */
export interface ScoreSubmitted extends SubmissionEventBase {
  /** The discriminant. */
  readonly type: "scoreSubmitted";
  /**
   * The player's rank, 1 for the best: in the period `allTime`, or in the board's first one if there is no such.
   * `undefined` for a player who is hidden.
   */
  readonly rank: number | undefined;
  /** The score of the player's entry there as it is now: with the operator best a better one may have been before. */
  readonly score: Score;
  /** The player's place in each period. */
  readonly standings: readonly ScoreStanding[];
  /** Whether the player's entry changed. */
  readonly applied: boolean;
  /** Whether the server had it already, and it had no second effect. */
  readonly isDuplicate: boolean;
}

/** The server has the submission, and will decide later. Terminal. */
export interface ScorePending extends SubmissionEventBase {
  /** The discriminant. */
  readonly type: "scorePending";
  /** Whether it will be verified, or a moderator will decide. */
  readonly status: "pending" | "quarantined";
  /** Whether the server had it already, and it had no second effect. */
  readonly isDuplicate: boolean;
}

/**
 * The submission does not count, or, with the reasons `serverFailed`, `unreachable`, `timeout` and `malformedResponse`,
 * is not known to. Terminal.
 */
export interface ScoreRejected extends SubmissionEventBase, LeaderboardFailure {
  /** The discriminant. */
  readonly type: "scoreRejected";
}

/** Which ranking an answer is of. */
export interface RankingName {
  /** The board. */
  readonly board: string;
  /** The period. */
  readonly period: string;
  /** When the season began, in epoch milliseconds; 0 for a period that has only one. */
  readonly season: number;
  /** The class, or `undefined` for all of them. */
  readonly class: string | undefined;
}

/** A page of entries. Terminal. */
export interface FetchSuccess extends LeaderboardEventBase, RankingName {
  /** The discriminant. */
  readonly type: "fetchSuccess";
  /** What was asked for. */
  readonly filter: LeaderboardFilter;
  /** The entries, best first. */
  readonly entries: readonly ScoreEntry[];
  /** How many entries the ranking has, those between `minScore` and `maxScore` where one is set. */
  readonly total: number;
  /** The number of the page, 1 for the first. */
  readonly page: number;
  /** How many of `total` are before the first of these entries. */
  readonly offset: number;
  /** What `fetchNext` needs; `undefined` at the end. */
  readonly nextCursor: string | undefined;
}

/** Entries, boards, seasons or a rank could not be fetched. Terminal. */
export interface FetchFailed extends LeaderboardFailure {
  /** The discriminant. */
  readonly type: "fetchFailed";
}

/** A player's place. Terminal. */
export interface PlayerRank extends LeaderboardEventBase, RankingName {
  /** The discriminant. */
  readonly type: "playerRank";
  /** The player. */
  readonly playerId: PlayerId;
  /** The rank: 1 for the best. */
  readonly rank: number;
  /** The entry. */
  readonly entry: ScoreEntry;
  /** How many entries the ranking has. */
  readonly total: number;
  /** The share of the others that are ranked below, in percent: 100 for the first or the only one, 0 for the last. */
  readonly percentile: number;
}

/** The player has no entry there. Terminal. */
export interface RankNotFound extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "rankNotFound";
  /** The player. */
  readonly playerId: PlayerId;
}

/** The boards of the title. Terminal. */
export interface BoardsFetched extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "boardsFetched";
  /** The boards. */
  readonly boards: readonly BoardInfo[];
}

/** The seasons of a period that can be read. Terminal. */
export interface SeasonsFetched extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "seasonsFetched";
  /** The board. */
  readonly board: string;
  /** The period. */
  readonly period: string;
  /** The seasons, newest first, the running one included. */
  readonly seasons: readonly SeasonInfo[];
}

/** A run has begun: its token belongs into the submission of its score. Terminal. */
export interface RunStarted extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "runStarted";
  /** The board. */
  readonly board: string;
  /** The token, for `ScoreSubmission.withRun`. */
  readonly run: string;
  /** Until when the score has to be submitted: RFC 3339 in UTC. */
  readonly expiresAt: string;
}

/** A run could not begin. Terminal. */
export interface RunFailed extends LeaderboardFailure {
  /** The discriminant. */
  readonly type: "runFailed";
  /** The board. */
  readonly board: string;
}

/** The game cancelled the call, or the client was closed; a stored submission of a closed client is kept. Terminal. */
export interface CallCancelled extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "cancelled";
}

/** `maxPending` calls are under way or have undrained events: this one was not begun. Terminal. */
export interface CallRefused extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "refused";
  /** Why, for programs. */
  readonly reason: "queueFull";
  /** The bound. */
  readonly maxPending: number;
  /** Why, for people. */
  readonly message: string;
}

/** The events that end a call: exactly one of them for each. */
export type LeaderboardTerminalEvent =
  | ScoreSubmitted
  | ScorePending
  | ScoreRejected
  | FetchSuccess
  | FetchFailed
  | PlayerRank
  | RankNotFound
  | BoardsFetched
  | SeasonsFetched
  | RunStarted
  | RunFailed
  | WatchFailed
  | ReplayUploaded
  | ReplayDownloaded
  | ReplayFailed
  | ReplaysFetched
  | CallCancelled
  | CallRefused;

/** What a {@linkcode LeaderboardClient} reports: one terminal event for each call, the others on the way. */
export type LeaderboardEvent =
  | LeaderboardTerminalEvent
  | ScoreStored
  | BoardChanged
  | LiveStateChanged
  | ReplayProgress;
