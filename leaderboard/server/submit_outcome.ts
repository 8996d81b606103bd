// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { Score } from "../score.ts";
import type { Standing } from "../store/store.ts";
import type { LeaderboardProblemCode } from "./problem_code.ts";

/** A score that a server submits for a player. */
export interface ServerSubmission {
  /** The player. */
  readonly playerId: PlayerId;
  /**
   * The name to show: 1 to 64 bytes in UTF-8, without control characters.
   *
   * @default {playerId}
   */
  readonly name?: string;
  /** The score. */
  readonly score: Score;
  /**
   * What decides where scores are equal.
   *
   * @default {0}
   */
  readonly subscore?: Score;
  /** The class, if the board has some. */
  readonly class?: string;
  /** What the entry carries besides. */
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  /** The SHA-256, in hex, of a replay that was uploaded. */
  readonly replay?: string;
  /** The token of the run. */
  readonly run?: string;
  /**
   * What makes it count once, however often it is submitted within 30 days: 1 to 128 visible ASCII characters. Without
   * it, it counts each time.
   */
  readonly idempotencyKey?: string;
}

/** What became of a submission. */
export type SubmitResult = SubmitOutcome | {
  /** It does not count. */
  readonly status: "refused";
  /** Why. */
  readonly code: LeaderboardProblemCode;
  /** Why, for people. */
  readonly message: string;
  /** The field at fault, if it is one. */
  readonly field?: string;
};

/** A player's place in the running season of a period, after a submission. */
export interface PeriodStanding extends Standing {
  /** The period. */
  readonly period: string;
  /** When its season began, in epoch milliseconds; 0 if there is only one. */
  readonly season: number;
}

/** What became of a submission that was not refused. */
export type SubmitOutcome =
  | {
    /** It counts. */
    readonly status: "accepted";
    /** Whether the player's entry changed. */
    readonly applied: boolean;
    /** Whether it was submitted before, and has no effect this time. */
    readonly isDuplicate: boolean;
    /** The player's entry as it now is, in each period; hidden ones are left out. */
    readonly standings: readonly PeriodStanding[];
  }
  | {
    /** `"pending"`: it will be verified; `"quarantined"`: a moderator will decide. */
    readonly status: "pending" | "quarantined";
    /** Whether it was submitted before, and has no effect this time. */
    readonly isDuplicate: boolean;
  };
