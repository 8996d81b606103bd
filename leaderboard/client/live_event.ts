// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type {
  LeaderboardEventBase,
  LeaderboardFailure,
  LeaderboardFailureReason,
} from "./event.ts";
import type { ScoreEntry } from "./score_entry.ts";

/**
 * Why everything on a watched board may be different.
 *
 * - `"opened"`: it is being watched from now on.
 * - `"season"`: a new season has begun.
 * - `"missed"`: changes were missed, by a cut, a restart of the server, or because there were too many.
 * - `"cleared"`: the board was emptied.
 * - `"malformed"`: the server said something that could not be understood.
 */
export type BoardResetReason =
  | "opened"
  | "season"
  | "missed"
  | "cleared"
  | "malformed";

/** What every `boardChanged` event has. */
export interface BoardChangedBase extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "boardChanged";
  /** The board. */
  readonly board: string;
  /** The period that was asked for; `undefined` for the board's own default. */
  readonly period: string | undefined;
  /** The class, or `undefined` for all of them. */
  readonly class: string | undefined;
}

/**
 * Entries of a watched board have changed. Others have other ranks by that: sort what is shown by score, subscore and
 * time, or fetch the page again.
 */
export interface BoardEntriesChanged extends BoardChangedBase {
  /** Tells it from a reset. */
  readonly isReset: false;
  /** When the running season began, in epoch milliseconds; 0 for a period that has only one. */
  readonly season: number;
  /** How many entries the ranking has. */
  readonly total: number;
  /** The entries that changed, as they are now, each with its rank at the moment of its change. */
  readonly entries: readonly ScoreEntry[];
  /** Whose entries are gone. */
  readonly removed: readonly PlayerId[];
}

/**
 * Everything on a watched board may be different: fetch what is shown anew. What changes after that is told; what was told
 * between the call of `fetch` and its answer may be newer than the answer, so apply it to that again.
 */
export interface BoardReset extends BoardChangedBase {
  /** Tells it from a change of entries. */
  readonly isReset: true;
  /** Why. */
  readonly reason: BoardResetReason;
}

/** A watched board has changed. Where nobody drains, changes become one reset with the reason `"missed"`. */
export type BoardChanged = BoardEntriesChanged | BoardReset;

/** Changes of a watched board arrive from now on, or do so no longer. */
export interface LiveStateChanged extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "liveState";
  /** Whether changes arrive. While they do not, a connection is tried again and again. */
  readonly state: "connected" | "lost";
  /** Why they do not; `"ended"` if the server ended the stream. `undefined` when connected. */
  readonly reason: LeaderboardFailureReason | "ended" | undefined;
  /** Milliseconds until the next attempt; 0 when connected. */
  readonly retryInMs: number;
}

/** A board can be watched no longer: the server said no. Terminal. */
export interface WatchFailed extends LeaderboardFailure {
  /** The discriminant. */
  readonly type: "watchFailed";
  /** The board. */
  readonly board: string;
}
